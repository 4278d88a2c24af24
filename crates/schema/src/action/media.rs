//! What the caller hears and says.

use serde::{Deserialize, Serialize};

use super::On;
use crate::answer::Actions;
use crate::digit::Digit;
use crate::map::unique;
use crate::menu::{MenuBranches, Prompt};
use crate::name::WebhookName;

/// Take a message: greet, beep, record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Voicemail {
    /// The box, which is also the name of its greeting: a prompt, else spoken.
    pub message: String,
    /// Longest message, in seconds (1 to 3,600); default 180.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_s: Option<u32>,
    /// Shortest message, in seconds (0 to 60); what is shorter is thrown away; default 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_s: Option<u32>,
    /// After so much silence the message is over, in seconds (1 to 60); default 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silence_s: Option<u32>,
    /// Keep the silence at both ends of the message, which is cut off otherwise.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub keep_silence: bool,
    /// After `#` the caller may keep the message (1), record it again (2) or throw it away (3).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub review: bool,
    /// What `0` does during greeting and message: instead of a message, this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<Actions>,
    /// The webhook that is told of the message, with its recording.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<WebhookName>,
    /// Mail addresses that get the message, with its sound attached; at most 16.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mail: Vec<String>,
    /// `failed`: what to do when the message could not be kept.
    #[serde(
        default,
        deserialize_with = "unique",
        skip_serializing_if = "On::is_empty"
    )]
    pub on: On,
}

impl Voicemail {
    /// A message for this box.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            max_s: None,
            min_s: None,
            silence_s: None,
            keep_silence: false,
            review: false,
            operator: None,
            webhook: None,
            mail: Vec::new(),
            on: On::new(),
        }
    }
}

/// Speak a text, by text to speech.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Say {
    /// What to say: any UTF-8, at most 1,000 characters.
    pub text: String,
    /// The language as a BCP 47 tag; English without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The voice, by the name that the text-to-speech program gives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voice: Option<String>,
    /// `failed`: what to do when it could not be spoken.
    #[serde(
        default,
        deserialize_with = "unique",
        skip_serializing_if = "On::is_empty"
    )]
    pub on: On,
}

/// Play a prompt by its name, or a file by its URL. One of the two is given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Play {
    /// The prompt's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// Where the sound is, as an `http` or `https` URL of a WAV file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// `failed`: what to do when it could not be played.
    #[serde(
        default,
        deserialize_with = "unique",
        skip_serializing_if = "On::is_empty"
    )]
    pub on: On,
}

impl Play {
    /// A prompt by its name.
    #[must_use]
    pub fn prompt(name: impl Into<String>) -> Self {
        Self {
            prompt: Some(name.into()),
            ..Self::default()
        }
    }
}

/// Let the caller enter digits, such as an account number; webhooks and rules find them as an
/// attribute.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Collect {
    /// What the caller hears; a key cuts it short.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<Prompt>,
    /// The attribute that takes the digits; default `digits`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub into: Option<String>,
    /// Fewest digits (1 to 64); default 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_digits: Option<u32>,
    /// Most digits (1 to 64), after which no more is waited for; default 64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_digits: Option<u32>,
    /// The key that ends the entry; default `#`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terminator: Option<Digit>,
    /// How long to wait for the first key, in seconds (1 to 60); default 5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_s: Option<u32>,
    /// How long to wait for each further key, in seconds (1 to 60); default 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digit_timeout_s: Option<u32>,
    /// What silence (`timeout`) and too few digits (`invalid`) do.
    #[serde(default, skip_serializing_if = "MenuBranches::is_empty")]
    pub on: MenuBranches,
}

/// Record the call from here on, or stop recording it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// What the recording's name begins with; the call's id follows, and a number where the call was
    /// recorded before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What both sides hear before, where the law asks for consent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<Prompt>,
    /// Stop recording instead.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stop: bool,
    /// `failed`: what to do when it could not be recorded.
    #[serde(
        default,
        deserialize_with = "unique",
        skip_serializing_if = "On::is_empty"
    )]
    pub on: On,
}
