//! `decide`: events in, decisions out. Nothing is asked and nothing is called.

use callroute_rules::{Decision, Engine, Facts, Outcome};
use callroute_schema::tree::ReadError;
use callroute_schema::{CallId, Event};
use serde::Serialize;

use crate::args::Decide;
use crate::error::Error;
use crate::input::{Input, Line, MAX_LINE};
use crate::output::Output;
use crate::status::Status;
use crate::table;

pub(crate) fn run(args: &Decide, out: &mut Output) -> Result<Status, Error> {
    if args.routes == Input::Stdin && args.events == Input::Stdin {
        return Err(Error::StdinTwice);
    }
    let engine = table::load(&args.routes)?;
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
        match decide(&engine, &line) {
            Ok(decided) => out.json(&decided)?,
            Err(wrong) => {
                status = Status::Findings;
                tell(&args.events, number, &wrong, out)?;
            }
        }
    }
}

#[derive(Debug, Serialize)]
struct Decided {
    call_id: CallId,
    #[serde(flatten)]
    decision: Decision,
}

/// What is wrong with one line of events.
#[derive(Debug, thiserror::Error)]
enum Wrong {
    #[error("longer than {MAX_LINE} bytes, which no event is")]
    TooLong,
    #[error(transparent)]
    Event(#[from] ReadError),
    #[error("the decision needs a fact from outside, which `decide` does not fetch: {0}")]
    Need(String),
}

fn decide(engine: &Engine, line: &Line<'_>) -> Result<Decided, Wrong> {
    let event = Event::from_json(line.bytes.ok_or(Wrong::TooLong)?)?;
    match engine.decide(&event, &Facts::default()) {
        Outcome::Decided(decision) => Ok(Decided {
            call_id: event.call_id,
            decision,
        }),
        Outcome::Need(lookup) => Err(Wrong::Need(format!("{lookup:?}"))),
    }
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
