//! Hours that are never open, and hours of a number that leave gaps or overlap.

use chrono::{DateTime, Utc};

use super::{Compared, Review};
use crate::engine::Clause;
use crate::path::Path;

/// A Monday 00:00 UTC of a week without holidays to speak of; gaps are looked for from there.
const WEEK: i64 = 1_772_409_600;
/// Minutes of a week.
const MINUTES: i64 = 7 * 24 * 60;
/// How far apart instants are looked at, in minutes.
const STEP: i64 = 15;

impl Review<'_> {
    pub(super) fn hours(&mut self) {
        let section = Path::ROOT.key("hours");
        for entry in self.table.hours.entries() {
            let constant = self
                .engine
                .hours(&entry.name)
                .and_then(|hours| hours.constant());
            if constant == Some(false) {
                let message = "these hours are never open; give them times, as in \
                               \"Mo-Fr 09:00-17:30\", or leave them out";
                self.warn(&section.key(&entry.name), message);
            }
        }
        self.overlaps();
    }

    /// The first instant of a usual week at which no rule of a block holds, when all that they
    /// ask is the time.
    pub(super) fn first_gap(&self, rules: &[Compared]) -> Option<String> {
        let spans: Option<Vec<(u32, bool)>> = rules.iter().map(only_hours).collect();
        let spans = spans?;
        let (first, _) = *spans.first()?;
        let tables = &self.engine.tables;
        let minute = (0..MINUTES)
            .step_by(usize::try_from(STEP).ok()?)
            .find(|minute| {
                let utc = WEEK + minute * 60;
                !spans
                    .iter()
                    .any(|(hours, open)| tables.is_open(*hours, utc) == *open)
            })?;
        let at: DateTime<Utc> = DateTime::from_timestamp(WEEK + minute * 60, 0)?;
        let local = tables.hours(first)?.answer(at).local;
        Some(local.format("%a %H:%M").to_string())
    }

    /// Rules of a number that ask for nothing but hours, and share part of them.
    fn overlaps(&mut self) {
        let section = Path::ROOT.key("numbers");
        for (number, rules) in self.blocks() {
            let at = section.key(number);
            for (place, rule) in rules.iter().enumerate() {
                let Some(own) = only_hours(rule) else {
                    continue;
                };
                for above in rules.iter().take(place) {
                    let Some(other) = only_hours(above) else {
                        continue;
                    };
                    let first = at.index(above.index);
                    if self.within(own, other) {
                        let message = format!(
                            "this rule never decides: {} above it holds at all these times; move it up",
                            above.title
                        );
                        self.warn_between(
                            &at.index(rule.index),
                            message,
                            (&first, "this one decides first"),
                        );
                    } else if let Some((from, to)) = self.overlap(other, own) {
                        let message = format!(
                            "from {from} to {to} {} above it decides too, and comes first; let one end where the other begins",
                            above.title
                        );
                        self.warn_between(
                            &at.index(rule.index),
                            message,
                            (&first, "this one decides then"),
                        );
                    }
                }
            }
        }
    }

    /// Whether one only holds while another does, every week of the year alike.
    fn within(&self, one: (u32, bool), other: (u32, bool)) -> bool {
        let tables = &self.engine.tables;
        let weekly = |(hours, _)| tables.hours(hours).is_some_and(|hours| hours.is_weekly());
        let constant = |(hours, _)| {
            tables
                .hours(hours)
                .is_none_or(|hours| hours.constant().is_some())
        };
        // The same hours, and hours that never change, are told of elsewhere.
        let told = one.0 == other.0 || constant(one) || constant(other);
        !told
            && weekly(one)
            && weekly(other)
            && (0..MINUTES).all(|minute| {
                let utc = WEEK + minute * 60;
                let holds = |(hours, open): (u32, bool)| tables.is_open(hours, utc) == open;
                !holds(one) || holds(other)
            })
    }

    /// The first stretch of a usual week that two have in common, when each has one of its own.
    fn overlap(&self, one: (u32, bool), other: (u32, bool)) -> Option<(String, String)> {
        let tables = &self.engine.tables;
        let (mut own_one, mut own_other) = (false, false);
        let mut common: Option<(i64, i64)> = None;
        for minute in (0..MINUTES).step_by(usize::try_from(STEP).ok()?) {
            let utc = WEEK + minute * 60;
            let a = tables.is_open(one.0, utc) == one.1;
            let b = tables.is_open(other.0, utc) == other.1;
            own_one |= a && !b;
            own_other |= b && !a;
            if a && b {
                common = match common {
                    None => Some((utc, utc + STEP * 60)),
                    Some((from, to)) if to == utc => Some((from, utc + STEP * 60)),
                    ended => ended,
                };
            }
        }
        // A wide rule under a narrow one is how exceptions are written.
        let (from, to) = common.filter(|_| own_one && own_other)?;
        let hours = tables.hours(other.0)?;
        let local = |utc| {
            let at: DateTime<Utc> = DateTime::from_timestamp(utc, 0)?;
            Some(hours.answer(at).local.format("%a %H:%M").to_string())
        };
        Some((local(from)?, local(to)?))
    }
}

/// The hours that a rule asks for, when it asks for nothing else.
fn only_hours(rule: &Compared) -> Option<(u32, bool)> {
    match &*rule.clauses {
        [Clause::Hours { hours, open }] => Some((*hours, *open)),
        _ => None,
    }
}
