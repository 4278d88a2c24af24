//! `decide`: events in, decisions out. Nobody is asked and nobody is called.

use callroute_rules::{Decision, Engine, Facts, Lookup};
use callroute_schema::CallId;
use serde::Serialize;

use crate::args::Decide;
use crate::error::Error;
use crate::events::{Wrong, read, tell};
use crate::facts;
use crate::input::{Input, Line};
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
    while let Some(line) = lines.next(out)? {
        let number = line.number;
        match decide(&engine, &line, &facts, |decided| out.json(decided)) {
            Ok(written) => written?,
            Err(wrong) => {
                status = Status::Findings;
                tell(&args.events, number, &wrong, out)?;
            }
        }
    }
    Ok(status)
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

fn decide<T>(
    engine: &Engine,
    line: &Line<'_>,
    facts: &Facts,
    write: impl FnOnce(&Decided<'_>) -> T,
) -> Result<T, Wrong> {
    let event = read(line)?;
    let mut facts = facts.clone();
    let (decision, missing) = facts::decide(engine, &event, &mut facts);
    Ok(write(&Decided {
        call_id: &event.call_id,
        decision,
        missing,
    }))
}
