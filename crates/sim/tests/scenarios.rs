//! B37: calls of the mission in virtual time, by the event processor alone: no runtime, no network.

use std::sync::Arc;
use std::time::Duration;

use crate::common::{CLOSED, OPEN, call, engine};
use callroute_media::{Command, EndCause, LegId, Sound};
use callroute_rules::{ChronoTz, load};
use callroute_schema::{Actions, Digit, RejectCause};
use callroute_session::{AskFailure, Effect};
use callroute_sim::{Phone, PhoneEnd, Played, Script, Server, play};

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn presses(digits: &str) -> Vec<(Duration, Digit)> {
    digits
        .chars()
        .map(|c| (s(1), Digit::new(c).unwrap()))
        .collect()
}

fn answers(json: &str) -> Server {
    Server::Answers {
        after: Duration::from_millis(5),
        actions: Actions::from_json(json.as_bytes()).unwrap(),
    }
}

/// Plays, and sees that the call came to its end.
fn played(to: &str, at: &str, script: Script) -> Played {
    let played = play(engine(), call(to, at), script);
    assert!(played.is_over(), "{}", played.text());
    played
}

fn has(played: &Played, text: &str) {
    assert!(
        played.text().contains(text),
        "no {text:?} in\n{}",
        played.text()
    );
}

const GROUP: &str = r#"{"action":"forward","destination":{"type":"ring_group","members":["+16822306467","+12125551234"],"strategy":"simultaneous"}}"#;

/// A20, A21, B1, B11, B21: the menu's first option asks its webhook, which answers with a ring
/// group; the first answer wins and the other phone is cancelled.
#[test]
fn a_menu_option_asks_its_webhook_and_a_group_rings() {
    let mut script = Script {
        digits: presses("1"),
        ..Script::default()
    };
    script.servers.insert("sales".into(), answers(GROUP));
    script
        .phones
        .insert("+16822306467".into(), Phone::answers(s(3)));
    script.phones.insert("+12125551234".into(), Phone::rings());
    let played = played("+13146523057", OPEN, script);
    for line in [
        "pressed 1",
        "webhook sales answered in 5 ms: forward",
        "+1682•••6467 answered after 3000 ms",
        "+1212•••1234 was cancelled: answered elsewhere",
        "connected with +1682•••6467",
    ] {
        has(&played, line);
    }
    let cancelled = Command::Hangup {
        leg: LegId(2),
        cause: EndCause::AnsweredElsewhere,
    };
    assert!(played.commands().any(|command| *command == cancelled));
}

/// A19, B25: the server fails, so its own fallback is taken; nobody answers there, so `on` is.
#[test]
fn a_dead_server_leads_to_its_fallback() {
    let mut script = Script {
        digits: presses("1"),
        ..Script::default()
    };
    script.servers.insert("sales".into(), Server::Silent);
    script
        .phones
        .insert("+16822306467".into(), Phone::fails(486));
    script.phones.insert("+12125551234".into(), Phone::rings());
    let played = played("+13146523057", OPEN, script);
    for line in [
        "webhook sales failed after 1500 ms: deadline",
        "taking the fallback of webhook sales",
        "did not answer: busy (SIP 486)",
        "did not answer: no_answer",
        "recording a message for sales",
    ] {
        has(&played, line);
    }
}

/// A19: what comes after the deadline is heard no more, as in a real call; what comes at it is.
#[test]
fn a_late_answer_is_none() {
    let ends = |after: u64| {
        let actions = Actions::from_json(br#"{"action":"hangup"}"#).unwrap();
        let after = Duration::from_millis(after);
        let answers = Server::Answers { after, actions };
        let mut script = Script {
            digits: presses("1"),
            ..Script::default()
        };
        script.servers.insert("sales".into(), answers);
        played("+13146523057", OPEN, script)
    };
    has(&ends(1_500), "webhook sales answered in 1500 ms: hangup");
    for late in [1_501, 1_700, 60_000] {
        let played = ends(late);
        has(&played, "webhook sales failed after 1500 ms: deadline");
        has(&played, "taking the fallback of webhook sales");
    }
}

/// A19, A22: a server that does not answer in time; the one that is asked in its place is told so.
#[test]
fn a_fallback_server_is_told_of_the_silence() {
    let table = r#"
version: 1
default: { action: voicemail, message: general }
webhooks:
  sales: { urls: ["https://a.example/"], fallback: { action: webhook, name: backup } }
  backup: { urls: ["https://b.example/"] }
numbers: { "*": { action: webhook, name: sales } }
"#;
    let engine = Arc::new(load("routes.yaml", table, &(), &ChronoTz).unwrap());
    let mut script = Script::default();
    script.servers.insert("sales".into(), Server::Silent);
    let played = play(engine, call("+13146523057", OPEN), script);
    let asked: Vec<_> = played
        .effects()
        .filter_map(|effect| match effect {
            Effect::Ask { event, .. } => Some(event.attributes.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(asked.len(), 2, "{}", played.text());
    assert!(asked[0].is_empty());
    assert_eq!(asked[1]["webhook"], "sales");
    assert_eq!(asked[1]["failure"], "deadline");
}

/// A19: a server that fails and has no fallback leads to the file's default.
#[test]
fn a_server_without_fallback_leads_to_the_default() {
    let mut script = Script {
        digits: presses("5"),
        ..Script::default()
    };
    let failure = AskFailure {
        class: "status_5xx".into(),
        detail: "500".into(),
    };
    script.servers.insert(
        "bare".into(),
        Server::Fails {
            after: s(1),
            failure,
        },
    );
    let played = played("+13146523057", OPEN, script);
    has(
        &played,
        "taking the default: webhook bare failed: status_5xx",
    );
    has(&played, "recording a message for general");
}

/// An answer that names what the table does not have, or holds a value out of range, is a failure
/// of the server.
#[test]
fn a_wrong_answer_is_a_failure() {
    for (answer, why) in [
        (
            r#""no_such_target""#,
            "bad_schema: $: unknown target `no_such_target`",
        ),
        (
            r#"{"action":"menu","name":"mian"}"#,
            "bad_schema: $.name: unknown menu `mian`",
        ),
        (
            r#"{"action":"forward","destination":{"type":"number","number":"+16822306467"},"ring_s":100000}"#,
            "bad_schema: $.ring_s: 100000 is out of range",
        ),
        (r#"{"action":"menu"}"#, "bad_schema: "),
    ] {
        let mut script = Script {
            digits: presses("1"),
            ..Script::default()
        };
        script.servers.insert("sales".into(), answers(answer));
        let played = played("+13146523057", OPEN, script);
        has(&played, why);
        has(&played, "taking the fallback of webhook sales");
    }
}

/// B13, B22, B23: after hours, by the event's own time: voicemail, greeting, beep, message.
#[test]
fn after_hours_takes_a_message() {
    let script = Script {
        hangs_up: Some(s(20)),
        ..Script::default()
    };
    let played = played("+13146523057", CLOSED, script);
    has(&played, "rule 1 \"after hours\"");
    let sounds: Vec<&Sound> = played
        .commands()
        .filter_map(|command| match command {
            Command::Play { sound, .. } => Some(sound),
            _ => None,
        })
        .collect();
    let greeting = Sound::PromptOr {
        prompt: "office_closed".into(),
        text: "office closed".into(),
    };
    assert_eq!(sounds, [&greeting, &Sound::Beep]);
    has(
        &played,
        "message of 15990 ms recorded: office_closed/c1.wav",
    );
    has(&played, "the caller hung up");
    assert!(
        played
            .effects()
            .any(|effect| matches!(effect, Effect::Emit(event) if event.recording.is_some()))
    );
}

/// A29: an information line speaks and hangs up; nobody is rung.
#[test]
fn an_information_line_speaks_and_hangs_up() {
    let played = played("+13146523062", OPEN, Script::default());
    has(&played, "playing text \"Your order has been shipped.\"");
    assert!(
        !played
            .commands()
            .any(|command| matches!(command, Command::Dial { .. }))
    );
    let bye = Command::Hangup {
        leg: LegId::CALLER,
        cause: EndCause::Normal,
    };
    assert!(played.commands().any(|command| *command == bye));
}

/// A18, B12: straight to an agent: the caller is answered only when the agent has answered.
#[test]
fn the_caller_is_answered_when_the_agent_answers() {
    let mut script = Script::default();
    script
        .phones
        .insert("sip:ann@pbx.example".into(), Phone::answers(s(4)));
    let played = played("+13146523058", OPEN, script);
    let order: Vec<&str> = played
        .commands()
        .filter_map(|command| match command {
            Command::Dial { .. } => Some("dial"),
            Command::Ring { .. } => Some("ring"),
            Command::Answer { .. } => Some("answer"),
            Command::Bridge { .. } => Some("bridge"),
            _ => None,
        })
        .collect();
    assert_eq!(order, ["dial", "ring", "answer", "bridge"]);
}

/// B29, B34: one after the other: busy, no answer, then the third.
#[test]
fn members_in_turn_fail_over() {
    let mut script = Script::default();
    script
        .phones
        .insert("+16822306467".into(), Phone::fails(503));
    script.phones.insert("+12125551234".into(), Phone::rings());
    script
        .phones
        .insert("sip:ann@pbx.example".into(), Phone::answers(s(2)));
    let played = played("+13146523059", OPEN, script);
    for line in [
        "+1682•••6467 did not answer: congestion (SIP 503)",
        "10.000 s  +1212•••1234 did not answer: no_answer",
        "connected with ann",
    ] {
        has(&played, line);
    }
}

/// B34: where the network says that trying others is pointless, nobody else is tried.
#[test]
fn a_definite_no_stops_the_hunt() {
    let mut script = Script::default();
    script
        .phones
        .insert("+16822306467".into(), Phone::fails(404));
    script
        .phones
        .insert("+12125551234".into(), Phone::answers(s(1)));
    let played = played("+13146523059", OPEN, script);
    assert!(
        !played.text().contains("calling +1212"),
        "{}",
        played.text()
    );
    has(
        &played,
        "taking the default: nobody answered: invalid_number",
    );
}

#[test]
fn an_unreachable_agent_leads_to_the_default() {
    let played = played("+13146523058", OPEN, Script::default());
    has(&played, "ann did not answer: unreachable");
    has(&played, "recording a message for general");
}

/// B26: silence, and keys that the menu does not have.
#[test]
fn silence_and_wrong_keys_have_their_branches() {
    let silent = played("+13146523057", OPEN, Script::default());
    has(&silent, "nothing was pressed");
    has(&silent, "recording a message for office_closed");
    let wrong = Script {
        digits: (0..3)
            .map(|n| (s(1 + n), Digit::new('9').unwrap()))
            .collect(),
        ..Script::default()
    };
    let wrong = played("+13146523057", OPEN, wrong);
    assert_eq!(
        wrong
            .text()
            .matches("pressed 9, which the menu lacks")
            .count(),
        3
    );
    assert_eq!(wrong.text().matches("menu main, round").count(), 3);
    has(&wrong, "recording a message for office_closed");
}

/// B28: keys of several digits, and an unfinished one.
#[test]
fn keys_may_have_several_digits() {
    let both = played(
        "+13146523057",
        OPEN,
        Script {
            digits: presses("66"),
            ..Script::default()
        },
    );
    has(&both, "pressed 66");
    has(&both, "ending the call: the routing hangs up");
    let one = played(
        "+13146523057",
        OPEN,
        Script {
            digits: presses("6"),
            ..Script::default()
        },
    );
    has(&one, "4.000 s  pressed 6, which the menu lacks");
}

#[test]
fn a_rejected_caller_hears_the_cause() {
    let played = played("+13146523061", OPEN, Script::default());
    let reject = Command::Hangup {
        leg: LegId::CALLER,
        cause: EndCause::Rejected(RejectCause::UserBusy),
    };
    assert!(played.commands().any(|command| *command == reject));
    assert!(
        !played
            .commands()
            .any(|command| matches!(command, Command::Answer { .. }))
    );
}

/// A number of no rule goes to the default.
#[test]
fn an_unknown_number_goes_to_the_default() {
    let played = played("+19995550000", OPEN, Script::default());
    has(&played, "decided by default: voicemail");
    has(&played, "taking the default: no rule holds");
}

/// A table, or servers, that send a call in circles are stopped.
#[test]
fn circles_end_at_the_default() {
    for (answer, why) in [
        (
            r#"[{"action":"say","text":"One moment."},{"action":"webhook","name":"sales"}]"#,
            "the routing goes in circles",
        ),
        (
            r#"{"action":"webhook","name":"sales"}"#,
            "too many servers were asked one after the other",
        ),
    ] {
        let mut script = Script::default();
        script.servers.insert("sales".into(), answers(answer));
        let played = played("+13146523060", OPEN, script);
        has(&played, why);
    }
}

/// The caller hangs up while phones ring: they stop ringing.
#[test]
fn the_caller_may_hang_up_while_it_rings() {
    let mut script = Script {
        hangs_up: Some(s(2)),
        ..Script::default()
    };
    script.phones.insert("+16822306467".into(), Phone::rings());
    script.phones.insert(
        "+12125551234".into(),
        Phone {
            acts: Vec::new(),
            rings: Some(s(1)),
            end: PhoneEnd::Silent,
        },
    );
    let played = played("+13146523064", OPEN, script);
    has(&played, "the caller hung up");
    for leg in [LegId(1), LegId(2)] {
        let hangup = Command::Hangup {
            leg,
            cause: EndCause::Normal,
        };
        assert!(played.commands().any(|command| *command == hangup), "{leg}");
    }
}

/// No number of a caller or a member is shown in full, in whatever form a session is printed.
#[test]
fn debug_output_masks_numbers() {
    let mut script = Script::default();
    script
        .phones
        .insert("+16822306467".into(), Phone::fails(503));
    script.phones.insert("+12125551234".into(), Phone::rings());
    let played = played("+13146523059", OPEN, script);
    let shown = format!("{:?}", played.effects().collect::<Vec<_>>());
    for hidden in ["5550123", "2306467", "5551234"] {
        assert!(!shown.contains(hidden), "{hidden} in {shown}");
    }
}

/// One record a call, in a form that does not change: who was tried when, and how it ended.
#[test]
fn a_call_record_has_a_stable_form() {
    let mut script = Script {
        answers: vec!["3".to_owned()],
        ..Script::default()
    };
    script
        .phones
        .insert("+16822306467".into(), Phone::fails(486));
    script
        .phones
        .insert("+12125551234".into(), Phone::answers(s(4)));
    let played = played("+13146523057", OPEN, script);
    let record = played.record().unwrap();
    let table = &record.decision.as_ref().unwrap().table;
    let expected = r#"{"version":1,"call_id":"c1","from":"+14155550123","to":"+13146523057","began":"2026-04-21T14:32:00Z","answered":"2026-04-21T14:32:00.010Z","ended":"2026-04-21T14:33:05.020Z","duration_ms":65020,"talk_ms":60000,"disposition":"answered","ended_by":"callee","why":"the other side hung up","decision":{"id":"c1.1","table":"TABLE","rule":"+13146523057 rule 2 \"everybody else\""},"attempts":[{"n":1,"member":"+16822306467","began":"2026-04-21T14:32:01.010Z","disposition":"busy","sip_code":486,"q850":17,"ring_ms":0},{"n":2,"member":"+12125551234","began":"2026-04-21T14:32:01.010Z","disposition":"answered","ring_ms":4000,"talk_ms":60000}]}"#;
    assert_eq!(record.to_json(), expected.replace("TABLE", table));
    let decided = played.effects().find_map(|effect| match effect {
        Effect::Emit(event) => event.event_id.clone(),
        _ => None,
    });
    assert_eq!(decided.as_deref(), Some("c1.1"));
    let again: callroute_schema::CallRecord = serde_json::from_str(&record.to_json()).unwrap();
    assert_eq!(again, *record);
}
