//! Queues under load: many callers, few agents, in virtual time.

use std::sync::Arc;
use std::time::Duration;

use callroute_rules::{ChronoTz, load};
use callroute_schema::{CallId, Disposition};
use callroute_session::Effect;
use callroute_session::shared::AgentState;
use callroute_sim::{Phone, PhoneEnd, Placed, Played, Scene, Script, play_all};

use crate::common::{OPEN, call};

const TABLE: &str = r#"
version: 1
default: { action: voicemail, message: general }
agents: { a: { to: "1001" }, b: { to: "1002" }, c: { to: "1003" } }
targets:
  desk: { action: queue, name: desk, members: [a, b, c], strategy: STRATEGY, wrap_up_s: 3, max_wait_s: 86400 }
numbers:
  "+1": desk
  "+2": { action: queue, name: desk, members: [a, b, c], priority: 9, max_wait_s: 86400 }
"#;

fn scene(strategy: &str, callers: u64, vip: impl Fn(u64) -> bool) -> Vec<Played> {
    let table = TABLE.replace("STRATEGY", strategy);
    let engine = load("routes.yaml", &table, &(), &ChronoTz);
    let engine = Arc::new(engine.unwrap_or_else(|faults| panic!("{faults}")));
    let mut scene = Scene::default();
    for n in 0..callers {
        let mut event = call(if vip(n) { "+2" } else { "+1" }, OPEN);
        event.call_id = CallId::new(format!("c{n}")).unwrap();
        let mut script = Script::default();
        for (index, to) in ["1001", "1002", "1003"].iter().enumerate() {
            let phone = Phone {
                rings: Some(Duration::ZERO),
                end: PhoneEnd::Answers {
                    after: Duration::from_millis(500),
                    talks: Duration::from_secs(20 + (n * 7 + index as u64) % 13),
                },
                acts: Vec::new(),
            };
            script.phones.insert((*to).to_owned(), phone);
        }
        scene.calls.push(Placed {
            at: Duration::from_secs(n * 2),
            event,
            script,
        });
    }
    let pause = Duration::from_secs(60);
    scene.agents = vec![
        (pause, "b".to_owned(), AgentState::Paused),
        (pause * 3, "b".to_owned(), AgentState::Available),
    ];
    play_all(&engine, scene)
}

/// When the first phone rang for a call, after the scene's start.
fn served(n: usize, played: &Played) -> Duration {
    let dialed =
        |effect: &Effect| matches!(effect, Effect::Media(callroute_media::Command::Dial { .. }));
    let step = played
        .steps
        .iter()
        .find(|step| step.effects.iter().any(dialed));
    step.unwrap().at + Duration::from_secs(n as u64 * 2)
}

/// A11, B32: two hundred callers and three agents: served in the order in which they came, under
/// every strategy that rings one agent.
#[test]
fn callers_are_served_in_order() {
    for strategy in [
        "least_recent",
        "round_robin",
        "fewest_calls",
        "least_talk_time",
        "sequential",
        "random",
    ] {
        let calls = scene(strategy, 200, |_| false);
        let mut before = Duration::ZERO;
        for (n, played) in calls.iter().enumerate() {
            assert!(played.is_over(), "{strategy}: c{n}\n{}", played.text());
            let record = played.record().unwrap();
            assert_eq!(
                record.disposition,
                Disposition::Answered,
                "{strategy}: c{n}"
            );
            let served = served(n, played);
            assert!(
                served >= before,
                "{strategy}: c{n} was served before c{}",
                n - 1
            );
            before = served;
        }
    }
}

/// Whoever has the higher priority is served first, and those who are passed are told of.
#[test]
fn priority_comes_first_and_is_stated() {
    let calls = scene("least_recent", 60, |n| n % 10 == 9);
    let vip = served(19, &calls[19]);
    let others = (12..19).filter(|n| served(*n, &calls[*n]) > vip).count();
    assert!(others > 0, "nobody was passed");
    let text = calls[19].text();
    let stated = text.matches("the higher priority").count();
    assert!(stated >= others, "{others} passed, {stated} stated\n{text}");
}

/// A priority that grows over time: who has waited long enough goes before whoever came later with
/// a higher one, and only then.
#[test]
fn waiting_counts_where_the_priority_grows() {
    let first = |escalate: &str| {
        let table = format!(
            r#"
version: 1
default: {{ action: voicemail, message: general }}
agents: {{ a: {{ to: "1001" }} }}
numbers:
  "+1": {{ action: queue, name: desk, members: [a]{escalate} }}
  "+2": {{ action: queue, name: desk, members: [a], priority: 9 }}
"#
        );
        let engine = Arc::new(load("routes.yaml", &table, &(), &ChronoTz).unwrap());
        let mut scene = Scene::default();
        for (n, to, at) in [(0, "+1", 0), (1, "+2", 15)] {
            let mut event = call(to, OPEN);
            event.call_id = CallId::new(format!("c{n}")).unwrap();
            let mut script = Script::default();
            let phone = Phone::answers(Duration::from_secs(1));
            script.phones.insert("1001".to_owned(), phone);
            scene.calls.push(Placed {
                at: Duration::from_secs(at),
                event,
                script,
            });
        }
        scene.agents = vec![
            (Duration::ZERO, "a".to_owned(), AgentState::Paused),
            (
                Duration::from_secs(30),
                "a".to_owned(),
                AgentState::Available,
            ),
        ];
        let calls = play_all(&engine, scene);
        let at = |n: usize, began| served(n, &calls[n]) + Duration::from_secs(began);
        // What `served` adds is of another scene.
        at(0, 0) < at(1, 15) - Duration::from_secs(2)
    };
    assert!(!first(""), "the higher priority goes first");
    assert!(first(", escalate: { every_s: 10, by: 5 }"));
    assert!(!first(", escalate: { every_s: 10, by: 2 }"));
}

/// Whoever was offered a caller is free again when that came to nothing, also whose turn had not come:
/// the member that answered hangs up while it is told of the call.
#[test]
fn a_member_whose_turn_has_not_come_is_free_again() {
    let table = r#"
version: 1
default: { action: hangup }
agents: { a: { to: "1001" }, b: { to: "1002" } }
numbers:
  "+1":
    action: queue
    name: desk
    members: [a, { to: b, delay_s: 10 }]
    strategy: simultaneous
    whisper: { say: "A call from the desk, which is a text of some length." }
"#;
    let engine = Arc::new(load("routes.yaml", table, &(), &ChronoTz).unwrap());
    let mut script = Script::default();
    let mut hangs_up = Phone::answers(Duration::from_secs(1));
    hangs_up.end = PhoneEnd::Answers {
        after: Duration::from_secs(1),
        talks: Duration::from_secs(1),
    };
    script.phones.insert("1001".to_owned(), hangs_up);
    let answers = Phone::answers(Duration::from_secs(1));
    script.phones.insert("1002".to_owned(), answers);
    let scene = Scene {
        calls: vec![Placed {
            at: Duration::ZERO,
            event: call("+1", OPEN),
            script,
        }],
        // When the caller is offered once more, only the other one has time.
        agents: vec![(Duration::from_secs(4), "a".to_owned(), AgentState::Paused)],
        ..Scene::default()
    };
    let played = play_all(&engine, scene);
    let text = played.first().unwrap().text();
    assert!(text.contains("connected with b"), "{text}");
}
