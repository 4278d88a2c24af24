//! How phones, servers and the caller behave.

use std::collections::BTreeMap;
use std::time::Duration;

use callroute_schema::{Actions, Cause, Digit};
use callroute_session::AskFailure;

/// How everybody in a call behaves. Whoever is not named cannot be reached.
#[derive(Debug, Clone, Default)]
pub struct Script {
    /// Phones, by the number or URI that is dialed.
    pub phones: BTreeMap<String, Phone>,
    /// Servers, by the webhook's name or URL.
    pub servers: BTreeMap<String, Server>,
    /// What the caller presses, and when after the call's start.
    pub digits: Vec<(Duration, Digit)>,
    /// When the caller hangs up after the call's start; otherwise the caller waits.
    pub hangs_up: Option<Duration>,
}

/// How a phone behaves when it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Phone {
    /// When it rings, if it does.
    pub rings: Option<Duration>,
    /// What happens then.
    pub end: PhoneEnd,
}

/// What becomes of a call to a phone; times count from the dialing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PhoneEnd {
    /// Somebody answers, talks, and hangs up.
    Answers {
        /// When it is answered.
        after: Duration,
        /// How long the conversation lasts.
        talks: Duration,
    },
    /// It fails.
    Fails {
        /// When.
        after: Duration,
        /// Why.
        cause: Cause,
    },
    /// Nothing happens.
    Silent,
}

impl Phone {
    /// Rings at once, is answered after this long, and talks for a minute.
    #[must_use]
    pub fn answers(after: Duration) -> Self {
        Self {
            rings: Some(Duration::ZERO),
            end: PhoneEnd::Answers {
                after,
                talks: Duration::from_secs(60),
            },
        }
    }

    /// Rings, and nobody answers.
    #[must_use]
    pub fn rings() -> Self {
        Self {
            rings: Some(Duration::ZERO),
            end: PhoneEnd::Silent,
        }
    }

    /// Fails at once with a SIP status.
    #[must_use]
    pub fn fails(status: u16) -> Self {
        Self {
            rings: None,
            end: PhoneEnd::Fails {
                after: Duration::ZERO,
                cause: Cause::from_sip(status),
            },
        }
    }
}

/// How a server behaves when it is asked.
#[derive(Debug, Clone, PartialEq)]
pub enum Server {
    /// It answers.
    Answers {
        /// When after the ask.
        after: Duration,
        /// What.
        actions: Actions,
    },
    /// It fails.
    Fails {
        /// When after the ask.
        after: Duration,
        /// How.
        failure: AskFailure,
    },
    /// It never answers, nor does the client give up.
    Silent,
}
