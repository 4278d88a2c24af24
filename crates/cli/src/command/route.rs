//! `route`: the whole way of a call, webhooks included: events in, what would be done out.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use callroute_router::{Asking, Lookups, endpoints_of};
use callroute_rules::{Engine, Fact, Facts, Lookup, Outcome, check};
use callroute_schema::tree::ReadError;
use callroute_schema::{Action, Actions, CallId, Disposition, Event, Webhook};
use callroute_store::SqliteRows;
use callroute_webhook::{Asked, Client, ClientConfig, Endpoints, Failure, FailureClass};
use serde::Serialize;
use tokio::time::Instant;

use crate::args::Route;
use crate::error::Error;
use crate::facts;
use crate::input::{Input, Line, MAX_LINE};
use crate::output::Output;
use crate::status::Status;
use crate::table;

/// Most webhooks that one call asks, each answering with the next.
const MAX_ASKS: usize = 8;
/// Deadline of a webhook that has none of its own.
const DEADLINE_MS: u64 = 1_500;

pub(crate) fn run(args: &Route, out: &mut Output) -> Result<Status, Error> {
    if args.routes == Input::Stdin && args.events == Input::Stdin {
        return Err(Error::StdinTwice);
    }
    let engine = table::load(&args.routes)?;
    let (endpoints, faults) = endpoints_of(&engine);
    if let Some(fault) = faults.into_iter().next() {
        return Err(fault.into());
    }
    let runtime = super::trigger::runtime()?;
    let way = Way {
        engine,
        endpoints,
        client: Client::new(ClientConfig::default()),
        lookups: match &args.database {
            Some(file) => Lookups::default().with_database(SqliteRows::open(file)?),
            None => Lookups::default(),
        },
        facts: facts::read(args.facts.as_ref())?,
    };
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
        match read(&line) {
            Ok(event) => {
                let routed = runtime.block_on(way.of(event));
                for why in &routed.why {
                    out.tell(format_args!("{}: {why}", routed.call_id))?;
                }
                out.json(&routed)?;
            }
            Err(wrong) => {
                status = Status::Findings;
                out.tell(format_args!("{}:{number}: {wrong}", args.events))?;
            }
        }
    }
}

/// What is wrong with one line of events.
#[derive(Debug, thiserror::Error)]
enum Wrong {
    #[error("longer than {MAX_LINE} bytes, which no event is")]
    TooLong,
    #[error(transparent)]
    Event(#[from] ReadError),
}

fn read(line: &Line<'_>) -> Result<Event, Wrong> {
    Ok(Event::from_json(line.bytes.ok_or(Wrong::TooLong)?)?)
}

/// One call's way.
#[derive(Debug, Serialize)]
struct Routed {
    call_id: CallId,
    actions: Vec<Action>,
    source: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<Failure>,
    elapsed_ms: u64,
    attempts: Vec<Attempt>,
    /// Facts from outside that rules asked for, and that could not be had.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<Lookup>,
    /// Why not, where somebody was asked.
    #[serde(skip)]
    why: Vec<String>,
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

/// What calls go by.
struct Way {
    engine: Arc<Engine>,
    endpoints: HashMap<String, Endpoints>,
    client: Client,
    lookups: Lookups,
    facts: Facts,
}

impl Way {
    async fn of(&self, mut event: Event) -> Routed {
        let began = Instant::now();
        // Each ask's deadline counts from what it is asked about: the call, or the answer before.
        let mut since = began;
        let given = event.attributes.clone();
        let mut facts = self.facts.clone();
        let mut missing = Vec::new();
        let mut why = Vec::new();
        let decision = loop {
            // Each round asks for another fact, so that this ends.
            let need = match self.engine.decide(&event, &facts) {
                Outcome::Decided(decision) => break decision,
                Outcome::Need(need) => need,
            };
            let (fact, told) = self.look_up(&need, &event).await;
            if let Some(told) = told {
                why.push(format!("not known: {need}: {told}"));
            }
            if fact == Fact::Missing {
                missing.push(need.clone());
            }
            facts.add(need, fact);
        };
        let mut routed = Routed {
            call_id: event.call_id.clone(),
            actions: Vec::new(),
            source: "table",
            failure: None,
            elapsed_ms: 0,
            attempts: Vec::new(),
            missing,
            why,
        };
        let mut list = decision.actions().to_vec();
        let mut asks = 0;
        while let Some(place) = list
            .iter()
            .position(|action| matches!(action, Action::Webhook(_)))
        {
            let rest = list.split_off(place + 1);
            let Some(Action::Webhook(webhook)) = list.pop() else {
                break;
            };
            routed.actions.append(&mut list);
            asks += 1;
            let asked = match asks > MAX_ASKS {
                true => Err(Failure::new(
                    FailureClass::Deadline,
                    format!("{MAX_ASKS} webhooks were asked, each answering with the next"),
                )),
                false => self.ask(&webhook, &mut event, since, &mut routed).await,
            };
            since = Instant::now();
            list = match asked {
                Ok(actions) => {
                    event.attributes.clone_from(&given);
                    (routed.source, routed.failure) = ("webhook", None);
                    actions
                }
                Err(failure) => {
                    // As a session tells it to the next server.
                    let attributes = &mut event.attributes;
                    let name = webhook.name.as_ref().map_or("url", |name| name.as_str());
                    attributes.insert("webhook".to_owned(), name.to_owned());
                    attributes.insert("failure".to_owned(), failure.class.to_string());
                    (routed.source, routed.failure) = ("fallback", Some(failure));
                    self.fallback(&webhook, rest)
                }
            };
            if asks > MAX_ASKS {
                break;
            }
        }
        routed.actions.append(&mut list);
        routed.elapsed_ms = ms(began.elapsed());
        routed
    }

    /// What can be had without a router: what the table's lookups find.
    async fn look_up(&self, need: &Lookup, event: &Event) -> (Fact, Option<String>) {
        let Lookup::Row(name) = need else {
            return (Fact::Missing, None);
        };
        let asking = Asking {
            client: &self.client,
            endpoints: &self.endpoints,
        };
        self.lookups.find(&self.engine, name, event, asking).await
    }

    /// The actions that a webhook answers with, if they can be carried out.
    async fn ask(
        &self,
        webhook: &Webhook,
        event: &mut Event,
        since: Instant,
        routed: &mut Routed,
    ) -> Result<Vec<Action>, Failure> {
        let endpoints = self.endpoints(webhook)?;
        event.deadline_ms = Some(ms(endpoints.deadline));
        let Asked {
            result, attempts, ..
        } = self.client.ask_since(&endpoints, event, since).await;
        routed
            .attempts
            .extend(attempts.into_iter().map(|one| Attempt {
                url: one.url.to_string(),
                status: one.status,
                failure: one.failure,
                elapsed_ms: ms(one.elapsed),
                reused: one.reused,
            }));
        let actions = result?;
        let wrong = |told: String| Failure::new(FailureClass::BadSchema, told);
        let resolved = self
            .engine
            .resolve(&actions)
            .map_err(|error| wrong(error.to_string()))?;
        check(&actions).map_err(|error| wrong(error.to_string()))?;
        self.engine
            .permit(&actions)
            .map_err(|error| wrong(error.to_string()))?;
        Ok(resolved)
    }

    fn endpoints(&self, webhook: &Webhook) -> Result<Endpoints, Failure> {
        let config = |told: String| Failure::new(FailureClass::BadSchema, told);
        let mut endpoints = match (&webhook.name, &webhook.url) {
            (Some(name), _) => {
                let found = self.endpoints.get(name.as_str()).cloned();
                found.ok_or_else(|| config(format!("unknown webhook `{name}`")))?
            }
            (None, Some(url)) => {
                let deadline = Duration::from_millis(DEADLINE_MS);
                Endpoints::new("url", std::slice::from_ref(url), deadline, &[])
                    .map_err(|error| config(error.to_string()))?
            }
            (None, None) => {
                let told = "a webhook action needs a `name` or a `url`";
                return Err(config(told.to_owned()));
            }
        };
        if let Some(ms) = webhook.deadline_ms {
            endpoints.deadline = Duration::from_millis(ms);
        }
        Ok(endpoints)
    }

    /// `on.failed`, else the webhook's own fallback, else what comes after it, else the default.
    fn fallback(&self, webhook: &Webhook, rest: Vec<Action>) -> Vec<Action> {
        let name = webhook.name.as_ref();
        let spec = name.and_then(|name| self.engine.webhook(name.as_str()));
        let own = webhook
            .on
            .get(&Disposition::Failed)
            .or(spec.and_then(|spec| spec.fallback.as_ref()));
        let resolve = |actions: &Actions| {
            // The table was checked: all its names are there.
            self.engine
                .resolve(actions)
                .unwrap_or_else(|_| actions.as_slice().to_vec())
        };
        match own {
            Some(actions) => resolve(actions),
            None if !rest.is_empty() => rest,
            None => resolve(self.engine.default_actions()),
        }
    }
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
