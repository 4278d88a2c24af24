//! How an attempt to reach somebody ended.

use crate::words::words;

words! {
    /// How an attempt to reach somebody ended; also the keys of an action's `on`.
    ///
    /// Other systems' words are read and normalised: `no-answer`, `noanswer`, `timeout` (no_answer),
    /// `rejected`, `call_rejected` (declined), `unavailable`, `chanunavail` (unreachable), `invalid`,
    /// `unallocated_number` (invalid_number), `cancelled`, `cancel` (canceled), `user_busy` (busy).
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    #[non_exhaustive]
    pub enum Disposition {
        /// Somebody answered.
        Answered = "answered",
        /// The line was busy.
        Busy = "busy" | "user_busy",
        /// It rang and nobody answered in time.
        NoAnswer = "no_answer" | "no-answer" | "noanswer" | "timeout",
        /// The called party refused the call.
        Declined = "declined" | "rejected" | "call_rejected",
        /// The destination could not be reached at all.
        Unreachable = "unreachable" | "unavailable" | "chanunavail",
        /// No such number or user.
        InvalidNumber = "invalid_number" | "invalid" | "unallocated_number",
        /// The network, or the far server, had no room for the call.
        Congestion = "congestion",
        /// The caller, or the router, gave the attempt up.
        Canceled = "canceled" | "cancelled" | "cancel",
        /// Another member of the group answered first (RFC 3326, cause 200).
        AnsweredElsewhere = "answered_elsewhere",
        /// A member answered and did not confirm that a person had (see `confirm`).
        ConfirmFailed = "confirm_failed",
        /// A machine answered.
        Machine = "machine",
        /// A list of ours kept the call from being made.
        Blocked = "blocked",
        /// As a key of `on`: any failure that is not named. As a result: a failure of no other kind.
        Failed = "failed",
    }
}

impl Disposition {
    /// Whether this is an end without an answer.
    #[must_use]
    pub fn is_failure(self) -> bool {
        self != Self::Answered
    }
}
