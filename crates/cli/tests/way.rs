//! `route` goes where a router goes: what is set and looked up, variables, servers without end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use callroute_schema::Event;
use serde_json::Value;

use crate::place::{Place, event};
use crate::trigger::serve;

/// A server with one answer, and how often it was asked.
fn server(answer: &'static str) -> (SocketAddr, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let address = serve(Duration::ZERO, move |_, _| {
        count.fetch_add(1, Ordering::SeqCst);
        (200, answer.to_owned())
    });
    (address, asked)
}

fn webhook(name: &str, address: SocketAddr, more: &str) -> String {
    format!("  {name}: {{ urls: [\"http://{address}/\"], allow: [\"127.0.0.0/8\"]{more} }}\n")
}

/// What comes of a call by these webhooks and these rules of its number.
fn route(webhooks: &str, rules: &str, from: &str) -> Value {
    let place = Place::new();
    let default = r#"{ action: forward, destination: { type: number, number: "{from}" }, on: { failed: { action: voicemail, message: general } } }"#;
    let routes = format!(
        "version: 1\nregion: US\ndefault: {default}\nwebhooks:\n{webhooks}numbers:\n  \
         \"+13146523057\": {rules}\n"
    );
    place.file("routes.yaml", routes);
    let line = event("c1", from, "14:32:00");
    let ran = place.run_with(&["route", "--routes", "routes.yaml"], line);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}", ran.out);
    ran.json().remove(0)
}

fn kinds(line: &Value) -> Vec<&str> {
    let actions = line["actions"].as_array().unwrap().iter();
    actions.map(|one| one["action"].as_str().unwrap()).collect()
}

const CALLER: &str = "+14155550123";
const NOBODY: &str = "127.0.0.1:1";

/// What `set` notes is known to the rules after it, whoever said so, and to the server that is
/// asked next.
#[test]
fn what_is_set_decides() {
    let set = r#"[{"action":"set","attributes":{"tier":"gold"}},{"action":"continue"}]"#;
    let (sets, _) = server(set);
    let told = serve(Duration::ZERO, |_, body| {
        let event = Event::from_json(body).unwrap();
        let tier = event.attributes.get("tier").map_or("none", String::as_str);
        (
            200,
            format!(r#"{{"action":"voicemail","message":"{tier}"}}"#),
        )
    });
    let webhooks = webhook("sets", sets, "") + &webhook("told", told, "");
    for first in [
        "{ action: webhook, name: sets }".to_owned(),
        set.to_owned(),
        "[{ action: set, attributes: { tier: gold } }, { action: webhook, name: sets }]".to_owned(),
    ] {
        let rules = format!(
            "[{{ then: {first} }}, {{ when: {{ attribute: {{ tier: gold }} }}, \
             then: {{ action: say, text: \"{{attributes.tier}}\" }} }}, {{ then: {{ action: busy }} }}]"
        );
        let line = route(&webhooks, &rules, CALLER);
        let (kinds, sets) = (kinds(&line), kinds(&line).len() - 1);
        assert!(kinds.iter().take(sets).all(|kind| *kind == "set"), "{line}");
        assert_eq!(line["actions"][sets]["text"], "gold", "{first}: {line}");
    }
    let rules = "[{ then: [{ action: set, attributes: { tier: gold } }, { action: webhook, name: told }] }]";
    let line = route(&webhooks, rules, CALLER);
    assert_eq!(line["actions"][1]["message"], "gold", "{line}");
}

/// Whom the table looked up is told to the server that is asked later.
#[test]
fn what_was_looked_up_is_told() {
    let rows = server(r#"{"tier":"gold"}"#).0;
    let told = serve(Duration::ZERO, |_, body| {
        let tier = Event::from_json(body).unwrap().attributes["crm.tier"].clone();
        let answer = format!(r#"{{"action":"voicemail","message":"{tier}"}}"#);
        (200, answer)
    });
    let services = webhook("rows", rows, "")
        + &webhook("told", told, "")
        + "lookups:\n  crm: { webhook: rows, budget_ms: 5000 }\n";
    let rules =
        "[{ when: { attribute: { crm.tier: gold } }, then: { action: webhook, name: told } }]";
    let line = route(&services, rules, CALLER);
    assert_eq!(line["actions"][0]["message"], "gold", "{line}");
}

/// A fallback and the default are filled in, by what is known then; what is not takes the next.
#[test]
fn variables_are_filled_in_wherever_they_stand() {
    let nobody: SocketAddr = NOBODY.parse().unwrap();
    let number = r#"{ action: forward, destination: { type: number, number: "{from}" } }"#;
    let own = webhook("down", nobody, &format!(", fallback: {number}"));
    let none = webhook("down", nobody, "");
    let ask = "{ action: webhook, name: down }";
    let on = format!("{{ action: webhook, name: down, on: {{ failed: {number} }} }}");
    for (webhooks, rules) in [(&own, ask), (&none, &on), (&none, ask)] {
        let line = route(webhooks, rules, CALLER);
        let found = &line["actions"][0]["destination"]["number"];
        assert_eq!(found, CALLER, "{rules}: {line}");
        assert_eq!(line["source"], "fallback");
    }
    // Nobody knows who this is: the fallback is none, and the default's own branch is taken.
    let line = route(&own, ask, "anonymous");
    assert_eq!(kinds(&line), ["voicemail"], "{line}");
    let unfilled = line["unfilled"].as_str().unwrap();
    assert!(unfilled.contains("`from` is not known"), "{line}");
}

/// As `decide` and `explain` say it: which variable was not known.
#[test]
fn what_is_not_known_is_said() {
    let missing = r#"{ action: say, text: "{attributes.owner}" }"#;
    let line = route("  {}\n", missing, CALLER);
    let unfilled = line["unfilled"].as_str().unwrap();
    assert!(
        unfilled.contains("`attributes.owner` is not known"),
        "{line}"
    );
    assert_eq!(kinds(&line), ["forward"]);
}

/// Servers that hand a call to each other are asked eight times; the last one's fallback is taken.
#[test]
fn servers_do_not_pass_a_call_on_for_ever() {
    let (again, asked) = server(r#"{"action":"webhook","name":"again"}"#);
    let webhooks = webhook(
        "again",
        again,
        ", fallback: { action: voicemail, message: enough }",
    );
    let line = route(&webhooks, "{ action: webhook, name: again }", CALLER);
    assert_eq!(line["actions"][0]["message"], "enough", "{line}");
    assert_eq!(
        (line["source"].as_str(), asked.load(Ordering::SeqCst)),
        (Some("fallback"), 8)
    );
    assert_eq!(line["failure"]["class"], "deadline");
    // A fallback that asks the same server again comes to the default.
    let circle = webhook(
        "again",
        again,
        ", fallback: { action: webhook, name: other }",
    ) + &webhook("other", again, "");
    let line = route(&circle, "{ action: webhook, name: again }", CALLER);
    assert_eq!(kinds(&line), ["forward"], "{line}");
}

/// After what ends a call nobody is asked.
#[test]
fn nothing_comes_after_the_end() {
    let (server, asked) = server(r#"{"action":"hangup"}"#);
    let rules = "[{ action: busy }, { action: webhook, name: one }]";
    let line = route(&webhook("one", server, ""), rules, CALLER);
    assert_eq!(
        (kinds(&line), asked.load(Ordering::SeqCst)),
        (vec!["busy"], 0)
    );
}

/// A trunk that is given what was dialed dials no more than `destinations` lets anybody dial.
#[test]
fn what_was_dialed_is_held_to_destinations_at_a_trunk() {
    let trunk = "{ action: forward, destination: { type: trunk, name: west } }";
    for (destinations, dials) in [
        ("{ deny: [\"+1900*\"] }", true),
        ("{ deny: [\"+1314*\"] }", false),
        ("{ allow: [\"+1415*\"] }", false),
        ("{ allow: [\"+1*\"] }", true),
    ] {
        let place = Place::new();
        let routes = format!(
            "version: 1\nregion: US\ndefault: {{ action: hangup }}\ndestinations: {destinations}\n\
             numbers:\n  \"+13146523057\": {trunk}\n"
        );
        place.file("routes.yaml", routes);
        let line = event("c1", CALLER, "14:32:00");
        let ran = place.run_with(&["route", "--routes", "routes.yaml"], line);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}", ran.out);
        let line = ran.json().remove(0);
        let expected = if dials { "forward" } else { "hangup" };
        assert_eq!(kinds(&line), [expected], "{destinations}");
    }
}
