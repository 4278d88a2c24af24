//! Whether it is open at an instant.

use std::sync::Arc;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Timelike, Utc};

use super::answer::{HoursAnswer, Layer};
use super::day::{Day, Force, Plan};
use crate::zone::Zone;

/// Seconds of a day on the wall.
const DAY: u32 = 86_400;

/// The hours of one name, with their zone.
#[derive(Debug)]
pub struct Hours {
    name: String,
    pub(super) plan: Plan,
    /// Whether it is open, where that never changes.
    pub(super) constant: Option<bool>,
    zone: Arc<dyn Zone>,
}

impl Hours {
    pub(crate) fn new(name: String, plan: Plan, zone: Arc<dyn Zone>) -> Self {
        let constant = plan.constant();
        Self {
            name,
            plan,
            constant,
            zone,
        }
    }

    /// Their name in the routing file.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is open.
    #[must_use]
    pub fn is_open_at(&self, instant: DateTime<Utc>) -> bool {
        match self.forced(instant) {
            Some(force) => force.open,
            None => self.by_wall(instant.naive_utc()),
        }
    }

    /// Whether it is open, why, and until when. The last costs a search; where only the first
    /// is asked, [`is_open_at`](Self::is_open_at) is cheaper.
    #[must_use]
    pub fn answer(&self, instant: DateTime<Utc>) -> HoursAnswer {
        let utc = instant.naive_utc();
        let local = self.wall(utc);
        let forced = self.forced(instant);
        let (open, layer) = match forced {
            Some(force) => {
                let reason = force.reason.clone();
                (force.open, Layer::Force { reason })
            }
            None => {
                let (open, day) = self.state(local);
                (open, day.layer())
            }
        };
        let next = self.next_change(utc, open, forced);
        HoursAnswer {
            open,
            layer,
            local,
            next_change: next.map(|utc| utc.and_utc()),
            next_local: next.map(|utc| self.wall(utc)),
        }
    }

    /// What is forced at an instant.
    fn forced(&self, instant: DateTime<Utc>) -> Option<&Force> {
        let force = self.plan.force.as_ref();
        force.filter(|force| instant < force.until)
    }

    /// Whether it is open where nothing is forced.
    pub(super) fn by_wall(&self, utc: NaiveDateTime) -> bool {
        self.state(self.wall(utc)).0
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

    /// Whether it is open when the wall reads this, and the day that says so.
    fn state(&self, local: NaiveDateTime) -> (bool, Day<'_>) {
        let second = local.time().num_seconds_from_midnight();
        let today = self.plan.day(local.date());
        if today.hold(second) {
            return (true, today);
        }
        if let Some(before) = local.date().pred_opt() {
            let yesterday = self.plan.day(before);
            if yesterday.hold(second + DAY) {
                return (true, yesterday);
            }
        }
        (false, today)
    }
}

#[cfg(test)]
mod oracle;
#[cfg(test)]
mod tests;
