//! How an attempt to reach somebody ended.

use serde::{Deserialize, Serialize};

/// How an attempt to reach somebody ended; also the keys of an action's `on`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Disposition {
    /// Somebody answered.
    Answered,
    /// The line was busy.
    Busy,
    /// It rang and nobody answered in time.
    NoAnswer,
    /// The called party refused the call.
    Declined,
    /// The destination could not be reached at all.
    Unreachable,
    /// No such number or user.
    InvalidNumber,
    /// The network, or the far server, had no room for the call.
    Congestion,
    /// The caller, or the router, gave the attempt up.
    Canceled,
    /// Another member of the group answered first (RFC 3326, cause 200).
    AnsweredElsewhere,
    /// As a key of `on`: any failure that is not named. As a result: a failure of no other kind.
    Failed,
}

impl Disposition {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Busy => "busy",
            Self::NoAnswer => "no_answer",
            Self::Declined => "declined",
            Self::Unreachable => "unreachable",
            Self::InvalidNumber => "invalid_number",
            Self::Congestion => "congestion",
            Self::Canceled => "canceled",
            Self::AnsweredElsewhere => "answered_elsewhere",
            Self::Failed => "failed",
        }
    }

    /// Whether this is an end without an answer.
    #[must_use]
    pub fn is_failure(self) -> bool {
        self != Self::Answered
    }
}

impl std::fmt::Display for Disposition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
