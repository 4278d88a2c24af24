//! Every condition of the routing file, by what it decides.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

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
            "no",
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
    let calls = || Lookup::Calls("sales".to_owned());
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
        (
            "{ calls: { on: sales, below: 3 } }",
            Facts::new(),
            "calls on sales",
        ),
        (
            "{ calls: { on: sales, below: 3 } }",
            known(calls(), Fact::Count(2)),
            "yes",
        ),
        (
            "{ calls: { on: sales, at_least: 3 } }",
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

#[test]
fn emergency_numbers_are_only_decided_by_what_names_them() {
    let call = |to: &str| with("to", to);
    let facts = Facts::new();
    for when in [
        "{ dialed: { prefix: \"9\" } }",
        "{ share: 100 }",
        "{ open: office }",
    ] {
        let engine = asks(when);
        let rule = |to: &str| match engine.decide(&call(to), &facts) {
            Outcome::Decided(decision) => decision.rule().to_string(),
            Outcome::Need(lookup) => lookup.to_string(),
        };
        assert_eq!(rule("911"), "default", "{when}");
        assert_eq!(rule("112"), "default", "{when}");
        assert_ne!(rule("9110"), "default", "{when}");
    }
    let named = asks("{ dialed: { is: [\"911\", \"112\"] } }");
    assert_eq!(told(&named, &call("911"), &facts), "yes");
    assert!(
        named
            .explain(&call("911"), &facts)
            .to_string()
            .contains("an emergency number")
    );
    let own = table(
        "numbers:\n  \"911\":\n    - { when: { caller: { in: blocked } }, then: { action: reject } }\n    - { then: \"yes\" }\n  \"9*\": { action: hangup }\n",
    );
    let blocked = event(json!({ "to": "911", "from": "+19005550100" }));
    assert_eq!(
        told(&own, &blocked, &facts),
        "yes",
        "a list never blocks it"
    );
    let withheld = event(json!({ "to": "911", "from": "anonymous" }));
    assert_eq!(told(&own, &withheld, &facts), "yes");
}

/// A5, A26: the nearest branch, by its prefixes and failing that by distance.
#[test]
fn variables_are_filled_in() {
    let engine = table(
        r#"numbers:
  "+13146523057":
    - { when: { caller: { prefix: branches } }, then: { action: forward, destination: { type: number, number: "{branches.number}" } } }
    - { when: { digits: 1 }, then: { action: say, text: "{from_name} from {from} pressed {digits}. We open {hours.office.next_change}." } }
    - { then: { action: say, text: "Your order is {attributes.order}", on: { failed: { action: voicemail, message: "{call_id}" } } } }
"#,
    );
    let said = |event: &Event, facts: &Facts| match engine.decide(event, facts) {
        Outcome::Decided(decision) => (
            decision.to_json().into_owned(),
            decision.unfilled().map(ToString::to_string),
        ),
        Outcome::Need(lookup) => (lookup.to_string(), None),
    };
    let facts = known(Lookup::Row("crm".to_owned()), Fact::No);
    for (from, number) in [
        ("+14155550123", "+14155550100"),
        ("+13125550123", "+13125550100"),
        ("+13145550123", "+13125550100"),
        ("+12065550123", "+14155550100"),
    ] {
        assert_eq!(
            said(&with("from", from), &facts).0,
            format!(
                r#"{{"action":"forward","destination":{{"type":"number","number":"{number}"}}}}"#
            )
        );
    }
    let pressed = event(json!({
        "from": "+35316799222", "from_name": "Ann {to}", "timestamp": "2026-04-25T14:00:00Z",
        "menu": { "digits": "1", "attempt": 1 }, "event": "menu_input",
    }));
    assert_eq!(
        said(&pressed, &facts).0,
        r#"{"action":"say","text":"Ann to from +35316799222 pressed 1. We open Monday 09:00."}"#
    );
    let order =
        event(json!({ "from": "+35316799222", "attributes": { "order": "on \"its\" way" } }));
    assert_eq!(
        said(&order, &facts).0,
        r#"{"action":"say","text":"Your order is on \"its\" way","on":{"failed":{"action":"voicemail","message":"abc123xyz"}}}"#
    );
    // Not known: the call takes the default, and the decision says why.
    let (json, why) = said(&with("from", "+35316799222"), &facts);
    assert_eq!(json, r#"{"action":"voicemail","message":"general"}"#);
    assert_eq!(
        why.unwrap(),
        "`attributes.order` is not known for this call"
    );
}

#[test]
fn a_rule_can_be_passed_on() {
    let engine = table(
        "numbers:\n  \"*\":\n    - { name: first, when: { caller: { prefix: \"+1\" } }, then: { action: hangup } }\n    - { name: second, then: \"yes\" }\n",
    );
    let (event, facts) = (event(json!({})), Facts::new());
    let Outcome::Decided(first) = engine.decide(&event, &facts) else {
        panic!("needs a fact")
    };
    assert!(first.rule().to_string().contains("first"));
    let Outcome::Decided(second) = engine.decide_after(&event, &facts, first.id().unwrap()) else {
        panic!("needs a fact")
    };
    assert!(second.rule().to_string().contains("second"));
    let Outcome::Decided(last) = engine.decide_after(&event, &facts, second.id().unwrap()) else {
        panic!("needs a fact")
    };
    assert_eq!(last.rule().to_string(), "default");
}

#[test]
fn bytes_in_and_bytes_out() {
    let engine = asks("{ open: office }");
    let json = event(json!({})).to_json();
    let decided = engine.decide_json(json.as_bytes(), &Facts::new()).unwrap();
    let Outcome::Decided(decision) = decided else {
        panic!("needs a fact")
    };
    assert_eq!(
        decision.to_json(),
        r#"{"action":"voicemail","message":"yes"}"#
    );
    assert!(
        engine
            .decide_json(b"{\"event\":\"nonsense\"}", &Facts::new())
            .is_err()
    );
}
