//! The contract from bytes to bytes: `cargo bench -p callroute-benches --bench contract`
//!
//! The mission's event in, typed event, typed answer, bytes of the ring-group answer out. The
//! baseline is the same on serde_json's untyped values.

mod measure;

use std::hint::black_box;

use callroute_schema::{Actions, Event};
use measure::{Measured, measure};
use serde_json::Value;

const EVENT: &[u8] = br#"{"event":"incoming_call","from":"+14155550123","to":"+13146523057","timestamp":"2026-04-21T14:32:00Z","call_id":"abc123xyz"}"#;
const ANSWER: &[u8] = br#"{"action":"forward","destination":{"type":"ring_group","members":["+16822306467","+12125551234"],"strategy":"simultaneous"}}"#;
/// The same, with the tags last: the tree is built.
const SHUFFLED: &[u8] = br#"{"destination":{"members":["+16822306467","+12125551234"],"strategy":"simultaneous","type":"ring_group"},"action":"forward"}"#;

fn untyped(event: &[u8], answer: &[u8]) -> Option<String> {
    let event: Value = serde_json::from_slice(event).ok()?;
    black_box(event.get("to")?);
    let answer: Value = serde_json::from_slice(answer).ok()?;
    serde_json::to_string(&answer).ok()
}

fn typed(event: &[u8], answer: &[u8]) -> Option<String> {
    let event = Event::from_json(event).ok()?;
    black_box(&event.to);
    Some(Actions::from_json(answer).ok()?.to_json())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    if typed(EVENT, SHUFFLED).as_deref().map(str::as_bytes) != Some(ANSWER) {
        return Err("the typed way does not give the ring-group answer".into());
    }
    measure(
        "event in, answer in, answer out",
        vec![
            Measured::new("baseline: serde_json Value", || {
                black_box(untyped(black_box(EVENT), black_box(ANSWER)));
            })?,
            Measured::new("typed", || {
                black_box(typed(black_box(EVENT), black_box(ANSWER)));
            })?,
            Measured::new("typed, tags last in the answer", || {
                black_box(typed(black_box(EVENT), black_box(SHUFFLED)));
            })?,
            Measured::new("the event alone, typed", || {
                black_box(Event::from_json(black_box(EVENT)).is_ok());
            })?,
            Measured::new("the answer alone, typed", || {
                black_box(Actions::from_json(black_box(ANSWER)).is_ok());
            })?,
        ],
    )
}
