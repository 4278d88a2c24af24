//! Ring groups: every option with every strategy. That is where other systems break.

use std::sync::Arc;
use std::time::Duration;

use callroute_rules::{ChronoTz, load};
use callroute_schema::{CallId, Strategy};
use callroute_session::shared::AgentState;
use callroute_session::{Effect, Note};
use callroute_sim::{Phone, Placed, Played, Scene, Script, play, play_all};

use crate::common::{OPEN, call};

const MEMBERS: [&str; 3] = ["+16820000001", "+16820000002", "+16820000003"];

/// Options of a group and of its members, alone and together.
const OPTIONS: [(&str, &str); 14] = [
    ("", ""),
    ("ring_s: 7", ""),
    ("repeats: 2", ""),
    ("ringback: music", ""),
    ("ringback: waltz", ""),
    ("confirm: true", ""),
    ("confirm: { digit: 1, prompt: { say: \"Press 1\" } }", ""),
    ("whisper: { say: \"A call\" }", ""),
    ("caller_id: dialed", ""),
    ("early_media: relay", ""),
    ("failover: [busy, no_answer, failed]", ""),
    ("", "delay_s: 2, ring_s: 9"),
    (
        "",
        "weight: 3, priority: 1, tier: 2, skip_if_busy: true, headers: { X-A: b }, confirm: true, caller_id: anonymous",
    ),
    (
        "ring_s: 12, repeats: 1, ringback: music, confirm: true, whisper: { say: \"A call\" }, caller_id: anonymous, early_media: relay, failover: [failed]",
        "delay_s: 1, ring_s: 9, weight: 3, priority: 1, tier: 2, skip_if_busy: true, headers: { X-A: b }",
    ),
];

fn table(strategy: Strategy, group: &str, member: &str) -> String {
    let members: Vec<String> = MEMBERS
        .iter()
        .map(|to| {
            let comma = if member.is_empty() { "" } else { ", " };
            format!("{{ to: \"{to}\"{comma}{member} }}")
        })
        .collect();
    let comma = if group.is_empty() { "" } else { ", " };
    format!(
        r#"
version: 1
default: {{ action: voicemail, message: general }}
numbers:
  "+13146523057":
    action: forward
    destination: {{ type: ring_group, members: [{}], strategy: {}{comma}{group} }}
    on: {{ failed: {{ action: voicemail, message: group }} }}
"#,
        members.join(", "),
        strategy.as_str()
    )
}

fn played(table: &str, phones: impl Fn(&str) -> Option<Phone>) -> Played {
    let engine = load("routes.yaml", table, &(), &ChronoTz);
    let engine = Arc::new(engine.unwrap_or_else(|faults| panic!("{faults}")));
    let mut script = Script {
        hangs_up: Some(Duration::from_secs(900)),
        ..Script::default()
    };
    for member in MEMBERS {
        if let Some(phone) = phones(member) {
            script.phones.insert(member.to_owned(), phone);
        }
    }
    play(engine, call("+13146523057", OPEN), script)
}

/// B21, B29, B34: whoever answers gets the caller, alone, under every strategy and option; and
/// when nobody does, the branch is taken.
#[test]
fn every_option_works_with_every_strategy() {
    for strategy in Strategy::WORDS.iter().map(|word| word.value) {
        for (group, member) in OPTIONS {
            let table = table(strategy, group, member);
            let answers = |_: &str| {
                let phone = Phone::answers(Duration::from_secs(3));
                Some(phone.presses(Duration::from_secs(2), "1"))
            };
            let got = played(&table, answers);
            let text = got.text();
            assert!(got.is_over(), "{strategy:?} {group} {member}\n{text}");
            let connected = text.matches("connected with").count();
            assert_eq!(connected, 1, "{strategy:?} {group} {member}\n{text}");

            let got = played(&table, |_| Some(Phone::fails(486)));
            let text = got.text();
            let boxes: Vec<&str> = got.messages().map(|m| m.mailbox.as_str()).collect();
            assert_eq!(boxes, ["group"], "{strategy:?} {group} {member}\n{text}");
        }
    }
}

/// Who rang first in each of these calls, one after the other; everybody answers after a second.
fn first_rung(numbers: &[&str], paused: &str) -> Vec<String> {
    const TURNS: &str = r#"
version: 1
default: { action: voicemail, message: general }
agents: { a: { to: "1001" }, b: { to: "1002" }, c: { to: "1003" } }
targets:
  one: { action: forward, destination: { type: ring_group, members: [a, b], strategy: round_robin } }
  two: { action: forward, destination: { type: ring_group, members: [a, b], strategy: round_robin, confirm: true } }
numbers:
  "1": { action: forward, destination: { type: ring_group, members: [a, b, c], strategy: round_robin } }
  "2": { action: forward, destination: { type: ring_group, members: [a, b, c], strategy: simultaneous } }
  "3": { action: forward, destination: { type: ring_group, members: [a, { to: b, priority: 1 }, c], strategy: round_robin } }
  "4": { action: queue, name: q, members: [a, b, c], strategy: round_robin }
  "5": one
  "6": two
"#;
    let engine = Arc::new(load("routes.yaml", TURNS, &(), &ChronoTz).unwrap());
    let mut scene = Scene::default();
    let paused = (Duration::ZERO, paused.to_owned(), AgentState::Paused);
    scene.agents.push(paused);
    for (n, number) in (0..).zip(numbers) {
        let mut event = call(number, OPEN);
        event.call_id = CallId::new(format!("c{n}")).unwrap();
        let mut script = Script {
            hangs_up: Some(Duration::from_secs(5)),
            ..Script::default()
        };
        for phone in ["1001", "1002", "1003"] {
            let answers = Phone::answers(Duration::from_secs(1));
            script.phones.insert(phone.to_owned(), answers);
        }
        scene.calls.push(Placed {
            at: Duration::from_secs(1 + 10 * n),
            event,
            script,
        });
    }
    let first = |played: &Played| {
        let effects = played.steps.iter().flat_map(|step| &step.effects);
        let mut dialing = effects.filter_map(|effect| match effect {
            Effect::Note(Note::Dialing { member, .. }) => Some(member.clone()),
            _ => None,
        });
        dialing.next().unwrap_or_default()
    };
    play_all(&engine, scene).iter().map(first).collect()
}

#[test]
fn turns_go_round_evenly() {
    for number in ["1", "4"] {
        assert_eq!(first_rung(&[number; 4], "nobody"), ["a", "b", "c", "a"]);
        // Whoever is left out does not give its turn to the next one each time.
        assert_eq!(first_rung(&[number; 4], "a"), ["b", "c", "b", "c"]);
        assert_eq!(first_rung(&[number; 4], "b"), ["a", "c", "a", "c"]);
    }
    assert_eq!(first_rung(&["3"; 4], "nobody"), ["a", "c", "a", "c"]);
    // Other groups of the same members have turns of their own, and some have none.
    assert_eq!(first_rung(&["1", "2", "1", "2", "1"], "nobody")[4], "c");
    assert_eq!(
        first_rung(&["5", "6", "5", "6"], "nobody"),
        ["a", "a", "b", "b"]
    );
}
