//! The record of a call that is over: every attempt, disposition, cause and time.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::caller::{Address, Caller};
use crate::disposition::Disposition;
use crate::event::Timestamp;
use crate::map::unique;
use crate::mask::Masked;
use crate::name::{CallId, QueueName};

/// One call that is over. Its JSON form is stable: fields are added, never changed; `version`
/// says when that had to be otherwise.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CallRecord {
    /// The form's version, 1.
    pub version: u32,
    /// The call.
    pub call_id: CallId,
    /// Who called.
    pub from: Caller,
    /// The caller's display name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_name: Option<String>,
    /// What was dialed.
    pub to: Address,
    /// When the call came in.
    pub began: Timestamp,
    /// When the caller was answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered: Option<Timestamp>,
    /// When it was over.
    pub ended: Timestamp,
    /// From beginning to end, in milliseconds.
    pub duration_ms: u64,
    /// How long the caller was connected with somebody, in milliseconds.
    pub talk_ms: u64,
    /// What became of the call: `answered` when the caller was connected with somebody, or was
    /// answered and nobody was called; else how the last attempt ended.
    pub disposition: Disposition,
    /// Who ended it.
    pub ended_by: EndedBy,
    /// Why it ended, in words.
    pub why: String,
    /// The decision that routed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<DecisionRecord>,
    /// Every attempt to reach somebody, in order; of very many the first 1,000.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<AttemptRecord>,
    /// Every stay in a queue.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub queues: Vec<QueueRecord>,
    /// Every recording and message.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recordings: Vec<RecordingRecord>,
    /// How the sound of every leg went, where whoever carries it tells.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sound: Vec<MediaStats>,
    /// What was noted about the call.
    #[serde(
        default,
        deserialize_with = "unique",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub attributes: BTreeMap<String, String>,
}

/// Who ended a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EndedBy {
    /// The caller hung up.
    Caller,
    /// Whoever the caller was connected with hung up.
    Callee,
    /// The routing said so, or a timer did.
    Router,
}

/// The decision that routed a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DecisionRecord {
    /// The decision's id, which its `routing_decided` event carries as `event_id`.
    pub id: String,
    /// The fingerprint of the table that decided.
    pub table: String,
    /// The rule that held, as in `+13146523057 rule 2 "after hours"`, or `default`.
    pub rule: String,
}

/// One attempt to reach somebody.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AttemptRecord {
    /// Counts the call's attempts, from 1.
    pub n: u32,
    /// Who was tried.
    pub member: String,
    /// When it began.
    pub began: Timestamp,
    /// How it ended.
    pub disposition: Disposition,
    /// The SIP status that ended it, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sip_code: Option<u16>,
    /// The Q.850 cause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub q850: Option<u8>,
    /// From the start of the attempt to its answer or end, in milliseconds.
    pub ring_ms: u64,
    /// How long the two were connected, in milliseconds.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub talk_ms: u64,
}

/// One stay in a queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct QueueRecord {
    /// The queue's name.
    pub name: QueueName,
    /// How long the caller waited, in milliseconds.
    pub wait_ms: u64,
    /// `answered` by a member, or why the caller left.
    pub disposition: Disposition,
}

/// A recording, or a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RecordingRecord {
    /// Where it is: a path or a URL.
    pub url: String,
    /// How long it is, in milliseconds.
    pub duration_ms: u64,
    /// The voicemail box, for a message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mailbox: Option<String>,
}

/// How the sound of a leg went (RFC 3550). What the far end tells of what it heard of us is left
/// out when it told nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MediaStats {
    /// The leg: 0 is the caller.
    pub leg: u32,
    /// The codec that was sent last, as SDP names it: `PCMU/8000`.
    pub codec: String,
    /// Packets that came.
    pub received: u64,
    /// Packets that never came.
    pub lost: u64,
    /// How unevenly they came, in milliseconds (RFC 3550, section 6.4.1), at the end.
    pub jitter_ms: u32,
    /// Packets that were sent.
    pub sent: u64,
    /// Packets of ours that never reached the far end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub far_lost: Option<u64>,
    /// How unevenly ours came there, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub far_jitter_ms: Option<u32>,
    /// There and back, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round_trip_ms: Option<u32>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature that serde asks for"
)]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl CallRecord {
    /// The record as minified JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        crate::tree::to_json(self)
    }
}

impl fmt::Debug for CallRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallRecord")
            .field("call_id", &self.call_id)
            .field("from", &self.from)
            .field("to", &self.to)
            .field("duration_ms", &self.duration_ms)
            .field("talk_ms", &self.talk_ms)
            .field("disposition", &self.disposition)
            .field("why", &self.why)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for AttemptRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AttemptRecord")
            .field("n", &self.n)
            .field("member", &Masked(&self.member))
            .field("disposition", &self.disposition)
            .field("sip_code", &self.sip_code)
            .finish_non_exhaustive()
    }
}
