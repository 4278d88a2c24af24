//! Variables filled in, and left out.

use callroute_schema::Event;

use crate::engine::{Engine, Facts, Outcome};

fn engine(text: &str) -> Engine {
    crate::load("routes.yaml", text, &(), &crate::ChronoTz).unwrap()
}

/// With a file beside it.
fn engine_with(text: &str, name: &str, file: &str) -> Engine {
    let files = vec![crate::SourceFile {
        name: name.to_owned(),
        text: file.to_owned(),
    }];
    crate::load("routes.yaml", text, &files, &crate::ChronoTz).unwrap()
}

fn decided(engine: &Engine, to: &str) -> (String, bool) {
    decided_at(engine, "2026-04-21T14:32:00Z", "+14155550123", to)
}

fn decided_at(engine: &Engine, time: &str, from: &str, to: &str) -> (String, bool) {
    let event = format!(
        r#"{{"event":"incoming_call","from":"{from}","to":"{to}","timestamp":"{time}","call_id":"a"}}"#
    );
    let event: Event = serde_json::from_str(&event).unwrap();
    match engine.decide(&event, &Facts::default()) {
        Outcome::Decided(decision) => (
            decision.to_json().into_owned(),
            decision.unfilled().is_some(),
        ),
        Outcome::Need(lookup) => panic!("needs {lookup}"),
    }
}

#[test]
fn only_what_is_done_at_once_has_to_be_known() {
    let engine = engine(
        r#"
version: 1
default: [{ action: say, text: "Hello {from}" }, { action: say, text: "{attributes.x}" }]
numbers:
  "+1": [{ then: { action: say, text: "{attributes.x}" } }]
  "+2": [{ then: [{ action: set, attributes: { x: "1" } }, { action: say, text: "{attributes.x} of {from}" }] }]
  "+3":
    - then: { action: forward, destination: { type: number, number: "{from}" }, on: { failed: { action: say, text: "{attributes.x}" } } }
"#,
    );
    for (to, text, unfilled) in [
        ("+9", r#""text":"Hello +14155550123""#, false),
        ("+1", r#""text":"Hello +14155550123""#, true),
        ("+2", r#""text":"{attributes.x} of {from}""#, false),
        ("+3", r#""number":"+14155550123""#, false),
        ("+3", r#""text":"{attributes.x}""#, false),
    ] {
        let (json, wrong) = decided(&engine, to);
        assert!(json.contains(text), "{to}: {json}");
        assert_eq!(wrong, unfilled, "{to}");
    }
}

#[test]
fn what_is_not_known_takes_its_own_branch() {
    let engine = engine(
        r#"
version: 1
default: [{ action: say, text: "Hello {attributes.x}." }, { action: say, text: "Bye" }]
targets: { box: [{ action: say, text: "Oh" }, { action: voicemail, message: sales }] }
numbers:
  "+1": { action: forward, destination: { type: number, number: "{attributes.x}" }, on: { failed: box } }
  "+2": { action: forward, destination: { type: number, number: "{attributes.x}" }, on: { busy: box } }
"#,
    );
    let (json, wrong) = decided(&engine, "+1");
    assert!(json.contains("Oh") && json.contains("sales"), "{json}");
    assert!(!wrong);
    // The default's text goes without.
    let (json, wrong) = decided(&engine, "+2");
    assert!(json.contains(r#""text":"Hello .""#), "{json}");
    assert!(wrong);
}

#[test]
fn a_rule_may_do_more_than_an_answer() {
    let hello: Vec<_> = (0..40)
        .map(|count| format!(r#"{{ action: say, text: "Hello {count} {{from}}" }}"#))
        .collect();
    let key = |key: u32| format!(r#""{key}": {{ action: say, text: "{}" }}"#, "x".repeat(200));
    let keys: Vec<_> = (2000..2400).map(key).collect();
    let engine = engine(&format!(
        r#"
version: 1
default: {{ action: busy }}
targets: {{ hello: [{}] }}
numbers:
  "+1": [{{ then: [hello, hello] }}]
  "+2": [{{ then: {{ action: menu, prompt: {{ say: "Hello {{from}}" }}, options: {{ {} }} }} }}]
"#,
        hello.join(", "),
        keys.join(", ")
    ));
    for (to, text) in [
        ("+1", "Hello 39 +14155550123"),
        ("+2", "Hello +14155550123"),
    ] {
        let (json, unfilled) = decided(&engine, to);
        assert!(json.contains(text), "{to}: {json}");
        assert!(!unfilled, "{to}");
    }
}

#[test]
fn what_was_dialed_stays_one_user() {
    let engine = engine(
        r#"
version: 1
default: { action: busy }
numbers:
  "*": [{ then: { action: forward, destination: { type: sip, uri: "sip:{to}@pbx.example" } } }]
"#,
    );
    for (to, user) in [
        ("#97", "%2397"),
        ("+13146523057", "+13146523057"),
        ("*97", "*97"),
    ] {
        let (json, unfilled) = decided(&engine, to);
        assert!(json.contains(&format!("sip:{user}@pbx.example")), "{json}");
        assert!(!unfilled, "{to}");
    }
}

#[test]
fn a_value_in_a_web_address_is_one_value() {
    let engine = engine(
        r#"
version: 1
default: { action: busy }
prefixes: { branches: { entries: { "+1415": { name: "A&b=1/../x y", host: "crm.example" } } } }
numbers:
  "+1":
    - when: { caller: { prefix: branches } }
      then: { action: webhook, url: "https://{branches.host}/v1/{branches.name}?of={from}&n={branches.name}#x" }
"#,
    );
    let name = "A%26b%3D1%2F..%2Fx%20y";
    let url = format!("https://crm.example/v1/{name}?of=%2B14155550123&n={name}#x");
    let (json, unfilled) = decided(&engine, "+1");
    assert!(json.contains(&format!(r#""url":"{url}""#)), "{json}");
    assert!(!unfilled);
}

#[test]
fn only_the_number_of_a_destination_loses_its_separators() {
    let engine = engine(
        r#"
version: 1
default: { action: busy }
prefixes: { branches: { entries: { "+1415": { number: "AB-12.34 (x)" } } } }
numbers:
  "+1":
    - when: { caller: { prefix: branches } }
      then: [{ action: set, attributes: { number: "{branches.number}", other: "{branches.number}", type: number } }, { action: busy }]
  "+2":
    - then: [{ action: collect, into: pin, max_digits: 4 }, { action: forward, destination: { type: number, number: "{attributes.pin}" } }]
"#,
    );
    let (json, _) = decided(&engine, "+1");
    assert!(json.contains(r#""number":"AB-12.34 (x)""#), "{json}");
    assert!(json.contains(r#""other":"AB-12.34 (x)""#), "{json}");
    let (json, _) = decided(&engine, "+2");
    assert!(json.contains(r#""number":"{attributes.pin}""#), "{json}");
}

#[test]
fn a_number_of_a_column_may_be_written_as_people_do() {
    let engine = engine(
        r#"
version: 1
default: { action: busy }
prefixes: { branches: { entries: { "+1415": { number: "(312) 555-0100" } } } }
numbers:
  "+1": [{ when: { caller: { prefix: branches } }, then: { action: forward, destination: { type: number, number: "{branches.number}" } } }]
"#,
    );
    let (json, _) = decided(&engine, "+1");
    assert!(json.contains(r#""number":"3125550100""#), "{json}");
}

/// As a number, as a SIP user, and as one of the numbers that begin so.
#[test]
fn a_number_that_stands_in_the_file_too_keeps_its_row() {
    for written in ["+14155550123", "alice", "+1415*"] {
        let (from, number) = match written {
            "alice" => ("alice", "alice"),
            _ => ("+14155550123", "+14155550123"),
        };
        let engine = engine_with(
            &format!(
                r#"
version: 1
default: {{ action: busy }}
callers: {{ vip: {{ file: v.csv, numbers: [anonymous, "{number}", "+1900*", bob] }} }}
numbers:
  "*": [{{ when: {{ caller: {{ in: vip }} }}, then: {{ action: say, text: "{{vip.owner}}" }} }}]
"#
            ),
            "v.csv",
            &format!("number,owner\n{written},cem\n"),
        );
        for (from, wanted) in [(from, r#""text":"cem""#), ("bob", "busy")] {
            let (json, _) = decided_at(&engine, "2026-04-21T14:32:00Z", from, "+1");
            assert!(json.contains(wanted), "{written} {from}: {json}");
        }
    }
}

#[test]
fn a_change_of_hours_a_week_ahead_is_told_with_its_date() {
    let engine = engine(
        r#"
version: 1
default: { action: busy }
hours: { office: { zone: UTC, open: "Mo-Fr 09:00-17:00; Dec 24-Jan 3 off" } }
numbers:
  "*": [{ then: { action: say, text: "{hours.office.next_change}" } }]
"#,
    );
    for (day, wanted) in [
        // A Wednesday, then Christmas Eve.
        ("2026-12-23", "Wednesday 17:00"),
        ("2026-12-24", "Monday 4 January 09:00"),
        ("2026-12-28", "Monday 4 January 09:00"),
        ("2026-12-29", "Monday 09:00"),
    ] {
        let (json, _) = decided_at(&engine, &format!("{day}T10:00:00Z"), "+14155550123", "+1");
        assert!(
            json.contains(&format!(r#""text":"{wanted}""#)),
            "{day}: {json}"
        );
    }
}

#[test]
fn the_name_of_a_column_may_have_a_digit() {
    let engine = engine_with(
        r#"
version: 1
default: { action: busy }
callers: { vip: { file: v.csv } }
numbers:
  "*": [{ when: { caller: { in: vip } }, then: { action: say, text: "{vip.line1}" } }]
"#,
        "v.csv",
        "name,number,line1\nAnn,+14155550123,cem\n",
    );
    let (json, unfilled) = decided(&engine, "+1");
    assert!(json.contains(r#""text":"cem""#), "{json}");
    assert!(!unfilled);
    let (json, _) = decided_at(&engine, "2026-04-21T14:32:00Z", "number", "+1");
    assert!(json.contains("busy"), "a heading is no caller: {json}");
}
