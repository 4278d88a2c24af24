//! What is pushed into a call that goes on.

use std::sync::Arc;
use std::time::Duration;

use callroute_rules::{ChronoTz, load};
use callroute_schema::Actions;
use callroute_session::shared::AgentState;
use callroute_sim::{Phone, Placed, Played, Scene, Script, play_all};

use crate::common::{OPEN, call};

const TABLE: &str = r#"
version: 1
default: { action: queue, name: desk, members: [ann], wait_when_empty: true, max_wait_s: 60, on: { failed: { action: hangup } } }
agents: { ann: { to: "1001" } }
targets:
  order: { action: set, attributes: { order: "{attributes.number} of {from}" } }
numbers:
  "+3": { action: forward, destination: { type: number, number: "1001" } }
  "+2": [{ action: set, attributes: { number: "7" } }, { action: forward, destination: { type: number, number: "1001" } }]
"#;

/// A call into which this is pushed after ten seconds; whoever is at 1002 is busy.
fn pushed(to: &str, json: &str) -> Played {
    let engine = Arc::new(load("routes.yaml", TABLE, &(), &ChronoTz).unwrap());
    let actions = Actions::from_json(json.as_bytes()).unwrap();
    let mut script = Script {
        pushes: vec![(Duration::from_secs(10), actions)],
        ..Script::default()
    };
    let answers = Phone::answers(Duration::from_secs(2));
    script.phones.insert("1001".to_owned(), answers);
    script.phones.insert("1002".to_owned(), Phone::fails(486));
    let scene = Scene {
        calls: vec![Placed {
            at: Duration::ZERO,
            event: call(to, OPEN),
            script,
        }],
        agents: vec![(Duration::ZERO, "ann".to_owned(), AgentState::Paused)],
        ..Scene::default()
    };
    let played = play_all(&engine, scene).into_iter().next().unwrap();
    assert!(played.is_over(), "{}", played.text());
    played
}

/// Where the caller came from, it goes back to.
#[test]
fn what_is_pushed_and_fails_leads_to_the_default_again() {
    let forward = r#"{"action":"forward","destination":{"type":"number","number":"1002"}}"#;
    let text = pushed("+1", forward).text();
    let joined = text.matches("waiting in queue desk").count();
    assert_eq!(joined, 2, "{text}");
    assert!(!text.contains("came to nothing too"), "{text}");
}

/// A target of the table holds variables wherever it is done.
#[test]
fn what_is_done_beside_a_conversation_is_filled_in() {
    let played = pushed("+2", r#""order""#);
    let record = played.record().unwrap();
    assert_eq!(record.attributes["order"], "7 of +14155550123");
    // What cannot be is left out, and the two talk on.
    let text = pushed("+3", r#""order""#).text();
    assert!(text.contains("set is left out"), "{text}");
    assert!(text.contains("the other side hung up"), "{text}");
}
