//! Calendars of holidays: dates in the file, or an iCalendar or CSV file beside it.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::NaiveDate;

use super::Compiler;
use super::records::{MAX_FAULTS, Wrong, is_heading};
use crate::hours::Calendar;
use crate::ics;
use crate::path::Path;
use crate::table::CalendarEntry;
use callroute_schema::hint::shorten;

/// Most dates of one calendar.
const MAX_DATES: usize = 100_000;
/// The name of the column that holds dates.
const COLUMN: &str = "date";

impl Compiler<'_> {
    pub(super) fn calendars(&mut self) -> HashMap<String, Arc<Calendar>> {
        let table = self.table;
        let section = Path::ROOT.key("calendars");
        let mut calendars = HashMap::new();
        for entry in table.calendars.entries() {
            let Some(value) = &entry.value else {
                continue;
            };
            let calendar = self.calendar(value, &section.key(&entry.name));
            calendars.insert(entry.name.clone(), Arc::new(calendar));
        }
        calendars
    }

    fn calendar(&mut self, entry: &CalendarEntry, at: &Path<'_>) -> Calendar {
        let mut calendar = Calendar::new();
        if entry.dates.is_none() && entry.file.is_none() {
            let message = "a calendar needs `dates`, as in [2026-12-25], or a `file`";
            self.fault(at, message);
        }
        let dates = at.key("dates");
        for (index, text) in entry.dates.iter().flatten().enumerate() {
            match date(text) {
                Some(date) => {
                    calendar.entry(date).or_default();
                }
                None => self.fault(&dates.index(index), no_date(text)),
            }
        }
        if let Some(file) = &entry.file {
            self.calendar_file(file, &mut calendar, &at.key("file"));
        }
        if calendar.len() > MAX_DATES {
            let message = format!("a calendar has at most {MAX_DATES} dates");
            self.fault(at, message);
        }
        calendar
    }

    fn calendar_file(&mut self, file: &str, calendar: &mut Calendar, at: &Path<'_>) {
        let ending = file
            .rsplit_once('.')
            .map(|(_, ending)| ending.to_ascii_lowercase());
        let read = match ending.as_deref() {
            Some("ics") => Self::ics,
            Some("csv") => Self::csv,
            _ => {
                let message = format!(
                    "`{}` is no calendar by its name; expected iCalendar (.ics) or `date,name` (.csv)",
                    shorten(file)
                );
                self.fault(at, message);
                return;
            }
        };
        let Some(text) = self.read(file, at) else {
            return;
        };
        let faults = self.report.len();
        let found = read(self, file, &text, calendar);
        if found == 0 && self.report.len() == faults {
            let message = format!("there is no date in `{}`", shorten(file));
            self.fault(at, message);
        }
    }

    /// Adds the dates of an iCalendar file; gives how many there are.
    fn ics(&mut self, file: &str, text: &str, calendar: &mut Calendar) -> usize {
        let (events, faults) = ics::read(text);
        for fault in faults.into_iter().take(MAX_FAULTS) {
            let message = fault.error.to_string();
            self.report.elsewhere(file, Some(fault.span), message, None);
        }
        let mut found = 0;
        for event in events {
            let name: Option<Arc<str>> = event.name.as_deref().map(Arc::from);
            let days = event.from.iter_days().take_while(|day| *day <= event.to);
            for day in days {
                // One more than fits, and whoever calls says so.
                if calendar.len() > MAX_DATES {
                    return found;
                }
                found += 1;
                add(calendar, day, name.clone());
            }
        }
        found
    }

    /// Adds the dates of a CSV file; gives how many there are.
    fn csv(&mut self, file: &str, text: &str, calendar: &mut Calendar) -> usize {
        let (mut date_column, mut name_column) = (0, Some(1));
        let mut found = 0;
        self.records(file, text, |index, record| {
            if index == 0 && is_heading(record, COLUMN) {
                let column = |name: &str| record.iter().position(|field| field.text == name);
                let Some(place) = column(COLUMN) else {
                    let message = "this heading has no `date`; write it as in `date,name`";
                    return Err(Wrong::stop(record.first(), message.to_owned()));
                };
                (date_column, name_column) = (place, column("name"));
                return Ok(());
            }
            let field = record.get(date_column);
            let Some(field) = field.filter(|field| !field.text.is_empty()) else {
                let message = "this line has no date".to_owned();
                return Err(Wrong::line(record.first(), message));
            };
            let Some(date) = date(&field.text) else {
                return Err(Wrong::line(Some(field), no_date(&field.text)));
            };
            // One more than fits, and whoever calls says so.
            if calendar.len() <= MAX_DATES {
                let name = name_column.and_then(|column| record.get(column));
                let name = name.filter(|name| !name.text.is_empty());
                add(calendar, date, name.map(|name| name.text.as_str().into()));
                found += 1;
            }
            Ok(())
        });
        found
    }
}

/// Two holidays may fall on one date; the first that has a name gives it.
fn add(calendar: &mut Calendar, date: NaiveDate, name: Option<Arc<str>>) {
    let known = calendar.entry(date).or_default();
    if known.is_none() {
        *known = name;
    }
}

/// A date as in 2026-12-25, and in no other way.
pub(super) fn date(text: &str) -> Option<NaiveDate> {
    let shaped = |(place, byte): (usize, u8)| match place {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    };
    let strict = text.len() == 10 && text.bytes().enumerate().all(shaped);
    text.parse().ok().filter(|_| strict)
}

pub(super) fn no_date(text: &str) -> String {
    format!("`{}` is no date; write it as in 2026-12-25", shorten(text))
}
