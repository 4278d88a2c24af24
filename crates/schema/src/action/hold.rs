//! Where a caller waits, or meets others.

use serde::{Deserialize, Serialize};

use super::On;
use crate::map::unique;
use crate::name::{ConferenceName, QueueName};

/// Let the caller wait for an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Queue {
    /// The queue's name.
    pub name: QueueName,
    /// Higher goes first (0 to 1,000); default 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<u32>,
    /// How long the caller waits at most, in seconds (1 to 86,400); default the queue's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_wait_s: Option<u32>,
    /// What to do when the caller leaves without an agent.
    #[serde(
        default,
        deserialize_with = "unique",
        skip_serializing_if = "On::is_empty"
    )]
    pub on: On,
}

/// Put the caller where somebody else can take the call.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Park {
    /// The slot; default the first that is free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<String>,
    /// How long the call stays there, in seconds (1 to 86,400); default 120.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_s: Option<u32>,
    /// `no_answer`: what to do when nobody took the call.
    #[serde(
        default,
        deserialize_with = "unique",
        skip_serializing_if = "On::is_empty"
    )]
    pub on: On,
}

/// Let the caller join a conference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Conference {
    /// The conference's name.
    pub name: ConferenceName,
    /// The caller only listens.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub muted: bool,
    /// `failed`: what to do when the caller could not join.
    #[serde(
        default,
        deserialize_with = "unique",
        skip_serializing_if = "On::is_empty"
    )]
    pub on: On,
}
