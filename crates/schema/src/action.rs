//! What to do with a call: the actions of the contract.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::answer::Actions;
use crate::destination::Destination;
use crate::disposition::Disposition;
use crate::menu::Menu;
use crate::name::{TargetName, WebhookName};
use crate::tagged::tagged;

/// What to do with a call.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Action {
    /// Connect the caller to somebody.
    Forward(Box<Forward>),
    /// Take a message.
    Voicemail(Voicemail),
    /// Speak a text.
    Say(Say),
    /// Play a prompt.
    Play(Play),
    /// Let the caller choose by keys.
    Menu(Box<Menu>),
    /// Ask a server what to do next.
    Webhook(Webhook),
    /// Refuse the call.
    Reject(Reject),
    /// End the call.
    Hangup(Hangup),
    /// Do what the routing file's target of this name says; a plain string on the wire.
    Target(TargetName),
}

tagged! {
    enum Action, kind ActionKind, tag "action",
    expecting "an action, as in {\"action\":\"voicemail\",\"message\":\"general\"}, or a target's name",
    text Target(TargetName),
    {
        /// Connect the caller to somebody.
        Forward(Box<Forward>) = "forward",
        /// Take a message.
        Voicemail(Voicemail) = "voicemail",
        /// Speak a text.
        Say(Say) = "say",
        /// Play a prompt.
        Play(Play) = "play",
        /// Let the caller choose by keys.
        Menu(Box<Menu>) = "menu",
        /// Ask a server what to do next.
        Webhook(Webhook) = "webhook",
        /// Refuse the call.
        Reject(Reject) = "reject",
        /// End the call.
        Hangup(Hangup) = "hangup",
    }
}

/// Connect the caller to a destination.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forward {
    /// Whom to ring.
    pub destination: Destination,
    /// How long to ring before giving up, in seconds (1 to 600); default 30. A ring group has a
    /// `ring_s` of its own, which outranks this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ring_s: Option<u32>,
    /// What to do when it ends otherwise than answered; `failed` covers what is not named.
    /// Without a branch, the next action of the list is done, and after the last the default.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub on: BTreeMap<Disposition, Actions>,
}

/// Take a message: greet, beep, record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Voicemail {
    /// The box, which is also the name of its greeting: a prompt, else spoken.
    pub message: String,
}

/// Speak a text, by text to speech.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
}

/// Play a prompt by its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Play {
    /// The prompt's name.
    pub prompt: String,
}

/// Ask a server what to do next. One of `name` and `url` is given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// A webhook of the routing file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<WebhookName>,
    /// A URL of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// How long the whole ask may take, in milliseconds (50 to 10,000); outranks the webhook's
    /// own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_ms: Option<u64>,
    /// `failed`: what to do when no usable answer comes; outranks the webhook's own fallback.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub on: BTreeMap<Disposition, Actions>,
}

/// Refuse the call with a cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reject {
    /// Why; the caller's phone shows it.
    #[serde(default)]
    pub cause: RejectCause,
}

/// Why a call is refused; each is a SIP status (RFC 3398, section 7.2.4.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RejectCause {
    /// 403 Forbidden, Q.850 21.
    #[default]
    CallRejected,
    /// 486 Busy Here, Q.850 17.
    UserBusy,
    /// 480 Temporarily Unavailable, Q.850 18.
    NoAnswer,
    /// 404 Not Found, Q.850 1.
    UnallocatedNumber,
    /// 484 Address Incomplete, Q.850 28.
    InvalidNumber,
    /// 503 Service Unavailable, Q.850 34.
    Congestion,
    /// 603 Decline, Q.850 21.
    Declined,
}

impl RejectCause {
    /// The SIP status and the Q.850 cause.
    #[must_use]
    pub fn codes(self) -> (u16, u8) {
        match self {
            Self::CallRejected => (403, 21),
            Self::UserBusy => (486, 17),
            Self::NoAnswer => (480, 18),
            Self::UnallocatedNumber => (404, 1),
            Self::InvalidNumber => (484, 28),
            Self::Congestion => (503, 34),
            Self::Declined => (603, 21),
        }
    }
}

/// End the call: BYE once it is answered, 603 Decline before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hangup {}
