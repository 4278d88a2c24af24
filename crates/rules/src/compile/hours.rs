//! Hours, with their zones and calendars.

use std::collections::HashMap;
use std::sync::Arc;

use callroute_schema::tree::Span;
use chrono::{Datelike, NaiveDate};

use super::Compiler;
use crate::hint::shorten;
use crate::hours::{
    self, Calendar, Dates, Days, EVERY_DAY, Exception, Hours, HoursError, On, Plan, Point, Rank,
    Rule, Spans,
};
use crate::path::Path;
use crate::table::{ExceptionEntry, HoursEntry, WeeklyEntry};
use crate::zone::{Zone, nearest_zone};

impl Compiler<'_> {
    pub(super) fn hours(&mut self) -> HashMap<String, Arc<Hours>> {
        let calendars = self.calendars();
        let table = self.table;
        let section = Path::ROOT.key("hours");
        let mut all = HashMap::new();
        for entry in table.hours.entries() {
            let Some(value) = &entry.value else {
                continue;
            };
            let at = section.key(&entry.name);
            let zone = self.zone(&value.zone, &at.key("zone"));
            let plan = self.plan(value, &calendars, &at);
            if let (Some(zone), Some(plan)) = (zone, plan) {
                let hours = Hours::new(entry.name.clone(), plan, zone);
                all.insert(entry.name.clone(), Arc::new(hours));
            }
        }
        all
    }

    fn calendars(&mut self) -> HashMap<String, Arc<Calendar>> {
        let table = self.table;
        let section = Path::ROOT.key("calendars");
        let mut calendars = HashMap::new();
        for entry in table.calendars.entries() {
            let Some(value) = &entry.value else {
                continue;
            };
            let at = section.key(&entry.name);
            let at = at.key("dates");
            let mut dates = Calendar::new();
            for (index, text) in value.dates.iter().enumerate() {
                dates.extend(self.date(text, &at.index(index)).map(|date| (date, None)));
            }
            calendars.insert(entry.name.clone(), Arc::new(dates));
        }
        calendars
    }

    fn date(&mut self, text: &str, at: &Path<'_>) -> Option<NaiveDate> {
        let date = match text.len() {
            10 => text.parse().ok(),
            _ => None,
        };
        if date.is_none() {
            let text = shorten(text);
            self.fault(
                at,
                format!("`{text}` is no date; write it as in 2026-12-25"),
            );
        }
        date
    }

    fn zone(&mut self, name: &str, at: &Path<'_>) -> Option<Arc<dyn Zone>> {
        let zone = self.zones.zone(name);
        if zone.is_none() {
            let hint = match nearest_zone(name) {
                Some(near) => format!("; did you mean `{near}`?"),
                None => "; expected an IANA name, as in America/New_York".to_owned(),
            };
            self.fault(at, format!("unknown time zone `{}`{hint}", shorten(name)));
        }
        zone
    }

    fn plan(
        &mut self,
        entry: &HoursEntry,
        calendars: &HashMap<String, Arc<Calendar>>,
        at: &Path<'_>,
    ) -> Option<Plan> {
        let mut plan = match (&entry.open, &entry.weekly) {
            (Some(text), None) => self.text(text, &at.key("open"))?,
            (None, Some(weekly)) => self.weekly(weekly, &at.key("weekly"))?,
            (None, None) => {
                let message = "hours need `open`, as in \"Mo-Fr 09:00-17:30\", or `weekly`";
                self.fault(at, message);
                return None;
            }
            (Some(_), Some(_)) => {
                self.fault(at, "hours have `open` or `weekly`, not both");
                return None;
            }
        };
        let exceptions = at.key("exceptions");
        for (date, exception) in &entry.exceptions {
            let at = exceptions.key(date);
            let day = self.date(date, &at);
            let exception = self.exception(exception, &at);
            if let (Some(day), Some(exception)) = (day, exception)
                && (plan.has(&on_date(day)) || plan.dates.insert(day, exception).is_some())
            {
                self.fault(&at, "this date also stands in `open`");
            }
        }
        self.holidays(entry, &mut plan, calendars, at);
        Some(plan)
    }

    fn holidays(
        &mut self,
        entry: &HoursEntry,
        plan: &mut Plan,
        calendars: &HashMap<String, Arc<Calendar>>,
        at: &Path<'_>,
    ) {
        let table = self.table;
        let in_text = plan.has_holidays();
        let Some(name) = &entry.holidays else {
            if in_text {
                let message = "PH needs `holidays`: the name of one of the file's calendars";
                self.fault(&at.key("open"), message);
            }
            return;
        };
        let at = at.key("holidays");
        if !table.calendars.has(name) {
            self.unknown("calendar", name, &table.calendars, &at);
        }
        if let Some(dates) = calendars.get(name) {
            plan.holidays = Arc::clone(dates);
        }
        match (&entry.open, in_text) {
            (Some(_), false) => {
                let message = "`holidays` counts only where `open` says what they are like, as in \
                               `PH off`";
                self.fault(&at, message);
            }
            (Some(_), true) => {}
            // In plain data, holidays are closed.
            (None, _) => plan.add(Rule {
                rank: Rank::Holiday,
                days: Days {
                    dates: None,
                    on: On::Holidays,
                },
                spans: Spans::CLOSED,
                adds: false,
                reason: None,
            }),
        }
    }

    fn text(&mut self, text: &str, at: &Path<'_>) -> Option<Plan> {
        match hours::parse(text) {
            Ok(plan) => Some(plan),
            Err(error) => {
                self.inside(text, &error, at);
                None
            }
        }
    }

    /// A fault inside a text: at its own characters where they stand as they are, else at the
    /// text, with the position in words.
    fn inside(&mut self, text: &str, error: &HoursError, at: &Path<'_>) {
        let before = text.get(..error.at).unwrap_or_default();
        let column = before.chars().count();
        let message = format!(
            "{} (at character {})",
            error.message,
            column.saturating_add(1)
        );
        let whole = at.span(self.root);
        let quotes =
            whole.and_then(|span| span.end.checked_sub(span.start)?.checked_sub(text.len()));
        let (Some(whole), Some(quotes @ (0 | 2))) = (whole, quotes) else {
            self.fault(at, message);
            return;
        };
        let inset = quotes / 2;
        let start = whole.start + inset + error.at;
        let column = u32::try_from(column + inset).unwrap_or(u32::MAX);
        let span = Span {
            column: whole.column.saturating_add(column),
            start,
            end: start + error.len,
            ..whole
        };
        self.report.add(Some(span), at.to_string(), message);
    }

    fn weekly(&mut self, weekly: &WeeklyEntry, at: &Path<'_>) -> Option<Plan> {
        let days = [
            ("mon", &weekly.mon),
            ("tue", &weekly.tue),
            ("wed", &weekly.wed),
            ("thu", &weekly.thu),
            ("fri", &weekly.fri),
            ("sat", &weekly.sat),
            ("sun", &weekly.sun),
        ];
        let mut plan = Plan::default();
        let mut whole = true;
        for ((key, spans), day) in days.into_iter().zip(&mut plan.weekly) {
            match self.spans(spans, &at.key(key)) {
                Some(spans) => *day = spans,
                None => whole = false,
            }
        }
        whole.then_some(plan)
    }

    fn spans(&mut self, texts: &[String], at: &Path<'_>) -> Option<Spans> {
        let mut list = Vec::new();
        for (index, text) in texts.iter().enumerate() {
            match hours::parse_day(text) {
                Ok(span) => list.push(span),
                Err(error) => self.inside(text, &error, &at.index(index)),
            }
        }
        if list.len() != texts.len() {
            return None;
        }
        match Spans::new(list) {
            Ok(spans) => Some(spans),
            Err(error) => {
                self.fault(at, error.to_string());
                None
            }
        }
    }

    fn exception(&mut self, entry: &ExceptionEntry, at: &Path<'_>) -> Option<Exception> {
        let spans = match (entry.closed, &entry.open) {
            (Some(true), None) => Spans::CLOSED,
            (None, Some(open)) => self.spans(open, &at.key("open"))?,
            _ => {
                let message = "an exception is `closed: true`, or `open` with a list of spans";
                self.fault(at, message);
                return None;
            }
        };
        Some(Exception {
            spans,
            reason: entry.reason.as_deref().map(Arc::from),
        })
    }
}

/// A date of one year.
fn on_date(date: NaiveDate) -> Days {
    Days {
        dates: Some(Dates::One {
            year: Some(date.year()),
            day: Point::MonthDay(date.month(), date.day()),
        }),
        on: On::Weekdays(EVERY_DAY),
    }
}
