//! Names that nothing uses, and entries of lists that say nothing new.

use std::collections::HashSet;

use callroute_schema::tree::{Node, Value};
use callroute_schema::variables;

use super::Review;
use crate::number;
use crate::path::Path;
use crate::table::CallersEntry;

/// Stands for an attribute of no particular lookup; no name can be like it.
const ANY: &str = "attribute of any";

/// Entries of a list that are compared with each other; longer lists are files of programs.
const MAX_LISTED: usize = 2_000;

impl Review<'_> {
    pub(super) fn names(&mut self) {
        let mut used = HashSet::new();
        texts(self.root, &mut used);
        let table = self.table;
        // A webhook's answer may name targets, menus and agents that no rule does.
        let answers = !table.webhooks.entries().is_empty();
        let kinds = table.callers.entries().iter().filter(|entry| {
            matches!(entry.name.as_str(), "vip" | "blocked")
                || used.contains("known")
                || used.contains("new")
        });
        let kinds: HashSet<&str> = kinds.map(|entry| entry.name.as_str()).collect();
        // Any lookup may have what a plain attribute asks for.
        let asked = used.contains(ANY);
        let lookups = if asked {
            Vec::new()
        } else {
            table.lookups.names().collect()
        };
        let sections: [(&str, Vec<&str>, &str); 10] = [
            (
                "calendars",
                table.calendars.names().collect(),
                "no hours have it as `holidays`",
            ),
            (
                "hours",
                table.hours.names().collect(),
                "no rule asks whether they are open",
            ),
            (
                "callers",
                table
                    .callers
                    .names()
                    .filter(|name| !kinds.contains(name))
                    .collect(),
                "no rule asks who is on it",
            ),
            ("lookups", lookups, "nothing asks it"),
            (
                "prefixes",
                table.prefixes.names().collect(),
                "no rule asks it",
            ),
            (
                "overrides",
                table.overrides.names().collect(),
                "no rule asks how it stands",
            ),
            (
                "rotas",
                table.rotas.names().collect(),
                "no rule, no group and no agent has it",
            ),
            (
                "targets",
                if answers {
                    Vec::new()
                } else {
                    table.targets.names().collect()
                },
                "nothing leads to it",
            ),
            (
                "menus",
                if answers {
                    Vec::new()
                } else {
                    table.menus.names().collect()
                },
                "nothing leads to it",
            ),
            (
                "agents",
                if answers {
                    Vec::new()
                } else {
                    table.agents.names().collect()
                },
                "nothing rings them",
            ),
        ];
        for (section, names, why) in sections {
            let at = Path::ROOT.key(section);
            for name in names.into_iter().filter(|name| !used.contains(*name)) {
                self.warn(
                    &at.key(name),
                    format!("`{name}` is not used: {why}; take it out, or use it"),
                );
            }
        }
        let webhooks = Path::ROOT.key("webhooks");
        for name in table.webhooks.names().filter(|name| !used.contains(*name)) {
            self.warn(
                &webhooks.key(name),
                format!("`{name}` is not used: nothing asks it; take it out, or use it"),
            );
        }
        self.lists();
    }

    fn lists(&mut self) {
        let section = Path::ROOT.key("callers");
        let table = self.table;
        for entry in table.callers.entries() {
            if let Some(value) = &entry.value {
                self.list(value, &section.key(&entry.name));
            }
        }
    }

    /// Entries that a prefix of the same list covers, and entries that stand there twice.
    fn list(&mut self, list: &CallersEntry, at: &Path<'_>) {
        let numbers = at.key("numbers");
        let region = self.engine.tables.region;
        let mut seen: Vec<(usize, &str, number::Pattern)> = Vec::new();
        for (index, text) in list.numbers.iter().flatten().enumerate().take(MAX_LISTED) {
            let Ok(pattern) = number::pattern(text, region) else {
                continue;
            };
            seen.push((index, text, pattern));
        }
        for (place, (index, text, pattern)) in seen.iter().enumerate() {
            let covering = seen.iter().enumerate().find(|(other, (_, _, wide))| {
                *other != place && covers(wide, pattern) && (*other < place || wide != pattern)
            });
            if let Some((_, (other, wide, _))) = covering {
                let message = format!("`{text}` says nothing new: `{wide}` covers it; take it out");
                self.warn_between(
                    &numbers.index(*index),
                    message,
                    (&numbers.index(*other), "this covers it"),
                );
            }
        }
    }
}

fn covers(wide: &number::Pattern, narrow: &number::Pattern) -> bool {
    use crate::engine::Dialed;
    use number::Pattern::{Any, Exact, Prefix};
    match (wide, narrow) {
        (Any, _) => true,
        (Prefix(wide), Exact(Dialed::Key(key))) => wide.iter().any(|wide| wide.begins(*key)),
        (Prefix(wide), Prefix(narrow)) => narrow
            .iter()
            .all(|key| wide.iter().any(|wide| wide.begins(*key))),
        (Exact(one), Exact(other)) => one == other,
        _ => false,
    }
}

/// Every text of the file that may be a name, but for the names themselves, which are keys.
fn texts<'n>(node: &'n Node, used: &mut HashSet<&'n str>) {
    match &node.value {
        Value::Text(text) | Value::Plain(text) => {
            used.insert(text);
            for variable in variables(text) {
                used.insert(
                    variable
                        .strip_prefix("hours.")
                        .unwrap_or(variable)
                        .split('.')
                        .next()
                        .unwrap_or(variable),
                );
            }
        }
        Value::Seq(items) => items.iter().for_each(|item| texts(item, used)),
        Value::Map(entries) => {
            for (key, value) in entries {
                // `shift: { support: ann }` and `attribute: { crm.tier: gold }` name by a key.
                if key.text == "shift" || key.text == "attribute" {
                    for (name, _) in value.entries().unwrap_or_default() {
                        used.insert(name.text.split('.').next().unwrap_or(&name.text));
                        if key.text == "attribute" && !name.text.contains('.') {
                            used.insert(ANY);
                        }
                    }
                }
                texts(value, used);
            }
        }
        _ => {}
    }
}
