//! Messages that are broken off: nothing that was said is lost, and nothing is left behind.

use std::sync::Arc;
use std::time::Duration;

use callroute_media::{Command, LegId, Notice, RecordingId};
use callroute_rules::{ChronoTz, Engine, load};
use callroute_schema::Actions;
use callroute_session::{Effect, Input, Now, Session};
use callroute_sim::{Phone, Played, Script, play};

use crate::common::{OPEN, call};

const TABLE: &str = r#"
version: 1
default: { action: voicemail, message: sales, operator: { action: forward, destination: { type: number, number: "+16822306467" } } }
"#;

fn engine() -> Arc<Engine> {
    Arc::new(load("routes.yaml", TABLE, &(), &ChronoTz).unwrap())
}

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn played(script: Script) -> Played {
    let played = play(engine(), call("+13146523057", OPEN), script);
    assert!(played.is_over(), "{}", played.text());
    played
}

fn discarded(played: &Played) -> usize {
    let discards = |command: &&Command| matches!(command, Command::Discard { .. });
    played.commands().filter(discards).count()
}

/// Somebody takes the caller away in the middle of a message: what was said is kept.
#[test]
fn a_message_that_is_pushed_away_is_kept() {
    let forward =
        br#"{"action":"forward","destination":{"type":"number","number":"+16822306467"}}"#;
    let mut script = Script {
        pushes: vec![(s(20), Actions::from_json(forward).unwrap())],
        ..Script::default()
    };
    let phone = Phone::answers(s(2));
    script.phones.insert("+16822306467".to_owned(), phone);
    let played = played(script);
    let messages: Vec<_> = played.messages().collect();
    assert_eq!(messages.len(), 1, "{}", played.text());
    assert_eq!(messages[0].mailbox, "sales");
    assert!(messages[0].duration_ms > 5_000);
    assert_eq!(discarded(&played), 0);
    assert!(played.text().contains("connected with"));
}

/// Two in the review records again: the first one is thrown away, and only the second is kept.
#[test]
fn what_is_recorded_again_takes_the_place_of_the_first() {
    let table = "version: 1\ndefault: { action: voicemail, message: sales, review: true }\n";
    let engine = Arc::new(load("routes.yaml", table, &(), &ChronoTz).unwrap());
    let key = |at: u64, key| (s(at), callroute_schema::Digit::new(key).unwrap());
    let script = Script {
        digits: vec![key(10, '#'), key(13, '2'), key(20, '#'), key(23, '1')],
        ..Script::default()
    };
    let played = play(engine, call("+13146523057", OPEN), script);
    let urls: Vec<&str> = played.messages().map(|kept| kept.url.as_str()).collect();
    assert_eq!(urls, ["sales/c1-2.wav"], "{}", played.text());
    let discarded: Vec<&str> = played
        .commands()
        .filter_map(|command| match command {
            Command::Discard { url, .. } => Some(url.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(discarded, ["sales/c1.wav"], "{}", played.text());
}

/// Zero leads to somebody, and what was recorded until then is thrown away.
#[test]
fn what_was_said_before_the_operator_is_thrown_away() {
    let mut script = Script {
        digits: vec![(s(12), callroute_schema::Digit::new('0').unwrap())],
        ..Script::default()
    };
    let phone = Phone::answers(s(2));
    script.phones.insert("+16822306467".to_owned(), phone);
    let played = played(script);
    assert_eq!(played.messages().count(), 0, "{}", played.text());
    assert_eq!(discarded(&played), 1, "{}", played.text());
    assert!(played.text().contains("connected with"));
}

/// A caller's leg up to the message, whose recording begins at 4 s; does what comes next, and says so.
fn recording(engine: Arc<Engine>) -> impl FnMut(u64, Input) -> Vec<Effect> {
    let event = call("+13146523057", OPEN);
    let utc = event.timestamp.to_utc();
    let now = move |seconds| Now {
        utc,
        mono: s(seconds),
    };
    let mut session = Session::new(engine, event, now(0));
    let mut input =
        move |at: u64, input: Input| -> Vec<Effect> { session.handle(now(at), input).collect() };
    input(0, Input::Start);
    let leg = LegId::CALLER;
    let ends = |effects: &[Effect]| {
        effects.iter().find_map(|effect| match effect {
            Effect::Media(Command::Play { play, .. }) => Some(Input::Media(Notice::PlayEnded {
                leg,
                play: *play,
                end: callroute_media::PlayEnd::Finished,
            })),
            _ => None,
        })
    };
    let greeting = input(1, Input::Media(Notice::LegAnswered { leg }));
    let beep = input(3, ends(&greeting).unwrap());
    let begins = input(4, ends(&beep).unwrap());
    let bounded = |effect: &Effect| matches!(effect, Effect::Media(Command::Record { options, .. }) if options.max_ms.is_some());
    assert!(begins.iter().any(bounded), "{begins:?}");
    input
}

fn recorded(duration_ms: u64) -> Input {
    Input::Media(Notice::RecordEnded {
        leg: LegId::CALLER,
        recording: RecordingId(1),
        url: Some("sales/c1.wav".to_owned()),
        duration_ms,
        error: None,
    })
}

/// A message that is as long as it may be may be heard of by its recording's end before our own clock:
/// the caller is asked all the same, and not after a silence, or when it was him who ended it.
#[test]
fn a_message_that_is_long_enough_is_asked_about() {
    let table =
        "version: 1\ndefault: { action: voicemail, message: sales, max_s: 30, review: true }\n";
    for (at, asked) in [(34, true), (20, false)] {
        let engine = Arc::new(load("routes.yaml", table, &(), &ChronoTz).unwrap());
        let mut input = recording(engine);
        let effects = input(at, recorded((at - 4) * 1000));
        let plays = |effect: &Effect| matches!(effect, Effect::Media(Command::Play { .. }));
        assert_eq!(effects.iter().any(plays), asked, "{effects:?}");
        let message = |effect: &Effect| matches!(effect, Effect::Message(_));
        assert_eq!(effects.iter().any(message), !asked, "{effects:?}");
    }
}

/// The router stops in the middle of a message: what was said is kept.
#[test]
fn a_message_outlives_the_router() {
    let mut input = recording(engine());
    let stops = input(9, Input::Shutdown);
    let stopped = |effect: &Effect| matches!(effect, Effect::Media(Command::StopRecord { .. }));
    assert!(stops.iter().any(stopped), "{stops:?}");
    let kept = input(9, recorded(5_000));
    let message = |effect: &Effect| matches!(effect, Effect::Message(_));
    assert!(kept.iter().any(message), "{kept:?}");
}

/// A slow disk: the call goes on after a while, and the message comes to its box all the same.
#[test]
fn a_message_whose_file_is_closed_late_is_kept() {
    let table = "version: 1\ndefault: [{ action: voicemail, message: sales }, { action: say, text: Thanks. }]\n";
    let engine = Arc::new(load("routes.yaml", table, &(), &ChronoTz).unwrap());
    let mut input = recording(engine);
    let leg = LegId::CALLER;
    let digit = callroute_schema::Digit::new('#').unwrap();
    input(10, Input::Media(Notice::Digit { leg, digit }));
    let late = input(20, Input::Wake);
    let says = |effect: &Effect| matches!(effect, Effect::Media(Command::Play { .. }));
    assert!(late.iter().any(says), "{late:?}");
    let told = input(21, recorded(6_000));
    let kept =
        |effect: &Effect| matches!(effect, Effect::Message(message) if message.mailbox == "sales");
    assert!(told.iter().any(kept), "{told:?}");
}
