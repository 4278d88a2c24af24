//! Whole days of an iCalendar file (RFC 5545), with the place of each.
//!
//! What cannot be read as the dates it means (an event of an hour, one that recurs) is refused: a
//! calendar with holes would open an office on a holiday.

use callroute_schema::tree::Span;
use chrono::{Days, NaiveDate};

/// Most days of one event.
const MAX_DAYS: u64 = 366;

/// A stretch of whole days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) from: NaiveDate,
    /// The last day of it.
    pub(crate) to: NaiveDate,
    /// What it is (SUMMARY).
    pub(crate) name: Option<String>,
}

/// What is wrong with a calendar, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IcsFault {
    pub(crate) span: Span,
    pub(crate) error: IcsError,
}

/// Why an iCalendar file is no calendar of whole days.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum IcsError {
    #[error("expected BEGIN:VCALENDAR: this is no iCalendar file")]
    NoCalendar,
    #[error("this line has no `:`; expected a name and a value, as in DTSTART;VALUE=DATE:20261225")]
    NoValue,
    #[error("`END:{0}` ends nothing that began before it")]
    Unopened(String),
    #[error("`BEGIN:{0}` is never ended")]
    Unclosed(String),
    #[error("this event has no DTSTART")]
    NoStart,
    #[error("{0} is given twice in this event")]
    Twice(&'static str),
    #[error("`{0}` is no date; expected one as in 20261225")]
    NoDate(String),
    #[error("{0} has a time of day; a holiday is a whole day, as in {0};VALUE=DATE:20261225")]
    NotWhole(&'static str),
    #[error("{0} is not supported: write each date as an event of its own")]
    Recurs(String),
    #[error("`{0}` is no duration in whole days; expected one as in P1D")]
    NoDuration(String),
    #[error(
        "this event ends on {to}, before or on the day it starts, {from}; DTEND is the day after its last"
    )]
    Backwards { from: NaiveDate, to: NaiveDate },
    #[error("this event has {0} days; expected at most {MAX_DAYS}")]
    TooLong(u64),
}

/// A line with what continues it, as it was written.
struct Line {
    text: String,
    span: Span,
}

/// One event while it is read.
struct Draft {
    begin: Span,
    from: Option<NaiveDate>,
    /// The day after its last.
    end: Option<NaiveDate>,
    days: Option<u64>,
    name: Option<String>,
    /// Cancelled, or already a fault.
    skip: bool,
}

impl Draft {
    fn new(begin: Span) -> Self {
        Self {
            begin,
            from: None,
            end: None,
            days: None,
            name: None,
            skip: false,
        }
    }
}

/// Reads the events of a calendar; each by itself, so that every fault is told at once.
pub(crate) fn read(text: &str) -> (Vec<Event>, Vec<IcsFault>) {
    let (mut events, mut faults) = (Vec::new(), Vec::new());
    let mut open: Vec<(String, Span)> = Vec::new();
    let mut draft: Option<Draft> = None;
    let mut begun = false;
    for line in lines(text) {
        let span = line.span;
        let mut fault = |error| faults.push(IcsFault { span, error });
        let Some((name, value)) = property(&line.text) else {
            fault(if begun {
                IcsError::NoValue
            } else {
                IcsError::NoCalendar
            });
            if !begun {
                break;
            }
            continue;
        };
        if !begun && (name.as_str(), value.trim()) != ("BEGIN", "VCALENDAR") {
            fault(IcsError::NoCalendar);
            break;
        }
        begun = true;
        let component = || value.trim().to_ascii_uppercase();
        match name.as_str() {
            "BEGIN" => {
                let component = component();
                if component == "VEVENT" && draft.is_none() {
                    draft = Some(Draft::new(span));
                }
                open.push((component, span));
            }
            "END" => {
                let component = component();
                if open.pop_if(|(name, _)| *name == component).is_none() {
                    fault(IcsError::Unopened(callroute_schema::hint::shorten(
                        &component,
                    )));
                    break;
                }
                let ended =
                    component == "VEVENT" && !open.iter().any(|(name, _)| *name == "VEVENT");
                if let Some(draft) = draft.take_if(|_| ended) {
                    match finish(draft) {
                        Ok(event) => events.extend(event),
                        Err(fault) => faults.push(fault),
                    }
                }
            }
            // Of an alarm in an event, nothing counts.
            name => {
                let inside = open.last().is_some_and(|(name, _)| name == "VEVENT");
                if let Some(event) = draft.as_mut().filter(|_| inside)
                    && let Err(error) = set(event, name, &value)
                {
                    fault(error);
                    // One fault an event is enough.
                    event.skip = true;
                }
            }
        }
    }
    if !begun && faults.is_empty() {
        let span = Span {
            line: 1,
            column: 1,
            start: 0,
            end: 0,
        };
        let error = IcsError::NoCalendar;
        faults.push(IcsFault { span, error });
    }
    if let Some((name, span)) = open.pop().filter(|_| faults.is_empty()) {
        let error = IcsError::Unclosed(callroute_schema::hint::shorten(&name));
        faults.push(IcsFault { span, error });
    }
    (events, faults)
}

/// A property of an event.
fn set(event: &mut Draft, name: &str, value: &str) -> Result<(), IcsError> {
    let once = |there: bool, name| match there {
        true => Err(IcsError::Twice(name)),
        false => Ok(()),
    };
    match name {
        "DTSTART" => {
            once(event.from.is_some(), "DTSTART")?;
            event.from = Some(date("DTSTART", value)?);
        }
        "DTEND" => {
            once(event.end.is_some(), "DTEND")?;
            event.end = Some(date("DTEND", value)?);
        }
        "DURATION" => {
            once(event.days.is_some(), "DURATION")?;
            event.days = Some(duration(value)?);
        }
        "RRULE" | "RDATE" | "EXDATE" | "EXRULE" | "RECURRENCE-ID" => {
            return Err(IcsError::Recurs(name.to_owned()));
        }
        "SUMMARY" => event.name = Some(unescaped(value)),
        "STATUS" if value.trim().eq_ignore_ascii_case("CANCELLED") => event.skip = true,
        _ => {}
    }
    Ok(())
}

/// The event, unless it is cancelled.
fn finish(draft: Draft) -> Result<Option<Event>, IcsFault> {
    if draft.skip {
        return Ok(None);
    }
    let fault = |error| IcsFault {
        span: draft.begin,
        error,
    };
    let from = draft.from.ok_or_else(|| fault(IcsError::NoStart))?;
    let days = match (draft.end, draft.days) {
        (Some(to), _) if to <= from => return Err(fault(IcsError::Backwards { from, to })),
        (Some(to), _) => (to - from).num_days().unsigned_abs(),
        (None, Some(days)) => days,
        (None, None) => 1,
    };
    if days > MAX_DAYS {
        return Err(fault(IcsError::TooLong(days)));
    }
    let to = from.checked_add_days(Days::new(days.saturating_sub(1)));
    Ok(Some(Event {
        from,
        to: to.unwrap_or(from),
        name: draft.name.filter(|name| !name.is_empty()),
    }))
}

fn date(name: &'static str, value: &str) -> Result<NaiveDate, IcsError> {
    let value = value.trim();
    let no_date = || IcsError::NoDate(callroute_schema::hint::shorten(value));
    if let Some((day, _)) = value.split_once('T')
        && day.len() == 8
    {
        return Err(IcsError::NotWhole(name));
    }
    if value.len() != 8 || !value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(no_date());
    }
    NaiveDate::parse_from_str(value, "%Y%m%d").map_err(|_| no_date())
}

/// `P1D`, `P2W`.
fn duration(value: &str) -> Result<u64, IcsError> {
    let value = value.trim();
    let days = || {
        let value = value.strip_prefix('+').unwrap_or(value).strip_prefix('P')?;
        let (number, unit) = match (value.strip_suffix('D'), value.strip_suffix('W')) {
            (Some(days), _) => (days, 1),
            (None, weeks) => (weeks?, 7),
        };
        let number: u16 = number.parse().ok().filter(|number| *number > 0)?;
        Some(u64::from(number) * unit)
    };
    days().ok_or_else(|| IcsError::NoDuration(callroute_schema::hint::shorten(value)))
}

/// A text value without its escapes (RFC 5545, section 3.3.11).
fn unescaped(value: &str) -> String {
    let mut text = String::new();
    let mut rest = value.trim().chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' => match rest.next() {
                Some('n' | 'N') => text.push(' '),
                other => text.extend(other),
            },
            c if c.is_control() => {}
            c => text.push(c),
        }
    }
    text
}

/// Name and value of a line; parameters are passed over.
fn property(line: &str) -> Option<(String, String)> {
    let mut quoted = false;
    let colon = line.find(|c| {
        quoted ^= c == '"';
        c == ':' && !quoted
    })?;
    let (before, value) = line.split_at_checked(colon)?;
    let name = before.split(';').next().unwrap_or_default();
    let value = value.strip_prefix(':').unwrap_or(value);
    Some((name.trim().to_ascii_uppercase(), value.to_owned()))
}

/// Lines with their continuations (RFC 5545, section 3.1); empty ones are left out.
fn lines(text: &str) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut start = 0;
    for (number, raw) in (1..).zip(text.split_inclusive('\n')) {
        let line = raw.trim_end_matches(['\r', '\n']);
        let begin = start;
        start += raw.len();
        let shown = match number {
            1 => line.trim_start_matches('\u{feff}'),
            _ => line,
        };
        if let (Some(more), Some(last)) = (shown.strip_prefix([' ', '\t']), lines.last_mut()) {
            last.text.push_str(more);
        } else if !shown.trim().is_empty() {
            let span = Span {
                line: number,
                column: 1,
                start: begin + line.len() - shown.len(),
                end: begin + line.len(),
            };
            let text = shown.to_owned();
            lines.push(Line { text, span });
        }
    }
    lines
}

#[cfg(test)]
mod tests;
