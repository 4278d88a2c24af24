//! `route` with lookups, in a real database.

use crate::place::{Place, event};

const ROUTES: &str = r#"version: 1
region: US
default: { action: voicemail, message: general }
lookups:
  crm: { sql: "select tier from customers where phone = :from", budget_ms: 5000 }
numbers:
  "*":
    - { name: nobody knows, when: { missing: crm }, then: { action: busy } }
    - { name: gold, when: { attribute: { crm.tier: gold } }, then: { action: hangup } }
    - { name: others, then: { action: voicemail, message: others } }
"#;

/// A12, B30: the database decides, for each caller anew; one that cannot be asked is told of.
#[test]
fn the_database_decides() {
    let place = Place::new();
    place.file("routes.yaml", ROUTES);
    let database = place.path("crm.sqlite");
    let connection = rusqlite::Connection::open(&database).unwrap();
    connection
        .execute_batch(
            "create table customers (phone, tier);
             insert into customers values ('+14155550123', 'gold')",
        )
        .unwrap();
    let lines = [
        event("c1", "+14155550123", "14:32:00"),
        // A trunk that gives national numbers.
        event("c2", "4155550123", "14:32:00"),
        event("c3", "+14155550124", "14:32:00"),
        event("c4", "anonymous", "14:32:00"),
    ];
    place.file("events.jsonl", lines.join("\n"));
    let args = ["route", "--routes", "routes.yaml", "events.jsonl"];
    let with = [&args[..], &["--database", "crm.sqlite"]].concat();
    let ran = place.run(&with);
    assert_eq!((ran.code, &*ran.err), (0, ""));
    let actions = |ran: &crate::place::Ran| -> Vec<String> {
        let action = |line: serde_json::Value| line["actions"][0]["action"].to_string();
        ran.json().into_iter().map(action).collect()
    };
    let expected = ["\"hangup\"", "\"hangup\"", "\"voicemail\"", "\"voicemail\""];
    assert_eq!(actions(&ran), expected);

    let without = place.run(&args);
    assert_eq!(actions(&without), ["\"busy\""; 4]);
    assert!(
        without
            .err
            .contains("c1: not known: lookup crm: lookup `crm` is a query"),
        "{}",
        without.err
    );
    assert_eq!(without.json()[0]["missing"][0]["row"], "crm");
    let none = place.run(&[&args[..], &["--database", "none.sqlite"]].concat());
    assert_eq!(none.code, 3, "{}", none.err);
}

/// `continue` goes on with the next rule, and after the last with the default.
#[test]
fn a_rule_may_leave_it_to_the_next() {
    let place = Place::new();
    let routes = r#"version: 1
default: { action: busy }
numbers:
  "*":
    - { name: notes, then: [{ action: set, attributes: { seen: "yes" } }, { action: continue }] }
    - { name: one, when: { caller: { is: ["+14155550123"] } }, then: { action: hangup } }
    - { name: all, then: { action: continue } }
"#;
    place.file("routes.yaml", routes);
    let lines = [
        event("c1", "+14155550123", "14:32:00"),
        event("c2", "+14155550124", "14:32:00"),
    ];
    place.file("events.jsonl", lines.join("\n"));
    let ran = place.run(&["route", "--routes", "routes.yaml", "events.jsonl"]);
    assert_eq!((ran.code, &*ran.err), (0, ""));
    let kinds = |line: serde_json::Value| -> Vec<String> {
        let actions = line["actions"].as_array().unwrap();
        let kind = |action: &serde_json::Value| action["action"].as_str().unwrap().to_owned();
        actions.iter().map(kind).collect()
    };
    let found: Vec<_> = ran.json().into_iter().map(kinds).collect();
    assert_eq!(found, [["set", "hangup"], ["set", "busy"]]);
}

/// A line that is no event is told of in words or, with `--json`, as JSON; the others have their way.
#[test]
fn a_wrong_line_is_told_of_and_the_others_are_routed() {
    let place = Place::new();
    place.file(
        "routes.yaml",
        "version: 1\ndefault: { action: busy }\nnumbers: {}\n",
    );
    let lines = [
        event("c1", "+14155550123", "14:32:00").replace("\"from\"", "\"form\""),
        event("c2", "+14155550123", "14:32:00"),
    ];
    place.file("events.jsonl", lines.join("\n"));
    let args = ["route", "--routes", "routes.yaml", "events.jsonl"];
    let ran = place.run(&args);
    assert_eq!((ran.code, ran.json().len()), (1, 1), "{}", ran.err);
    assert!(ran.err.starts_with("events.jsonl:1: "), "{}", ran.err);
    let ran = place.run(&[&["--json"], &args[..]].concat());
    let told: serde_json::Value = serde_json::from_str(&ran.err).unwrap();
    assert_eq!(
        (&told["line"], &told["file"]),
        (&1.into(), &"events.jsonl".into())
    );
    assert!(told["message"].as_str().unwrap().contains("form"), "{told}");
}
