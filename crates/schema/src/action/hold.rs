//! Where a caller waits, or meets others.

use serde::{Deserialize, Serialize};

use super::On;
use crate::digit::Digit;
use crate::map::unique;
use crate::menu::Prompt;
use crate::name::{ConferenceName, QueueName};
#[cfg(feature = "json-schema")]
use crate::ring_group::Listed;
use crate::ring_group::{CallerId, Confirm, Member, Strategy, member};

/// Let the caller wait for an agent. A queue given by its name alone takes everything else from
/// the routing file's target of that name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Queue {
    /// The queue's name.
    pub name: QueueName,
    /// Higher goes first (0 to 1,000); default 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<u32>,
    /// How long the caller waits at most, in seconds (1 to 86,400); default the queue's own, else
    /// 1,800.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_wait_s: Option<u32>,
    /// Who takes the calls: at most 1,000.
    #[serde(
        default,
        deserialize_with = "member::read_some",
        serialize_with = "member::write",
        skip_serializing_if = "Vec::is_empty"
    )]
    #[cfg_attr(
        feature = "json-schema",
        schemars(with = "Vec<Listed>", length(max = 1_000))
    )]
    pub members: Vec<Member>,
    /// Which of the members that are free gets the next caller; default `least_recent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Strategy>,
    /// How long a member rings, in seconds (1 to 600); default 20.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ring_s: Option<u32>,
    /// How long a member has to itself after a call, in seconds (0 to 3,600); default 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wrap_up_s: Option<u32>,
    /// Most callers that wait (1 to 10,000); one more leaves with `congestion`; default 1,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_size: Option<u32>,
    /// Wait even while no member is at work; without, the caller leaves with `unreachable`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub wait_when_empty: bool,
    /// How the priority grows while a caller waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalate: Option<Escalate>,
    /// The prompt that is heard again and again; default music.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub music: Option<String>,
    /// What is said in between; default nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub announce: Option<Announce>,
    /// The key with which the caller leaves: `canceled`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<Digit>,
    /// The key with which the caller asks to be called back, and hangs up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback: Option<Digit>,
    /// Whoever answers has to press a key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirm: Option<Confirm>,
    /// What whoever answers hears before being connected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whisper: Option<Prompt>,
    /// Which number the members see; default the caller's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller_id: Option<CallerId>,
    /// What to do when the caller leaves without a member: `congestion` (full), `unreachable`
    /// (nobody at work), `no_answer` (waited too long), `canceled` (the exit key).
    #[serde(
        default,
        deserialize_with = "unique",
        skip_serializing_if = "On::is_empty"
    )]
    pub on: On,
}

impl Queue {
    /// A queue by its name alone.
    #[must_use]
    pub fn named(name: QueueName) -> Self {
        Self {
            name,
            priority: None,
            max_wait_s: None,
            members: Vec::new(),
            strategy: None,
            ring_s: None,
            wrap_up_s: None,
            max_size: None,
            wait_when_empty: false,
            escalate: None,
            music: None,
            announce: None,
            exit: None,
            callback: None,
            confirm: None,
            whisper: None,
            caller_id: None,
            on: On::new(),
        }
    }
}

/// How a waiting caller's priority grows: by `by` after every `every_s` seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Escalate {
    /// After how many seconds each time (1 to 3,600).
    pub every_s: u32,
    /// By how much (1 to 1,000).
    pub by: u32,
}

/// What a waiting caller is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Announce {
    /// Every how many seconds (5 to 600).
    pub every_s: u32,
    /// The text, in which `[position]` and `[minutes]` (the estimated wait) stand for numbers;
    /// default one in English that has both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The text's language as a BCP 47 tag; English without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
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
