//! What a date's open times are, and which layer says so.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{Datelike, NaiveDate};

use super::answer::Layer;
use super::span::Spans;

/// Hours as written, before they get a zone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plan {
    /// Monday first.
    pub(crate) weekly: [Spans; 7],
    /// In written order; the last that covers a date counts.
    pub(crate) seasons: Vec<Season>,
    /// What holidays are like; `None`: like any other day.
    pub(crate) holiday: Option<Spans>,
    pub(crate) holidays: Arc<BTreeSet<NaiveDate>>,
    /// Dates of one year.
    pub(crate) dates: BTreeMap<NaiveDate, Exception>,
    /// Month and day of every year.
    pub(crate) yearly: BTreeMap<(u32, u32), Exception>,
}

/// A date that is not like its weekday.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Exception {
    pub(crate) spans: Spans,
    pub(crate) reason: Option<Arc<str>>,
}

/// A stretch of every year, by month and day, both ends included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Season {
    pub(crate) from: (u32, u32),
    /// Before `from`: it runs over the new year.
    pub(crate) to: (u32, u32),
    pub(crate) spans: Spans,
}

impl Season {
    fn covers(&self, day: (u32, u32)) -> bool {
        if self.from <= self.to {
            self.from <= day && day <= self.to
        } else {
            self.from <= day || day <= self.to
        }
    }
}

impl Plan {
    /// The open times that start on a date.
    pub(crate) fn day(&self, date: NaiveDate) -> (&Spans, Layer) {
        let month_day = (date.month(), date.day());
        let exception = self.dates.get(&date);
        if let Some(exception) = exception.or_else(|| self.yearly.get(&month_day)) {
            let reason = exception.reason.clone();
            return (&exception.spans, Layer::Exception { reason });
        }
        if let Some(spans) = &self.holiday
            && self.holidays.contains(&date)
        {
            return (spans, Layer::Holiday);
        }
        if let Some(season) = self
            .seasons
            .iter()
            .rev()
            .find(|season| season.covers(month_day))
        {
            return (&season.spans, Layer::Season);
        }
        let weekday = date.weekday().num_days_from_monday() as usize;
        let spans = self.weekly.get(weekday).unwrap_or(&CLOSED);
        (spans, Layer::Weekly)
    }
}

static CLOSED: Spans = Spans::CLOSED;
