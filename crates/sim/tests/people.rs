//! Agents: their shifts, and that one stays the same person however it is written.

use std::sync::Arc;
use std::time::Duration;

use callroute_rules::{ChronoTz, load};
use callroute_schema::CallId;
use callroute_session::Effect;
use callroute_session::shared::AgentState;
use callroute_sim::{Phone, PhoneEnd, Placed, Played, Scene, Script, play_all};

use crate::common::call;

const TABLE: &str = r#"
version: 1
default: { action: voicemail, message: general }
hours: { office: { zone: UTC, open: "Mo-Fr 09:00-17:00" } }
agents:
  ann: { to: "sip:ann@pbx.example", shifts: [office] }
  bob: { to: "sip:bob@pbx.example" }
  cat: { to: "sip:cat@pbx.example" }
rotas: { duty: { steps: [{ from: "2026-01-01T00:00:00Z", who: bob }, { from: "2027-01-01T00:00:00Z" }] } }
numbers:
  "1": { action: forward, destination: { type: ring_group, members: [ann, cat], strategy: simultaneous } }
  "2": { action: forward, destination: { type: agent, name: ann } }
  "3": { action: queue, name: q, members: [ann, cat], strategy: simultaneous }
  "4": { action: queue, name: q, members: [ann] }
  "5": { action: queue, name: q, members: [ann], wait_when_empty: true }
  "6": { action: forward, destination: { type: sip, uri: "sip:ann@pbx.example" } }
  "11": { action: forward, destination: { type: ring_group, members: [duty, cat], strategy: sequential } }
  "12": { action: forward, destination: { type: ring_group, members: [{ to: duty, skip_if_busy: true }, cat], strategy: sequential } }
  "13": { action: forward, destination: { type: ring_group, members: [{ to: "sip:bob@pbx.example", skip_if_busy: true }, cat], strategy: sequential } }
  "14": { action: forward, destination: { type: agent, name: bob } }
  "15": { action: queue, name: q, members: [duty, cat], strategy: sequential }
  "16": { action: forward, destination: { type: agent, name: duty } }
  "17":
    - { when: { available: duty }, then: { action: say, text: "free" } }
    - { when: { calls: { on: duty, at_least: 1 } }, then: { action: say, text: "talks" } }
    - { then: { action: say, text: "away" } }
"#;

const NIGHT: &str = "2026-04-21T22:00:00Z";
const NOON: &str = "2026-04-21T12:00:00Z";

/// These calls, one every ten seconds; each member answers after a second, and talks for long.
fn scene(at: &str, numbers: &[&str], agents: &[(&str, AgentState)]) -> Vec<Played> {
    let engine = load("routes.yaml", TABLE, &(), &ChronoTz);
    let engine = Arc::new(engine.unwrap_or_else(|faults| panic!("{faults}")));
    let mut scene = Scene::default();
    for (agent, state) in agents {
        let agent = (Duration::ZERO, (*agent).to_owned(), *state);
        scene.agents.push(agent);
    }
    for (n, to) in (0..).zip(numbers) {
        let began = Duration::from_secs(1 + 10 * n);
        let mut event = call(to, at);
        event.call_id = CallId::new(format!("c{n}")).unwrap();
        let mut script = Script {
            hangs_up: Some(Duration::from_secs(200)),
            ..Script::default()
        };
        for name in ["ann", "bob", "cat"] {
            let phone = Phone {
                rings: Some(Duration::ZERO),
                end: PhoneEnd::Answers {
                    after: Duration::from_secs(1),
                    talks: Duration::from_secs(100),
                },
                acts: Vec::new(),
            };
            script
                .phones
                .insert(format!("sip:{name}@pbx.example"), phone);
        }
        scene.calls.push(Placed {
            at: began,
            event,
            script,
        });
    }
    play_all(&engine, scene)
}

/// Who was rung for the last of these calls, as the table writes it.
fn rung(at: &str, numbers: &[&str], agents: &[(&str, AgentState)]) -> Vec<String> {
    let calls = scene(at, numbers, agents);
    let effects = calls[numbers.len() - 1].steps.iter();
    let effects = effects.flat_map(|step| &step.effects);
    let dialing = effects.filter_map(|effect| match effect {
        Effect::Note(callroute_session::Note::Dialing { member, .. }) => Some(member.clone()),
        _ => None,
    });
    dialing.collect()
}

#[test]
fn nobody_is_rung_off_shift() {
    for (number, noon, night) in [
        ("1", vec!["ann", "cat"], vec!["cat"]),
        ("2", vec!["ann"], vec![]),
        ("3", vec!["ann", "cat"], vec!["cat"]),
        ("4", vec!["ann"], vec![]),
        // A phone that is named itself is called at any time.
        (
            "6",
            vec!["sip:ann@pbx.example"],
            vec!["sip:ann@pbx.example"],
        ),
    ] {
        assert_eq!(rung(NOON, &[number], &[]), noon, "{number} at noon");
        assert_eq!(rung(NIGHT, &[number], &[]), night, "{number} at night");
    }
}

#[test]
fn a_queue_takes_heed_of_shifts_that_begin() {
    let calls = scene("2026-04-21T08:58:30Z", &["5"], &[]);
    let text = calls[0].text();
    let rings = text.lines().find(|line| line.contains("calling ann"));
    let at = rings.and_then(|line| line.split_whitespace().next());
    // The scene's clock begins a second before the call.
    assert_eq!(at, Some("89.000"), "{text}");
}

#[test]
fn whoever_is_on_duty_is_the_same_agent() {
    let paused = [("bob", AgentState::Paused)];
    assert_eq!(rung(NOON, &["11"], &paused), ["cat"]);
    assert_eq!(rung(NOON, &["15"], &paused), ["cat"]);
    assert!(rung(NOON, &["16"], &paused).is_empty());
    // In whichever way he came to talk.
    for before in ["14", "11", "15", "16"] {
        for number in ["12", "13", "15"] {
            let now = rung(NOON, &[before, number], &[]);
            assert_eq!(now, ["cat"], "{before}, then {number}");
        }
        let calls = scene(NOON, &[before, "17"], &[]);
        let text = calls[1].text();
        assert!(text.contains("\"talks\""), "{before}\n{text}");
    }
    let calls = scene(NOON, &["17"], &[]);
    assert!(calls[0].text().contains("\"free\""), "{}", calls[0].text());
    let calls = scene(NOON, &["17"], &paused);
    assert!(calls[0].text().contains("\"away\""), "{}", calls[0].text());
}
