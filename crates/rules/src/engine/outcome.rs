//! What a decision is, and what it may depend on.

use std::fmt;
use std::sync::Arc;

use callroute_schema::Action;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

/// What is known about a call besides its event: answers to [`Lookup`]s, present or missing.
///
/// Empty for now: no condition of this version needs one.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Facts {}

/// What a walk through the table comes to.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// What happens to the call.
    Decided(Decision),
    /// A rule needs this fact first; ask again with it, or with it marked as missing.
    Need(Lookup),
}

/// An outside fact that a rule asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lookup {}

/// What happens to a call, and which rule said so.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Decision {
    /// The rule that held.
    pub rule: RuleRef,
    /// What is done, in order: targets resolved, never empty.
    #[serde(serialize_with = "list")]
    pub actions: Arc<[Action]>,
}

fn list<S: Serializer>(actions: &Arc<[Action]>, serializer: S) -> Result<S::Ok, S::Error> {
    actions.as_ref().serialize(serializer)
}

/// Which rule decided.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RuleRef {
    /// A rule of a number's block.
    Rule {
        /// The block, as written: a number, `+1314*` or `*`.
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
