//! Turns that come every so often, for sound that has to.

use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::rtp::FRAME;

/// Behind by more than this, it begins anew instead of hurrying after.
const MAX_LAG: Duration = Duration::from_millis(200);

/// Tells when it is time.
#[derive(Debug)]
pub(crate) struct Pacer(Interval);

impl Pacer {
    /// One turn in each 20 ms. Must begin within a runtime.
    pub(crate) fn of_frames() -> Self {
        Self::every(FRAME)
    }

    /// One turn in each such time.
    pub(crate) fn every(time: Duration) -> Self {
        let mut pacer = interval(time);
        // A late turn is made up for, so that the far end's buffer does not run dry.
        pacer.set_missed_tick_behavior(MissedTickBehavior::Burst);
        Self(pacer)
    }

    /// Waits for the next turn.
    pub(crate) async fn turn(&mut self) {
        if self.0.tick().await.elapsed() > MAX_LAG {
            self.0.reset();
        }
    }
}
