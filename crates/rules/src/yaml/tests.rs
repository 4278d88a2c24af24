//! What YAML becomes, and what is refused.

use callroute_schema::tree::Value;
use proptest::prelude::*;

use super::read;
use crate::fault::Report;
use crate::source::SourceFile;

/// The faults of a text, as `line:column message`.
fn faults(text: &str) -> Vec<String> {
    let mut report = Report::new("routes.yaml");
    let root = read(text, &mut report);
    if report.is_empty() {
        assert!(root.is_some(), "nothing, and no fault");
        return Vec::new();
    }
    let show = |fault: &crate::Fault| match fault.span {
        Some(span) => format!("{}:{} {}", span.line, span.column, fault.message),
        None => fault.message.clone(),
    };
    report.finish(&[]).iter().map(show).collect()
}

#[test]
fn unquoted_text_stays_text() {
    let mut report = Report::new("routes.yaml");
    let root = read("a: no\nb: 9:00\nc: +1314\n1: \"1\"\n", &mut report).unwrap();
    assert_eq!(root.get("a").unwrap().value, Value::Plain("no".to_owned()));
    assert_eq!(root.get("b").unwrap().text(), Some("9:00"));
    assert_eq!(root.get("c").unwrap().text(), Some("+1314"));
    assert_eq!(root.get("1").unwrap().value, Value::Text("1".to_owned()));
    let span = root.get("b").unwrap().span.unwrap();
    assert_eq!(
        (span.line, span.column, span.start, span.end),
        (2, 4, 9, 13)
    );
}

#[test]
fn refuses_what_would_misroute() {
    const QUOTE: &str = "feature codes that start with * or # must be quoted";
    const NO_VALUE: &str = "there is no value here; give one, or leave the entry out";
    for (text, expected) in [
        ("a:\n  vm: *97\n", format!("2:7 `*97` is a YAML alias, which routing files do not have; {QUOTE}: \"*97\"")),
        ("vm: #1\n", format!("1:3 there is no value here: `#` starts a comment; {QUOTE}: \"#1\"")),
        ("a:\n  vm: #1\n  b: c\n", format!("2:5 there is no value here: `#` starts a comment; {QUOTE}: \"#1\"")),
        ("a:\n  - x\n  - #1\n", format!("3:7 there is no value here: `#` starts a comment; {QUOTE}: \"#1\"")),
        ("a:\n  b:\n  c: d\n", format!("2:4 {NO_VALUE}")),
        ("a: { b: }\n", format!("1:7 {NO_VALUE}")),
        ("a: [x, #1\n  y]\n", format!("1:8 `#` starts a comment; {QUOTE}: \"#1\" (a comment has a space after the `#`)")),
        ("a: null\n", "1:4 `null` is no value; leave the entry out".to_owned()),
        ("a: 1\nb: 2\na: 3\n", "3:1 `a` is given twice".to_owned()),
        ("a: &x 1\n", "1:7 routing files have no anchors; write the value out, or name it under `targets` and use its name".to_owned()),
        ("a: !x 1\n", "1:7 routing files have no tags; leave `!x` out".to_owned()),
        ("a: 1\n---\nb: 2\n", "2:1 a second document starts here; a routing file is one document".to_owned()),
        ("? [a, b]\n: c\n", "1:3 a key must be text, not a list or a map".to_owned()),
        ("a:\n  *97: x\n", format!("2:3 `*97` is a YAML alias, which routing files do not have; {QUOTE}: \"*97\"")),
        ("a: { *97: x }\n", format!("1:6 `*97` is a YAML alias, which routing files do not have; {QUOTE}: \"*97\"")),
        ("a: { b: #1, c: d }\ne: {}\n", format!("1:9 `#` starts a comment; {QUOTE}: \"#1\" (a comment has a space after the `#`)")),
        ("a: { #1: t }\ne: {}\n", format!("1:6 `#` starts a comment; {QUOTE}: \"#1\" (a comment has a space after the `#`)")),
        ("", "the file is empty; it needs at least `version` and `default`".to_owned()),
        ("# nothing\n", "the file is empty; it needs at least `version` and `default`".to_owned()),
    ] {
        assert_eq!(faults(text), [expected], "{text}");
    }
    for (text, part) in [
        ("a: [1, #2]\n", QUOTE),
        ("*: 1\nb: 2\n", QUOTE),
        ("a:\n\tb: 1\n", "indent with spaces"),
        ("a: [1\n", "this is not valid YAML"),
        ("%TAG ! x\n---\na: 1\n", "this is not valid YAML"),
    ] {
        let found = faults(text);
        assert!(
            found.iter().any(|fault| fault.contains(part)),
            "{text}: {found:?}"
        );
    }
}

#[test]
fn tells_every_fault_at_once() {
    let found = faults("a:\n  b: *1\n  c: #2\n  d: 3\n  d: 4\n");
    assert_eq!(found.len(), 3, "{found:?}");
}

#[test]
fn comments_are_comments() {
    let many = "# a\n".repeat(500);
    for text in [
        "a: [x, # 1\n  y]\n",
        "a: x #1\n",
        "#1\na: x\n",
        "a: [x, #2nd\n  y]\n",
    ] {
        assert_eq!(faults(text), [""; 0], "{text}");
    }
    assert_eq!(
        faults(&format!("a:\n{many}  b: [\n{many}  c,\n{many}]\n")),
        [""; 0]
    );
}

#[test]
fn a_section_may_be_empty() {
    assert_eq!(faults("targets:\nmenus:\n  # main: x\n"), [""; 0]);
}

#[test]
fn is_bounded() {
    let deep = format!("a: {}{}", "[".repeat(33), "]".repeat(33));
    assert!(
        faults(&deep)[0].contains("nested at most 32 deep"),
        "{:?}",
        faults(&deep)
    );
    let blocks: String = (0..40)
        .map(|depth| format!("{}a:\n", " ".repeat(depth)))
        .collect();
    assert!(
        faults(&blocks)[0].contains("nested at most 32 deep"),
        "{:?}",
        faults(&blocks)
    );
    let deeper = "[".repeat(100_000);
    assert!(!faults(&deeper).is_empty());
    let many = format!("a: [{}]", "1,".repeat(1_000_001));
    assert!(faults(&many)[0].contains("at most 1000000 values"));
    let long = " ".repeat(super::MAX_TEXT + 1);
    assert!(faults(&long)[0].contains("at most 16777216 bytes"));
}

proptest! {
    #[test]
    fn never_panics(text in "([a-c]|[-:#*&!?'\"{}\\[\\], \n\té]|---|~){0,40}") {
        let mut report = Report::new("x");
        let root = read(&text, &mut report);
        prop_assert!(root.is_some() || !report.is_empty());
        let source = SourceFile { name: "x".to_owned(), text };
        prop_assert!(!report.finish(&[source]).to_string().is_empty());
    }
}
