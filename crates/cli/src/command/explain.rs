//! `explain`: every rule that was looked at, and what came of it.

use callroute_schema::Event;

use crate::args::Explain;
use crate::error::Error;
use crate::facts;
use crate::input::{Input, MAX_LINE};
use crate::output::Output;
use crate::status::Status;
use crate::table;

pub(crate) fn run(args: &Explain, out: &mut Output) -> Result<Status, Error> {
    if args.routes == Input::Stdin && args.event == Input::Stdin {
        return Err(Error::StdinTwice);
    }
    let engine = table::load(&args.routes)?;
    let mut event = Event::from_json(&args.event.bytes(MAX_LINE)?).map_err(|source| {
        let name = args.event.to_string();
        Error::Event { name, source }
    })?;
    if let Some(at) = args.at {
        event.timestamp = at;
    }
    let mut facts = facts::read(args.facts.as_ref())?;
    facts::decide(&engine, &event, &mut facts);
    let explanation = engine.explain(&event, &facts);
    if out.is_json() {
        out.json(&explanation)?;
    } else {
        let text = explanation.to_string();
        out.line(format_args!(
            "at {}, {}",
            event.timestamp.to_rfc3339(),
            text.trim_end()
        ))?;
    }
    Ok(Status::Fine)
}
