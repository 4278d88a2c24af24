//! Who is on duty: a function of time that changes in steps.

use super::tables::ZoneTable;

/// One rota.
#[derive(Debug)]
pub(crate) struct Rota {
    pub(crate) name: Box<str>,
    pub(crate) turns: Turns,
}

/// How it goes on.
#[derive(Debug)]
pub(crate) enum Turns {
    /// From which instant on (seconds since 1970) who is on duty; sorted.
    Steps(Box<[(i64, Option<Box<str>>)]>),
    /// Agents take turns for ever.
    Cycle {
        who: Box<[Box<str>]>,
        /// When the first turn begins by the clock on the wall, in seconds since 1970 there.
        from: i64,
        /// How long a turn is by that clock, in seconds; at least an hour.
        every: i64,
        /// The zone's offsets, as a place in the engine's tables.
        zone: u32,
    },
}

impl Turns {
    /// Everybody who is on duty at some time, each once.
    pub(crate) fn agents(&self) -> Vec<&str> {
        let mut all: Vec<&str> = match self {
            Self::Steps(steps) => steps.iter().filter_map(|(_, who)| who.as_deref()).collect(),
            Self::Cycle { who, .. } => who.iter().map(AsRef::as_ref).collect(),
        };
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Who is on duty.
    pub(crate) fn at(&self, utc: i64, zones: &[ZoneTable]) -> Option<&str> {
        match self {
            Self::Steps(steps) => {
                let after = steps.partition_point(|(from, _)| *from <= utc);
                let (_, who) = steps.get(after.checked_sub(1)?)?;
                who.as_deref()
            }
            Self::Cycle {
                who,
                from,
                every,
                zone,
            } => {
                let turn = turn(utc, *from, *every, zones.get(*zone as usize)?)?;
                let place = place(turn, who.len()).filter(|_| turn >= 0)?;
                who.get(place).map(AsRef::as_ref)
            }
        }
    }

    /// The first instant after `utc` at which a turn of somebody begins whom `is` means.
    pub(crate) fn next(
        &self,
        utc: i64,
        is: impl Fn(&str) -> bool,
        zones: &[ZoneTable],
    ) -> Option<i64> {
        match self {
            Self::Steps(steps) => {
                let mut later = steps.iter().filter(|(from, _)| *from > utc);
                let found = later.find(|(_, who)| who.as_deref().is_some_and(&is));
                found.map(|(from, _)| *from)
            }
            Self::Cycle {
                who,
                from,
                every,
                zone,
            } => {
                let zone = zones.get(*zone as usize)?;
                let next = turn(utc, *from, *every, zone)?.max(-1).saturating_add(1);
                let mut ahead = (next..).zip(who.iter().cycle().skip(place(next, who.len())?));
                let (turn, _) = ahead.by_ref().take(who.len()).find(|(_, who)| is(who))?;
                Some(zone.first_reading(from + turn * every))
            }
        }
    }
}

/// Which turn it is; before the first it is less than 0. A turn begins when the clock on the wall
/// first reads so, and goes on when that is put back.
fn turn(utc: i64, from: i64, every: i64, zone: &ZoneTable) -> Option<i64> {
    const DAY: i64 = 86_400;
    let wall = utc + i64::from(zone.offset(utc));
    let mut turn = (wall - from).checked_div_euclid(every)?;
    loop {
        // No clock is put back by more than a day.
        let next = from + turn.saturating_add(1) * every;
        if next - wall > DAY || zone.first_reading(next) > utc {
            return Some(turn);
        }
        turn += 1;
    }
}

/// Whose turn of so many it is.
fn place(turn: i64, count: usize) -> Option<usize> {
    usize::try_from(turn.checked_rem_euclid(i64::try_from(count).ok()?)?).ok()
}

#[cfg(test)]
mod tests {
    use super::{Turns, ZoneTable};
    use crate::hours::Offsets;
    use crate::zone::{ChronoTz, Zones};

    const HOUR: i64 = 3_600;
    /// 2026-03-08 and 2026-11-01 in UTC, in seconds since 1970: clocks of New York change in their
    /// nights.
    const CHANGES: [i64; 2] = [1_772_928_000, 1_793_491_200];

    fn new_york() -> ZoneTable {
        let name = "America/New_York";
        let zone = ChronoTz.zone(name).unwrap();
        ZoneTable {
            name: name.to_owned(),
            offsets: Offsets::new(&zone),
            zone,
        }
    }

    fn cycle(from: i64, every: i64) -> Turns {
        Turns::Cycle {
            who: ["ann", "bob", "cem"].map(Into::into).into(),
            from,
            every,
            zone: 0,
        }
    }

    /// Against the latest that the clock has read so far, minute by minute.
    #[test]
    fn a_turn_begins_when_the_clock_first_reads_so() {
        let zones = [new_york()];
        for (change, begin, every) in CHANGES.iter().flat_map(|change| {
            let begins = [1, 2, 3].map(|half| HOUR + half * HOUR / 2);
            let both = |begin| [24 * HOUR, HOUR].map(|every| (*change, begin, every));
            begins.into_iter().flat_map(both)
        }) {
            let turns = cycle(change - 48 * HOUR + begin, every);
            let mut read = i64::MIN;
            let mut told: Vec<(i64, Option<&str>)> = Vec::new();
            for utc in (change - 60 * HOUR..change + 60 * HOUR).step_by(60) {
                read = read.max(utc + i64::from(zones[0].offset(utc)));
                let since = read - (change - 48 * HOUR + begin);
                let place = usize::try_from(since.div_euclid(every)).ok();
                let wanted = place.map(|place| ["ann", "bob", "cem"][place % 3]);
                assert_eq!(turns.at(utc, &zones), wanted, "{begin} {every} {utc}");
                told.push((utc, wanted));
            }
            for (place, (utc, now)) in told.iter().enumerate().step_by(7) {
                let mut later = told[place..].iter().filter(|(_, who)| who != now);
                let Some((at, Some(who))) = later.next() else {
                    continue;
                };
                let next = turns.next(*utc, |name| name == *who, &zones);
                assert_eq!(next, Some(*at), "{begin} {every} {utc}");
            }
        }
    }

    #[test]
    fn the_next_turn_is_the_first_that_is_theirs() {
        let zones = [new_york()];
        let next = |turns: &Turns, utc, who: &str| turns.next(utc, |name| name == who, &zones);
        let cycle = cycle(CHANGES[0] + 9 * HOUR, 24 * HOUR);
        // At 9 in summer time, which is 4 hours behind.
        let first = CHANGES[0] + 13 * HOUR;
        for (utc, who, turn) in [
            (0, "ann", 0),
            (0, "cem", 2),
            (first - 1, "ann", 0),
            (first, "ann", 3),
            (first, "bob", 1),
            (first + 24 * HOUR, "cem", 2),
            (first + 72 * HOUR, "cem", 5),
        ] {
            let wanted = first + turn * 24 * HOUR;
            assert_eq!(next(&cycle, utc, who), Some(wanted), "{utc} {who}");
        }
        assert_eq!(next(&cycle, 0, "dan"), None);
        let steps = [
            (0, Some("ann")),
            (10, None),
            (20, Some("bob")),
            (30, Some("ann")),
        ];
        let steps = Turns::Steps(steps.map(|(at, who)| (at, who.map(Into::into))).into());
        assert_eq!(next(&steps, 0, "ann"), Some(30));
        assert_eq!(next(&steps, 0, "bob"), Some(20));
        assert_eq!(next(&steps, 30, "ann"), None);
    }
}
