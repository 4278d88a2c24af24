//! `replay`: a recorded call, put through a new session and shown step by step.

mod words;

use std::sync::Arc;
use std::time::Duration;

use callroute_rules::Engine;
use callroute_schema::mask;
use callroute_session::journal::{Journal, MAX_JOURNAL, Replayed, replay};
use callroute_session::{Effect, Input as SessionInput};
use serde::Serialize;

use crate::args::Replay;
use crate::error::Error;
use crate::input::Input;
use crate::output::Output;
use crate::status::Status;
use crate::table;
use words::Words;

pub(crate) fn run(args: &Replay, out: &mut Output) -> Result<Status, Error> {
    if args.journal == Input::Stdin && args.routes == Some(Input::Stdin) {
        return Err(Error::StdinTwice);
    }
    let text = args.journal.text_to_cut(MAX_JOURNAL)?;
    let journal = Journal::parse(&text).map_err(|source| {
        let name = args.journal.to_string();
        Error::Journal { name, source }
    })?;
    if is_cut(&text, &journal) {
        out.tell(format_args!(
            "{}: the last line was cut off, and is left out",
            args.journal
        ))?;
    }
    let engine = table(args, &journal, out)?;
    let steps = replay(engine, &journal);
    if out.is_json() {
        show_json(&steps, out)?;
    } else {
        show(&journal, &steps, out)?;
    }
    if !steps
        .iter()
        .flat_map(|step| &step.effects)
        .any(|effect| *effect == Effect::Done)
    {
        out.tell(format_args!("{}: ends before the call does", args.journal))?;
    }
    Ok(Status::Fine)
}

/// Whether a last line was left out.
fn is_cut(text: &str, journal: &Journal) -> bool {
    let lines = text.lines().filter(|line| !line.trim().is_empty()).count();
    lines > journal.entries.len().saturating_add(1)
}

/// The table that the call is put through.
fn table(args: &Replay, journal: &Journal, out: &mut Output) -> Result<Arc<Engine>, Error> {
    let wanted = journal.header.table.as_str();
    let (engine, origin) = match (&args.routes, &args.journal) {
        (Some(routes), _) => (table::load(routes)?, routes.to_string()),
        (None, Input::File(path)) => (table::kept(path, wanted)?, "the kept table".to_owned()),
        (None, Input::Stdin) => return Err(Error::NoFolder),
    };
    let found = engine.fingerprint();
    if found != wanted {
        out.tell(format_args!(
            "{origin} has the fingerprint {found}, the call began with {wanted}; \
             the replay may differ from the call"
        ))?;
    }
    Ok(engine)
}

/// How long after the call's first input a step was.
fn since(steps: &[Replayed], step: &Replayed) -> Duration {
    let first = steps
        .first()
        .map_or(Duration::ZERO, |first| first.entry.now().mono);
    step.entry.now().mono.saturating_sub(first)
}

#[derive(Serialize)]
struct Step<'a> {
    at_ms: u64,
    input: &'a SessionInput,
    effects: &'a [Effect],
}

fn show_json(steps: &[Replayed], out: &mut Output) -> Result<(), Error> {
    steps.iter().try_for_each(|step| {
        out.json(&Step {
            at_ms: u64::try_from(since(steps, step).as_millis()).unwrap_or(u64::MAX),
            input: &step.entry.input,
            effects: &step.effects,
        })
    })
}

fn show(journal: &Journal, steps: &[Replayed], out: &mut Output) -> Result<(), Error> {
    let event = &journal.header.event;
    let from = mask(event.from.as_str());
    let time = event.timestamp.to_rfc3339();
    out.line(format_args!(
        "call {}: {from} to {}, {time}",
        event.call_id, event.to
    ))?;
    let mut words = Words::default();
    for step in steps {
        let at = since(steps, step).as_secs_f64();
        out.line(format_args!(
            "+{at:7.3} s  {}",
            words.input(&step.entry.input)
        ))?;
        for effect in &step.effects {
            words.learn(effect);
            if let Some(line) = words.effect(effect) {
                out.line(format_args!("            {line}"))?;
            }
        }
    }
    Ok(())
}
