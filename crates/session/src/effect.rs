//! What a session wants done.

use std::fmt;

use callroute_media::Command;
use callroute_rules::Engine;
use callroute_schema::{CallId, CallRecord, Caller, Event, Timestamp, Webhook, WebhookName};
use serde::{Deserialize, Serialize};

use crate::note::Note;
use crate::shared::HubRequest;

/// Names one ask of a webhook within a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AskId(pub u32);

/// Deadline of a webhook that has none of its own.
pub(crate) const DEFAULT_DEADLINE_MS: u64 = 1_500;

/// Which server is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AskTarget {
    /// A webhook of the routing file.
    Named(WebhookName),
    /// A URL of the action's own.
    Url(String),
}

impl AskTarget {
    /// Whom an action asks, and within how many milliseconds: what the action says, else what its
    /// webhook in the table says, else 1,500. `None`: it has neither name nor URL.
    #[must_use]
    pub fn of(webhook: &Webhook, engine: &Engine) -> Option<(Self, u64)> {
        let (target, own) = match (&webhook.name, &webhook.url) {
            (Some(name), _) => {
                let spec = engine.webhook(name.as_str());
                (Self::Named(name.clone()), spec.map(|spec| spec.deadline_ms))
            }
            (None, Some(url)) => (Self::Url(url.clone()), None),
            (None, None) => return None,
        };
        let deadline_ms = webhook.deadline_ms.or(own);
        Some((target, deadline_ms.unwrap_or(DEFAULT_DEADLINE_MS)))
    }

    /// What others are told: the name, or `url`, since a URL may hold what is not for them.
    pub(crate) fn told(&self) -> &str {
        match self {
            Self::Named(name) => name.as_str(),
            Self::Url(_) => "url",
        }
    }
}

/// For traces: a URL without what is likeliest to be secret, its query and a user's name and
/// password.
impl fmt::Display for AskTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) => name.fmt(f),
            Self::Url(url) => {
                let plain = url.split(['?', '#']).next().unwrap_or_default();
                let (scheme, rest) = plain.split_once("://").unwrap_or(("", plain));
                let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
                let host = authority.rsplit('@').next().unwrap_or_default();
                write!(f, "{scheme}://{host}/{path}")
            }
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
    /// A question to what calls share, or news for it; see [`Hub`](crate::shared::Hub).
    #[serde(rename = "share")]
    HubRequest(HubRequest),
    /// A message was taken: it is to be kept, and perhaps sent.
    Message(Box<Message>),
    /// The call is over, and this is its record. Just before `Done`.
    Record(Box<CallRecord>),
    /// Something happened that others may want to know.
    Emit(Box<Event>),
    /// One line of the call's trace.
    Note(Note),
    /// The call is over; no input is needed any more.
    Done,
}

/// Who left it is masked; names, which tell of people, are left out.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("mailbox", &self.mailbox)
            .field("call_id", &self.call_id)
            .field("from", &self.from)
            .field("received", &self.received)
            .field("url", &self.url)
            .field("duration_ms", &self.duration_ms)
            .finish_non_exhaustive()
    }
}

/// A message that a caller left, with its facts.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Message {
    /// The box.
    pub mailbox: String,
    /// The call.
    pub call_id: CallId,
    /// Who left it.
    pub from: Caller,
    /// The caller's display name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_name: Option<String>,
    /// What was dialed.
    pub to: String,
    /// When it was left.
    pub received: Timestamp,
    /// Why the call came to the box, in words.
    pub reason: String,
    /// Where the sound is.
    pub url: String,
    /// How long it is, in milliseconds.
    pub duration_ms: u64,
    /// The webhook to tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook: Option<WebhookName>,
    /// The mail addresses to send it to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mail: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::AskTarget;

    #[test]
    fn a_url_is_shown_without_its_secrets() {
        for (url, shown) in [
            ("https://a.example/x?token=t", "https://a.example/x"),
            ("https://me:word@a.example:81?t", "https://a.example:81/"),
            ("http://a.example/@me/x#t", "http://a.example/@me/x"),
            ("me:word@a.example/x?t", "://a.example/x"),
        ] {
            assert_eq!(AskTarget::Url(url.to_owned()).to_string(), shown);
        }
    }
}
