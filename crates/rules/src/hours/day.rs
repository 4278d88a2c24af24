//! What a date's open times are, and which layer says so.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Datelike, NaiveDate, Utc};

use super::answer::Layer;
use super::calendar::Calendar;
use super::span::Spans;
use super::when::{Days, On};

/// Hours as written, before they get a zone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plan {
    /// Monday first.
    pub(crate) weekly: [Spans; 7],
    /// Everything between the week and [`dates`](Self::dates), the lowest first; in one rank as
    /// written.
    rules: Vec<Rule>,
    pub(crate) holidays: Arc<Calendar>,
    /// Dates that are not like their weekday.
    pub(crate) dates: BTreeMap<NaiveDate, Exception>,
    pub(crate) force: Option<Force>,
}

/// Open times of some days of the year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) rank: Rank,
    pub(crate) days: Days,
    pub(crate) spans: Spans,
    /// Whether its spans come on top of what ranks below it, instead of in its place.
    pub(crate) adds: bool,
    pub(crate) reason: Option<Arc<str>>,
}

/// Which rule counts where several are for the same date: the highest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    Season,
    Nth,
    Holiday,
    /// A date of every year.
    Yearly,
    /// A date of one year.
    Dated,
}

/// A date that is not like its weekday.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Exception {
    pub(crate) spans: Spans,
    pub(crate) reason: Option<Arc<str>>,
}

/// Open or closed whatever else is written, until an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Force {
    pub(crate) open: bool,
    pub(crate) until: DateTime<Utc>,
    pub(crate) reason: Option<Arc<str>>,
}

/// One date's open times.
#[derive(Debug, Clone, Copy)]
pub(super) struct Day<'a> {
    date: NaiveDate,
    base: &'a Spans,
    /// Among these are the rules that add to it.
    more: &'a [Rule],
    holidays: &'a Calendar,
    by: By<'a>,
}

/// What decides about a date.
#[derive(Debug, Clone, Copy)]
enum By<'a> {
    Exception(&'a Exception),
    Rule(&'a Rule),
    Weekly,
}

static CLOSED: Spans = Spans::CLOSED;

impl Plan {
    /// Adds a rule above those of its rank and below those of higher ones.
    pub(crate) fn add(&mut self, rule: Rule) {
        let place = self.rules.partition_point(|it| it.rank <= rule.rank);
        self.rules.insert(place, rule);
    }

    /// Whether a rule for exactly these days is there, and does not only add to others.
    pub(crate) fn has(&self, days: &Days) -> bool {
        self.rules.iter().any(|it| !it.adds && it.days == *days)
    }

    /// Whether it says what holidays are like.
    pub(crate) fn has_holidays(&self) -> bool {
        self.rules.iter().any(|it| it.days.on == On::Holidays)
    }

    /// Everything between the week and the dates, the lowest first.
    pub(super) fn rules(&self) -> &[Rule] {
        &self.rules
    }

    pub(crate) fn rule_count(&self) -> usize {
        self.rules.len()
    }

    /// The open times that start on a date.
    pub(super) fn day(&self, date: NaiveDate) -> Day<'_> {
        let day = |base, more, by| Day {
            date,
            base,
            more,
            holidays: &self.holidays,
            by,
        };
        if let Some(exception) = self.dates.get(&date) {
            return day(&exception.spans, &[], By::Exception(exception));
        }
        let mut by = By::Weekly;
        let mut above: &[Rule] = &[];
        for (index, rule) in self.rules.iter().enumerate().rev() {
            if !rule.days.hold(date, &self.holidays) {
                continue;
            }
            if matches!(by, By::Weekly) {
                by = By::Rule(rule);
            }
            if !rule.adds {
                return day(&rule.spans, above, by);
            }
            above = self.rules.get(index..).unwrap_or_default();
        }
        let weekday = date.weekday().num_days_from_monday() as usize;
        day(self.weekly.get(weekday).unwrap_or(&CLOSED), above, by)
    }

    /// Whether any date is not like its weekday.
    pub(super) fn has_dates(&self) -> bool {
        !self.rules.is_empty() || !self.dates.is_empty()
    }

    /// Whether it is the same at all times, but for what is forced.
    pub(super) fn constant(&self) -> Option<bool> {
        let all = |is: fn(&Spans) -> bool| {
            self.weekly.iter().all(is)
                && self.rules.iter().all(|rule| is(&rule.spans))
                && self.dates.values().all(|exception| is(&exception.spans))
        };
        if all(Spans::is_whole_day) {
            return Some(true);
        }
        all(Spans::is_closed).then_some(false)
    }
}

impl<'a> Day<'a> {
    fn spans(self) -> impl Iterator<Item = &'a Spans> {
        let added = move |rule: &&'a Rule| rule.adds && rule.days.hold(self.date, self.holidays);
        let more = self.more.iter().filter(added).map(|rule| &rule.spans);
        std::iter::once(self.base).chain(more)
    }

    /// Whether a second after this date's midnight is in a span.
    pub(super) fn hold(self, second: u32) -> bool {
        self.spans().any(|spans| spans.hold(second))
    }

    /// Every start and end, in minutes after this date's midnight.
    pub(super) fn edges(self) -> impl Iterator<Item = u16> {
        self.spans().flat_map(Spans::edges)
    }

    /// Whether it is not like its weekday.
    pub(super) fn is_special(self) -> bool {
        !matches!(self.by, By::Weekly)
    }

    /// Which layer decides about it.
    pub(super) fn layer(self) -> Layer {
        let rule = match self.by {
            By::Weekly => return Layer::Weekly,
            By::Exception(exception) => {
                let reason = exception.reason.clone();
                return Layer::Exception { reason };
            }
            By::Rule(rule) => rule,
        };
        match rule.rank {
            Rank::Season => Layer::Season,
            Rank::Nth => Layer::Nth,
            Rank::Holiday => Layer::Holiday {
                name: self.holidays.get(&self.date).cloned().flatten(),
            },
            Rank::Yearly | Rank::Dated => Layer::Exception {
                reason: rule.reason.clone(),
            },
        }
    }
}
