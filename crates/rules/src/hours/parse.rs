//! A strict subset of OpenStreetMap's opening_hours: weekdays, `PH`, dates, spans, `off`, `24/7`.
//!
//! What is not understood is refused with its position: a guess would misroute calls.

use chrono::NaiveDate;

use super::day::{Exception, Plan, Season};
use super::lexer::{HoursError, Lexer};
use super::span::Spans;

const WEEKDAYS: [&str; 7] = ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"];
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
const NOT_SUPPORTED: &str = "a weekday (Mo, Tu, …), PH, a date (Dec 25), a time (09:00-17:30), \
                             `off` or 24/7";

/// Which days a rule is for.
enum Days {
    /// A bit a weekday, Monday lowest; and public holidays.
    Week {
        days: u8,
        holidays: bool,
    },
    Date {
        year: Option<i32>,
        month: u32,
        day: u32,
    },
    Season {
        from: (u32, u32),
        to: (u32, u32),
    },
}

/// A weekday rule, kept to find out whether a later one undoes it.
struct Written {
    at: usize,
    len: usize,
    days: u8,
}

/// Reads a whole text of hours, as in `Mo-Fr 09:00-17:30; PH off`.
///
/// # Errors
/// [`HoursError`]: the first thing that is not understood.
pub(crate) fn parse(text: &str) -> Result<Plan, HoursError> {
    let mut lexer = Lexer::new(text);
    let mut plan = Plan::default();
    let mut written: Vec<Written> = Vec::new();
    loop {
        lexer.spaces();
        let start = lexer.at();
        let days = selector(&mut lexer)?;
        lexer.spaces();
        let spans = spans(&mut lexer)?;
        lexer.spaces();
        let whole = lexer.wrong_since(start, String::new());
        match days {
            Days::Week { days, holidays } => {
                week(&mut plan, days, &spans);
                if holidays && plan.holiday.replace(spans).is_some() {
                    return Err(lexer.wrong_since(start, "PH is given twice"));
                }
                supersede(&mut written, days)?;
                if days != 0 {
                    let (at, len) = (whole.at, whole.len);
                    written.push(Written { at, len, days });
                }
            }
            Days::Date { year, month, day } => {
                let exception = Exception {
                    spans,
                    reason: None,
                };
                let before = match year.and_then(|year| NaiveDate::from_ymd_opt(year, month, day)) {
                    Some(date) => plan.dates.insert(date, exception),
                    None => plan.yearly.insert((month, day), exception),
                };
                if before.is_some() {
                    return Err(lexer.wrong_since(start, "this date is given twice"));
                }
            }
            Days::Season { from, to } => plan.seasons.push(Season { from, to, spans }),
        }
        if !lexer.take(";") {
            break;
        }
        lexer.spaces();
        if lexer.rest().is_empty() {
            break;
        }
    }
    match lexer.peek() {
        None => Ok(plan),
        Some(',') => Err(lexer.unexpected("`;` between rules")),
        Some(_) => Err(lexer.unexpected("`;` and another rule, or the end")),
    }
}

/// Reads the spans of one day, as in `09:00-12:00`.
///
/// # Errors
/// [`HoursError`] when it is no span.
pub(crate) fn parse_day(text: &str) -> Result<super::span::Span, HoursError> {
    let mut lexer = Lexer::new(text);
    lexer.spaces();
    let span = lexer.span()?;
    lexer.spaces();
    match lexer.peek() {
        None => Ok(span),
        Some(_) => Err(lexer.unexpected("the end; write each span as an entry of the list")),
    }
}

fn week(plan: &mut Plan, days: u8, spans: &Spans) {
    for (index, day) in plan.weekly.iter_mut().enumerate() {
        if days & (1 << index) != 0 {
            *day = spans.clone();
        }
    }
}

/// A later rule counts for its days. One that takes away every day of an earlier rule was not
/// meant so: most people who write it want both.
fn supersede(written: &mut [Written], days: u8) -> Result<(), HoursError> {
    for earlier in written {
        if earlier.days & !days == 0 {
            return Err(HoursError {
                at: earlier.at,
                len: earlier.len,
                message: "a later rule for the same days replaces this one; write all spans of a \
                          day in one rule, as in Mo-Fr 09:00-12:00,13:00-17:00"
                    .to_owned(),
            });
        }
        earlier.days &= !days;
    }
    Ok(())
}

fn selector(lexer: &mut Lexer<'_>) -> Result<Days, HoursError> {
    const EVERY_DAY: Days = Days::Week {
        days: 0x7f,
        holidays: false,
    };
    let Some(next) = lexer.peek() else {
        return Err(lexer.unexpected(NOT_SUPPORTED));
    };
    if next.is_ascii_digit() {
        return Ok(year(lexer)?.unwrap_or(EVERY_DAY));
    }
    let start = lexer.at();
    let word = lexer.clone().word();
    if matches!(word, "off" | "closed") {
        return Ok(EVERY_DAY);
    }
    if word == "PH" || weekday(word).is_some() {
        return weekdays(lexer);
    }
    if month(word).is_some() {
        return dates(lexer, None);
    }
    if word.is_empty() {
        return Err(lexer.unexpected(NOT_SUPPORTED));
    }
    lexer.word();
    Err(lexer.wrong_since(start, unknown_word(word)))
}

fn unknown_word(word: &str) -> String {
    const FULL: [&str; 21] = [
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
        "ph",
        "off",
    ];
    let names = WEEKDAYS.iter().chain(&MONTHS).chain(&["PH", "off"]);
    let folded = word.to_lowercase();
    let abbreviates = |(full, name): &(&str, &&str)| {
        full.starts_with(&folded) && folded.starts_with(&name.to_lowercase())
    };
    match FULL.into_iter().zip(names).find(abbreviates) {
        Some((_, name)) => format!("`{word}` is not understood; write `{name}`"),
        None => format!("`{word}` is not understood; expected {NOT_SUPPORTED}"),
    }
}

fn weekday(word: &str) -> Option<usize> {
    WEEKDAYS.iter().position(|known| *known == word)
}

fn month(word: &str) -> Option<u32> {
    (1..)
        .zip(MONTHS)
        .find(|(_, known)| *known == word)
        .map(|(number, _)| number)
}

/// `Mo-Fr`, `Sa,Su`, `Fr-Mo`, `Sa,Su,PH`.
fn weekdays(lexer: &mut Lexer<'_>) -> Result<Days, HoursError> {
    let (mut days, mut holidays) = (0_u8, false);
    loop {
        let first = a_weekday(lexer)?;
        match first {
            None => holidays = true,
            Some(first) => {
                let last = match lexer.take("-") {
                    true => match a_weekday(lexer)? {
                        Some(last) => last,
                        None => return Err(lexer.unexpected("a weekday before this")),
                    },
                    false => first,
                };
                let mut day = first;
                while day != last {
                    days |= 1 << day;
                    day = (day + 1) % 7;
                }
                days |= 1 << last;
            }
        }
        if lexer.peek() == Some('[') {
            return Err(lexer.unexpected("a time (the nth weekday of a month is not supported)"));
        }
        if !lexer.take(",") {
            return Ok(Days::Week { days, holidays });
        }
        lexer.spaces();
    }
}

/// A weekday from 0, Monday; `None` is `PH`.
fn a_weekday(lexer: &mut Lexer<'_>) -> Result<Option<usize>, HoursError> {
    let start = lexer.at();
    let word = lexer.word();
    match (word, weekday(word)) {
        ("PH", _) => Ok(None),
        (_, Some(day)) => Ok(Some(day)),
        ("", None) => Err(lexer.unexpected("a weekday: Mo, Tu, We, Th, Fr, Sa, Su or PH")),
        (word, None) => Err(lexer.wrong_since(start, unknown_word(word))),
    }
}

/// A year before a date; gives `None` and takes nothing when a time comes instead.
fn year(lexer: &mut Lexer<'_>) -> Result<Option<Days>, HoursError> {
    if lexer.rest().starts_with("24/7") {
        return Ok(None);
    }
    let mut ahead = lexer.clone();
    let start = ahead.at();
    let digits = ahead.digits();
    if ahead.peek() == Some(':') {
        return Ok(None);
    }
    let (4, Ok(year)) = (digits.len(), digits.parse()) else {
        return Err(ahead.wrong_since(start, format!("expected {NOT_SUPPORTED}")));
    };
    ahead.spaces();
    *lexer = ahead;
    dates(lexer, Some(year)).map(Some)
}

/// `Dec 25`, `Dec 24-26`, `Dec 24-Jan 2`.
fn dates(lexer: &mut Lexer<'_>, year: Option<i32>) -> Result<Days, HoursError> {
    let start = lexer.at();
    let from = a_date(lexer, year, None)?;
    if !lexer.take("-") {
        let (month, day) = from;
        return Ok(Days::Date { year, month, day });
    }
    if year.is_some() {
        let message = "a range of dates is for every year; leave the year out";
        return Err(lexer.wrong_since(start, message));
    }
    let same_month = lexer
        .peek()
        .is_some_and(|c| c.is_ascii_digit())
        .then_some(from.0);
    let to = a_date(lexer, year, same_month)?;
    if same_month.is_some() && to <= from {
        return Err(lexer.wrong_since(start, "this range of dates runs backwards"));
    }
    Ok(Days::Season { from, to })
}

fn a_date(
    lexer: &mut Lexer<'_>,
    year: Option<i32>,
    known_month: Option<u32>,
) -> Result<(u32, u32), HoursError> {
    let month = match known_month {
        Some(month) => month,
        None => {
            let start = lexer.at();
            let word = lexer.word();
            let Some(month) = month(word) else {
                return Err(match word {
                    "" => lexer.unexpected("a month: Jan, Feb, …, Dec"),
                    word => lexer.wrong_since(start, unknown_word(word)),
                });
            };
            lexer.spaces();
            month
        }
    };
    let start = lexer.at();
    let digits = lexer.digits();
    if digits.is_empty() {
        return Err(lexer.unexpected("a day of the month (whole months are not supported)"));
    }
    // A leap year, so that Feb 29 stands for the years that have it.
    let day: u32 = digits.parse().unwrap_or(0);
    match NaiveDate::from_ymd_opt(year.unwrap_or(2000), month, day) {
        Some(_) => Ok((month, day)),
        None => Err(lexer.wrong_since(start, "there is no such day")),
    }
}

/// `off`, `24/7`, or spans with `,` between them.
fn spans(lexer: &mut Lexer<'_>) -> Result<Spans, HoursError> {
    if lexer.take("24/7") {
        return Ok(Spans::whole_day());
    }
    let start = lexer.at();
    match lexer.word() {
        "" => {}
        "off" | "closed" => return Ok(Spans::CLOSED),
        word => return Err(lexer.wrong_since(start, unknown_word(word))),
    }
    if lexer.peek().is_none_or(|c| c == ';') {
        return Err(lexer.unexpected("times as in 09:00-17:30, or `off`"));
    }
    let mut list = Vec::new();
    loop {
        list.push(lexer.span()?);
        let before = lexer.clone();
        lexer.spaces();
        if !lexer.take(",") {
            break;
        }
        lexer.spaces();
        if lexer.peek().is_some_and(char::is_alphabetic) {
            return Err(before.unexpected("`;` between rules"));
        }
    }
    Spans::new(list).map_err(|error| lexer.wrong_since(start, error.to_string()))
}

#[cfg(test)]
mod tests;
