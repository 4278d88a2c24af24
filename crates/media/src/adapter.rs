//! What an adapter is: a source of calls, each with its line.

use std::fmt;
use std::task::{Context, Poll};

use crate::command::Command;
use crate::notice::Notice;
use crate::offer::OfferedCall;

/// Whatever carries the sound: a SIP endpoint, a switch that is driven from outside.
pub trait Adapter: Send + 'static {
    /// What one call is driven through.
    type Line: Line;

    /// What this adapter can do.
    fn capabilities(&self) -> Capabilities;

    /// The next incoming call; `None` when there will be no more.
    fn poll_call(&mut self, cx: &mut Context<'_>) -> Poll<Option<Incoming<Self::Line>>>;

    /// A line without legs, for a call of our own making: a callback. Its legs, leg 0 among them,
    /// come by [`Command::Dial`]; until the line is dropped, legs that have ended may be followed
    /// by others, so that [`Line::poll_notice`] never gives `None` on it but when the adapter
    /// stops. `None`: this adapter takes calls and makes none ([`Capabilities::originate`]).
    fn originate(&mut self) -> Option<Self::Line> {
        None
    }

    /// Recordings of an earlier process that came to a sudden end, each told once: a router that
    /// keeps journals brings the calls of these to their end, so that messages reach their boxes.
    fn recovered_recordings(&mut self) -> Vec<RecoveredRecording> {
        Vec::new()
    }
}

/// A recording that was broken off by a crash, and is whole now as far as it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveredRecording {
    /// As [`Command::Record`] named it.
    pub name: String,
    /// Where it is, as [`Notice::RecordEnded`] would have said.
    pub url: String,
    /// How long it is, in milliseconds.
    pub duration_ms: u64,
}

/// One call's legs. Dropping it ends every leg that is left.
pub trait Line: Send + fmt::Debug + 'static {
    /// Takes a command. Never blocks; what came of it is a notice.
    fn perform(&mut self, command: Command);

    /// What happened next; `None` when every leg has ended and nothing can follow. A line of
    /// [`Adapter::originate`] can always be given another leg.
    fn poll_notice(&mut self, cx: &mut Context<'_>) -> Poll<Option<Notice>>;
}

/// An incoming call and the line to drive it.
#[derive(Debug)]
pub struct Incoming<L> {
    /// Who calls whom.
    pub offer: OfferedCall,
    /// Its legs; leg 0, the caller, exists already and has not been answered.
    pub line: L,
}

/// What an adapter can do beyond answering, dialing and bridging. What it cannot do it answers by
/// [`Notice::NotDone`], a failed `PlayEnded` or a `RecordEnded` with an error, so that a session
/// always knows; the flags tell in advance, each by its [`Ability`](crate::Ability): a router refuses a
/// table that wants what would always fail, and a session takes the branch for failure at once.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a question of its own"
)]
pub struct Capabilities {
    /// The adapter's name, for logs.
    pub name: &'static str,
    /// It plays prompts.
    pub play: bool,
    /// It records.
    pub record: bool,
    /// It speaks text.
    pub speech: bool,
    /// It plays to a caller that has not been answered (183 with sound).
    pub early_play: bool,
    /// It passes on what a callee sends before it answers ([`Command::Early`]).
    pub early_media: bool,
    /// It sends callers elsewhere ([`Command::Redirect`]).
    pub redirect: bool,
    /// It has rooms in which legs of one call or of several meet ([`Command::Join`]).
    pub rooms: bool,
    /// It tells of transfers (REFER) and answers them ([`Command::Referred`]).
    pub transfer: bool,
    /// It makes calls of our own ([`Adapter::originate`]).
    pub originate: bool,
    /// It sends headers of the routing's choice on new legs.
    pub headers: bool,
    /// It records both sides, cuts off silence and ends a recording after silence, or at a longest.
    pub record_options: bool,
}

impl Capabilities {
    /// An adapter that only answers, dials and bridges.
    #[must_use]
    pub fn basic(name: &'static str) -> Self {
        Self {
            name,
            play: false,
            record: false,
            speech: false,
            early_play: false,
            early_media: false,
            redirect: false,
            rooms: false,
            transfer: false,
            originate: false,
            headers: false,
            record_options: false,
        }
    }
}
