//! Which names a routing file uses, each by the section that it is looked for in.

use std::collections::{BTreeSet, HashMap, HashSet};

use callroute_schema::tree::{Node, Value};
use callroute_schema::{Action, Actions, variables};

use super::Review;
use crate::check::{self, Sink};
use crate::engine::{NameKind, holds_queue};
use crate::path::{Path, Spot};
use crate::table::{CallerKind, Kinds, Rules, Sections, Texts, When};

/// What is used.
#[derive(Debug, Default)]
pub(super) struct Used {
    names: HashMap<&'static str, HashSet<String>>,
    /// An attribute of no particular lookup is asked for: any may have it.
    pub(super) any_lookup: bool,
    /// Callers of a kind that every list tells are asked for.
    pub(super) every_list: bool,
    /// A variable names an agent: it may be any.
    pub(super) any_agent: bool,
    /// The same of a queue.
    any_queue: bool,
    /// A server is asked: its answer may name targets, menus and agents that no rule does.
    pub(super) answers: bool,
    /// The tables and their columns that name agents, as in `{vip.owner}`.
    pub(super) agents_by: BTreeSet<(String, String)>,
    /// Whole numbers that rules compare with, and where.
    pub(super) compared: Vec<(String, Spot)>,
    /// Attributes that the file notes itself.
    noted: HashSet<String>,
    /// Tables that attributes name, and where.
    pub(super) tables: Vec<(String, Spot)>,
}

impl Used {
    pub(super) fn has(&self, section: &str, name: &str) -> bool {
        self.names
            .get(section)
            .is_some_and(|names| names.contains(name))
    }

    /// Whether the file notes an attribute itself.
    pub(super) fn is_noted(&self, table: &str) -> bool {
        self.noted.contains(table)
    }

    fn add(&mut self, sections: &[&'static str], name: &str) {
        for section in sections {
            let names = self.names.entry(section).or_default();
            if !names.contains(name) {
                names.insert(name.to_owned());
            }
        }
    }

    fn add_all<'n>(
        &mut self,
        sections: &[&'static str],
        names: impl IntoIterator<Item = &'n String>,
    ) {
        names.into_iter().for_each(|name| self.add(sections, name));
    }

    /// Numbers that a rule compares with.
    fn compare(&mut self, is: Option<&Texts>, root: &Node, at: &Path<'_>) {
        let at = at.key("is");
        for (index, text) in is.iter().flat_map(|Texts(texts)| texts).enumerate() {
            let spot = Spot::of(root, &at.index(index));
            self.compared.push((text.clone(), spot));
        }
    }

    fn when(&mut self, when: &When, root: &Node, at: &Path<'_>) {
        self.add_all(&["hours"], when.open.iter().chain(&when.closed));
        if let Some(dialed) = &when.dialed {
            self.compare(dialed.is.as_ref(), root, &at.key("dialed"));
        }
        if let Some(caller) = &when.caller {
            self.compare(caller.is.as_ref(), root, &at.key("caller"));
            let texts = |texts: &Option<Texts>| {
                texts
                    .iter()
                    .flat_map(|Texts(list)| list.clone())
                    .collect::<Vec<_>>()
            };
            self.add_all(&["callers"], &texts(&caller.list));
            self.add_all(&["prefixes"], &texts(&caller.prefix));
            for kind in caller.kind.iter().flat_map(|Kinds(kinds)| kinds) {
                match kind {
                    CallerKind::Vip => self.add(&["callers"], "vip"),
                    CallerKind::Blocked => self.add(&["callers"], "blocked"),
                    CallerKind::Known | CallerKind::New => self.every_list = true,
                    CallerKind::Anonymous => {}
                }
            }
        }
        if let Some(Texts(prefixes)) = when
            .dialed
            .as_ref()
            .and_then(|dialed| dialed.prefix.as_ref())
        {
            self.add_all(&["prefixes"], prefixes);
        }
        for name in when.attribute.iter().flat_map(|fields| fields.keys()) {
            match name.split_once('.') {
                Some((table, _)) => {
                    self.add(&["lookups", "callers", "prefixes"], table);
                    let at = at.key("attribute");
                    let spot = Spot::of_key(root, &at.key(name));
                    self.tables.push((name.clone(), spot));
                }
                None => self.any_lookup = true,
            }
        }
        for Texts(names) in [&when.available, &when.missing].into_iter().flatten() {
            self.add_all(&["agents", "rotas", "targets", "lookups"], names);
        }
        if let Some(calls) = &when.calls {
            self.add(&["agents", "rotas", "targets"], &calls.on);
        }
        if let Some(Texts(switches)) = &when.switch {
            self.add_all(&["overrides"], switches);
        }
        for (rota, Texts(who)) in when.shift.iter().flatten() {
            self.add(&["rotas"], rota);
            self.add_all(&["agents"], who);
        }
        for (key, list) in [("any", &when.any), ("all", &when.all)] {
            let at = at.key(key);
            for (index, part) in list.iter().flatten().enumerate() {
                self.when(part, root, &at.index(index));
            }
        }
        if let Some(not) = &when.not {
            self.when(not, root, &at.key("not"));
        }
    }

    /// Variables of texts, wherever they stand.
    fn texts(&mut self, node: &Node) {
        match &node.value {
            Value::Text(text) | Value::Plain(text) if text.contains('{') => {
                for variable in variables(text) {
                    match variable.split_once('.') {
                        Some(("hours", rest)) => {
                            self.add(&["hours"], rest.split('.').next().unwrap_or(rest));
                        }
                        Some((table, _)) => self.add(&["lookups", "callers", "prefixes"], table),
                        None => {}
                    }
                }
            }
            Value::Seq(items) => items.iter().for_each(|item| self.texts(item)),
            Value::Map(entries) => entries.iter().for_each(|(_, value)| self.texts(value)),
            _ => {}
        }
    }

    /// What entries of the sections name.
    fn entries(&mut self, table: &Sections) {
        let hours = table.hours.entries().iter();
        let hours = hours.filter_map(|entry| entry.value.as_ref()?.holidays.as_ref());
        self.add_all(&["calendars"], hours);
        let agents = table.agents.entries().iter();
        let agents = agents.filter_map(|entry| entry.value.as_ref());
        self.add_all(&["hours", "rotas"], agents.flat_map(|agent| &agent.shifts));
        let lists = table.callers.entries().iter();
        let lists = lists.filter_map(|entry| entry.value.as_ref()?.lookup.as_ref());
        self.add_all(&["lookups"], lists);
        let lookups = table.lookups.entries().iter();
        let lookups = lookups.filter_map(|entry| entry.value.as_ref()?.webhook.as_ref());
        self.add_all(&["webhooks"], lookups);
        let decks = table.prefixes.entries().iter();
        let decks = decks.filter_map(|entry| entry.value.as_ref()?.near.as_ref());
        self.add_all(&["prefixes"], decks);
    }
}

impl Sink for Used {
    fn action(&mut self, action: &Action, _at: &Path<'_>) {
        match action {
            Action::Set(set) => self.noted.extend(set.attributes.keys().cloned()),
            Action::Webhook(_) => self.answers = true,
            _ => {}
        }
    }

    fn name(&mut self, kind: NameKind, name: &str, _at: &Path<'_>) {
        match kind {
            NameKind::Target | NameKind::Queue => {
                self.add(&["targets"], name);
                self.any_queue |= kind == NameKind::Queue && variables(name).next().is_some();
            }
            NameKind::Menu => self.add(&["menus"], name),
            NameKind::Webhook => self.add(&["webhooks"], name),
            NameKind::Agent => {
                self.add(&["agents", "rotas"], name);
                self.any_agent |= variables(name).next().is_some();
                let variable = name
                    .strip_prefix('{')
                    .and_then(|rest| rest.strip_suffix('}'));
                if let Some((table, column)) = variable.and_then(|name| name.split_once('.')) {
                    self.agents_by.insert((table.to_owned(), column.to_owned()));
                }
            }
        }
    }
}

impl Review<'_> {
    /// Every name that the file uses.
    pub(super) fn used(&self) -> Used {
        let mut used = Used {
            answers: !self.table.webhooks.entries().is_empty(),
            ..Used::default()
        };
        each_list(self.table, &mut used);
        for entry in self.table.targets.entries() {
            let list = entry.value.as_ref();
            if used.any_queue && list.is_some_and(|list| holds_queue(list, &entry.name)) {
                used.add(&["targets"], &entry.name);
            }
        }
        used.entries(self.table);
        used.texts(self.root);
        let rotas = self.engine.tables.rotas.iter();
        for agent in rotas.flat_map(|rota| rota.turns.agents()) {
            used.add(&["agents"], agent);
        }
        let section = Path::ROOT.key("numbers");
        for entry in self.table.numbers.entries() {
            let Some(Rules::List(list)) = &entry.value else {
                continue;
            };
            let at = section.key(&entry.name);
            for (index, rule) in list.iter().enumerate() {
                if let Some(when) = rule.as_ref().and_then(|rule| rule.when.as_ref()) {
                    let at = at.index(index);
                    used.when(when, self.root, &at.key("when"));
                }
            }
        }
        used
    }
}

/// Walks over every list of actions that the file has, those of menus and branches too.
pub(super) fn each_list(table: &Sections, sink: &mut impl Sink) {
    let mut list = |actions: &Actions, at: &Path<'_>| check::actions(actions, at, sink);
    if let Some(default) = &table.default {
        list(default, &Path::ROOT.key("default"));
    }
    let targets = Path::ROOT.key("targets");
    for entry in table.targets.entries() {
        if let Some(actions) = &entry.value {
            list(actions, &targets.key(&entry.name));
        }
    }
    let webhooks = Path::ROOT.key("webhooks");
    for entry in table.webhooks.entries() {
        let fallback = entry
            .value
            .as_ref()
            .and_then(|value| value.fallback.as_ref());
        if let Some(actions) = fallback {
            list(actions, &webhooks.key(&entry.name).key("fallback"));
        }
    }
    let numbers = Path::ROOT.key("numbers");
    for entry in table.numbers.entries() {
        let at = numbers.key(&entry.name);
        match &entry.value {
            Some(Rules::Always(actions)) => list(actions, &at),
            Some(Rules::List(rules)) => {
                for (index, rule) in rules.iter().enumerate() {
                    if let Some(rule) = rule {
                        list(&rule.then, &at.index(index).key("then"));
                    }
                }
            }
            None => {}
        }
    }
    let menus = Path::ROOT.key("menus");
    for entry in table.menus.entries() {
        if let Some(menu) = &entry.value {
            check::menu(menu, &menus.key(&entry.name), sink);
        }
    }
}
