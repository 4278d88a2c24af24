//! `decide`: events in, decisions out.

use std::io::{BufRead, BufReader, Write};

use crate::place::{Place, event};

#[test]
fn each_event_gets_its_line_in_order() {
    let place = Place::with_routes();
    let events = [
        event("c1", "+14155550123", "14:32:00"),
        event("c2", "+14155550123", "20:00:00"),
        event("c3", "+19005550123", "20:00:00"),
        event("c4", "anonymous", "20:00:00").replace("+13146523057", "+15550000000"),
    ];
    place.file("events.jsonl", events.join("\n"));
    let ran = place.run(&["decide", "--routes", "routes.yaml", "events.jsonl"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let wanted = [
        r#"{"call_id":"c1","rule":{"number":"+13146523057","index":2,"name":"everybody else"},"actions":[{"action":"webhook","name":"sales"}]}"#,
        r#"{"call_id":"c2","rule":{"number":"+13146523057","index":1,"name":"after hours"},"actions":[{"action":"voicemail","message":"office_closed"}]}"#,
        r#"{"call_id":"c3","rule":{"number":"+13146523057","index":0,"name":"blocked callers"},"actions":[{"action":"reject","cause":"call_rejected"}]}"#,
        r#"{"call_id":"c4","rule":"default","actions":[{"action":"voicemail","message":"general"}]}"#,
    ];
    assert_eq!(ran.out.lines().collect::<Vec<_>>(), wanted);
}

#[test]
fn a_bad_event_is_reported_and_the_others_run() {
    let place = Place::with_routes();
    let bad = event("c2", "+14155550123", "14:32:00").replace("\"from\"", "\"form\"");
    let good = event("c1", "+14155550123", "14:32:00");
    let last = event("c5", "+14155550123", "14:32:00");
    let long = format!("\"{}\"", "x".repeat(1 << 20));
    let events = [good.as_str(), &bad, "", "{\"event\":", &long, &last].join("\r\n");
    for args in [
        &["decide", "--routes", "routes.yaml", "-"][..],
        &["decide", "--routes", "routes.yaml"][..],
    ] {
        let ran = place.run_with(args, &events);
        assert_eq!(ran.code, 1);
        let ids: Vec<_> = ran
            .json()
            .iter()
            .map(|line| line["call_id"].clone())
            .collect();
        assert_eq!(ids, ["c1", "c5"]);
        let told: Vec<_> = ran.err.lines().collect();
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(
            told[0].starts_with("stdin:2: $.form: unknown field `form`"),
            "{}",
            told[0]
        );
        assert!(
            told[1].starts_with("stdin:4: $: not valid JSON"),
            "{}",
            told[1]
        );
        assert!(
            told[2].starts_with("stdin:5: longer than 1048576 bytes"),
            "{}",
            told[2]
        );
    }
    let ran = place.run_with(&["--json", "decide", "--routes", "routes.yaml"], &events);
    assert_eq!(ran.code, 1);
    let first: serde_json::Value = serde_json::from_str(ran.err.lines().next().unwrap()).unwrap();
    assert_eq!(
        (&first["line"], &first["path"]),
        (&2.into(), &"$.form".into())
    );
}

#[test]
fn an_answer_comes_before_more_is_sent() {
    let place = Place::with_routes();
    let mut child = place
        .command(&["decide", "--routes", "routes.yaml"])
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    for call_id in ["c1", "c2", "c3"] {
        writeln!(input, "{}", event(call_id, "+14155550123", "14:32:00")).unwrap();
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        assert!(
            line.starts_with(&format!("{{\"call_id\":\"{call_id}\"")),
            "{line}"
        );
    }
    drop(input);
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let place = Place::with_routes();
    let mut events = String::new();
    for number in 0..2_000 {
        events += &event(&format!("c{number}"), "+14155550123", "14:32:00");
        events.push('\n');
    }
    place.file("events.jsonl", events);
    let mut child = place
        .command(&["decide", "--routes", "routes.yaml", "events.jsonl"])
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

#[test]
fn a_bad_table_decides_nothing() {
    let place = Place::new();
    place.file("bad.yaml", "version: 1\ndefault: nobody\n");
    let input = event("c1", "+14155550123", "14:32:00");
    let ran = place.run_with(&["decide", "--routes", "bad.yaml"], &input);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert!(ran.err.contains("unknown target `nobody`"), "{}", ran.err);
    let ran = place.run_with(&["decide", "--routes", "lost.yaml"], &input);
    assert_eq!((ran.code, ran.out.as_str()), (3, ""));
}

/// Some editors put a mark in front of a text.
#[test]
fn a_byte_order_mark_is_no_fault() {
    let place = Place::with_routes();
    let marked = format!("\u{feff}{}", event("c1", "+14155550123", "14:32:00"));
    place.file("event.json", &marked);
    place.file("facts.json", "\u{feff}[]");
    for command in ["decide", "explain"] {
        let args = [command, "--routes", "routes.yaml", "--facts", "facts.json"];
        let ran = place.run(&[&args[..], &["event.json"]].concat());
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{command}");
        let ran = place.run_with(&args, &marked);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{command}");
    }
}

/// What the help says of facts is a file of facts, but for the words beside it.
#[test]
fn the_help_shows_facts_that_are_taken() {
    let place = Place::with_routes();
    let help = place.run(&["decide", "--help"]).out;
    let lines = help
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with('['));
    let shown = lines.filter(|line| line.contains("  ") || line.ends_with("]]"));
    let facts: String = shown
        .map(|line| line.split("  ").next().unwrap_or_default())
        .collect();
    assert!(
        facts.contains("\"row\"") && facts.contains("\"count\""),
        "{help}"
    );
    place.file("facts.json", &facts);
    let args = ["decide", "--routes", "routes.yaml", "--facts", "facts.json"];
    let ran = place.run_with(&args, event("c1", "+14155550123", "14:32:00"));
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{facts}");
}
