//! Calls for help: only what names their number may decide them.

use super::{Block, Book, Child, Dialed};
use crate::engine::call::Call;
use crate::engine::clause::Clause;
use crate::engine::record::{Asks, Record};
use crate::engine::subject::Subject;
use crate::engine::tables::Tables;
use crate::prefix::Key;

/// The number for help in most of the world: what a call for help that dials no number means,
/// where a table names it.
const USUAL: &str = "112";

/// Rules that may decide a call for help.
pub(super) enum Naming<'b> {
    /// All of a block that is this number.
    Own(std::ops::Range<u32>),
    /// Those of these that name it.
    Some(&'b [u32]),
}

impl Book {
    /// Those rules that may decide a call for help and stand after `from`, in written order:
    /// never one that asks who calls and does not carry the call on.
    pub(super) fn for_help(&self, call: &Call<'_>, from: u32) -> impl Iterator<Item = Record> {
        let naming = self.naming(call).map(|(_, naming)| naming);
        let (own, some) = match naming {
            Some(Naming::Own(range)) => (range, [].as_slice()),
            Some(Naming::Some(rules)) => (0..0, rules),
            None => (0..0, [].as_slice()),
        };
        let named = some.iter().filter_map(|rule| self.record(*rule));
        let named = named.filter(|record| self.names(record, call));
        let own = own.filter_map(|rule| self.record(rule));
        let all = own.chain(named);
        all.filter(move |record| record.rule >= from && !record.rejects())
    }

    /// The block whose rules may decide a call for help: the number's own, else the most specific
    /// one with rules that name it.
    pub(super) fn block_for_help(&self, call: &Call<'_>) -> Option<&Block> {
        Some(self.naming(call)?.0)
    }

    fn naming(&self, call: &Call<'_>) -> Option<(&Block, Naming<'_>)> {
        let own = self.dialed_block(call).filter(|block| match &block.dialed {
            Dialed::Key(key) => key.is_whole(),
            Dialed::Text(_) => true,
        });
        if let Some(block) = own {
            return Some((block, Naming::Own(self.rules_of(block))));
        }
        let covering = self.dialed.all(call.key(Subject::Dialed));
        covering
            .filter_map(|child| self.block_at(Child(child)))
            .find_map(|block| {
                let rules = self.rules_of(block);
                let place = |rule| self.emergency.partition_point(|known| *known < rule);
                let named = self.emergency.get(place(rules.start)..place(rules.end))?;
                let mut records = named.iter().filter_map(|rule| self.record(*rule));
                let is_named = records.any(|record| self.names(&record, call));
                is_named.then_some((block, Naming::Some(named)))
            })
    }

    /// Whether a block is this number, or a rule names it.
    pub(crate) fn has_named(&self, number: Key) -> bool {
        self.has_block(number) || self.is_in_rule(number)
    }

    fn has_block(&self, number: Key) -> bool {
        self.exact.find(number.word()).is_some() || self.dialed.get(number).is_some()
    }

    fn is_in_rule(&self, number: Key) -> bool {
        let mut records = self.emergency.iter().filter_map(|rule| self.record(*rule));
        records.any(|record| {
            let asked = || self.asked(&record);
            record.compared() == Some((Subject::Dialed, number))
                || asked().is_some_and(|clause| clause.names_key(number))
        })
    }

    fn names(&self, record: &Record, call: &Call<'_>) -> bool {
        let dialed = call.key(Subject::Dialed);
        let by_key = record
            .compared()
            .is_some_and(|(subject, key)| (subject, key) == (Subject::Dialed, dialed));
        by_key || self.asked(record).is_some_and(|clause| clause.names(call))
    }

    /// What a record asks, where that is a clause of its own: no other names a number.
    fn asked(&self, record: &Record) -> Option<&Clause> {
        match record.asks() {
            Asks::Clause(place) => self.clauses.get(place as usize),
            _ => None,
        }
    }

    /// The emergency number that a call for help means when it dials the service and no number:
    /// one that the table names.
    pub(crate) fn number_for_help(&self, tables: &Tables) -> Option<&'static str> {
        let usual = tables.emergency.iter().filter(|number| **number == USUAL);
        let numbers: Vec<&'static str> = usual.chain(tables.emergency).copied().collect();
        let has_block = |key: Key| self.has_block(key);
        let is_in_rule = |key: Key| self.is_in_rule(key);
        let find = |is: &dyn Fn(Key) -> bool| {
            let mut numbers = numbers.iter();
            numbers
                .find(|number| Key::number(number).is_some_and(is))
                .copied()
        };
        find(&has_block)
            .or_else(|| find(&is_in_rule))
            .or(numbers.first().copied())
    }
}

impl Clause {
    /// Whether it asks for the number that a call dialed, by this number itself.
    fn names(&self, call: &Call<'_>) -> bool {
        let of_text = |one_of: &super::super::clause::OneOf| {
            let text = call.view.to();
            one_of.subject == Subject::Dialed && one_of.texts.iter().any(|known| **known == *text)
        };
        match self {
            Self::OneOf(one_of) if of_text(one_of) => true,
            Self::All(parts) | Self::Any(parts) => parts.iter().any(|part| part.names(call)),
            leaf => leaf.names_key(call.key(Subject::Dialed)),
        }
    }

    /// Whether it asks for a dialed number, by this number itself.
    fn names_key(&self, number: Key) -> bool {
        match self {
            Self::Key {
                subject: Subject::Dialed,
                key,
            } => *key == number,
            Self::OneOf(one_of) => {
                one_of.subject == Subject::Dialed
                    && !one_of.prefixes
                    && one_of.keys.contains(&number)
            }
            Self::All(parts) | Self::Any(parts) => parts.iter().any(|part| part.names_key(number)),
            _ => false,
        }
    }
}
