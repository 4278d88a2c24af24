//! With which number rules ask each table of prefixes: its columns are of the same one.

use std::collections::{HashMap, HashSet};

use callroute_schema::hint::shorten;

use super::Shared;
use crate::engine::Subject;
use crate::table::{Rules, Sections, Texts, When};

/// Tables of prefixes by the numbers that rules ask them with.
#[derive(Default)]
struct Asked<'t>(HashMap<&'t str, HashSet<Subject>>);

impl<'t> Asked<'t> {
    fn note(&mut self, subject: Subject, texts: Option<&'t Texts>) {
        for text in texts.iter().flat_map(|Texts(texts)| texts) {
            if text.starts_with(|c: char| c.is_alphabetic()) {
                self.0.entry(text).or_default().insert(subject);
            }
        }
    }

    /// The file's reader bounds how deep conditions nest, so this ends.
    fn when(&mut self, when: &'t When) {
        if let Some(caller) = &when.caller {
            self.note(Subject::Caller, caller.prefix.as_ref());
        }
        if let Some(dialed) = &when.dialed {
            self.note(Subject::Dialed, dialed.prefix.as_ref());
        }
        let parts = [&when.any, &when.all];
        for part in parts.into_iter().flatten().flatten() {
            self.when(part);
        }
        if let Some(not) = &when.not {
            self.when(not);
        }
    }
}

impl Shared {
    /// Notes of each table of prefixes which number its columns are of: the one that rules ask it
    /// with, and the caller's where none does.
    pub(super) fn note_asked(&mut self, table: &Sections) {
        if self.decks.is_empty() {
            return;
        }
        let mut asked = Asked::default();
        for entry in table.numbers.entries() {
            let Some(Rules::List(rules)) = &entry.value else {
                continue;
            };
            for when in rules.iter().flatten().filter_map(|rule| rule.when.as_ref()) {
                asked.when(when);
            }
        }
        for deck in &mut self.tables.decks {
            let subjects = asked.0.get(&*deck.name);
            let by = |subject| subjects.is_some_and(|subjects| subjects.contains(&subject));
            match (by(Subject::Caller), by(Subject::Dialed)) {
                (false, true) => deck.subject = Subject::Dialed,
                (true, true) => {
                    self.of_two.insert(deck.name.clone().into_string());
                }
                (_, false) => {}
            }
        }
    }

    /// What is wrong with asking for a column where rules ask the table with both numbers.
    pub(super) fn of_which(&self, table: &str) -> Option<String> {
        let name = shorten(table);
        self.of_two.contains(table).then(|| {
            format!(
                "rules ask `{name}` with the caller's number and with the dialed one: it cannot be told whose column this is; give `prefixes` a second table with the same `file` or `entries`"
            )
        })
    }
}
