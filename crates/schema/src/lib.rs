//! Events, actions, ids and their JSON form: the words that all of callroute shares.
//!
//! ```text
//! Event  ->  decision  ->  Actions  ->  Event  -> ...
//! ```
//!
//! An [`Event`] is what happened to a call; an answer is one [`Action`] or a list of them
//! ([`Actions`]). Both have one JSON form, whose field order is part of the contract. Reading is
//! strict: an unknown action, strategy or field is an error that names its JSON path (or, in a
//! routing file, its line and column).
//!
//! ```
//! use callroute_schema::{Actions, Event};
//!
//! let event = Event::from_json(br#"{"event":"incoming_call","from":"+14155550123",
//!     "to":"+13146523057","timestamp":"2026-04-21T14:32:00Z","call_id":"abc123xyz"}"#)?;
//! assert_eq!(event.to.as_str(), "+13146523057");
//!
//! let answer = Actions::from_json(br#"{"action":"voicemail","message":"office_closed"}"#)?;
//! assert_eq!(answer.to_json(), r#"{"action":"voicemail","message":"office_closed"}"#);
//!
//! let error = Actions::from_json(br#"{"action":"reject","couse":"user_busy"}"#).unwrap_err();
//! assert_eq!(error.to_string(),
//!     "$.couse: unknown field `couse`, expected one of `cause`, `on`; did you mean `cause`?");
//! # Ok::<(), callroute_schema::tree::ReadError>(())
//! ```
//!
//! This crate is pure: no runtime, no socket, no clock. Features: `numbers` reads telephone numbers of
//! every country; `json-schema` has the JSON Schema of every type.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod action;
mod answer;
mod attributes;
mod caller;
mod cause;
mod destination;
mod digit;
mod digit_pattern;
mod disposition;
mod event;
mod header;
pub mod hint;
#[cfg(feature = "json-schema")]
pub mod json_schema;
mod map;
mod mask;
mod menu;
mod name;
mod network;
pub mod number;
mod party;
mod record;
mod ring_group;
mod sip_uri;
mod tagged;
mod text;
pub mod tree;
mod variable;
mod words;

pub use action::{
    Action, ActionKind, Announce, Busy, Collect, Conference, Continue, Escalate, Forward, Hangup,
    On, Park, Play, Queue, Record, Redirect, Reject, RejectCause, Say, Set, Voicemail, Webhook,
};
pub use answer::{Actions, ActionsError, MAX_ACTIONS};
pub use attributes::{MAX_ATTRIBUTE_BYTES, MAX_ATTRIBUTES};
pub use caller::{Address, AddressError, Caller};
pub use cause::{Cause, Q850_CAUSES, Q850Row, SIP_CAUSES, SipRow};
pub use destination::{
    AgentDestination, ApplicationDestination, ConferenceDestination, Destination, DestinationKind,
    NumberDestination, QueueDestination, SipDestination, TrunkDestination, UserDestination,
};
pub use digit::{Digit, DigitError, Digits};
pub use digit_pattern::{DigitPattern, DigitPatternError, Fit};
pub use disposition::Disposition;
pub use event::{
    AttemptInfo, Direction, Event, EventKind, MenuInfo, Privacy, QueueInfo, RecordingInfo,
    SourceInfo, Timestamp, Transport, Verstat,
};
pub use header::{HeaderError, MAX_HEADERS, check_header};
pub use mask::{Masked, mask, mask_within};
pub use menu::{Branch, Extensions, Menu, MenuBranches, Pin, Prompt, Repeat};
pub use name::{
    AgentName, CallId, ConferenceName, MenuName, NameError, QueueName, TargetName, TrunkName,
    UserName, WebhookName,
};
pub use network::{Network, NetworkError, is_private, special_use};
pub use party::{Number, NumberError, Party, PartyError};
pub use record::{
    AttemptRecord, CallRecord, DecisionRecord, EndedBy, MediaStats, QueueRecord, RecordingRecord,
};
pub use ring_group::{CallerId, Confirm, EarlyMedia, Member, RingGroup, Ringback, Strategy};
pub use sip_uri::{
    SipUri, SipUriError, escape_user, escape_value, strip_scheme, unescape, unescape_lossy,
};
pub use variable::{has_variables, variables, with_variables};
pub use words::{UnknownWord, Word};
