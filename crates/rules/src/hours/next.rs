//! When it next opens or closes: searched by events, not by the clock.

use chrono::{Days, NaiveDate, NaiveDateTime, TimeDelta};

use super::eval::Hours;

/// How far ahead a change is looked for, in days.
const HORIZON: u64 = 400;

impl Hours {
    /// The first instant after `utc` at which it is no longer `open`.
    ///
    /// Between two changes of the zone's offset the wall runs evenly, so the state can change
    /// only at an edge of a span; and it can change where the wall jumps.
    pub(super) fn next_change(&self, utc: NaiveDateTime, open: bool) -> Option<NaiveDateTime> {
        let limit = utc.checked_add_days(Days::new(HORIZON))?;
        let differs = |at: NaiveDateTime| self.state(self.wall(at)).0 != open;
        let mut from = utc;
        while from < limit {
            let to = self.even_until(from)?;
            let edges = self.edges(from, to);
            if let Some(found) = edges.into_iter().find(|edge| differs(*edge)) {
                return Some(found);
            }
            if differs(to) {
                return Some(to);
            }
            from = to;
        }
        None
    }

    /// The end of a stretch of at most a day over which the offset stays the same: a day later,
    /// or where the wall jumps.
    fn even_until(&self, from: NaiveDateTime) -> Option<NaiveDateTime> {
        let day_later = from.checked_add_days(Days::new(1))?;
        let offset = self.offset(from);
        if self.offset(day_later) == offset {
            return Some(day_later);
        }
        let (mut same, mut other) = (0, 86_400);
        while other - same > 1 {
            let middle = (same + other) / 2;
            let at = from.checked_add_signed(TimeDelta::seconds(middle))?;
            if self.offset(at) == offset {
                same = middle;
            } else {
                other = middle;
            }
        }
        let jump = from.checked_add_signed(TimeDelta::seconds(other))?;
        // Zones jump at whole seconds; `from` may carry a fraction.
        let whole = jump.and_utc().timestamp();
        chrono::DateTime::from_timestamp(whole, 0).map(|jump| jump.naive_utc())
    }

    /// The edges of spans strictly between two instants of one offset, in order.
    fn edges(&self, from: NaiveDateTime, to: NaiveDateTime) -> Vec<NaiveDateTime> {
        let offset = self.offset(from);
        let mut edges = Vec::new();
        let wall = (
            from.checked_add_signed(offset),
            to.checked_add_signed(offset),
        );
        let (Some(first), Some(last)) = wall else {
            return edges;
        };
        let mut date = first.date().pred_opt();
        while let Some(day) = date.filter(|day| *day <= last.date()) {
            edges.extend(
                self.day_edges(day, offset)
                    .filter(|edge| from < *edge && *edge < to),
            );
            date = day.succ_opt();
        }
        edges.sort_unstable();
        edges
    }

    fn day_edges(&self, day: NaiveDate, offset: TimeDelta) -> impl Iterator<Item = NaiveDateTime> {
        let midnight = NaiveDateTime::from(day);
        let (spans, _) = self.plan.day(day);
        spans.edges().filter_map(move |minute| {
            midnight
                .checked_add_signed(TimeDelta::minutes(i64::from(minute)))?
                .checked_sub_signed(offset)
        })
    }
}
