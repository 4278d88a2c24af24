//! In which order the members of a group ring.

use crate::words::words;

words! {
    /// In which order the members of a group ring.
    ///
    /// Other systems' names are read and normalised:
    ///
    /// | ours | read as well |
    /// |---|---|
    /// | `simultaneous` | `parallel`, `ringall`, `ring_all`, `all` |
    /// | `sequential` | `serial`, `single`, `linear`, `hunt`, `sequence`, `top_down`, `first_available` |
    /// | `round_robin` | `rrmemory`, `rrordered`, `memorized_round_robin` |
    /// | `weighted_random` | `wrandom` |
    /// | `least_recent` | `leastrecent`, `longest-idle-agent`, `longest_idle`, `most_idle` |
    /// | `fewest_calls` | `fewestcalls`, `agent-with-fewest-calls` |
    /// | `least_talk_time` | `agent-with-least-talk-time` |
    /// | `tiered` | `serial_parallel` |
    /// | `progressive` | `memoryhunt`, `ring-progressively` |
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    #[non_exhaustive]
    pub enum Strategy {
        /// All at once; the first answer wins and the others are cancelled.
        Simultaneous = "simultaneous" | "parallel" | "ringall" | "ring_all" | "all",
        /// One after the other, in written order.
        Sequential = "sequential" | "serial" | "single" | "linear" | "hunt" | "sequence" | "top_down" | "first_available",
        /// One after the other, beginning behind whoever rang first the last time.
        RoundRobin = "round_robin" | "rrmemory" | "rrordered" | "memorized_round_robin",
        /// One after the other, in an order drawn for the call.
        Random = "random",
        /// One after the other, in an order drawn for the call, where a member's `weight` makes it
        /// more likely to be early.
        WeightedRandom = "weighted_random" | "wrandom",
        /// One after the other; who answered longest ago comes first.
        LeastRecent = "least_recent" | "leastrecent" | "longest-idle-agent" | "longest_idle" | "most_idle",
        /// One after the other; who answered fewest calls comes first.
        FewestCalls = "fewest_calls" | "fewestcalls" | "agent-with-fewest-calls",
        /// One after the other; who talked least comes first.
        LeastTalkTime = "least_talk_time" | "agent-with-least-talk-time",
        /// Tier by tier; the members of a tier at once.
        Tiered = "tiered" | "serial_parallel",
        /// The first, then the first and the second, and so on.
        Progressive = "progressive" | "memoryhunt" | "ring-progressively",
        /// One after the other, and the next only when the one before is busy.
        Rollover = "rollover",
    }
}

#[expect(
    clippy::derivable_impls,
    reason = "the macro has no place for the attribute that deriving needs"
)]
impl Default for Strategy {
    fn default() -> Self {
        Self::Simultaneous
    }
}
