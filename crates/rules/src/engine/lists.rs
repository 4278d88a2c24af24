//! Lists of callers, all of them asked at once: a caller has tags, a tag is a list.

use std::cell::Cell;
use std::collections::HashMap;
use std::fmt;

use super::call::Call;
use super::rows::Rows;
use super::sieve::Sieve;
use super::subject::Subject;
use crate::prefix::{Key, PrefixTable};

/// Lists that fit the word of a set.
const WORD: u32 = 64;

/// Every list of callers.
#[derive(Default)]
pub(crate) struct Lists {
    all: Vec<CallerList>,
    /// Whole numbers to sets of lists; a set has the lists of prefixes too.
    numbers: PrefixTable,
    /// What most numbers of callers that are on no list do not get through.
    sieve: Sieve,
    /// Prefixes to sets of lists; a set has the lists of shorter prefixes too.
    prefixes: PrefixTable,
    /// Whether there are any.
    has_prefixes: bool,
    /// SIP users that are no numbers, to sets of lists.
    texts: HashMap<Box<str>, u32>,
    /// The lists with callers who withhold their number.
    withheld: u32,
    /// Where each set begins in `tags`; the next one's beginning is its end. The first is empty.
    sets: Vec<u32>,
    /// Lists of each set, sorted.
    tags: Vec<u32>,
    /// For each set a bit for each of the first lists.
    words: Vec<u64>,
    /// Whether a rule asks for a list.
    pub(crate) asked: bool,
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
    number: u32,
    /// By text, or by a number as it came.
    text: u32,
    /// A bit for each of the first lists.
    word: u64,
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
    /// The row of what is listed outside the file: one without cells.
    pub(crate) const ROWLESS: u32 = u32::MAX;

    /// The row of a caller; `None`: not on the list.
    pub(crate) fn row(&self, call: &Call<'_>) -> Option<u32> {
        let text = call.text(Subject::Caller);
        let exact = text.and_then(|text| self.texts.get(text)).copied();
        let closest = || call.closest(Subject::Caller, &self.numbers);
        exact.or_else(|| closest().map(|(row, _)| row))
    }
}

/// Under what a caller is listed, once that was looked up. Cell by cell: what was just written in
/// three pieces would have to be read as one, and that waits for all of them.
#[derive(Debug)]
pub(crate) struct HitsCell {
    number: Cell<u32>,
    text: Cell<u32>,
    word: Cell<u64>,
}

impl HitsCell {
    /// There are never so many sets.
    const UNASKED: u32 = u32::MAX;

    #[inline(always)]
    pub(crate) fn set(&self, hits: Hits) {
        self.number.set(hits.number);
        self.text.set(hits.text);
        self.word.set(hits.word);
    }

    /// `None`: it was not looked up yet.
    #[inline(always)]
    pub(crate) fn get(&self) -> Option<Hits> {
        let number = self.number.get();
        (number != Self::UNASKED).then(|| Hits {
            number,
            text: self.text.get(),
            word: self.word.get(),
        })
    }

    /// Whether a list is among them; `None`: that was not looked up, or is not one of the first
    /// lists.
    #[inline(always)]
    pub(crate) fn holds(&self, list: u32) -> Option<bool> {
        let tells = list < WORD && self.number.get() != Self::UNASKED;
        tells.then(|| self.word.get() >> list & 1 == 1)
    }
}

impl Default for HitsCell {
    fn default() -> Self {
        Self {
            number: Cell::new(Self::UNASKED),
            text: Cell::new(0),
            word: Cell::new(0),
        }
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
        let whole = keys.iter().filter(|(key, _)| key.is_whole()).count();
        let mut lists = Self {
            all,
            numbers: PrefixTable::with_capacity(whole),
            sieve: Sieve::new(whole),
            prefixes: PrefixTable::with_capacity(keys.len() - whole),
            sets: vec![0],
            ..Self::default()
        };
        let mut known: HashMap<Vec<u32>, u32> = HashMap::new();
        lists.set(&[], &mut known);
        let mut tags = Vec::new();
        // Prefixes stand before what begins with them: those that the next key may begin with.
        let mut above: Vec<(Key, u32)> = Vec::new();
        for same in keys.chunk_by(|(one, _), (other, _)| one == other) {
            if let [(key, _), ..] = same {
                while above.last().is_some_and(|(prefix, _)| !prefix.begins(*key)) {
                    above.pop();
                }
                tags.clear();
                tags.extend(same.iter().map(|(_, tag)| *tag));
                if let Some((_, set)) = above.last() {
                    tags.extend(lists.tags(*set));
                    tags.sort_unstable();
                    tags.dedup();
                }
                let set = lists.set(&tags, &mut known);
                if key.is_whole() {
                    lists.sieve.add(*key);
                    lists.numbers.insert(*key, set);
                } else {
                    lists.prefixes.insert(*key, set);
                    above.push((*key, set));
                }
            }
        }
        lists.has_prefixes = !lists.prefixes.is_empty();
        lists.texts = texts
            .into_iter()
            .map(|(text, tags)| (text, lists.set(&tags, &mut known)))
            .collect();
        lists.withheld = lists.set(&withheld, &mut known);
        lists
    }

    fn set(&mut self, tags: &[u32], known: &mut HashMap<Vec<u32>, u32>) -> u32 {
        if let Some(set) = known.get(tags) {
            return *set;
        }
        let set = u32::try_from(known.len()).unwrap_or(u32::MAX);
        let first = tags.iter().filter(|tag| **tag < WORD);
        self.words.push(first.fold(0, |word, tag| word | 1 << tag));
        self.tags.extend(tags);
        self.sets
            .push(u32::try_from(self.tags.len()).unwrap_or(u32::MAX));
        known.insert(tags.to_vec(), set);
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

    /// Whether SIP users that are no numbers are listed.
    #[inline]
    pub(crate) fn has_texts(&self) -> bool {
        !self.texts.is_empty()
    }

    /// Under what a number is listed.
    #[inline(always)]
    pub(crate) fn hits(&self, key: Key) -> Hits {
        // Most callers are on no list.
        let may_stand = self.sieve.may_hold(key);
        match may_stand | self.has_prefixes {
            true => self.under(self.set_of(key, may_stand), 0),
            false => Hits::default(),
        }
    }

    /// The set of a number, which may stand in the lists by itself; the first, which is empty,
    /// when it is on no list.
    fn set_of(&self, key: Key, may_stand: bool) -> u32 {
        let found = match may_stand {
            true => self.numbers.get(key),
            false => None,
        };
        found
            .or_else(|| self.prefixes.longest(key))
            .unwrap_or_default()
    }

    /// Under what a caller is listed by number, and by text or by the number as it came: what has
    /// two forms is no text.
    pub(crate) fn hits_of(&self, key: Key, written: Option<Key>, text: &str) -> Hits {
        let other = match written {
            Some(written) => self.prefixes.longest(written),
            None => self.texts.get(text).copied(),
        };
        let may_stand = self.sieve.may_hold(key);
        self.under(self.set_of(key, may_stand), other.unwrap_or(0))
    }

    /// Under what a caller without a number is listed.
    pub(crate) fn anonymous(&self) -> Hits {
        self.under(0, self.withheld)
    }

    #[inline]
    fn under(&self, number: u32, text: u32) -> Hits {
        let word = |set: u32| self.words.get(set as usize).copied().unwrap_or(0);
        Hits {
            number,
            text,
            // The first set is empty.
            word: word(number) | if text == 0 { 0 } else { word(text) },
        }
    }

    pub(crate) fn holds(&self, hits: Hits, list: u32) -> bool {
        if list < WORD {
            return hits.word >> list & 1 == 1;
        }
        let is_in = |set| self.tags(set).binary_search(&list).is_ok();
        is_in(hits.number) || is_in(hits.text)
    }

    /// Every list that a caller is on, some perhaps twice.
    pub(crate) fn of(&self, hits: Hits) -> impl Iterator<Item = u32> + '_ {
        let tags = [hits.number, hits.text].map(|set| self.tags(set));
        tags.into_iter().flatten().copied()
    }
}
