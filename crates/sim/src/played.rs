//! What happened in a played call.

use std::fmt::Write;
use std::time::Duration;

use callroute_media::Command;
use callroute_schema::CallRecord;
use callroute_session::{Effect, Input, Message, Note};

/// One input, and what the session did about it.
#[derive(Debug, Clone, PartialEq)]
pub struct PlayedStep {
    /// When, after the call's start.
    pub at: Duration,
    /// What came in.
    pub input: Input,
    /// What came of it.
    pub effects: Vec<Effect>,
}

/// A played call.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Played {
    /// Every step, in order.
    pub steps: Vec<PlayedStep>,
}

impl Played {
    /// Whether the call came to its end.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.effects().any(|effect| *effect == Effect::Done)
    }

    /// Every effect, in order.
    pub fn effects(&self) -> impl Iterator<Item = &Effect> {
        self.steps.iter().flat_map(|step| &step.effects)
    }

    /// Every command, in order.
    pub fn commands(&self) -> impl Iterator<Item = &Command> {
        self.effects().filter_map(|effect| match effect {
            Effect::Media(command) => Some(command),
            _ => None,
        })
    }

    /// The call's record, once it is over.
    #[must_use]
    pub fn record(&self) -> Option<&CallRecord> {
        self.effects().find_map(|effect| match effect {
            Effect::Record(record) => Some(record.as_ref()),
            _ => None,
        })
    }

    /// Every message that was left.
    pub fn messages(&self) -> impl Iterator<Item = &Message> {
        self.effects().filter_map(|effect| match effect {
            Effect::Message(message) => Some(message.as_ref()),
            _ => None,
        })
    }

    /// Every note, with its time.
    pub fn notes(&self) -> impl Iterator<Item = (Duration, &Note)> {
        self.steps.iter().flat_map(|step| {
            step.effects.iter().filter_map(|effect| match effect {
                Effect::Note(note) => Some((step.at, note)),
                _ => None,
            })
        })
    }

    /// The trace as text, a line a note: seconds and what happened.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (at, note) in self.notes() {
            // Writing to a String does not fail.
            let _ = writeln!(text, "{:8.3} s  {note}", at.as_secs_f64());
        }
        text
    }
}
