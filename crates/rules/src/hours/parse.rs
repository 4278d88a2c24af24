//! A strict subset of OpenStreetMap's opening_hours: weekdays, `PH`, months, dates, weeks,
//! `easter`, spans, `off`, `24/7`; `;` and `,` between rules.
//!
//! What is not understood is refused with its position: a guess would misroute calls.

mod dates;
mod weekdays;
mod words;

use super::day::{Plan, Rank, Rule};
use super::lexer::{HoursError, Lexer};
use super::span::{Span, Spans};
use super::when::{Dates, Days, EVERY_DAY, On};
use words::{DATES, EXPECTED, unknown, weekday};

/// Most rules of one text, each date of a list counted.
const MAX_RULES: usize = 256;

/// Which days a rule is for: each of the first with each of the second.
struct Selected {
    /// Empty: all year.
    dates: Vec<Dates>,
    on: Vec<On>,
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
    rules(Lexer::new(text), spans, true)
}

/// Reads dates without times, as in `Dec 24-Jan 2; Mo[1]`: open all day on each of them.
///
/// # Errors
/// [`HoursError`]: the first thing that is not understood.
pub(crate) fn parse_dates(text: &str) -> Result<Plan, HoursError> {
    let whole_day = |lexer: &mut Lexer<'_>| match lexer.peek() {
        None | Some(';') => Ok(Spans::whole_day()),
        Some(_) => Err(lexer.unexpected("`;` and another date, or the end")),
    };
    rules(Lexer::new(text), whole_day, false)
}

/// Reads days, each with what `spans` makes of the text behind them; `times`: a rule may begin
/// with these, for every day.
fn rules(
    mut lexer: Lexer<'_>,
    spans: fn(&mut Lexer<'_>) -> Result<Spans, HoursError>,
    times: bool,
) -> Result<Plan, HoursError> {
    let mut plan = Plan::default();
    let mut written: Vec<Written> = Vec::new();
    let mut adds = false;
    loop {
        lexer.spaces();
        let start = lexer.at();
        let expected = if times { EXPECTED } else { DATES };
        let selected = selector(&mut lexer, expected)?;
        if !times && lexer.at() == start {
            return Err(lexer.unexpected(expected));
        }
        lexer.spaces();
        let spans = spans(&mut lexer)?;
        if adds && spans.is_closed() {
            let message = "`off` adds nothing to the rule before it; write `;` between them";
            return Err(lexer.wrong_since(start, message));
        }
        let rule = lexer.clone();
        let wrong = |message: String| rule.wrong_since(start, message);
        for (days, rank) in selected.days() {
            match (&days.dates, &days.on) {
                (None, On::Weekdays(days)) if adds => {
                    add_to_week(&mut plan, *days, &spans).map_err(wrong)?;
                    written.push(Written::new(&wrong(String::new()), *days));
                }
                (None, On::Weekdays(days)) => {
                    week(&mut plan, *days, &spans);
                    supersede(&mut written, *days)?;
                    written.push(Written::new(&wrong(String::new()), *days));
                }
                _ => {
                    if !adds && plan.has(&days) {
                        return Err(wrong(twice(&days).to_owned()));
                    }
                    if plan.rule_count() >= MAX_RULES {
                        let message = format!(
                            "more than {MAX_RULES} rules; long lists of dates go into a calendar"
                        );
                        return Err(wrong(message));
                    }
                    plan.add(Rule {
                        rank,
                        days,
                        spans: spans.clone(),
                        adds,
                        reason: None,
                    });
                }
            }
        }
        lexer.spaces();
        adds = lexer.take(",");
        if !adds && !lexer.take(";") {
            break;
        }
        lexer.spaces();
        if !adds && lexer.rest().is_empty() {
            break;
        }
    }
    match lexer.peek() {
        None => Ok(plan),
        Some(_) => Err(lexer.unexpected("`;` and another rule, or the end")),
    }
}

/// Reads the spans of one day, as in `09:00-12:00`.
///
/// # Errors
/// [`HoursError`] when it is no span.
pub(crate) fn parse_day(text: &str) -> Result<Span, HoursError> {
    let mut lexer = Lexer::new(text);
    lexer.spaces();
    let span = lexer.span()?;
    lexer.spaces();
    match lexer.peek() {
        None => Ok(span),
        Some(_) => Err(lexer.unexpected("the end; write each span as an entry of the list")),
    }
}

impl Selected {
    fn days(self) -> Vec<(Days, Rank)> {
        let dates: Vec<Option<Dates>> = match self.dates.is_empty() {
            true => vec![None],
            false => self.dates.into_iter().map(Some).collect(),
        };
        let mut all = Vec::new();
        for dates in dates {
            for on in &self.on {
                let days = Days {
                    dates: dates.clone(),
                    on: on.clone(),
                };
                let rank = rank(&days);
                all.push((days, rank));
            }
        }
        all
    }
}

/// What outranks what: a date, a holiday, the nth weekday, a stretch of the year.
fn rank(days: &Days) -> Rank {
    match (&days.dates, &days.on) {
        (Some(Dates::One { year: Some(_), .. }), _) => Rank::Dated,
        (Some(Dates::One { year: None, .. }), _) => Rank::Yearly,
        (_, On::Holidays) => Rank::Holiday,
        (_, On::Nth { .. }) => Rank::Nth,
        (_, On::Weekdays(_)) => Rank::Season,
    }
}

fn twice(days: &Days) -> &'static str {
    match (&days.dates, &days.on) {
        (_, On::Holidays) => "PH is given twice",
        (Some(Dates::One { .. }), _) => "this date is given twice",
        _ => "these days are given twice",
    }
}

impl Written {
    fn new(place: &HoursError, days: u8) -> Self {
        Self {
            at: place.at,
            len: place.len,
            days,
        }
    }
}

fn of_week(plan: &mut Plan, days: u8) -> impl Iterator<Item = &mut Spans> {
    let wanted = move |(index, _): &(usize, &mut Spans)| days & (1 << index) != 0;
    let week = plan.weekly.iter_mut().enumerate().filter(wanted);
    week.map(|(_, day)| day)
}

fn week(plan: &mut Plan, days: u8, spans: &Spans) {
    for day in of_week(plan, days) {
        *day = spans.clone();
    }
}

fn add_to_week(plan: &mut Plan, days: u8, spans: &Spans) -> Result<(), String> {
    for day in of_week(plan, days) {
        *day = day.and(spans).map_err(|error| error.to_string())?;
    }
    Ok(())
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

fn selector(lexer: &mut Lexer<'_>, expected: &str) -> Result<Selected, HoursError> {
    let every_day = || vec![On::Weekdays(EVERY_DAY)];
    let Some(next) = lexer.peek() else {
        return Err(lexer.unexpected(expected));
    };
    let start = lexer.at();
    let word = lexer.clone().word();
    let mut dates = Vec::new();
    if word == "week" {
        dates = dates::weeks(lexer)?;
    } else if dates::begins(lexer) {
        dates = dates::dates(lexer)?;
    } else if next.is_ascii_digit() || matches!(word, "off" | "closed") {
        let on = every_day();
        return Ok(Selected { dates, on });
    } else if word == "PH" || weekday(word).is_some() {
        let on = weekdays::weekdays(lexer)?;
        return Ok(Selected { dates, on });
    } else if word.is_empty() {
        return Err(lexer.unexpected(expected));
    } else {
        lexer.word();
        return Err(lexer.wrong_since(start, unknown(word)));
    }
    lexer.spaces();
    let start = lexer.at();
    let on = match lexer.clone().word() {
        word if word == "PH" || weekday(word).is_some() => weekdays::weekdays(lexer)?,
        _ => every_day(),
    };
    if on.contains(&On::Holidays) {
        let message = "PH is for the whole year; it cannot stand after dates";
        return Err(lexer.wrong_since(start, message));
    }
    Ok(Selected { dates, on })
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
        word => return Err(lexer.wrong_since(start, unknown(word))),
    }
    if lexer.peek().is_none_or(|c| c == ';') {
        return Err(lexer.unexpected("times as in 09:00-17:30, or `off`"));
    }
    let mut list = Vec::new();
    loop {
        list.push(lexer.span()?);
        // After a comma, either another span or another rule.
        let mut ahead = lexer.clone();
        ahead.spaces();
        let comma = ahead.take(",");
        ahead.spaces();
        let is_span = ahead.peek().is_some_and(|c| c.is_ascii_digit())
            && !dates::is_year(&ahead)
            && !ahead.rest().starts_with("24/7");
        if !comma || !is_span {
            break;
        }
        *lexer = ahead;
    }
    Spans::new(list).map_err(|error| lexer.wrong_since(start, error.to_string()))
}

#[cfg(test)]
mod tests;
