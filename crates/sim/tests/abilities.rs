//! Adapters that cannot do everything: what needs it takes its branch at once, or goes without, and
//! the trace names the reason.

use std::sync::Arc;
use std::time::Duration;

use callroute_media::{Ability, Command, Sound};
use callroute_rules::{ChronoTz, load};
use callroute_schema::{Actions, Digit};
use callroute_session::Settings;
use callroute_session::shared::AgentState;
use callroute_sim::{Phone, Placed, Played, Scene, Script, play_all};

use crate::common::{OPEN, call};

const TABLE: &str = r#"
version: 1
default: { action: forward, destination: { type: number, number: "1001" } }
agents: { ann: { to: "1001" } }
numbers:
  "+1": { action: voicemail, message: sales, on: { failed: { action: reject, cause: congestion } } }
  "+2": { action: say, text: "Hello" }
  "+3": { action: conference, name: all, on: { failed: { action: busy } } }
  "+4": { action: redirect, contacts: ["1001"], on: { failed: { action: busy } } }
  "+5": { action: forward, destination: { type: ring_group, members: ["1001"], strategy: simultaneous, ringback: music } }
  "+6": { action: forward, destination: { type: ring_group, members: [{ to: "1001", confirm: true }, "1002"], strategy: sequential } }
  "+7": [{ action: record, consent: { say: "recorded" } }, { action: forward, destination: { type: number, number: "1001" } }]
  "+8": [{ action: record, on: { failed: { action: busy } } }, { action: forward, destination: { type: number, number: "1001" } }]
  "+9": { action: queue, name: desk, members: [ann], callback: "9", exit: "1", on: { failed: { action: hangup } } }
  "+10": { action: forward, destination: { type: conference, name: all }, on: { failed: { action: busy } } }
  "+11": { action: menu, options: { 1: { action: busy } } }
  "+12": { action: park, on: { failed: { action: busy } } }
"#;

fn played(to: &str, cannot: &[Ability], script: impl Fn(&mut Script)) -> Played {
    let engine = Arc::new(load("routes.yaml", TABLE, &(), &ChronoTz).unwrap());
    let mut made = Script::default();
    for number in ["1001", "1002"] {
        let phone = Phone::answers(Duration::from_secs(2));
        made.phones.insert(number.to_owned(), phone);
    }
    script(&mut made);
    let mut scene = Scene::default();
    scene.settings.cannot = cannot.iter().copied().collect();
    scene.calls = vec![Placed {
        at: Duration::ZERO,
        event: call(to, OPEN),
        script: made,
    }];
    if to == "+9" {
        let away = (Duration::ZERO, "ann".to_owned(), AgentState::Paused);
        scene.agents = vec![away];
    }
    let played = play_all(&engine, scene).into_iter().next().unwrap();
    assert!(played.is_over(), "{}", played.text());
    played
}

/// Every action that cannot be done takes its branch, before the caller is answered for it.
#[test]
fn what_cannot_be_done_fails_at_once_and_says_why() {
    use Ability::{Play, Record, Redirect, Rooms};
    for (to, ability, said) in [
        ("+1", Record, "voicemail: the adapter cannot record"),
        ("+1", Play, "voicemail: the adapter cannot play sounds"),
        ("+3", Rooms, "conference: the adapter cannot let calls meet"),
        ("+10", Rooms, "forward: the adapter cannot let calls meet"),
        ("+12", Rooms, "park: the adapter cannot let calls meet"),
        (
            "+4",
            Redirect,
            "redirect: the adapter cannot send callers elsewhere",
        ),
        ("+8", Record, "record: the adapter cannot record"),
    ] {
        let played = played(to, &[ability], |_| {});
        let text = played.text();
        assert!(text.contains(said), "{to}: no {said:?} in\n{text}");
        let early = played
            .commands()
            .all(|command| matches!(command, Command::Hangup { .. }));
        assert!(early, "{to}: more than a refusal\n{text}");
    }
    // Without a branch it is the file's default.
    for (to, what) in [("+2", "say"), ("+11", "menu")] {
        let text = played(to, &[Play], |_| {}).text();
        let why = format!("taking the default: {what}: the adapter cannot play sounds");
        assert!(text.contains(&why), "{text}");
        assert!(text.contains("connected with 1001"), "{text}");
    }
}

/// What can be done without is done without.
#[test]
fn what_is_not_vital_is_gone_without() {
    // Music before the answer: the caller hears ringing instead.
    let rung = played("+5", &[Ability::EarlyPlay], |_| {});
    let play = |command: &Command| matches!(command, Command::Play { .. });
    assert!(!rung.commands().any(play), "{}", rung.text());
    assert!(rung.commands().any(|c| matches!(c, Command::Ring { .. })));
    assert!(
        rung.text()
            .contains("forward: the adapter cannot play to a caller")
    );

    // A member that cannot be asked for its key is passed over, not connected unasked.
    let asked = played("+6", &[Ability::Play], |_| {});
    let text = asked.text();
    assert!(
        text.contains("asking to press a key: the adapter cannot"),
        "{text}"
    );
    assert!(!text.contains("calling 1001"), "{text}");
    assert!(text.contains("connected with 1002"), "{text}");

    // A call that cannot be recorded goes on, and nobody is told that it is recorded.
    let unrecorded = played("+7", &[Ability::Record], |_| {});
    let text = unrecorded.text();
    assert!(text.contains("record: the adapter cannot record"), "{text}");
    assert!(text.contains("connected with 1001"), "{text}");
    let said = |command: &Command| matches!(command, Command::Play { sound: Sound::Speech { text, .. }, .. } if text == "recorded");
    assert!(!unrecorded.commands().any(said), "{text}");

    // From outside, too; and there a branch is taken.
    let pushed = |json: &str| {
        let actions = Actions::from_json(json.as_bytes()).unwrap();
        played("+13", &[Ability::Record], |script| {
            script.pushes = vec![(Duration::from_secs(10), actions.clone())];
        })
        .text()
    };
    let without = pushed(r#"{"action":"record"}"#);
    assert!(
        without.contains("recording: the adapter cannot record"),
        "{without}"
    );
    assert!(without.contains("the other side hung up"), "{without}");
    let with = pushed(r#"{"action":"record","on":{"failed":{"action":"hangup"}}}"#);
    assert!(with.contains("the routing hangs up"), "{with}");
}

/// Where nobody can call back, nobody is promised it, unless somebody else does it.
#[test]
fn a_callback_is_not_promised_in_vain() {
    let nine = |script: &mut Script| {
        script.digits = vec![
            (Duration::from_secs(5), Digit::new('9').unwrap()),
            (Duration::from_secs(30), Digit::new('1').unwrap()),
        ];
    };
    let text = played("+9", &[Ability::Originate], nine).text();
    assert!(
        text.contains("calling back: the adapter cannot make calls"),
        "{text}"
    );
    assert!(text.contains("the caller cannot be called back"), "{text}");
    assert!(!text.contains("wants to be called back"), "{text}");
    let text = played("+9", &[], nine).text();
    assert!(text.contains("wants to be called back"), "{text}");
}

/// What is known of the adapter is in a call's journal, so that it replays.
#[test]
fn settings_keep_it() {
    let mut settings = Settings::default();
    let plain = serde_json::to_string(&settings).unwrap();
    assert!(!plain.contains("cannot"), "{plain}");
    settings.cannot.insert(Ability::RecordOptions);
    let json = serde_json::to_string(&settings).unwrap();
    assert!(json.contains(r#""cannot":["record_options"]"#), "{json}");
    assert_eq!(serde_json::from_str::<Settings>(&json).unwrap(), settings);
}
