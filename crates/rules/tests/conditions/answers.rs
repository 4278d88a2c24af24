//! What is done when a condition holds: variables, emergency calls, rules that are passed on.

use callroute_rules::{Fact, Facts, Lookup, Outcome};
use callroute_schema::Event;
use serde_json::json;

use crate::{asks, event, known, table, told, with};

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

/// The row of a table is the one that a rule of the file matched: the dialed number's here.
#[test]
fn columns_are_of_the_number_that_was_asked_for() {
    let engine = table(
        r#"numbers:
  "*":
    - { when: { dialed: { prefix: branches }, attribute: { branches.label: Chicago } }, then: { action: say, text: "{branches.label}" } }
    - { when: { not: { dialed: { prefix: branches } } }, then: { action: hangup } }
    - { then: { action: say, text: "not {branches.label}" } }
"#,
    );
    for (to, expected) in [
        ("+13125550199", r#""text":"Chicago""#),
        ("+14155550199", r#""text":"not San Francisco""#),
        ("+13035550199", "hangup"),
    ] {
        let call = event(json!({ "from": "+14155550123", "to": to }));
        match engine.decide(&call, &Facts::new()) {
            Outcome::Decided(decision) => {
                let json = decision.to_json();
                assert!(json.contains(expected), "{to}: {json}");
            }
            Outcome::Need(lookup) => panic!("needs {lookup}"),
        }
    }
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
    // Not known: the call takes the branch for that.
    let (json, why) = said(&with("from", "+35316799222"), &facts);
    assert_eq!(json, r#"{"action":"voicemail","message":"abc123xyz"}"#);
    assert_eq!(why, None);
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
