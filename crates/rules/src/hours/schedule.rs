//! Hours as a line of memory: open or closed without calendar arithmetic.
//!
//! The week is a sorted list of minutes at which the state flips. Dates that are not like their
//! weekday are looked up by their number. What does not fit, or lies outside the decades that
//! the tables cover, is asked of [`Hours`], which is always right and takes longer.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta};

use super::day::Plan;
use super::eval::Hours;
use super::offsets::Offsets;

/// Flips of a week that fit: two spans a day.
const FLIPS: usize = 28;
/// Minutes of a day and of a week.
const DAY: u16 = 1_440;
const WEEK: u16 = 7 * DAY;
/// Seconds of a day.
const DAY_S: i64 = 86_400;
/// 2020-01-01, as days since 1970, and how many days the dates cover: to the end of 2039.
const FIRST: i64 = 18_262;
const DAYS: i64 = 7_305;

/// Hours, ready to be asked for every call.
#[derive(Debug)]
#[repr(align(64))]
pub(crate) struct Schedule {
    /// Minutes of the week, from Monday 00:00, at which it flips; sorted, the rest is `u16::MAX`.
    flips: [u16; FLIPS],
    more: Box<More>,
}

#[derive(Debug)]
struct More {
    /// Whether it is open before the first flip of the week.
    open: bool,
    /// Whether the line has room for every flip of the week.
    fits: bool,
    hours: Arc<Hours>,
    offsets: Arc<Offsets>,
    dates: Option<Dates>,
}

/// Dates that are not like their weekday.
#[derive(Debug)]
struct Dates {
    /// A bit for each day from [`FIRST`] on.
    bits: Box<[u64]>,
    /// Days from [`FIRST`], sorted, each with where its minutes begin in `flips`.
    days: Box<[(u16, u32)]>,
    /// For each day: 1 when it begins open, else 0; then the minutes at which it flips.
    flips: Box<[u16]>,
}

impl Schedule {
    pub(crate) fn new(hours: Arc<Hours>, offsets: Arc<Offsets>) -> Self {
        let mut edges: Vec<u16> = Vec::new();
        for (day, spans) in (0..7_u16).zip(&hours.plan.weekly) {
            edges.extend(spans.edges().map(|minute| (day * DAY + minute) % WEEK));
        }
        let open_at = |minute: u16| week_open(&hours.plan, minute);
        let flips = flips(edges, WEEK, open_at);
        let mut line = [u16::MAX; FLIPS];
        for (slot, flip) in line.iter_mut().zip(&flips) {
            *slot = *flip;
        }
        let dates = hours.plan.has_dates().then(|| Dates::new(&hours.plan));
        Self {
            flips: line,
            more: Box::new(More {
                open: open_at(0),
                fits: flips.len() <= FLIPS,
                hours,
                offsets,
                dates,
            }),
        }
    }

    pub(crate) fn hours(&self) -> &Arc<Hours> {
        &self.more.hours
    }

    /// Whether it is open at an instant, given in whole seconds since 1970.
    #[inline]
    pub(crate) fn is_open(&self, utc: i64) -> bool {
        self.quick(utc).unwrap_or_else(|| self.ask(utc))
    }

    fn ask(&self, utc: i64) -> bool {
        let instant = DateTime::from_timestamp(utc, 0);
        instant.is_some_and(|instant| self.more.hours.is_open_at(instant))
    }

    /// `None`: the tables do not tell.
    #[inline]
    fn quick(&self, utc: i64) -> Option<bool> {
        let more = &*self.more;
        if let Some(force) = &more.hours.plan.force
            && utc <= force.until.timestamp()
        {
            return None;
        }
        let local = utc + i64::from(more.offsets.at(utc)?);
        let day = local.div_euclid(DAY_S);
        let minute = u16::try_from(local.rem_euclid(DAY_S) / 60).ok()?;
        if let Some(dates) = &more.dates {
            let number = usize::try_from(day - FIRST).ok()?;
            let word = dates.bits.get(number / 64)?;
            if word >> (number % 64) & 1 == 1 {
                return dates.is_open(number, minute);
            }
        }
        if !more.fits {
            return None;
        }
        // 1970 began on a Thursday.
        let weekday = u16::try_from((day + 3).rem_euclid(7)).ok()?;
        let minute = weekday * DAY + minute;
        let passed = self.flips.iter().filter(|flip| **flip <= minute).count();
        Some(more.open ^ (passed % 2 == 1))
    }
}

impl Dates {
    fn new(plan: &Plan) -> Self {
        let mut bits = vec![0_u64; usize::try_from(DAYS).unwrap_or(0).div_ceil(64)];
        let mut days = Vec::new();
        let mut all = Vec::new();
        let first = DateTime::from_timestamp(FIRST * DAY_S, 0).map(|at| at.date_naive());
        let Some(mut date) = first.and_then(|first| first.pred_opt()) else {
            return Self {
                bits: bits.into(),
                days: days.into(),
                flips: all.into(),
            };
        };
        let mut before = plan.day(date);
        for number in 0..DAYS {
            date = date
                .checked_add_signed(TimeDelta::days(1))
                .unwrap_or(NaiveDate::MAX);
            let day = plan.day(date);
            if day.is_special() || before.is_special() {
                let open_at = |minute: u16| {
                    let second = u32::from(minute) * 60;
                    day.hold(second) || before.hold(second + u32::from(DAY) * 60)
                };
                let spilled = before.edges().filter_map(|minute| minute.checked_sub(DAY));
                let edges = day.edges().filter(|minute| *minute < DAY).chain(spilled);
                let begins = u32::try_from(all.len()).unwrap_or(u32::MAX);
                all.push(u16::from(open_at(0)));
                all.extend(flips(edges.collect(), DAY, open_at));
                days.push((u16::try_from(number).unwrap_or(u16::MAX), begins));
                let place = usize::try_from(number).unwrap_or(0);
                if let Some(word) = bits.get_mut(place / 64) {
                    *word |= 1 << (place % 64);
                }
            }
            before = day;
        }
        // Days past the end are not covered: the loop stops at the last whole one.
        Self {
            bits: bits.into(),
            days: days.into(),
            flips: all.into(),
        }
    }

    fn is_open(&self, number: usize, minute: u16) -> Option<bool> {
        let number = u16::try_from(number).ok()?;
        let place = self
            .days
            .binary_search_by_key(&number, |(day, _)| *day)
            .ok()?;
        let begins = usize::try_from(self.days.get(place)?.1).ok()?;
        let ends = match self.days.get(place + 1) {
            Some((_, next)) => usize::try_from(*next).ok()?,
            None => self.flips.len(),
        };
        let (open, flips) = self.flips.get(begins..ends)?.split_first()?;
        let passed = flips.iter().filter(|flip| **flip <= minute).count();
        Some((*open == 1) ^ (passed % 2 == 1))
    }
}

/// The minutes after the first at which the state is not what it was the minute before.
fn flips(mut edges: Vec<u16>, end: u16, open_at: impl Fn(u16) -> bool) -> Vec<u16> {
    edges.sort_unstable();
    edges.dedup();
    edges.retain(|minute| (1..end).contains(minute) && open_at(*minute) != open_at(minute - 1));
    edges
}

/// Whether the plain week is open at a minute of it.
fn week_open(plan: &Plan, minute: u16) -> bool {
    let (day, minute) = (usize::from(minute / DAY), minute % DAY);
    let second = u32::from(minute) * 60;
    let holds = |day: usize, second| {
        plan.weekly
            .get(day % 7)
            .is_some_and(|spans| spans.hold(second))
    };
    holds(day, second) || holds(day + 6, second + u32::from(DAY) * 60)
}

#[cfg(test)]
mod tests;
