//! Hours as two lines of memory: open or closed without calendar arithmetic.
//!
//! The week is a bit for each quarter of an hour. Hours that begin or end in between keep a sorted
//! list of the minutes at which they do. Dates that are not like their weekday are looked up by
//! their number. What lies outside the decades that the tables cover is asked of [`Hours`], which
//! is always right and takes longer.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta};

use super::day::Plan;
use super::eval::Hours;
use super::offsets::Offsets;

/// Minutes of a day and of a week.
const DAY: u16 = 1_440;
const WEEK: u16 = 7 * DAY;
/// Seconds of a quarter of an hour, of a day and of a week.
const QUARTER_S: u32 = 900;
const DAY_S: u32 = 86_400;
const WEEK_S: u32 = 7 * DAY_S;
/// Quarters of a week, a bit each.
const WORDS: usize = 11;
/// 1970 began on a Thursday.
const FROM_MONDAY: u32 = 3 * DAY_S;
/// 2020-01-01, as days since 1970, and how many days the dates cover, a bit each: whole words, so
/// that no bit stands for a day that nobody looked at; to 2040-02-24.
const FIRST: u32 = 18_262;
const DAYS: i64 = 115 * 64;

/// Hours, ready to be asked for every call.
#[derive(Debug)]
#[repr(align(64))]
pub(crate) struct Schedule {
    /// A bit for each quarter of the week from Monday 00:00, where it is open.
    week: [u64; WORDS],
    offsets: Offsets,
    /// What is not told by the week alone.
    more: Option<Box<More>>,
    hours: Arc<Hours>,
}

#[derive(Debug)]
struct More {
    /// Up to which second somebody holds it open or closed; `i64::MIN`: nobody does.
    held_until: i64,
    dates: Option<Dates>,
    /// The minutes of the week at which it flips, sorted, when one is no full quarter.
    flips: Option<Flips>,
}

/// Minutes at which it is no longer as it was the minute before.
#[derive(Debug)]
struct Flips {
    /// Whether it is open before the first.
    open: bool,
    minutes: Box<[u16]>,
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
    pub(crate) fn new(hours: Arc<Hours>, offsets: Offsets) -> Self {
        let mut edges: Vec<u16> = Vec::new();
        for (day, spans) in (0..7_u16).zip(&hours.plan.weekly) {
            edges.extend(spans.edges().map(|minute| (day * DAY + minute) % WEEK));
        }
        let open_at = |minute: u16| week_open(&hours.plan, minute);
        let flips = flips(edges, WEEK, open_at);
        let mut week = [0_u64; WORDS];
        for (word, first) in week.iter_mut().zip((0_u16..).step_by(64)) {
            for bit in 0..64 {
                let minute = (first + bit) * 15;
                if minute < WEEK && open_at(minute) {
                    *word |= 1 << bit;
                }
            }
        }
        let between = flips.iter().any(|minute| !minute.is_multiple_of(15));
        let dates = hours.plan.has_dates();
        let more = More {
            held_until: match &hours.plan.force {
                Some(force) => force.until.timestamp(),
                None => i64::MIN,
            },
            dates: dates.then(|| Dates::new(&hours.plan)),
            flips: between.then(|| Flips {
                open: open_at(0),
                minutes: flips.into(),
            }),
        };
        let is_plain = !dates && !between && more.held_until == i64::MIN;
        Self {
            week,
            offsets,
            more: (!is_plain).then(|| Box::new(more)),
            hours,
        }
    }

    pub(crate) fn hours(&self) -> &Arc<Hours> {
        &self.hours
    }

    /// Whether it is open at an instant, given in whole seconds since 1970.
    #[inline]
    pub(crate) fn is_open(&self, utc: i64) -> bool {
        self.quick(utc).unwrap_or_else(|| self.ask(utc))
    }

    #[cold]
    #[inline(never)]
    fn ask(&self, utc: i64) -> bool {
        let instant = DateTime::from_timestamp(utc, 0);
        instant.is_some_and(|instant| self.hours.is_open_at(instant))
    }

    /// `None`: the tables do not tell.
    #[inline]
    fn quick(&self, utc: i64) -> Option<bool> {
        let local = self.offsets.local(utc)?;
        match &self.more {
            None => self.plain(local),
            Some(more) => self.unusual(more, utc, local),
        }
    }

    /// As the week is, with nothing else to look at.
    #[inline(always)]
    fn plain(&self, local: u32) -> Option<bool> {
        let quarter = local.wrapping_add(FROM_MONDAY) % WEEK_S / QUARTER_S;
        let word = self.week.get(usize::try_from(quarter / 64).ok()?)?;
        Some(word >> (quarter % 64) & 1 == 1)
    }

    /// With a look at what is not told by the week: not where all others pass by.
    #[inline(never)]
    fn unusual(&self, more: &More, utc: i64, local: u32) -> Option<bool> {
        if utc <= more.held_until {
            return None;
        }
        if let Some(dates) = &more.dates
            && let Some(open) = dates.quick(local)?
        {
            return Some(open);
        }
        if let Some(flips) = &more.flips {
            let second = local.wrapping_add(FROM_MONDAY) % WEEK_S;
            return Some(flips.is_open(u16::try_from(second / 60).ok()?));
        }
        self.plain(local)
    }
}

impl Flips {
    fn is_open(&self, minute: u16) -> bool {
        let passed = self.minutes.partition_point(|flip| *flip <= minute);
        self.open ^ (passed % 2 == 1)
    }
}

impl Dates {
    fn new(plan: &Plan) -> Self {
        let mut bits = vec![0_u64; usize::try_from(DAYS).unwrap_or(0).div_ceil(64)];
        let mut days = Vec::new();
        let mut all = Vec::new();
        let first = DateTime::from_timestamp(i64::from(FIRST) * i64::from(DAY_S), 0)
            .map(|at| at.date_naive());
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

    /// Whether it is open on a date that is not like its weekday; the outer `None`: dates do not
    /// reach so far, the inner: the date is like its weekday.
    #[inline]
    #[expect(clippy::option_option, reason = "the two are told apart")]
    fn quick(&self, local: u32) -> Option<Option<bool>> {
        let number = usize::try_from((local / DAY_S).checked_sub(FIRST)?).ok()?;
        let word = self.bits.get(number / 64)?;
        if word >> (number % 64) & 1 == 0 {
            return Some(None);
        }
        self.is_open(number, u16::try_from(local % DAY_S / 60).ok()?)
            .map(Some)
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
