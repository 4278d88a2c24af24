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
//! The least that a line of your own does, here of one that only answers and hangs up:
//!
//! ```
//! use std::collections::VecDeque;
//! use std::task::{Context, Poll, Waker};
//! use callroute_media::{Command, Line, Notice};
//! use callroute_schema::Cause;
//!
//! #[derive(Debug, Default)]
//! struct MyLine {
//!     notices: VecDeque<Notice>,
//!     over: bool,
//!     waker: Option<Waker>,
//! }
//!
//! impl Line for MyLine {
//!     fn perform(&mut self, command: Command) {
//!         match command {
//!             // Your switch answers; here it has answered at once.
//!             Command::Answer { leg } => self.notices.push_back(Notice::LegAnswered { leg }),
//!             Command::Hangup { leg, .. } => {
//!                 let cause = Cause::normal();
//!                 self.over = true; // the caller's leg was the only one
//!                 self.notices.push_back(Notice::LegEnded { leg, cause });
//!             }
//!             other => self.notices.extend(Notice::failed(&other, "not supported")),
//!         }
//!         if let Some(waker) = self.waker.take() {
//!             waker.wake();
//!         }
//!     }
//!
//!     fn poll_notice(&mut self, cx: &mut Context<'_>) -> Poll<Option<Notice>> {
//!         match self.notices.pop_front() {
//!             None if !self.over => {
//!                 self.waker = Some(cx.waker().clone());
//!                 Poll::Pending
//!             }
//!             next => Poll::Ready(next),
//!         }
//!     }
//! }
//! ```
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
