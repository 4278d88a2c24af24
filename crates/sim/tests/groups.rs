//! Ring groups: every option with every strategy. That is where other systems break.

use std::sync::Arc;
use std::time::Duration;

use callroute_rules::{ChronoTz, load};
use callroute_schema::{CallId, Strategy};
use callroute_session::shared::AgentState;
use callroute_session::{Effect, Note};
use callroute_sim::{Phone, PhoneEnd, Placed, Played, Scene, Script, play, play_all};

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

/// Whoever is the only one to answer is reached, under every strategy and option, whatever the
/// others do, and also when its own turn is put off for longer than the others ring.
#[test]
fn every_member_is_reached_with_every_option() {
    let late = [
        "delay_s: 45",
        "delay_s: 45, ring_s: 5",
        "priority: 3, delay_s: 5",
    ];
    for strategy in Strategy::WORDS.iter().map(|word| word.value) {
        let options = OPTIONS.iter().map(|(group, member)| (*group, *member, ""));
        for (group, member, own) in options.chain(late.map(|own| ("", "", own))) {
            for who in MEMBERS {
                for others in [Phone::rings(), Phone::fails(486)] {
                    let rings = others == Phone::rings();
                    if rings && (strategy == Strategy::Rollover || group.contains("[failed]")) {
                        // After no answer these go on to nobody.
                        continue;
                    }
                    let own = match own {
                        "" => format!("{{ to: \"{who}\""),
                        own => format!("{{ to: \"{who}\", {own}"),
                    };
                    let table = table(strategy, group, member);
                    let table = table.replace(&format!("{{ to: \"{who}\""), &own);
                    let got = played(&table, |member| {
                        let answers = Phone::answers(Duration::from_secs(3));
                        Some(match member == who {
                            true => answers.presses(Duration::from_secs(2), "1"),
                            false => others.clone(),
                        })
                    });
                    let text = got.text();
                    let masked = format!("connected with {}", callroute_schema::mask(who));
                    assert!(
                        text.contains(&masked),
                        "{strategy:?} {group} {member} {own} {rings}\n{text}"
                    );
                }
            }
        }
    }
}

/// Calls of this scene: each number after so many seconds; who is called, and when.
fn dialed(table: &str, calls: &[(u64, &str)], talks: u64) -> Vec<(u64, String)> {
    let engine = Arc::new(load("routes.yaml", table, &(), &ChronoTz).unwrap());
    let mut scene = Scene::default();
    for (n, (at, number)) in calls.iter().enumerate() {
        let mut event = call(number, OPEN);
        event.call_id = CallId::new(format!("c{n}")).unwrap();
        let mut script = Script {
            hangs_up: Some(Duration::from_secs(100)),
            ..Script::default()
        };
        let mut answers = Phone::answers(Duration::ZERO);
        if let PhoneEnd::Answers { talks: end, .. } = &mut answers.end {
            *end = Duration::from_secs(talks);
        }
        script.phones.insert("1001".to_owned(), answers);
        script.phones.insert("1002".to_owned(), Phone::rings());
        script.phones.insert("1003".to_owned(), Phone::fails(486));
        scene.calls.push(Placed {
            at: Duration::from_secs(*at),
            event,
            script,
        });
    }
    let played = play_all(&engine, scene);
    let mut all = Vec::new();
    for step in &played[0].steps {
        for effect in &step.effects {
            if let Effect::Note(Note::Dialing { member, .. }) = effect {
                all.push((step.at.as_secs(), member.clone()));
            }
        }
    }
    all
}

fn in_turn(members: &str, options: &str) -> String {
    format!(
        r#"
version: 1
default: {{ action: hangup }}
agents: {{ a: {{ to: "1001" }}, b: {{ to: "1002" }}, c: {{ to: "1003" }} }}
numbers:
  "1": {{ action: forward, destination: {{ type: ring_group, members: [{members}], {options} }} }}
  "2": {{ action: forward, destination: {{ type: agent, name: a }} }}
"#
    )
}

/// Who is busy is seen when a member's turn comes, in each round.
#[test]
fn a_member_is_judged_when_its_turn_comes() {
    let a = "{ to: a, skip_if_busy: true }";
    let is = |at: u64, who: &str| (at, who.to_owned());
    let options = "strategy: sequential, ring_s: 10";
    // Busy at first, free in a later round.
    let table = in_turn(&format!("{a}, b"), &format!("{options}, repeats: 3"));
    let got = dialed(&table, &[(2, "1"), (1, "2")], 15);
    assert_eq!(got, [is(0, "b"), is(10, "b"), is(20, "a")]);
    // Busy at first, free when its turn comes.
    let table = in_turn(&format!("b, {a}"), options);
    assert_eq!(
        dialed(&table, &[(2, "1"), (1, "2")], 5),
        [is(0, "b"), is(10, "a")]
    );
    // Free at first, busy then.
    assert_eq!(dialed(&table, &[(2, "1"), (7, "2")], 50), [is(0, "b")]);
    // Whoever rings already rings no longer for one that is left out.
    let table = in_turn(&format!("b, {a}"), "strategy: progressive, ring_s: 10");
    assert_eq!(dialed(&table, &[(2, "1"), (7, "2")], 50), [is(0, "b")]);
}

/// Phones that are all busy are not called again and again at once.
#[test]
fn rounds_take_their_time() {
    let is = |at: u64| (at, "c".to_owned());
    let table = in_turn("c", "strategy: sequential, repeats: 3");
    assert_eq!(
        dialed(&table, &[(0, "1")], 1),
        [is(0), is(5), is(10), is(15)]
    );
    // Nobody is there: it is over at once.
    let table = in_turn("\"anna\"", "strategy: sequential, repeats: 10");
    let table = table.replace(
        "agents: {",
        "rotas: { anna: { steps: [{ from: \"2027-01-01T00:00:00Z\", who: a }] } }\nagents: {",
    );
    assert!(dialed(&table, &[(0, "1")], 1).is_empty());
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
