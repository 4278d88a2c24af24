//! How long a caller waits for servers that hand it on to each other: as long as in a session.

use std::time::Duration;

use tokio::time::Instant;

/// Longest that servers and lookups are waited for one after the other, before no further one is
/// asked.
const LONGEST: Duration = Duration::from_secs(5);
/// Most webhooks that one call asks.
pub(super) const MAX_ASKS: u32 = 8;

/// Each webhook and each lookup has a deadline of its own; this bounds their sum.
#[derive(Debug, Default)]
pub(super) struct Patience {
    since: Option<Instant>,
    asks: u32,
}

impl Patience {
    /// The caller hears something meanwhile.
    pub(super) fn is_heard(&mut self) {
        self.since = None;
    }

    /// How much of its own time another webhook may take; `None`: it is not to be asked.
    pub(super) fn ask(&mut self, now: Instant, own: Duration) -> Option<Duration> {
        self.asks += 1;
        match self.asks {
            1..=MAX_ASKS => self.left(now, own),
            _ => None,
        }
    }

    /// How much of its own time something may take; `None`: it is not waited for.
    pub(super) fn left(&mut self, now: Instant, own: Duration) -> Option<Duration> {
        let Some(since) = self.since else {
            // The first has all of its own time, however long that is.
            self.since = Some(now);
            return Some(own);
        };
        let left = LONGEST.checked_sub(now.saturating_duration_since(since))?;
        (!left.is_zero()).then(|| own.min(left))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_has_its_own_time_and_the_others_what_is_left() {
        let (s, begin) = (Duration::from_secs, Instant::now());
        let mut patience = Patience::default();
        assert_eq!(patience.ask(begin, s(10)), Some(s(10)));
        assert_eq!(patience.ask(begin + s(10), s(1)), None);
        let mut patience = Patience::default();
        assert_eq!(patience.ask(begin, s(1)), Some(s(1)));
        assert_eq!(patience.left(begin + s(4), s(3)), Some(s(1)));
        assert_eq!(patience.ask(begin + s(5), s(1)), None);
        patience.is_heard();
        assert_eq!(patience.ask(begin + s(6), s(1)), Some(s(1)));
    }

    #[test]
    fn no_more_than_eight_are_asked_however_fast_they_are() {
        let mut patience = Patience::default();
        let now = Instant::now();
        let asked = |_: &u32| {
            patience.is_heard();
            patience.ask(now, Duration::from_secs(1)).is_some()
        };
        assert_eq!((0..20).filter(asked).count(), 8);
    }
}
