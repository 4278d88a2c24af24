//! Callers of queues that are called back, in virtual time.

use std::sync::Arc;
use std::time::Duration;

use callroute_media::{Command, DialTarget, LegId, Sound};
use callroute_rules::{ChronoTz, load};
use callroute_schema::{CallId, Caller, Digit, Disposition};
use callroute_session::Effect;
use callroute_session::journal::{Entry, Header, Journal, replay};
use callroute_session::shared::{AgentState, HubRequest};
use callroute_session::{Input, Now, Session, Settings};
use callroute_sim::{Phone, PhoneEnd, Placed, Played, Scene, Script, play_all};
use chrono::TimeDelta;

use crate::common::{OPEN, call};

const TABLE: &str = r#"
version: 1
default: { action: voicemail, message: general }
destinations: { allow: ["+1*", "1001"], deny: ["+1900*"] }
agents: { ann: { to: "1001" } }
numbers:
  "*": { action: queue, name: desk, members: [ann], callback: 9 }
"#;

const CALLER: &str = "+14155550123";

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A caller that presses 9 after five seconds; `phone` is what its own phone does when called.
fn caller(n: u64, at: u64, from: Caller, phone: Phone) -> Placed {
    let mut event = call("+13146523057", OPEN);
    event.call_id = CallId::new(format!("c{n}")).unwrap();
    event.from = from;
    let mut script = Script {
        digits: vec![(s(5), Digit::new('9').unwrap())],
        ..Script::default()
    };
    script
        .phones
        .insert("1001".to_owned(), Phone::answers(s(3)));
    script.phones.insert(CALLER.to_owned(), phone);
    Placed {
        at: s(at),
        event,
        script,
    }
}

fn known(number: &str) -> Caller {
    Caller::Known(callroute_schema::Address::new(number).unwrap())
}

/// Ann is busy at first, and has time after two minutes.
fn scene(calls: Vec<Placed>) -> Vec<Played> {
    let engine = load("routes.yaml", TABLE, &(), &ChronoTz);
    let engine = Arc::new(engine.unwrap_or_else(|faults| panic!("{faults}")));
    let scene = Scene {
        calls,
        switches: std::collections::BTreeMap::new(),
        agents: vec![
            (s(0), "ann".to_owned(), AgentState::Paused),
            (s(120), "ann".to_owned(), AgentState::Available),
        ],
        settings: Settings::default(),
    };
    let played = play_all(&engine, scene);
    for one in &played {
        assert!(one.is_over(), "{}", one.text());
    }
    played
}

/// Whom a call dials, and when after its start.
fn dials(played: &Played) -> Vec<(String, LegId, Duration)> {
    let mut found = Vec::new();
    for step in &played.steps {
        for effect in &step.effects {
            if let Effect::Media(Command::Dial { leg, to, from, .. }) = effect {
                if let DialTarget::Number(number) = to
                    && number.as_str() == CALLER
                {
                    assert_eq!(from.as_str(), "+13146523057", "shown is what was dialed");
                }
                found.push((to.as_str().to_owned(), *leg, step.at));
            }
        }
    }
    found
}

/// A11: when a member has time it is rung and told; then the caller's phone is, and the two talk.
#[test]
fn the_member_comes_first_and_then_the_caller() {
    let calls = scene(vec![caller(1, 0, known(CALLER), Phone::answers(s(4)))]);
    let [first, back] = &calls[..] else {
        panic!("{} calls", calls.len());
    };
    assert!(first.text().contains("wants to be called back"));
    let dials = dials(back);
    let [(ann, LegId(1), at_ann), (them, LegId(0), at_them)] = &dials[..] else {
        panic!("{dials:?}\n{}", back.text());
    };
    assert_eq!((&**ann, &**them), ("1001", CALLER));
    assert!(*at_ann >= s(110) && at_them > at_ann, "{}", back.text());
    let whisper = back.commands().any(|command| {
        matches!(command, Command::Play { leg: LegId(1), sound: Sound::Speech { text, .. }, .. }
            if text.contains("callback"))
    });
    assert!(whisper, "{}", back.text());
    let bridged = |command: &Command| {
        let legs = (LegId(0), LegId(1));
        matches!(command, Command::Bridge { a, b } if (*a, *b) == legs)
    };
    assert!(back.commands().any(bridged), "{}", back.text());
    let record = back.record().unwrap();
    assert_eq!(record.disposition, Disposition::Answered);
    assert_eq!(record.attributes["callback_of"], "c1");
    assert_eq!(record.attributes["callback_try"], "1");
    assert!(record.talk_ms > 0);
    let members: Vec<_> = record.attempts.iter().map(|one| &*one.member).collect();
    assert_eq!(members, ["ann", CALLER]);
}

/// A caller who does not answer is tried three times, five minutes apart, each try with a record.
#[test]
fn tries_are_bounded_and_recorded() {
    let calls = scene(vec![caller(1, 0, known(CALLER), Phone::rings())]);
    assert_eq!(calls.len(), 4, "the call and three tries");
    for (n, try_) in calls.iter().enumerate().skip(1) {
        let record = try_.record().unwrap();
        assert_eq!(record.attributes["callback_try"], n.to_string());
        assert_eq!(record.disposition, Disposition::NoAnswer, "{}", try_.text());
        assert_eq!(record.why, "the caller did not answer");
        assert!(record.attempts[1].member == CALLER, "{record:?}");
    }
    assert!(calls[3].text().contains("it was the last"));
    let began: Vec<_> = calls.iter().map(|c| c.record().unwrap().began).collect();
    for pair in began[1..].windows(2) {
        assert!(pair[1] - pair[0] >= TimeDelta::seconds(300));
    }
}

/// Who hung up to be called back is served before who came later, and who waits on the line
/// before who came still later.
#[test]
fn the_place_is_kept() {
    let mut later = caller(2, 30, known("+12125550100"), Phone::rings());
    later.script.digits.clear();
    let calls = scene(vec![
        caller(1, 0, known(CALLER), Phone::answers(s(4))),
        later,
    ]);
    let [_, waits, back] = &calls[..] else {
        panic!("{} calls", calls.len());
    };
    let first = dials(back)[0].2 + s(5);
    let second = dials(waits)[0].2 + s(30);
    assert!(first < second, "{first:?} {second:?}\n{}", waits.text());
}

/// A number that is not known, or that the table lets nobody dial, is not called back: the caller
/// hears so and waits on.
#[test]
fn who_cannot_be_called_back_is_told() {
    for from in [Caller::Withheld, known("+19005550100")] {
        let calls = scene(vec![caller(1, 0, from, Phone::rings())]);
        let [only] = &calls[..] else {
            panic!("{} calls", calls.len());
        };
        assert!(only.text().contains("cannot be called back"));
        assert_eq!(only.record().unwrap().disposition, Disposition::Answered);
    }
}

/// The member hangs up while the caller's phone rings: that try has failed, and the next is made.
#[test]
fn a_member_that_hangs_up_costs_a_try() {
    let mut placed = caller(1, 0, known(CALLER), Phone::rings());
    let leaves = Phone {
        end: PhoneEnd::Answers {
            after: s(1),
            talks: s(8),
        },
        ..Phone::rings()
    };
    placed.script.phones.insert("1001".to_owned(), leaves);
    let calls = scene(vec![placed]);
    assert_eq!(calls.len(), 4);
    let why = &calls[1].record().unwrap().why;
    assert_eq!(why, "the member hung up before the caller answered");
}

/// The journal of a callback replays to the same effects.
#[test]
fn a_callback_replays() {
    let calls = scene(vec![caller(1, 0, known(CALLER), Phone::answers(s(4)))]);
    let engine = Arc::new(load("routes.yaml", TABLE, &(), &ChronoTz).unwrap());
    let Input::CallBack(callback) = &calls[1].steps[0].input else {
        panic!("{:?}", calls[1].steps[0].input);
    };
    let start = chrono::DateTime::UNIX_EPOCH;
    let event = callback.event(CallId::new("c1-back-1").unwrap(), start.fixed_offset());
    let entries = calls[1].steps.iter().map(|step| {
        let utc = start + TimeDelta::from_std(step.at).unwrap();
        Entry::new(Now { utc, mono: step.at }, step.input.clone())
    });
    let journal = Journal {
        header: Header::new(&engine, event),
        entries: entries.collect(),
    };
    let mut text = journal.header.to_line();
    for entry in &journal.entries {
        text.push('\n');
        text.push_str(&entry.to_line());
    }
    text.push('\n');
    let read = Journal::parse(&text).unwrap();
    assert_eq!(read, journal);
    let again = replay(engine, &read);
    let commands = |effects: &[Effect]| -> Vec<Command> {
        let command = |effect: &Effect| match effect {
            Effect::Media(command) => Some(command.clone()),
            _ => None,
        };
        effects.iter().filter_map(command).collect()
    };
    for (step, replayed) in calls[1].steps.iter().zip(&again) {
        assert_eq!(commands(&step.effects), commands(&replayed.effects));
    }
}

/// A router that stops forgets nobody: the callback is given back, and that was no try.
#[test]
fn a_callback_that_the_router_stops_is_given_back() {
    let calls = scene(vec![caller(1, 0, known(CALLER), Phone::answers(s(4)))]);
    let engine = Arc::new(load("routes.yaml", TABLE, &(), &ChronoTz).unwrap());
    let Input::CallBack(callback) = &calls[1].steps[0].input else {
        panic!("{:?}", calls[1].steps[0].input);
    };
    let utc = chrono::DateTime::UNIX_EPOCH;
    let event = callback.event(CallId::new("c1-back-1").unwrap(), utc.fixed_offset());
    let now = Now { utc, mono: s(0) };
    let mut session = Session::new(engine, event, now);
    session
        .handle(now, Input::CallBack(callback.clone()))
        .for_each(drop);
    let stops: Vec<Effect> = session.handle(now, Input::Shutdown).collect();
    let again = Effect::HubRequest(HubRequest::Again {
        callback: callback.clone(),
        after_ms: 0,
    });
    assert!(stops.contains(&again), "{stops:?}");
}
