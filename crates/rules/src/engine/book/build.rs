//! From rules in written order to runs and their index.

use super::{Block, Book, Child, Dialed, Node};
use crate::engine::clause::{Clause, OneOf};
use crate::engine::record::{LAST, NAMES, Record};
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
                dialed: PrefixTable::with_capacity(blocks),
                records: Vec::with_capacity(rules),
                places: Vec::with_capacity(rules),
                blocks: Vec::with_capacity(blocks),
                ..Book::default()
            },
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
        let child = self.child(&records, &[]);
        for key in more {
            self.book.dialed.insert(key, child.0);
        }
        match &dialed {
            Dialed::Key(key) => {
                self.book.dialed.insert(*key, child.0);
            }
            Dialed::Text(text) => {
                self.book.texts.insert(text.clone(), child.0);
            }
        }
        self.book.blocks.push(Block {
            dialed,
            first,
            child,
        });
    }

    pub(crate) fn finish(mut self) -> Book {
        self.book.records.shrink_to_fit();
        self.book.clauses.shrink_to_fit();
        self.book.overlong.sort_unstable_by_key(|run| run.first);
        self.book
    }

    fn keep(&mut self, mut more: Vec<Clause>) -> u32 {
        let clause = match more.len() {
            0 => return 0,
            1 => more.pop(),
            _ => Some(Clause::All(more.into())),
        };
        self.book.clauses.extend(clause);
        u32::try_from(self.book.clauses.len()).unwrap_or(0)
    }

    /// A run when few, else a node; `used` is what all of them were told apart by already.
    fn child(&mut self, records: &[Record], used: &[u8]) -> Child {
        if records.len() <= RUN {
            return self.run(records);
        }
        let mut posted: Vec<(By, Record)> = Vec::with_capacity(records.len());
        for record in records {
            let by = self.by(record, used);
            posted.extend(by.into_iter().map(|by| (by, *record)));
        }
        if posted.iter().all(|(by, _)| *by == By::Nothing) {
            return self.overlong_run(records);
        }
        // Stable in the order of rules, so that runs stay sorted.
        posted.sort_by(|(one, a), (other, b)| one.cmp(other).then(a.rule.cmp(&b.rule)));
        let mut node = Node::default();
        let mut rooms = [0_usize; 3];
        for same in posted.chunk_by(|(one, _), (other, _)| one == other) {
            if let Some((By::Number(subject, _), _)) = same.first()
                && let Some(room) = rooms.get_mut(subject.place())
            {
                *room += 1;
            }
        }
        for same in posted.chunk_by(|(one, _), (other, _)| one == other) {
            let Some((by, _)) = same.first() else {
                continue;
            };
            let group: Vec<Record> = same.iter().map(|(_, record)| *record).collect();
            match by {
                By::Nothing => node.rest = Some(self.child(&group, &[0, 1, 2, 3])),
                By::Number(subject, key) => {
                    let child = self.child(
                        &group,
                        &with(used, u8::try_from(subject.place()).unwrap_or(0)),
                    );
                    let room = rooms.get(subject.place()).copied().unwrap_or(0);
                    node.add_number(*subject, *key, child, room);
                }
                By::Text(subject, text) => {
                    let child = self.child(
                        &group,
                        &with(used, u8::try_from(subject.place()).unwrap_or(0)),
                    );
                    node.add_text(*subject, text.clone(), child);
                }
                By::List(list) => {
                    let child = self.child(&group, &with(used, 3));
                    node.lists.push((*list, child));
                }
            }
        }
        self.book.nodes.push(node);
        Child::node(self.book.nodes.len() - 1)
    }

    /// What a rule is found by: the most telling of what it asks.
    fn by(&self, record: &Record, used: &[u8]) -> Vec<By> {
        let mut choices: Vec<(u8, Vec<By>)> = Vec::new();
        let free = |place: usize| !used.iter().any(|used| usize::from(*used) == place);
        if record.mask.len > 0
            && let Some(subject) = Subject::ALL.get(usize::from(record.mask.subject))
            && free(subject.place())
        {
            let key = Key::of(record.key);
            let worth = if key.is_whole() {
                40
            } else {
                u8::try_from(key.len()).unwrap_or(0)
            };
            choices.push((worth, vec![By::Number(*subject, key)]));
        }
        if record.list != 0 && record.list.is_multiple_of(2) && free(3) {
            choices.push((6, vec![By::List((record.list - 2) / 2)]));
        }
        if let Some(more) = record.more.checked_sub(1)
            && let Some(clause) = self.book.clauses.get(more as usize)
        {
            let parts = match clause {
                Clause::All(parts) => &**parts,
                one => std::slice::from_ref(one),
            };
            choices.extend(parts.iter().filter_map(|part| choice(part, &free)));
        }
        let best = choices.into_iter().max_by_key(|(worth, _)| *worth);
        best.map_or_else(|| vec![By::Nothing], |(_, by)| by)
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

/// Under what a clause beyond the record can be found.
fn choice(clause: &Clause, free: &impl Fn(usize) -> bool) -> Option<(u8, Vec<By>)> {
    match clause {
        Clause::Key { subject, key } if free(subject.place()) => {
            let worth = if key.is_whole() {
                40
            } else {
                u8::try_from(key.len()).unwrap_or(0)
            };
            Some((worth, vec![By::Number(*subject, *key)]))
        }
        Clause::OneOf(one_of) if free(one_of.subject.place()) => listed(one_of),
        Clause::List(list) if free(3) => Some((6, vec![By::List(*list)])),
        Clause::Any(any) if free(3) => {
            let lists = any.iter().map(|part| match part {
                Clause::List(list) => Some(By::List(*list)),
                _ => None,
            });
            Some((5, lists.collect::<Option<Vec<By>>>()?))
        }
        _ => None,
    }
}

fn listed(one_of: &OneOf) -> Option<(u8, Vec<By>)> {
    let count = one_of.keys.len() + one_of.texts.len();
    if count > POSTINGS {
        return None;
    }
    let shortest = one_of.keys.iter().map(|key| key.len()).min().unwrap_or(16);
    let worth = if one_of.prefixes {
        u8::try_from(shortest).unwrap_or(0)
    } else {
        30
    };
    let keys = one_of
        .keys
        .iter()
        .map(|key| By::Number(one_of.subject, *key));
    let texts = one_of
        .texts
        .iter()
        .map(|text| By::Text(one_of.subject, text.clone()));
    Some((worth, keys.chain(texts).collect()))
}

fn with(used: &[u8], place: u8) -> Vec<u8> {
    used.iter().copied().chain([place]).collect()
}
