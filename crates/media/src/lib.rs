//! The contract between the router and whatever carries the sound.
//!
//! ```text
//!            Command  (one deed on one leg)
//!   session ------------------------------> adapter (SIP, Asterisk, ...)
//!           <------------------------------
//!            Notice   (what happened on a leg)
//! ```
//!
//! An [`Adapter`] gives incoming calls; each comes with a [`Line`], through which that one call's
//! legs are commanded and heard. [`layer`] wraps a line: to trace it, or to inject faults.
//! An adapter decides nothing: what a command means is written here, and nothing else happens.
//!
//! This crate is pure: traits and data, no runtime, no socket, no clock.

mod ability;
mod adapter;
mod command;
mod hops;
pub mod layer;
mod leg;
mod notice;
mod offer;
mod sound;

pub use ability::Ability;
pub use adapter::{Adapter, Capabilities, Incoming, Line, RecoveredRecording};
pub use command::{Command, DialTarget, EndCause, RecordOptions, Referral};
pub use hops::{HOPS, hops, hops_of};
pub use leg::{LegId, PlayId, RecordingId};
pub use notice::{Deed, Notice, PlayEnd};
pub use offer::OfferedCall;
pub use sound::Sound;
