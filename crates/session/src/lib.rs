//! One call as a pure state machine.
//!
//! ```text
//!   (Now, Input)  ->  Session  ->  Effects        a call is the list of its inputs
//! ```
//!
//! [`Session::handle`] and [`Session::next_wake`] are the only doors. What a session cannot know
//! it asks for by an [`Effect`]; the answer comes back as an [`Input`]. So a call is a list of
//! `(Now, Input)`, which [`journal`] writes as JSON lines and replays exactly. [`Effects`]
//! borrows the session: the next input does not compile before the effects are taken.
//!
//! ```text
//!              HubRequest                              HubReply
//!   Session  -------------->  Hub (queues, agents, ...)  ---------->  any Session
//! ```
//!
//! What calls share (whose turn it is in a ring group, queues, agents' states, parking slots,
//! rooms) is in a [`Hub`](shared::Hub), one for all calls of a router, and as pure. Every wait has
//! an end, and every end has an action: [`waits`] lists them. [`journal`] is the bug report, the
//! simulator's script and the fuzz corpus at once.
//!
//! ```
//! use std::{sync::Arc, time::Duration};
//! use callroute_media::{Command, LegId};
//! use callroute_rules::{ChronoTz, load};
//! use callroute_schema::Event;
//! use callroute_session::{Effect, Input, Now, Session};
//!
//! let table = "version: 1\ndefault: { action: reject, cause: user_busy }\n";
//! let engine = Arc::new(load("routes.yaml", table, &(), &ChronoTz)?);
//! let event = Event::from_json(br#"{"event":"incoming_call","from":"+14155550123",
//!     "to":"+13146523057","timestamp":"2026-04-21T14:32:00Z","call_id":"abc123xyz"}"#)?;
//! let now = Now { utc: event.timestamp.to_utc(), mono: Duration::ZERO };
//!
//! let mut session = Session::new(engine, event, now);
//! let ends = session.handle(now, Input::Start).any(|effect| {
//!     matches!(effect, Effect::Media(Command::Hangup { leg: LegId::CALLER, .. }))
//! });
//! assert!(ends);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! This crate is pure: no runtime, no socket, no clock, no dice.

mod call;
mod effect;
mod input;
pub mod journal;
mod ledger;
mod needs;
mod note;
mod patience;
mod program;
mod session;
mod settings;
pub mod shared;
mod step;
pub mod waits;

pub use effect::{AskId, AskTarget, Effect, Message};
pub use input::{AskFailure, Input, Now};
pub use needs::{Unmet, unmet};
pub use note::Note;
pub use patience::Patience;
pub use program::{MAX_ACTIONS_PER_CALL, branch};
pub use session::{Effects, Session};
pub use settings::{FeatureCodes, Settings};
