//! Sales calls go to the representative whom the customer database names, support calls to the
//! engineer on shift: `cargo run --example crm`. The table is `examples/crm/routes.yaml`; the
//! database is a file of its own, made here. A router does the same with `RouterConfig::lookups`.

use std::collections::HashMap;

use callroute_router::{Asking, Lookups};
use callroute_rules::{ChronoTz, Engine, Fact, Facts, Lookup, Outcome, load};
use callroute_schema::Event;
use callroute_store::SqliteRows;
use callroute_webhook::{Client, ClientConfig};
use rusqlite::Connection;

type Failure = Box<dyn std::error::Error>;

const CUSTOMERS: &str = "
    create table customers (phone text primary key, owner text, tier text);
    insert into customers values ('+14155550123', 'ann', 'gold'), ('+14155550124', 'bob', 'tin');";

/// Says where a call goes: what the table asks for is found, and the table asked again.
async fn decide(engine: &Engine, lookups: &Lookups, event: &Event) -> String {
    let client = Client::new(ClientConfig::default());
    let (mut facts, endpoints) = (Facts::default(), HashMap::new());
    loop {
        let need = match engine.decide(event, &facts) {
            Outcome::Decided(decision) => {
                return format!("{}: {}", decision.rule(), decision.to_json());
            }
            Outcome::Need(need) => need,
        };
        let fact = match &need {
            Lookup::Row(name) => {
                let asking = Asking {
                    client: &client,
                    endpoints: &endpoints,
                };
                let (fact, why) = lookups.find(engine, name, event, asking).await;
                if let Some(why) = why {
                    println!("  {name}: {why}");
                }
                fact
            }
            // A router knows who is in a call; here nobody is.
            Lookup::Available(_) => Fact::Yes,
            _ => Fact::Missing,
        };
        facts.add(need, fact);
    }
}

fn event(from: &str, to: &str, time: &str) -> Result<Event, Failure> {
    let text = format!(
        r#"{{"event":"incoming_call","from":"{from}","to":"{to}","timestamp":"{time}","call_id":"c1"}}"#
    );
    Ok(Event::from_json(text.as_bytes())?)
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let engine = load("routes.yaml", include_str!("routes.yaml"), &(), &ChronoTz)?;
    let file = std::env::temp_dir().join(format!("callroute-crm-{}.sqlite", std::process::id()));
    let crm = Connection::open(&file)?;
    crm.execute_batch(CUSTOMERS)?;
    let lookups = Lookups::default().with_database(SqliteRows::open(&file)?);
    if let Some(fault) = lookups.check(&engine).into_iter().next() {
        return Err(fault.into());
    }
    let (sales, support) = ("+13145550001", "+13145550002");
    for (what, from, to, time) in [
        (
            "a customer of ann's",
            "+14155550123",
            sales,
            "2026-04-21T14:32:00Z",
        ),
        (
            "a customer of bob's",
            "+14155550124",
            sales,
            "2026-04-21T14:33:00Z",
        ),
        (
            "no customer yet",
            "+12125550100",
            sales,
            "2026-04-21T14:34:00Z",
        ),
        (
            "support, this week",
            "+14155550123",
            support,
            "2026-04-21T14:35:00Z",
        ),
        (
            "support, next week",
            "+14155550123",
            support,
            "2026-04-28T14:35:00Z",
        ),
    ] {
        let event = event(from, to, time)?;
        let on_call = engine.on_duty("on_call", event.timestamp.to_utc());
        println!("{what} ({} is on call)", on_call.unwrap_or("nobody"));
        println!("  {}", decide(&engine, &lookups, &event).await);
    }
    crm.execute("update customers set owner = 'bob' where owner = 'ann'", [])?;
    println!("ann's customers are given to bob; the very next call");
    let call = event("+14155550123", sales, "2026-04-21T14:40:00Z")?;
    println!("  {}", decide(&engine, &lookups, &call).await);
    drop((crm, lookups));
    std::fs::remove_file(&file)?;
    Ok(())
}
