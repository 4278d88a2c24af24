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
  confirmed:
    action: forward
    destination:
      type: ring_group
      members: ["+16822306467", { to: "+12125551234", delay_s: 3 }, ann]
      strategy: progressive
      ring_s: 10
      repeats: 1
      confirm: true
      whisper: { say: "A call" }
      early_media: relay
      ringback: music
  helpdesk:
    action: queue
    name: helpdesk
    members: [ann, bob, "+16822306467"]
    strategy: progressive
    ring_s: 10
    wrap_up_s: 5
    max_size: 3
    max_wait_s: 120
    escalate: { every_s: 20, by: 3 }
    announce: { every_s: 15 }
    exit: "*"
    callback: "9"
    on: { failed: { action: voicemail, message: helpdesk } }
  vip_desk: { action: queue, name: helpdesk, members: [bob, cid], priority: 4, wait_when_empty: true }
agents:
  ann: { to: "sip:ann@pbx.example" }
  bob: { to: "sip:bob@pbx.example" }
  cid: { to: "+12125551234" }
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
  "+13146523065": helpdesk
  "+13146523066": vip_desk
  "+13146523067": confirmed
  "+13146523068": { action: voicemail, message: all, review: true, operator: in_turn, min_s: 2 }
  "+13146523069": [{ action: record, consent: { say: "recorded" } }, confirmed]
  "+13146523070": { action: park, timeout_s: 30, on: { no_answer: sales_group } }
  "+13146523071": { action: park, slot: "701" }
  "+13146523072": { action: conference, name: daily }
  "+13146523073": [{ action: collect, into: pin, min_digits: 2, max_digits: 4 }, { action: set, attributes: { a: b } }, in_turn]
  "+13146523074": { action: redirect, contacts: ["+16822306467"], on: { failed: in_turn } }
  "+13146523075":
    - { name: first, then: { action: continue } }
    - { name: second, when: { available: ann }, then: support_agent }
    - { name: third, then: helpdesk }
"#;

pub(crate) const NUMBERS: [&str; 20] = [
    "+13146523057",
    "+13146523058",
    "+13146523059",
    "+13146523060",
    "+13146523061",
    "+13146523062",
    "+13146523063",
    "+13146523064",
    "+19995550000",
    "+13146523065",
    "+13146523066",
    "+13146523067",
    "+13146523068",
    "+13146523069",
    "+13146523070",
    "+13146523071",
    "+13146523072",
    "+13146523073",
    "+13146523074",
    "+13146523075",
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
