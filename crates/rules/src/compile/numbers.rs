//! Blocks of rules, by dialed number.

use std::collections::{BTreeMap, HashMap};

use callroute_schema::tree::Node;
use callroute_schema::{Action, Actions};

use super::draft::draft;
use super::reach::Reach;
use super::{Compiler, Shared};
use crate::engine::{
    Answers, Attributes, Book, Builder, Dialed, Draft, MAX_DEPTH, MAX_EXPANDED, Named, Tables,
    flatten,
};
use crate::fault::Report;
use crate::number::{self, Pattern};
use crate::path::{Path, Spot};
use crate::prefix::Key;
use crate::table::{RuleEntry, Rules};
use callroute_schema::hint::shorten;

/// Longest name of a rule, in characters.
const MAX_NAME: usize = 200;

impl Compiler<'_> {
    /// Reads every block; a rule with a fault is left out, and the report says why.
    pub(super) fn numbers(&mut self, shared: &mut Shared, resolved: &mut Resolver<'_>) -> Book {
        let table = self.table;
        let section = Path::ROOT.key("numbers");
        let entries = table.numbers.entries();
        let rules = entries.iter().map(|entry| match &entry.value {
            Some(Rules::List(list)) => list.len(),
            _ => 1,
        });
        let mut builder = Builder::new(entries.len(), rules.sum());
        let mut seen: HashMap<Pattern, &str> = HashMap::new();
        // Of these there may be millions: they are sorted in the end.
        let [mut whole, mut prefixes]: [Vec<(Key, u32)>; 2] = Default::default();
        for (entry, place) in entries.iter().zip(0..) {
            let at = section.key(&entry.name);
            let pattern = match number::pattern(&entry.name, self.region) {
                Ok(pattern) => pattern,
                Err(error) => {
                    self.fault(&at, error.to_string());
                    continue;
                }
            };
            match &pattern {
                Pattern::Exact(Dialed::Key(key)) => whole.push((*key, place)),
                // As it is written and in full: in both it may be another's.
                Pattern::Prefix(keys) => prefixes.extend(keys.iter().map(|key| (*key, place))),
                Pattern::Exact(Dialed::Text(_)) | Pattern::Any => {
                    if let Some(first) = seen.insert(pattern.clone(), &entry.name) {
                        self.twice(first, &at);
                    }
                }
            }
            let Some(rules) = &entry.value else {
                continue;
            };
            let (dialed, more) = dialed(pattern);
            match rules {
                Rules::Always(actions) => {
                    let draft = self.always(actions, shared, resolved, &at);
                    builder.add(dialed, more, draft.into_iter());
                }
                Rules::List(list) => {
                    let rules = list.iter().enumerate().filter_map(|(index, rule)| {
                        self.rule(rule.as_ref()?, shared, resolved, &at.index(index))
                    });
                    builder.add(dialed, more, rules);
                }
            }
        }
        // What is another's in both forms is told once.
        let mut same: BTreeMap<u32, u32> = BTreeMap::new();
        for mut keys in [whole, prefixes] {
            keys.sort_unstable();
            for ((one, first), (other, place)) in keys.iter().zip(keys.iter().skip(1)) {
                if one == other {
                    let known = same.entry(*place).or_insert(*first);
                    *known = *first.min(known);
                }
            }
        }
        for (place, first) in same {
            let entry = |place: u32| entries.get(place as usize);
            if let (Some(first), Some(entry)) = (entry(first), entry(place)) {
                self.twice(&first.name, &section.key(&entry.name));
            }
        }
        match self.report.is_empty() {
            true => builder.finish(),
            false => Book::default(),
        }
    }

    fn twice(&mut self, first: &str, at: &Path<'_>) {
        if self.report.is_beyond() {
            return;
        }
        let section = Path::ROOT.key("numbers");
        let here = Spot::of_key(self.root, at);
        let there = Spot::of_key(self.root, &section.key(first));
        let message = format!(
            "this is the same number as `{}`; put the rules of both under one of them",
            shorten(first)
        );
        self.report
            .between_spots(&here, message, (&there, "first given here"));
    }

    fn always<'t>(
        &mut self,
        actions: &Actions,
        shared: &Shared,
        resolved: &mut Resolver<'_>,
        at: &Path<'_>,
    ) -> Option<(Draft, Option<&'t str>)> {
        let answer = self.answer(actions, shared, resolved, at)?;
        Some((draft(Vec::new(), answer, &[], &[]), None))
    }

    fn rule<'t>(
        &mut self,
        entry: &'t RuleEntry,
        shared: &mut Shared,
        resolved: &mut Resolver<'_>,
        at: &Path<'_>,
    ) -> Option<(Draft, Option<&'t str>)> {
        if let Some(name) = &entry.name
            && (name.is_empty() || name.chars().count() > MAX_NAME)
        {
            let message = format!("a rule's name has 1 to {MAX_NAME} characters");
            self.fault(&at.key("name"), message);
        }
        let when = match &entry.when {
            Some(when) => self.when(when, shared, &at.key("when")),
            None => Some(Vec::new()),
        };
        if when.is_none() && self.report.is_empty() {
            // No rule is left out in silence: the next one would decide in its place.
            self.fault(&at.key("when"), "this condition could not be compiled");
        }
        let answer = self.answer(&entry.then, shared, resolved, &at.key("then"))?;
        let answered = resolved.answers.get(answer);
        let actions = answered.map_or([].as_slice(), |answer| &answer.actions);
        let draft = draft(when?, answer, actions, shared.tables.emergency);
        Some((draft, entry.name.as_deref()))
    }

    /// The place of what a rule does. Rules that only name a target share what it comes to.
    fn answer(
        &mut self,
        actions: &Actions,
        shared: &Shared,
        resolved: &mut Resolver<'_>,
        at: &Path<'_>,
    ) -> Option<u32> {
        let target = match actions.as_slice() {
            [Action::Target(name)] => Some(name.as_str()),
            _ => None,
        };
        if let Some(known) = target.and_then(|name| resolved.targets.get(name)) {
            return Some(*known);
        }
        self.check(actions, at);
        self.variables(actions, shared, at);
        if !self.report.is_empty() {
            // A target that is not there, or one that leads round for ever.
            return Some(0);
        }
        let flat = resolved.flat(self.root, actions, at, self.report)?;
        let reach = &resolved.reach;
        let answer = resolved.answers.add(flat, |actions| reach.asks(actions));
        if let Some(name) = target {
            resolved.targets.insert(name.to_owned(), answer);
        }
        Some(answer)
    }
}

/// What a block covers, and the further prefixes that it covers too.
fn dialed(pattern: Pattern) -> (Dialed, Vec<Key>) {
    match pattern {
        Pattern::Any => (Dialed::Key(Key::EVERY), Vec::new()),
        Pattern::Exact(dialed) => (dialed, Vec::new()),
        Pattern::Prefix(keys) => {
            // The first is the prefix as it is written, by which explanations name the block.
            let mut keys = keys.into_iter();
            let written = keys.next().unwrap_or(Key::EVERY);
            (Dialed::Key(written), keys.collect())
        }
    }
}

/// Follows targets, and keeps what they come to.
pub(super) struct Resolver<'a> {
    named: &'a Named,
    targets: HashMap<String, u32>,
    answers: Answers,
    reach: Reach<'a>,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(named: &'a Named, tables: &Tables) -> Self {
        Self {
            named,
            reach: Reach::new(named, tables),
            targets: HashMap::new(),
            answers: Answers::default(),
        }
    }

    /// What a list comes to; `None`: too much, and the report says so.
    pub(super) fn flat(
        &self,
        root: &Node,
        list: &Actions,
        at: &Path<'_>,
        report: &mut Report,
    ) -> Option<Vec<Action>> {
        let mut flat = Vec::new();
        flatten(self.named, list, MAX_DEPTH, &mut flat);
        if flat.len() > MAX_EXPANDED || flat.is_empty() {
            let found = flat.len();
            report.at(
                root,
                at,
                format!("expected 1 to {MAX_EXPANDED} actions, found {found}"),
            );
            return None;
        }
        Some(flat)
    }

    /// What lookups have to be asked of before these actions begin.
    pub(super) fn asks(&self, actions: &[Action]) -> Attributes {
        self.reach.asks(actions)
    }

    pub(super) fn finish(mut self) -> Answers {
        self.answers.finish();
        self.answers
    }
}
