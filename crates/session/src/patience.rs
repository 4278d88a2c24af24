//! How long a caller waits for servers and lookups before anything is heard.

use std::time::Duration;

use callroute_schema::Action;

/// Longest that servers and lookups are waited for one after the other, before no further one is
/// asked.
const LONGEST: Duration = Duration::from_secs(5);
/// The part of its deadline that a server has however long lookups took before: a third.
const LEAST: u32 = 3;
/// Most servers that are asked one after the other.
const MAX_ASKS: u32 = 8;

/// Each server and each lookup has a deadline of its own; this bounds their sum until the caller
/// hears something: at most eight servers, and none once they and lookups have taken 5 s. What
/// lookups take is taken from the deadline of the server that is asked after them. Instants are on
/// any clock that only goes forward.
#[derive(Debug, Default)]
pub struct Patience {
    /// Since when servers and lookups are waited for, one after the other.
    since: Option<Duration>,
    /// How long that was before other actions that nobody heard anything of, such as a forward that
    /// failed at once.
    spent: Duration,
    /// When the first of the lookups was begun that no server was asked after.
    looking: Option<Duration>,
    asks: u32,
}

impl Patience {
    /// An action begins. While one is done for which nobody else is asked, the wait does not count.
    pub fn begins(&mut self, action: &Action, now: Duration) {
        if !matches!(
            action,
            Action::Webhook(_) | Action::Set(_) | Action::Continue(_) | Action::Record(_)
        ) {
            let waited = self.since.take().map(|since| now.saturating_sub(since));
            self.spent += waited.unwrap_or_default();
            self.looking = None;
        }
    }

    /// The caller hears something, or has pressed a key: from here on it waits anew.
    pub fn heard(&mut self) {
        *self = Self::default();
    }

    /// How long another server may take, of the time that it has for itself; `None`: it is not to
    /// be asked.
    pub fn ask(&mut self, now: Duration, own: Duration) -> Option<Duration> {
        self.asks += 1;
        let looked = self.looking.take().map(|since| now.saturating_sub(since));
        let left = own.saturating_sub(looked.unwrap_or_default());
        let own = left.max(own / LEAST);
        match self.asks {
            1..=MAX_ASKS => self.left(now, own),
            _ => None,
        }
    }

    /// How long a lookup may take, of the time that it has for itself; `None`: it is not waited
    /// for.
    pub fn look_up(&mut self, now: Duration, own: Duration) -> Option<Duration> {
        self.looking = self.looking.or(Some(now));
        self.left(now, own)
    }

    fn left(&mut self, now: Duration, own: Duration) -> Option<Duration> {
        let since = *self.since.get_or_insert(now);
        let waited = self.spent + now.saturating_sub(since);
        if waited.is_zero() {
            // The first has all of its own time, however long that is.
            return Some(own);
        }
        let left = LONGEST.checked_sub(waited)?;
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
        assert_eq!(patience.ask(s(100), s(10)), Some(s(10)));
        assert_eq!(patience.ask(s(110), s(1)), None);
        let mut patience = Patience::default();
        assert_eq!(patience.ask(s(0), s(1)), Some(s(1)));
        assert_eq!(patience.look_up(s(4), s(3)), Some(s(1)));
        assert_eq!(patience.ask(s(5), s(1)), None);
        patience.heard();
        assert_eq!(patience.ask(s(6), s(1)), Some(s(1)));
    }

    #[test]
    fn what_nobody_hears_ends_no_wait() {
        let s = Duration::from_secs;
        let silent = Action::Hangup(callroute_schema::Hangup::default());
        let mut patience = Patience::default();
        assert_eq!(patience.ask(s(0), s(10)), Some(s(10)));
        // It took three seconds, and a forward another minute.
        patience.begins(&silent, s(3));
        assert_eq!(patience.ask(s(63), s(10)), Some(s(2)));
        patience.begins(&silent, s(65));
        assert_eq!(patience.ask(s(66), s(10)), None);
        let mut patience = Patience::default();
        let asked = |n: &u64| {
            let now = Duration::from_millis(*n);
            patience.begins(&silent, now);
            patience.ask(now, s(1)).is_some()
        };
        assert_eq!((0..20).filter(asked).count(), 8);
    }

    #[test]
    fn lookups_take_their_time_from_the_server_after_them_and_leave_it_a_third() {
        let ms = Duration::from_millis;
        for (looked, left) in [(0, 1500), (800, 700), (1400, 500), (3000, 500)] {
            let mut patience = Patience::default();
            assert_eq!(patience.look_up(ms(100), ms(50)), Some(ms(50)));
            patience.look_up(ms(100 + looked / 2), ms(50));
            let now = ms(100 + looked);
            assert_eq!(patience.ask(now, ms(1500)), Some(ms(left)), "{looked}");
            assert_eq!(patience.ask(now, ms(1500)), Some(ms(1500)), "the next one");
        }
        let mut patience = Patience::default();
        patience.look_up(ms(0), ms(50));
        patience.heard();
        assert_eq!(patience.ask(ms(40), ms(1500)), Some(ms(1500)));
    }

    #[test]
    fn no_more_than_eight_are_asked_however_fast_they_are() {
        let mut patience = Patience::default();
        let own = Duration::from_secs(1);
        let asked = |_: &u32| patience.ask(Duration::ZERO, own).is_some();
        assert_eq!((0..20).filter(asked).count(), 8);
    }
}
