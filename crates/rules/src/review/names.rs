//! Names that nothing uses, and entries of lists that say nothing new.

use super::Review;
use super::doubts::Few;
use super::used::Used;
use crate::engine::{CallerList, Dialed};
use crate::number;
use crate::path::{Path, Spot};
use crate::table::{CallersEntry, Section};
use callroute_schema::hint::{nearest, shorten};

/// Entries of a list that are compared with each other; longer lists are files of programs.
const MAX_LISTED: usize = 2_000;

impl Review<'_> {
    pub(super) fn names(&mut self, used: &Used) {
        let table = self.table;
        self.unused(
            "calendars",
            &table.calendars,
            used,
            "no hours have it as `holidays`",
        );
        self.unused(
            "hours",
            &table.hours,
            used,
            "no rule asks whether they are open",
        );
        if !used.every_list {
            self.unused("callers", &table.callers, used, "no rule asks who is on it");
        }
        if !used.any_lookup {
            self.unused("lookups", &table.lookups, used, "nothing asks it");
        }
        self.unused("prefixes", &table.prefixes, used, "no rule asks it");
        self.unused(
            "overrides",
            &table.overrides,
            used,
            "no rule asks how it stands",
        );
        let why = "no rule, no group and no agent has it";
        if !used.any_agent {
            self.unused("rotas", &table.rotas, used, why);
        }
        if !used.answers {
            self.unused("targets", &table.targets, used, "nothing leads to it");
            self.unused("menus", &table.menus, used, "nothing leads to it");
        }
        if !used.answers && !used.any_agent {
            self.unused("agents", &table.agents, used, "nothing rings them");
        }
        self.unused("webhooks", &table.webhooks, used, "nothing asks it");
        self.attributes(used);
        self.lists();
    }

    fn unused<T>(&mut self, section: &str, entries: &'_ Section<T>, used: &Used, why: &str) {
        let at = Path::ROOT.key(section);
        for name in entries.names().filter(|name| !used.has(section, name)) {
            // These two are also what `type` asks for, and whoever has such a list means to; one
            // with its lookup's name is that lookup's other face.
            let is_kind = matches!(name, "vip" | "blocked") || self.table.lookups.has(name);
            if section == "callers" && is_kind {
                continue;
            }
            let message = format!("`{name}` is not used: {why}; take it out, or use it");
            self.warn_key(&at.key(name), message);
        }
    }

    /// Attributes of tables that the file does not have, where it has one of nearly that name.
    fn attributes(&mut self, used: &Used) {
        let table = self.table;
        let tables = || {
            let names = table.lookups.names().chain(table.callers.names());
            names.chain(table.prefixes.names())
        };
        for (name, spot) in &used.tables {
            let wanted = name.split_once('.').map_or("", |(table, _)| table);
            if used.is_noted(name) || tables().any(|known| known == wanted) {
                continue;
            }
            if let Some(near) = nearest(wanted, tables()) {
                let message = format!(
                    "`{}` is no lookup, no list of callers and no prefixes of this file; did you mean `{near}`?",
                    shorten(wanted)
                );
                self.report.add(spot.span, spot.path.clone(), message);
            }
        }
    }

    fn lists(&mut self) {
        let section = Path::ROOT.key("callers");
        let table = self.table;
        let lists = self.engine.tables.lists.all();
        for (entry, listed) in table.callers.entries().iter().zip(lists) {
            if let Some(value) = &entry.value {
                let at = section.key(&entry.name);
                self.list(value, &at);
                self.in_file(value, listed, &at);
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

    /// Entries that the list's file has, or covers.
    fn in_file(&mut self, list: &CallersEntry, listed: &CallerList, at: &Path<'_>) {
        let (Some(file), Some(numbers)) = (&list.file, &list.numbers) else {
            return;
        };
        let at = at.key("numbers");
        let region = self.engine.tables.region;
        let mut few = Few::new();
        for (index, text) in numbers.iter().enumerate() {
            let pattern = number::pattern(text, region);
            if pattern.is_ok_and(|pattern| has_row(listed, &pattern)) {
                let (text, file) = (shorten(text), shorten(file));
                let message = format!("`{text}` is in `{file}` already; take it out here");
                few.add(|| Spot::of(self.root, &at.index(index)), || message);
            }
        }
        self.tell_few(few);
    }
}

/// Whether the list's file has all that a pattern means.
fn has_row(list: &CallerList, pattern: &number::Pattern) -> bool {
    let is_row = |row: Option<u32>| row.is_some_and(|row| row != CallerList::ROWLESS);
    let number = |key| is_row(list.numbers.longest(key));
    match pattern {
        number::Pattern::Any => false,
        number::Pattern::Exact(Dialed::Text(text)) => is_row(list.texts.get(text).copied()),
        number::Pattern::Exact(Dialed::Key(key)) => number(*key),
        number::Pattern::Prefix(keys) => keys.iter().copied().all(number),
    }
}

fn covers(wide: &number::Pattern, narrow: &number::Pattern) -> bool {
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
