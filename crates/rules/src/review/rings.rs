//! Numbers of the file whose calls ring them again, by themselves or by way of others.
//!
//! Only what goes on by itself is followed, and only to numbers that are written out in full: a
//! prefix covers numbers of the outside, which never come back.

mod walk;

use std::collections::{HashMap, HashSet, VecDeque};

use self::walk::Walk;
use super::above::Above;
use super::{Block, Compared, Review};
use crate::engine::{Clause, Dialed, Subject};
use crate::number::{self, Pattern};
use crate::path::{Path, Spot};

/// A number of the file is rung: its place among them, and where that is written.
type Rung = (usize, Spot);
/// The place of whatever number was dialed.
const DIALED: usize = usize::MAX;

/// A number rings another of the file.
struct Edge<'r> {
    to: usize,
    at: Spot,
    /// The rules above the one that does so.
    above: &'r [Compared],
}

/// What a rule rings, or what a number does without rules.
struct Ring<'r> {
    to: usize,
    at: Spot,
    /// The rules above it.
    above: &'r [Compared],
    /// What it asks.
    asks: &'r [Clause],
}

impl<'r> Ring<'r> {
    fn new((to, at): Rung, above: &'r [Compared], asks: &'r [Clause]) -> Self {
        Self {
            to,
            at,
            above,
            asks,
        }
    }

    fn above(&self) -> impl Iterator<Item = &Clause> {
        self.above.iter().flat_map(|rule| &rule.clauses)
    }

    /// Whether a call to the same number comes to this rule again.
    fn comes_again(&self) -> bool {
        self.asks.iter().all(of_time) && self.above().all(stays)
    }

    /// Whether every call that comes to this rule is taken by it, whoever calls.
    fn takes_all(&self) -> bool {
        self.asks.is_empty() && self.above().all(of_caller)
    }
}

impl Review<'_> {
    pub(super) fn rings(&mut self, blocks: &[Block<'_>]) {
        let ours = self.written_out();
        let of_rules: HashMap<&str, &Block<'_>> =
            blocks.iter().map(|block| (block.number, block)).collect();
        let table = self.table;
        let mut walk = Walk::new(self, &ours);
        let section = Path::ROOT.key("numbers");
        let mut again = Vec::new();
        let mut edges: HashMap<usize, Vec<Edge<'_>>> = HashMap::new();
        let mut whole: Vec<usize> = ours.values().copied().collect();
        whole.sort_unstable();
        for place in whole {
            let entry = table.numbers.entries().get(place);
            let Some((entry, written)) =
                entry.and_then(|entry| Some((entry, entry.value.as_ref()?)))
            else {
                continue;
            };
            let at = section.key(&entry.name);
            let block = of_rules.get(&*entry.name);
            let rules = block.map_or(&[][..], |block| &block.rules);
            // Calls for help do not come back.
            let is_for_help = self.engine.tables.emergency(&entry.name).is_some();
            for ring in walk.by_rule(written, rules, &at) {
                let to = match ring.to {
                    DIALED if is_for_help => continue,
                    DIALED => place,
                    to => to,
                };
                if to == place && ring.comes_again() {
                    again.push((ring.at, vec![place]));
                } else if to != place && ring.takes_all() {
                    let Ring { at, above, .. } = ring;
                    edges.entry(place).or_default().push(Edge { to, at, above });
                }
            }
        }
        again.extend(self.rounds(&edges));
        self.tell(again);
    }

    /// Ways from a number over others back to it, each told once, where it is closed.
    fn rounds(&self, edges: &HashMap<usize, Vec<Edge<'_>>>) -> Vec<(Spot, Vec<usize>)> {
        let mut starts: Vec<usize> = edges.keys().copied().collect();
        starts.sort_unstable();
        let mut found = Vec::new();
        for start in starts {
            let mut came: HashMap<usize, (usize, &Edge<'_>)> = HashMap::new();
            let mut next = VecDeque::from([start]);
            while let Some(place) = next.pop_front() {
                for edge in edges.get(&place).into_iter().flatten() {
                    // A round is told of its first number.
                    if edge.to < start || came.contains_key(&edge.to) {
                        continue;
                    }
                    came.insert(edge.to, (place, edge));
                    next.push_back(edge.to);
                }
                if came.contains_key(&start) {
                    break;
                }
            }
            let mut way = Vec::new();
            let mut above = Above::default();
            let mut place = start;
            while let Some((from, edge)) = came.get(&place) {
                way.push(*from);
                edge.above.iter().for_each(|rule| above.push(rule));
                place = *from;
                if place == start {
                    break;
                }
            }
            // Rules above that come to everything between them leave no call to go round.
            let goes_round = came.contains_key(&start) && above.decides(&[], &self.logic).is_none();
            if let Some((_, last)) = came.get(&start).filter(|_| goes_round) {
                way.reverse();
                found.push((last.at.clone(), way));
            }
        }
        found
    }

    fn tell(&mut self, again: Vec<(Spot, Vec<usize>)>) {
        let table = self.table;
        let name = |place: &usize| {
            let entry = table.numbers.entries().get(*place);
            entry.map_or("", |entry| entry.name.as_str())
        };
        let section = Path::ROOT.key("numbers");
        let mut told = HashSet::new();
        for (at, way) in again {
            let Some((first, others)) = way.split_first() else {
                continue;
            };
            if !told.insert((at.span.map(|span| span.start), *first)) {
                continue;
            }
            let number = name(first);
            let others: Vec<&str> = others.iter().map(name).collect();
            let over = match &*others {
                [] => String::new(),
                others => format!(", by way of {}", others.join(" and ")),
            };
            let message = format!(
                "a call to {number} rings {number} again{over}; ring the phone behind it instead, by its SIP URI or extension"
            );
            if self.report.is_beyond() {
                continue;
            }
            let there = Spot::of_key(self.root, &section.key(number));
            self.report
                .between_spots(&at, message, (&there, "its rules lead there"));
        }
    }

    /// The numbers that are written out, with their places.
    fn written_out(&self) -> HashMap<Dialed, usize> {
        let entries = self.table.numbers.entries().iter().enumerate();
        let whole = entries.filter_map(|(place, entry)| {
            match number::pattern(&entry.name, self.engine.tables.region).ok()? {
                Pattern::Exact(dialed) => Some((dialed, place)),
                _ => None,
            }
        });
        whole.collect()
    }
}

/// Whether all that a clause is made of is so.
fn all(clause: &Clause, is: &dyn Fn(&Clause) -> bool) -> bool {
    match clause {
        Clause::All(parts) | Clause::Any(parts) => parts.iter().all(|part| all(part, is)),
        Clause::Not(part) | Clause::Kind(_, part) => all(part, is),
        leaf => is(leaf),
    }
}

/// Whose number it asks for.
fn subject(clause: &Clause) -> Option<Subject> {
    match clause {
        Clause::Key { subject, .. }
        | Clause::Deck { subject, .. }
        | Clause::Country { subject, .. } => Some(*subject),
        Clause::OneOf(one_of) => Some(one_of.subject),
        _ => None,
    }
}

/// Whether it comes out the same for a call that the routing makes at that time.
fn of_time(clause: &Clause) -> bool {
    all(clause, &|leaf| {
        let is_now = matches!(
            leaf,
            Clause::Hours { .. } | Clause::Switch(_) | Clause::Duty { .. }
        );
        is_now || subject(leaf) == Some(Subject::Dialed)
    })
}

/// Whether it only looks at who calls.
fn of_caller(clause: &Clause) -> bool {
    all(clause, &|leaf| {
        let is_caller = matches!(
            leaf,
            Clause::List(_) | Clause::Anonymous(_) | Clause::HasNumber | Clause::Place(_)
        );
        is_caller || subject(leaf) == Some(Subject::Caller)
    })
}

/// Whether it tells the call that comes back from the one that went out: it does not.
fn stays(clause: &Clause) -> bool {
    all(clause, &|leaf| of_time(leaf) || of_caller(leaf))
}
