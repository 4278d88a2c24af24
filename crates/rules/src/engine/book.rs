//! Every rule of a table, in the order and the shape in which they are looked at.

mod build;
mod emergency;
mod exact;
mod node;
mod place;
mod split;
mod walk;

use std::collections::HashMap;

pub(crate) use self::build::{Builder, Draft, Overlong};
pub(crate) use self::node::Node;
use self::walk::Run;
pub(crate) use self::walk::{Best, Observer};

use self::exact::Exact;
use super::clause::Clause;
use super::record::Record;
use crate::prefix::{Key, PrefixTable};

/// Where a look-up goes on: the beginning of a run, or with the lowest bit a node. Most of these
/// numbers are small, and so prefix tables have room for them beside long prefixes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Child(pub(crate) u32);

impl Child {
    const NODE: u32 = 1;

    fn run(start: usize) -> Self {
        Self::at(start)
    }

    fn node(place: usize) -> Self {
        Self(Self::at(place).0 | Self::NODE)
    }

    fn at(place: usize) -> Self {
        let place = u32::try_from(place).ok();
        Self(
            place
                .and_then(|place| place.checked_mul(2))
                .unwrap_or(!Self::NODE),
        )
    }

    #[inline]
    pub(crate) fn as_node(self) -> Option<usize> {
        (self.0 & Self::NODE != 0).then_some(self.place())
    }

    /// Where the run or the node is.
    #[inline]
    pub(crate) fn place(self) -> usize {
        (self.0 >> 1) as usize
    }
}

/// Every rule, found by what its call brings.
#[derive(Debug, Default)]
pub(crate) struct Book {
    /// Runs of records, each behind the position of its first rule; the last record is marked.
    pub(crate) runs: Vec<u64>,
    /// Clauses that no record has room for.
    pub(crate) clauses: Vec<Clause>,
    pub(crate) nodes: Vec<Node>,
    /// Dialed numbers with few rules: theirs is the first place that is looked at.
    pub(crate) exact: Exact,
    /// Other dialed numbers and prefixes to where their rules are.
    pub(crate) dialed: PrefixTable,
    /// Whether one of these is as people dial it, and not in full.
    pub(crate) as_written: bool,
    /// Dialed SIP users that are no numbers.
    pub(crate) texts: HashMap<Box<str>, u32>,
    pub(crate) blocks: Vec<Block>,
    /// Where the record of each rule stands first: with [`LINES`] among the lines of whole
    /// numbers, else among the runs.
    pub(crate) places: Vec<u32>,
    pub(crate) names: Names,
    /// Rules that name an emergency number, in written order.
    pub(crate) emergency: Vec<u32>,
    /// Whether a rule asks what kind of caller it is, or for a list of callers.
    pub(crate) asks_for_lists: bool,
    /// Rules that every call of their block looks at one by one.
    pub(crate) overlong: Vec<Overlong>,
}

/// The rules of one dialed number, or of one family of them.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) dialed: Dialed,
    /// Its first rule; they follow each other up to the next block's.
    pub(crate) first: u32,
}

/// In a record's place: it stands in the line of a whole number.
const LINES: u32 = 1 << 31;

/// What a block covers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Dialed {
    Key(Key),
    Text(Box<str>),
}

impl std::fmt::Display for Dialed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Key(key) => key.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

/// The rules' names, one after the other.
#[derive(Debug, Default)]
pub(crate) struct Names {
    text: String,
    /// Where each name ends; an empty one is none.
    ends: Vec<u32>,
}

impl Names {
    pub(crate) fn push(&mut self, name: Option<&str>) {
        self.text.push_str(name.unwrap_or(""));
        self.ends
            .push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
    }

    pub(crate) fn get(&self, rule: u32) -> Option<&str> {
        let place = rule as usize;
        let from = match place.checked_sub(1) {
            Some(before) => *self.ends.get(before)?,
            None => 0,
        };
        let name = self
            .text
            .get(from as usize..*self.ends.get(place)? as usize)?;
        (!name.is_empty()).then_some(name)
    }
}

impl Book {
    /// How many rules there are.
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// Memory that rules and their index take, in bytes, without answers, lists and hours.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&*self.runs)
            + size_of_val(&*self.clauses)
            + self.nodes.iter().map(Node::bytes).sum::<usize>()
            + self.dialed.bytes()
            + self.exact.bytes()
            + size_of_val(&*self.blocks)
            + size_of_val(&*self.places)
            + self.names.text.len()
            + size_of_val(&*self.names.ends)
    }

    /// The record of a rule.
    pub(crate) fn record(&self, rule: u32) -> Option<Record> {
        let place = *self.places.get(rule as usize)?;
        let words = match place & LINES {
            0 => self.runs.get(place as usize..),
            _ => self.exact.words((place & !LINES) as usize),
        };
        Record::read(&mut words?.iter(), rule)
    }

    /// The block that a rule stands in.
    pub(crate) fn block_of(&self, rule: u32) -> Option<&Block> {
        let after = self.blocks.partition_point(|block| block.first <= rule);
        self.blocks.get(after.checked_sub(1)?)
    }

    /// The block that is a whole number.
    pub(crate) fn block_of_number(&self, number: Key) -> Option<&Block> {
        let (first, _) = Run(self.exact.find(number.word())?).parted();
        let block = self.block_of(first)?;
        (block.dialed == Dialed::Key(number)).then_some(block)
    }

    /// The rules of a block.
    pub(crate) fn rules_of(&self, block: &Block) -> std::ops::Range<u32> {
        let after = self
            .blocks
            .partition_point(|other| other.first <= block.first);
        let all = u32::try_from(self.len()).unwrap_or(u32::MAX);
        let end = self.blocks.get(after).map_or(all, |next| next.first);
        block.first..end
    }
}

#[cfg(test)]
mod tests;
