//! What a leg can be played.

use std::fmt;

use callroute_schema::mask_within;
use serde::{Deserialize, Serialize};

/// What a leg hears.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Sound {
    /// A prompt by its name, once.
    Prompt(String),
    /// A text, spoken once.
    Speech {
        /// What is said.
        text: String,
        /// BCP 47 tag; English without.
        language: Option<String>,
        /// The voice's name.
        voice: Option<String>,
    },
    /// The prompt of this name if there is one, else a text that stands for it.
    PromptOr {
        /// The prompt's name.
        prompt: String,
        /// What is said when there is no such prompt.
        text: String,
    },
    /// The tone that says "leave a message now", once.
    Beep,
    /// Ringback, until stopped (for a caller that is answered already).
    Ringback,
    /// Music on hold, until stopped.
    Music,
    /// A prompt by its name, again and again until stopped.
    Loop(String),
    /// A WAV file from an `http` or `https` URL, once.
    Url(String),
}

/// In words, for logs: numbers in what is said are masked, and a URL's query is left out.
///
/// ```
/// use callroute_media::Sound;
/// let text = "Call +14155550123 back".to_owned();
/// let sound = Sound::Speech { text, language: None, voice: None };
/// assert_eq!(sound.to_string(), "text \"Call +1415•••0123 back\"");
/// ```
impl fmt::Display for Sound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prompt(name) => write!(f, "prompt {name}"),
            Self::Speech { text, .. } => write!(f, "text {:?}", mask_within(text)),
            Self::PromptOr { prompt, .. } => write!(f, "greeting {prompt}"),
            Self::Beep => f.write_str("beep"),
            Self::Ringback => f.write_str("ringback"),
            Self::Music => f.write_str("music"),
            Self::Loop(name) => write!(f, "prompt {name}, again and again"),
            Self::Url(url) => {
                let shown = url.split('?').next().unwrap_or_default();
                write!(f, "the sound at {shown}")
            }
        }
    }
}

/// As in words.
impl fmt::Debug for Sound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sound({self})")
    }
}
