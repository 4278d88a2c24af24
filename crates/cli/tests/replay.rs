//! `replay`: a recorded call, step by step.

use std::sync::Arc;
use std::time::Duration;

use callroute_rules::{ChronoTz, Engine, load};
use callroute_schema::{Actions, Digit, Event};
use callroute_session::journal::{Entry, Header};
use callroute_session::{Effect, Input, Now, Session};
use callroute_sim::{Phone, Script, Server, play};

use crate::place::{Place, event};

const MENU: &str = r#"version: 1
default: { action: voicemail, message: general }
webhooks:
  sales: { urls: ["https://yourcompany.example/webhook/sales"], deadline_ms: 1500 }
menus:
  main: { prompt: { say: "Press 1 for sales" }, options: { 1: { action: webhook, name: sales } } }
numbers:
  "+13146523057": { action: menu, name: main }
"#;

fn engine() -> Arc<Engine> {
    Arc::new(load("menu.yaml", MENU, &(), &ChronoTz).unwrap())
}

/// A call that presses 1, has the webhook say "forward", and talks.
fn journal(engine: &Arc<Engine>) -> Vec<String> {
    let event = Event::from_json(event("c1", "+14155550123", "14:32:00").as_bytes()).unwrap();
    let answer = br#"{"action":"forward","destination":{"type":"number","number":"+16822306467"}}"#;
    let mut script = Script::default();
    script
        .digits
        .push((Duration::from_millis(1_250), Digit::new('1').unwrap()));
    let actions = Actions::from_json(answer).unwrap();
    let after = Duration::from_millis(200);
    script
        .servers
        .insert("sales".to_owned(), Server::Answers { after, actions });
    let phone = Phone::answers(Duration::from_secs(3));
    script.phones.insert("+16822306467".to_owned(), phone);
    let played = play(Arc::clone(engine), event.clone(), script);
    assert!(played.is_over());
    // The clock of a journal begins anywhere.
    let offset = Duration::from_secs(86_400);
    let mut lines = vec![Header::new(engine, event.clone()).to_line()];
    lines.extend(played.steps.iter().map(|step| {
        let utc = event.timestamp.to_utc() + chrono::TimeDelta::from_std(step.at).unwrap();
        let mono = offset + step.at;
        Entry::new(Now { utc, mono }, step.input.clone()).to_line()
    }));
    lines
}

/// A folder as the router writes it.
fn place() -> (Place, Vec<String>) {
    let (place, engine) = (Place::new(), engine());
    let lines = journal(&engine);
    place.file("calls/c1.jsonl", lines.join("\n") + "\n");
    let sources = serde_json::to_vec(engine.sources()).unwrap();
    place.file(
        &format!("calls/tables/{}.json", engine.fingerprint()),
        sources,
    );
    (place, lines)
}

#[test]
fn a_call_is_shown_step_by_step() {
    let (place, lines) = place();
    let ran = place.run(&["replay", "calls/c1.jsonl"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let mut rest = ran.out.as_str();
    for wanted in [
        "call c1: +1415•••0123 to +13146523057",
        "+  0.000 s  the call comes in",
        "            incoming call from +1415•••0123",
        "            -> answer the caller",
        "the caller is answered",
        "+  1.250 s  the caller presses 1",
        "            -> ask webhook sales, at most 1500 ms",
        "+  1.450 s  webhook sales answers: forward",
        "            -> dial +1682•••6467 (leg1), shown +1415•••0123",
        "+  4.450 s  +1682•••6467 (leg1) is answered",
        "            -> connect the caller with +1682•••6467 (leg1)",
        "            call over after ",
    ] {
        let found = rest.split_once(wanted);
        rest = found
            .unwrap_or_else(|| panic!("no {wanted:?} in\n{rest}"))
            .1;
    }
    assert!(!ran.out.contains("4155550123"), "{}", ran.out);
    assert_eq!(
        ran.out.lines().filter(|line| line.starts_with('+')).count(),
        lines.len() - 1
    );
}

#[test]
fn as_json_each_step_is_a_line() {
    let (place, lines) = place();
    let ran = place.run(&["replay", "--json", "calls/c1.jsonl"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let steps = ran.json();
    assert_eq!(steps.len(), lines.len() - 1);
    assert_eq!(
        (&steps[0]["at_ms"], &steps[0]["input"]),
        (&0.into(), &"start".into())
    );
    assert!(
        ran.out
            .starts_with("{\"at_ms\":0,\"input\":\"start\",\"effects\":["),
        "{}",
        ran.out
    );
    let last = steps.last().unwrap();
    assert!(last["at_ms"].as_u64().unwrap() > 60_000);
    assert_eq!(last["effects"].as_array().unwrap().last().unwrap(), "done");
}

#[test]
fn the_session_does_what_it_did() {
    // Driven by hand, without the simulator: a caller who gives up in the menu.
    let (place, engine) = (Place::new(), engine());
    let event = Event::from_json(event("c2", "anonymous", "14:32:00").as_bytes()).unwrap();
    let at = |millis: u64| Now {
        utc: event.timestamp.to_utc() + chrono::TimeDelta::milliseconds(millis as i64),
        mono: Duration::from_millis(millis),
    };
    let mut session = Session::new(Arc::clone(&engine), event.clone(), at(7));
    let inputs = [
        (7, "\"start\""),
        (507, r#"{"media":{"leg_answered":{"leg":0}}}"#),
        (
            907,
            r#"{"media":{"leg_ended":{"leg":0,"cause":{"disposition":"answered","q850":16}}}}"#,
        ),
    ];
    let mut text = Header::new(&engine, event.clone()).to_line() + "\n";
    let mut wanted = Vec::new();
    for (millis, input) in inputs {
        let input: Input = serde_json::from_str(input).unwrap();
        text += &(Entry::new(at(millis), input.clone()).to_line() + "\n");
        let effects: Vec<Effect> = session.handle(at(millis), input).collect();
        wanted.push(serde_json::to_value(effects).unwrap());
    }
    assert!(session.is_done());
    place.file("c2.jsonl", &text);
    let sources = serde_json::to_vec(engine.sources()).unwrap();
    place.file(&format!("tables/{}.json", engine.fingerprint()), sources);
    let ran = place.run(&["replay", "--json", "c2.jsonl"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let effects: Vec<_> = ran
        .json()
        .iter()
        .map(|step| step["effects"].clone())
        .collect();
    assert_eq!(effects, wanted);
    let times: Vec<_> = ran
        .json()
        .iter()
        .map(|step| step["at_ms"].as_u64().unwrap())
        .collect();
    assert_eq!(times, [0, 500, 900]);
    let ran = place.run(&["replay", "c2.jsonl"]);
    let gone = "+  0.900 s  the caller is over: normal clearing (Q.850 cause 16)";
    assert!(ran.out.contains(gone), "{}", ran.out);
}

#[test]
fn a_cut_line_is_left_out() {
    let (place, lines) = place();
    let whole = lines.join("\n");
    let cut = whole.split_at(whole.len() - 5).0;
    place.file("calls/cut.jsonl", cut);
    // A crash may cut within a character, too.
    place.file("calls/char.jsonl", [cut.as_bytes(), b"\xc3"].concat());
    for journal in ["calls/cut.jsonl", "calls/char.jsonl"] {
        let ran = place.run(&["replay", "--json", journal]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert_eq!(ran.json().len(), lines.len() - 2);
        assert!(ran.err.contains("the last line was cut off"), "{}", ran.err);
        assert!(ran.err.contains("ends before the call does"), "{}", ran.err);
    }
}

#[test]
fn another_table_is_told_and_used() {
    let (place, lines) = place();
    place.file(
        "other.yaml",
        "version: 1\ndefault: { action: voicemail, message: general }\n",
    );
    let ran = place.run(&["replay", "calls/c1.jsonl", "--routes", "other.yaml"]);
    assert_eq!(ran.code, 0);
    assert!(
        ran.err.contains("other.yaml has the fingerprint "),
        "{}",
        ran.err
    );
    assert!(
        ran.out.contains("decided by default: voicemail"),
        "{}",
        ran.out
    );
    // From standard input, with the table that it began with.
    place.file("menu.yaml", MENU);
    let journal = lines.join("\n") + "\n";
    let ran = place.run_with(&["replay", "-", "--routes", "menu.yaml"], journal);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
}

#[test]
fn bad_journals_and_lost_tables_are_told() {
    let (place, lines) = place();
    let header = lines[0].as_str();
    let fingerprint = engine().fingerprint().to_owned();
    for (name, text, code, wanted) in [
        ("a", String::new(), 1, "the journal is empty"),
        (
            "b",
            format!("{header}\nnonsense\n"),
            1,
            "line 2: not a journal's entry",
        ),
        (
            "c",
            header.replace("\"journal\":1", "\"journal\":9") + "\n",
            1,
            "version 9",
        ),
        (
            "d",
            header.replace(&fingerprint, "00ff") + "\n",
            3,
            "add --routes FILE",
        ),
        (
            "e",
            header.replace(&fingerprint, "../c1") + "\n",
            1,
            "should be a fingerprint",
        ),
    ] {
        place.file(&format!("calls/{name}.jsonl"), text);
        let ran = place.run(&["replay", &format!("calls/{name}.jsonl")]);
        assert_eq!(
            (ran.code, ran.out.as_str()),
            (code, ""),
            "{name}: {}",
            ran.err
        );
        assert!(ran.err.contains(wanted), "{name}: {}", ran.err);
    }
    place.file(&format!("calls/tables/{fingerprint}.json"), "[]");
    let ran = place.run(&["replay", "calls/c1.jsonl"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("the list is empty"), "{}", ran.err);
}
