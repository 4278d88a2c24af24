//! A timer that a connection keeps from request to request: to register one and to remove it costs
//! more than all else about it, and may wake another thread.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use tokio::runtime::{Handle, Id};
use tokio::task::unconstrained;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::net::bell::Bell;

/// How much too early it may go off: then it is set again. So it is not moved for each request of
/// many that follow on each other.
const EARLY: Duration = Duration::from_millis(20);

/// Rings the bell of a connection that somebody uses, at a time.
pub(crate) struct Alarm {
    timer: Option<Timer>,
    waker: Waker,
    due: Instant,
}

struct Timer {
    /// What runtime moves it: it would be of no use on another.
    home: Id,
    sleep: Pin<Box<Sleep>>,
}

/// Rings a bell only while somebody uses its connection.
struct Quietly(Arc<Bell>);

impl Wake for Quietly {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.ring_if_used();
    }
}

impl Alarm {
    pub(crate) fn new(bell: &Arc<Bell>) -> Self {
        Self {
            timer: None,
            waker: Waker::from(Arc::new(Quietly(Arc::clone(bell)))),
            due: Instant::now(),
        }
    }

    /// It goes off at this time.
    pub(crate) fn set(&mut self, due: Instant) {
        self.due = due;
        let home = Handle::try_current().map(|runtime| runtime.id());
        let fits = self.timer.as_ref().is_some_and(|timer| {
            let early = due.checked_duration_since(timer.sleep.deadline());
            let in_time = early.is_some_and(|early| early <= EARLY);
            in_time && !timer.sleep.is_elapsed() && home.is_ok_and(|home| home == timer.home)
        });
        if !fits {
            self.set_anew();
        }
    }

    /// Whether it went off.
    pub(crate) fn is_over(&mut self) -> bool {
        self.timer
            .as_ref()
            .is_some_and(|timer| timer.sleep.is_elapsed())
            && self.is_due()
    }

    /// It went off; whether for this request's sake.
    #[cold]
    #[inline(never)]
    fn is_due(&mut self) -> bool {
        let was = self.timer.as_ref().map(|timer| timer.sleep.deadline());
        was.is_some_and(|was| was >= self.due) || self.set_anew()
    }

    /// Whether it is over already.
    #[cold]
    #[inline(never)]
    fn set_anew(&mut self) -> bool {
        let home = Handle::current().id();
        if self.timer.as_ref().is_none_or(|timer| timer.home != home) {
            let sleep = Box::pin(sleep_until(self.due));
            self.timer = Some(Timer { home, sleep });
        }
        let Some(timer) = &mut self.timer else {
            return false;
        };
        timer.sleep.as_mut().reset(self.due);
        let mut context = Context::from_waker(&self.waker);
        // A task that used its time up is told so by a wake-up, and the waker would not be known.
        let polled = pin!(unconstrained(timer.sleep.as_mut())).poll(&mut context);
        polled.is_ready()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::runtime::Builder;
    use tokio::sync::Notify;
    use tokio::time::{Instant, sleep, timeout};

    use super::{Alarm, EARLY};
    use crate::net::bell::Bell;

    const TICK: Duration = Duration::from_millis(1);

    fn used() -> (Arc<Bell>, Alarm) {
        let bell = Arc::new(Bell::new());
        bell.enter();
        let alarm = Alarm::new(&bell);
        (bell, alarm)
    }

    async fn until_over(alarm: &mut Alarm) -> Instant {
        while !alarm.is_over() {
            sleep(TICK).await;
        }
        Instant::now()
    }

    #[tokio::test(start_paused = true)]
    async fn it_goes_off_in_time_whatever_it_was_set_for_before() {
        let (bell, mut alarm) = used();
        for ms in [300, 40, 60, 500, 7] {
            // For a request that was answered long before.
            alarm.set(Instant::now() + Duration::from_millis(ms) + EARLY / 2);
            for wanted in [ms + 15, ms, ms + 11] {
                bell.enter();
                let due = Instant::now() + Duration::from_millis(wanted);
                alarm.set(due);
                let over = until_over(&mut alarm).await;
                assert!(over >= due && over <= due + 2 * TICK, "{wanted} ms");
                assert!(bell.has_rung());
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_is_told_while_the_connection_rests() {
        let (bell, mut alarm) = used();
        let keeper = Arc::new(Notify::new());
        bell.keep(&keeper);
        alarm.set(Instant::now() + EARLY);
        bell.calm();
        bell.rest();
        let told = timeout(10 * EARLY, keeper.notified()).await;
        assert!(told.is_err() && !bell.has_rung());
        bell.enter();
        alarm.set(Instant::now() + EARLY);
        assert!(!alarm.is_over());
        until_over(&mut alarm).await;
        assert!(bell.has_rung());
    }

    #[test]
    fn it_goes_off_on_the_runtime_that_waits_for_it() {
        let runtime = || Builder::new_current_thread().enable_all().build().unwrap();
        let (here, there) = (runtime(), runtime());
        let (_bell, mut alarm) = used();
        here.block_on(async { alarm.set(Instant::now() + EARLY) });
        // Nobody moves the first one's timers from here on.
        there.block_on(async {
            alarm.set(Instant::now() + EARLY);
            until_over(&mut alarm).await;
        });
    }
}
