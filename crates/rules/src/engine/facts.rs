//! What is known about a call besides its event.

use std::collections::BTreeMap;
use std::fmt;

use callroute_schema::Masked;
use serde::{Deserialize, Serialize};

/// An outside fact that a rule asks for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Lookup {
    /// What the lookup of this name says of the caller: a [`Fact::Row`], or [`Fact::No`].
    Row(String),
    /// Whether this party can take a call now: [`Fact::Yes`] or [`Fact::No`]. An agent's name, or
    /// a number or SIP URI as the table writes it. Shifts are the table's: who is off shift is
    /// not asked for.
    Available(String),
    /// How many calls are on this target, agent or number now: a [`Fact::Count`].
    Calls(String),
    /// Whether this switch is on: [`Fact::Yes`] or [`Fact::No`]. Never asked for: without it the
    /// state that the table gives counts.
    Override(String),
}

impl fmt::Display for Lookup {
    /// As it is written in a rule: `lookup crm`, `available ann`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Row(name) => write!(f, "lookup {name}"),
            Self::Available(name) => write!(f, "available {name}"),
            Self::Calls(name) => write!(f, "calls on {name}"),
            Self::Override(name) => write!(f, "override {name}"),
        }
    }
}

/// The answer to a [`Lookup`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Fact {
    /// It is so.
    Yes,
    /// It is not so; of a row: there is none.
    No,
    /// So many.
    Count(u64),
    /// What was found, by column.
    Row(BTreeMap<String, String>),
    /// It could not be had: not in time, or not at all.
    Missing,
}

/// Without a row's values, which tell of people.
impl fmt::Debug for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Yes => f.write_str("Yes"),
            Self::No => f.write_str("No"),
            Self::Count(count) => f.debug_tuple("Count").field(count).finish(),
            Self::Missing => f.write_str("Missing"),
            Self::Row(row) => {
                let masked = row.iter().map(|(column, value)| (column, Masked(value)));
                f.debug_map().entries(masked).finish()
            }
        }
    }
}

/// What is known about a call besides its event: answers to [`Lookup`]s, present or missing.
///
/// In JSON a list of pairs, as in `[[{"available":"ann"},"yes"]]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Facts {
    known: Vec<(Lookup, Fact)>,
}

impl Facts {
    /// Nothing is known.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an answer; a later one to the same question replaces the earlier.
    pub fn add(&mut self, lookup: Lookup, fact: Fact) {
        match self.known.iter_mut().find(|(known, _)| *known == lookup) {
            Some((_, kept)) => *kept = fact,
            None => self.known.push((lookup, fact)),
        }
    }

    /// The same with one answer more.
    #[must_use]
    pub fn with(mut self, lookup: Lookup, fact: Fact) -> Self {
        self.add(lookup, fact);
        self
    }

    /// The answer to a question; `None`: it was not asked yet.
    #[must_use]
    pub fn get(&self, lookup: &Lookup) -> Option<&Fact> {
        self.find(|known| known == lookup)
    }

    /// Every answer, in the order in which they came.
    pub fn iter(&self) -> impl Iterator<Item = (&Lookup, &Fact)> {
        self.known.iter().map(|(lookup, fact)| (lookup, fact))
    }

    pub(crate) fn row(&self, name: &str) -> Option<&Fact> {
        self.find(|known| matches!(known, Lookup::Row(known) if known == name))
    }

    pub(crate) fn available(&self, name: &str) -> Option<&Fact> {
        self.find(|known| matches!(known, Lookup::Available(known) if known == name))
    }

    pub(crate) fn calls(&self, name: &str) -> Option<&Fact> {
        self.find(|known| matches!(known, Lookup::Calls(known) if known == name))
    }

    pub(crate) fn switch(&self, name: &str) -> Option<&Fact> {
        self.find(|known| matches!(known, Lookup::Override(known) if known == name))
    }

    fn find(&self, is: impl Fn(&Lookup) -> bool) -> Option<&Fact> {
        let found = self.known.iter().find(|(known, _)| is(known));
        found.map(|(_, fact)| fact)
    }
}
