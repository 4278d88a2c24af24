//! A zone's offsets over some decades, as a table: no calendar arithmetic while a call waits.

use std::sync::Arc;

use chrono::{DateTime, NaiveDateTime};

use crate::zone::Zone;

/// 2010-01-01 and 2050-01-01, in seconds since 1970.
const FROM: i64 = 1_262_304_000;
const TO: i64 = 2_524_608_000;
/// How far apart a zone is asked. Since 2010 no zone has changed twice within four weeks.
const STEP: i64 = 7 * 86_400;
/// Instants of one cell of the index share their high bits: about 48 days.
const CELL: u32 = 22;

/// What to add to UTC for the clock on the wall, from 2010 to 2050.
#[derive(Debug)]
pub(crate) struct Offsets {
    /// From which instant on each offset counts, sorted; the first is [`FROM`].
    changes: Box<[(i64, i32)]>,
    /// For each cell the last change at or before its beginning.
    index: Box<[u16]>,
}

impl Offsets {
    pub(crate) fn new(zone: &Arc<dyn Zone>) -> Self {
        let mut changes = vec![(FROM, offset(zone, FROM))];
        let mut before = FROM;
        while before < TO {
            let after = before + STEP;
            let last = changes.last().map_or(0, |(_, offset)| *offset);
            if offset(zone, after) != last {
                let at = first_other(zone, before, after, last);
                changes.push((at, offset(zone, at)));
            }
            before = after;
        }
        let cells = 0..=(TO - FROM) >> CELL;
        let index = cells.map(|cell| {
            let begins = FROM + (cell << CELL);
            let after = changes.partition_point(|(at, _)| *at <= begins);
            u16::try_from(after.saturating_sub(1)).unwrap_or(0)
        });
        Self {
            index: index.collect(),
            changes: changes.into(),
        }
    }

    /// Seconds to add to UTC; `None` outside the table.
    #[inline]
    pub(crate) fn at(&self, utc: i64) -> Option<i32> {
        let cell = usize::try_from((utc - FROM) >> CELL).ok()?;
        if utc >= TO {
            return None;
        }
        let mut place = usize::from(*self.index.get(cell)?);
        let mut found = self.changes.get(place)?.1;
        while let Some((at, offset)) = self.changes.get(place + 1) {
            if *at > utc {
                break;
            }
            found = *offset;
            place += 1;
        }
        Some(found)
    }
}

/// The first second at which the offset is no longer `before`'s.
fn first_other(zone: &Arc<dyn Zone>, before: i64, after: i64, same: i32) -> i64 {
    let (mut low, mut high) = (before, after);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if offset(zone, middle) == same {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

fn offset(zone: &Arc<dyn Zone>, utc: i64) -> i32 {
    let instant: Option<NaiveDateTime> = DateTime::from_timestamp(utc, 0).map(|at| at.naive_utc());
    instant.map_or(0, |instant| zone.offset_at_utc(instant))
}
