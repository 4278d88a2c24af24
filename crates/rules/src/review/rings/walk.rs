//! What numbers of the file the rules of one ring, targets and menus followed.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use callroute_schema::{Action, Actions, Destination, Member, Party};

use super::{DIALED, Ring, Rung};
use crate::by_itself::{self, Place, Visitor, leaving};
use crate::engine::Dialed;
use crate::number;
use crate::path::{Path, Spot};
use crate::review::{Compared, Review};
use crate::table::Rules;

/// How deep targets, menus and webhooks in each other are followed.
const MAX_DEPTH: usize = 32;

/// Follows what lists of actions come to by themselves.
pub(super) struct Walk<'w, 'a> {
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
fn once(mut found: Vec<Rung>) -> Vec<Rung> {
    let mut seen = HashSet::new();
    found.retain(|(to, at)| seen.insert((*to, at.path.clone())));
    found
}

impl<'w, 'a> Walk<'w, 'a> {
    pub(super) fn new(review: &'w Review<'a>, ours: &'w HashMap<Dialed, usize>) -> Self {
        Self {
            review,
            ours,
            known: HashMap::new(),
            depth: 0,
            found: Vec::new(),
        }
    }

    /// What the rules of a number ring, each with those above it.
    pub(super) fn by_rule<'r>(
        &mut self,
        written: &'a Rules,
        rules: &'r [Compared],
        at: &Path<'_>,
    ) -> Vec<Ring<'r>> {
        let list = match written {
            Rules::List(list) => list,
            Rules::Always(actions) => {
                let rung = self.rung(actions, at).into_iter();
                return rung.map(|rung| Ring::new(rung, &[], &[])).collect();
            }
        };
        let mut found = Vec::new();
        for (rule, written) in rules.iter().zip(list) {
            let Some(written) = written else {
                continue;
            };
            let at = at.index(rule.index);
            let above = rules.get(..rule.index).unwrap_or_default();
            let rung = self.rung(&written.then, &at.key("then")).into_iter();
            found.extend(rung.map(|rung| Ring::new(rung, above, &rule.clauses)));
        }
        found
    }

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
        let mut walk = Walk::new(&review, &ours);
        let [entry] = table.numbers.entries() else {
            panic!("one number is expected");
        };
        let Some(Rules::Always(actions)) = &entry.value else {
            panic!("an action is expected");
        };
        assert_eq!(walk.rung(actions, &Path::ROOT).len(), 9);
    }
}
