//! What an adapter is: a source of calls, each with its line.

use std::fmt;
use std::task::{Context, Poll};

use crate::command::Command;
use crate::notice::Notice;
use crate::offer::Offer;

/// Whatever carries the sound: a SIP endpoint, a switch that is driven from outside.
pub trait Adapter: Send + 'static {
    /// What one call is driven through.
    type Line: Line;

    /// What this adapter can do.
    fn capabilities(&self) -> Capabilities;

    /// The next incoming call; `None` when there will be no more.
    fn poll_call(&mut self, cx: &mut Context<'_>) -> Poll<Option<Incoming<Self::Line>>>;
}

/// One call's legs. Dropping it ends every leg that is left.
pub trait Line: Send + fmt::Debug + 'static {
    /// Takes a command. Never blocks; what came of it is a notice.
    fn perform(&mut self, command: Command);

    /// What happened next; `None` when every leg has ended and nothing can follow.
    fn poll_notice(&mut self, cx: &mut Context<'_>) -> Poll<Option<Notice>>;
}

/// An incoming call and the line to drive it.
#[derive(Debug)]
pub struct Incoming<L> {
    /// Who calls whom.
    pub offer: Offer,
    /// Its legs; leg 0, the caller, exists already and has not been answered.
    pub line: L,
}

/// What an adapter can do beyond answering, dialing and bridging.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// The adapter's name, for logs.
    pub name: &'static str,
    /// It plays prompts.
    pub play: bool,
    /// It records.
    pub record: bool,
    /// It speaks text.
    pub speech: bool,
}
