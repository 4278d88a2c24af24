//! Rules that never decide, and numbers without an else.

use super::implies::{excludes, implies};
use super::{Compared, Review};
use crate::engine::Clause;
use crate::path::Path;
use crate::table::Rules;

impl Review<'_> {
    pub(super) fn rules(&mut self) {
        self.overlong();
        let section = Path::ROOT.key("numbers");
        for (number, rules) in self.blocks() {
            let at = section.key(number);
            for rule in &rules {
                if !self.contradiction(rule, &at) {
                    self.shadowed(rule, &rules, &at);
                }
            }
            self.without_else(&rules, number, &at);
        }
    }

    /// Many rules that no number and no list tells apart.
    fn overlong(&mut self) {
        let book = &self.engine.book;
        let section = Path::ROOT.key("numbers");
        for run in book.overlong.clone() {
            let place = book
                .blocks
                .partition_point(|block| block.first <= run.first);
            let place = place.saturating_sub(1);
            let block = book.blocks.get(place);
            let entry = self.table.numbers.entries().get(place);
            if let (Some(block), Some(entry)) = (block, entry) {
                let index = run.first.saturating_sub(block.first) as usize;
                let message = format!(
                    "every call to this number compares {} rules from here on one by one: no caller, number, digits or list tells them apart",
                    run.count
                );
                self.warn(&section.key(&entry.name).index(index), message);
            }
        }
    }

    /// Whether a rule contradicts itself.
    fn contradiction(&mut self, rule: &Compared, at: &Path<'_>) -> bool {
        let at = at.index(rule.index);
        let when = at.key("when");
        for (place, clause) in rule.clauses.iter().enumerate() {
            if let Some(why) = self.never(clause) {
                let message = format!("this rule never decides: {why}");
                self.warn(&when, message);
                return true;
            }
            let others = rule.clauses.iter().skip(place + 1);
            if let Some(other) = others.into_iter().find(|other| excludes(clause, other)) {
                let (one, other) = (self.words(clause), self.words(other));
                let message = format!(
                    "this rule never decides: `{one}` and `{other}` never hold together; put them under `any`, or leave one out"
                );
                self.warn(&when, message);
                return true;
            }
        }
        false
    }

    /// Why a clause never holds.
    fn never(&self, clause: &Clause) -> Option<String> {
        match clause {
            Clause::Hours { hours, open } => {
                let hours = self.engine.tables.hours(*hours)?;
                let constant = hours.constant()?;
                let (name, word) = (hours.name(), if constant { "open" } else { "closed" });
                (constant != *open).then(|| format!("`{name}` is always {word}"))
            }
            Clause::List(list) => {
                let list = self.engine.tables.lists.all().get(*list as usize)?;
                let empty = list.numbers.is_empty() && list.texts.is_empty() && !list.anonymous;
                empty.then(|| format!("the list `{}` is empty", list.name))
            }
            Clause::Deck { deck, .. } => {
                let deck = self.engine.tables.decks.get(*deck as usize)?;
                deck.table
                    .is_empty()
                    .then(|| format!("`{}` has no entries", deck.name))
            }
            Clause::Any(any) => {
                let mut why = any.iter().map(|part| self.never(part));
                let first = why.next()??;
                why.all(|why| why.is_some()).then_some(first)
            }
            Clause::All(all) => all.iter().find_map(|part| self.never(part)),
            _ => None,
        }
    }

    fn shadowed(&mut self, rule: &Compared, rules: &[Compared], at: &Path<'_>) {
        let above = || rules.iter().take(rule.index);
        let here = at.index(rule.index);
        let covers = |above: &&Compared| {
            above
                .clauses
                .iter()
                .all(|wanted| rule.clauses.iter().any(|own| implies(own, wanted)))
        };
        if let Some(first) = above().find(covers) {
            let message = match first.clauses.is_empty() {
                true => format!(
                    "this rule never decides: {} above it always holds; move it up, or give that one a `when`",
                    first.title
                ),
                false => format!(
                    "this rule never decides: {} above it holds whenever this one does; move it up, or take it out",
                    first.title
                ),
            };
            self.warn_between(
                &here,
                message,
                (&at.index(first.index), "this one decides first"),
            );
            return;
        }
        // Two that ask for opposites decide everything between them.
        let alone = |rule: &&Compared| rule.clauses.len() == 1;
        let single: Vec<&Compared> = above().filter(alone).collect();
        for (place, one) in single.iter().enumerate() {
            let opposite = single.iter().skip(place + 1).find(|other| {
                let (Some(a), Some(b)) = (one.clauses.first(), other.clauses.first()) else {
                    return false;
                };
                opposites(a, b)
            });
            if let Some(other) = opposite {
                let message = format!(
                    "this rule never decides: between them, {} and {} above it hold for every call; move it up, or take one of them out",
                    one.title, other.title
                );
                self.warn_between(
                    &here,
                    message,
                    (&at.index(other.index), "one of these two decides first"),
                );
                return;
            }
        }
    }

    fn without_else(&mut self, rules: &[Compared], number: &str, at: &Path<'_>) {
        let entry = self
            .table
            .numbers
            .entries()
            .iter()
            .find(|entry| entry.name == number);
        let Some(Rules::List(list)) = entry.and_then(|entry| entry.value.as_ref()) else {
            return;
        };
        let unsettled = |rule: &&Compared| !rule.clauses.is_empty();
        let all_ask = list.len() == rules.len() && rules.iter().all(|rule| unsettled(&rule));
        let covered = rules.iter().enumerate().any(|(place, one)| {
            rules
                .iter()
                .skip(place + 1)
                .any(|other| match (&*one.clauses, &*other.clauses) {
                    ([a], [b]) => opposites(a, b),
                    _ => false,
                })
        });
        let Some(last) = rules.last().filter(|_| all_ask && !covered) else {
            return;
        };
        let gap = self.first_gap(rules);
        let when = gap.map_or_else(String::new, |gap| format!(", as on {gap}"));
        let message = format!(
            "no rule has the else: when none holds{when}, the file's default takes the call; end the list with `- {{ then: … }}`"
        );
        self.warn(&at.index(last.index), message);
    }

    pub(super) fn words(&self, clause: &Clause) -> String {
        let tables = &self.engine.tables;
        match clause {
            Clause::Not(not) => format!("not {}", self.words(not)),
            other => crate::engine::Written {
                clause: other,
                tables,
            }
            .to_string(),
        }
    }
}

/// Whether one of two holds for every call.
fn opposites(one: &Clause, other: &Clause) -> bool {
    match (one, other) {
        (
            Clause::Hours { hours, open },
            Clause::Hours {
                hours: same,
                open: other,
            },
        ) => hours == same && open != other,
        (Clause::Anonymous(one), Clause::Anonymous(other)) => one != other,
        (Clause::Not(not), other) | (other, Clause::Not(not)) => {
            // What may not be known is no opposite of itself.
            **not == *other && settles(other)
        }
        _ => false,
    }
}

/// Whether it always comes out one way or the other, without a fact.
fn settles(clause: &Clause) -> bool {
    match clause {
        Clause::Attribute(_)
        | Clause::Found(_)
        | Clause::Available(_)
        | Clause::Calls(_)
        | Clause::Switch(_)
        | Clause::Missing(_) => false,
        Clause::All(parts) | Clause::Any(parts) => parts.iter().all(settles),
        Clause::Not(part) | Clause::Kind(_, part) => settles(part),
        _ => true,
    }
}
