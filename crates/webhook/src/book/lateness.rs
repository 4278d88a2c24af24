//! Whether our own runtime is late: then slowness is ours, and asking a second server beside the
//! first would only add to it. Pure: time comes in as an argument.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How late a timer may be; the timers themselves tick in milliseconds.
const TOLERATED: Duration = Duration::from_millis(20);
/// How long one late timer is remembered.
const MEMORY: Duration = Duration::from_millis(100);

/// Watches timers. All times count from one fixed moment.
#[derive(Debug, Default)]
pub(crate) struct Lateness {
    /// In microseconds. All asks look at it and few write it, so it is not locked.
    until: AtomicU64,
}

impl Lateness {
    /// A timer that was due then went off now; whether the runtime is late.
    pub(crate) fn on_wake(&self, due: Duration, now: Duration) -> bool {
        if now.saturating_sub(due) > TOLERATED {
            let until = micros(now.saturating_add(MEMORY));
            self.until.fetch_max(until, Ordering::Relaxed);
        }
        self.is_late(now)
    }

    pub(crate) fn is_late(&self, now: Duration) -> bool {
        micros(now) < self.until.load(Ordering::Relaxed)
    }
}

fn micros(time: Duration) -> u64 {
    let seconds = time.as_secs().saturating_mul(1_000_000);
    seconds.saturating_add(u64::from(time.subsec_micros()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Lateness;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_late_timer_is_remembered_for_a_while() {
        let lateness = Lateness::default();
        assert!(!lateness.on_wake(ms(100), ms(100)));
        assert!(!lateness.on_wake(ms(100), ms(120)));
        assert!(lateness.on_wake(ms(100), ms(121)));
        assert!(lateness.on_wake(ms(200), ms(200)), "others stay late");
        assert!(lateness.is_late(ms(220)));
        assert!(!lateness.is_late(ms(221)));
    }
}
