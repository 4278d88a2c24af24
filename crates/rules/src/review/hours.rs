//! Hours that are never open, and hours of a number that leave gaps or overlap.

use chrono::{DateTime, Utc};

use super::{Block, Compared, Review};
use crate::engine::Clause;
use crate::path::Path;

/// A Monday 00:00 UTC of a week without holidays to speak of; gaps are looked for from there.
const WEEK: i64 = 1_772_409_600;
/// Rules of one number whose hours are compared with each other.
const MAX_TIMED: usize = 200;
/// Seconds of a week.
const SECONDS: i64 = 7 * 24 * 3_600;

/// Hours that a rule asks for, and whether open.
type Asked = (u32, bool);

impl Review<'_> {
    pub(super) fn hours(&mut self, blocks: &[Block<'_>]) {
        let section = Path::ROOT.key("hours");
        for entry in self.table.hours.entries() {
            let hours = self.engine.hours(&entry.name);
            if hours.and_then(|hours| hours.settled()) == Some(false) {
                let message = "these hours are never open; give them times, as in \
                               \"Mo-Fr 09:00-17:30\", or leave them out";
                self.warn(&section.key(&entry.name), message);
            }
        }
        self.overlaps(blocks);
    }

    /// The first instant of a usual week at which no rule that asks for the time alone holds.
    pub(super) fn first_gap(&self, rules: &[Compared]) -> Option<String> {
        // Behind a rule that passes every call on there is still nobody.
        let rules = rules.iter().filter(|rule| !rule.passes_on);
        let asked: Vec<Asked> = rules.filter_map(only_hours).collect();
        let (first, _) = *asked.first()?;
        let gap = self.changes(&asked).into_iter().find(|(from, _)| {
            let holds = |asked: &Asked| self.holds(*asked, *from);
            !asked.iter().any(holds)
        });
        self.local(first, gap?.0)
    }

    /// Rules of a number that ask for nothing but hours, and share part of them.
    fn overlaps(&mut self, blocks: &[Block<'_>]) {
        let section = Path::ROOT.key("numbers");
        for block in blocks {
            let at = section.key(block.number);
            let timed = block.rules.iter();
            let timed: Vec<_> = timed
                .filter_map(|rule| Some((rule, only_hours(rule)?)))
                .take(MAX_TIMED)
                .collect();
            for (place, (rule, own)) in timed.iter().enumerate() {
                for (above, other) in timed.iter().take(place) {
                    if above.goes_on {
                        continue;
                    }
                    let Some((from, to)) = self.overlap(*other, *own) else {
                        continue;
                    };
                    let message = format!(
                        "from {from} to {to} {} above it decides too, and comes first; let one end where the other begins",
                        above.title
                    );
                    self.warn_between(
                        &at.index(rule.index),
                        message,
                        (&at.index(above.index), "this one decides then"),
                    );
                }
            }
        }
    }

    /// The first stretch of a usual week that two have in common, when each has one of its own.
    fn overlap(&self, one: Asked, other: Asked) -> Option<(String, String)> {
        let (mut own_one, mut own_other) = (false, false);
        let mut common: Option<(i64, i64)> = None;
        for (from, to) in self.changes(&[one, other]) {
            let (a, b) = (self.holds(one, from), self.holds(other, from));
            own_one |= a && !b;
            own_other |= b && !a;
            if a && b {
                common = match common {
                    Some((begin, end)) if end == from => Some((begin, to)),
                    found => found.or(Some((from, to))),
                };
            }
        }
        // A wide rule under a narrow one is how exceptions are written.
        let (from, to) = common.filter(|_| own_one && own_other)?;
        Some((self.local(other.0, from)?, self.local(other.0, to)?))
    }

    fn holds(&self, (hours, open): Asked, utc: i64) -> bool {
        self.engine.tables.is_open(hours, utc) == open
    }

    /// The stretches of a usual week over which none of these hours changes.
    fn changes(&self, asked: &[Asked]) -> Vec<(i64, i64)> {
        let mut edges = vec![WEEK, WEEK + SECONDS];
        for (hours, _) in asked {
            let mut known = self.edges.borrow_mut();
            let own = known.entry(*hours).or_insert_with(|| self.edges_of(*hours));
            edges.extend_from_slice(own);
        }
        edges.sort_unstable();
        edges.dedup();
        let after = edges.iter().skip(1);
        edges.iter().copied().zip(after.copied()).collect()
    }

    /// When hours change within a usual week.
    fn edges_of(&self, hours: u32) -> Vec<i64> {
        let mut edges = Vec::new();
        let Some(hours) = self.engine.tables.hours(hours) else {
            return edges;
        };
        let mut at = WEEK;
        while let Some(next) = DateTime::from_timestamp(at, 0)
            .and_then(|at| hours.answer(at).next_change)
            .map(|next| next.timestamp())
            .filter(|next| (at + 1..WEEK + SECONDS).contains(next))
        {
            edges.push(next);
            at = next;
        }
        edges
    }

    /// What the clock on the wall of hours reads.
    fn local(&self, hours: u32, utc: i64) -> Option<String> {
        let at: DateTime<Utc> = DateTime::from_timestamp(utc, 0)?;
        let local = self.engine.tables.hours(hours)?.answer(at).local;
        Some(local.format("%a %H:%M").to_string())
    }
}

/// The hours that a rule asks for, when it asks for nothing else.
fn only_hours(rule: &Compared) -> Option<Asked> {
    match &*rule.clauses {
        [Clause::Hours { hours, open }] => Some((*hours, *open)),
        _ => None,
    }
}
