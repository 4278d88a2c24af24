//! A zone's offsets over some decades, as a table: no calendar arithmetic while a call waits.

use std::sync::Arc;

use chrono::{DateTime, NaiveDateTime};

use crate::zone::Zone;

/// 2010-01-01 and 2050-01-01, in seconds since 1970.
const FROM: i64 = 1_262_304_000;
const TO: i64 = 2_524_608_000;
/// How far apart a zone is asked: no clock is put forward and back within two days.
const STEP: i64 = 2 * 86_400;
/// Instants of one cell share their high bits: about 24 days. Most cells have one change or none;
/// two are in those of Gaza and Hebron in years whose Ramadan ends with the summer.
const CELL: u32 = 21;
/// In the place of an offset: the cell has more changes than it has room for.
const MANY: i32 = i32::MIN;

/// What to add to UTC for the clock on the wall, from 2010 to 2050.
#[derive(Debug, Clone)]
pub(crate) struct Offsets {
    cells: Arc<[Cell]>,
}

/// Some days, and the one time in them at which the clock is put forward or back.
#[derive(Debug, Clone, Copy)]
struct Cell {
    /// From which instant on the second offset counts; `i64::MAX`: in none.
    change: i64,
    /// Both [`MANY`]: whoever asks has to ask the zone.
    offsets: [i32; 2],
}

impl Offsets {
    pub(crate) fn new(zone: &Arc<dyn Zone>) -> Self {
        let mut changes = Vec::new();
        let first = offset(zone, FROM);
        let (mut before, mut last) = (FROM, first);
        while before < TO {
            let after = before + STEP;
            while offset(zone, after) != last {
                let at = first_other(zone, before, after, last);
                last = offset(zone, at);
                changes.push((at, last));
                before = at;
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
                    let mut offsets = [before, after];
                    while let Some((_, later)) = changes.next_if(|(at, _)| *at < ends) {
                        last = later;
                        offsets = [MANY; 2];
                    }
                    Cell { change, offsets }
                }
            }
        });
        Self {
            cells: cells.collect(),
        }
    }

    /// Seconds to add to UTC; `None` outside the table, and where it has no room for all changes.
    #[inline]
    pub(crate) fn at(&self, utc: i64) -> Option<i32> {
        let cell = self.cell(utc)?;
        let [before, after] = cell.offsets;
        let offset = if utc < cell.change { before } else { after };
        (offset != MANY).then_some(offset)
    }

    /// What the clock on the wall reads, in seconds as if it were UTC; `None` where [`at`](Self::at)
    /// has none. The table's decades fit in 32 bits.
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

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Offset, TimeZone};
    use chrono_tz::{TZ_VARIANTS, Tz};

    use super::{FROM, Offsets, TO};
    use crate::engine::ZoneTable;
    use crate::zone::{ChronoTz, Zones};

    fn of(zone: Tz, utc: i64) -> i32 {
        let utc = DateTime::from_timestamp(utc, 0).unwrap().naive_utc();
        zone.offset_from_utc_datetime(&utc).fix().local_minus_utc()
    }

    /// The instants of 2010 to 2050 at which a zone's offset is another than a second before,
    /// looked for twice a day.
    fn changes(zone: Tz) -> Vec<i64> {
        let mut changes = Vec::new();
        let mut before = of(zone, FROM);
        for half in (FROM..TO).step_by(43_200) {
            let end = half + 43_200;
            if of(zone, end) != before {
                let (mut same, mut other) = (half, end);
                while other - same > 1 {
                    let middle = same.midpoint(other);
                    match of(zone, middle) == before {
                        true => same = middle,
                        false => other = middle,
                    }
                }
                changes.push(other);
                before = of(zone, end);
            }
        }
        changes
    }

    #[test]
    fn every_change_of_every_zone_is_the_zones_own() {
        let (mut seen, mut many) = (0, Vec::new());
        for zone in TZ_VARIANTS {
            let shared = ChronoTz.zone(zone.name()).unwrap();
            let table = ZoneTable {
                name: zone.name().to_owned(),
                offsets: Offsets::new(&shared),
                zone: shared,
            };
            for change in changes(zone) {
                seen += 1;
                for utc in [-86_400, -1, 0, 1, 86_400].map(|beside| change + beside) {
                    let wanted = of(zone, utc);
                    assert_eq!(table.offset(utc), wanted, "{zone} {utc}");
                    let quick = table.offsets.at(utc);
                    assert!(quick.is_none_or(|quick| quick == wanted), "{zone} {utc}");
                    if quick.is_none() && (FROM..TO).contains(&utc) {
                        many.push(zone.name());
                    }
                }
            }
        }
        assert!(seen > 10_000, "{seen}");
        many.dedup();
        // What the table has no room for is rare.
        assert!(many.contains(&"Asia/Gaza") && many.len() < 20, "{many:?}");
    }
}
