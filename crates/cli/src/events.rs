//! Lines of events, and what is wrong with them.

use callroute_schema::Event;
use callroute_schema::tree::ReadError;
use serde::Serialize;

use crate::error::Error;
use crate::input::{Input, Line, MAX_LINE};
use crate::output::Output;

/// What is wrong with one line of events.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Wrong {
    #[error("longer than {MAX_LINE} bytes, which no event is")]
    TooLong,
    #[error(transparent)]
    Event(#[from] ReadError),
}

/// The event of a line.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn read(line: &Line<'_>) -> Result<Event, Wrong> {
    Ok(Event::from_json(line.bytes.ok_or(Wrong::TooLong)?)?)
}

/// A line's fault as JSON, in the shape of a routing file's.
#[derive(Serialize)]
struct Fault {
    file: String,
    line: usize,
    column: Option<u32>,
    path: String,
    message: String,
}

/// Says what is wrong with a line of events, as the output says everything.
///
/// # Errors
/// [`Error::Write`]
pub(crate) fn tell(
    events: &Input,
    line: usize,
    wrong: &Wrong,
    out: &mut Output,
) -> Result<(), Error> {
    if !out.is_json() {
        return out.tell(format_args!("{events}:{line}: {wrong}"));
    }
    let (path, message) = match wrong {
        Wrong::Event(error) => (error.path(), error.message().to_owned()),
        other => (String::new(), other.to_string()),
    };
    out.tell_json(&Fault {
        file: events.to_string(),
        line,
        column: None,
        path,
        message,
    })
}
