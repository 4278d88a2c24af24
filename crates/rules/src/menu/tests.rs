//! Walks through menus, key by key.

use callroute_schema::{Digit, Digits};
use proptest::prelude::*;

use super::{Choice, Next, Stopped, Walk};
use crate::{ChronoTz, Engine, load};

const TABLE: &str = r##"
version: 1
default: { action: voicemail, message: general }
targets:
  sales: { action: voicemail, message: sales }
  english: { action: voicemail, message: english }
  to_languages: { action: menu, name: languages }
  far: to_languages
menus:
  main:
    prompt: { say: "Press 1 for sales, 2 for languages" }
    short_prompt: { say: "1 or 2" }
    options: { 1: sales, 12: { action: hangup }, 2: { action: menu, name: languages } }
    patterns: { 8XX: { action: voicemail, message: any }, 85X: { action: voicemail, message: near } }
    extensions: { allow: [7XX], deny: ["799"] }
    repeat: "9"
    terminator: "#"
    on: { timeout: { repeat: 1, then: sales }, invalid: { repeat: 2, then: { action: hangup } } }
  languages:
    prompt: { say: "1 for English" }
    options: { 1: english, 2: { action: menu, options: { 1: sales }, back: "0", prompt: { say: deepest } } }
    back: "*"
  bare: { options: { 1: sales } }
  named: { prompt: { say: top }, options: { 1: to_languages, 2: far } }
  round: { prompt: { say: round }, repeat: "9", options: { 1: { action: menu, name: round } }, back: "*" }
  safe:
    prompt: { say: inside }
    pin: { codes: ["4711", "081"], tries: 2, failed: { action: hangup } }
    options: { 1: sales }
  once:
    prompt: { say: inside }
    rounds: 1
    pin: { codes: ["4711"] }
    options: { 1: sales }
    on: { timeout: sales }
  twice:
    prompt: { say: inside }
    short_prompt: { say: shorter }
    rounds: 2
    pin: { codes: ["4711"] }
    options: { 1: sales }
    repeat: "9"
numbers: { "*": { action: menu, name: main } }
"##;

fn engine() -> Engine {
    load("routes.yaml", TABLE, &(), &ChronoTz).unwrap()
}

fn begin(engine: &Engine, name: &str) -> (Walk, Next) {
    let mut menu = engine.menu(name).unwrap().clone();
    menu.name = Some(callroute_schema::MenuName::new(name).unwrap());
    Walk::begin(menu)
}

/// A short word for what comes next.
fn word(next: &Next) -> String {
    match next {
        Next::Hear {
            prompt, attempt, ..
        } => match prompt {
            Some(callroute_schema::Prompt::Say(say)) => format!("{attempt} {}", say.text),
            Some(callroute_schema::Prompt::Play(name)) => format!("{attempt} ({name})"),
            _ => format!("{attempt} nothing"),
        },
        Next::Wait(wait) => format!("wait {}", wait.as_secs()),
        Next::Do {
            actions, choice, ..
        } => format!("{choice:?} {}", actions.to_json()),
        Next::Stop(why) => format!("{why:?}"),
    }
}

/// Keys one by one; `t` is time that is over.
fn play(name: &str, keys: &str) -> Vec<String> {
    let engine = engine();
    let (mut walk, first) = begin(&engine, name);
    let mut words = vec![word(&first)];
    for key in keys.chars() {
        let next = match key {
            't' => walk.time_over(&engine),
            key => walk.press(&engine, Digit::new(key).unwrap()),
        };
        words.push(word(&next));
    }
    words
}

fn last(name: &str, keys: &str) -> String {
    play(name, keys).pop().unwrap()
}

#[test]
fn the_shorter_of_two_options_waits_for_the_longer() {
    assert_eq!(last("main", "1"), "wait 3");
    assert_eq!(last("main", "1t"), r#"Option "sales""#);
    assert_eq!(last("main", "1#"), r#"Option "sales""#);
    assert_eq!(last("main", "12"), r#"Option {"action":"hangup"}"#);
}

#[test]
fn submenus_and_the_way_back() {
    assert_eq!(
        play("main", "2*21"),
        [
            "1 Press 1 for sales, 2 for languages",
            "1 1 for English",
            "2 1 or 2",
            "1 1 for English",
            r#"Option "english""#,
        ]
    );
    assert_eq!(last("main", "221"), r#"Option "sales""#);
    assert_eq!(last("main", "220"), "2 1 for English");
    assert_eq!(
        last("languages", "*"),
        "2 1 for English",
        "nothing is before the first"
    );
}

#[test]
fn a_submenu_by_a_target_is_one_too() {
    for key in ["1", "2"] {
        assert_eq!(
            play("named", &format!("{key}*{key}1")),
            [
                "1 top",
                "1 1 for English",
                "2 top",
                "1 1 for English",
                r#"Option "english""#,
            ],
            "{key}"
        );
    }
}

#[test]
fn however_deep_a_key_leads_on_and_back_goes_32_menus() {
    let down = "1".repeat(40);
    assert_eq!(last("round", &down), "1 round");
    let heard = play("round", &format!("{down}{}", "*".repeat(34)));
    let ups = heard.get(41..).unwrap();
    // Each of these was heard once before; then there is nothing to go back to.
    assert_eq!(ups.iter().filter(|word| *word == "2 round").count(), 32);
    assert_eq!(ups.last().unwrap(), "4 round");
}

#[test]
fn patterns_extensions_and_what_is_denied() {
    assert_eq!(
        last("main", "812"),
        r#"Option {"action":"voicemail","message":"any"}"#
    );
    assert_eq!(
        last("main", "851"),
        r#"Option {"action":"voicemail","message":"near"}"#
    );
    assert_eq!(
        last("main", "701"),
        r#"Extension {"action":"forward","destination":{"type":"number","number":"701"}}"#
    );
    assert_eq!(
        last("main", "799"),
        "2 1 or 2",
        "denied is as if it were not there"
    );
}

#[test]
fn hearing_it_again_is_no_mistake() {
    let heard = play("main", "999t");
    assert_eq!(heard.last().unwrap(), "5 1 or 2");
    assert_eq!(last("main", "999tt"), r#"Silence "sales""#);
}

#[test]
fn silence_and_wrong_keys_have_counts_of_their_own() {
    assert_eq!(last("main", "tt"), r#"Silence "sales""#);
    assert_eq!(last("main", "3t4"), "4 1 or 2");
    assert_eq!(last("main", "3t44"), r#"Invalid {"action":"hangup"}"#);
    assert_eq!(last("bare", "t"), "2 nothing");
    assert_eq!(last("bare", "tt"), "Silence");
    assert_eq!(last("bare", "22"), "Invalid");
}

#[test]
fn a_pin_stands_before_everything() {
    assert_eq!(
        play("safe", "47111"),
        [
            "1 (agent-pass)",
            "wait 3",
            "wait 3",
            "wait 3",
            "1 inside",
            r#"Option "sales""#,
        ]
    );
    assert_eq!(
        last("safe", "081#"),
        "1 inside",
        "shorter than the longest: ended by #"
    );
    assert_eq!(last("safe", "081t"), "1 inside");
    assert_eq!(last("safe", "1111"), "2 (agent-pass)");
    assert_eq!(
        last("safe", "1111t"),
        r#"WrongPin {"action":"hangup"}"#,
        "silence is a try"
    );
}

/// Being asked for the PIN is no hearing of the menu, however often that was.
#[test]
fn a_menu_behind_a_pin_is_heard_from_the_beginning() {
    assert_eq!(
        play("once", "11114711t").last().unwrap(),
        r#"Silence "sales""#
    );
    assert_eq!(last("once", "4711"), "1 inside");
    assert_eq!(last("once", "11114711"), "1 inside");
    assert_eq!(last("twice", "47119"), "2 shorter");
    assert_eq!(last("twice", "471199"), "Rounds");
}

#[test]
fn rounds_are_bounded() {
    let keys = "9".repeat(19);
    assert!(last("main", &keys).starts_with("20 "));
    assert_eq!(last("main", &format!("{keys}9")), "Rounds");
}

proptest! {
    #[test]
    fn every_walk_ends(keys in "[0-9*#t]{400}") {
        let engine = engine();
        for name in ["main", "languages", "bare", "safe"] {
            let (mut walk, _) = begin(&engine, name);
            let end = keys.chars().find_map(|key| {
                let next = match key {
                    't' => walk.time_over(&engine),
                    key => walk.press(&engine, Digit::new(key).unwrap()),
                };
                assert!(walk.pressed().is_none_or(|digits| digits.as_str().len() <= Digits::MAX));
                matches!(next, Next::Do { .. } | Next::Stop(_)).then_some(next)
            });
            prop_assert!(end.is_some());
            if let Some(Next::Do { choice, digits, .. }) = end {
                prop_assert!(digits.is_some() || choice == Choice::Silence || choice == Choice::WrongPin);
            }
        }
    }

    #[test]
    fn nobody_passes_without_the_pin(keys in "[0-35-9*#]{1,12}") {
        let engine = engine();
        let (mut walk, _) = begin(&engine, "safe");
        for key in keys.chars() {
            let next = walk.press(&engine, Digit::new(key).unwrap());
            let right = keys.contains("081");
            let stopped = matches!(next, Next::Do { choice: Choice::WrongPin, .. } | Next::Stop(Stopped::WrongPin));
            prop_assert!(right || walk.asks_pin() || stopped);
            if stopped || right {
                break;
            }
        }
    }
}
