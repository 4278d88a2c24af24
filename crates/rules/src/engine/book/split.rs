//! From many rules of one block to a node, which tells them apart.

use super::build::{Builder, OVERLONG, Overlong, RUN};
use super::{Child, Node};
use crate::engine::clause::{Clause, OneOf};
use crate::engine::record::{Asks, Record};
use crate::engine::subject::Subject;
use crate::prefix::Key;

/// How often a rule may be posted: as many numbers as it lists, up to this.
const POSTINGS: usize = 4_096;
/// How often the rules of a block may be posted under all that they list, besides what grows with
/// them: those with several lists would stand once for each combination of what is in these.
const SPARE: usize = 65_536;

/// Rules by what they are told apart by, each as its place among those of a node.
#[derive(Debug, Default)]
struct Posted {
    /// By the subjects' places.
    numbers: [Vec<(Key, u32)>; 3],
    texts: [Vec<(Box<str>, u32)>; 3],
    lists: Vec<(u32, u32)>,
    rest: Vec<((), u32)>,
}

impl Posted {
    fn number(&mut self, subject: Subject, key: Key, place: u32) {
        if let Some(numbers) = self.numbers.get_mut(subject.place()) {
            numbers.push((key, place));
        }
    }

    fn text(&mut self, subject: Subject, text: &str, place: u32) {
        if let Some(texts) = self.texts.get_mut(subject.place()) {
            texts.push((text.into(), place));
        }
    }

    /// Whether something tells them apart.
    fn are_apart(&self) -> bool {
        let numbers = self.numbers.iter().any(|numbers| !numbers.is_empty());
        let texts = self.texts.iter().any(|texts| !texts.is_empty());
        numbers || texts || !self.lists.is_empty()
    }
}

impl Builder {
    /// The rules of a block.
    pub(super) fn tell_apart(&mut self, records: &[Record]) -> Child {
        let clauses = &self.book.clauses;
        let parts = records.iter().flat_map(|record| parts(clauses, record));
        // Twice all that is listed: for the first of a rule's lists, and as much for the others.
        let listed = parts.map(copies).sum::<usize>().saturating_mul(2);
        let few = records.len().saturating_mul(64);
        self.left = listed.saturating_add(few).saturating_add(SPARE);
        self.child(records, Used::NONE)
    }

    /// A run when few, else a node; `used` is what all of them were told apart by already.
    fn child(&mut self, records: &[Record], used: Used) -> Child {
        if records.len() <= RUN {
            return self.run(records);
        }
        let mut posted = Posted::default();
        for (record, place) in records.iter().zip(0..) {
            self.post(record, used, place, &mut posted);
        }
        if !posted.are_apart() {
            return self.overlong_run(records);
        }
        let mut node = Node {
            first: records.first().map_or(0, |record| record.rule),
            ..Node::default()
        };
        // Of all that are posted the places are in the order of rules, so that runs stay sorted.
        let (numbers, texts) = (posted.numbers, posted.texts);
        for ((subject, mut numbers), mut texts) in Subject::ALL.into_iter().zip(numbers).zip(texts)
        {
            let used = used.and(subject.place());
            numbers.sort_unstable();
            let room = numbers.chunk_by(alike).count();
            for same in numbers.chunk_by(alike) {
                if let Some((key, _)) = same.first() {
                    let child = self.part(records, same, used);
                    node.add_number(subject, *key, child, room);
                }
            }
            texts.sort_unstable();
            for same in texts.chunk_by(alike) {
                if let Some((text, _)) = same.first() {
                    let child = self.part(records, same, used);
                    node.add_text(subject, text.clone(), child);
                }
            }
        }
        posted.lists.sort_unstable();
        for same in posted.lists.chunk_by(alike) {
            if let Some((list, _)) = same.first() {
                let child = self.part(records, same, used.and(LIST));
                node.lists.push((*list, child));
            }
        }
        if !posted.rest.is_empty() {
            node.rest = Some(self.part(records, &posted.rest, Used::ALL));
        }
        self.book.nodes.push(node);
        Child::node(self.book.nodes.len() - 1)
    }

    /// The child of some of the rules, which are told by their places.
    fn part<T>(&mut self, records: &[Record], places: &[(T, u32)], used: Used) -> Child {
        if let [(_, place)] = places {
            let one = records.get(*place as usize);
            return self.run(one.map_or(&[], std::slice::from_ref));
        }
        let places = places.iter().map(|(_, place)| *place as usize);
        let part: Vec<Record> = places
            .filter_map(|place| records.get(place))
            .copied()
            .collect();
        self.child(&part, used)
    }

    /// Posts a rule under the most telling of what it asks.
    fn post(&mut self, record: &Record, used: Used, place: u32, posted: &mut Posted) {
        let (mut most, mut best, mut more) = (0, Choice::None, 0);
        let mut take = |worth: u8, choice, copies| {
            if worth >= most {
                (most, best, more) = (worth, choice, copies);
            }
        };
        if let Some((subject, key)) = record.key()
            && used.free(subject.place())
        {
            take(worth(key), Choice::Key(subject, key), 0);
        }
        if let Asks::List { list, on: true } = record.asks()
            && used.free(LIST)
            && !record.is_either()
        {
            take(6, Choice::List(list), 0);
        }
        for part in parts(&self.book.clauses, record) {
            let copies = copies(part);
            if copies < POSTINGS
                && copies <= self.left
                && let Some((worth, found)) = choice(part, used)
            {
                take(worth, found, copies);
            }
        }
        self.left = self.left.saturating_sub(more);
        match best {
            Choice::None => posted.rest.push(((), place)),
            Choice::Key(subject, key) => posted.number(subject, key, place),
            Choice::List(list) => posted.lists.push((list, place)),
            Choice::OneOf(one_of) => {
                for key in &one_of.keys {
                    posted.number(one_of.subject, *key, place);
                }
                for text in &one_of.texts {
                    posted.text(one_of.subject, text, place);
                }
            }
            Choice::Lists(lists) => {
                let lists = lists.iter().filter_map(list_of);
                posted.lists.extend(lists.map(|list| (list, place)));
            }
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

/// Whether two that are posted stand under the same.
fn alike<T: PartialEq>((one, _): &(T, u32), (other, _): &(T, u32)) -> bool {
    one == other
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
pub(super) struct Used(u8);

/// The place of lists of callers among what tells rules apart.
const LIST: usize = 3;

impl Used {
    pub(super) const NONE: Self = Self(0);
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
        Clause::OneOf(one_of) if used.free(one_of.subject.place()) => {
            Some((worth_of(one_of), Choice::OneOf(one_of)))
        }
        Clause::List(list) if used.free(LIST) => Some((6, Choice::List(*list))),
        Clause::Any(any) if used.free(LIST) => {
            let lists = any.iter().all(|part| list_of(part).is_some());
            lists.then_some((5, Choice::Lists(any)))
        }
        _ => None,
    }
}

/// How much a list tells.
fn worth_of(one_of: &OneOf) -> u8 {
    let shortest = one_of.keys.iter().map(|key| key.len()).min().unwrap_or(16);
    match one_of.prefixes {
        true => u8::try_from(shortest).unwrap_or(0),
        false => 30,
    }
}

/// How often a rule would be posted beyond the first time, if it were told apart by this.
fn copies(clause: &Clause) -> usize {
    let listed = match clause {
        Clause::OneOf(one_of) => one_of.keys.len() + one_of.texts.len(),
        Clause::Any(any) => any.len(),
        _ => 1,
    };
    listed.saturating_sub(1)
}

/// What a rule asks for besides what its record says: all of them must hold.
fn parts<'c>(clauses: &'c [Clause], record: &Record) -> &'c [Clause] {
    let clause = match record.asks() {
        // Where the key or what is asked has to hold, neither tells of every call for which it does.
        Asks::Clause(place) if !record.is_either() => clauses.get(place as usize),
        _ => None,
    };
    match clause {
        Some(Clause::All(parts)) => parts,
        one => one.map_or(&[], std::slice::from_ref),
    }
}
