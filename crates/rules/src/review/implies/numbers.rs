//! What follows from the beginning of a number, and from being on a list.

use std::borrow::Cow;
use std::collections::HashMap;

use callroute_schema::number::Region;

use crate::engine::{Clause, Dialed, OneOf, Subject, Tables};
use crate::number::{self, Pattern};
use crate::origin::countries_under;
use crate::prefix::Key;
use crate::table::Sections;

/// Longer lists are not looked through.
const MAX_LISTED: usize = 500;

/// Who is on a list, of those that stand in the file itself.
pub(super) struct Listed {
    numbers: OneOf,
    anonymous: bool,
}

/// By their places in the engine's tables.
pub(super) fn listed(table: &Sections, tables: &Tables) -> HashMap<u32, Listed> {
    let lists = tables.lists.all().iter().zip(0..);
    let lists = lists.filter_map(|(list, place)| {
        let mut entries = table.callers.entries().iter();
        let entry = entries.find(|entry| entry.name == list.name)?;
        let entry = entry.value.as_ref().filter(|entry| entry.file.is_none())?;
        let texts = entry.numbers.as_ref();
        let texts = texts.filter(|texts| (1..=MAX_LISTED).contains(&texts.len()))?;
        Some((place, Listed::read(texts, list.anonymous, tables.region)?))
    });
    lists.collect()
}

impl Listed {
    fn read(texts: &[String], anonymous: bool, region: Option<Region>) -> Option<Self> {
        let (mut keys, mut names) = (Vec::new(), Vec::new());
        for text in texts.iter().filter(|text| *text != "anonymous") {
            match number::pattern(text, region).ok()? {
                Pattern::Any => return None,
                Pattern::Exact(Dialed::Key(key)) => keys.push(key),
                Pattern::Exact(Dialed::Text(name)) => names.push(name),
                Pattern::Prefix(prefix) => keys.extend(prefix),
            }
        }
        keys.sort_unstable();
        Some(Self {
            numbers: OneOf {
                subject: Subject::Caller,
                keys: keys.into(),
                texts: names.into(),
                prefixes: true,
            },
            anonymous,
        })
    }
}

impl super::Logic<'_> {
    /// A clause on digits as a list of keys; who is on a list, too, where only numbers are.
    pub(in crate::review) fn numbers<'c>(&'c self, clause: &'c Clause) -> Option<Cow<'c, OneOf>> {
        match clause {
            Clause::Key { subject, key } => Some(Cow::Owned(OneOf {
                subject: *subject,
                keys: [*key].into(),
                texts: [].into(),
                prefixes: !key.is_whole(),
            })),
            Clause::OneOf(one_of) => Some(Cow::Borrowed(one_of)),
            Clause::List(list) => {
                let listed = self.listed.get(list).filter(|listed| !listed.anonymous)?;
                Some(Cow::Borrowed(&listed.numbers))
            }
            _ => None,
        }
    }

    /// Whether each of these callers is on a list.
    pub(super) fn are_on(&self, these: &OneOf, list: u32) -> bool {
        let lists = &self.tables.lists;
        let Some(list) = lists.all().get(list as usize) else {
            return false;
        };
        these.subject == Subject::Caller
            && these.texts.iter().all(|text| list.texts.contains_key(text))
            && these
                .keys
                .iter()
                .all(|key| list.numbers.longest(*key).is_some())
    }

    /// Whether whoever is on one list is on the other.
    pub(super) fn is_within(&self, list: u32, wide: u32) -> bool {
        let wide_list = self.tables.lists.all().get(wide as usize);
        let holds_anonymous = wide_list.is_some_and(|wide| wide.anonymous);
        self.listed.get(&list).is_some_and(|listed| {
            (holds_anonymous || !listed.anonymous) && self.are_on(&listed.numbers, wide)
        })
    }
}

/// Whether each of these is one of those, or begins with one.
pub(super) fn are_among(these: &OneOf, those: &OneOf) -> bool {
    let mut texts = these.texts.iter();
    these.subject == those.subject
        && texts.all(|text| those.texts.contains(text))
        && all_begin_with_one(&these.keys, &those.keys)
}

/// Whether each of these keys begins with one of those; both are sorted.
fn all_begin_with_one(these: &[Key], those: &[Key]) -> bool {
    // Most lists that differ do so at an end.
    let mut ends = these.first().into_iter().chain(these.last());
    if !ends.all(|key| begins_with_one(*key, those)) {
        return false;
    }
    let mut those = those.iter().copied().peekable();
    let mut wide: Option<Key> = None;
    these.iter().all(|key| {
        // Of several that begin alike, the shortest stands first, and has all that the others do.
        while let Some(next) = those.next_if(|next| next <= key) {
            wide = wide.filter(|wide| wide.begins(next)).or(Some(next));
        }
        wide.is_some_and(|wide| wide.begins(*key))
    })
}

/// Whether a key begins with one of these, which are sorted.
fn begins_with_one(key: Key, sorted: &[Key]) -> bool {
    let mut beginnings = (0..=16_u32).map(|symbols| {
        let behind = u64::MAX.checked_shr(4 * symbols).unwrap_or(0);
        Key::of(key.word() & !behind)
    });
    beginnings.any(|beginning| sorted.binary_search(&beginning).is_ok())
}

/// Whether all of these numbers are of one of these countries.
pub(super) fn are_of(these: &OneOf, subject: Subject, countries: &[Box<str>]) -> bool {
    let is_one = |key: &Key| {
        let mut found = countries_under(*key).into_iter();
        found.all(|found| found.is_some_and(|found| countries.iter().any(|name| **name == *found)))
    };
    these.subject == subject && these.texts.is_empty() && these.keys.iter().all(is_one)
}

/// Whether none of these numbers is of one of these countries, as far as they are in full.
pub(super) fn are_elsewhere(these: &OneOf, subject: Subject, countries: &[Box<str>]) -> bool {
    let is_none = |key: &Key| {
        let of = |found: &str| countries.iter().any(|name| **name == *found);
        let mut found = countries_under(*key).into_iter().flatten();
        !key.is_as_dialed() && !key.is_empty() && !found.any(of)
    };
    these.subject == subject && these.keys.iter().all(is_none)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::all_begin_with_one;
    use crate::prefix::Key;

    fn keys() -> impl Strategy<Value = Vec<Key>> {
        let key = "\\+?[01*]{0,4}".prop_filter_map("a prefix", |text| Key::prefix(&text));
        prop::collection::vec(key, 0..12).prop_map(|mut keys| {
            keys.sort_unstable();
            keys
        })
    }

    proptest! {
        #[test]
        fn beginnings_are_found_as_by_looking_at_each(these in keys(), those in keys()) {
            let begins = |key: &Key| those.iter().any(|wide| wide.begins(*key));
            prop_assert_eq!(all_begin_with_one(&these, &those), these.iter().all(begins));
        }
    }
}
