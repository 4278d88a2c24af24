//! Attributes that variables name in everything that actions may come to: what lookups have to be
//! asked of before the actions begin, since nobody asks for it later.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use callroute_schema::{Action, Actions, Menu, variables};
use serde_json::Value;

use crate::check::{self, Sink};
use crate::engine::{Attributes, NameKind, Named, Tables, begins_later, holds_queue, parted};
use crate::path::Path;

/// What stands behind each name of a table.
pub(super) struct Reach<'n> {
    named: &'n Named,
    /// The tables whose columns lookups know.
    lookups: HashSet<String>,
    behind: HashMap<Place, BTreeSet<Arc<str>>>,
}

/// Something with a name; a queue is the target that holds it.
type Place = (NameKind, String);

impl<'n> Reach<'n> {
    pub(super) fn new(named: &'n Named, tables: &Tables) -> Self {
        let names = tables.lookups.iter().map(|lookup| &*lookup.name);
        let lists = tables.lists.all().iter();
        let of_lists = lists.filter_map(|list| list.lookup.and(Some(&*list.name)));
        let mut reach = Self {
            named,
            lookups: names.chain(of_lists).map(str::to_owned).collect(),
            behind: HashMap::new(),
        };
        if !reach.lookups.is_empty() {
            reach.behind = reach.follow();
        }
        reach
    }

    /// What actions ask for: of the first of them any attribute, for it begins at once, of what
    /// may come later those that a variable names with their table, as in `{crm.owner}`.
    pub(super) fn asks(&self, actions: &[Action]) -> Attributes {
        if self.lookups.is_empty() {
            return Attributes::default();
        }
        let mut found = Vec::new();
        for (place, action) in actions.iter().enumerate() {
            let now = place == 0;
            self.named_in(&tree(action), now, &mut found);
            if let (true, Some(menu)) = (now, self.menu(action)) {
                self.named_in(&tree(menu), now, &mut found);
            }
        }
        let mut names = Names::default();
        for action in actions {
            check::action(action, &Path::ROOT, &mut names);
        }
        for place in self.places(names) {
            found.extend(self.behind.get(&place).into_iter().flatten().cloned());
        }
        let mut met = HashSet::new();
        found.retain(|attribute| met.insert(Arc::clone(attribute)));
        found.into()
    }

    /// The menu that an action names.
    fn menu(&self, action: &Action) -> Option<&'n Menu> {
        match action {
            Action::Menu(menu) => self.named.menus.get(menu.name.as_ref()?),
            _ => None,
        }
    }

    /// What names stand for: a queue that each call names may be any.
    fn places(&self, names: Names) -> Vec<Place> {
        let mut places = names.places;
        if names.any_queue {
            let targets = self.named.targets.iter();
            let queues = targets.filter(|(name, list)| holds_queue(list, name.as_str()));
            places.extend(queues.map(|(name, _)| (NameKind::Target, name.to_string())));
        }
        places
    }

    /// Carries each attribute from where a variable names it to all that leads there.
    fn follow(&self) -> HashMap<Place, BTreeSet<Arc<str>>> {
        let mut leads: HashMap<Place, Vec<Place>> = HashMap::new();
        let mut named: HashMap<Arc<str>, Vec<Place>> = HashMap::new();
        let mut note = |place: Place, tree: &Value, names: Names| {
            let mut own = Vec::new();
            self.named_in(tree, false, &mut own);
            for attribute in own {
                named.entry(attribute).or_default().push(place.clone());
            }
            for to in self.places(names) {
                leads.entry(to).or_default().push(place.clone());
            }
        };
        for (name, list) in &self.named.targets {
            let place = (NameKind::Target, name.to_string());
            note(place, &tree(list), Names::of(list));
        }
        for (name, menu) in &self.named.menus {
            let mut names = Names::default();
            check::menu(menu, &Path::ROOT, &mut names);
            note((NameKind::Menu, name.to_string()), &tree(menu), names);
        }
        for (name, spec) in self.named.webhooks() {
            if let Some(list) = &spec.fallback {
                let place = (NameKind::Webhook, name.to_string());
                note(place, &tree(list), Names::of(list));
            }
        }
        let mut behind: HashMap<Place, BTreeSet<Arc<str>>> = HashMap::new();
        for (attribute, mut places) in named {
            // Each place has it once, so this ends.
            while let Some(place) = places.pop() {
                if behind
                    .entry(place.clone())
                    .or_default()
                    .insert(Arc::clone(&attribute))
                {
                    places.extend(leads.get(&place).into_iter().flatten().cloned());
                }
            }
        }
        behind
    }

    /// The attributes that variables name in actions. The contract bounds how deep these nest, so
    /// this ends.
    fn named_in(&self, tree: &Value, now: bool, found: &mut Vec<Arc<str>>) {
        match tree {
            Value::String(text) => {
                let names = variables(text).filter_map(attribute);
                let asked = |name: &&str| match parted(name).0 {
                    Some(table) => self.lookups.contains(table),
                    None => now,
                };
                found.extend(names.filter(asked).map(Arc::from));
            }
            Value::Array(list) => {
                for item in list {
                    self.named_in(item, now && !begins_later(item), found);
                }
            }
            Value::Object(map) => {
                for item in map.values() {
                    self.named_in(item, now && !begins_later(item), found);
                }
            }
            _ => {}
        }
    }
}

fn tree(of: &impl serde::Serialize) -> Value {
    serde_json::to_value(of).unwrap_or_default()
}

/// The attribute that a variable stands for.
fn attribute(variable: &str) -> Option<&str> {
    match variable.strip_prefix("attributes.") {
        Some(name) => Some(name),
        None => (variable.contains('.') && !variable.starts_with("hours.")).then_some(variable),
    }
}

/// The names that actions use.
#[derive(Default)]
struct Names {
    places: Vec<Place>,
    any_queue: bool,
}

impl Names {
    fn of(list: &Actions) -> Self {
        let mut names = Self::default();
        check::actions(list, &Path::ROOT, &mut names);
        names
    }
}

impl Sink for Names {
    fn name(&mut self, kind: NameKind, name: &str, _at: &Path<'_>) {
        let kind = match kind {
            NameKind::Queue => {
                self.any_queue |= variables(name).next().is_some();
                NameKind::Target
            }
            kind => kind,
        };
        self.places.push((kind, name.to_owned()));
    }
}
