//! Sounds and recordings that do not come to their end: something else takes their place, the disk is
//! full, or the caller is gone.

use std::sync::Arc;
use std::time::Duration;

use callroute_media::{Command, LegId, Notice, PlayEnd, Sound};
use callroute_rules::{ChronoTz, load};
use callroute_schema::{Actions, Digit, EndedBy};
use callroute_session::{Effect, FeatureCodes, Input, Note, Now, Session, Settings};
use callroute_sim::{Act, Phone, PhoneEnd, Placed, Played, Scene, Script, play_all};

use crate::common::{OPEN, call};

const TABLE: &str = r#"
version: 1
default: { action: forward, destination: { type: number, number: "1001" } }
webhooks: { shop: { urls: ["http://127.0.0.1:1/shop"] } }
agents: { ann: { to: "1009" } }
numbers:
  "+2": [{ action: say, text: "This text is longer than a second." }, { action: forward, destination: { type: number, number: "1001" } }]
  "+3": [{ action: play, prompt: thank_you }, { action: webhook, name: shop }]
  "+4": [{ action: say, text: "This text is longer than a second." }]
  "+5": [{ action: record, consent: { say: "This text is longer than a second." } }, { action: park, slot: "701" }]
  "+6": { action: voicemail, message: general }
  "+7": { action: menu, prompt: { say: "This text is longer than a second." }, options: { 1: { action: hangup } }, timeout_s: 1 }
  "+8": { action: collect, prompt: { say: "This text is longer than a second." }, into: pin, timeout_s: 1 }
  "+9": { action: queue, name: desk, members: [ann], wait_when_empty: true, announce: { every_s: 5, text: "This text is longer than a second." } }
  "+10": { action: queue, name: desk, members: [ann], wait_when_empty: true, callback: "9" }
  "+11": [{ action: record, on: { failed: { action: busy } } }, { action: forward, destination: { type: number, number: "1001" } }]
"#;

/// It takes six seconds.
const CONSENT: &str = r#"{"action":"record","consent":{"say":"This call is recorded, so that we can look up later what the two of you have agreed upon in it."}}"#;

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn played(to: &str, script: Script) -> Played {
    let engine = Arc::new(load("routes.yaml", TABLE, &(), &ChronoTz).unwrap());
    let scene = Scene {
        settings: Settings {
            features: Some(FeatureCodes::default()),
            ..Settings::default()
        },
        calls: vec![Placed {
            at: Duration::ZERO,
            event: call(to, OPEN),
            script,
        }],
        ..Scene::default()
    };
    let played = play_all(&engine, scene).into_iter().next().unwrap();
    assert!(played.is_over(), "{}", played.text());
    played
}

/// A conversation that is to be recorded from its fifth second on; the prompt takes six seconds,
/// and whoever answered does something after three of them. What was commanded since, in order.
fn told(agent: impl Fn(Phone) -> Phone) -> Vec<String> {
    let mut phone = agent(Phone::answers(s(1)));
    phone.end = PhoneEnd::Answers {
        after: s(1),
        talks: s(200),
    };
    let mut script = Script {
        pushes: vec![(s(5), Actions::from_json(CONSENT.as_bytes()).unwrap())],
        ..Script::default()
    };
    script.phones.insert("1001".to_owned(), phone);
    script
        .phones
        .insert("1002".to_owned(), Phone::answers(s(1)));
    let played = played("+1", script);
    let told = |command: &Command| match command {
        Command::Play {
            leg,
            sound: Sound::Speech { .. },
            ..
        } => Some(format!("told {leg}")),
        Command::Play {
            leg,
            sound: Sound::Music,
            ..
        } => Some(format!("music {leg}")),
        Command::Record { .. } => Some("record".to_owned()),
        Command::Bridge { a, b } => Some(format!("bridge {a} {b}")),
        _ => None,
    };
    played.commands().filter_map(told).collect()
}

/// A prompt that something else took the place of was not heard: it is played anew when the two
/// talk again, and nobody is recorded before.
#[test]
fn a_consent_prompt_that_was_stopped_is_told_anew() {
    let begun = ["bridge leg0 leg1", "told leg0", "told leg1", "music leg0"];
    let after = |agent: &dyn Fn(Phone) -> Phone| {
        let mut all = told(agent);
        let rest = all.split_off(4);
        assert_eq!(all, begun);
        rest
    };
    let on = |phone: Phone, at| phone.then(s(at), Act::Hold(true));
    let again = after(&|phone| on(phone, 7).then(s(20), Act::Hold(false)));
    assert_eq!(again, ["told leg0", "told leg1", "record"]);
    let long = after(&|phone| on(phone, 7).then(s(100), Act::Hold(false)));
    assert_eq!(long, ["told leg0", "told leg1", "record"]);
    let never = after(&|phone| on(phone, 7));
    assert!(never.is_empty(), "{never:?}");
    let sent = after(&|phone| phone.presses(s(7), "#11002#"));
    assert_eq!(
        sent,
        ["bridge leg0 leg2", "told leg0", "told leg2", "record"]
    );
    let back = after(&|phone| phone.presses(s(7), "#1#"));
    assert_eq!(
        back,
        ["bridge leg0 leg1", "told leg0", "told leg1", "record"]
    );
}

/// Where nothing plays it anew, the call is not recorded.
#[test]
fn a_consent_prompt_that_stays_stopped_was_not_heard() {
    let engine = Arc::new(load("routes.yaml", TABLE, &(), &ChronoTz).unwrap());
    let event = call("+1", OPEN);
    let utc = event.timestamp.to_utc();
    let mut session = Session::new(engine, event, Now { utc, mono: s(0) });
    let mut input = |at, input: Input| -> Vec<Effect> {
        let now = Now { utc, mono: s(at) };
        session.handle(now, input).collect()
    };
    input(0, Input::Start);
    for leg in [LegId(1), LegId::CALLER] {
        input(1, Input::Media(Notice::LegAnswered { leg }));
    }
    let actions = Actions::from_json(CONSENT.as_bytes()).unwrap();
    let told = input(2, Input::Push { actions });
    let plays: Vec<Notice> = told
        .iter()
        .filter_map(|effect| match effect {
            Effect::Media(Command::Play { leg, play, .. }) => Some(Notice::PlayEnded {
                leg: *leg,
                play: *play,
                end: PlayEnd::Stopped,
            }),
            _ => None,
        })
        .collect();
    assert_eq!(plays.len(), 2, "{told:?}");
    for stopped in plays {
        let effects = input(3, Input::Media(stopped));
        assert!(effects.is_empty(), "{effects:?}");
    }
    let due = input(62, Input::Wake);
    let records = |effect: &Effect| matches!(effect, Effect::Media(Command::Record { .. }));
    assert!(!due.iter().any(records), "{due:?}");
    assert!(due.contains(&Effect::Note(Note::Unrecorded)), "{due:?}");
}

/// What the call was told to do after its caller had hung up, and how it ended.
fn hung_up(to: &str, at: u64) -> (Vec<String>, Played) {
    let mut script = Script {
        hangs_up: Some(s(at)),
        digits: vec![(s(5), Digit::new('9').unwrap())],
        ..Script::default()
    };
    script
        .phones
        .insert("1001".to_owned(), Phone::answers(s(1)));
    let played = played(to, script);
    let late = played.steps.iter().filter(|step| step.at >= s(at));
    let late = late.flat_map(|step| &step.effects);
    let done = late.filter_map(|effect| match effect {
        Effect::Media(command) => Some(format!("{command:?}")),
        Effect::Ask { .. } => Some("asks".to_owned()),
        _ => None,
    });
    (done.collect(), played)
}

/// Every sound of a leg ends before the leg: who hangs up while one plays has nothing begun for it.
#[test]
fn nothing_is_begun_for_a_caller_who_hung_up_during_a_sound() {
    let at_once = ["+2", "+3", "+4", "+5", "+6", "+7", "+8"].map(|to| (to, 1));
    for (to, at) in at_once.into_iter().chain([("+9", 6), ("+10", 6)]) {
        let (late, played) = hung_up(to, at);
        assert!(late.is_empty(), "{to}: {late:?}\n{}", played.text());
        let record = played.record().unwrap();
        assert_eq!(record.ended_by, EndedBy::Caller, "{to}: {}", played.text());
        let gone = |(_, note): (_, &Note)| *note == Note::CallerGone;
        assert!(played.notes().any(gone), "{to}: {}", played.text());
    }
}

/// A recording's branch is for what recorded, not for what was pushed in its place since.
#[test]
fn a_recording_that_fails_leaves_what_was_pushed_alone() {
    for (pushed, branches) in [(false, true), (true, false)] {
        let engine = Arc::new(load("routes.yaml", TABLE, &(), &ChronoTz).unwrap());
        let event = call("+11", OPEN);
        let utc = event.timestamp.to_utc();
        let now = Now { utc, mono: s(0) };
        let mut session = Session::new(engine, event, now);
        let mut input = |input: Input| -> Vec<Effect> { session.handle(now, input).collect() };
        let begun = input(Input::Start);
        let recording = begun.iter().find_map(|effect| match effect {
            Effect::Media(Command::Record { recording, .. }) => Some(*recording),
            _ => None,
        });
        if pushed {
            let other = br#"{"action":"forward","destination":{"type":"number","number":"1002"}}"#;
            let actions = Actions::from_json(other).unwrap();
            input(Input::Push { actions });
        }
        let failed = input(Input::Media(Notice::RecordEnded {
            leg: LegId::CALLER,
            recording: recording.unwrap(),
            url: None,
            duration_ms: 0,
            error: Some("the disk is full".to_owned()),
        }));
        let ends = |effect: &Effect| matches!(effect, Effect::Media(Command::Hangup { .. }));
        assert_eq!(failed.iter().any(ends), branches, "{failed:?}");
    }
}
