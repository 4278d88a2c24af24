//! What is not known of a call: the variables of menus, branches and the default without their
//! lookup.

use std::sync::Arc;
use std::time::Duration;

use callroute_rules::{ChronoTz, load};
use callroute_schema::Digit;
use callroute_sim::{LookupResult, Script, play};

use crate::common::{OPEN, call};

const TABLE: &str = r#"
version: 1
default: [{ action: say, text: "Sorry, {crm.name}." }, { action: voicemail, message: general }]
lookups: { crm: { custom: crm } }
agents: { ann: { to: "sip:ann@pbx.example" } }
targets:
  support: { action: queue, name: support, members: [ann] }
  tech: { action: voicemail, message: tech }
menus:
  main: { prompt: { say: "Hello {crm.name}" }, options: { 3: { action: forward, destination: { type: agent, name: "{crm.owner}" }, on: { failed: tech } } }, on: { timeout: { action: hangup } } }
numbers:
  "3": [{ action: set, attributes: { q: support } }, { action: queue, name: "{attributes.q}" }]
  "4": [{ action: set, attributes: { q: tech } }, { action: forward, destination: { type: queue, name: "{attributes.q}" }, on: { failed: tech } }]
  "1": { action: menu, name: main }
  "2": { action: forward, destination: { type: agent, name: "{crm.owner}" } }
"#;

/// The trace of a call that presses 3.
fn trace(to: &str, crm: LookupResult) -> String {
    let engine = Arc::new(load("routes.yaml", TABLE, &(), &ChronoTz).unwrap());
    let mut script = Script {
        digits: vec![(Duration::from_secs(3), Digit::new('3').unwrap())],
        ..Script::default()
    };
    script.lookups.insert("crm".into(), crm);
    play(engine, call(to, OPEN), script).text()
}

#[test]
fn a_lookup_is_asked_for_a_menu_that_is_named() {
    let row = [("name", "Bob"), ("owner", "ann")];
    let row = row.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let told = trace("1", LookupResult::Row(row.into_iter().collect()));
    assert!(told.contains("Hello Bob"), "{told}");
    assert!(told.contains("calling ann"), "{told}");
}

#[test]
fn without_it_an_action_takes_its_own_branch() {
    let told = trace("1", LookupResult::Missing("down".to_owned()));
    assert!(told.contains("tech"), "{told}");
    assert!(!told.contains("general"), "{told}");
}

#[test]
fn without_it_the_default_keeps_the_call() {
    let told = trace("2", LookupResult::Missing("down".to_owned()));
    assert!(told.contains("Sorry, ."), "{told}");
    assert!(told.contains("general"), "{told}");
}

#[test]
fn a_call_says_which_queue_it_joins() {
    let told = trace("3", LookupResult::Nobody);
    assert!(told.contains("calling ann"), "{told}");
    // No queue: as after any failure.
    let told = trace("4", LookupResult::Nobody);
    assert!(told.contains("greeting tech"), "{told}");
}
