//! From rules in written order to runs and their index.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::place::{Home, write};
use super::{Block, Book, Child, Dialed};
use crate::engine::clause::Clause;
use crate::engine::record::{Asks, Compares, Record};
use crate::engine::subject::Subject;
use crate::prefix::{Key, PrefixTable};

/// Runs up to this length are looked at one by one.
pub(super) const RUN: usize = 16;
/// Longer runs that nothing tells apart are worth a word to whoever wrote them.
pub(super) const OVERLONG: usize = 256;

/// One rule, before it gets its place.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    /// What is done, as a place among the answers.
    pub(crate) answer: u32,
    /// A number that is compared.
    pub(crate) key: Option<(Subject, Key)>,
    /// Further clauses; all of them must hold.
    pub(crate) clauses: Vec<Clause>,
    /// It asks who calls, and does not carry the call on: not for emergency calls.
    pub(crate) rejects: bool,
    /// It names an emergency number.
    pub(crate) names: bool,
    /// It asks what kind of caller it is, or for a list of callers.
    pub(crate) lists: bool,
}

/// Rules that no number and no list tells apart: each call looks at all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Overlong {
    /// The first of them.
    pub(crate) first: u32,
    pub(crate) count: usize,
}

/// Takes blocks one after the other.
#[derive(Debug)]
pub(crate) struct Builder {
    pub(super) book: Book,
    /// The places of clauses by their hashes.
    kept: HashMap<u64, u32>,
    /// Where the rules of dialed numbers and prefixes are.
    pub(super) dialed: Vec<(Key, Child)>,
    /// Whole numbers with few rules: their runs get their places at the end.
    pub(super) homes: Vec<Home>,
    /// Those numbers.
    pub(super) words: Vec<u64>,
    /// Those runs, one after the other.
    pub(super) runs: Vec<u64>,
    /// The records of the block that is added.
    block: Vec<Record>,
    /// How often its rules may still be posted under all that they list.
    pub(super) left: usize,
}

impl Builder {
    /// With room for so many blocks and rules.
    pub(crate) fn new(blocks: usize, rules: usize) -> Self {
        Self {
            book: Book {
                places: Vec::with_capacity(rules),
                blocks: Vec::with_capacity(blocks),
                ..Book::default()
            },
            kept: HashMap::new(),
            dialed: Vec::new(),
            homes: Vec::with_capacity(blocks),
            words: Vec::with_capacity(blocks),
            runs: Vec::with_capacity(rules),
            block: Vec::new(),
            left: 0,
        }
    }

    /// The position of the next rule.
    pub(crate) fn next_rule(&self) -> u32 {
        u32::try_from(self.book.places.len()).unwrap_or(u32::MAX)
    }

    /// Adds the rules of a block, in written order; `more` are further prefixes that it covers.
    pub(crate) fn add<'n>(
        &mut self,
        dialed: Dialed,
        more: Vec<Key>,
        drafts: impl Iterator<Item = (Draft, Option<&'n str>)>,
    ) {
        let first = self.next_rule();
        let mut records = std::mem::take(&mut self.block);
        records.clear();
        for ((draft, name), rule) in drafts.zip(first..) {
            self.book.names.push(name);
            self.book.places.push(u32::MAX);
            self.book.asks_for_lists |= draft.lists;
            if draft.names {
                self.book.emergency.push(rule);
            }
            let (compares, asks) = self.asks(draft.key, draft.clauses);
            records.push(Record::new(
                rule,
                draft.answer,
                compares,
                asks,
                draft.rejects,
            ));
        }
        if let Dialed::Key(key) = dialed
            && key.is_whole()
            && more.is_empty()
            && (1..=RUN).contains(&records.len())
        {
            let before = self.runs.len();
            write(&records, first, &mut self.runs);
            self.homes.push(Home {
                first,
                len: u32::try_from(self.runs.len() - before).unwrap_or(u32::MAX),
            });
            self.words.push(key.word());
        } else {
            let child = self.tell_apart(&records);
            self.dialed.extend(more.into_iter().map(|key| (key, child)));
            match &dialed {
                Dialed::Key(key) => self.dialed.push((*key, child)),
                Dialed::Text(text) => {
                    self.book.texts.insert(text.clone(), child.0);
                }
            }
        }
        self.block = records;
        self.book.blocks.push(Block { dialed, first });
    }

    pub(crate) fn finish(mut self) -> Book {
        self.book.as_written = self.dialed.iter().any(|(key, _)| key.is_as_dialed())
            || self.words.iter().any(|word| Key::of(*word).is_as_dialed());
        self.settle();
        let dialed = self.dialed.into_iter().map(|(key, child)| (key, child.0));
        self.book.dialed = PrefixTable::from(dialed.collect::<Vec<_>>());
        self.book.runs.shrink_to_fit();
        self.book.clauses.shrink_to_fit();
        let overlong = &mut self.book.overlong;
        overlong.sort_unstable_by_key(|run| (run.first, run.count));
        overlong.dedup();
        self.book
    }

    /// What a rule compares and asks: keys and the commonest clauses stand in its record.
    fn asks(&mut self, key: Option<(Subject, Key)>, mut clauses: Vec<Clause>) -> (Compares, Asks) {
        let clause = match clauses.len() {
            0 | 1 => clauses.pop(),
            _ => Some(Clause::All(clauses.into())),
        };
        let (compares, clause) = match (key, clause) {
            (Some((subject, key)), clause) => (Compares::Both(subject, key), clause),
            (None, Some(Clause::Any(any))) => either(any),
            (None, clause) => (Compares::Nothing, clause),
        };
        let asks = match clause {
            None => Asks::Nothing,
            Some(Clause::Hours { hours, open }) => Asks::Hours { hours, open },
            Some(Clause::List(list)) => Asks::List { list, on: true },
            Some(Clause::Not(not)) => match *not {
                Clause::List(list) => Asks::List { list, on: false },
                other => Asks::Clause(self.keep(Clause::Not(Box::new(other)))),
            },
            Some(other) => Asks::Clause(self.keep(other)),
        };
        (compares, asks)
    }

    /// Equal clauses are kept once: thousands of numbers ask for the same, and what all of them
    /// look at stays near.
    fn keep(&mut self, clause: Clause) -> u32 {
        let mut hasher = DefaultHasher::new();
        clause.hash(&mut hasher);
        let place = self.kept.entry(hasher.finish());
        let clauses = &mut self.book.clauses;
        if let Entry::Occupied(place) = &place
            && clauses.get(*place.get() as usize) == Some(&clause)
        {
            return *place.get();
        }
        let kept = u32::try_from(clauses.len()).unwrap_or(u32::MAX);
        clauses.push(clause);
        *place.insert_entry(kept).get()
    }
}

/// A key that stands first of several alternatives is compared by itself: what is left is often
/// the same for many rules, and near.
fn either(any: Box<[Clause]>) -> (Compares, Option<Clause>) {
    match *any {
        [Clause::Key { subject, key }, _, ..] if !key.is_empty() => {
            let mut rest = any.into_vec();
            rest.remove(0);
            let rest = match rest.len() {
                1 => rest.pop(),
                _ => Some(Clause::Any(rest.into())),
            };
            (Compares::Either(subject, key), rest)
        }
        _ => (Compares::Nothing, Some(Clause::Any(any))),
    }
}
