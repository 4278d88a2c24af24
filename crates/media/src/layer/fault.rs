//! A line that loses, spoils and holds up commands and notices on purpose.

use std::collections::VecDeque;
use std::task::{Context, Poll};

use crate::adapter::Line;
use crate::command::Command;
use crate::leg::LegId;
use crate::notice::Notice;

/// What becomes of a command or a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It arrives.
    Pass,
    /// It is lost on its way.
    Drop,
    /// A command cannot be done, and a notice says so. For a notice, and for a command whose
    /// failure has no notice, as `Pass`.
    Fail,
    /// A notice arrives only after so many later ones, or when nothing else comes. For a command
    /// as `Pass`.
    Delay(u8),
}

/// Decides what becomes of what passes; a source of chance, or a script, comes in from outside.
///
/// Losing a `LegEnded` breaks the contract of a line, and a hang-up is the last resort of every
/// recovery: these two are never asked about.
pub trait FaultInjector: Send + std::fmt::Debug + 'static {
    /// What becomes of this command.
    fn command(&mut self, command: &Command) -> Fate;
    /// What becomes of this notice.
    fn notice(&mut self, notice: &Notice) -> Fate;
}

/// Faults by a seed: the same seed always has the same fate for the same sequence.
#[derive(Debug, Clone)]
pub struct SeededFaults {
    state: u64,
    /// How many of a thousand are lost.
    pub lost: u16,
    /// How many of a thousand commands fail.
    pub failed: u16,
    /// How many of a thousand notices are late.
    pub late: u16,
}

impl SeededFaults {
    /// So many of a thousand are lost, fail, or are late.
    #[must_use]
    pub fn new(seed: u64, lost: u16, failed: u16, late: u16) -> Self {
        Self {
            state: seed,
            lost,
            failed,
            late,
        }
    }

    /// A number below a thousand (SplitMix64).
    fn draw(&mut self) -> u16 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.state;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        u16::try_from((word ^ (word >> 31)) % 1_000).unwrap_or(0)
    }

    fn fate(&mut self) -> Fate {
        let drawn = self.draw();
        if drawn < self.lost {
            Fate::Drop
        } else if drawn < self.lost.saturating_add(self.failed) {
            Fate::Fail
        } else if drawn
            < self
                .lost
                .saturating_add(self.failed)
                .saturating_add(self.late)
        {
            Fate::Delay(u8::try_from(drawn % 5).unwrap_or(0) + 1)
        } else {
            Fate::Pass
        }
    }
}

impl FaultInjector for SeededFaults {
    fn command(&mut self, _: &Command) -> Fate {
        self.fate()
    }

    fn notice(&mut self, _: &Notice) -> Fate {
        self.fate()
    }
}

/// A line that spoils what its [`FaultInjector`] says.
#[derive(Debug)]
pub struct FaultyLine<L, F> {
    line: L,
    faults: F,
    /// Failures of commands, to be told.
    failures: VecDeque<Notice>,
    /// Notices that are held up, and behind how many later ones.
    late: Vec<(u8, Notice)>,
}

impl<L: Line, F: FaultInjector> FaultyLine<L, F> {
    /// Wraps a line.
    pub fn new(line: L, faults: F) -> Self {
        Self {
            line,
            faults,
            failures: VecDeque::new(),
            late: Vec::new(),
        }
    }

    /// One later notice passes: those that were held up for it may follow.
    fn pass(&mut self, notice: Notice) -> Poll<Option<Notice>> {
        for (left, _) in &mut self.late {
            *left = left.saturating_sub(1);
        }
        if let Notice::LegEnded { leg, .. } = &notice {
            // Nothing comes from a leg after its end: what is held up for it is lost.
            let ended: LegId = *leg;
            self.late.retain(|(_, late)| late.leg() != ended);
            self.failures.retain(|failure| failure.leg() != ended);
        }
        Poll::Ready(Some(notice))
    }

    fn overdue(&mut self, all: bool) -> Option<Notice> {
        let index = self.late.iter().position(|(left, _)| all || *left == 0)?;
        Some(self.late.remove(index).1)
    }
}

impl<L: Line, F: FaultInjector> Line for FaultyLine<L, F> {
    fn perform(&mut self, command: Command) {
        if matches!(command, Command::Hangup { .. }) {
            return self.line.perform(command);
        }
        match self.faults.command(&command) {
            Fate::Drop => {}
            Fate::Fail => match Notice::failed(&command, "a fault on purpose") {
                Some(notice) => self.failures.push_back(notice),
                None => self.line.perform(command),
            },
            Fate::Pass | Fate::Delay(_) => self.line.perform(command),
        }
    }

    fn poll_notice(&mut self, cx: &mut Context<'_>) -> Poll<Option<Notice>> {
        if let Some(notice) = self.failures.pop_front().or_else(|| self.overdue(false)) {
            return self.pass(notice);
        }
        loop {
            let notice = match self.line.poll_notice(cx) {
                Poll::Ready(Some(notice)) => notice,
                other => {
                    // Nothing else comes for now.
                    return match self.overdue(true) {
                        Some(late) => Poll::Ready(Some(late)),
                        None => other,
                    };
                }
            };
            if matches!(notice, Notice::LegEnded { .. }) {
                return self.pass(notice);
            }
            match self.faults.notice(&notice) {
                Fate::Drop => {}
                Fate::Delay(after) => self.late.push((after, notice)),
                Fate::Pass | Fate::Fail => return self.pass(notice),
            }
        }
    }
}
