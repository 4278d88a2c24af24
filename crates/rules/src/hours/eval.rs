//! Whether it is open at an instant.

use std::sync::{Arc, OnceLock};

use chrono::{DateTime, NaiveDateTime, TimeDelta, Timelike, Utc};

use super::answer::{HoursAnswer, Layer};
use super::compare::{Dates, Week};
use super::day::{Day, Force, Plan};
use crate::zone::Zone;

/// Seconds of a day on the wall.
const DAY: u32 = 86_400;

/// The hours of one name, with their zone.
///
/// Open if and only if the clock on the wall of the zone reads inside a span. Spans are half
/// open, and each belongs wholly to the day it starts on: after `Fr 22:00-04:00; Sa off` it is
/// open on Saturday at 02:00. (OpenStreetMap differs there.) An end at or before the start is on
/// the next day; `20:00-26:00` says the same as `20:00-02:00`.
///
/// Where several rules are for one date, the highest of these counts, whatever their order:
///
/// | layer | as a text (`open`) | as plain data (`weekly`) |
/// |---|---|---|
/// | force | | `force: { state: closed, until: 2026-04-21T18:00:00-04:00, reason: storm }`, with either |
/// | exception | `2026 Dec 24 09:00-12:00`, `Dec 25 off`, `easter -2 days off`; one year before every year | `exceptions: { 2026-12-24: { open: ["09:00-12:00"] }, 12-25: { closed: true, reason: Christmas } }`, with either |
/// | holiday | `PH off`, of the calendar that `holidays` names | `holidays: us`, closed |
/// | nth weekday | `Mo[1]`, `Fr[-1]`, `Tu[1,3]`, `Nov Th[4]` | `nth: [{ day: fri, nth: -1, open: ["09:00-12:00"] }]` |
/// | season | `Jun-Aug Mo-Fr 08:00-14:00`, `Dec 24-Jan 2 off`, `2026 Aug 3-14 off`, `week 1-53/2 Sa 09:00-12:00`, `easter-Oct 31 24/7` | `seasons: [{ from: 06-01, to: 08-31, weekly: { mon: ["08:00-14:00"] } }]`, or `open` or `closed` instead of `weekly` |
/// | weekly | `Mo-Fr 09:00-12:00,13:00-17:30` | `weekly: { mon: ["09:00-12:00", "13:00-17:30"] }` |
///
/// In one layer the last that is for a date counts. In a text, a rule after `;` replaces what
/// ranks below it, and one after `,` adds its spans to it; a season's rule is for its weekdays
/// only, while a season of plain data is closed on weekdays that it leaves out. The text is a
/// subset of OpenStreetMap's opening_hours; the rest of that is refused, with its position. Weeks
/// are those of ISO 8601, Easter is that of the western churches.
///
/// ```
/// use callroute_rules::{ChronoTz, load};
///
/// let engine = load("routes.yaml", r#"
/// version: 1
/// default: { action: voicemail, message: general }
/// calendars: { us: { dates: [2026-12-25] } }
/// hours:
///   office: { zone: America/New_York, open: "Mo-Fr 09:00-17:30; Fr[-1] 09:00-12:00; PH off", holidays: us }
/// "#, &(), &ChronoTz)?;
///
/// let office = engine.hours("office").ok_or("no such hours")?;
/// assert_eq!(
///     office.answer("2026-04-24T17:00:00Z".parse()?).to_string(),
///     "closed at Fri 2026-04-24 13:00 (nth weekday), opens Mon 2026-04-27 09:00"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Hours {
    name: String,
    pub(super) plan: Plan,
    /// Whether it is open, where that never changes.
    pub(super) constant: Option<bool>,
    zone: Arc<dyn Zone>,
    /// Its weeks, worked out when hours are compared.
    pub(super) week: OnceLock<Option<Week>>,
    /// Its dates, worked out when dates are compared.
    pub(super) dates: OnceLock<Option<Dates>>,
    /// They are the dates of a `date` condition.
    is_date: bool,
}

impl Hours {
    pub(crate) fn new(name: String, plan: Plan, zone: Arc<dyn Zone>) -> Self {
        let constant = plan.constant();
        Self {
            name,
            plan,
            constant,
            zone,
            week: OnceLock::new(),
            dates: OnceLock::new(),
            is_date: false,
        }
    }

    /// The dates of a `date` condition, open all day.
    pub(crate) fn of_date(name: String, plan: Plan, zone: Arc<dyn Zone>) -> Self {
        Self {
            is_date: true,
            ..Self::new(name, plan, zone)
        }
    }

    /// Whether they are the dates of a `date` condition.
    pub(crate) fn is_date(&self) -> bool {
        self.is_date
    }

    /// Whether they are open, when that never changes; what is forced for a while does not count.
    pub(crate) fn constant(&self) -> Option<bool> {
        self.constant
    }

    /// Whether every week is like the next, but for where the clock on the wall jumps.
    pub(crate) fn is_weekly(&self) -> bool {
        !self.plan.has_dates() && self.plan.force.is_none()
    }

    /// Whether the same clock on the wall counts for both.
    pub(super) fn is_in_zone_of(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.zone, &other.zone)
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
