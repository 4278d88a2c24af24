//! Conversations that are recorded: who is told, when it begins, and what is done when it fails.

use std::sync::Arc;
use std::time::Duration;

use callroute_media::{Command, LegId, Notice, PlayEnd, RecordingId, Sound};
use callroute_rules::{ChronoTz, load};
use callroute_schema::{Actions, CallId, Prompt};
use callroute_session::{Effect, FeatureCodes, Input, Note, Now, Session, Settings};
use callroute_sim::{Phone, Placed, Played, Scene, Script, play_all};

use crate::common::{OPEN, call};

const TABLE: &str = r#"
version: 1
default: { action: forward, destination: { type: number, number: "1001" } }
numbers:
  "+1": [{ action: record, on: { failed: { action: busy } } }, { action: forward, destination: { type: number, number: "1001" } }]
  "+2": [{ action: record, consent: { say: "recorded" } }, { action: forward, destination: { type: number, number: "1001" } }]
  "+3": [{ action: record, consent: { say: "recorded" } }, { action: park, slot: "701" }]
  "+4": [{ action: park, slot: "701" }]
  "+5": [{ action: record, consent: { say: "recorded" } }, { action: conference, name: team }]
  "+7": [{ action: record, name: support }, { action: voicemail, message: general, max_s: 5 }, { action: voicemail, message: general, max_s: 5 }]
  "+8": [{ action: record, consent: { say: "recorded" }, on: { failed: { action: busy } } }, { action: park, slot: "701" }]
  "+6": [{ action: record, consent: { say: "taped" } }, { action: conference, name: team }]
"#;

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn played(to: &str, settings: Settings, first: Phone, script: impl Fn(&mut Script)) -> Played {
    let engine = Arc::new(load("routes.yaml", TABLE, &(), &ChronoTz).unwrap());
    let mut made = Script::default();
    made.phones.insert("1001".to_owned(), first);
    made.phones.insert("1002".to_owned(), Phone::answers(s(1)));
    script(&mut made);
    let scene = Scene {
        settings,
        calls: vec![Placed {
            at: Duration::ZERO,
            event: call(to, OPEN),
            script: made,
        }],
        ..Scene::default()
    };
    let played = play_all(&engine, scene).into_iter().next().unwrap();
    assert!(played.is_over(), "{}", played.text());
    played
}

/// What was commanded of the prompt and of the recording, in order.
fn order(played: &Played) -> Vec<String> {
    played
        .commands()
        .filter_map(|command| match command {
            Command::Play {
                leg,
                sound: Sound::Speech { text, .. },
                ..
            } if text == "recorded" => Some(format!("told {leg}")),
            Command::Record { options, .. } => Some(format!("record both: {}", options.both)),
            Command::Bridge { a, b } => Some(format!("bridge {a} {b}")),
            _ => None,
        })
        .collect()
}

/// The caller is told before it begins, and whoever comes to the conversation later as well.
#[test]
fn everybody_is_told() {
    let blind = Phone::answers(s(2)).presses(s(5), "#11002#");
    let settings = Settings {
        features: Some(FeatureCodes::default()),
        ..Settings::default()
    };
    let played = played("+2", settings, blind, |_| {});
    assert_eq!(
        order(&played),
        [
            "told leg0",
            "record both: true",
            "bridge leg0 leg1",
            "told leg1",
            "bridge leg0 leg2",
            "told leg2",
        ],
        "{}",
        played.text()
    );
}

/// A conversation that goes on is recorded from outside, with a prompt: both hear it, then it
/// begins, and they talk on.
#[test]
fn both_are_told_in_the_middle_of_a_conversation() {
    let record = br#"{"action":"record","consent":{"say":"recorded"}}"#;
    let played = played("+9", Settings::default(), Phone::answers(s(2)), |script| {
        script.pushes = vec![(s(10), Actions::from_json(record).unwrap())];
    });
    let text = played.text();
    assert_eq!(
        order(&played),
        [
            "bridge leg0 leg1",
            "told leg0",
            "told leg1",
            "record both: true"
        ],
        "{text}"
    );
    assert!(text.contains("both sides recorded"), "{text}");
    assert!(text.contains("the other side hung up"), "{text}");
}

/// The key that records may have a prompt of its own.
#[test]
fn the_key_may_ask_for_consent() {
    let settings = Settings {
        features: Some(FeatureCodes {
            consent: serde_json::from_str::<Prompt>(r#"{"say":"recorded"}"#).ok(),
            ..FeatureCodes::default()
        }),
        ..Settings::default()
    };
    let presses = Phone::answers(s(2)).presses(s(5), "*1");
    let played = played("+9", settings, presses, |_| {});
    assert_eq!(
        order(&played),
        [
            "bridge leg0 leg1",
            "told leg0",
            "told leg1",
            "record both: true"
        ],
        "{}",
        played.text()
    );
}

/// Calls that begin ten seconds apart and last a minute.
fn together(to: &[&str]) -> Vec<Played> {
    let engine = Arc::new(load("routes.yaml", TABLE, &(), &ChronoTz).unwrap());
    let placed = to.iter().zip(0..).map(|(to, n)| {
        let mut event = call(to, OPEN);
        event.call_id = CallId::new(format!("c{n}")).unwrap();
        Placed {
            at: s(10 * n),
            event,
            script: Script {
                hangs_up: Some(s(60)),
                ..Script::default()
            },
        }
    });
    let scene = Scene {
        calls: placed.collect(),
        ..Scene::default()
    };
    play_all(&engine, scene)
}

/// What a call's parties heard, in order.
fn heard(played: &Played) -> Vec<&str> {
    let sounds = played.commands().filter_map(|command| match command {
        Command::Play {
            sound: Sound::Speech { text, .. },
            ..
        } => Some(text.as_str()),
        _ => None,
    });
    sounds.collect()
}

/// Who takes a parked call that is recorded hears so, and who comes to a conference where others are.
#[test]
fn who_meets_a_recorded_call_is_told() {
    let parked = together(&["+3", "+4"]);
    assert_eq!(heard(&parked[0]), ["recorded"], "{}", parked[0].text());
    assert_eq!(heard(&parked[1]), ["recorded"], "{}", parked[1].text());

    let conference = together(&["+5", "+6", "+5"]);
    let texts: Vec<String> = conference.iter().map(Played::text).collect();
    assert_eq!(heard(&conference[0]), ["recorded", "taped"], "{}", texts[0]);
    assert_eq!(heard(&conference[1]), ["taped", "recorded"], "{}", texts[1]);
    assert_eq!(heard(&conference[2]), ["recorded", "taped"], "{}", texts[2]);
}

/// A recording that fails while the call goes on: the action's branch is taken, and nobody is left
/// behind.
#[test]
fn a_recording_that_fails_takes_its_branch() {
    let engine = Arc::new(load("routes.yaml", TABLE, &(), &ChronoTz).unwrap());
    let event = call("+1", OPEN);
    let utc = event.timestamp.to_utc();
    let now = |seconds| Now {
        utc,
        mono: s(seconds),
    };
    let mut session = Session::new(engine, event, now(0));
    let mut input =
        |at: u64, input: Input| -> Vec<Effect> { session.handle(now(at), input).collect() };
    let begun = input(0, Input::Start);
    let dials = |effect: &Effect| matches!(effect, Effect::Media(Command::Dial { .. }));
    assert!(begun.iter().any(dials), "{begun:?}");
    let failed = input(
        1,
        Input::Media(Notice::RecordEnded {
            leg: LegId::CALLER,
            recording: RecordingId(1),
            url: None,
            duration_ms: 0,
            error: Some("the disk is full".to_owned()),
        }),
    );
    let ended: Vec<LegId> = failed
        .iter()
        .filter_map(|effect| match effect {
            Effect::Media(Command::Hangup { leg, .. }) => Some(*leg),
            _ => None,
        })
        .collect();
    assert_eq!(ended, [LegId(1), LegId::CALLER], "{failed:?}");
    // A sound that nobody waits for any more changes nothing.
    let late = Notice::PlayEnded {
        leg: LegId::CALLER,
        play: callroute_media::PlayId(1),
        end: PlayEnd::Stopped,
    };
    assert!(input(1, Input::Media(late)).is_empty());
}

/// Each recording has a name of its own, whatever the table calls it.
#[test]
fn no_recording_takes_the_place_of_another() {
    let names = |played: &Played| -> Vec<String> {
        let names = played.commands().filter_map(|command| match command {
            Command::Record { name, .. } => Some(name.clone()),
            _ => None,
        });
        names.collect()
    };
    let settings = Settings {
        features: Some(FeatureCodes::default()),
        ..Settings::default()
    };
    let on_off_on = Phone::answers(s(2))
        .presses(s(5), "*1")
        .presses(s(10), "*1")
        .presses(s(15), "*1");
    let played = played("+9", settings, on_off_on, |_| {});
    assert_eq!(
        names(&played),
        ["calls/c1", "calls/c1-2"],
        "{}",
        played.text()
    );
    let played = self::played("+7", Settings::default(), Phone::rings(), |_| {});
    let wanted = ["calls/support-c1", "general/c1-2", "general/c1-3"];
    assert_eq!(names(&played), wanted, "{}", played.text());
}

/// The caller hears that it will be recorded, before a conversation or in one; that cannot be played.
fn unheard(to: &str, pushed: Option<&str>) -> Vec<Effect> {
    let engine = Arc::new(load("routes.yaml", TABLE, &(), &ChronoTz).unwrap());
    let event = call(to, OPEN);
    let now = Now {
        utc: event.timestamp.to_utc(),
        mono: s(0),
    };
    let mut session = Session::new(engine, event, now);
    let mut input = |input: Input| -> Vec<Effect> { session.handle(now, input).collect() };
    let answered = |leg| Input::Media(Notice::LegAnswered { leg });
    let mut effects = input(Input::Start);
    if let Some(record) = pushed {
        effects = input(answered(LegId(1)));
        effects.extend(input(answered(LegId::CALLER)));
        let actions = Actions::from_json(record.as_bytes()).unwrap();
        effects.extend(input(Input::Push { actions }));
    } else {
        effects.extend(input(answered(LegId::CALLER)));
    }
    let consent = effects.iter().find_map(|effect| match effect {
        Effect::Media(Command::Play {
            leg: LegId::CALLER,
            play,
            sound: Sound::Speech { .. },
        }) => Some(*play),
        _ => None,
    });
    input(Input::Media(Notice::PlayEnded {
        leg: LegId::CALLER,
        play: consent.unwrap(),
        end: PlayEnd::Failed,
    }))
}

/// Nobody is recorded who was not told.
#[test]
fn a_prompt_that_could_not_be_played_was_not_heard() {
    let with =
        r#"{"action":"record","consent":{"say":"recorded"},"on":{"failed":{"action":"hangup"}}}"#;
    let without = r#"{"action":"record","consent":{"say":"recorded"}}"#;
    for (to, pushed, goes_on) in [
        ("+3", None, true),
        ("+8", None, false),
        ("+9", Some(without), true),
        ("+9", Some(with), false),
    ] {
        let told = unheard(to, pushed);
        let records = |effect: &Effect| matches!(effect, Effect::Media(Command::Record { .. }));
        assert!(!told.iter().any(records), "{to}: {told:?}");
        let noted = |effect: &Effect| matches!(effect, Effect::Note(Note::Unrecorded));
        assert!(told.iter().any(noted), "{to}: {told:?}");
        let ends = |effect: &Effect| matches!(effect, Effect::Media(Command::Hangup { .. }));
        assert_eq!(told.iter().any(ends), !goes_on, "{to}: {told:?}");
    }
}
