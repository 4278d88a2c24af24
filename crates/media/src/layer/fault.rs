//! A line that loses commands and notices on purpose.

use std::task::{Context, Poll};

use crate::adapter::Line;
use crate::command::Command;
use crate::notice::Notice;

/// Decides what is lost; a source of chance, or a script, comes in from outside.
///
/// Losing a `LegEnded` breaks the contract of a line, so it is never asked about.
pub trait Faults: Send + std::fmt::Debug + 'static {
    /// Whether this command is lost on its way.
    fn loses_command(&mut self, command: &Command) -> bool;
    /// Whether this notice is lost on its way.
    fn loses_notice(&mut self, notice: &Notice) -> bool;
}

/// A line that loses what its [`Faults`] say.
#[derive(Debug)]
pub struct FaultyLine<L, F> {
    line: L,
    faults: F,
}

impl<L: Line, F: Faults> FaultyLine<L, F> {
    /// Wraps a line.
    pub fn new(line: L, faults: F) -> Self {
        Self { line, faults }
    }
}

impl<L: Line, F: Faults> Line for FaultyLine<L, F> {
    fn perform(&mut self, command: Command) {
        // A hang-up is the last resort of every recovery: it always arrives.
        if matches!(command, Command::Hangup { .. }) || !self.faults.loses_command(&command) {
            self.line.perform(command);
        }
    }

    fn poll_notice(&mut self, cx: &mut Context<'_>) -> Poll<Option<Notice>> {
        loop {
            match self.line.poll_notice(cx) {
                Poll::Ready(Some(notice))
                    if !matches!(notice, Notice::LegEnded { .. })
                        && self.faults.loses_notice(&notice) => {}
                other => return other,
            }
        }
    }
}
