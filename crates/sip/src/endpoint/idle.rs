//! How long a connection is kept on which nothing happens; pure.

use std::time::Duration;

use tokio::time::Instant;

/// A connection on which nothing at all happens is closed. Clients keep theirs open by pings
/// every two minutes at the latest (RFC 5626, section 4.4.1).
const IDLE: Duration = Duration::from_secs(600);
/// How long the first message may take: connections that say nothing are not kept for long.
const FIRST: Duration = Duration::from_secs(30);

/// When a connection is closed.
#[derive(Debug)]
pub(super) struct Idle {
    spoken: bool,
    until: Instant,
}

impl Idle {
    /// Of a connection that begins.
    pub(super) fn new(now: Instant) -> Self {
        Self {
            spoken: false,
            until: now + FIRST,
        }
    }

    /// When it is closed, unless something happens before.
    pub(super) fn until(&self) -> Instant {
        self.until
    }

    /// Something has come. What is no message keeps nothing open that has not spoken yet.
    pub(super) fn heard(&mut self, now: Instant) {
        if self.spoken {
            self.until = now + IDLE;
        }
    }

    /// Somebody needs it, however little was said on it.
    pub(super) fn needed(&mut self, now: Instant) {
        self.until = now + IDLE;
    }

    /// A message has come or was sent.
    pub(super) fn spoke(&mut self, now: Instant) {
        self.spoken = true;
        self.until = now + IDLE;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{FIRST, IDLE, Idle};

    #[test]
    fn whoever_says_nothing_is_not_kept_by_pings() {
        let began = Instant::now();
        let at = |seconds| began + Duration::from_secs(seconds);
        let mut idle = Idle::new(at(1));
        idle.heard(at(20));
        assert_eq!(idle.until(), at(1) + FIRST);
        idle.spoke(at(25));
        assert_eq!(idle.until(), at(25) + IDLE);
        idle.heard(at(500));
        assert_eq!(idle.until(), at(500) + IDLE);
    }

    #[test]
    fn what_is_needed_is_looked_at_again_later() {
        let began = Instant::now();
        let mut idle = Idle::new(began);
        // Nothing was said on it: who is asked at the end of its time must not be asked at once again.
        idle.needed(began + FIRST);
        assert_eq!(idle.until(), began + FIRST + IDLE);
    }
}
