//! What a decision is.

use std::borrow::Cow;
use std::fmt;

use callroute_schema::Action;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::answers::{VARIES, json};
use super::decide::Engine;
use super::facts::Lookup;
use super::filled::Filled;
use super::render::RenderError;

/// What a walk through the table comes to.
#[derive(Debug, Clone)]
pub enum Outcome<'e> {
    /// What happens to the call.
    Decided(Decision<'e>),
    /// A rule, or a variable of its actions, needs this fact first; ask again with it, or with it
    /// marked as missing.
    Need(Lookup),
}

/// A rule's place in an engine: of use only with the engine that gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(pub(crate) u32);

/// What happens to a call, and which rule said so. Costs nothing to make: names and actions are
/// looked up when they are asked for.
#[derive(Clone)]
pub struct Decision<'e> {
    pub(super) engine: &'e Engine,
    /// `None`: the default.
    pub(super) rule: Option<u32>,
    pub(super) answer: u32,
    /// The actions with their variables filled in, when they have any.
    pub(super) filled: Rare,
}

/// What few decisions have: thrown away without a look into it where there is nothing.
#[derive(Clone)]
pub(super) struct Rare(pub(super) Option<Box<Filled>>);

impl Drop for Rare {
    #[inline(always)]
    fn drop(&mut self) {
        #[cold]
        fn throw_away(filled: Box<Filled>) {
            drop(filled);
        }
        if let Some(filled) = self.0.take() {
            throw_away(filled);
        }
    }
}

impl<'e> Decision<'e> {
    /// The rule that held.
    #[must_use]
    pub fn rule(&self) -> RuleRef {
        match self.rule {
            Some(rule) => self.engine.rule_ref(rule),
            None => RuleRef::Default,
        }
    }

    /// The rule that held, for [`Engine::decide_after`]; `None`: the default.
    #[must_use]
    pub fn id(&self) -> Option<RuleId> {
        self.rule.map(RuleId)
    }

    /// What is done, in order: targets followed, variables filled in, never empty.
    #[must_use]
    pub fn actions(&self) -> &[Action] {
        match (self.filled.0.as_deref(), self.rule) {
            (Some(filled), _) => &filled.actions,
            (None, None) => &self.engine.default.actions,
            (None, Some(_)) => match self.engine.answers.get(self.answer) {
                Some(answer) => &answer.actions,
                None => &self.engine.default.actions,
            },
        }
    }

    /// What the rule says, targets followed, with its variables as they are written: for whoever
    /// fills in each action when it begins, by [`Engine::fill`]. Where something of its first action
    /// is not known, what that says `on: failed`.
    #[must_use]
    pub fn written(&self) -> &[Action] {
        if let Some(written) = self
            .filled
            .0
            .as_deref()
            .and_then(|filled| filled.written.as_ref())
        {
            return written;
        }
        let answer = self.rule.and_then(|_| self.engine.answers.get(self.answer));
        answer.map_or(&*self.engine.default.actions, |answer| &answer.actions)
    }

    /// Whether [`written`](Self::written) may hold variables.
    #[must_use]
    pub fn has_variables(&self) -> bool {
        match self.rule {
            Some(_) => self.answer & VARIES != 0,
            None => self.engine.default.varies,
        }
    }

    /// Why the rule's actions could not be done, so that [`actions`](Self::actions) are the
    /// default's: a variable that is not known for this call.
    #[must_use]
    pub fn unfilled(&self) -> Option<&RenderError> {
        self.filled.0.as_deref()?.wrong.as_ref()
    }

    /// The actions as an answer of the contract. Without variables it was written when the table
    /// was compiled.
    #[must_use]
    pub fn to_json(&self) -> Cow<'e, str> {
        let engine = self.engine;
        match (self.filled.0.as_deref(), self.rule) {
            (None, Some(_)) => match engine.answers.get(self.answer) {
                Some(answer) => Cow::Borrowed(&answer.json),
                None => Cow::Borrowed(&engine.default.json),
            },
            (None, None) => Cow::Borrowed(&engine.default.json),
            (Some(filled), _) => Cow::Owned(json(&filled.actions)),
        }
    }
}

impl fmt::Debug for Decision<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decision")
            .field("rule", &self.rule())
            .field("actions", &self.actions())
            .finish_non_exhaustive()
    }
}

impl PartialEq for Decision<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.rule() == other.rule() && self.actions() == other.actions()
    }
}

impl Serialize for Decision<'_> {
    /// `{"rule", "actions"}`, and `unfilled` when a variable was not known.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let unfilled = self.unfilled();
        let fields = if unfilled.is_some() { 3 } else { 2 };
        let mut object = serializer.serialize_struct("Decision", fields)?;
        object.serialize_field("rule", &self.rule())?;
        object.serialize_field("actions", self.actions())?;
        if let Some(error) = unfilled {
            object.serialize_field("unfilled", &error.to_string())?;
        }
        object.end()
    }
}

/// Which rule decided.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RuleRef {
    /// A rule of a number's block.
    Rule {
        /// The block, as it is compared: a number, `+1314*` or `*`.
        number: String,
        /// The rule's position in the block, from 0.
        index: usize,
        /// Its name, when it has one.
        name: Option<String>,
    },
    /// No rule held, or no block covers the number.
    Default,
}

impl fmt::Display for RuleRef {
    /// Counts rules from 1, as people do: `+13146523057 rule 2 "after hours"`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Rule {
                number,
                index,
                name,
            } => {
                write!(f, "{number} rule {}", index.saturating_add(1))?;
                match name {
                    Some(name) => write!(f, " {name:?}"),
                    None => Ok(()),
                }
            }
        }
    }
}

impl Serialize for RuleRef {
    /// `{"number", "index", "name"}`, or the word `"default"`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Default => serializer.serialize_str("default"),
            Self::Rule {
                number,
                index,
                name,
            } => {
                let fields = if name.is_some() { 3 } else { 2 };
                let mut object = serializer.serialize_struct("RuleRef", fields)?;
                object.serialize_field("number", number)?;
                object.serialize_field("index", index)?;
                if let Some(name) = name {
                    object.serialize_field("name", name)?;
                }
                object.end()
            }
        }
    }
}
