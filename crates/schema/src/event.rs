//! What happened to a call.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};

use crate::caller::{Address, Caller};
use crate::digit::Digits;
use crate::disposition::Disposition;
use crate::map::unique;
use crate::mask::Masked;
use crate::name::{CallId, MenuName, QueueName};
use crate::tree::{Node, ReadError};
use crate::words::words;

/// An instant with its offset from UTC, in RFC 3339 on the wire; fractions are kept.
pub type Timestamp = DateTime<FixedOffset>;

/// What kind of event it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EventKind {
    /// A call came in and waits for its routing.
    IncomingCall,
    /// The caller pressed a menu's key.
    MenuInput,
    /// The caller pressed nothing in time.
    MenuTimeout,
    /// The caller pressed a key that the menu does not have.
    MenuInvalid,
    /// A destination rings.
    CallRinging,
    /// A destination answered.
    CallAnswered,
    /// One attempt to reach somebody began.
    AttemptStarted,
    /// One attempt to reach somebody ended.
    AttemptResult,
    /// The caller joined a queue.
    QueueJoined,
    /// The caller's place in a queue changed, or is told again.
    QueuePosition,
    /// The caller left a queue, to an agent or otherwise.
    QueueLeft,
    /// A message was recorded.
    VoicemailRecorded,
    /// The call is over.
    CallCompleted,
    /// A rule, or a webhook, decided.
    RoutingDecided,
    /// A webhook gave no usable answer.
    WebhookFailed,
    /// The routing table changed.
    TableChanged,
    /// A phone registered, or its registration ended.
    RegistrationChanged,
}

impl EventKind {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::IncomingCall => "incoming_call",
            Self::MenuInput => "menu_input",
            Self::MenuTimeout => "menu_timeout",
            Self::MenuInvalid => "menu_invalid",
            Self::CallRinging => "call_ringing",
            Self::CallAnswered => "call_answered",
            Self::AttemptStarted => "attempt_started",
            Self::AttemptResult => "attempt_result",
            Self::QueueJoined => "queue_joined",
            Self::QueuePosition => "queue_position",
            Self::QueueLeft => "queue_left",
            Self::VoicemailRecorded => "voicemail_recorded",
            Self::CallCompleted => "call_completed",
            Self::RoutingDecided => "routing_decided",
            Self::WebhookFailed => "webhook_failed",
            Self::TableChanged => "table_changed",
            Self::RegistrationChanged => "registration_changed",
        }
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where a call is headed, seen from the router.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Towards us.
    Inbound,
    /// From us.
    Outbound,
}

words! {
    /// What carried the call to us.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    #[non_exhaustive]
    pub enum Transport {
        /// SIP over UDP.
        Udp = "udp",
        /// SIP over TCP.
        Tcp = "tcp",
        /// SIP over TLS.
        Tls = "tls",
        /// SIP over WebSocket (RFC 7118).
        Ws = "ws",
    }
}

/// Where the call came from, on the network.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SourceInfo {
    /// The trunk's name, when it came by one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trunk: Option<String>,
    /// The sender's IP address and port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// What carried it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transport: Option<Transport>,
}

/// The menu that the caller is in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MenuInfo {
    /// The menu's name, when it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<MenuName>,
    /// What was pressed; absent when nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digits: Option<Digits>,
    /// Which round of the menu this is, from 1.
    pub attempt: u32,
}

/// One attempt to reach somebody.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AttemptInfo {
    /// Counts the call's attempts, from 1.
    pub n: u32,
    /// Who was tried.
    pub member: String,
    /// How it ended; absent while it goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disposition: Option<Disposition>,
    /// The SIP status that ended it, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sip_code: Option<u16>,
    /// The Q.850 cause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub q850: Option<u8>,
    /// From the start of the attempt to its end, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ring_ms: Option<u64>,
}

/// What the caller asked of those who carry its identity (RFC 3323, section 4.2; RFC 3325).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Privacy {
    /// The identity asserted by the network shall not be shown (RFC 3325).
    Id,
    /// Headers that tell of the caller shall be hidden.
    Header,
    /// The session's addresses shall be hidden.
    Session,
    /// The caller's own headers shall be made anonymous.
    User,
    /// Nothing shall be hidden.
    None,
    /// Privacy that cannot be had shall end the call.
    Critical,
}

/// What the network says of the caller's number (STIR; the `verstat` of 3GPP TS 24.229).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum Verstat {
    /// The signature over the number holds.
    #[serde(rename = "TN-Validation-Passed")]
    Passed,
    /// It does not.
    #[serde(rename = "TN-Validation-Failed")]
    Failed,
    /// There was none, or nobody looked.
    #[serde(rename = "No-TN-Validation")]
    NotValidated,
}

/// The queue that the caller waits in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct QueueInfo {
    /// The queue's name.
    pub name: QueueName,
    /// The caller's place in it, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<u32>,
    /// How long the caller has waited, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_ms: Option<u64>,
    /// How many callers wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u32>,
}

/// A recorded message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RecordingInfo {
    /// Where it is: a path or a URL.
    pub url: String,
    /// How long it is, in milliseconds.
    pub duration_ms: u64,
}

/// What happened to a call. The field order is the order on the wire, and part of the contract.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// What kind of event it is.
    #[serde(rename = "event")]
    pub kind: EventKind,
    /// Who calls.
    pub from: Caller,
    /// What was dialed.
    pub to: Address,
    /// When it happened. Rules that ask for the time ask this, never the wall clock.
    pub timestamp: Timestamp,
    /// The call it belongs to.
    pub call_id: CallId,
    /// This event's own id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_id: Option<String>,
    /// Towards us or from us.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// The caller's display name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_name: Option<String>,
    /// The caller's URI as received.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_uri: Option<String>,
    /// The dialed URI as received.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_uri: Option<String>,
    /// Who diverted the call to us (RFC 5806).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diverted_from: Option<String>,
    /// What the caller asked of those who carry its identity; empty when nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub privacy: Vec<Privacy>,
    /// What the network says of the caller's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stir_verstat: Option<Verstat>,
    /// Where it came from, on the network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<SourceInfo>,
    /// Headers of the request that routing may look at.
    #[serde(
        default,
        deserialize_with = "unique",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub headers: BTreeMap<String, String>,
    /// The menu that the caller is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub menu: Option<MenuInfo>,
    /// The attempt that this is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<AttemptInfo>,
    /// The queue that the caller waits in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<QueueInfo>,
    /// The message that was recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recording: Option<RecordingInfo>,
    /// What lookups and earlier answers said about the call.
    #[serde(
        default,
        deserialize_with = "unique",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub attributes: BTreeMap<String, String>,
    /// What lists of callers say of this one, such as `vip`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub tags: BTreeSet<String>,
    /// How long an answer to this event is waited for, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_ms: Option<u64>,
}

impl Event {
    /// An incoming call, with the five fields that each has.
    #[must_use]
    pub fn incoming_call(call_id: CallId, from: Caller, to: Address, timestamp: Timestamp) -> Self {
        Self {
            kind: EventKind::IncomingCall,
            from,
            to,
            timestamp,
            call_id,
            event_id: None,
            direction: None,
            from_name: None,
            from_uri: None,
            to_uri: None,
            diverted_from: None,
            privacy: Vec::new(),
            stir_verstat: None,
            source: None,
            headers: BTreeMap::new(),
            menu: None,
            attempt: None,
            queue: None,
            recording: None,
            attributes: BTreeMap::new(),
            tags: BTreeSet::new(),
            deadline_ms: None,
        }
    }

    /// Reads an event from JSON, strictly.
    ///
    /// # Errors
    /// [`ReadError`] names the JSON path of the fault.
    pub fn from_json(bytes: &[u8]) -> Result<Self, ReadError> {
        Node::read_json(bytes)
    }

    /// The event as minified JSON, in the contract's field order.
    #[must_use]
    pub fn to_json(&self) -> String {
        crate::tree::to_json(self)
    }

    /// Writes what [`to_json`](Self::to_json) gives behind what is there already.
    pub fn write_json(&self, to: &mut Vec<u8>) {
        crate::tree::write_json(self, to);
    }
}

impl fmt::Debug for AttemptInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AttemptInfo")
            .field("n", &self.n)
            .field("member", &Masked(&self.member))
            .field("disposition", &self.disposition)
            .field("sip_code", &self.sip_code)
            .finish_non_exhaustive()
    }
}

/// The fields that tell events apart. Numbers are masked; names, URIs and headers, which tell of
/// people, are left out.
impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("kind", &self.kind)
            .field("from", &self.from)
            .field("to", &self.to)
            .field("timestamp", &self.timestamp)
            .field("call_id", &self.call_id)
            .field("menu", &self.menu)
            .field("attempt", &self.attempt)
            .field("recording", &self.recording)
            .finish_non_exhaustive()
    }
}
