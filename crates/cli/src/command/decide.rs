//! `decide`: events in, decisions out. Nobody is asked and nobody is called.

use callroute_rules::{Decision, Engine, Facts, Lookup};
use callroute_schema::tree::ReadError;
use callroute_schema::{CallId, Event};
use serde::Serialize;

use crate::args::Decide;
use crate::error::Error;
use crate::facts;
use crate::input::{Input, Line, MAX_LINE};
use crate::output::Output;
use crate::status::Status;
use crate::table;

pub(crate) fn run(args: &Decide, out: &mut Output) -> Result<Status, Error> {
    if args.routes == Input::Stdin && args.events == Input::Stdin {
        return Err(Error::StdinTwice);
    }
    let engine = table::load(&args.routes)?;
    let facts = facts::read(args.facts.as_ref())?;
    let mut lines = args.events.lines()?;
    let mut status = Status::Fine;
    loop {
        // A program that waits for its answer before it sends more shall get it.
        if lines.may_wait() {
            out.flush()?;
        }
        let Some(line) = lines.next()? else {
            return Ok(status);
        };
        let number = line.number;
        match decide(&engine, &line, &facts, |decided| out.json(decided)) {
            Ok(written) => written?,
            Err(wrong) => {
                status = Status::Findings;
                tell(&args.events, number, &wrong, out)?;
            }
        }
    }
}

#[derive(Debug, Serialize)]
struct Decided<'e> {
    call_id: &'e CallId,
    #[serde(flatten)]
    decision: Decision<'e>,
    /// Facts that rules asked for and nobody gave.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<Lookup>,
}

/// What is wrong with one line of events.
#[derive(Debug, thiserror::Error)]
enum Wrong {
    #[error("longer than {MAX_LINE} bytes, which no event is")]
    TooLong,
    #[error(transparent)]
    Event(#[from] ReadError),
}

fn decide<T>(
    engine: &Engine,
    line: &Line<'_>,
    facts: &Facts,
    write: impl FnOnce(&Decided<'_>) -> T,
) -> Result<T, Wrong> {
    let event = Event::from_json(line.bytes.ok_or(Wrong::TooLong)?)?;
    let mut facts = facts.clone();
    let (decision, missing) = facts::decide(engine, &event, &mut facts);
    Ok(write(&Decided {
        call_id: &event.call_id,
        decision,
        missing,
    }))
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

fn tell(events: &Input, line: usize, wrong: &Wrong, out: &mut Output) -> Result<(), Error> {
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
