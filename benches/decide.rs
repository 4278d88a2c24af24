//! B33: decision latency for the example routing file: `cargo bench -p callroute-benches --bench decide`
//!
//! The baseline, measured in the same run and in turn with the decision, is serde_json parsing the
//! mission's event into an untyped value: what any router in Rust pays before it decides anything.

mod measure;

use std::hint::black_box;

use callroute_rules::{ChronoTz, Engine, Facts, load};
use callroute_schema::Event;
use measure::{Measured, measure};

const EVENT: &str = r#"{"event":"incoming_call","from":"+14155550123","to":"+13146523057","timestamp":"2026-04-21T14:32:00Z","call_id":"abc123xyz"}"#;

fn event(to: &str, time: &str) -> Result<Event, Box<dyn std::error::Error>> {
    let mut event = Event::from_json(EVENT.replace("+13146523057", to).as_bytes())?;
    event.timestamp = time.parse()?;
    Ok(event)
}

fn decide(engine: &Engine, event: &Event, facts: &Facts) {
    black_box(engine.decide(black_box(event), facts));
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let table = include_str!("../examples/routes.yaml");
    let engine = load("routes.yaml", table, &(), &ChronoTz)?;
    let facts = Facts::default();
    let open = event("+13146523057", "2026-04-21T14:32:00Z")?;
    let closed = event("+13146523057", "2026-04-22T03:32:00Z")?;
    let unknown = event("+19995550000", "2026-04-21T14:32:00Z")?;
    measure(
        "decisions for examples/routes.yaml",
        vec![
            Measured::new("baseline: serde_json Value", || {
                black_box(serde_json::from_str::<serde_json::Value>(black_box(EVENT)).is_ok());
            })?,
            Measured::new("office hours: third rule", || {
                decide(&engine, &open, &facts)
            })?,
            Measured::new("after hours: second rule", || {
                decide(&engine, &closed, &facts)
            })?,
            Measured::new("unknown number: default", || {
                decide(&engine, &unknown, &facts)
            })?,
        ],
    )
}
