//! Transfers between two calls: REFER with Replaces.

use std::sync::Arc;
use std::time::Duration;

use callroute_media::{Command, LegId, Notice, Referral};
use callroute_rules::{ChronoTz, load};
use callroute_schema::{CallId, Party};
use callroute_session::shared::{AgentState, HubReply};
use callroute_session::{Effect, Input, Note, Now, Session};
use callroute_sim::{Act, Phone, PhoneEnd, Placed, Played, Scene, Script, play_all};

use crate::common::{OPEN, call};

const TABLE: &str = r#"
version: 1
default: { action: say, text: "Please call again later." }
agents: { ann: { to: "1009" } }
menus: { main: { options: { 1: { action: hangup } }, timeout_s: 30 } }
numbers:
  "+1": { action: forward, destination: { type: number, number: "1001" } }
  "+2": { action: forward, destination: { type: number, number: "1002" } }
  "+3": { action: queue, name: desk, members: [ann], wait_when_empty: true }
  "+4": { action: conference, name: all }
  "+5": { action: menu, name: main }
  "+6": { action: voicemail, message: general }
  "+7": { action: park, slot: "701" }
  "+8": { action: say, text: "This is a very long text that is read out for quite a while, for longer than the agent waits with the transfer of the customer, which is ten seconds altogether, so that the agent is still here when the transfer comes." }
"#;

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The customer talks with 1001, who calls somewhere else meanwhile and then connects the two calls:
/// what happens in the customer's call and in the other one.
fn transferred(to: &str, replaces: &str, talks: Duration) -> [Played; 2] {
    let engine = Arc::new(load("routes.yaml", TABLE, &(), &ChronoTz).unwrap());
    let refer = Act::Refer {
        to: Party::new("1002").unwrap(),
        replaces: Some(replaces.to_owned()),
    };
    let mut script = Script::default();
    let agent = Phone::answers(s(1)).then(s(10), refer);
    script.phones.insert("1001".to_owned(), agent);
    let mut third = Phone::answers(s(1));
    third.end = PhoneEnd::Answers { after: s(1), talks };
    script.phones.insert("1002".to_owned(), third);
    let mut other = call(to, OPEN);
    other.call_id = CallId::new("c2").unwrap();
    let placed = |at, event| Placed {
        at,
        event,
        script: script.clone(),
    };
    let scene = Scene {
        calls: vec![placed(s(0), call("+1", OPEN)), placed(s(3), other)],
        agents: vec![(s(0), "ann".to_owned(), AgentState::Paused)],
        ..Scene::default()
    };
    let played: Vec<Played> = play_all(&engine, scene);
    played.try_into().unwrap()
}

fn has(played: &Played, line: &str) {
    let text = played.text();
    assert!(text.contains(line), "no {line:?} in\n{text}");
}

fn referred(played: &Played, outcome: Referral) -> bool {
    let leg = LegId(1);
    let wanted = Command::Referred { leg, outcome };
    played.commands().any(|command| *command == wanted)
}

/// B7: the customer talks with the third, and the agent is in neither call any more.
#[test]
fn two_conversations_are_connected() {
    let [customer, other] = transferred("+2", "c2/leg0", s(60));
    assert!(referred(&customer, Referral::Done), "{}", customer.text());
    for played in [&customer, &other] {
        has(played, "going to room transfer-1");
        has(played, "the others are gone");
    }
}

/// Whatever the agent's other call does: the customer keeps the agent, whose telephone says that the
/// transfer came to nothing.
#[test]
fn a_customer_is_not_transferred_to_what_is_no_conversation() {
    for to in ["+3", "+4", "+5", "+6", "+7", "+8"] {
        let [customer, other] = transferred(to, "c2/leg0", s(60));
        let (text, other) = (customer.text(), other.text());
        assert!(
            referred(&customer, Referral::Failed),
            "{to}: {text}\n{other}"
        );
        has(
            &customer,
            "61.000 s  ending the call: the other side hung up",
        );
        assert!(!other.contains("transfer-1"), "{to}: {other}");
    }
}

/// The same where the other conversation is over by then.
#[test]
fn a_customer_is_not_transferred_to_a_conversation_that_is_over() {
    let [customer, _] = transferred("+2", "c2/leg0", s(2));
    assert!(referred(&customer, Referral::Failed), "{}", customer.text());
    has(&customer, "ending the call: the other side hung up");
}

/// A caller who was to meet somebody that is gone at this very moment is not hung up on.
#[test]
fn a_caller_who_meets_nobody_takes_the_default() {
    let engine = Arc::new(load("routes.yaml", TABLE, &(), &ChronoTz).unwrap());
    let event = call("+7", OPEN);
    let at = |seconds| Now {
        utc: event.timestamp.to_utc(),
        mono: s(seconds),
    };
    let mut session = Session::new(engine, event.clone(), at(0));
    let leg = LegId::CALLER;
    let slot = "701".to_owned();
    let room = "park-1".to_owned();
    for input in [
        Input::Start,
        Input::Media(Notice::LegAnswered { leg }),
        Input::HubReply(HubReply::Parked { slot }),
        Input::HubReply(HubReply::Meet { room }),
        Input::Media(Notice::Joined { leg }),
    ] {
        session.handle(at(0), input).for_each(drop);
    }
    let effects: Vec<Effect> = session.handle(at(10), Input::Wake).collect();
    let why = "nobody came to the room".to_owned();
    assert!(effects.contains(&Effect::Note(Note::Default { why })));
}
