//! What a session wants done.

use std::fmt;

use callroute_media::Command;
use callroute_schema::{Event, WebhookName};
use serde::{Deserialize, Serialize};

use crate::note::Note;

/// Names one ask of a webhook within a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AskId(pub u32);

/// Which server is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AskTarget {
    /// A webhook of the routing file.
    Named(WebhookName),
    /// A URL of the action's own.
    Url(String),
}

impl fmt::Display for AskTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) => name.fmt(f),
            Self::Url(url) => url.fmt(f),
        }
    }
}

/// What a session wants done.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Effect {
    /// A deed on a leg.
    Media(Command),
    /// Ask a server; `Answered` or `AskFailed` is expected.
    Ask {
        /// Names this ask.
        ask: AskId,
        /// Which server.
        target: AskTarget,
        /// What it is told.
        event: Box<Event>,
        /// How long the whole ask may take, in milliseconds.
        deadline_ms: u64,
    },
    /// An ask's answer is not wanted any more.
    CancelAsk {
        /// Which ask.
        ask: AskId,
    },
    /// Something happened that others may want to know.
    Emit(Box<Event>),
    /// One line of the call's trace.
    Note(Note),
    /// The call is over; no input is needed any more.
    Done,
}
