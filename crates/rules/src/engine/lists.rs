//! Lists of callers, all of them asked at once: a caller has tags, a tag is a list.

use std::collections::HashMap;
use std::fmt;

use super::rows::Rows;
use crate::prefix::{Key, PrefixTable};

/// Lengths of prefixes under which a caller may be listed, and one for SIP users.
const MAX_HITS: usize = 18;

/// Every list of callers.
#[derive(Default)]
pub(crate) struct Lists {
    all: Vec<CallerList>,
    /// Numbers and prefixes to sets of lists.
    numbers: PrefixTable,
    /// SIP users that are no numbers, to sets of lists.
    texts: HashMap<Box<str>, u32>,
    /// The lists with callers who withhold their number.
    withheld: u32,
    /// Where each set begins in `tags`; the next one's beginning is its end.
    sets: Vec<u32>,
    /// Lists of each set, sorted.
    tags: Vec<u32>,
}

/// One list of `callers`.
#[derive(Default)]
pub(crate) struct CallerList {
    pub(crate) name: String,
    /// Numbers and prefixes to their rows.
    pub(crate) numbers: PrefixTable,
    /// SIP users that are no numbers.
    pub(crate) texts: HashMap<Box<str>, u32>,
    /// Whether callers who withhold their number are on the list.
    pub(crate) anonymous: bool,
    /// Further columns of its file.
    pub(crate) rows: Rows,
    /// The lookup that it asks, as a place in the engine's tables.
    pub(crate) lookup: Option<u32>,
    /// Its numbers and prefixes, to be joined with those of the others.
    pub(crate) keys: Vec<Key>,
}

/// Under what a caller is listed: sets of lists.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Hits {
    sets: [u32; MAX_HITS],
    count: u8,
}

/// Without its numbers, which are people's.
impl fmt::Debug for CallerList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallerList")
            .field("name", &self.name)
            .field("anonymous", &self.anonymous)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Lists {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.all).finish()
    }
}

impl CallerList {
    /// The row of a caller; `None`: not on the list.
    pub(crate) fn row(&self, key: Key, text: &str) -> Option<u32> {
        let exact = self.texts.get(text).copied();
        exact.or_else(|| self.numbers.longest(key))
    }
}

impl Hits {
    fn add(&mut self, set: u32) {
        if let Some(slot) = self.sets.get_mut(usize::from(self.count)) {
            *slot = set;
            self.count += 1;
        }
    }

    fn sets(&self) -> impl Iterator<Item = u32> + '_ {
        self.sets.iter().take(usize::from(self.count)).copied()
    }
}

impl Lists {
    pub(crate) fn new(mut all: Vec<CallerList>) -> Self {
        // Each number with each list that it is on, so that equal ones stand together.
        let mut keys: Vec<(Key, u32)> =
            Vec::with_capacity(all.iter().map(|list| list.keys.len()).sum());
        let mut texts: HashMap<Box<str>, Vec<u32>> = HashMap::new();
        let mut withheld = Vec::new();
        for (list, tag) in all.iter_mut().zip(0..) {
            let own = std::mem::take(&mut list.keys);
            keys.extend(own.into_iter().map(|key| (key, tag)));
            for text in list.texts.keys() {
                texts.entry(text.clone()).or_default().push(tag);
            }
            if list.anonymous {
                withheld.push(tag);
            }
        }
        keys.sort_unstable();
        keys.dedup();
        let mut lists = Self {
            all,
            numbers: PrefixTable::with_capacity(keys.len()),
            sets: vec![0],
            ..Self::default()
        };
        let mut known: HashMap<Vec<u32>, u32> = HashMap::new();
        for same in keys.chunk_by(|(one, _), (other, _)| one == other) {
            if let [(key, _), ..] = same {
                let tags = same.iter().map(|(_, tag)| *tag).collect();
                let set = lists.set(tags, &mut known);
                lists.numbers.insert(*key, set);
            }
        }
        lists.texts = texts
            .into_iter()
            .map(|(text, tags)| (text, lists.set(tags, &mut known)))
            .collect();
        lists.withheld = lists.set(withheld, &mut known);
        lists
    }

    fn set(&mut self, tags: Vec<u32>, known: &mut HashMap<Vec<u32>, u32>) -> u32 {
        if let Some(set) = known.get(&tags) {
            return *set;
        }
        let set = u32::try_from(known.len()).unwrap_or(u32::MAX);
        self.tags.extend(&tags);
        self.sets
            .push(u32::try_from(self.tags.len()).unwrap_or(u32::MAX));
        known.insert(tags, set);
        set
    }

    fn tags(&self, set: u32) -> &[u32] {
        let place = set as usize;
        let bounds = self.sets.get(place).zip(self.sets.get(place + 1));
        let range = bounds.map(|(from, to)| *from as usize..*to as usize);
        range.and_then(|range| self.tags.get(range)).unwrap_or(&[])
    }

    /// The lists, in written order.
    pub(crate) fn all(&self) -> &[CallerList] {
        &self.all
    }

    pub(crate) fn named(&self, name: &str) -> Option<&CallerList> {
        self.all.iter().find(|list| list.name == name)
    }

    /// Under what a caller with a number is listed.
    pub(crate) fn hits(&self, key: Key, text: &str) -> Hits {
        let mut hits = Hits::default();
        for set in self.numbers.all(key) {
            hits.add(set);
        }
        if !self.texts.is_empty()
            && let Some(set) = self.texts.get(text)
        {
            hits.add(*set);
        }
        hits
    }

    /// Under what a caller without a number is listed.
    pub(crate) fn anonymous(&self) -> Hits {
        let mut hits = Hits::default();
        if !self.sets.is_empty() {
            hits.add(self.withheld);
        }
        hits
    }

    #[inline]
    pub(crate) fn holds(&self, hits: &Hits, list: u32) -> bool {
        hits.sets().any(|set| match self.tags(set) {
            // Most callers are on one list.
            [one] => *one == list,
            many => many.binary_search(&list).is_ok(),
        })
    }

    /// Every list that a caller is on, some perhaps twice.
    pub(crate) fn of<'h>(&'h self, hits: &'h Hits) -> impl Iterator<Item = u32> + 'h {
        hits.sets().flat_map(|set| self.tags(set).iter().copied())
    }
}
