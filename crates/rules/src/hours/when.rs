//! Which dates a rule is for.

use chrono::{Datelike, NaiveDate, TimeDelta, Weekday};

use super::calendar::Calendar;
use super::easter::easter;

/// Most days from Easter: so many, and the date stays in its year.
pub(crate) const MAX_FROM_EASTER: i64 = 80;

/// The dates of a rule: both parts must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Days {
    /// `None`: all year.
    pub(crate) dates: Option<Dates>,
    pub(crate) on: On,
}

/// A part of the year, or of one year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Dates {
    /// One date, of every year or of one.
    One { year: Option<i32>, day: Point },
    /// From a date to a date of every year, both included; it may run over the new year.
    Yearly { from: Point, to: Point },
    /// From a date to a date, both included.
    Once { from: NaiveDate, to: NaiveDate },
    /// Weeks of the year (ISO 8601), every `step`th of them.
    Weeks { from: u32, to: u32, step: u32 },
}

/// A date without its year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Point {
    /// A month from 1, and its day.
    MonthDay(u32, u32),
    /// So many days after Easter Sunday of the western churches.
    Easter(i64),
}

/// Which of those dates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum On {
    /// A bit a weekday, Monday lowest.
    Weekdays(u8),
    /// The first, second, … or last of a weekday in its month.
    Nth { weekday: Weekday, which: Which },
    /// The dates of the calendar.
    Holidays,
}

/// A set of first to fifth, and of last to fifth last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Which {
    /// A bit a place, the first lowest.
    from_start: u8,
    /// A bit a place, the last lowest.
    from_end: u8,
}

/// Every day of the week.
pub(crate) const EVERY_DAY: u8 = 0x7f;

impl Days {
    pub(crate) fn hold(&self, date: NaiveDate, holidays: &Calendar) -> bool {
        self.dates.as_ref().is_none_or(|dates| dates.hold(date)) && self.on.hold(date, holidays)
    }
}

impl Dates {
    fn hold(&self, date: NaiveDate) -> bool {
        match self {
            Self::One { year, day } => year.is_none_or(|year| year == date.year()) && day.is(date),
            Self::Yearly {
                from: Point::MonthDay(month, day),
                to: Point::MonthDay(last_month, last_day),
            } => {
                let (from, to) = ((*month, *day), (*last_month, *last_day));
                let found = (date.month(), date.day());
                match from <= to {
                    true => from <= found && found <= to,
                    false => from <= found || found <= to,
                }
            }
            // What began last year may run on.
            Self::Yearly { from, to } => [date.year(), date.year().saturating_sub(1)]
                .into_iter()
                .filter_map(|year| stretch(*from, *to, year))
                .any(|(from, to)| from <= date && date <= to),
            Self::Once { from, to } => *from <= date && date <= *to,
            Self::Weeks { from, to, step } => {
                let week = date.iso_week().week();
                (*from..=*to).contains(&week) && (week - from).checked_rem(*step) == Some(0)
            }
        }
    }
}

/// The stretch that begins in a year.
fn stretch(from: Point, to: Point, year: i32) -> Option<(NaiveDate, NaiveDate)> {
    let start = from.first_at(year)?;
    let end = to
        .last_at(year)
        .filter(|end| start <= *end)
        .or_else(|| to.last_at(year.checked_add(1)?))?;
    Some((start, end))
}

/// Whether a yearly stretch lasts about as long in every year: where Easter may be on both sides of
/// a date, days of one year would be more than a year of another.
pub(crate) fn is_steady(from: Point, to: Point) -> bool {
    /// Easter is on one of 35 days, and February may have one more.
    const MOVES: i64 = 35;
    let lasts = |year| stretch(from, to, year).map(|(start, end)| (end - start).num_days());
    // As long as the years of the calendar take to come round.
    let mut all = (2000..2400).filter_map(lasts);
    let Some(first) = all.next() else {
        return false;
    };
    let (least, most) = all.fold((first, first), |(least, most), days| {
        (least.min(days), most.max(days))
    });
    most - least <= MOVES
}

impl Point {
    fn is(self, date: NaiveDate) -> bool {
        match self {
            Self::MonthDay(month, day) => (month, day) == (date.month(), date.day()),
            Self::Easter(_) => self.at(date.year()) == Some(date),
        }
    }

    /// The date in a year, if there is one.
    pub(crate) fn at(self, year: i32) -> Option<NaiveDate> {
        match self {
            Self::MonthDay(month, day) => NaiveDate::from_ymd_opt(year, month, day),
            Self::Easter(days) => easter(year)?.checked_add_signed(TimeDelta::days(days)),
        }
    }

    /// Where a stretch from here begins in a year without Feb 29.
    fn first_at(self, year: i32) -> Option<NaiveDate> {
        self.at(year)
            .or_else(|| NaiveDate::from_ymd_opt(year, 3, 1))
    }

    /// Where a stretch to here ends in a year without Feb 29.
    fn last_at(self, year: i32) -> Option<NaiveDate> {
        self.at(year)
            .or_else(|| NaiveDate::from_ymd_opt(year, 2, 28))
    }
}

impl On {
    fn hold(&self, date: NaiveDate, holidays: &Calendar) -> bool {
        match self {
            Self::Weekdays(EVERY_DAY) => true,
            Self::Weekdays(days) => days & (1 << date.weekday().num_days_from_monday()) != 0,
            Self::Nth { weekday, which } => date.weekday() == *weekday && which.hold(date),
            Self::Holidays => holidays.contains_key(&date),
        }
    }
}

impl Which {
    /// Adds a place: 1 to 5 from the start of the month, -1 to -5 from its end. `false`: there is
    /// no such place.
    pub(crate) fn add(&mut self, place: i8) -> bool {
        if !(1..=5).contains(&place.unsigned_abs()) {
            return false;
        }
        let bit = 1 << (place.unsigned_abs() - 1);
        match place > 0 {
            true => self.from_start |= bit,
            false => self.from_end |= bit,
        }
        true
    }

    fn hold(self, date: NaiveDate) -> bool {
        let before = date.day0() / 7;
        let after = u32::from(date.num_days_in_month()).saturating_sub(date.day()) / 7;
        self.from_start & (1 << before) != 0 || self.from_end & (1 << after) != 0
    }
}
