//! Scripted calls in virtual time: hours of telephony in microseconds.
//!
//! A [`Script`] says how phones, servers and the caller behave; [`play`] puts a call through a
//! real session and gives every step, with the time at which it happened.
//!
//! ```
//! use std::{sync::Arc, time::Duration};
//! use callroute_rules::{ChronoTz, load};
//! use callroute_schema::{Address, CallId, Caller, Event};
//! use callroute_sim::{Phone, Script, play};
//!
//! let table = r#"
//! version: 1
//! default: { action: voicemail, message: general }
//! numbers:
//!   "+13146523057": { action: forward, destination: { type: number, number: "+16822306467" } }
//! "#;
//! let engine = Arc::new(load("routes.yaml", table, &(), &ChronoTz)?);
//! let event = Event::incoming_call(
//!     CallId::new("c1")?,
//!     Caller::Withheld,
//!     Address::new("+13146523057")?,
//!     "2026-04-21T14:32:00Z".parse()?,
//! );
//! let mut script = Script::default();
//! script.phones.insert("+16822306467".into(), Phone::answers(Duration::from_secs(3)));
//! let played = play(engine, event, script);
//! assert!(played.text().contains("connected with +1682•••6467"));
//! assert!(played.is_over());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! This crate is pure: its clock is its own.

mod play;
mod played;
mod script;
mod world;

pub use play::{Placed, Scene, play, play_all};
pub use played::{Played, PlayedStep};
pub use script::{Act, LookupResult, Phone, PhoneEnd, Script, Server};
