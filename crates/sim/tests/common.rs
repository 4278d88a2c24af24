//! The mission's table and its calls, for the tests of this folder.

use std::sync::Arc;

use callroute_rules::{ChronoTz, Engine, load};
use callroute_schema::{Address, CallId, Caller, Event};

pub(crate) const TABLE: &str = r#"
version: 1
default: { action: voicemail, message: general }
hours:
  office: { zone: America/New_York, open: "Mo-Fr 09:00-17:30" }
webhooks:
  sales:
    urls: ["http://127.0.0.1:1/sales"]
    deadline_ms: 1500
    fallback: sales_group
  bare:
    urls: ["http://127.0.0.1:1/bare"]
targets:
  sales_group:
    action: forward
    destination: { type: ring_group, members: ["+16822306467", "+12125551234"], strategy: simultaneous, ring_s: 20 }
    on: { failed: { action: voicemail, message: sales } }
  in_turn:
    action: forward
    destination: { type: ring_group, members: ["+16822306467", "+12125551234", ann], strategy: sequential, ring_s: 10 }
  support_agent: { action: forward, destination: { type: agent, name: ann } }
  after_hours: { action: voicemail, message: office_closed }
agents:
  ann: { to: "sip:ann@pbx.example" }
menus:
  main:
    prompt: { say: "Press 1 for sales, 2 for support" }
    options:
      1: { action: webhook, name: sales }
      2: support_agent
      3: in_turn
      4: [{ action: say, text: "One moment." }, { action: play, prompt: thank_you }, in_turn]
      5: { action: webhook, name: bare }
      66: { action: hangup }
    on: { timeout: after_hours, invalid: { repeat: 2, then: after_hours } }
  loop:
    options: { 1: { action: menu, name: loop } }
numbers:
  "+13146523057":
    - { name: after hours, when: { closed: office }, then: after_hours }
    - { name: everybody else, then: { action: menu, name: main } }
  "+13146523058": support_agent
  "+13146523059": in_turn
  "+13146523060": { action: webhook, name: sales }
  "+13146523061": { action: reject, cause: user_busy }
  "+13146523062": { action: say, text: "Your order has been shipped." }
  "+13146523063": { action: menu, name: loop }
  "+13146523064": sales_group
"#;

pub(crate) const NUMBERS: [&str; 9] = [
    "+13146523057",
    "+13146523058",
    "+13146523059",
    "+13146523060",
    "+13146523061",
    "+13146523062",
    "+13146523063",
    "+13146523064",
    "+19995550000",
];

pub(crate) fn engine() -> Arc<Engine> {
    match load("routes.yaml", TABLE, &(), &ChronoTz) {
        Ok(engine) => Arc::new(engine),
        Err(faults) => panic!("{faults}"),
    }
}

pub(crate) fn call(to: &str, at: &str) -> Event {
    let event = || -> Result<Event, Box<dyn std::error::Error>> {
        Ok(Event::incoming_call(
            CallId::new("c1")?,
            Caller::Known(Address::new("+14155550123")?),
            Address::new(to)?,
            at.parse()?,
        ))
    };
    event().unwrap_or_else(|error| panic!("{to} at {at}: {error}"))
}

/// A Tuesday, 10:32 in New York.
pub(crate) const OPEN: &str = "2026-04-21T14:32:00Z";
/// The same day, 23:32 in New York.
pub(crate) const CLOSED: &str = "2026-04-22T03:32:00Z";
