//! What rules ask.

mod parties;
mod values;

use super::{Compiler, Shared};
use crate::engine::{Clause, OneOf, Subject};
use crate::number;
use crate::path::Path;
use crate::prefix::Key;
use crate::table::{CallerWhen, NumberWhen, Texts, When};
use callroute_schema::hint::shorten;

/// Clauses of which all must hold; `None` in it: something is wrong, and the report says what.
type Clauses = Vec<Option<Clause>>;

impl Compiler<'_> {
    /// `None`: something in it is wrong, and the report says what.
    pub(super) fn when(
        &mut self,
        when: &When,
        shared: &mut Shared,
        at: &Path<'_>,
    ) -> Option<Vec<Clause>> {
        let mut all: Clauses = Vec::new();
        for (key, name, open) in [("open", &when.open, true), ("closed", &when.closed, false)] {
            if let Some(name) = name {
                let hours = self.hours_named(name, shared, &at.key(key));
                all.push(hours.map(|hours| Clause::Hours { hours, open }));
            }
        }
        if let Some(date) = &when.date {
            all.push(self.date(date, shared, &at.key("date")));
        }
        if let Some(dialed) = &when.dialed {
            self.dialed(dialed, shared, &at.key("dialed"), &mut all);
        }
        if let Some(caller) = &when.caller {
            self.caller(caller, shared, &at.key("caller"), &mut all);
        }
        if let Some(digits) = &when.digits {
            all.push(self.digits(digits, &at.key("digits")));
        }
        self.values(when, shared, at, &mut all);
        for (key, list) in [("any", &when.any), ("all", &when.all)] {
            let Some(list) = list else {
                continue;
            };
            let at = at.key(key);
            if list.is_empty() {
                self.fault(&at, format!("`{key}` needs at least one condition"));
                all.push(None);
            }
            let parts = list.iter().enumerate();
            let parts: Vec<Option<Vec<Clause>>> = parts
                .map(|(index, part)| self.when(part, shared, &at.index(index)))
                .collect();
            let parts: Option<Vec<Vec<Clause>>> = parts.into_iter().collect();
            match (parts, key) {
                (None, _) => all.push(None),
                (Some(parts), "any") => {
                    let parts = parts.into_iter().map(together);
                    all.push(Some(Clause::Any(parts.collect())));
                }
                (Some(parts), _) => all.extend(parts.into_iter().flatten().map(Some)),
            }
        }
        if let Some(not) = &when.not {
            let not = self.when(not, shared, &at.key("not"));
            all.push(not.map(|not| Clause::Not(Box::new(together(not)))));
        }
        if all.is_empty() {
            let message = "`when` needs at least one condition; a rule that always holds has none";
            self.fault(at, message);
            return None;
        }
        all.into_iter().collect()
    }

    pub(super) fn hours_named(
        &mut self,
        name: &str,
        shared: &Shared,
        at: &Path<'_>,
    ) -> Option<u32> {
        let table = self.table;
        if !table.hours.has(name) {
            self.unknown("hours", name, &table.hours, at);
        }
        shared.hours.get(name).copied()
    }

    fn caller(&mut self, when: &CallerWhen, shared: &mut Shared, at: &Path<'_>, all: &mut Clauses) {
        let before = all.len();
        if let Some(is) = &when.is {
            all.push(self.numbers_of(Subject::Caller, is, &at.key("is")));
        }
        if let Some(Texts(names)) = &when.list {
            all.push(self.caller_in(names, shared, &at.key("in")));
        }
        if let Some(prefix) = &when.prefix {
            all.push(self.prefixes_of(Subject::Caller, prefix, shared, &at.key("prefix")));
        }
        if let Some(countries) = &when.country {
            all.push(self.country(Subject::Caller, countries, shared, &at.key("country")));
        }
        if let Some(places) = &when.region {
            all.push(self.places(places, shared, &at.key("region")));
        }
        if let Some(anonymous) = when.anonymous {
            all.push(Some(Clause::Anonymous(anonymous)));
        }
        if let Some(kinds) = &when.kind {
            all.push(self.kinds(kinds, shared, &at.key("type")));
        }
        if all.len() == before {
            let message = "`caller` needs one of `in`, `is`, `prefix`, `country`, `region`, `type` \
                           and `anonymous`";
            self.fault(at, message);
            all.push(None);
        }
    }

    fn caller_in(&mut self, names: &[String], shared: &Shared, at: &Path<'_>) -> Option<Clause> {
        let lists: Vec<_> = names
            .iter()
            .enumerate()
            .map(|(index, name)| {
                let place = self.place("list of callers", name, &shared.lists, &at.index(index))?;
                Some(self.on_list(name, place, shared))
            })
            .collect();
        either(lists.into_iter().collect::<Option<_>>()?)
    }

    /// A list by its numbers, its lookup, or either.
    pub(super) fn on_list(&self, name: &str, place: u32, shared: &Shared) -> Clause {
        let entries = self.table.callers.entries().iter();
        let entry = entries
            .filter(|entry| entry.name == name)
            .find_map(|entry| entry.value.as_ref());
        let lookup = entry.and_then(|entry| entry.lookup.as_ref());
        let found = lookup.and_then(|lookup| shared.lookups.get(lookup));
        let found = found.map(|place| Clause::Found(u32::try_from(*place).unwrap_or(u32::MAX)));
        let numbers = entry.is_none_or(|entry| entry.numbers.is_some() || entry.file.is_some());
        match (found, numbers) {
            (None, _) => Clause::List(place),
            (Some(found), false) => found,
            (Some(found), true) => Clause::Any([Clause::List(place), found].into()),
        }
    }

    fn dialed(&mut self, when: &NumberWhen, shared: &mut Shared, at: &Path<'_>, all: &mut Clauses) {
        if let Some(is) = &when.is {
            all.push(self.numbers_of(Subject::Dialed, is, &at.key("is")));
        }
        if let Some(prefix) = &when.prefix {
            all.push(self.prefixes_of(Subject::Dialed, prefix, shared, &at.key("prefix")));
        }
        if let Some(countries) = &when.country {
            all.push(self.country(Subject::Dialed, countries, shared, &at.key("country")));
        }
        if when.is.is_none() && when.prefix.is_none() && when.country.is_none() {
            self.fault(at, "`dialed` needs `is`, `prefix` or `country`");
            all.push(None);
        }
    }

    fn numbers_of(&mut self, subject: Subject, texts: &Texts, at: &Path<'_>) -> Option<Clause> {
        let Texts(texts) = texts;
        // Rules of large tables ask for one number in full.
        if let [text] = &**texts
            && let Some(key) = Key::international(text)
        {
            return Some(Clause::Key { subject, key });
        }
        let hint = |text: &str| match (subject, text) {
            (Subject::Caller, "anonymous") => Some("write `anonymous: true`"),
            (_, text) if text.ends_with('*') && text.len() > 1 && !text.starts_with('*') => {
                Some("`is` takes whole numbers; use `prefix`")
            }
            _ => None,
        };
        let region = self.region;
        let list = self.each(texts, at, |text| match hint(text) {
            Some(hint) => Err(format!("`{}` is no number; {hint}", shorten(text))),
            None => number::exact(text, region).map_err(|error| error.to_string()),
        })?;
        let (mut keys, mut others) = (Vec::new(), Vec::new());
        for number in list {
            match number {
                crate::engine::Dialed::Key(key) => keys.push(key),
                crate::engine::Dialed::Text(text) => others.push(text),
            }
        }
        Some(one_of(subject, keys, others, false))
    }

    /// Prefixes, and names of tables of them.
    fn prefixes_of(
        &mut self,
        subject: Subject,
        Texts(texts): &Texts,
        shared: &Shared,
        at: &Path<'_>,
    ) -> Option<Clause> {
        if let [text] = &**texts
            && let Some(key) = number::prefix_as_written(text)
        {
            return Some(Clause::Key { subject, key });
        }
        let region = self.region;
        let (mut keys, mut decks) = (Vec::new(), Vec::new());
        let mut faults = 0;
        for (index, text) in texts.iter().enumerate() {
            let at = at.index(index);
            if text.starts_with(|c: char| c.is_alphabetic()) {
                match self.place("prefixes", text, &shared.decks, &at) {
                    Some(deck) => decks.push(Clause::Deck { subject, deck }),
                    None => faults += 1,
                }
                continue;
            }
            match number::prefix(text, region) {
                Ok(found) => keys.extend(found),
                Err(error) => {
                    self.fault(&at, error.to_string());
                    faults += 1;
                }
            }
        }
        if faults > 0 {
            return None;
        }
        if !keys.is_empty() {
            decks.push(one_of(subject, keys, Vec::new(), true));
        }
        either(decks)
    }

    fn digits(&mut self, Texts(texts): &Texts, at: &Path<'_>) -> Option<Clause> {
        let list = self.each(texts, at, |text| {
            let digits = callroute_schema::Digits::new(text).map_err(|error| error.to_string())?;
            Ok(digits.as_str().to_owned())
        })?;
        let (mut keys, mut others) = (Vec::new(), Vec::new());
        for digits in list {
            match Key::number(&digits) {
                Some(key) => keys.push(key),
                None => others.push(digits.into_boxed_str()),
            }
        }
        Some(one_of(Subject::Digits, keys, others, false))
    }

    pub(super) fn each<T>(
        &mut self,
        texts: &[String],
        at: &Path<'_>,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Option<Vec<T>> {
        let mut list = Vec::new();
        for (index, text) in texts.iter().enumerate() {
            match read(text) {
                Ok(read) => list.push(read),
                Err(message) => self.fault(&at.index(index), message),
            }
        }
        (list.len() == texts.len()).then_some(list)
    }
}

/// One number as a clause of its own, several as a list.
fn one_of(
    subject: Subject,
    mut keys: Vec<Key>,
    mut texts: Vec<Box<str>>,
    prefixes: bool,
) -> Clause {
    keys.sort_unstable();
    keys.dedup();
    texts.sort_unstable();
    texts.dedup();
    match (&*keys, &*texts) {
        ([key], []) => Clause::Key { subject, key: *key },
        _ => Clause::OneOf(Box::new(OneOf {
            subject,
            keys: keys.into(),
            texts: texts.into(),
            prefixes,
        })),
    }
}

/// Clauses of which all must hold, as one.
pub(super) fn together(mut all: Vec<Clause>) -> Clause {
    match all.pop() {
        Some(only) if all.is_empty() => only,
        Some(last) => {
            all.push(last);
            Clause::All(all.into())
        }
        None => Clause::All([].into()),
    }
}

/// Clauses of which one must hold, as one; `None`: there are none.
pub(super) fn either(mut any: Vec<Clause>) -> Option<Clause> {
    match any.len() {
        0 | 1 => any.pop(),
        _ => Some(Clause::Any(any.into())),
    }
}
