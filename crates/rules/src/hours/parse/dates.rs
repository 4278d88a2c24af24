//! `Dec 25`, `Jan-Mar`, `2026 Dec 24-2027 Jan 2`, `easter -2 days`, `week 1-26`.

use chrono::NaiveDate;

use super::super::lexer::{HoursError, Lexer};
use super::super::when::{Dates, MAX_FROM_EASTER, Point, is_steady};
use super::words::{month, number, unknown};

/// One end of a stretch, as written.
#[derive(Clone, Copy)]
struct End {
    year: Option<i32>,
    day: Day,
}

#[derive(Clone, Copy)]
enum Day {
    Month(u32),
    Date(u32, u32),
    Easter(i64),
}

impl Day {
    fn month(self) -> Option<u32> {
        match self {
            Self::Month(month) | Self::Date(month, _) => Some(month),
            Self::Easter(_) => None,
        }
    }

    fn first(self) -> Point {
        match self {
            Self::Month(month) => Point::MonthDay(month, 1),
            Self::Date(month, day) => Point::MonthDay(month, day),
            Self::Easter(days) => Point::Easter(days),
        }
    }

    fn last(self, year: Option<i32>) -> Point {
        match self {
            // A leap year where none is given: a stretch to Feb 29 ends on Feb 28 in the others.
            Self::Month(month) => Point::MonthDay(month, days_of(year.unwrap_or(2000), month)),
            other => other.first(),
        }
    }
}

fn days_of(year: i32, month: u32) -> u32 {
    let first = NaiveDate::from_ymd_opt(year, month, 1);
    first.map_or(31, |first| {
        u32::from(chrono::Datelike::num_days_in_month(&first))
    })
}

/// Whether a date, a month, a year or `easter` comes next, and not a time.
pub(super) fn begins(lexer: &Lexer<'_>) -> bool {
    let mut ahead = lexer.clone();
    match ahead.word() {
        "" => is_year(lexer),
        word => month(word).is_some() || word == "easter",
    }
}

/// Whether a number comes next that is neither a time nor `24/7`.
pub(super) fn is_year(lexer: &Lexer<'_>) -> bool {
    let mut ahead = lexer.clone();
    !ahead.digits().is_empty() && !matches!(ahead.peek(), Some(':' | '/'))
}

/// A list of dates and stretches, with `,` between them.
pub(super) fn dates(lexer: &mut Lexer<'_>) -> Result<Vec<Dates>, HoursError> {
    let mut all = Vec::new();
    let mut before: Option<End> = None;
    loop {
        let start = lexer.at();
        let (one, last) = item(lexer, before)?;
        if before.is_some_and(|before| before.year.is_some() != last.year.is_some()) {
            let message = "write the year with every date of this list, or with none";
            return Err(lexer.wrong_since(start, message));
        }
        all.push(one);
        before = Some(last);
        if !lexer.take(",") {
            return Ok(all);
        }
        lexer.spaces();
    }
}

/// A date or a stretch; and its end, which a day that follows it is of the same month as.
fn item(lexer: &mut Lexer<'_>, before: Option<End>) -> Result<(Dates, End), HoursError> {
    let start = lexer.at();
    let from = end(lexer, before)?;
    if !lexer.take("-") {
        let dates = match (from.day, from.year) {
            (Day::Month(_), _) => stretch(lexer, start, from, from)?,
            (day, year) => Dates::One {
                year,
                day: day.first(),
            },
        };
        return Ok((dates, from));
    }
    let same = matches!(from.day, Day::Date(..)).then_some(from);
    let mut to = end(lexer, same)?;
    if to.year.is_none() {
        to.year = from.year;
    } else if from.year.is_none() {
        let message = "write the year with both ends of a range, as in 2026 Dec 24-2027 Jan 2";
        return Err(lexer.wrong_since(start, message));
    }
    Ok((stretch(lexer, start, from, to)?, to))
}

fn stretch(lexer: &Lexer<'_>, start: usize, from: End, to: End) -> Result<Dates, HoursError> {
    const BACKWARDS: &str = "this range of dates runs backwards";
    let (first, last) = (from.day.first(), to.day.last(to.year));
    if let (Some(from), Some(to)) = (from.year, to.year) {
        let ends = first.at(from).zip(last.at(to));
        return match ends {
            Some((from, to)) if from < to => Ok(Dates::Once { from, to }),
            Some(_) if from == to => {
                let message = format!(
                    "{BACKWARDS}; write the year it ends in too, as in {from} Dec 24-{} Jan 2",
                    to.saturating_add(1)
                );
                Err(lexer.wrong_since(start, message))
            }
            _ => Err(lexer.wrong_since(start, BACKWARDS)),
        };
    }
    let backwards = match (first, last) {
        (Point::Easter(first), Point::Easter(last)) => last <= first,
        (Point::MonthDay(month, first), Point::MonthDay(last_month, last)) => {
            month == last_month && last <= first
        }
        (first, last) if !is_steady(first, last) => {
            let message = "Easter is on Mar 22 to Apr 25, and so on either side of this date: in some \
                           years this range would last more than a year; write the year with both ends";
            return Err(lexer.wrong_since(start, message));
        }
        _ => false,
    };
    match backwards {
        true => Err(lexer.wrong_since(start, BACKWARDS)),
        false => Ok(Dates::Yearly {
            from: first,
            to: last,
        }),
    }
}

/// A date, a month or an Easter; after another one, a day alone is of its month and year.
fn end(lexer: &mut Lexer<'_>, before: Option<End>) -> Result<End, HoursError> {
    let mut ahead = lexer.clone();
    let start = ahead.at();
    let mut year = None;
    match ahead.digits() {
        "" => {}
        digits if digits.len() == 4 => {
            year = digits.parse().ok();
            ahead.spaces();
            *lexer = ahead;
        }
        _ => {
            let known = before.and_then(|before| Some((before, before.day.month()?)));
            let Some((before, month)) =
                known.filter(|(before, _)| matches!(before.day, Day::Date(..)))
            else {
                return Err(
                    ahead.wrong_since(start, "expected a year of four digits, a month or `easter`")
                );
            };
            let day = day_of(lexer, before.year, month)?;
            return Ok(End {
                year: before.year,
                day: Day::Date(month, day),
            });
        }
    }
    let start = lexer.at();
    let word = lexer.word();
    if word == "easter" {
        let day = Day::Easter(from_easter(lexer)?);
        return Ok(End { year, day });
    }
    let Some(month) = month(word) else {
        return Err(match word {
            "" => lexer.unexpected("a month (Jan, Feb, …, Dec) or `easter`"),
            word => lexer.wrong_since(start, unknown(word)),
        });
    };
    // A number after a month is its day, unless it is a time.
    let mut ahead = lexer.clone();
    ahead.spaces();
    if !is_year(&ahead) {
        let day = Day::Month(month);
        return Ok(End { year, day });
    }
    *lexer = ahead;
    let day = Day::Date(month, day_of(lexer, year, month)?);
    Ok(End { year, day })
}

fn day_of(lexer: &mut Lexer<'_>, year: Option<i32>, month: u32) -> Result<u32, HoursError> {
    let start = lexer.at();
    // A leap year, so that Feb 29 stands for the years that have it.
    let days = days_of(year.unwrap_or(2000), month);
    let day = lexer.digits().parse().ok();
    day.filter(|day| (1..=days).contains(day))
        .ok_or_else(|| lexer.wrong_since(start, "there is no such day"))
}

/// Nothing, ` -2 days` or ` +1 day`.
fn from_easter(lexer: &mut Lexer<'_>) -> Result<i64, HoursError> {
    let mut ahead = lexer.clone();
    ahead.spaces();
    let start = ahead.at();
    let after = match ahead.peek() {
        // `easter-Oct 31` is a range.
        Some('-') if start > lexer.at() => -1,
        Some('+') => 1,
        _ => return Ok(0),
    };
    *lexer = ahead;
    lexer.take(if after > 0 { "+" } else { "-" });
    lexer.spaces();
    let expected = format!("1 to {MAX_FROM_EASTER} and `days`, as in easter -2 days");
    let most = u32::try_from(MAX_FROM_EASTER).unwrap_or_default();
    let days = number(lexer, 1..=most, &expected)?;
    lexer.spaces();
    let word = lexer.clone().word();
    if !matches!(word, "day" | "days") {
        return Err(lexer.unexpected("`days`, as in easter -2 days"));
    }
    lexer.word();
    Ok(after * i64::from(days))
}

/// `week 1-26`, `week 2-52/2`, `week 1,3,5`.
pub(super) fn weeks(lexer: &mut Lexer<'_>) -> Result<Vec<Dates>, HoursError> {
    const EXPECTED: &str = "a week of the year, 1 to 53";
    let mut all = Vec::new();
    lexer.take("week");
    lexer.spaces();
    loop {
        let start = lexer.at();
        let from = number(lexer, 1..=53, EXPECTED)?;
        let (mut to, mut step) = (from, 1);
        if lexer.take("-") {
            to = number(lexer, 1..=53, EXPECTED)?;
            if to <= from {
                let message = "this range of weeks runs backwards; over the new year, write it as \
                               in week 50-53,1-2";
                return Err(lexer.wrong_since(start, message));
            }
            if lexer.take("/") {
                step = number(lexer, 2..=26, "every how many weeks, 2 to 26")?;
            }
        }
        all.push(Dates::Weeks { from, to, step });
        if !lexer.take(",") {
            return Ok(all);
        }
        lexer.spaces();
    }
}
