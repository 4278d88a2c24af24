//! Whether a server is asked: after a failure it is left alone for a while, then one text tries it
//! before all others do; pure.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::ServerError;

/// After a failure the server is left alone for so long: calls must not wait for it one by one.
const REST: Duration = Duration::from_secs(5);

/// What is known of a server.
#[derive(Debug, Default)]
pub(super) struct Health(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// It has failed, and rests until then.
    rests: Option<Instant>,
    /// A text tries whether it is back.
    tried: bool,
}

/// A text that may be asked for.
#[derive(Debug)]
pub(super) struct Ask<'h> {
    health: &'h Health,
    tries: bool,
}

impl Health {
    /// Whether a text may wait for its turn.
    pub(super) fn look(&self, now: Instant) -> Result<(), ServerError> {
        self.lock().look(now)
    }

    /// Whether a text whose turn it is may be asked for: others may have failed meanwhile.
    pub(super) fn ask(&self, now: Instant) -> Result<Ask<'_>, ServerError> {
        let mut state = self.lock();
        state.look(now)?;
        let tries = state.rests.is_some();
        state.tried = tries;
        Ok(Ask {
            health: self,
            tries,
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn look(&self, now: Instant) -> Result<(), ServerError> {
        match self.rests {
            Some(until) if until > now => Err(ServerError::Rests { left: until - now }),
            Some(_) if self.tried => Err(ServerError::Tried),
            _ => Ok(()),
        }
    }
}

impl Ask<'_> {
    /// What became of it.
    pub(super) fn done(self, fails: bool, now: Instant) {
        self.health.lock().rests = fails.then(|| now + REST);
    }
}

impl Drop for Ask<'_> {
    fn drop(&mut self) {
        if self.tries {
            self.health.lock().tried = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_rest_one_tries_it_and_the_others_do_not_wait() {
        let (health, begun) = (Health::default(), Instant::now());
        let (first, second) = (health.ask(begun).unwrap(), health.ask(begun).unwrap());
        first.done(true, begun);
        let during = begun + REST / 2;
        assert!(matches!(
            health.look(during),
            Err(ServerError::Rests { .. })
        ));
        assert!(matches!(health.ask(during), Err(ServerError::Rests { .. })));
        second.done(true, begun);
        let after = begun + REST;
        assert!(health.look(after).is_ok(), "nobody tries it yet");
        let tries = health.ask(after).unwrap();
        assert!(matches!(health.look(after), Err(ServerError::Tried)));
        assert!(matches!(health.ask(after), Err(ServerError::Tried)));
        // It fails again, and rests again.
        tries.done(true, after);
        assert!(matches!(health.ask(after), Err(ServerError::Rests { .. })));
        // One that is never done does not keep the others away.
        drop(health.ask(after + REST).unwrap());
        let tries = health.ask(after + REST).unwrap();
        tries.done(false, after + REST);
        let _all = [health.ask(after).unwrap(), health.ask(after).unwrap()];
    }
}
