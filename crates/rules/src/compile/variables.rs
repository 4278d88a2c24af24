//! Variables in texts and destinations: each has to be known.

use callroute_schema::{Action, Actions, Menu, variables};
use serde_json::Value;

use super::{Compiler, Shared};
use crate::engine::{PLAIN, SPACES};
use crate::path::Path;
use callroute_schema::hint::shorten;

impl Compiler<'_> {
    /// Reports variables that nothing stands for.
    pub(super) fn variables(&mut self, actions: &Actions, shared: &Shared, at: &Path<'_>) {
        if matches!(actions.as_slice(), [Action::Target(_)]) {
            return;
        }
        let tree = serde_json::to_value(actions).unwrap_or_default();
        self.variables_in(&tree, shared, at);
    }

    /// Variables of targets, menus and the fallbacks of webhooks.
    pub(super) fn named_variables(&mut self, shared: &Shared) {
        let table = self.table;
        let targets = Path::ROOT.key("targets");
        for entry in table.targets.entries() {
            if let Some(actions) = &entry.value {
                self.variables(actions, shared, &targets.key(&entry.name));
            }
        }
        let menus = Path::ROOT.key("menus");
        for entry in table.menus.entries() {
            if let Some(menu) = &entry.value {
                self.menu_variables(menu, shared, &menus.key(&entry.name));
            }
        }
        let webhooks = Path::ROOT.key("webhooks");
        for entry in table.webhooks.entries() {
            let fallback = entry
                .value
                .as_ref()
                .and_then(|value| value.fallback.as_ref());
            if let Some(fallback) = fallback {
                let at = webhooks.key(&entry.name);
                self.variables(fallback, shared, &at.key("fallback"));
            }
        }
    }

    fn menu_variables(&mut self, menu: &Menu, shared: &Shared, at: &Path<'_>) {
        let tree = serde_json::to_value(menu).unwrap_or_default();
        self.variables_in(&tree, shared, at);
    }

    /// The contract bounds how deep actions nest, so this ends.
    fn variables_in(&mut self, tree: &Value, shared: &Shared, at: &Path<'_>) {
        match tree {
            Value::String(text) if text.contains('{') => {
                for name in variables(text) {
                    if let Some(message) = self.unknown_variable(name, shared) {
                        self.fault(at, message);
                    }
                }
            }
            Value::Array(list) => {
                for (index, item) in list.iter().enumerate() {
                    self.variables_in(item, shared, &at.index(index));
                }
            }
            Value::Object(map) => {
                for (key, item) in map {
                    self.variables_in(item, shared, &at.key(key));
                }
            }
            _ => {}
        }
    }

    /// What is wrong with a variable.
    fn unknown_variable(&self, name: &str, shared: &Shared) -> Option<String> {
        let shown = shorten(name);
        if PLAIN.contains(&name) {
            return None;
        }
        let Some((table, column)) = name.split_once('.') else {
            let choices = self.report.choices(name, PLAIN.into_iter());
            return Some(format!("unknown variable `{{{shown}}}`{choices}"));
        };
        match table {
            "attributes" => None,
            "hours" => match column.strip_suffix(".next_change") {
                Some(hours) if shared.hours.contains_key(hours) => None,
                Some(hours) => {
                    let choices = self.report.choices(hours, self.table.hours.names());
                    let hours = shorten(hours);
                    Some(format!("unknown hours `{hours}` in `{{{shown}}}`{choices}"))
                }
                None => Some(format!(
                    "unknown variable `{{{shown}}}`; of hours there is `{{hours.NAME.next_change}}`"
                )),
            },
            _ if shared.lookups.contains_key(table) => None,
            _ if shared.lists.contains_key(table) || shared.decks.contains_key(table) => {
                shared.wrong_column(table, column)
            }
            _ => {
                let tables = self
                    .table
                    .callers
                    .names()
                    .chain(self.table.prefixes.names());
                let tables = tables.chain(self.table.lookups.names());
                let spaces = SPACES.iter().map(|space| space.trim_end_matches('.'));
                let choices = self.report.choices(table, tables.chain(spaces));
                Some(format!("unknown variable `{{{shown}}}`{choices}"))
            }
        }
    }
}
