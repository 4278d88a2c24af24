//! From rules in written order to runs and their index.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::exact::{Exact, Home, LONGEST};
use super::{Block, Book, Child, Dialed, Node};
use crate::engine::clause::{Clause, OneOf};
use crate::engine::record::{LAST, NAMES, Record};
use crate::engine::subject::Subject;
use crate::prefix::{Key, PrefixTable};

/// Runs up to this length are looked at one by one.
const RUN: usize = 16;
/// Longer runs that nothing tells apart are worth a word to whoever wrote them.
const OVERLONG: usize = 256;
/// From so many whole numbers on they are placed by arithmetic; fewer are near in any case.
const MANY: usize = 1_024;
/// How often a rule may be posted: as many numbers as it lists, up to this.
const POSTINGS: usize = 4_096;

/// One rule, before it gets its place.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) record: Record,
    /// Clauses beyond those in the record; all of them must hold.
    pub(crate) more: Vec<Clause>,
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
    book: Book,
    /// The places of clauses by their hashes.
    kept: HashMap<u64, u32>,
    /// Where the rules of dialed numbers and prefixes are.
    dialed: Vec<(Key, Child)>,
    /// Whole numbers with few rules: their runs get their places at the end.
    homes: Vec<Home>,
    /// Those runs, one after the other.
    runs: Vec<Record>,
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
                records: Vec::with_capacity(rules),
                places: Vec::with_capacity(rules),
                blocks: Vec::with_capacity(blocks),
                ..Book::default()
            },
            kept: HashMap::new(),
            dialed: Vec::with_capacity(blocks),
            homes: Vec::new(),
            runs: Vec::with_capacity(rules),
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
        let mut records = Vec::new();
        for ((mut draft, name), rule) in drafts.zip(first..) {
            draft.record.rule = rule;
            draft.record.more = self.keep(draft.more);
            self.book.names.push(name);
            self.book.places.push(u32::MAX);
            if draft.record.has(NAMES) {
                self.book.emergency.push(rule);
            }
            records.push(draft.record);
        }
        let mut block = Block {
            dialed,
            first,
            // Until it is known.
            child: Child::run(0),
        };
        if let Dialed::Key(key) = block.dialed
            && key.is_whole()
            && more.is_empty()
            && (1..LONGEST).contains(&records.len())
        {
            self.homes.push(Home {
                word: key.word(),
                size: records.len() + 1,
                first: self.runs.len(),
                block: self.book.blocks.len(),
            });
            self.runs.append(&mut records);
        } else {
            block.child = self.child(&records, Used::NONE);
            self.dialed
                .extend(more.into_iter().map(|key| (key, block.child)));
            match &block.dialed {
                Dialed::Key(key) => self.dialed.push((*key, block.child)),
                Dialed::Text(text) => {
                    self.book.texts.insert(text.clone(), block.child.0);
                }
            }
        }
        self.book.blocks.push(block);
    }

    pub(crate) fn finish(mut self) -> Book {
        self.settle();
        let mut dialed = PrefixTable::with_capacity(self.dialed.len());
        for (key, child) in self.dialed {
            dialed.insert(key, child.0);
        }
        self.book.dialed = dialed;
        self.book.records.shrink_to_fit();
        self.book.clauses.shrink_to_fit();
        self.book.overlong.sort_unstable_by_key(|run| run.first);
        self.book
    }

    /// Gives the runs of whole numbers their places.
    fn settle(&mut self) {
        let (homes, runs) = (
            std::mem::take(&mut self.homes),
            std::mem::take(&mut self.runs),
        );
        let built = match homes.len() {
            0..MANY => None,
            _ => Exact::build(&homes, self.book.records.len()),
        };
        let (exact, order) = match built {
            Some((exact, order)) => (Some(exact), order),
            None => (None, (0..homes.len()).collect()),
        };
        self.book
            .records
            .reserve_exact(homes.iter().map(|home| home.size).sum());
        for home in order.into_iter().filter_map(|place| homes.get(place)) {
            if exact.is_some() {
                self.book.records.push(Record {
                    key: home.word,
                    ..Record::default()
                });
            }
            let run = runs.get(home.first..).unwrap_or_default();
            let child = self.run(run.get(..home.size - 1).unwrap_or_default());
            if exact.is_none() {
                self.dialed.push((Key::of(home.word), child));
            }
            if let Some(block) = self.book.blocks.get_mut(home.block) {
                block.child = child;
            }
        }
        self.book.exact = exact;
    }

    /// Equal clauses are kept once: thousands of numbers ask for the same, and what all of them
    /// look at stays near.
    fn keep(&mut self, mut more: Vec<Clause>) -> u32 {
        let clause = match more.len() {
            0 | 1 => more.pop(),
            _ => Some(Clause::All(more.into())),
        };
        let Some(clause) = clause else {
            return 0;
        };
        let mut hasher = DefaultHasher::new();
        clause.hash(&mut hasher);
        let place = self.kept.entry(hasher.finish());
        let clauses = &mut self.book.clauses;
        if let Entry::Occupied(place) = &place
            && let Some(kept) = place.get().checked_sub(1)
            && clauses.get(kept as usize) == Some(&clause)
        {
            return *place.get();
        }
        clauses.push(clause);
        *place
            .insert_entry(u32::try_from(clauses.len()).unwrap_or(0))
            .get()
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
        let mut node = Node::default();
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
        if record.mask.len > 0
            && let Some(subject) = Subject::ALL.get(usize::from(record.mask.subject))
            && used.free(subject.place())
        {
            let key = Key::of(record.key);
            take(worth(key), Choice::Key(*subject, key));
        }
        if record.list != 0 && record.list.is_multiple_of(2) && used.free(LIST) {
            take(6, Choice::List((record.list - 2) / 2));
        }
        if let Some(more) = record.more.checked_sub(1)
            && let Some(clause) = self.book.clauses.get(more as usize)
        {
            let parts = match clause {
                Clause::All(parts) => &**parts,
                one => std::slice::from_ref(one),
            };
            for part in parts {
                if let Some((worth, found)) = choice(part, used) {
                    take(worth, found);
                }
            }
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

    fn run(&mut self, records: &[Record]) -> Child {
        let start = self.book.records.len();
        for (count, record) in records.iter().enumerate() {
            let mut record = *record;
            if count + 1 == records.len() {
                record.mask.flags |= LAST;
            }
            let place = self.book.records.len();
            if let Some(slot) = self.book.places.get_mut(record.rule as usize)
                && *slot == u32::MAX
            {
                *slot = u32::try_from(place).unwrap_or(u32::MAX);
            }
            self.book.records.push(record);
        }
        Child::run(start)
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
