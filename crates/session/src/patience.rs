//! How long a caller waits for servers and tables before anything is heard.

use std::time::Duration;

use callroute_schema::Action;

/// Longest that servers and tables are waited for one after the other, before no further one is
/// asked.
const LONGEST: Duration = Duration::from_secs(5);
/// Most servers that are asked one after the other.
const MAX_ASKS: u32 = 8;

/// Each server and each table has a deadline of its own; this bounds their sum, where one names
/// the next.
#[derive(Debug, Default)]
pub(crate) struct Patience {
    since: Option<Duration>,
    asks: u32,
}

impl Patience {
    /// An action begins. What the caller hears or does something with ends the wait.
    pub(crate) fn begins(&mut self, action: &Action) {
        if !matches!(
            action,
            Action::Webhook(_) | Action::Set(_) | Action::Continue(_) | Action::Record(_)
        ) {
            *self = Self::default();
        }
    }

    /// How many milliseconds another server may take, of those that it has for itself; `None`:
    /// it is not to be asked.
    pub(crate) fn ask(&mut self, now: Duration, own_ms: u64) -> Option<u64> {
        self.asks += 1;
        if self.asks > MAX_ASKS {
            return None;
        }
        let left = self.left(now, Duration::from_millis(own_ms))?;
        u64::try_from(left.as_millis()).ok()
    }

    /// How long something may take, of what it has for itself; `None`: it is not waited for.
    pub(crate) fn left(&mut self, now: Duration, own: Duration) -> Option<Duration> {
        let Some(since) = self.since else {
            // The first has all of its own time, however long that is.
            self.since = Some(now);
            return Some(own);
        };
        let left = LONGEST.checked_sub(now.saturating_sub(since))?;
        (!left.is_zero()).then(|| own.min(left))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_has_its_own_time_and_all_together_five_seconds() {
        let s = Duration::from_secs;
        let mut patience = Patience::default();
        assert_eq!(patience.ask(s(100), 10_000), Some(10_000));
        assert_eq!(patience.ask(s(110), 1_500), None);
        let mut patience = Patience::default();
        assert_eq!(patience.ask(s(0), 1_500), Some(1_500));
        assert_eq!(patience.left(s(4), s(3)), Some(s(1)));
        assert_eq!(patience.ask(s(5), 1_500), None);
        patience.begins(&Action::Hangup(callroute_schema::Hangup::default()));
        assert_eq!(patience.ask(s(6), 1_500), Some(1_500));
    }

    #[test]
    fn no_more_than_eight_are_asked_however_fast_they_are() {
        let mut patience = Patience::default();
        let asked = |_: &u32| patience.ask(Duration::ZERO, 1_500).is_some();
        assert_eq!((0..20).filter(asked).count(), 8);
    }
}
