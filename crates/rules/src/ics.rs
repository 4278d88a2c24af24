//! Whole days of an iCalendar file (RFC 5545), with the place of each.
//!
//! What cannot be read as the dates it means (an event of an hour, one that recurs) is refused: a
//! calendar with holes would open an office on a holiday.

use std::ops::ControlFlow;

use callroute_schema::hint::shorten;
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

/// The component that a calendar is.
const CALENDAR: &str = "VCALENDAR";
/// The component that is an event.
const EVENT: &str = "VEVENT";
/// Where a text without lines is said to be wrong.
const START: Span = Span {
    line: 1,
    column: 1,
    start: 0,
    end: 0,
};

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
    cancelled: bool,
    /// What is wrong with it first: nothing, if it turns out to be cancelled.
    fault: Option<IcsFault>,
}

impl Draft {
    fn new(begin: Span) -> Self {
        Self {
            begin,
            from: None,
            end: None,
            days: None,
            name: None,
            cancelled: false,
            fault: None,
        }
    }
}

/// Reads the events of a calendar; each by itself, so that every fault is told at once.
pub(crate) fn read(text: &str) -> (Vec<Event>, Vec<IcsFault>) {
    let lines = lines(text);
    let mut reader = Reader::default();
    let first = lines.first().and_then(|line| property(&line.text));
    let is_calendar = |(name, value): (String, String)| name == "BEGIN" && value.trim() == CALENDAR;
    if first.is_some_and(is_calendar) {
        // What stands behind an end of nothing belongs nowhere.
        let _ = lines.iter().try_for_each(|line| reader.line(line));
    } else {
        let span = lines.first().map_or(START, |line| line.span);
        reader.fault(span, IcsError::NoCalendar);
    }
    reader.finish()
}

/// What was read so far.
#[derive(Default)]
struct Reader {
    /// The components that are not ended yet, and where they begin.
    open: Vec<(String, Span)>,
    draft: Option<Draft>,
    events: Vec<Event>,
    faults: Vec<IcsFault>,
}

impl Reader {
    fn fault(&mut self, span: Span, error: IcsError) {
        self.faults.push(IcsFault { span, error });
    }

    /// Takes a line; `Break`: nothing more can be made out.
    fn line(&mut self, line: &Line) -> ControlFlow<()> {
        let component = |value: &str| value.trim().to_ascii_uppercase();
        match property(&line.text) {
            None => self.fault(line.span, IcsError::NoValue),
            Some((name, value)) => match name.as_str() {
                "BEGIN" => self.begin(component(&value), line.span),
                "END" => return self.end(&component(&value), line.span),
                name => self.property(name, &value, line.span),
            },
        }
        ControlFlow::Continue(())
    }

    fn begin(&mut self, component: String, span: Span) {
        if component == EVENT && self.draft.is_none() {
            self.draft = Some(Draft::new(span));
        }
        self.open.push((component, span));
    }

    fn end(&mut self, component: &str, span: Span) -> ControlFlow<()> {
        let is_open = self.open.pop_if(|(name, _)| *name == component).is_some();
        if !is_open {
            self.fault(span, IcsError::Unopened(shorten(component)));
            return ControlFlow::Break(());
        }
        let ended = component == EVENT && !self.open.iter().any(|(name, _)| *name == EVENT);
        if let Some(draft) = self.draft.take_if(|_| ended) {
            match finish(draft) {
                Ok(event) => self.events.extend(event),
                Err(fault) => self.faults.push(fault),
            }
        }
        ControlFlow::Continue(())
    }

    /// Of an alarm in an event, nothing counts.
    fn property(&mut self, name: &str, value: &str, span: Span) {
        let inside = self.open.last().is_some_and(|(name, _)| name == EVENT);
        if let Some(event) = self.draft.as_mut().filter(|_| inside)
            && let Err(error) = set(event, name, value)
        {
            // One fault an event is enough.
            event.fault.get_or_insert(IcsFault { span, error });
        }
    }

    fn finish(mut self) -> (Vec<Event>, Vec<IcsFault>) {
        if let Some((name, span)) = self.open.pop().filter(|_| self.faults.is_empty()) {
            self.fault(span, IcsError::Unclosed(shorten(&name)));
        }
        (self.events, self.faults)
    }
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
        "STATUS" if value.trim().eq_ignore_ascii_case("CANCELLED") => event.cancelled = true,
        _ => {}
    }
    Ok(())
}

/// The event, unless it is cancelled.
fn finish(draft: Draft) -> Result<Option<Event>, IcsFault> {
    if draft.cancelled {
        return Ok(None);
    }
    if let Some(fault) = draft.fault {
        return Err(fault);
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
    let no_date = || IcsError::NoDate(shorten(value));
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
    days().ok_or_else(|| IcsError::NoDuration(shorten(value)))
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
