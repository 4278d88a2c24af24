//! How far each nonce of one user was counted, so that no answer is taken twice; pure.

use std::collections::HashMap;
use std::time::Duration;

/// Most nonces of one user that are counted at a time: those of five seconds of a hundred calls each,
/// with a question for every one. Nobody else's are among them.
const MOST: usize = 512;

/// The nonces that one user has answered rightly.
#[derive(Debug, Default)]
pub(super) struct Nonces {
    /// When each was made, and its highest count.
    counts: HashMap<String, (Duration, u32)>,
    /// What was made until then is not taken any more, unless it is among these: it may have been.
    since: Option<Duration>,
}

impl Nonces {
    /// Takes the count of a nonce that was made then and lives so long; `false` when it may have been
    /// taken already.
    pub(super) fn take(
        &mut self,
        now: Duration,
        life: Duration,
        (nonce, made): (&str, Duration),
        count: u32,
    ) -> bool {
        if let Some((_, highest)) = self.counts.get_mut(nonce) {
            let newer = count > *highest;
            *highest = count.max(*highest);
            return newer;
        }
        if count == 0 || self.since.is_some_and(|since| made <= since) {
            return false;
        }
        if self.counts.len() >= MOST {
            self.counts
                .retain(|_, (made, _)| now.saturating_sub(*made) <= life);
        }
        if self.counts.len() >= MOST {
            let oldest = self.counts.values().map(|(made, _)| *made).min();
            self.since = self.since.max(oldest);
            self.counts.retain(|_, (made, _)| Some(*made) > oldest);
        }
        self.counts.insert(nonce.to_owned(), (made, count));
        true
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{MOST, Nonces};

    const LIFE: Duration = Duration::from_secs(300);

    #[test]
    fn no_answer_is_taken_twice_however_many_there_are() {
        let mut nonces = Nonces::default();
        let made = |n: usize| Duration::from_millis(u64::try_from(n).unwrap());
        let take = |nonces: &mut Nonces, n: usize, count| {
            nonces.take(made(4 * MOST), LIFE, (&n.to_string(), made(n)), count)
        };
        assert!(!take(&mut nonces, 0, 0), "nothing is counted from 0");
        for n in 0..4 * MOST {
            assert!(take(&mut nonces, n, 1), "{n}");
        }
        assert!(nonces.counts.len() <= MOST);
        for n in 0..4 * MOST {
            assert!(!take(&mut nonces, n, 1), "{n}");
        }
        let last = 4 * MOST - 1;
        assert!(take(&mut nonces, last, 3) && !take(&mut nonces, last, 2));
    }

    #[test]
    fn what_is_out_of_date_makes_room() {
        let mut nonces = Nonces::default();
        let early = Duration::from_secs(1);
        for n in 0..MOST {
            assert!(nonces.take(early, LIFE, (&n.to_string(), early), 1));
        }
        let now = early + 2 * LIFE;
        assert!(nonces.take(now, LIFE, ("new", now), 1));
        assert_eq!((nonces.counts.len(), nonces.since), (1, None));
    }
}
