//! An answer: one action, or a list of actions done in order.

use std::fmt;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::action::{Action, Forward};
use crate::destination::{Destination, NumberDestination};
use crate::name::TargetName;
use crate::party::Number;
use crate::tree::{Node, ReadError};

/// Most actions that one answer may list.
pub const MAX_ACTIONS: usize = 64;

/// One action or more, done in order. Never empty: a call always has something to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actions {
    list: Vec<Action>,
}

/// Why a list is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ActionsError {
    /// The list has no action, which would leave the caller with nothing.
    #[error("an answer needs at least one action")]
    Empty,
    /// The list is longer than any answer may be.
    #[error("an answer has at most {MAX_ACTIONS} actions")]
    TooMany,
}

impl Actions {
    /// A list of actions.
    ///
    /// # Errors
    /// [`ActionsError`] when there is none, or more than [`MAX_ACTIONS`].
    pub fn new(list: Vec<Action>) -> Result<Self, ActionsError> {
        match list.len() {
            0 => Err(ActionsError::Empty),
            1..=MAX_ACTIONS => Ok(Self { list }),
            _ => Err(ActionsError::TooMany),
        }
    }

    /// One action.
    #[must_use]
    pub fn one(action: Action) -> Self {
        Self { list: vec![action] }
    }

    /// What the target of this name says.
    #[must_use]
    pub fn target(name: TargetName) -> Self {
        Self::one(Action::Target(name))
    }

    /// Forward to a number.
    #[must_use]
    pub fn forward_to(number: Number) -> Self {
        Self::one(Action::Forward(Box::new(Forward {
            destination: Destination::Number(NumberDestination { number }),
            ring_s: None,
            max_s: None,
            on: crate::action::On::new(),
        })))
    }

    /// The actions, in order.
    #[must_use]
    pub fn as_slice(&self) -> &[Action] {
        &self.list
    }

    /// Reads an answer from JSON, strictly.
    ///
    /// # Errors
    /// [`ReadError`] names the JSON path of the fault.
    pub fn from_json(bytes: &[u8]) -> Result<Self, ReadError> {
        Node::read_json(bytes)
    }

    /// The answer as minified JSON; one action stands alone, without a list around it.
    #[must_use]
    pub fn to_json(&self) -> String {
        crate::tree::to_json(self)
    }
}

impl Serialize for Actions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.list.as_slice() {
            [one] => one.serialize(serializer),
            list => list.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Actions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;

        impl<'de> Visitor<'de> for OneOrMany {
            type Value = Actions;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an action, a list of actions, or a target's name")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Actions, E> {
                TargetName::new(text)
                    .map(Actions::target)
                    .map_err(E::custom)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Actions, A::Error> {
                let mut list = Vec::new();
                while let Some(action) = seq.next_element()? {
                    list.push(action);
                    if list.len() > MAX_ACTIONS {
                        return Err(A::Error::custom(ActionsError::TooMany));
                    }
                }
                Actions::new(list).map_err(A::Error::custom)
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Actions, A::Error> {
                Action::deserialize(serde::de::value::MapAccessDeserializer::new(map))
                    .map(Actions::one)
            }
        }

        deserializer.deserialize_any(OneOrMany)
    }
}
