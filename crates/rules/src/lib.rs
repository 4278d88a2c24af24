//! Routing file to compiled engine: decision, explanation, static checks.
//!
//! ```text
//! YAML, TOML, JSON  ->  table  ->  compile  ->  Engine  ->  decide(event, facts)  ->  Decision
//!                                                       ->  explain(event, facts) ->  Explanation
//! ```
//!
//! A decision depends on the event, the facts and the table alone: the time is the event's. The
//! block of rules is chosen by the dialed number (exact, then the longest prefix as in `+1314*`,
//! then `*`); in it, the first rule that holds decides, in written order; else the default.
//! [`load`] tells of every entry that is wrong at once, each fault with its line; what cannot be read
//! hides only what else is wrong with its own entry.
//!
//! ```
//! use callroute_rules::{load, ChronoTz, Facts, Outcome};
//! use callroute_schema::Event;
//!
//! let engine = load("routes.yaml", r#"
//! version: 1
//! default: { action: voicemail, message: general }
//! hours: { office: { zone: America/New_York, open: "Mo-Fr 09:00-17:30" } }
//! numbers:
//!   "+13146523057":
//!     - { name: after hours, when: { closed: office }, then: { action: voicemail, message: office_closed } }
//! "#, &(), &ChronoTz)?;
//!
//! let event = Event::from_json(br#"{"event":"incoming_call","from":"+14155550123",
//!     "to":"+13146523057","timestamp":"2026-04-21T23:00:00Z","call_id":"abc123xyz"}"#)?;
//! let Outcome::Decided(decision) = engine.decide(&event, &Facts::default()) else { return Ok(()) };
//! assert_eq!(decision.rule().to_string(), r#"+13146523057 rule 1 "after hours""#);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! This crate is pure: no runtime, no socket, no clock; files and time zones come in as arguments.
//! Feature `json-schema`: the JSON Schema of the routing file, for editors.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod by_itself;
mod check;
mod compile;
mod csv;
mod engine;
mod explain;
mod fault;
pub mod guide;
mod hours;
mod ics;
#[cfg(feature = "json-schema")]
pub mod json_schema;
pub mod menu;
mod number;
mod origin;
mod path;
mod policy;
pub mod prefix;
mod review;
mod source;
mod table;
mod texts;
mod toml;
mod url;
pub mod waves;
mod written;
mod yaml;
mod zone;

pub use callroute_schema::hint::choices;
pub use compile::{Table, load};
pub use engine::{
    Agent, AnswerError, Decision, Engine, Fact, Facts, Lookup, LookupSource, LookupSpec, NameKind,
    Outcome, RenderError, ResolvedParty, RuleId, RuleRef, SecretSource, UnknownName, WebhookSpec,
    WrongValue, check,
};
pub use explain::{ClauseTrace, Explanation, RuleTrace};
pub use fault::{Fault, Faults, Label, Severity};
pub use hours::{Hours, HoursAnswer, Layer};
pub use review::{Judges, review, review_with};
pub use source::{Files, SourceFile};
pub use texts::texts;
pub use zone::{ChronoTz, Zone, Zones};
