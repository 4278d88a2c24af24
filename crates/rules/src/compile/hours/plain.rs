//! Hours as plain data: weekly, seasons, nth weekdays, exceptions, force.

use std::sync::Arc;

use chrono::{DateTime, Datelike, NaiveDate, Utc, Weekday};

use super::super::Compiler;
use super::super::calendars::date;
use crate::hours::{
    self, Dates, Days, EVERY_DAY, Exception, Force, On, Plan, Point, Rank, Rule, Spans, Which,
};
use crate::path::Path;
use crate::table::{
    ExceptionEntry, ForceEntry, HoursEntry, NthEntry, OpenOrClosed, SeasonEntry, WeekdayWord,
    WeeklyEntry,
};
use callroute_schema::hint::shorten;

/// Most entries of `seasons` and of `nth`.
const MAX_ENTRIES: usize = 64;

/// A date as it is written: of one year, or of every year.
#[derive(Clone, Copy)]
enum Written {
    Once(NaiveDate),
    Yearly(u32, u32),
}

impl Written {
    fn read(text: &str) -> Option<Self> {
        if text.len() != 5 {
            return date(text).map(Self::Once);
        }
        // A leap year, so that 02-29 stands for the years that have it.
        let date = date(&format!("2000-{text}"))?;
        Some(Self::Yearly(date.month(), date.day()))
    }

    fn days(self) -> Days {
        let (year, month, day) = match self {
            Self::Once(date) => (Some(date.year()), date.month(), date.day()),
            Self::Yearly(month, day) => (None, month, day),
        };
        Days {
            dates: Some(Dates::One {
                year,
                day: Point::MonthDay(month, day),
            }),
            on: On::Weekdays(EVERY_DAY),
        }
    }
}

impl Compiler<'_> {
    /// `weekly`, with `seasons` and `nth`.
    pub(super) fn plain(
        &mut self,
        entry: &HoursEntry,
        weekly: &WeeklyEntry,
        at: &Path<'_>,
    ) -> Option<Plan> {
        let mut plan = Plan::default();
        let week = self.weekly(weekly, &at.key("weekly"));
        for (key, found) in [("seasons", entry.seasons.len()), ("nth", entry.nth.len())] {
            if found > MAX_ENTRIES {
                let message = format!("expected at most {MAX_ENTRIES} entries, found {found}");
                self.fault(&at.key(key), message);
                return None;
            }
        }
        let seasons = at.key("seasons");
        for (index, season) in entry.seasons.iter().enumerate() {
            self.season(season, &mut plan, &seasons.index(index));
        }
        let nth = at.key("nth");
        for (index, entry) in entry.nth.iter().enumerate() {
            self.nth(entry, &mut plan, &nth.index(index));
        }
        plan.weekly = week?;
        Some(plan)
    }

    fn weekly(&mut self, weekly: &WeeklyEntry, at: &Path<'_>) -> Option<[Spans; 7]> {
        let days = [
            ("mon", &weekly.mon),
            ("tue", &weekly.tue),
            ("wed", &weekly.wed),
            ("thu", &weekly.thu),
            ("fri", &weekly.fri),
            ("sat", &weekly.sat),
            ("sun", &weekly.sun),
        ];
        let mut week: [Spans; 7] = Default::default();
        let mut whole = true;
        for ((key, spans), day) in days.into_iter().zip(&mut week) {
            match self.spans(spans, &at.key(key)) {
                Some(spans) => *day = spans,
                None => whole = false,
            }
        }
        whole.then_some(week)
    }

    fn season(&mut self, entry: &SeasonEntry, plan: &mut Plan, at: &Path<'_>) {
        let from = self.written(&entry.from, &at.key("from"));
        let to = self.written(&entry.to, &at.key("to"));
        let week = match (entry.closed, &entry.open, &entry.weekly) {
            (Some(true), None, None) => Some(Default::default()),
            (None, Some(open), None) => {
                let spans = self.spans(open, &at.key("open"));
                spans.map(|spans| [(); 7].map(|()| spans.clone()))
            }
            (None, None, Some(weekly)) => self.weekly(weekly, &at.key("weekly")),
            _ => {
                let message =
                    "a season is `closed: true`, `open` with a list of spans, or `weekly`";
                self.fault(at, message);
                None
            }
        };
        let (Some(from), Some(to), Some(week)) = (from, to, week) else {
            return;
        };
        let dates = match (from, to) {
            (Written::Once(from), Written::Once(to)) if from <= to => Dates::Once { from, to },
            (Written::Once(_), Written::Once(_)) => {
                self.fault(&at.key("to"), "this season ends before it begins");
                return;
            }
            (Written::Yearly(month, day), Written::Yearly(last_month, last_day)) => Dates::Yearly {
                from: Point::MonthDay(month, day),
                to: Point::MonthDay(last_month, last_day),
            },
            _ => {
                let message = "write the year with both `from` and `to`, or with neither";
                self.fault(at, message);
                return;
            }
        };
        for (day, spans) in (0..).zip(week) {
            plan.add(Rule {
                rank: Rank::Season,
                days: Days {
                    dates: Some(dates.clone()),
                    on: On::Weekdays(1 << day),
                },
                spans,
                adds: false,
                reason: None,
            });
        }
    }

    fn nth(&mut self, entry: &NthEntry, plan: &mut Plan, at: &Path<'_>) {
        let mut which = Which::default();
        let places = at.key("nth");
        for (index, place) in entry.nth.0.iter().enumerate() {
            let known = i8::try_from(*place).is_ok_and(|place| which.add(place));
            if !known {
                let message = format!(
                    "{place} is no place in a month; expected 1 to 5, or -1 to -5 from its end"
                );
                self.fault(&places.index(index), message);
            }
        }
        let Some(spans) = self.day("an nth weekday", entry.closed, entry.open.as_deref(), at)
        else {
            return;
        };
        let weekday = match entry.day {
            WeekdayWord::Mon => Weekday::Mon,
            WeekdayWord::Tue => Weekday::Tue,
            WeekdayWord::Wed => Weekday::Wed,
            WeekdayWord::Thu => Weekday::Thu,
            WeekdayWord::Fri => Weekday::Fri,
            WeekdayWord::Sat => Weekday::Sat,
            WeekdayWord::Sun => Weekday::Sun,
        };
        let days = Days {
            dates: None,
            on: On::Nth { weekday, which },
        };
        if plan.has(&days) {
            self.fault(at, "these days are given twice");
            return;
        }
        plan.add(Rule {
            rank: Rank::Nth,
            days,
            spans,
            adds: false,
            reason: None,
        });
    }

    pub(super) fn exceptions(&mut self, entry: &HoursEntry, plan: &mut Plan, at: &Path<'_>) {
        let exceptions = at.key("exceptions");
        for (text, exception) in &entry.exceptions {
            let at = exceptions.key(text);
            let date = self.written(text, &at);
            let ExceptionEntry {
                closed,
                open,
                reason,
            } = exception;
            let spans = self.day("an exception", *closed, open.as_deref(), &at);
            let (Some(date), Some(spans)) = (date, spans) else {
                continue;
            };
            let days = date.days();
            if plan.has(&days) {
                self.fault(&at, "this date also stands in `open`");
                continue;
            }
            let reason: Option<Arc<str>> = reason.as_deref().map(Arc::from);
            match date {
                Written::Once(date) => {
                    plan.dates.insert(date, Exception { spans, reason });
                }
                Written::Yearly(..) => plan.add(Rule {
                    rank: Rank::Yearly,
                    days,
                    spans,
                    adds: false,
                    reason,
                }),
            }
        }
    }

    pub(super) fn force(&mut self, entry: &ForceEntry, at: &Path<'_>) -> Option<Force> {
        let until = match DateTime::parse_from_rfc3339(&entry.until) {
            Ok(until) => until.with_timezone(&Utc),
            Err(_) => {
                let message = format!(
                    "`{}` is no instant; write it with its offset from UTC, as in \
                     2026-04-21T18:00:00-04:00",
                    shorten(&entry.until)
                );
                self.fault(&at.key("until"), message);
                return None;
            }
        };
        Some(Force {
            open: entry.state == OpenOrClosed::Open,
            until,
            reason: entry.reason.as_deref().map(Arc::from),
        })
    }

    fn written(&mut self, text: &str, at: &Path<'_>) -> Option<Written> {
        let written = Written::read(text);
        if written.is_none() {
            let text = shorten(text);
            let message =
                format!("`{text}` is no date; write it as in 2026-12-25, or 12-25 of every year");
            self.fault(at, message);
        }
        written
    }

    /// `closed: true`, or `open` with its spans.
    fn day(
        &mut self,
        what: &str,
        closed: Option<bool>,
        open: Option<&[String]>,
        at: &Path<'_>,
    ) -> Option<Spans> {
        match (closed, open) {
            (Some(true), None) => Some(Spans::CLOSED),
            (None, Some(open)) => self.spans(open, &at.key("open")),
            _ => {
                let message = format!("{what} is `closed: true`, or `open` with a list of spans");
                self.fault(at, message);
                None
            }
        }
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
}
