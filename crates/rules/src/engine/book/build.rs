//! From rules in written order to runs and their index.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::place::{Home, write};
use super::{Block, Book, Child, Dialed, Node};
use crate::engine::clause::{Clause, OneOf};
use crate::engine::record::{Asks, Record};
use crate::engine::subject::Subject;
use crate::prefix::{Key, PrefixTable};

/// Runs up to this length are looked at one by one.
const RUN: usize = 16;
/// Longer runs that nothing tells apart are worth a word to whoever wrote them.
const OVERLONG: usize = 256;
/// How often a rule may be posted: as many numbers as it lists, up to this.
const POSTINGS: usize = 4_096;

/// One rule, before it gets its place.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    /// What is done, as a place among the answers.
    pub(crate) answer: u32,
    /// A number that is compared.
    pub(crate) key: Option<(Subject, Key)>,
    /// Further clauses; all of them must hold.
    pub(crate) clauses: Vec<Clause>,
    /// It turns calls away: not emergency calls, if it asks for a list.
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
}

/// What rules are told apart by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum By {
    Number(Subject, Key),
    List(u32),
    Text(Subject, Box<str>),
    Nothing,
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
            let rejects = draft.rejects && draft.lists;
            let asks = self.asks(draft.clauses);
            records.push(Record::new(rule, draft.answer, draft.key, asks, rejects));
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
            let child = self.child(&records, Used::NONE);
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
        self.settle();
        let mut dialed = PrefixTable::with_capacity(self.dialed.len());
        for (key, child) in self.dialed {
            dialed.insert(key, child.0);
        }
        self.book.dialed = dialed;
        self.book.runs.shrink_to_fit();
        self.book.clauses.shrink_to_fit();
        self.book.overlong.sort_unstable_by_key(|run| run.first);
        self.book
    }

    /// What a rule asks: the commonest clauses stand in its record.
    fn asks(&mut self, mut clauses: Vec<Clause>) -> Asks {
        let clause = match clauses.len() {
            0 | 1 => clauses.pop(),
            _ => Some(Clause::All(clauses.into())),
        };
        match clause {
            None => Asks::Nothing,
            Some(Clause::Hours { hours, open }) => Asks::Hours { hours, open },
            Some(Clause::List(list)) => Asks::List { list, on: true },
            Some(Clause::Not(not)) => match *not {
                Clause::List(list) => Asks::List { list, on: false },
                other => Asks::Clause(self.keep(Clause::Not(Box::new(other)))),
            },
            Some(other) => Asks::Clause(self.keep(other)),
        }
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

    /// A run when few, else a node; `used` is what all of them were told apart by already.
    fn child(&mut self, records: &[Record], used: Used) -> Child {
        if records.len() <= RUN {
            return self.run(records);
        }
        let mut posted: Vec<(By, usize)> = Vec::with_capacity(records.len());
        for (place, record) in records.iter().enumerate() {
            self.post(record, used, |by| posted.push((by, place)));
        }
        if posted.iter().all(|(by, _)| *by == By::Nothing) {
            return self.overlong_run(records);
        }
        // Places are in the order of rules, so that runs stay sorted.
        posted.sort_unstable();
        let mut node = Node {
            first: records.first().map_or(0, |record| record.rule),
            ..Node::default()
        };
        let mut rooms = [0_usize; 3];
        for same in posted.chunk_by(|(one, _), (other, _)| one == other) {
            if let Some((By::Number(subject, _), _)) = same.first()
                && let Some(room) = rooms.get_mut(subject.place())
            {
                *room += 1;
            }
        }
        let mut group: Vec<Record> = Vec::new();
        for same in posted.chunk_by(|(one, _), (other, _)| one == other) {
            let Some((by, _)) = same.first() else {
                continue;
            };
            group.clear();
            group.extend(same.iter().filter_map(|(_, place)| records.get(*place)));
            match by {
                By::Nothing => node.rest = Some(self.child(&group, Used::ALL)),
                By::Number(subject, key) => {
                    let child = self.child(&group, used.and(subject.place()));
                    let room = rooms.get(subject.place()).copied().unwrap_or(0);
                    node.add_number(*subject, *key, child, room);
                }
                By::Text(subject, text) => {
                    let child = self.child(&group, used.and(subject.place()));
                    node.add_text(*subject, text.clone(), child);
                }
                By::List(list) => {
                    let child = self.child(&group, used.and(LIST));
                    node.lists.push((*list, child));
                }
            }
        }
        self.book.nodes.push(node);
        Child::node(self.book.nodes.len() - 1)
    }

    /// Posts a rule under the most telling of what it asks.
    fn post(&self, record: &Record, used: Used, mut post: impl FnMut(By)) {
        let (mut most, mut best) = (0, Choice::None);
        let mut take = |worth: u8, choice| {
            if worth >= most {
                (most, best) = (worth, choice);
            }
        };
        if let Some((subject, key)) = record.key()
            && used.free(subject.place())
        {
            take(worth(key), Choice::Key(subject, key));
        }
        match record.asks() {
            Asks::List { list, on: true } if used.free(LIST) => take(6, Choice::List(list)),
            Asks::Clause(place) => {
                let parts = match self.book.clauses.get(place as usize) {
                    Some(Clause::All(parts)) => &**parts,
                    one => one.map_or(&[][..], std::slice::from_ref),
                };
                for part in parts {
                    if let Some((worth, found)) = choice(part, used) {
                        take(worth, found);
                    }
                }
            }
            _ => {}
        }
        match best {
            Choice::None => post(By::Nothing),
            Choice::Key(subject, key) => post(By::Number(subject, key)),
            Choice::List(list) => post(By::List(list)),
            Choice::OneOf(one_of) => {
                for key in &one_of.keys {
                    post(By::Number(one_of.subject, *key));
                }
                for text in &one_of.texts {
                    post(By::Text(one_of.subject, text.clone()));
                }
            }
            Choice::Lists(lists) => lists
                .iter()
                .filter_map(list_of)
                .map(By::List)
                .for_each(post),
        }
    }

    fn overlong_run(&mut self, records: &[Record]) -> Child {
        if let (Some(first), true) = (records.first(), records.len() > OVERLONG) {
            self.book.overlong.push(Overlong {
                first: first.rule,
                count: records.len(),
            });
        }
        self.run(records)
    }
}

/// What a rule could be found by.
#[derive(Debug, Clone, Copy)]
enum Choice<'c> {
    None,
    Key(Subject, Key),
    List(u32),
    OneOf(&'c OneOf),
    /// Any of them; each is a list.
    Lists(&'c [Clause]),
}

/// Dimensions by which rules were told apart already: the subjects' places, and [`LIST`].
#[derive(Debug, Clone, Copy)]
struct Used(u8);

/// The place of lists of callers among what tells rules apart.
const LIST: usize = 3;

impl Used {
    const NONE: Self = Self(0);
    const ALL: Self = Self(0xff);

    fn free(self, place: usize) -> bool {
        self.0 >> place & 1 == 0
    }

    fn and(self, place: usize) -> Self {
        Self(self.0 | 1 << place)
    }
}

/// How much a key tells.
fn worth(key: Key) -> u8 {
    match key.is_whole() {
        true => 40,
        false => u8::try_from(key.len()).unwrap_or(0),
    }
}

fn list_of(clause: &Clause) -> Option<u32> {
    match clause {
        Clause::List(list) => Some(*list),
        _ => None,
    }
}

/// Under what a clause beyond the record can be found, and how much that tells.
fn choice(clause: &Clause, used: Used) -> Option<(u8, Choice<'_>)> {
    match clause {
        Clause::Key { subject, key } if used.free(subject.place()) => {
            Some((worth(*key), Choice::Key(*subject, *key)))
        }
        Clause::OneOf(one_of) if used.free(one_of.subject.place()) => listed(one_of),
        Clause::List(list) if used.free(LIST) => Some((6, Choice::List(*list))),
        Clause::Any(any) if used.free(LIST) => {
            let lists = any.iter().all(|part| list_of(part).is_some());
            lists.then_some((5, Choice::Lists(any)))
        }
        _ => None,
    }
}

fn listed(one_of: &OneOf) -> Option<(u8, Choice<'_>)> {
    if one_of.keys.len() + one_of.texts.len() > POSTINGS {
        return None;
    }
    let shortest = one_of.keys.iter().map(|key| key.len()).min().unwrap_or(16);
    let worth = match one_of.prefixes {
        true => u8::try_from(shortest).unwrap_or(0),
        false => 30,
    };
    Some((worth, Choice::OneOf(one_of)))
}
