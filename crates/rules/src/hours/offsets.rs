//! A zone's offsets over some decades, as a table: no calendar arithmetic while a call waits.

use std::sync::Arc;

use chrono::{DateTime, NaiveDateTime};

use crate::zone::Zone;

/// 2010-01-01 and 2050-01-01, in seconds since 1970.
const FROM: i64 = 1_262_304_000;
const TO: i64 = 2_524_608_000;
/// How far apart a zone is asked. Since 2010 no zone has changed twice within four weeks.
const STEP: i64 = 7 * 86_400;
/// Instants of one cell share their high bits: about 24 days, so that a cell has one change.
const CELL: u32 = 21;

/// What to add to UTC for the clock on the wall, from 2010 to 2050.
#[derive(Debug, Clone)]
pub(crate) struct Offsets {
    cells: Arc<[Cell]>,
}

/// Some days, in which the clock is put forward or back at most once.
#[derive(Debug, Clone, Copy)]
struct Cell {
    /// From which instant on the second offset counts; `i64::MAX`: in none.
    change: i64,
    offsets: [i32; 2],
}

impl Offsets {
    pub(crate) fn new(zone: &Arc<dyn Zone>) -> Self {
        let mut changes = Vec::new();
        let first = offset(zone, FROM);
        let (mut before, mut last) = (FROM, first);
        while before < TO {
            let after = before + STEP;
            if offset(zone, after) != last {
                let at = first_other(zone, before, after, last);
                last = offset(zone, at);
                changes.push((at, last));
            }
            before = after;
        }
        let mut last = first;
        let mut changes = changes.into_iter().peekable();
        let cells = 0..=(TO - FROM) >> CELL;
        let cells = cells.map(|cell| {
            let ends = FROM + ((cell + 1) << CELL);
            let before = last;
            match changes.next_if(|(at, _)| *at < ends) {
                None => Cell {
                    change: i64::MAX,
                    offsets: [before; 2],
                },
                Some((change, after)) => {
                    last = after;
                    Cell {
                        change,
                        offsets: [before, after],
                    }
                }
            }
        });
        Self {
            cells: cells.collect(),
        }
    }

    /// Seconds to add to UTC; `None` outside the table.
    #[inline]
    pub(crate) fn at(&self, utc: i64) -> Option<i32> {
        let cell = self.cell(utc)?;
        let [before, after] = cell.offsets;
        Some(if utc < cell.change { before } else { after })
    }

    /// What the clock on the wall reads, in seconds as if it were UTC; `None` outside the table,
    /// whose decades fit in 32 bits.
    #[inline(always)]
    pub(crate) fn local(&self, utc: i64) -> Option<u32> {
        let offset = self.at(utc)?;
        let utc = u32::try_from(utc & i64::from(u32::MAX)).ok()?;
        Some(utc.wrapping_add_signed(offset))
    }

    #[inline(always)]
    fn cell(&self, utc: i64) -> Option<&Cell> {
        // Before the table it is a place beyond its end.
        let cell = utc.wrapping_sub(FROM).cast_unsigned() >> CELL;
        self.cells.get(usize::try_from(cell).ok()?)
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
