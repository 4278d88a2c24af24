//! Tells a switch where its calls go, by a routing file and its webhooks, and carries none of them:
//! `cargo run --release --example redirect -- --trunk sip:gateway.example --switch 192.0.2.0/24`
//!
//! The switch sends each call here first, and hears 302 with Contacts, or a refusal. What the table
//! alone decides is answered by the thread that reads the socket at once; while a webhook is asked it
//! answers others, and none waits for it.

#[path = "common/contact.rs"]
mod contact;
#[path = "common/reload.rs"]
mod reload;
#[path = "common/signal.rs"]
mod signal;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use callroute_media::OfferedCall;
use callroute_router::{Lookups, RouteSource, Way};
use callroute_rules::{Engine, Facts};
use callroute_schema::Action;
use callroute_sip::redirect::{Config, Places, Redirector, Responder, Verdict};
use callroute_store::SqliteRows;
use callroute_tables::TableHandle;
use callroute_webhook::{Client, ClientConfig};
use chrono::{DateTime, Utc};
use clap::Parser;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A redirect server: answers INVITEs with where the call goes.
#[derive(Debug, Parser)]
struct Args {
    /// Where to listen, on UDP
    #[arg(long, default_value = "127.0.0.1:5060")]
    listen: SocketAddr,
    /// The routing file; a change is taken with the next call
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/routes.yaml"))]
    routes: PathBuf,
    /// The gateway for numbers, as in sip:gateway.example:5060
    #[arg(long)]
    trunk: Option<String>,
    /// Who has a SIP URI of their own, as in +16822306467=sip:ann@192.0.2.7; may be repeated
    #[arg(long, value_parser = contact::read)]
    contact: Vec<(String, String)>,
    /// The router that answers calls, as in sip:192.0.2.9:5080 (the example `router`): for menus,
    /// messages, queues and ring groups
    #[arg(long)]
    answering: Option<String>,
    /// The switches that ask, as an address or a network: the limits for strangers are not for
    /// them, and whom they assert by P-Asserted-Identity is who calls; may be repeated
    #[arg(long)]
    switch: Vec<callroute_sip::Network>,
    /// The database that `sql` lookups of the routing file ask, an SQLite file
    #[arg(long)]
    database: Option<PathBuf>,
    /// Threads, each with a socket of its own
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: u16,
    /// How many microseconds a thread keeps looking for the next call before it sleeps, for who has
    /// a core for each of them
    #[arg(long, default_value_t = 0)]
    spin: u64,
    /// Do not print the calls
    #[arg(long)]
    quiet: bool,
}

/// What decides.
struct Desk {
    table: TableHandle,
    way: Way,
    places: Places,
    quiet: bool,
}

impl Desk {
    fn decide(self: &Arc<Self>, offer: &OfferedCall, responder: Responder) {
        let engine = self.table.current();
        let event = Way::event(offer.clone(), Utc::now());
        let at = event.timestamp.to_utc();
        if let Some(decision) = Way::at_once(&engine, &event, &Facts::default())
            && let Some(action) = decision.actions().iter().find(|action| !is_set(action))
            && let Some(verdict) = self.verdict(&engine, action, offer, at)
        {
            self.tell(offer, &verdict, &decision.rule().to_string());
            responder.answer(verdict);
            return;
        }
        let (desk, offer) = (Arc::clone(self), offer.clone());
        responder.answer_later(async move {
            let place = |action: &Action| desk.verdict(&engine, action, &offer, at);
            let way = desk.way.first(&engine, event, Facts::default(), place);
            let (verdict, routed) = way.await;
            // Without a Contact it is 480.
            let verdict = verdict.unwrap_or(Verdict::Redirect {
                contacts: Vec::new(),
            });
            let by = match (&routed.failure, routed.source) {
                (Some(failure), source) => {
                    let by = match source {
                        RouteSource::LastGood => "last good answer",
                        _ => "fallback",
                    };
                    format!("{by}, {}: {}", failure.class, failure.detail)
                }
                (None, RouteSource::Table) => "table".to_owned(),
                (None, _) => format!("webhook, {} ms", routed.elapsed.as_millis()),
            };
            desk.tell(&offer, &verdict, &by);
            verdict
        });
    }

    fn verdict(
        &self,
        engine: &Engine,
        action: &Action,
        offer: &OfferedCall,
        at: DateTime<Utc>,
    ) -> Option<Verdict> {
        let reach = |agent: &str| {
            let name = engine.on_duty(agent, at).unwrap_or(agent);
            // Who is off shift is reached nowhere.
            let works = engine.is_on_shift(name, at);
            engine.reach(name, at).filter(|_| works).cloned()
        };
        self.places.verdict(action, offer, &reach)
    }

    fn tell(&self, offer: &OfferedCall, verdict: &Verdict, by: &str) {
        if self.quiet {
            return;
        }
        let to = match verdict {
            Verdict::Redirect { contacts } if contacts.is_empty() => {
                "480: no --trunk, --contact or --answering leads there, nor to the default"
                    .to_owned()
            }
            Verdict::Redirect { contacts } => format!("302 {}", contacts.join(" ")),
            Verdict::Refuse { status, .. } => status.to_string(),
            other => format!("{other:?}"),
        };
        println!("{} -> {}: {to} ({by})", offer.from, offer.to);
    }
}

/// It is for rules and webhooks, which are asked before; the caller goes on.
fn is_set(action: &Action) -> bool {
    matches!(action, Action::Set(_))
}

async fn serve(args: Args) -> Result<(), Failure> {
    let lookups = match &args.database {
        Some(file) => Lookups::default().with_database(SqliteRows::open(file)?),
        None => Lookups::default(),
    };
    let table = reload::open(&args.routes, &lookups)?;
    let places = Places {
        trunk: args.trunk,
        contacts: args.contact.into_iter().collect(),
        answering: args.answering,
        ..Places::default()
    };
    places.check()?;
    let desk = Arc::new(Desk {
        table: table.handle(),
        way: Way::new(Client::new(ClientConfig::default()), lookups),
        places,
        quiet: args.quiet,
    });
    let mut config = Config::new(args.listen);
    config.shards = args.threads.into();
    config.spin = Duration::from_micros(args.spin);
    config.protection.exempt = args.switch;
    let redirector =
        Redirector::start(&config, move |offer: &OfferedCall, responder: Responder| {
            desk.decide(offer, responder);
        })?;
    let _watch = table.watch(Duration::from_secs(1), reload::told)?;
    println!("routes: {}", args.routes.display());
    println!(
        "redirecting on {}, SIP over UDP; Ctrl-C or SIGTERM stops",
        redirector.local_addr()
    );
    signal::stop().await?;
    Ok(())
}

#[tokio::main]
async fn main() -> ExitCode {
    match serve(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
