//! When it next opens or closes: searched by events, not by the clock.

use chrono::{Datelike, NaiveDate, NaiveDateTime, TimeDelta, Timelike};

use super::day::{Day, Force, Plan};
use super::eval::Hours;

/// How far ahead a change is looked for, in days.
const HORIZON: i64 = 400;
/// Seconds of a day on the wall.
const DAY: u32 = 86_400;

impl Hours {
    /// The first instant after `utc` at which it is no longer `open`.
    ///
    /// Between two changes of the zone's offset the wall runs evenly, so the state can change
    /// only at an edge of a span; and it can change where the wall jumps, and where what is
    /// forced ends.
    pub(super) fn next_change(
        &self,
        utc: NaiveDateTime,
        open: bool,
        forced: Option<&Force>,
    ) -> Option<NaiveDateTime> {
        let limit = utc.checked_add_signed(TimeDelta::days(HORIZON))?;
        let mut from = utc;
        if let Some(force) = forced {
            from = force.until.naive_utc();
            if from > limit {
                return None;
            }
            if self.by_wall(from) != open {
                return Some(from);
            }
        }
        if self.constant.is_some() {
            return None;
        }
        let mut seen = Seen::new(&self.plan);
        let mut offset = self.offset(from);
        while from < limit {
            let (mut to, mut then) = self.even_until(from, offset)?;
            if to > limit {
                (to, then) = (limit, offset);
            }
            // Where the wall jumps, what it reads after the jump counts, and not an edge there.
            let jumps = then != offset;
            let last = TimeDelta::nanoseconds(i64::from(!jumps));
            let until = to.checked_add_signed(last)?;
            if let Some(edge) = seen.changed(from, until, offset, open) {
                return Some(edge);
            }
            if jumps && seen.state(to.checked_add_signed(then)?) != open {
                return Some(to);
            }
            (from, offset) = (to, then);
        }
        None
    }

    /// The end of a stretch of at most a day over which the offset stays the same: a day later,
    /// or where the wall jumps; and the offset from there.
    fn even_until(
        &self,
        from: NaiveDateTime,
        offset: TimeDelta,
    ) -> Option<(NaiveDateTime, TimeDelta)> {
        let day_later = from.checked_add_signed(TimeDelta::days(1))?;
        if self.offset(day_later) == offset {
            return Some((day_later, offset));
        }
        let (mut same, mut other) = (0, i64::from(DAY));
        while other - same > 1 {
            let middle = (same + other) / 2;
            let at = from.checked_add_signed(TimeDelta::seconds(middle))?;
            if self.offset(at) == offset {
                same = middle;
            } else {
                other = middle;
            }
        }
        // Zones jump at whole seconds; `from` may carry a fraction.
        let jump = from
            .checked_add_signed(TimeDelta::seconds(other))?
            .with_nanosecond(0)?;
        Some((jump, self.offset(jump)))
    }
}

/// The dates looked at last: each is worked out once.
struct Seen<'a> {
    plan: &'a Plan,
    recent: [Option<(NaiveDate, Day<'a>)>; 4],
}

impl<'a> Seen<'a> {
    fn new(plan: &'a Plan) -> Self {
        Self {
            plan,
            recent: [None; 4],
        }
    }

    fn day(&mut self, date: NaiveDate) -> Day<'a> {
        let place = date.num_days_from_ce().rem_euclid(4).unsigned_abs() as usize;
        let Some(kept) = self.recent.get_mut(place) else {
            return self.plan.day(date);
        };
        match kept {
            Some((kept, day)) if *kept == date => *day,
            _ => {
                let day = self.plan.day(date);
                *kept = Some((date, day));
                day
            }
        }
    }

    /// Whether it is open when the wall reads this.
    fn state(&mut self, local: NaiveDateTime) -> bool {
        let second = local.time().num_seconds_from_midnight();
        if self.day(local.date()).hold(second) {
            return true;
        }
        let before = local.date().pred_opt();
        before.is_some_and(|before| self.day(before).hold(second + DAY))
    }

    /// The first edge of a span strictly between two instants of one offset at which it is not
    /// `open`.
    fn changed(
        &mut self,
        from: NaiveDateTime,
        to: NaiveDateTime,
        offset: TimeDelta,
        open: bool,
    ) -> Option<NaiveDateTime> {
        let first = from.checked_add_signed(offset)?;
        let last = to.checked_add_signed(offset)?;
        let mut found: Option<NaiveDateTime> = None;
        let mut date = first.date().pred_opt();
        while let Some(day) = date.filter(|day| *day <= last.date()) {
            let midnight = NaiveDateTime::from(day);
            for minute in self.day(day).edges() {
                let edge = midnight.checked_add_signed(TimeDelta::minutes(i64::from(minute)));
                let nearer = |edge: &NaiveDateTime| {
                    first < *edge && *edge < last && found.is_none_or(|found| *edge < found)
                };
                if let Some(edge) = edge.filter(nearer)
                    && self.state(edge) != open
                {
                    found = Some(edge);
                }
            }
            date = day.succ_opt();
        }
        found?.checked_sub_signed(offset)
    }
}
