//! When is said that a server fails, and when that it is well again: seldom enough to be read.

use std::time::Duration;

use tokio::time::Instant;

/// Failures in a row at one event from which on it is no mishap.
const MANY: u32 = 3;
/// How long after it was said that a server fails it may be said again, when it was well meanwhile.
const AGAIN: Duration = Duration::from_secs(60);
/// The same when it was not.
const STILL: Duration = Duration::from_secs(3600);

/// How a server stands with the events that it is told.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    /// Calls whose first event failed often.
    calls: u64,
    said: bool,
    /// When that was said last.
    since: Option<Instant>,
}

impl Trouble {
    /// An event has failed so often in a row now; of how many calls that is to be said.
    pub(super) fn failed(&mut self, failures: u32, now: Instant) -> Option<u64> {
        if failures < MANY {
            return None;
        }
        self.calls += u64::from(failures == MANY);
        let quiet = if self.said { STILL } else { AGAIN };
        let rests = |since| now.saturating_duration_since(since) < quiet;
        if self.since.is_some_and(rests) {
            return None;
        }
        (self.said, self.since) = (true, Some(now));
        Some(self.calls)
    }

    /// An event that had failed so often is over, taken or not; whether it is to be said that the
    /// server is well again.
    pub(super) fn over(&mut self, failures: u32, taken: bool) -> bool {
        self.calls -= u64::from(failures >= MANY).min(self.calls);
        let well = self.said && taken && self.calls == 0;
        self.said &= !well;
        well
    }
}

#[cfg(test)]
mod tests {
    use super::{AGAIN, Instant, MANY, STILL, Trouble};

    #[test]
    fn a_server_that_fails_is_spoken_of_seldom() {
        let (mut trouble, start) = (Trouble::default(), Instant::now());
        assert_eq!(trouble.failed(MANY - 1, start), None, "a mishap");
        assert!(!trouble.over(MANY - 1, true));
        assert_eq!(trouble.failed(MANY, start), Some(1));
        assert_eq!(trouble.failed(MANY, start + AGAIN), None);
        assert_eq!(trouble.failed(MANY + 1, start + STILL), Some(2), "still");
        assert!(!trouble.over(MANY + 1, true), "one is left");
        assert!(!trouble.over(MANY, false), "it was too old");
        assert!(trouble.over(0, true), "what comes next is taken");
        assert!(!trouble.over(0, true), "and that was said");
        assert_eq!(trouble.failed(MANY, start + STILL), None);
        assert!(!trouble.over(MANY, true), "nobody heard that it failed");
        assert_eq!(trouble.failed(MANY, start + STILL + AGAIN), Some(1));
    }
}
