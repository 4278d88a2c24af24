//! Hours beside each other: whether some are never open, and whether some are open only while
//! others are.

use std::sync::Arc;

use chrono::{Datelike, NaiveDate, NaiveDateTime, TimeDelta};

use super::day::{Day, Plan, Rule};
use super::eval::Hours;
use super::span::{DAY, Spans};

/// The years that are looked at: dates and weekdays repeat after 400.
const YEARS: (i32, i32) = (1900, 2400);
/// Minutes of a day.
const MINUTES: usize = DAY as usize;
/// Minutes of a week.
const WEEK: usize = 7 * MINUTES;
/// Words that have a bit for each of them.
const WORDS: usize = WEEK.div_ceil(64);

/// The open minutes of each week, a bit each, Monday's first lowest.
pub(super) type Week = Box<[u64; WORDS]>;

/// The century in which the dates of conditions are compared, a bit for each.
const CENTURY: (i32, usize) = (2020, 36_525);

/// The dates of a condition.
pub(super) type Dates = Box<[u64]>;

impl Hours {
    /// Whether they are open at all times (`true`), or never (`false`). Where something is forced
    /// for a while, that is not so then.
    pub(crate) fn settled(&self) -> Option<bool> {
        if self.plan.force.is_some() {
            return None;
        }
        match self.constant() {
            None if self.is_never_open() => Some(false),
            constant => constant,
        }
    }

    /// Whether no clock ever reads a time at which they are open.
    fn is_never_open(&self) -> bool {
        let day = |date: NaiveDate| self.opens_on(date, self.plan.day(date));
        if self.plan.dates.keys().any(|date| day(*date)) {
            return false;
        }
        let (from, to) = YEARS;
        let first = NaiveDate::from_yo_opt(from, 1);
        let all = first.into_iter().flat_map(|first| first.iter_days());
        !all.take_while(|date| date.year() < to).any(day)
    }

    /// Whether the clock on the wall reads a minute of a date's spans: where it jumps, some it
    /// does not.
    fn opens_on(&self, date: NaiveDate, day: Day<'_>) -> bool {
        let midnight = NaiveDateTime::from(date);
        day.edges().zip(1_u8..).any(|(edge, count)| {
            // Starts and ends follow each other; a span begins at a start.
            count % 2 == 1
                && (edge..edge.saturating_add(2 * DAY))
                    .take_while(|minute| day.hold(u32::from(*minute) * 60))
                    .any(|minute| {
                        let minute = TimeDelta::minutes(i64::from(minute));
                        let wall = midnight.checked_add_signed(minute);
                        wall.is_some_and(|wall| self.reads(wall))
                    })
        })
    }

    /// Whether the clock on the wall ever reads this.
    fn reads(&self, wall: NaiveDateTime) -> bool {
        [-1, 1].into_iter().any(|days| {
            let near = wall.checked_add_signed(TimeDelta::days(days));
            let utc = near.and_then(|near| wall.checked_sub_signed(self.offset(near)));
            utc.is_some_and(|utc| self.wall(utc) == wall)
        })
    }

    /// Whether these are open only while others are, whatever the date. In doubt not.
    pub(crate) fn open_only_while(&self, other: &Self) -> bool {
        if !self.like(other) {
            return false;
        }
        match self.words_beside(other) {
            Some(mut words) => words.all(|(own, other)| own & !other == 0),
            None => self.plan.within(&other.plan),
        }
    }

    /// Whether these are never open while others are. In doubt not.
    pub(crate) fn open_only_without(&self, other: &Self) -> bool {
        self.like(other)
            && self
                .words_beside(other)
                .is_some_and(|mut words| words.all(|(own, other)| own & other == 0))
    }

    /// The open minutes of each week of both, or the dates of both, word by word; `None`: they are
    /// not of one kind.
    fn words_beside<'a>(
        &'a self,
        other: &'a Self,
    ) -> Option<impl Iterator<Item = (&'a u64, &'a u64)>> {
        let weeks = self.week().zip(other.week());
        let weeks = weeks.map(|(own, others)| (&own[..], &others[..]));
        let (own, others) = weeks.or_else(|| self.dates().zip(other.dates()))?;
        Some(own.iter().zip(others))
    }

    /// The dates of a `date` condition, which hold from midnight to midnight; `None`: it is none.
    fn dates(&self) -> Option<&[u64]> {
        let dates = || {
            let (year, count) = CENTURY;
            let mut dates = vec![0; count.div_ceil(64)];
            let first = NaiveDate::from_yo_opt(year, 1)?;
            for (place, date) in first.iter_days().take(count).enumerate() {
                if self.plan.day(date).hold(0)
                    && let Some(word) = dates.get_mut(place / 64)
                {
                    *word |= 1 << (place % 64);
                }
            }
            Some(dates.into())
        };
        let dates = self.dates.get_or_init(|| self.is_date().then(dates)?);
        dates.as_deref()
    }

    /// Whether at every time one of several is as it should be: open, or closed. In doubt not.
    pub(crate) fn cover(all: &[(&Self, bool)]) -> bool {
        let Some((first, _)) = all.first() else {
            return false;
        };
        let mut open_at = [0; WORDS];
        for (hours, open) in all {
            let Some(week) = hours.week().filter(|_| hours.like(first)) else {
                continue;
            };
            for (covered, word) in open_at.iter_mut().zip(week.iter()) {
                *covered |= if *open { *word } else { !*word };
            }
        }
        (0..WEEK).all(|minute| bit(&open_at, minute))
    }

    /// Whether the same clock counts for both, and nothing is forced.
    fn like(&self, other: &Self) -> bool {
        self.is_in_zone_of(other) && self.plan.force.is_none() && other.plan.force.is_none()
    }

    /// The minutes of each week by the clock on the wall; `None`: weeks differ.
    fn week(&self) -> Option<&Week> {
        let week = || {
            let mut week = [0; WORDS];
            let days = self.plan.weekly.iter().enumerate();
            for (weekday, spans) in days.filter(|_| self.is_weekly()) {
                for (minute, second) in (0..2 * MINUTES).zip((0_u32..).step_by(60)) {
                    let place = (weekday * MINUTES + minute) % WEEK;
                    if spans.hold(second)
                        && let Some(word) = week.get_mut(place / 64)
                    {
                        *word |= 1 << (place % 64);
                    }
                }
            }
            self.is_weekly().then(|| Box::new(week))
        };
        self.week.get_or_init(week).as_ref()
    }
}

fn bit(week: &[u64; WORDS], minute: usize) -> bool {
    let word = week.get(minute / 64).copied().unwrap_or(0);
    word >> (minute % 64) & 1 == 1
}

impl Plan {
    /// Whether every date's spans here are within that date's spans there: what is said of a date
    /// has to be the same kind of thing in both.
    fn within(&self, other: &Self) -> bool {
        let same = |one: &Rule, other: &Rule| {
            (one.rank, one.adds, &one.days) == (other.rank, other.adds, &other.days)
        };
        // What only closes here may be left out: it is open for longer then.
        let counts = |rule: &&Rule| {
            rule.adds
                || !rule.spans.is_closed()
                || other.rules().iter().any(|other| same(rule, other))
        };
        let rules: Vec<&Rule> = self.rules().iter().filter(counts).collect();
        let dates: Vec<_> = self
            .dates
            .iter()
            .filter(|(date, own)| !own.spans.is_closed() || other.dates.contains_key(date))
            .collect();
        let has_calendar = rules.len() == other.rules().len()
            && (Arc::ptr_eq(&self.holidays, &other.holidays) || self.holidays == other.holidays);
        has_calendar
            && rules
                .iter()
                .zip(other.rules())
                .all(|(own, other)| same(own, other) && subset(&own.spans, &other.spans))
            && dates.len() == other.dates.len()
            && dates
                .iter()
                .zip(&other.dates)
                .all(|((date, own), (other_date, other))| {
                    *date == other_date && subset(&own.spans, &other.spans)
                })
            && self
                .weekly
                .iter()
                .zip(&other.weekly)
                .all(|(own, other)| subset(own, other))
    }
}

fn subset(own: &Spans, other: &Spans) -> bool {
    (0..2 * u32::from(DAY)).all(|minute| !own.hold(minute * 60) || other.hold(minute * 60))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::hours::{Hours, parse};
    use crate::zone::{ChronoTz, Zones};

    fn hours(texts: &[&str], zone: &str) -> Vec<Hours> {
        let zone = ChronoTz.zone(zone).unwrap();
        let read =
            |text: &&str| Hours::new("x".to_owned(), parse(text).unwrap(), Arc::clone(&zone));
        texts.iter().map(read).collect()
    }

    #[test]
    fn hours_that_no_clock_shows_are_never_open() {
        for (text, zone, settled) in [
            ("Mo-Fr 09:00-17:00; Jan 1-Dec 31 off", "UTC", Some(false)),
            ("2011 Dec 30 09:00-10:00", "Pacific/Apia", Some(false)),
            ("2011 Dec 30 09:00-10:00", "UTC", None),
            ("2026 Mar 8 02:10-02:50", "America/New_York", Some(false)),
            ("2026 Mar 8 02:10-03:10", "America/New_York", None),
            ("2026 Mar 8 01:50-02:10", "America/New_York", None),
            ("Mo-Su 02:10-02:50", "America/New_York", None),
            ("Mo-Fr 09:00-17:00; 2026 Jan 1-2030 Dec 31 off", "UTC", None),
            ("Feb Mo[5] 09:00-10:00", "UTC", None),
            (
                "Mo[1] 09:00-10:00; Jan-Dec Mo off; Mo[1-5] off",
                "UTC",
                Some(false),
            ),
            ("24/7", "UTC", Some(true)),
            ("Mo-Su 00:00-12:00,12:00-24:00", "UTC", Some(true)),
        ] {
            let found = hours(&[text], zone).remove(0).settled();
            assert_eq!(found, settled, "{text} {zone}");
        }
    }

    #[test]
    fn hours_are_within_each_other_whatever_the_date() {
        for (own, other, within) in [
            ("Mo-Fr 10:00-16:00", "Mo-Fr 09:00-17:00", true),
            ("Mo-Fr 10:00-16:00", "Mo-Fr 09:00-17:00; Dec 25 off", false),
            ("Mo-Fr 10:00-16:00; Dec 25 off", "Mo-Fr 09:00-17:00", true),
            (
                "Mo-Fr 10:00-16:00; Dec 25 off",
                "Mo-Fr 09:00-17:00; Dec 25 off",
                true,
            ),
            (
                "Mo-Fr 10:00-16:00; Dec 25 11:00-12:00",
                "Mo-Fr 09:00-17:00",
                false,
            ),
            ("Mo 22:00-02:00", "Mo 22:00-24:00; Tu 00:00-02:00", true),
            (
                "Mo-Fr 10:00-16:00; Dec 24 off",
                "Mo-Fr 09:00-17:00; 2026 Dec 24 off",
                false,
            ),
        ] {
            let both = hours(&[own, other], "Europe/Dublin");
            assert_eq!(
                both[0].open_only_while(&both[1]),
                within,
                "{own} in {other}"
            );
        }
        let dublin = hours(&["Mo 10:00-11:00"], "Europe/Dublin");
        let london = hours(&["Mo 09:00-12:00"], "Europe/London");
        assert!(
            !dublin[0].open_only_while(&london[0]),
            "their clocks may part"
        );
    }

    #[test]
    fn hours_cover_a_week_between_them() {
        let all = hours(
            &[
                "Mo-Fr 09:00-17:00",
                "Mo-Fr 00:00-09:00,17:00-24:00; Sa-Su 00:00-24:00",
                "Mo-Fr 09:00-17:00; Dec 25 off",
                "Sa 09:00-17:00",
            ],
            "UTC",
        );
        let cover =
            |one: usize, other: usize| Hours::cover(&[(&all[one], true), (&all[other], true)]);
        assert!(cover(0, 1));
        assert!(!cover(0, 3));
        assert!(!cover(2, 1), "not on Dec 25");
        assert!(all[0].open_only_without(&all[3]));
        assert!(!all[0].open_only_without(&all[0]));
    }
}
