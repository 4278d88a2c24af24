//! A call as JSON lines: the bug report, the simulator's script and the fuzz corpus at once.
//!
//! The first line is the [`Header`]: the event and the fingerprint of the table that the call
//! began with. Every further line is an [`Entry`]: one input and when it came. [`replay`] puts
//! them through a new session, which does exactly what the first one did.

use std::sync::Arc;
use std::time::Duration;

use callroute_rules::Engine;
use callroute_schema::Event;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::effect::Effect;
use crate::input::{Input, Now};
use crate::session::Session;
use crate::settings::Settings;

/// The version of the format.
const VERSION: u32 = 1;
/// No line of a journal is longer.
const MAX_LINE: usize = 1 << 20;
/// Longest journal that is written and read, in bytes; a call has a few thousand lines at most.
pub const MAX_JOURNAL: u64 = 64 * 1024 * 1024;

/// A journal's first line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The format's version, 1.
    pub journal: u32,
    /// The fingerprint of the table that the call began with.
    pub table: String,
    /// The call as it came in.
    pub event: Event,
    /// What held for every call of the router, where that is not the default.
    #[serde(default, skip_serializing_if = "is_default")]
    pub settings: Settings,
}

fn is_default(settings: &Settings) -> bool {
    *settings == Settings::default()
}

impl Header {
    /// The first line of a call's journal.
    #[must_use]
    pub fn new(engine: &Engine, event: Event) -> Self {
        Self {
            journal: VERSION,
            table: engine.fingerprint().to_owned(),
            event,
            settings: Settings::default(),
        }
    }

    /// The same for a call with other settings than the default.
    #[must_use]
    pub fn with_settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// The line, without its end.
    #[must_use]
    pub fn to_line(&self) -> String {
        line(self)
    }
}

/// One input, and when it came.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Wall clock.
    pub utc: DateTime<Utc>,
    /// The clock that never jumps, in nanoseconds.
    pub mono_ns: u64,
    /// What came in.
    pub input: Input,
}

impl Entry {
    /// One input of a call.
    #[must_use]
    pub fn new(now: Now, input: Input) -> Self {
        Self {
            utc: now.utc,
            mono_ns: u64::try_from(now.mono.as_nanos()).unwrap_or(u64::MAX),
            input,
        }
    }

    /// When it came.
    #[must_use]
    pub fn now(&self) -> Now {
        Now {
            utc: self.utc,
            mono: Duration::from_nanos(self.mono_ns),
        }
    }

    /// The line, without its end.
    #[must_use]
    pub fn to_line(&self) -> String {
        line(self)
    }
}

fn line<T: Serialize>(value: &T) -> String {
    // Nothing here has a serialiser that fails; should one ever, the line says so and replay
    // stops there with its number.
    serde_json::to_string(value)
        .unwrap_or_else(|error| serde_json::json!({ "error": error.to_string() }).to_string())
}

/// A recorded call.
#[derive(Debug, Clone, PartialEq)]
pub struct Journal {
    /// How it began.
    pub header: Header,
    /// All that came in.
    pub entries: Vec<Entry>,
}

/// Why a text is no journal.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ParseJournalError {
    /// There is no line at all.
    #[error("the journal is empty; its first line should be a header, {{\"journal\":{VERSION},…}}")]
    Empty,
    /// A format of another version.
    #[error("the journal has version {found}, this program reads version {VERSION}")]
    Version {
        /// The version found.
        found: u32,
    },
    /// A line that is not what it should be.
    #[error("line {line}: not a journal's {expected}: {source}")]
    Line {
        /// Its number, from 1.
        line: usize,
        /// What was expected there.
        expected: &'static str,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// A line that is longer than any line may be.
    #[error("line {line}: longer than {MAX_LINE} bytes")]
    TooLong {
        /// Its number, from 1.
        line: usize,
    },
}

impl Journal {
    /// Reads a journal. A last line that was cut off, as by a crash, is left out.
    ///
    /// # Errors
    /// [`ParseJournalError`] names the line.
    pub fn parse(text: &str) -> Result<Self, ParseJournalError> {
        let whole = text.ends_with('\n');
        let mut lines = text
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line))
            .filter(|(_, line)| !line.trim().is_empty())
            .peekable();
        let (number, first) = lines.next().ok_or(ParseJournalError::Empty)?;
        let header: Header = read(number, first, "header")?;
        if header.journal != VERSION {
            return Err(ParseJournalError::Version {
                found: header.journal,
            });
        }
        let mut entries = Vec::new();
        while let Some((number, line)) = lines.next() {
            match read(number, line, "entry") {
                Ok(entry) => entries.push(entry),
                Err(_) if lines.peek().is_none() && !whole => break,
                Err(error) => return Err(error),
            }
        }
        Ok(Self { header, entries })
    }
}

fn read<'a, T: Deserialize<'a>>(
    line: usize,
    text: &'a str,
    expected: &'static str,
) -> Result<T, ParseJournalError> {
    if text.len() > MAX_LINE {
        return Err(ParseJournalError::TooLong { line });
    }
    serde_json::from_str(text).map_err(|source| ParseJournalError::Line {
        line,
        expected,
        source,
    })
}

/// One input of a replayed call, and what the session did about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Replayed {
    /// The input.
    pub entry: Entry,
    /// What came of it.
    pub effects: Vec<Effect>,
}

/// Puts a recorded call through a new session.
#[must_use]
pub fn replay(engine: Arc<Engine>, journal: &Journal) -> Vec<Replayed> {
    resume(engine, journal).map_or_else(Vec::new, |(_, replayed)| replayed)
}

/// The same, with the session as the journal's end has left it, so that a call that was broken off
/// can be brought to its end; `None` where the journal has no input.
#[must_use]
pub fn resume(engine: Arc<Engine>, journal: &Journal) -> Option<(Session, Vec<Replayed>)> {
    let first = journal.entries.first()?;
    let settings = Arc::new(journal.header.settings.clone());
    let event = journal.header.event.clone();
    let mut session = Session::with_settings(engine, event, first.now(), settings);
    let entries = journal.entries.iter();
    let replayed = entries.map(|entry| Replayed {
        effects: session.handle(entry.now(), entry.input.clone()).collect(),
        entry: entry.clone(),
    });
    let replayed = replayed.collect();
    Some((session, replayed))
}
