//! Calls for help: what may decide them, and what never does.

use callroute_rules::{ChronoTz, Engine, Facts, Outcome, load};
use serde_json::json;

use crate::event;

const BLOCKED: &str = "+14155550123";

fn file(region: &str, numbers: &str) -> Engine {
    let text = format!(
        r#"
version: 1
{region}
default: {{ action: voicemail, message: general }}
callers:
  blocked: {{ numbers: ["+1415*", anonymous] }}
  ok: {{ numbers: ["+1999*"] }}
lookups: {{ crm: {{ sql: "select tier from customers where phone = :from" }} }}
prefixes: {{ west: {{ entries: {{ "+1415": {{ label: San Francisco }} }} }} }}
targets:
  no: {{ action: reject, cause: call_rejected }}
  mailbox: {{ action: voicemail, message: blockedbox }}
  help: {{ action: forward, destination: {{ type: number, number: "911" }} }}
numbers:
{numbers}"#
    );
    match load("routes.yaml", &text, &(), &ChronoTz) {
        Ok(engine) => engine,
        Err(faults) => panic!("{faults}"),
    }
}

fn us(numbers: &str) -> Engine {
    file("region: US", numbers)
}

/// The rule that decides, by its name or its position; the index and the linear walk agree.
fn rule(engine: &Engine, from: &str, to: &str) -> String {
    let event = event(json!({ "from": from, "to": to }));
    let facts = Facts::new();
    let told = |outcome: Outcome<'_>| match outcome {
        Outcome::Decided(decision) => decision.rule().to_string(),
        Outcome::Need(lookup) => format!("needs {lookup}"),
    };
    let found = told(engine.decide(&event, &facts));
    assert_eq!(told(engine.decide_linear(&event, &facts)), found);
    assert_eq!(told(engine.explain(&event, &facts).outcome()), found);
    found
}

/// Every way of turning somebody away because of who calls.
#[test]
fn nothing_about_the_caller_keeps_a_call_for_help() {
    let whens = [
        "{ caller: { in: blocked } }",
        "{ caller: { type: blocked } }",
        "{ not: { caller: { in: ok } } }",
        "{ any: [ { caller: { in: blocked } }, { trunk: x } ] }",
        "{ all: [ { not: { not: { caller: { in: blocked } } } } ] }",
        "{ caller: { type: new } }",
        "{ caller: { prefix: \"+1415\" } }",
        "{ caller: { prefix: west } }",
        "{ caller: { prefix: [\"+1415\", \"+1416\"] } }",
        "{ caller: { is: \"+14155550123\" } }",
        "{ caller: { is: [\"+14155550123\", \"+14155550124\"] } }",
        "{ caller: { country: US } }",
        "{ caller: { region: [San Francisco, \"San Francisco, CA\"] } }",
        "{ caller: { anonymous: false } }",
        "{ not: { attribute: { crm.tier: gold } } }",
        "{ missing: crm }",
        "{ dialed: { is: \"911\" }, caller: { in: blocked } }",
    ];
    let thens = [
        "no",
        "mailbox",
        "{ action: busy }",
        "{ action: hangup }",
        "[ { action: set, attributes: { why: blocked } }, no ]",
        "[ { action: say, text: sorry }, no ]",
        "{ action: say, text: sorry }",
        "{ action: menu, options: { 1: help } }",
    ];
    for when in whens {
        // Whom the condition holds for.
        let from = if when.contains("new") {
            "+14165550123"
        } else {
            BLOCKED
        };
        for then in thens {
            let engine = us(&format!(
                "  \"911\":\n    - {{ when: {when}, then: {then} }}\n    - {{ then: help }}\n"
            ));
            let found = rule(&engine, from, "911");
            assert_eq!(found, "911 rule 2", "{when} {then}");
        }
        // It may go another way than others' calls, as long as it goes on.
        for then in ["help", "[ { action: set, attributes: { why: x } }, help ]"] {
            let engine = us(&format!(
                "  \"911\":\n    - {{ when: {when}, then: {then} }}\n    - {{ then: no }}\n"
            ));
            let found = rule(&engine, from, "911");
            let asks = when.contains("crm");
            assert!(
                found == "911 rule 1" || asks && found.starts_with("needs"),
                "{when} {found}"
            );
        }
    }
    let withheld = us(
        "  \"911\":\n    - { when: { caller: { anonymous: true } }, then: no }\n    - { then: help }\n",
    );
    assert_eq!(rule(&withheld, "anonymous", "911"), "911 rule 2");
    // What is not about the caller is what its author says.
    let trunk = us(
        "  \"911\":\n    - { when: { trunk: x }, then: no }\n    - { then: help }\n  \"112\": no\n",
    );
    assert_eq!(rule(&trunk, BLOCKED, "911"), "911 rule 2");
    assert_eq!(rule(&trunk, BLOCKED, "112"), "112 rule 1");
}

#[test]
fn a_rule_names_a_number_in_any_too() {
    let engine = us(
        "  \"*\":\n    - { when: { any: [ { dialed: { is: \"911\" } }, { dialed: { is: \"112\" } } ] }, then: help }\n    - { then: { action: busy } }\n",
    );
    for to in ["911", "112", "9-1-1"] {
        assert_eq!(rule(&engine, BLOCKED, to), "* rule 1");
    }
    // Who names one number, or somebody else, has not named the other.
    let one = us(
        "  \"*\":\n    - { when: { any: [ { dialed: { is: \"911\" } }, { caller: { in: blocked } } ] }, then: help }\n    - { when: { not: { dialed: { is: \"911\" } } }, then: help }\n",
    );
    assert_eq!(rule(&one, BLOCKED, "911"), "* rule 1");
    assert_eq!(rule(&one, BLOCKED, "112"), "default");
}

#[test]
fn a_prefix_does_not_hide_who_names_the_number() {
    let engine = us(
        "  \"9*\": { action: hangup }\n  \"*\":\n    - { when: { dialed: { is: \"911\" } }, then: help }\n    - { then: no }\n",
    );
    assert_eq!(rule(&engine, BLOCKED, "911"), "* rule 1");
    assert_eq!(rule(&engine, BLOCKED, "912"), "9* rule 1");
}

#[test]
fn every_form_of_a_number_is_the_number() {
    let engine = us(
        "  \"*\":\n    - { when: { caller: { in: blocked } }, then: no }\n    - { then: { action: busy } }\n  \"911\":\n    - { when: { caller: { in: blocked } }, then: [ { action: set, attributes: { why: blocked } }, no ] }\n    - { then: help }\n",
    );
    for to in [
        "911",
        "9-1-1",
        "tel:911",
        "911;phone-context=+1",
        "sip:911@host",
        "urn:service:sos",
        "urn:service:sos.police",
    ] {
        assert_eq!(rule(&engine, BLOCKED, to), "911 rule 2", "{to}");
        assert!(engine.is_emergency(to), "{to}");
        // Nobody but the default, where nothing names them.
        assert_eq!(rule(&us("  \"*\": no\n"), BLOCKED, to), "default", "{to}");
    }
    for to in ["911flowers", "alice", "+1911", "9110", "999"] {
        assert_eq!(rule(&engine, BLOCKED, to), "* rule 1", "{to}");
    }
    // The service by its name, before the number that stands for it.
    let urn = us(
        "  \"911\": no\n  \"urn:service:sos\": help\n  \"*\":\n    - { when: { dialed: { is: \"urn:service:sos.fire\" } }, then: help }\n",
    );
    assert_eq!(
        rule(&urn, BLOCKED, "urn:service:sos"),
        "urn:service:sos rule 1"
    );
    assert_eq!(rule(&urn, BLOCKED, "urn:service:sos.police"), "911 rule 1");
    let named = us(
        "  \"*\":\n    - { when: { dialed: { is: \"urn:service:sos.fire\" } }, then: no }\n    - { when: { dialed: { is: \"911\" } }, then: help }\n",
    );
    assert_eq!(rule(&named, BLOCKED, "urn:service:sos.fire"), "* rule 1");
    assert_eq!(rule(&named, BLOCKED, "urn:service:sos"), "* rule 2");
}

/// 3GPP TS 22.101, section 10.1: mobile phones know 112 and 911 where nothing else is known.
#[test]
fn without_a_region_two_numbers_are_kept() {
    let numbers = "  \"911\":\n    - { when: { caller: { in: blocked } }, then: no }\n    - { then: help }\n  \"*\":\n    - { when: { caller: { in: blocked } }, then: no }\n    - { then: { action: busy } }\n";
    let engine = file("", numbers);
    assert_eq!(rule(&engine, BLOCKED, "911"), "911 rule 2");
    assert_eq!(rule(&engine, BLOCKED, "112"), "default");
    assert_eq!(rule(&engine, BLOCKED, "999"), "* rule 1");
    // A region's are its own.
    let ireland = file("region: IE", numbers);
    assert_eq!(rule(&ireland, BLOCKED, "999"), "default");
    assert_eq!(rule(&ireland, BLOCKED, "911"), "911 rule 1");
    // 112 is one in all of them, also where the country's own are others, or are not known.
    for region in ["region: NG", "region: GH", "region: GN"] {
        assert_eq!(
            rule(&file(region, numbers), BLOCKED, "112"),
            "default",
            "{region}"
        );
    }
}
