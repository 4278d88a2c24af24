//! When a condition that holds makes another hold, and when both can never hold.

mod numbers;
mod opposites;
mod values;

use std::cell::RefCell;
use std::collections::HashMap;

use crate::engine::{Clause, Subject, Tables, WHOLE};
use crate::number;
use crate::prefix::Key;
use crate::table::Sections;

/// What follows from what; `tables` says what clauses refer to.
pub(super) struct Logic<'e> {
    tables: &'e Tables,
    /// For each of the tables' hours whether they are open at all times, or never.
    settled: Vec<Option<bool>>,
    /// Of two hours, whether the first are open only while the second are.
    within: RefCell<HashMap<(u32, u32), bool>>,
    /// Who is on which list.
    listed: HashMap<u32, numbers::Listed>,
}

impl<'e> Logic<'e> {
    pub(super) fn new(table: &Sections, tables: &'e Tables) -> Self {
        let schedules = tables.schedules.iter();
        Self {
            tables,
            settled: schedules
                .map(|schedule| schedule.hours().settled())
                .collect(),
            within: RefCell::default(),
            listed: numbers::listed(table, tables),
        }
    }

    /// Whether hours are open at all times, or never.
    pub(super) fn settled(&self, hours: u32) -> Option<bool> {
        self.settled.get(hours as usize).copied().flatten()
    }

    /// Whether it holds for every call.
    pub(super) fn always(&self, clause: &Clause) -> bool {
        match clause {
            Clause::Hours { hours, open } => self.settled(*hours) == Some(*open),
            Clause::Share { from, to } => *from == 0 && *to >= WHOLE,
            Clause::Any(any) => {
                any.iter().any(|part| self.always(part)) || opposites::among(any.iter())
            }
            Clause::All(all) => all.iter().all(|part| self.always(part)),
            Clause::Kind(_, spelled) => self.always(spelled),
            _ => false,
        }
    }

    /// Whether hours in a state means that others are in a state.
    fn time(&self, one: (u32, bool), other: (u32, bool)) -> bool {
        let within = |one: u32, other: u32| {
            let known = self.within.borrow().get(&(one, other)).copied();
            known.unwrap_or_else(|| {
                let both = self.tables.hours(one).zip(self.tables.hours(other));
                let is = both.is_some_and(|(one, other)| one.open_only_while(other));
                self.within.borrow_mut().insert((one, other), is);
                is
            })
        };
        match (one, other) {
            ((one, true), (other, true)) => within(one, other),
            ((one, false), (other, false)) => within(other, one),
            ((one, true), (other, false)) => self.apart(one, other),
            ((_, false), (_, true)) => false,
        }
    }

    /// Whether two hours are never open at the same time.
    fn apart(&self, one: u32, other: u32) -> bool {
        let both = self.tables.hours(one).zip(self.tables.hours(other));
        one != other && both.is_some_and(|(one, other)| one.open_only_without(other))
    }

    /// Whether `if_this` holding for a call makes `then_that` hold for it.
    pub(super) fn implies(&self, if_this: &Clause, then_that: &Clause) -> bool {
        if if_this == then_that {
            return true;
        }
        match (if_this, then_that) {
            (Clause::Any(any), _) => any.iter().all(|part| self.implies(part, then_that)),
            (_, Clause::Any(any)) => any.iter().any(|part| self.implies(if_this, part)),
            (_, Clause::All(all)) => all.iter().all(|part| self.implies(if_this, part)),
            (Clause::All(all), _) => all.iter().any(|part| self.implies(part, then_that)),
            (_, Clause::Kind(_, spelled)) => self.implies(if_this, spelled),
            (Clause::Kind(_, spelled), _) => self.implies(spelled, then_that),
            (_, Clause::Not(not)) => self.excludes(if_this, not),
            (
                Clause::Hours { hours, open },
                Clause::Hours {
                    hours: others,
                    open: wanted,
                },
            ) => self.time((*hours, *open), (*others, *wanted)),
            (
                Clause::Share { from, to },
                Clause::Share {
                    from: wide_from,
                    to: wide_to,
                },
            ) => wide_from <= from && to <= wide_to,
            (
                Clause::Country {
                    subject, countries, ..
                },
                Clause::Country {
                    subject: other,
                    countries: wide,
                    ..
                },
            ) => subject == other && countries.iter().all(|country| wide.contains(country)),
            (Clause::Place(places), Clause::Place(wide)) => {
                let known = |name: &str| {
                    wide.names
                        .iter()
                        .any(|wide| wide.eq_ignore_ascii_case(name))
                };
                places.names.iter().all(|name| known(name))
            }
            (Clause::Trunk(trunks), Clause::Trunk(wide)) => {
                trunks.iter().all(|trunk| wide.contains(trunk))
            }
            (Clause::Transport(list), Clause::Transport(wide)) => {
                list.iter().all(|one| wide.contains(one))
            }
            (Clause::Attribute(field), Clause::Attribute(wide)) => {
                field.name == wide.name && values::narrower(&field.test, &wide.test)
            }
            (Clause::Header(field), Clause::Header(wide)) => {
                field.name.eq_ignore_ascii_case(&wide.name)
                    && values::narrower(&field.test, &wide.test)
            }
            (Clause::Calls(calls), Clause::Calls(wide)) => {
                calls.on == wide.on && values::fewer(calls, wide)
            }
            (
                Clause::Duty { rota, who },
                Clause::Duty {
                    rota: other,
                    who: wide,
                },
            ) => rota == other && who.iter().all(|agent| wide.contains(agent)),
            (_, Clause::HasNumber) => self.has_number(if_this),
            (_, Clause::Anonymous(false)) => self.has_number(if_this),
            (Clause::List(list), Clause::List(wide)) => self.is_within(*list, *wide),
            (
                _,
                Clause::Country {
                    subject, countries, ..
                },
            ) => {
                let these = self.numbers(if_this);
                these.is_some_and(|these| numbers::are_of(&these, *subject, countries))
            }
            (Clause::Key { .. } | Clause::OneOf(_), Clause::List(list)) => {
                let these = self.numbers(if_this);
                these.is_some_and(|these| self.are_on(&these, *list))
            }
            _ => match (self.numbers(if_this), self.numbers(then_that)) {
                (Some(these), Some(those)) => numbers::are_among(&these, &those),
                _ => false,
            },
        }
    }

    /// Whether both can never hold for the same call.
    pub(super) fn excludes(&self, one: &Clause, other: &Clause) -> bool {
        match (one, other) {
            (Clause::Any(any), other) | (other, Clause::Any(any)) => {
                any.iter().all(|part| self.excludes(part, other))
            }
            (Clause::All(all), other) | (other, Clause::All(all)) => {
                all.iter().any(|part| self.excludes(part, other))
            }
            (Clause::Kind(_, spelled), other) | (other, Clause::Kind(_, spelled)) => {
                self.excludes(spelled, other)
            }
            (Clause::Not(not), other) | (other, Clause::Not(not)) => self.implies(other, not),
            (
                Clause::Hours { hours, open },
                Clause::Hours {
                    hours: others,
                    open: wanted,
                },
            ) => match hours == others {
                true => open != wanted,
                false => self.time((*hours, *open), (*others, !*wanted)),
            },
            (Clause::Anonymous(one), Clause::Anonymous(other)) => one != other,
            (Clause::Anonymous(true), other) | (other, Clause::Anonymous(true)) => {
                self.has_number(other)
            }
            (
                Clause::Share { from, to },
                Clause::Share {
                    from: other_from,
                    to: other_to,
                },
            ) => to <= other_from || other_to <= from,
            (Clause::Trunk(these), Clause::Trunk(those)) => {
                !these.iter().any(|one| those.contains(one))
            }
            (Clause::Transport(these), Clause::Transport(those)) => {
                !these.iter().any(|one| those.contains(one))
            }
            (
                Clause::Country {
                    subject, countries, ..
                },
                Clause::Country {
                    subject: other,
                    countries: those,
                    ..
                },
            ) => subject == other && !countries.iter().any(|country| those.contains(country)),
            (
                Clause::Country {
                    subject, countries, ..
                },
                digits,
            )
            | (
                digits,
                Clause::Country {
                    subject, countries, ..
                },
            ) => {
                let these = self.numbers(digits);
                these.is_some_and(|these| numbers::are_elsewhere(&these, *subject, countries))
            }
            (Clause::Attribute(one), Clause::Attribute(other)) => {
                one.name == other.name && values::differ(&one.test, &other.test)
            }
            (Clause::Header(one), Clause::Header(other)) => {
                one.name.eq_ignore_ascii_case(&other.name) && values::differ(&one.test, &other.test)
            }
            (
                Clause::Duty { rota, who },
                Clause::Duty {
                    rota: other,
                    who: those,
                },
            ) => rota == other && !who.iter().any(|agent| those.contains(agent)),
            _ => match (self.numbers(one), self.numbers(other)) {
                (Some(these), Some(those)) => {
                    let meets = |a: &Key, b: &Key| self.meet(*a, *b);
                    these.subject == those.subject
                        && !these.keys.iter().any(|a| those.keys.iter().any(|b| meets(a, b)))
                        && !these.texts.iter().any(|text| those.texts.contains(text))
                        // A text is no number, unless a prefix is the beginning of one.
                        && (these.texts.is_empty() || !those.prefixes)
                        && (those.texts.is_empty() || !these.prefixes)
                }
                _ => false,
            },
        }
    }

    /// Whether a number may begin with both: with one as it is dialed, and in full with the other,
    /// unless what is dialed so is something else in full.
    fn meet(&self, one: Key, other: Key) -> bool {
        let meet = |one: Key, other: Key| one.begins(other) || other.begins(one);
        let (dialed, full) = match (one.is_as_dialed(), other.is_as_dialed()) {
            (true, false) => (one, other),
            (false, true) => (other, one),
            _ => return meet(one, other),
        };
        let prefix = || number::prefix(&dialed.to_string(), self.tables.region).ok();
        match self.tables.region {
            Some(_) if !dialed.is_whole() => match prefix().as_deref() {
                Some([_, of_dialed]) => meet(*of_dialed, full),
                _ => true,
            },
            _ => meet(dialed, full),
        }
    }

    /// Whether it only holds for callers whose number is known.
    fn has_number(&self, clause: &Clause) -> bool {
        match clause {
            Clause::HasNumber | Clause::Place(_) => true,
            Clause::Deck { subject, .. } | Clause::Country { subject, .. } => {
                *subject == Subject::Caller
            }
            _ => {
                let numbers = self.numbers(clause);
                numbers.is_some_and(|numbers| numbers.subject == Subject::Caller)
            }
        }
    }

    /// Whether for every call with `own` one of several holds, of which each is enough.
    pub(super) fn cover(&self, own: &[Clause], parts: &[&Clause]) -> bool {
        opposites::among(parts.iter().copied())
            || shares_cover(own, parts)
            || self.hours_cover(own, parts)
    }

    fn hours_cover(&self, own: &[Clause], parts: &[&Clause]) -> bool {
        let times = |clause: &Clause, turn: bool| match clause {
            Clause::Hours { hours, open } => {
                let hours = self.tables.hours(*hours)?.as_ref();
                Some((hours, *open != turn))
            }
            _ => None,
        };
        let mut all: Vec<_> = parts.iter().filter_map(|part| times(part, false)).collect();
        // Times at which the rule does not hold need not be covered.
        if all.len() > 1 {
            all.extend(own.iter().filter_map(|clause| times(clause, true)));
        }
        all.len() > 1 && crate::hours::Hours::cover(&all)
    }
}

/// Whether shares of calls come to all those that the rule takes.
fn shares_cover(own: &[Clause], parts: &[&Clause]) -> bool {
    let bounds = |clause: &Clause| match clause {
        Clause::Share { from, to } => Some((*from, *to)),
        _ => None,
    };
    let mut shares: Vec<(u16, u16)> = parts.iter().filter_map(|part| bounds(part)).collect();
    shares.sort_unstable();
    let (from, to) = own.iter().find_map(bounds).unwrap_or((0, WHOLE));
    let end = shares
        .iter()
        .fold(from, |end, (from, to)| match *from <= end {
            true => end.max(*to),
            false => end,
        });
    shares.len() > 1 && end >= to
}
