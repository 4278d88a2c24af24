//! A line that shows all that passes.

use std::task::{Context, Poll};

use crate::adapter::Line;
use crate::command::Command;
use crate::notice::Notice;

/// Sees what passes over a line.
pub trait LineObserver: Send + std::fmt::Debug + 'static {
    /// A command is about to be done.
    fn command(&mut self, command: &Command);
    /// A notice has come.
    fn notice(&mut self, notice: &Notice);
}

/// A line that shows an [`LineObserver`] all that passes, and changes nothing.
#[derive(Debug)]
pub struct TracedLine<L, O> {
    line: L,
    observer: O,
}

impl<L: Line, O: LineObserver> TracedLine<L, O> {
    /// Wraps a line.
    pub fn new(line: L, observer: O) -> Self {
        Self { line, observer }
    }
}

impl<L: Line, O: LineObserver> Line for TracedLine<L, O> {
    fn perform(&mut self, command: Command) {
        self.observer.command(&command);
        self.line.perform(command);
    }

    fn poll_notice(&mut self, cx: &mut Context<'_>) -> Poll<Option<Notice>> {
        let polled = self.line.poll_notice(cx);
        if let Poll::Ready(Some(notice)) = &polled {
            self.observer.notice(notice);
        }
        polled
    }
}
