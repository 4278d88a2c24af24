//! In which order the members of a group ring.

use crate::words::words;

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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Strategy {
    /// All at once; the first answer wins and the others are cancelled.
    #[default]
    Simultaneous,
    /// One after the other, in written order.
    Sequential,
    /// One after the other, beginning behind whoever rang first the last time.
    RoundRobin,
    /// One after the other, in an order drawn for the call.
    Random,
    /// The same, where a member's `weight` makes it more likely to be early.
    WeightedRandom,
    /// One after the other; who answered longest ago comes first.
    LeastRecent,
    /// One after the other; who answered fewest calls comes first.
    FewestCalls,
    /// One after the other; who talked least comes first.
    LeastTalkTime,
    /// Tier by tier; the members of a tier at once.
    Tiered,
    /// The first, then the first and the second, and so on.
    Progressive,
    /// One after the other, and the next only when the one before is busy.
    Rollover,
}

words! {
    Strategy {
        Simultaneous = "simultaneous" | "parallel" | "ringall" | "ring_all" | "all",
        Sequential = "sequential" | "serial" | "single" | "linear" | "hunt" | "sequence" | "top_down" | "first_available",
        RoundRobin = "round_robin" | "rrmemory" | "rrordered" | "memorized_round_robin",
        Random = "random",
        WeightedRandom = "weighted_random" | "wrandom",
        LeastRecent = "least_recent" | "leastrecent" | "longest-idle-agent" | "longest_idle" | "most_idle",
        FewestCalls = "fewest_calls" | "fewestcalls" | "agent-with-fewest-calls",
        LeastTalkTime = "least_talk_time" | "agent-with-least-talk-time",
        Tiered = "tiered" | "serial_parallel",
        Progressive = "progressive" | "memoryhunt" | "ring-progressively",
        Rollover = "rollover",
    }
}
