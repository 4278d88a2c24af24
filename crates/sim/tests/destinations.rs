//! What comes from outside dials only what the table's `destinations` allow.

use std::sync::Arc;
use std::time::Duration;

use callroute_rules::{ChronoTz, load};
use callroute_schema::Actions;
use callroute_sim::{Phone, Played, Script, Server, play};

use crate::common::{OPEN, call};

const TABLE: &str = r#"
version: 1
default: { action: voicemail, message: general }
destinations: { deny: ["+1900*"] }
webhooks:
  sales: { urls: ["http://127.0.0.1:1/"], fallback: { action: forward, destination: { type: number, number: "+12125551234" } } }
numbers:
  "+1": { action: webhook, name: sales }
  "+2": { action: forward, destination: { type: number, number: "+12125551234" } }
"#;

const DENIED: &str =
    r#"{"action":"forward","destination":{"type":"number","number":"+19005550100"}}"#;

fn played(to: &str, script: impl FnOnce(&mut Script, Actions)) -> Played {
    let engine = Arc::new(load("routes.yaml", TABLE, &(), &ChronoTz).unwrap());
    let mut made = Script::default();
    for number in ["+19005550100", "+12125551234"] {
        let phone = Phone::answers(Duration::from_secs(2));
        made.phones.insert(number.to_owned(), phone);
    }
    script(&mut made, Actions::from_json(DENIED.as_bytes()).unwrap());
    let played = play(engine, call(to, OPEN), made);
    assert!(played.is_over(), "{}", played.text());
    played
}

/// A route test finds what a live call would do: the fallback.
#[test]
fn an_answer_that_dials_what_is_denied_is_none() {
    let played = played("+1", |script, actions| {
        let after = Duration::from_millis(5);
        let server = Server::Answers { after, actions };
        script.servers.insert("sales".to_owned(), server);
    });
    let text = played.text();
    for line in ["bad_schema", "may be dialed", "connected with +1212"] {
        assert!(text.contains(line), "no {line:?} in\n{text}");
    }
    assert!(!text.contains("+1900"), "{text}");
}

#[test]
fn what_is_pushed_and_denied_leaves_the_call_as_it_is() {
    let played = played("+2", |script, actions| {
        script.pushes = vec![(Duration::from_secs(10), actions)];
    });
    let text = played.text();
    assert!(text.contains("may be dialed"), "{text}");
    assert!(!text.contains("+1900"), "{text}");
    assert!(text.contains("the other side hung up"), "{text}");
}
