//! How an attempt to reach somebody ended.

use crate::words::words;

/// How an attempt to reach somebody ended; also the keys of an action's `on`.
///
/// Other systems' words are read and normalised: `no-answer`, `noanswer`, `timeout` (no_answer),
/// `rejected`, `call_rejected` (declined), `unavailable`, `chanunavail` (unreachable), `invalid`,
/// `unallocated_number` (invalid_number), `cancelled`, `cancel` (canceled), `user_busy` (busy).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    /// A member answered and did not confirm that a person had (see `confirm`).
    ConfirmFailed,
    /// A machine answered.
    Machine,
    /// A list of ours kept the call from being made.
    Blocked,
    /// As a key of `on`: any failure that is not named. As a result: a failure of no other kind.
    Failed,
}

impl Disposition {
    /// Whether this is an end without an answer.
    #[must_use]
    pub fn is_failure(self) -> bool {
        self != Self::Answered
    }
}

words! {
    Disposition {
        Answered = "answered",
        Busy = "busy" | "user_busy",
        NoAnswer = "no_answer" | "no-answer" | "noanswer" | "timeout",
        Declined = "declined" | "rejected" | "call_rejected",
        Unreachable = "unreachable" | "unavailable" | "chanunavail",
        InvalidNumber = "invalid_number" | "invalid" | "unallocated_number",
        Congestion = "congestion",
        Canceled = "canceled" | "cancelled" | "cancel",
        AnsweredElsewhere = "answered_elsewhere",
        ConfirmFailed = "confirm_failed",
        Machine = "machine",
        Blocked = "blocked",
        Failed = "failed",
    }
}
