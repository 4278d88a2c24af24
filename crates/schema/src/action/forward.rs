//! Connecting the caller to somebody.

use serde::{Deserialize, Serialize};

use super::On;
use crate::destination::Destination;
use crate::map::unique;

/// Connect the caller to a destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Forward {
    /// Whom to ring.
    pub destination: Destination,
    /// How long to ring before giving up, in seconds (1 to 600); default 30. A ring group has a
    /// `ring_s` of its own, which outranks this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ring_s: Option<u32>,
    /// How long the conversation lasts at most, in seconds (1 to 86,400); default 12 hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_s: Option<u32>,
    /// What to do when it ends otherwise than answered. Without a branch, the next action of the
    /// list is done, and after the last the default.
    #[serde(
        default,
        deserialize_with = "unique",
        skip_serializing_if = "On::is_empty"
    )]
    pub on: On,
}

impl Forward {
    /// Rings a destination, with no options.
    #[must_use]
    pub fn to(destination: Destination) -> Self {
        Self {
            destination,
            ring_s: None,
            max_s: None,
            on: On::new(),
        }
    }
}
