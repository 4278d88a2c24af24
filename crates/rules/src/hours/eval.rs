//! Whether it is open at an instant.

use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDateTime, TimeDelta, Timelike, Utc};

use super::answer::{HoursAnswer, Layer};
use super::day::Plan;
use crate::zone::Zone;

/// Seconds of a day on the wall.
const DAY: u32 = 86_400;

/// The hours of one name, with their zone.
#[derive(Debug)]
pub struct Hours {
    name: String,
    pub(super) plan: Plan,
    zone: Arc<dyn Zone>,
}

impl Hours {
    pub(crate) fn new(name: String, plan: Plan, zone: Arc<dyn Zone>) -> Self {
        Self { name, plan, zone }
    }

    /// Their name in the routing file.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is open.
    #[must_use]
    pub fn is_open_at(&self, instant: DateTime<Utc>) -> bool {
        self.state(self.wall(instant.naive_utc())).0
    }

    /// Whether it is open, why, and until when. The last costs a search; where only the first
    /// is asked, [`is_open_at`](Self::is_open_at) is cheaper.
    #[must_use]
    pub fn answer(&self, instant: DateTime<Utc>) -> HoursAnswer {
        let utc = instant.naive_utc();
        let local = self.wall(utc);
        let (open, layer) = self.state(local);
        let next = self.next_change(utc, open);
        HoursAnswer {
            open,
            layer,
            local,
            next_change: next.map(|utc| utc.and_utc()),
            next_local: next.map(|utc| self.wall(utc)),
        }
    }

    /// Seconds between the clock on the wall and UTC.
    pub(super) fn offset(&self, utc: NaiveDateTime) -> TimeDelta {
        TimeDelta::seconds(i64::from(self.zone.offset_at_utc(utc)))
    }

    /// What the clock on the wall reads.
    pub(super) fn wall(&self, utc: NaiveDateTime) -> NaiveDateTime {
        // At the very ends of the calendar there is no other wall than UTC.
        utc.checked_add_signed(self.offset(utc)).unwrap_or(utc)
    }

    /// Whether it is open when the wall reads this, and which layer says so.
    pub(super) fn state(&self, local: NaiveDateTime) -> (bool, Layer) {
        let second = local.time().num_seconds_from_midnight();
        let (today, layer) = self.plan.day(local.date());
        if today.hold(second) {
            return (true, layer);
        }
        if let Some(before) = local.date().checked_sub_days(Days::new(1)) {
            let (yesterday, layer) = self.plan.day(before);
            if yesterday.hold(second + DAY) {
                return (true, layer);
            }
        }
        (false, layer)
    }
}

#[cfg(test)]
mod tests;
