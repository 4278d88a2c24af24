//! Every condition of the routing file, by what it decides.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod answers;
mod emergency;
mod explain;
mod forms;
mod written;

use callroute_rules::{ChronoTz, Engine, Fact, Facts, Lookup, Outcome, load};
use callroute_schema::Event;
use serde_json::{Value, json};

const HEAD: &str = r#"
version: 1
region: US
default: { action: voicemail, message: general }
hours: { office: { zone: America/New_York, open: "Mo-Fr 09:00-17:30" } }
callers:
  vip: { numbers: ["+14155550199"] }
  blocked: { numbers: ["+1900*", anonymous] }
  crm: { lookup: crm }
lookups: { crm: { sql: "select tier from customers where phone = :from" } }
prefixes:
  areas: { entries: { "+1314": { latitude: "38.63", longitude: "-90.20" }, "+1206": { latitude: "47.61", longitude: "-122.33" } } }
  branches:
    entries:
      "+1415": { label: San Francisco, number: "+14155550100", latitude: "37.77", longitude: "-122.42" }
      "+1312": { label: Chicago, number: "+13125550100", latitude: "41.88", longitude: "-87.63" }
    near: areas
overrides: { night: off }
agents:
  ann: { to: "sip:ann@pbx.example", shifts: [office] }
  bob: { to: "+12125550111", shifts: [duty] }
  cem: { to: "+12125550112" }
rotas: { duty: { who: [ann, bob], from: 2026-04-20 09:00, every: 1d, zone: America/New_York } }
targets:
  yes: { action: voicemail, message: "yes" }
  team: { action: forward, destination: { type: ring_group, members: [ann, cem] } }
"#;

fn table(numbers: &str) -> Engine {
    match load("routes.yaml", &format!("{HEAD}{numbers}"), &(), &ChronoTz) {
        Ok(engine) => engine,
        Err(faults) => panic!("{faults}"),
    }
}

/// One rule under `*` that leads to `yes`, and what else there is.
fn asks(when: &str) -> Engine {
    table(&format!(
        "numbers: {{ \"*\": [ {{ when: {when}, then: \"yes\" }}, {{ then: {{ action: hangup }} }} ] }}\n"
    ))
}

/// Tuesday 10:32 in New York.
fn event(more: impl Into<Value>) -> Event {
    let more: Value = more.into();
    let mut event = json!({
        "event": "incoming_call", "from": "+14155550123", "to": "+13146523057",
        "timestamp": "2026-04-21T14:32:00Z", "call_id": "abc123xyz",
    });
    for (key, value) in more.as_object().unwrap() {
        event[key] = value.clone();
    }
    Event::from_json(event.to_string().as_bytes()).unwrap()
}

fn with(key: &str, value: &str) -> Event {
    event(json!({ key: value }))
}

/// `yes`, `no`, or the fact that is needed.
fn told(engine: &Engine, event: &Event, facts: &Facts) -> String {
    match engine.decide(event, facts) {
        Outcome::Need(lookup) => lookup.to_string(),
        Outcome::Decided(decision) => match decision.to_json().contains("\"yes\"") {
            true => "yes".to_owned(),
            false => "no".to_owned(),
        },
    }
}

fn known(lookup: Lookup, fact: Fact) -> Facts {
    Facts::new().with(lookup, fact)
}

fn row(tier: &str) -> Fact {
    Fact::Row([("tier".to_owned(), tier.to_owned())].into())
}

/// B10, B31, A5, A13.
#[test]
fn conditions_on_the_event_alone() {
    for (when, event, expected) in [
        ("{ caller: { country: US } }", event(json!({})), "yes"),
        (
            "{ caller: { country: [CA, IE] } }",
            with("from", "+14165550123"),
            "yes",
        ),
        ("{ caller: { country: CA } }", event(json!({})), "no"),
        (
            "{ caller: { country: CA } }",
            with("from", "anonymous"),
            "no",
        ),
        (
            "{ caller: { region: MO } }",
            with("from", "+13145550123"),
            "yes",
        ),
        (
            "{ caller: { region: Missouri } }",
            with("from", "+13145550123"),
            "yes",
        ),
        (
            "{ caller: { region: Dublin } }",
            with("from", "+35316799222"),
            "yes",
        ),
        (
            "{ caller: { type: vip } }",
            with("from", "+14155550199"),
            "yes",
        ),
        (
            "{ caller: { type: blocked } }",
            with("from", "+19005550100"),
            "yes",
        ),
        (
            "{ caller: { type: blocked } }",
            with("from", "anonymous"),
            "yes",
        ),
        (
            "{ caller: { type: anonymous } }",
            with("from", "anonymous"),
            "yes",
        ),
        (
            "{ caller: { type: anonymous } }",
            with("from", "unavailable"),
            "no",
        ),
        (
            "{ caller: { type: new } }",
            with("from", "unavailable"),
            "no",
        ),
        (
            "{ caller: { is: \"(415) 555-0123\" } }",
            event(json!({})),
            "yes",
        ),
        (
            "{ caller: { is: \"+14155550123\" } }",
            with("from", "4155550123"),
            "yes",
        ),
        ("{ caller: { prefix: branches } }", event(json!({})), "yes"),
        (
            "{ caller: { prefix: branches } }",
            with("from", "+12065550123"),
            "yes",
        ),
        (
            "{ caller: { prefix: branches } }",
            with("from", "+35316799222"),
            "no",
        ),
        ("{ dialed: { prefix: \"+1314\" } }", event(json!({})), "yes"),
        ("{ dialed: { country: US } }", event(json!({})), "yes"),
        (
            "{ attribute: { tier: [gold, silver] } }",
            event(json!({ "attributes": { "tier": "gold" } })),
            "yes",
        ),
        (
            "{ attribute: { tier: \"go*\" } }",
            event(json!({ "attributes": { "tier": "gold" } })),
            "yes",
        ),
        (
            "{ attribute: { balance: { below: 10 } } }",
            event(json!({ "attributes": { "balance": "9.50" } })),
            "yes",
        ),
        (
            "{ attribute: { balance: { at_least: 10 } } }",
            event(json!({ "attributes": { "balance": "9.50" } })),
            "no",
        ),
        (
            "{ attribute: { balance: { below: 10 } } }",
            event(json!({ "attributes": { "balance": "much" } })),
            "no",
        ),
        (
            "{ header: { x-line: gold } }",
            event(json!({ "headers": { "X-Line": "gold" } })),
            "yes",
        ),
        (
            "{ header: { x-line: { exists: false } } }",
            event(json!({})),
            "yes",
        ),
        (
            "{ trunk: [west, east] }",
            event(json!({ "source": { "trunk": "east" } })),
            "yes",
        ),
        ("{ trunk: west }", event(json!({})), "no"),
        (
            "{ transport: tls }",
            event(json!({ "source": { "transport": "tls" } })),
            "yes",
        ),
        (
            "{ date: { zone: America/New_York, on: \"Apr 21\" } }",
            event(json!({})),
            "yes",
        ),
        (
            "{ date: { zone: Australia/Sydney, on: \"Apr 21\" } }",
            event(json!({})),
            "no",
        ),
        (
            "{ date: { zone: America/New_York, on: \"Tu[3]; Dec 24-Jan 2\" } }",
            event(json!({})),
            "yes",
        ),
        (
            "{ date: { zone: America/New_York, on: \"Tu[-1]\" } }",
            event(json!({})),
            "no",
        ),
        ("{ shift: { duty: bob } }", event(json!({})), "yes"),
        ("{ shift: { duty: [ann] } }", event(json!({})), "no"),
        (
            "{ shift: { duty: ann } }",
            with("timestamp", "2026-04-21T12:59:00Z"),
            "yes",
        ),
        (
            "{ shift: { duty: [ann, bob] } }",
            with("timestamp", "2026-04-20T12:59:00Z"),
            "no",
        ),
        ("{ override: night }", event(json!({})), "no"),
        ("{ share: 100 }", event(json!({})), "yes"),
        (
            "{ not: { caller: { prefix: \"+44\" } } }",
            event(json!({})),
            "yes",
        ),
        (
            "{ any: [ { digits: 1 }, { open: office } ] }",
            event(json!({})),
            "yes",
        ),
    ] {
        let engine = asks(when);
        assert_eq!(
            told(&engine, &event, &Facts::new()),
            expected,
            "{when} {event:?}"
        );
        let linear = engine.decide_linear(&event, &Facts::new());
        assert!(matches!(linear, Outcome::Decided(_)));
    }
}

/// A2, A4, A12, B30: two phases. What is not known is asked for; what could not be had is neither
/// true nor false.
#[test]
fn conditions_on_facts() {
    let crm = || Lookup::Row("crm".to_owned());
    let ann = || Lookup::Available("ann".to_owned());
    let calls = || Lookup::Calls("team".to_owned());
    let night = || Lookup::Override("night".to_owned());
    for (when, facts, expected) in [
        ("{ caller: { in: crm } }", Facts::new(), "lookup crm"),
        ("{ caller: { in: crm } }", known(crm(), row("gold")), "yes"),
        ("{ caller: { in: crm } }", known(crm(), Fact::No), "no"),
        ("{ caller: { in: crm } }", known(crm(), Fact::Missing), "no"),
        (
            "{ not: { caller: { in: crm } } }",
            known(crm(), Fact::Missing),
            "no",
        ),
        ("{ missing: crm }", known(crm(), Fact::Missing), "yes"),
        ("{ missing: crm }", known(crm(), Fact::No), "no"),
        ("{ missing: crm }", Facts::new(), "lookup crm"),
        ("{ attribute: { tier: gold } }", Facts::new(), "lookup crm"),
        (
            "{ attribute: { crm.tier: gold } }",
            known(crm(), row("gold")),
            "yes",
        ),
        (
            "{ attribute: { tier: gold } }",
            known(crm(), row("tin")),
            "no",
        ),
        ("{ caller: { type: known } }", known(crm(), Fact::No), "no"),
        ("{ caller: { type: new } }", Facts::new(), "lookup crm"),
        ("{ caller: { type: new } }", known(crm(), Fact::No), "yes"),
        ("{ available: ann }", Facts::new(), "available ann"),
        ("{ available: ann }", known(ann(), Fact::Yes), "yes"),
        ("{ available: ann }", known(ann(), Fact::No), "no"),
        ("{ available: ann }", known(ann(), Fact::Missing), "no"),
        ("{ available: team }", known(ann(), Fact::Yes), "yes"),
        (
            "{ available: team }",
            known(ann(), Fact::No),
            "available cem",
        ),
        ("{ available: duty }", Facts::new(), "available bob"),
        ("{ missing: team }", Facts::new(), "available ann"),
        ("{ missing: team }", known(ann(), Fact::Missing), "yes"),
        (
            "{ calls: { on: team, below: 3 } }",
            Facts::new(),
            "calls on team",
        ),
        (
            "{ calls: { on: team, below: 3 } }",
            known(calls(), Fact::Count(2)),
            "yes",
        ),
        (
            "{ calls: { on: team, at_least: 3 } }",
            known(calls(), Fact::Count(2)),
            "no",
        ),
        ("{ override: night }", known(night(), Fact::Yes), "yes"),
        // What is settled without it is not asked.
        ("{ digits: 1, available: ann }", Facts::new(), "no"),
        (
            "{ any: [ { caller: { prefix: \"+1\" } }, { available: ann } ] }",
            Facts::new(),
            "yes",
        ),
    ] {
        let engine = asks(when);
        let event = event(json!({}));
        assert_eq!(told(&engine, &event, &facts), expected, "{when}");
        let explained = engine.explain(&event, &facts).to_string();
        if expected != "yes" && expected != "no" {
            assert!(explained.contains("has to be asked"), "{explained}");
        }
        if facts.iter().any(|(_, fact)| *fact == Fact::Missing)
            && expected == "no"
            && !when.contains("missing")
        {
            assert!(
                explained.contains("cannot be told") && explained.contains("could not be had"),
                "{explained}"
            );
        }
    }
}

/// A3: who is off shift is not asked whether they can take a call.
#[test]
fn shifts_come_before_asking() {
    let engine = asks("{ available: ann }");
    let night = with("timestamp", "2026-04-22T02:00:00Z");
    assert_eq!(told(&engine, &night, &Facts::new()), "no");
    assert!(
        engine
            .explain(&night, &Facts::new())
            .to_string()
            .contains("ann: off shift")
    );
    let at = |text: &str| text.parse().unwrap();
    assert_eq!(
        engine.on_duty("duty", at("2026-04-21T14:00:00Z")),
        Some("bob")
    );
    assert_eq!(
        engine.on_duty("duty", at("2026-04-22T14:00:00Z")),
        Some("ann")
    );
    assert_eq!(
        engine
            .reach("duty", at("2026-04-21T14:00:00Z"))
            .unwrap()
            .as_str(),
        "+12125550111"
    );
    assert!(!engine.is_on_shift("ann", at("2026-04-22T02:00:00Z")));
    assert!(engine.is_on_shift("cem", at("2026-04-22T02:00:00Z")));
}

#[test]
fn a_share_is_a_share_and_stays_so() {
    let engine = asks("{ share: 30 }");
    let call = |id: u32| with("call_id", &format!("call-{id}"));
    let facts = Facts::new();
    let taken = (0..2_000)
        .filter(|id| told(&engine, &call(*id), &facts) == "yes")
        .count();
    assert!(
        (540..660).contains(&taken),
        "600 of 2,000 expected, found {taken}"
    );
    for id in 0..50 {
        assert_eq!(
            told(&engine, &call(id), &facts),
            told(&engine, &call(id), &facts)
        );
    }
    // The parts of a whole do not overlap, and leave nothing.
    let parts = [
        asks("{ share: 0-30 }"),
        asks("{ share: 30-30.5 }"),
        asks("{ share: 30.5-100 }"),
    ];
    for id in 0..500 {
        let hits = parts
            .iter()
            .filter(|part| told(part, &call(id), &facts) == "yes")
            .count();
        assert_eq!(hits, 1, "{id}");
    }
}
