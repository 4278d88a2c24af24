//! What a rule asks of a call.

mod compared;
mod holds;
mod written;

pub(crate) use written::Written;

use std::hash::{Hash, Hasher};

use callroute_schema::Transport;

use super::facts::Lookup;
use super::subject::Subject;
use crate::prefix::Key;
use crate::table::CallerKind;

/// One clause of a rule, or several combined. Names are places in the engine's tables.
#[derive(Debug, Clone, PartialEq, Hash)]
pub(crate) enum Clause {
    All(Box<[Self]>),
    Any(Box<[Self]>),
    Not(Box<Self>),
    /// Hours are open, or closed.
    Hours {
        hours: u32,
        open: bool,
    },
    /// A number is this one, or begins so.
    Key {
        subject: Subject,
        key: Key,
    },
    /// A number is one of these, or begins with one of these.
    OneOf(Box<OneOf>),
    /// The caller is on this list of `callers`.
    List(u32),
    /// This lookup knows the caller.
    Found(u32),
    /// This table of `prefixes` knows the number.
    Deck {
        subject: Subject,
        deck: u32,
    },
    /// The number is withheld, or is not.
    Anonymous(bool),
    /// The caller's number is known.
    HasNumber,
    /// The caller is of such a kind, which the second part spells out.
    Kind(CallerKind, Box<Self>),
    /// A number's country is one of these, sorted.
    Country {
        subject: Subject,
        countries: Box<[Box<str>]>,
        origin: u32,
    },
    /// The caller's number was given out in one of these places.
    Place(Box<Places>),
    Attribute(Box<Field>),
    Header(Box<Field>),
    Trunk(Box<[Box<str>]>),
    Transport(Box<[Transport]>),
    /// Somebody can take a call.
    Available(Box<Available>),
    Calls(Box<Calls>),
    /// This switch is on.
    Switch(u32),
    /// One of these agents is on duty in a rota.
    Duty {
        rota: u32,
        who: Box<[Box<str>]>,
    },
    /// The call is in this part of all calls: from, and up to but without, in hundredths of a
    /// percent.
    Share {
        from: u16,
        to: u16,
    },
    /// This fact could not be had.
    Missing(Box<Lookup>),
}

/// Several numbers and prefixes.
#[derive(Debug, Clone, PartialEq, Hash)]
pub(crate) struct OneOf {
    pub(crate) subject: Subject,
    /// Sorted.
    pub(crate) keys: Box<[Key]>,
    /// SIP users that are no numbers, sorted.
    pub(crate) texts: Box<[Box<str>]>,
    /// Whether the keys are prefixes.
    pub(crate) prefixes: bool,
}

/// Places that numbers are given out in.
#[derive(Debug, Clone, PartialEq, Hash)]
pub(crate) struct Places {
    /// As written.
    pub(crate) names: Box<[Box<str>]>,
    pub(crate) origin: u32,
}

/// What a header or an attribute has to be.
#[derive(Debug, Clone, PartialEq, Hash)]
pub(crate) struct Field {
    pub(crate) name: Box<str>,
    pub(crate) test: Test,
}

/// What a value has to be.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Test {
    /// One of these; a `*` at the end covers what begins so.
    Is(Box<[Box<str>]>),
    Within {
        exists: Option<bool>,
        below: Option<f64>,
        at_least: Option<f64>,
    },
}

/// Bounds by their bits: equal ones, but for zeros of two signs, hash alike.
impl Hash for Test {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::Is(list) => list.hash(state),
            Self::Within {
                exists,
                below,
                at_least,
            } => {
                let bits = [below, at_least].map(|bound| bound.map(f64::to_bits));
                (exists, bits).hash(state);
            }
        }
    }
}

/// Who of a party can take a call.
#[derive(Debug, Clone, PartialEq, Hash)]
pub(crate) struct Available {
    /// As written: an agent, or a target.
    pub(crate) name: Box<str>,
    /// Of whom one is enough.
    pub(crate) parties: Box<[Party]>,
}

/// Somebody who may be able to take a call.
#[derive(Debug, Clone, PartialEq, Hash)]
pub(crate) enum Party {
    /// An agent, by the place in the engine's tables.
    Agent(u32),
    /// Whoever is on duty in a rota.
    Rota(u32),
    /// A number or a SIP URI.
    Other(Box<str>),
}

/// How many calls are on something.
#[derive(Debug, Clone, PartialEq, Hash)]
pub(crate) struct Calls {
    pub(crate) on: Box<str>,
    pub(crate) below: Option<u64>,
    pub(crate) at_least: Option<u64>,
}
