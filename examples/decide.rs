//! B3, B37: the pure decision, without runtime or network: `cargo run --example decide`

use callroute_rules::{ChronoTz, Facts, Outcome, load};
use callroute_schema::Event;

const EVENT: &str = r#"{"event":"incoming_call","from":"+14155550123","to":"+13146523057","timestamp":"2026-04-21T14:32:00Z","call_id":"abc123xyz"}"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let table = include_str!("routes.yaml");
    let engine = load("routes.yaml", table, &(), &ChronoTz)?;

    let mut event = Event::from_json(EVENT.as_bytes())?;
    for time in ["2026-04-21T14:32:00Z", "2026-04-21T23:32:00-04:00"] {
        event.timestamp = time.parse()?;
        if let Outcome::Decided(decision) = engine.decide(&event, &Facts::default()) {
            println!("{time}: {}", decision.rule());
            println!("    {:?}", decision.actions());
        }
        println!("{}", engine.explain(&event, &Facts::default()));
    }
    Ok(())
}
