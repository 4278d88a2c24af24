//! `test`: the example files pass; a failure, a wrong file and a missing one are told of.

use std::path::{Path, PathBuf};

use crate::place::Place;

const CASE: &str = "routes: routes.yaml
call: { to: \"+13146523057\" }
tests:
  - name: after hours there is a message
    call: { at: \"2026-04-21T20:00:00Z\" }
    caller: { hangs_up_after_s: 20 }
    expect: { rule: after hours, message_in: office_closed, rings: [] }
  - name: in office hours the server is asked
    call: { at: \"2026-04-21T10:00:00Z\" }
    webhooks: { sales: { answers: { action: hangup } } }
    expect: { asks: [sales], answered: false }
";

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/tests")
}

/// A19 to A22, A27, A29, A31, B1, B8, B11 to B13, B21, B24, B28, B29, B34: every example case
/// passes, and there are at least forty.
#[test]
fn the_examples_pass() {
    let mut args = vec!["test".to_owned(), "--json".to_owned()];
    for entry in std::fs::read_dir(examples()).unwrap() {
        let path = entry.unwrap().path();
        let is_test = path.extension().is_some_and(|ext| ext == "yaml");
        if is_test && !path.ends_with("office.yaml") {
            args.push(path.display().to_string());
        }
    }
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let ran = Place::new().run(&args);
    let verdicts = ran.json();
    let failed: Vec<_> = verdicts
        .iter()
        .filter(|verdict| verdict["passed"] != true)
        .collect();
    assert!(failed.is_empty(), "{failed:#?}");
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert!(verdicts.len() >= 40, "only {} cases", verdicts.len());
}

/// An office that never opens: what the examples expect of it does not come to pass.
#[test]
fn the_examples_fail_where_the_routing_is_wrong() {
    let place = Place::new();
    let office = std::fs::read_to_string(examples().join("office.yaml")).unwrap();
    let closed = office.replace("Mo-Fr 09:00-17:30", "Mo-Fr 03:00-04:00");
    assert_ne!(office, closed);
    place.file("closed.yaml", closed);
    for file in ["hours.yaml", "menus.yaml"] {
        let path = examples().join(file).display().to_string();
        let ran = place.run(&["test", "--routes", "closed.yaml", &path]);
        assert_eq!(ran.code, 1, "{file}: {}", ran.out);
        assert!(ran.out.contains("FAILED "), "{}", ran.out);
    }
}

#[test]
fn cases_pass_and_fail_with_what_was_found() {
    let place = Place::with_routes();
    place.file("tests.yaml", CASE);
    let ran = place.run(&["test", "tests.yaml"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}", ran.out);
    assert!(ran.out.ends_with("2 passed, 0 failed\n"), "{}", ran.out);

    place.file("tests.yaml", CASE.replace("office_closed", "sales"));
    let ran = place.run(&["test", "tests.yaml"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.out
            .contains("messages in: expected [\"sales\"], found [\"office_closed\"]"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("recording a message"), "{}", ran.out);

    let ran = place.run(&["test", "tests.yaml", "--only", "server is asked"]);
    assert_eq!(ran.code, 0, "{}", ran.out);
    assert!(ran.out.ends_with("1 passed, 0 failed\n"), "{}", ran.out);
}

#[test]
fn a_wrong_file_is_told_of_with_its_place() {
    let place = Place::with_routes();
    for (wrong, why) in [
        (CASE.replace("rings: []", "rigns: []"), "rigns"),
        (CASE.replace("call: {", "cal: {"), "cal"),
        (CASE.replace("answers: {", "answer: {"), "answer"),
        (CASE.replace("routes: routes.yaml\n", ""), "no `routes`"),
        (CASE.replace("action: hangup", "action: hang"), "hang"),
    ] {
        place.file("tests.yaml", wrong);
        let ran = place.run(&["test", "tests.yaml"]);
        assert_eq!(ran.code, 1, "{why}: {}", ran.err);
        assert!(ran.err.contains("tests.yaml"), "{}", ran.err);
        assert!(ran.err.contains(why), "{why}: {}", ran.err);
    }
    let ran = place.run(&["test", "nowhere.yaml"]);
    assert_eq!(ran.code, 3);
    let ran = place.run(&["test"]);
    assert_eq!(ran.code, 2);
}

#[test]
fn a_routing_file_is_no_test_file() {
    let place = Place::with_routes();
    let ran = place.run(&["test", "routes.yaml"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("--> routes.yaml:1:1"), "{}", ran.err);
    assert!(ran.err.contains("This is a routing file"), "{}", ran.err);
}

/// The page about test files has every word that they may hold.
#[test]
fn the_page_has_every_word() {
    let page = std::fs::read_to_string(examples().join("README.md")).unwrap();
    let place = Place::with_routes();
    let mut words = 0;
    for wrong in [
        CASE.replace("routes: routes.yaml", "roots: routes.yaml"),
        CASE.replace("webhooks: {", "webhoks: {"),
        CASE.replace("rings: []", "rigns: []"),
        CASE.replace("hangs_up_after_s", "hangs_up_after"),
    ] {
        place.file("tests.yaml", wrong);
        let ran = place.run(&["test", "tests.yaml"]);
        let (_, expected) = ran.err.split_once("expected one of").unwrap();
        let line = expected.lines().next().unwrap();
        for word in line.split(',').map(str::trim) {
            words += 1;
            assert!(
                page.contains(&format!("`{word}`")),
                "no `{word}` on the page"
            );
        }
    }
    assert!(words > 30, "only {words} words");
}

/// A12, A23: what lookups find and which switches are turned is said by the case; a case that says
/// something else comes out otherwise, and a word that means nothing is refused.
#[test]
fn lookups_and_switches_are_the_cases() {
    let place = Place::new();
    let routes = r#"
version: 1
default: { action: busy }
lookups: { crm: { custom: crm } }
overrides: { night: false }
numbers:
  "+1":
    - { name: night, when: { override: night }, then: { action: reject, cause: declined } }
    - { name: gold, when: { attribute: { crm.tier: gold } }, then: { action: hangup } }
"#;
    place.file("routes.yaml", routes);
    let cases = |gold: &str| {
        format!(
            r#"
routes: routes.yaml
call: {{ to: "+1" }}
tests:
  - {{ name: a, lookups: {{ crm: {{ tier: {gold} }} }}, expect: {{ rule: gold }} }}
  - {{ name: b, lookups: {{ crm: nobody }}, expect: {{ rule: default }} }}
  - {{ name: c, lookups: {{ crm: silent }}, expect: {{ rule: default, trace: ["no answer in time"] }} }}
  - {{ name: d, overrides: {{ night: true }}, expect: {{ rule: night }} }}
"#
        )
    };
    place.file("cases.yaml", cases("gold"));
    let ran = place.run(&["test", "cases.yaml"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    place.file("cases.yaml", cases("tin"));
    let ran = place.run(&["test", "cases.yaml"]);
    assert!(ran.out.contains("FAILED a"), "{}", ran.out);
    assert!(ran.out.contains("3 passed, 1 failed"), "{}", ran.out);
    place.file("cases.yaml", cases("gold").replace("nobody", "no_one"));
    let ran = place.run(&["test", "cases.yaml"]);
    assert!(
        ran.err.contains("`nobody`, `down`, `silent`"),
        "{}",
        ran.err
    );
}

/// A name that the routing file does not have is no failure of anybody: a test that says what it
/// does is refused, with the name that was meant.
#[test]
fn names_that_nothing_has_are_refused() {
    let place = Place::new();
    let routes = r#"
version: 1
default: { action: busy }
agents: { ann: { to: "sip:ann@pbx.example" } }
lookups: { crm: { custom: crm } }
overrides: { night: false }
webhooks: { sales: { urls: ["https://example.com/sales"] } }
numbers:
  "+1":
    - { name: night, when: { override: night, attribute: { crm.tier: gold } }, then: { action: webhook, name: sales } }
    - { name: else, then: { action: forward, destination: { type: agent, name: ann } } }
  "+2": { action: forward, destination: { type: user, name: carol } }
"#;
    place.file("routes.yaml", routes);
    let case = |says: &str| {
        let text = format!(
            "routes: routes.yaml\ncall: {{ to: \"+1\" }}\ntests:\n  - {{ name: a, {says}, expect: {{ rule: else }} }}\n"
        );
        place.file("cases.yaml", text);
        place.run(&["test", "cases.yaml"])
    };
    for (says, why) in [
        (
            "webhooks: { sails: down }",
            "webhooks: unknown webhook \"sails\"; did you mean `sales`?",
        ),
        (
            "lookups: { crmm: down }",
            "lookups: unknown lookup \"crmm\"; did you mean `crm`?",
        ),
        (
            "overrides: { nigth: true }",
            "overrides: unknown override \"nigth\"; did you mean `night`?",
        ),
        (
            "agents: { anna: offline }",
            "agents: unknown agent \"anna\"; did you mean `ann`?",
        ),
        (
            "later: [{ after_s: 1, agent: anna, is: offline }]",
            "later: unknown agent \"anna\"",
        ),
        (
            "phones: { nobody: busy }",
            "phones: unknown name \"nobody\" (there are `ann`, `carol`)",
        ),
        (
            "phones: { ann: { transfers: { after_s: 1, to: \"+3\", in_call: talk } } }",
            "in_call: unknown call \"talk\"",
        ),
    ] {
        let ran = case(says);
        assert_eq!(ran.code, 1, "{says}: {}", ran.out);
        assert!(ran.out.contains(why), "{why}: {}", ran.out);
    }
    for says in [
        "webhooks: { sales: down, \"https://example.com/x\": silent }",
        "phones: { carol: busy, \"+3\": busy, \"204\": busy, \"sip:x@example.com\": busy }",
        "webhooks: { sales: { answers: { action: forward, destination: { type: user, name: dan } } } }, phones: { dan: busy }",
    ] {
        let ran = case(says);
        assert_eq!(ran.code, 0, "{says}: {}", ran.out);
    }
    // An agent's name stands for where the agent is reached.
    let ran = case("phones: { ann: { answers_after_s: 2 } }, caller: {}");
    assert_eq!(ran.code, 0, "{}", ran.out);
    let ran = place.run(&["test", "cases.yaml", "--trace"]);
    assert!(ran.out.contains("connected with ann"), "{}", ran.out);
}

#[test]
fn no_test_at_all_is_a_finding() {
    let place = Place::with_routes();
    place.file("tests.yaml", CASE);
    let ran = place.run(&["test", "tests.yaml", "--only", "zzz"]);
    assert_eq!(ran.code, 1, "{}", ran.out);
    assert!(
        ran.err.contains("none has \"zzz\" in its name"),
        "{}",
        ran.err
    );
    place.file("none.yaml", "routes: routes.yaml\ntests: []\n");
    let ran = place.run(&["test", "none.yaml"]);
    assert_eq!(ran.code, 1, "{}", ran.out);
    assert!(ran.err.contains("`tests` is empty"), "{}", ran.err);
}
