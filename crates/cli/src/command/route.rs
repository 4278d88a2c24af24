//! `route`: the whole way of a call, webhooks included: events in, what would be done out.

use std::time::Duration;

use callroute_router::{Lookups, Routed, Way, endpoints_of};
use callroute_rules::Lookup;
use callroute_schema::{Action, CallId};
use callroute_store::SqliteRows;
use callroute_webhook::{Client, ClientConfig, Failure};
use serde::Serialize;

use crate::args::Route;
use crate::error::Error;
use crate::events::{read, tell};
use crate::facts;
use crate::input::Input;
use crate::output::Output;
use crate::status::Status;
use crate::table;

pub(crate) fn run(args: &Route, out: &mut Output) -> Result<Status, Error> {
    if args.routes == Input::Stdin && args.events == Input::Stdin {
        return Err(Error::StdinTwice);
    }
    let engine = table::load(&args.routes)?;
    let (_, faults) = endpoints_of(&engine);
    if let Some(fault) = faults.into_iter().next() {
        return Err(fault.into());
    }
    let runtime = super::trigger::runtime()?;
    let lookups = match &args.database {
        Some(file) => Lookups::default().with_database(SqliteRows::open(file)?),
        None => Lookups::default(),
    };
    let way = Way::new(Client::new(ClientConfig::default()), lookups);
    let facts = facts::read(args.facts.as_ref())?;
    let mut lines = args.events.lines()?;
    let mut status = Status::Fine;
    while let Some(line) = lines.next(out)? {
        let number = line.number;
        match read(&line) {
            Ok(event) => {
                let call_id = event.call_id.clone();
                let routed = runtime.block_on(way.of(&engine, event, facts.clone()));
                for why in &routed.why {
                    out.tell(format_args!("{call_id}: {why}"))?;
                }
                out.json(&Printed::new(call_id, routed))?;
            }
            Err(wrong) => {
                status = Status::Findings;
                tell(&args.events, number, &wrong, out)?;
            }
        }
    }
    Ok(status)
}

/// One call's way, as it is printed.
#[derive(Debug, Serialize)]
struct Printed {
    call_id: CallId,
    actions: Vec<Action>,
    source: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<Failure>,
    /// A variable that was not known where it was wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    unfilled: Option<String>,
    elapsed_ms: u64,
    attempts: Vec<Attempt>,
    /// Facts from outside that rules asked for, and that could not be had.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<Lookup>,
}

/// What one URL did.
#[derive(Debug, Serialize)]
struct Attempt {
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<Failure>,
    elapsed_ms: u64,
    reused: bool,
}

impl Printed {
    fn new(call_id: CallId, routed: Routed) -> Self {
        let attempt = |one: callroute_webhook::Attempt| Attempt {
            url: one.url.to_string(),
            status: one.status,
            failure: one.failure,
            elapsed_ms: ms(one.elapsed),
            reused: one.reused,
        };
        Self {
            call_id,
            actions: routed.actions,
            source: routed.source.as_str(),
            failure: routed.failure,
            unfilled: routed.unfilled.map(|error| error.to_string()),
            elapsed_ms: ms(routed.elapsed),
            attempts: routed.attempts.into_iter().map(attempt).collect(),
            missing: routed.missing,
        }
    }
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
