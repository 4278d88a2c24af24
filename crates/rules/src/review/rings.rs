//! Numbers of the file whose calls ring them again, by themselves or by way of others.
//!
//! Only what goes on by itself is followed, and only to numbers that are written out in full: a
//! prefix covers numbers of the outside, which never come back.

use std::collections::{HashMap, HashSet, VecDeque};
use std::rc::Rc;

use callroute_schema::{Action, Actions, Destination, Member, Party};

use super::above::Above;
use super::{Block, Compared, Review};
use crate::by_itself::{self, Place, Visitor, leaving};
use crate::engine::{Clause, Dialed, Subject};
use crate::number::{self, Pattern};
use crate::path::{Path, Spot};
use crate::table::Rules;

/// How deep targets, menus and webhooks in each other are followed.
const MAX_DEPTH: usize = 32;

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

impl Review<'_> {
    pub(super) fn rings(&mut self, blocks: &[Block<'_>]) {
        let ours = self.written_out();
        let of_rules: HashMap<&str, &Block<'_>> =
            blocks.iter().map(|block| (block.number, block)).collect();
        let table = self.table;
        let mut walk = Walk {
            review: &*self,
            ours: &ours,
            known: HashMap::new(),
            depth: 0,
            found: Vec::new(),
        };
        let section = Path::ROOT.key("numbers");
        let mut again = Vec::new();
        let mut edges: HashMap<usize, Vec<Edge<'_>>> = HashMap::new();
        let mut whole: Vec<usize> = ours.values().copied().collect();
        whole.sort_unstable();
        for place in whole {
            let Some(entry) = table.numbers.entries().get(place) else {
                continue;
            };
            let at = section.key(&entry.name);
            let mut found: Vec<(Rung, &[Compared], &[Clause])> = Vec::new();
            match &entry.value {
                Some(Rules::Always(actions)) => {
                    let rung = walk.rung(actions, &at);
                    found.extend(rung.into_iter().map(|rung| (rung, &[][..], &[][..])));
                }
                Some(Rules::List(list)) => {
                    let rules = of_rules
                        .get(&*entry.name)
                        .map_or(&[][..], |block| &block.rules);
                    for (rule, written) in rules.iter().zip(list) {
                        let Some(written) = written else {
                            continue;
                        };
                        let at = at.index(rule.index);
                        let above = rules.get(..rule.index).unwrap_or_default();
                        for rung in walk.rung(&written.then, &at.key("then")) {
                            found.push((rung, above, &rule.clauses));
                        }
                    }
                }
                None => {}
            }
            // Calls for help do not come back.
            let is_for_help = self.engine.tables.emergency(&entry.name).is_some();
            found.retain(|((to, _), ..)| *to != DIALED || !is_for_help);
            for ((to, at), above, clauses) in found {
                let to = if to == DIALED { place } else { to };
                if to != place {
                    let like = above.iter().flat_map(|rule| &rule.clauses).all(of_caller);
                    if clauses.is_empty() && like {
                        edges.entry(place).or_default().push(Edge { to, at, above });
                    }
                } else if clauses.iter().all(of_time)
                    && above.iter().flat_map(|rule| &rule.clauses).all(stays)
                {
                    again.push((at, vec![place]));
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

/// Follows what lists of actions come to by themselves.
struct Walk<'w, 'a> {
    review: &'w Review<'a>,
    ours: &'w HashMap<Dialed, usize>,
    /// What places come to.
    known: HashMap<Place<'a>, Rc<[Rung]>>,
    depth: usize,
    found: Vec<Rung>,
}

impl<'a> Visitor<'a> for Walk<'_, 'a> {
    fn action(&mut self, action: &'a Action, at: &Path<'_>) {
        match action {
            Action::Forward(forward) => {
                self.destination(&forward.destination, &at.key("destination"));
            }
            Action::Queue(queue) => self.members(&queue.members, at),
            _ => {}
        }
    }

    fn place(&mut self, place: Place<'a>, _: &Path<'_>) {
        if let Some(known) = self.known.get(&place) {
            self.found.extend(known.iter().cloned());
            return;
        }
        let before = std::mem::take(&mut self.found);
        if self.depth < MAX_DEPTH {
            self.depth += 1;
            leaving(place, &self.review.engine.named, self);
            self.depth -= 1;
        }
        let found = std::mem::replace(&mut self.found, before);
        let rung: Rc<[Rung]> = once(found).into();
        self.found.extend(rung.iter().cloned());
        self.known.insert(place, rung);
    }
}

/// Each number that is rung, once for each place where it is written: many ways lead there.
fn once(found: Vec<Rung>) -> Vec<Rung> {
    let mut seen = HashSet::new();
    let is_new = |(to, at): &Rung| seen.insert((*to, at.path.clone()));
    let mut found = found;
    found.retain(is_new);
    found
}

impl<'a> Walk<'_, 'a> {
    /// The numbers of the file that a list rings.
    fn rung(&mut self, list: &'a Actions, at: &Path<'_>) -> Vec<Rung> {
        by_itself::list(list, at, &self.review.engine.named, self);
        std::mem::take(&mut self.found)
    }

    fn destination(&mut self, to: &Destination, at: &Path<'_>) {
        match to {
            Destination::Number(to) => self.number(to.number.as_str(), &at.key("number")),
            Destination::Agent(agent) => {
                self.agent(agent.name.as_str(), &at.key("name"));
            }
            Destination::RingGroup(group) => self.members(&group.members, at),
            _ => {}
        }
    }

    fn members(&mut self, members: &[Member], at: &Path<'_>) {
        let at = at.key("members");
        for (index, member) in members.iter().enumerate() {
            self.party(&member.to, &at.index(index));
        }
    }

    fn party(&mut self, party: &Party, at: &Path<'_>) {
        match party {
            Party::Number(number) => self.number(number.as_str(), at),
            Party::Agent(name) => self.agent(name.as_str(), at),
            Party::Sip(_) => {}
        }
    }

    /// An agent, or whoever is on duty.
    fn agent(&mut self, name: &str, at: &Path<'_>) {
        let engine = self.review.engine;
        let mut rotas = engine.tables.rotas.iter();
        let rota = rotas.find(|rota| *rota.name == *name);
        let on_duty = rota.map_or_else(Vec::new, |rota| rota.turns.agents());
        let names = std::iter::once(name).chain(on_duty);
        for agent in names.filter_map(|name| engine.agent(name)) {
            if let Party::Number(number) = &agent.to {
                self.number(number.as_str(), at);
            }
        }
    }

    fn number(&mut self, number: &str, at: &Path<'_>) {
        if number == "{to}" {
            let spot = Spot::of(self.review.root, at);
            self.found.push((DIALED, spot));
            return;
        }
        let region = self.review.engine.tables.region;
        let dialed = number::exact(number, region).ok();
        if let Some(place) = dialed.and_then(|dialed| self.ours.get(&dialed)) {
            self.found.push((*place, Spot::of(self.review.root, at)));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::HashMap;

    use super::{Review, Walk};
    use crate::fault::Report;
    use crate::path::Path;
    use crate::review::implies::Logic;
    use crate::table::Rules;

    /// A target that each of six branches names is one place, however many ways lead there.
    #[test]
    fn ways_to_one_place_are_no_places() {
        let on = |target: &str| {
            let branches = [
                "busy",
                "no_answer",
                "declined",
                "unreachable",
                "congestion",
                "failed",
            ];
            let branches = branches.map(|branch| format!("{branch}: {target}"));
            format!("on: {{ {} }}", branches.join(", "))
        };
        let forward = "action: forward, destination: { type: number, number: \"+13146523057\" }";
        let mut text = String::from("version: 1\ndefault: { action: busy }\ntargets:\n");
        for target in 0..8 {
            let on = on(&format!("t{}", target + 1));
            text.push_str(&format!("  t{target}: {{ {forward}, {on} }}\n"));
        }
        text.push_str(&format!("  t8: {{ {forward} }}\n"));
        text.push_str("numbers:\n  \"+13146523057\": t0\n");
        let engine = crate::load("routes.yaml", &text, &(), &crate::ChronoTz).unwrap();
        let mut report = Report::new("routes.yaml");
        let root = crate::compile::root("routes.yaml", &text, &mut report).unwrap();
        let table = crate::table::read(&root, &mut report);
        let review = Review {
            root: &root,
            table: &table,
            engine: &engine,
            logic: Logic::new(&table, &engine.tables),
            edges: RefCell::default(),
            report: &mut report,
        };
        let ours = review.written_out();
        let mut walk = Walk {
            review: &review,
            ours: &ours,
            known: HashMap::new(),
            depth: 0,
            found: Vec::new(),
        };
        let [entry] = table.numbers.entries() else {
            panic!("one number is expected");
        };
        let Some(Rules::Always(actions)) = &entry.value else {
            panic!("an action is expected");
        };
        assert_eq!(walk.rung(actions, &Path::ROOT).len(), 9);
    }
}
