//! Whether there is CPU left for another call: new ones are refused before those that go on suffer.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::admit::redirects::Permit;
use crate::stack::Stack;

/// How often the load is checked.
const LOOK: Duration = Duration::from_millis(200);
/// So many looks in a row decide: one alone may be a machine that slept.
const LOOKS: u8 = 5;
/// Ticks a second in which Linux tells what a process has used, to every program the same.
const TICKS_PER_S: f64 = 100.0;

/// When new calls are refused because there is no CPU left for them: 503 with Retry-After. What goes
/// on is not touched, nor is [`crate::redirect`], which keeps no calls.
///
/// It is checked five times a second. Five checks in a row above a limit close the door, five below
/// the half of every limit open it again.
#[derive(Debug, Clone)]
pub struct Headroom {
    /// So late the runtime may be that drives all calls: packets of sound are as late. Whatever
    /// takes its time is seen, other programs on the machine as well. Default 100 ms, five packets;
    /// `None` for no limit.
    pub late: Option<Duration>,
    /// The share of the processors that this process may use, 0 to 1, of those that it has
    /// ([`std::thread::available_parallelism`]). Only on Linux. Default none, since a process may
    /// do other things than calls.
    pub busy: Option<f64>,
    /// Calls to whom are never refused so, by the number that was dialed, as it was dialed. The
    /// adapter does not know what an emergency number is: that depends on the routing's region
    /// (`Engine::is_emergency`). Default nobody.
    pub spared: Option<Permit>,
}

impl Default for Headroom {
    fn default() -> Self {
        Self {
            late: Some(Duration::from_millis(100)),
            busy: None,
            spared: None,
        }
    }
}

impl Headroom {
    /// Without any limit.
    #[must_use]
    pub fn unlimited() -> Self {
        Self {
            late: None,
            busy: None,
            spared: None,
        }
    }

    /// Whether a call to this number is taken all the same.
    pub(crate) fn spares(&self, dialed: &str) -> bool {
        self.spared
            .as_ref()
            .is_some_and(|spared| spared.lets(dialed))
    }
}

/// One look.
#[derive(Debug, Clone, Copy)]
struct Reading {
    /// How much later than was asked the look was.
    late: Duration,
    /// The share of the processors that was used since the last one.
    busy: Option<f64>,
}

/// What the looks so far come to; pure.
#[derive(Debug, Default)]
struct Judge {
    above: u8,
    below: u8,
    spent: bool,
}

impl Judge {
    /// Whether calls are refused from now on.
    fn look(&mut self, limits: &Headroom, reading: Reading) -> bool {
        let over = |part: f64| {
            let late = limits
                .late
                .is_some_and(|late| reading.late > late.mul_f64(part));
            let busy = limits.busy.zip(reading.busy);
            late || busy.is_some_and(|(limit, found)| found > limit * part)
        };
        self.above = if over(1.0) {
            self.above.saturating_add(1)
        } else {
            0
        };
        self.below = if over(0.5) {
            0
        } else {
            self.below.saturating_add(1)
        };
        if self.spent {
            self.spent = self.below < LOOKS;
        } else {
            self.spent = self.above >= LOOKS;
        }
        self.spent
    }
}

/// Looks as long as the adapter lives.
pub(crate) async fn watch(stack: Arc<Stack>) {
    let limits = &stack.config.headroom;
    if limits.late.is_none() && limits.busy.is_none() {
        return;
    }
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut judge = Judge::default();
    let look_at_use = || limits.busy.and_then(|_| used_s());
    let (mut last, mut used) = (Instant::now(), look_at_use());
    while !stack.is_over() {
        let due = last + LOOK;
        sleep_until(due).await;
        let (now, uses) = (Instant::now(), look_at_use());
        let busy = uses.zip(used).map(|(now_used, before)| {
            let most = (now - last).as_secs_f64() * cores as f64;
            (now_used - before) / most
        });
        let late = now.saturating_duration_since(due);
        (last, used) = (now, uses);
        let was = stack.spent.load(Ordering::Relaxed);
        let spent = judge.look(limits, Reading { late, busy });
        if spent != was {
            stack.spent.store(spent, Ordering::Relaxed);
            let calls = stack.counts.calls.get();
            match spent {
                true => tracing::warn!(?late, busy, calls, "no CPU is left; new calls are refused"),
                false => tracing::warn!(calls, "there is CPU again; calls are taken"),
            }
        }
    }
}

/// The processor time that this process has used, in seconds; `None` where it cannot be told.
fn used_s() -> Option<f64> {
    // A read of a few bytes that the kernel makes up; it does not wait for a disk.
    ticks(&std::fs::read_to_string("/proc/self/stat").ok()?).map(|ticks| ticks / TICKS_PER_S)
}

/// `utime` and `stime` of `/proc/self/stat` (proc(5)): the 14th and 15th field. The second is the
/// program's name, which may hold blanks and brackets.
fn ticks(stat: &str) -> Option<f64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace().skip(11);
    let user: u32 = fields.next()?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    Some(f64::from(user) + f64::from(system))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(late_ms: u64, busy: f64) -> Reading {
        Reading {
            late: Duration::from_millis(late_ms),
            busy: Some(busy),
        }
    }

    fn look(judge: &mut Judge, limits: &Headroom, readings: &[(u64, f64)]) -> Vec<bool> {
        let readings = readings.iter();
        readings
            .map(|(late, busy)| judge.look(limits, reading(*late, *busy)))
            .collect()
    }

    #[test]
    fn five_in_a_row_close_and_five_open() {
        let (limits, mut judge) = (Headroom::default(), Judge::default());
        // One long look is a machine that slept.
        let slept = [(60_000, 0.0), (0, 0.0), (150, 1.0), (150, 1.0), (150, 1.0)];
        assert_eq!(look(&mut judge, &limits, &slept), [false; 5]);
        assert_eq!(
            look(&mut judge, &limits, &[(150, 0.0), (150, 0.0)]),
            [false, true]
        );
        // Between the two limits nothing changes.
        let better = [
            (60, 0.0),
            (20, 0.0),
            (20, 0.0),
            (20, 0.0),
            (20, 0.0),
            (60, 0.0),
        ];
        assert_eq!(look(&mut judge, &limits, &better), [true; 6]);
        let fine = [
            (20, 0.0),
            (20, 0.0),
            (20, 0.0),
            (20, 0.0),
            (20, 0.0),
            (90, 0.0),
        ];
        assert_eq!(
            look(&mut judge, &limits, &fine),
            [true, true, true, true, false, false]
        );
    }

    #[test]
    fn either_limit_counts_and_none_counts_for_nothing() {
        let limits = Headroom {
            late: None,
            busy: Some(0.8),
            spared: None,
        };
        let mut judge = Judge::default();
        assert!(look(&mut judge, &limits, &[(9_000, 0.9); 5])[4]);
        assert!(
            look(&mut judge, &limits, &[(0, 0.5); 9])[8],
            "more than the half"
        );
        assert!(!look(&mut judge, &limits, &[(0, 0.3); 5])[4]);
        assert!(!look(&mut judge, &Headroom::unlimited(), &[(9_000, 1.0); 9])[8]);
        // Where it cannot be told, it counts for nothing.
        let blind = Reading {
            late: Duration::ZERO,
            busy: None,
        };
        assert!(!(0..9).any(|_| judge.look(&limits, blind)));
    }

    #[test]
    fn what_the_system_tells_is_read() {
        let stat = "1 (a) b) (c) S 2 3 4 5 6 7 8 9 10 11 250 50 0 0 20 0 1 0 5 6 7";
        assert_eq!(ticks(stat), Some(300.0));
        for broken in [
            "",
            "1 (a",
            "1 (a) S 2 3",
            "1 (a) S 2 3 4 5 6 7 8 9 10 11 x 50",
        ] {
            assert_eq!(ticks(broken), None, "{broken:?}");
        }
        #[cfg(target_os = "linux")]
        assert!(used_s().is_some());
    }
}
