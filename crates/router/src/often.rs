//! What goes wrong often is said seldom: once with the reason, then with counts.

use std::time::{Duration, Instant};

/// How long after something was said it is said again, with how often it happened meanwhile.
const AGAIN: Duration = Duration::from_secs(60);

/// Counts something that goes wrong, and says when to speak of it: the first time at once, then at
/// most once a minute, and when it is over.
#[derive(Debug, Default)]
pub struct LogThrottle {
    count: u64,
    /// How often when it was said last.
    said: u64,
    /// When that was; kept when it is over, since it may begin again at once.
    since: Option<Instant>,
}

impl LogThrottle {
    /// It happened so many times more; how often in all, if that is to be said now.
    pub fn more(&mut self, times: u64, now: Instant) -> Option<u64> {
        self.count = self.count.saturating_add(times);
        let rests = |since| now.saturating_duration_since(since) < AGAIN;
        if times == 0 || self.since.is_some_and(rests) {
            return None;
        }
        self.since = Some(now);
        self.said = self.count;
        Some(self.count)
    }

    /// It no longer happens; how often it did, if it was spoken of. What was not is counted on.
    pub fn over(&mut self) -> Option<u64> {
        if self.said == 0 {
            return None;
        }
        self.said = 0;
        Some(std::mem::take(&mut self.count))
    }

    /// How often it happened, if it did since that was said last.
    #[must_use]
    pub fn rest(&self) -> Option<u64> {
        (self.count > self.said).then_some(self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::{AGAIN, Instant, LogThrottle};

    #[test]
    fn what_happens_often_is_said_seldom() {
        let (mut often, start) = (LogThrottle::default(), Instant::now());
        assert_eq!((often.over(), often.rest()), (None, None));
        assert_eq!(often.more(1, start), Some(1));
        for _ in 0..1000 {
            assert_eq!(often.more(2, start), None);
        }
        assert_eq!(often.rest(), Some(2001));
        assert_eq!(often.more(1, start + AGAIN), Some(2002));
        assert_eq!(
            (often.rest(), often.more(0, start + 2 * AGAIN)),
            (None, None)
        );
        assert_eq!((often.over(), often.over()), (Some(2002), None));
        assert_eq!(often.more(5, start + AGAIN), None, "it was said just now");
        assert_eq!(often.over(), None, "nobody heard of it");
        assert_eq!(often.more(1, start + 2 * AGAIN), Some(6));
    }
}
