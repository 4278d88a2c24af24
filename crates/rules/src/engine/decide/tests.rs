//! Which rule decides.

use callroute_schema::{Action, Actions, Event};
use proptest::prelude::*;

use crate::{ChronoTz, Engine, Facts, Outcome, SourceFile, load};

/// The example of the documentation, in the language of this version.
const EXAMPLE: &str = r#"
# yaml-language-server: $schema=./routes.schema.json
version: 1

default: { action: voicemail, message: general }    # required: a file without it does not load

region: US

calendars:
  us: { dates: [2026-11-26, 2026-12-25] }

hours:
  office: { zone: America/New_York, open: "Mo-Fr 09:00-17:30; PH off", holidays: us }

callers:
  blocked: { numbers: ["+1900*", anonymous] }
  vip:     { file: vip.csv }

webhooks:
  sales:
    urls: ["https://yourcompany.com/webhook/sales", "https://backup.yourcompany.com/webhook/sales"]
    deadline_ms: 1500
    secret: { env: SALES_SECRET }
    allow: []
    fallback: sales_group

targets:
  sales_group:
    action: forward
    destination: { type: ring_group, members: ["+16822306467", "+12125551234"], strategy: simultaneous, ring_s: 20 }
    on: { failed: { action: voicemail, message: sales } }
  support_agent: { action: forward, destination: { type: agent, name: ann } }
  after_hours:   { action: voicemail, message: office_closed }

agents:
  ann: { to: "sip:ann@pbx.example" }

menus:
  main:
    prompt: { say: "Press 1 for sales, 2 for support" }
    options:
      1: { action: webhook, name: sales }
      2: support_agent
    on: { timeout: after_hours, invalid: { repeat: 2, then: after_hours } }

numbers:
  "+13146523057":
    - { name: blocked callers, when: { caller: { in: blocked } }, then: { action: reject, cause: call_rejected } }
    - { name: after hours,     when: { closed: office },          then: after_hours }
    - { name: vip,             when: { caller: { in: vip } },     then: support_agent }
    - { name: everybody else,                                     then: { action: menu, name: main } }
"#;

/// A Tuesday in office hours: 10:32 in New York.
const OPEN: &str = "2026-04-21T14:32:00Z";
/// The same day, 19:00 in New York.
const CLOSED: &str = "2026-04-21T23:00:00Z";

fn example() -> Engine {
    let files = vec![SourceFile {
        name: "vip.csv".to_owned(),
        text: "number,name\n+1 415 555 0199,Ann\n".to_owned(),
    }];
    match load("routes.yaml", EXAMPLE, &files, &ChronoTz) {
        Ok(engine) => engine,
        Err(faults) => panic!("{faults}"),
    }
}

fn engine(text: &str) -> Engine {
    match load("routes.yaml", text, &(), &ChronoTz) {
        Ok(engine) => engine,
        Err(faults) => panic!("{faults}"),
    }
}

fn event(from: &str, to: &str, at: &str) -> Event {
    let json = format!(
        r#"{{"event":"incoming_call","from":"{from}","to":"{to}","timestamp":"{at}","call_id":"c1"}}"#
    );
    Event::from_json(json.as_bytes()).unwrap()
}

/// The rule that decides and what it does, in words.
fn decided(engine: &Engine, event: &Event) -> (String, String) {
    let facts = Facts::default();
    let Outcome::Decided(decision) = engine.decide(event, &facts) else {
        panic!("needs a fact");
    };
    assert_eq!(engine.explain(event, &facts).decision().unwrap(), decision);
    (
        decision.rule().to_string(),
        serde_json::to_string(decision.actions()).unwrap(),
    )
}

#[test]
fn the_example_decides_as_it_reads() {
    let engine = example();
    for (from, to, at, rule, actions) in [
        (
            "anonymous",
            "+13146523057",
            OPEN,
            "+13146523057 rule 1 \"blocked callers\"",
            r#"[{"action":"reject","cause":"call_rejected"}]"#,
        ),
        (
            "+19005550123",
            "+13146523057",
            CLOSED,
            "+13146523057 rule 1 \"blocked callers\"",
            r#"[{"action":"reject","cause":"call_rejected"}]"#,
        ),
        (
            "+14155550199",
            "+13146523057",
            CLOSED,
            "+13146523057 rule 2 \"after hours\"",
            r#"[{"action":"voicemail","message":"office_closed"}]"#,
        ),
        (
            "+14155550199",
            "+13146523057",
            OPEN,
            "+13146523057 rule 3 \"vip\"",
            r#"[{"action":"forward","destination":{"type":"agent","name":"ann"}}]"#,
        ),
        (
            "unavailable",
            "+13146523057",
            OPEN,
            "+13146523057 rule 4 \"everybody else\"",
            r#"[{"action":"menu","name":"main"}]"#,
        ),
        (
            "+14155550123",
            "+13146523057",
            // Thanksgiving, a Thursday.
            "2026-11-26T15:00:00Z",
            "+13146523057 rule 2 \"after hours\"",
            r#"[{"action":"voicemail","message":"office_closed"}]"#,
        ),
        (
            "+14155550123",
            "+13146523058",
            OPEN,
            "default",
            r#"[{"action":"voicemail","message":"general"}]"#,
        ),
    ] {
        let found = decided(&engine, &event(from, to, at));
        assert_eq!(
            found,
            (rule.to_owned(), actions.to_owned()),
            "{from} {to} {at}"
        );
    }
}

#[test]
fn the_most_specific_block_decides_even_when_no_rule_of_it_holds() {
    let engine = engine(
        r#"
version: 1
default: { action: voicemail, message: general }
numbers:
  "*": { action: voicemail, message: any }
  "+1314*": { action: voicemail, message: prefix }
  "+1 (314) 652-3057":
    - { when: { caller: { is: "+14155550123" } }, then: { action: hangup } }
"#,
    );
    for (to, rule) in [
        ("+13146523057", "default"),
        ("+13146523058", "+1314* rule 1"),
        ("+442079460000", "* rule 1"),
        ("reception", "* rule 1"),
    ] {
        assert_eq!(decided(&engine, &event("+1415", to, OPEN)).0, rule, "{to}");
    }
    assert_eq!(
        engine.numbers().collect::<Vec<_>>(),
        ["*", "+1314*", "+13146523057"]
    );
}

#[test]
fn the_first_rule_that_holds_decides() {
    let engine = engine(
        r#"
version: 1
default: { action: hangup }
callers:
  vip: { numbers: ["+1415*"] }
numbers:
  "*":
    - { name: is, when: { caller: { is: ["+1 212-555-0100", "alice"] } }, then: { action: hangup } }
    - { name: prefix and dialed, when: { caller: { prefix: "+1212" }, dialed: { prefix: ["+44", "+353*"] } }, then: { action: hangup } }
    - { name: any, when: { any: [ { caller: { anonymous: true } }, { dialed: { is: "1001" } } ] }, then: { action: hangup } }
    - { name: all, when: { all: [ { caller: { in: vip } }, { not: { caller: { prefix: "+14155" } } } ] }, then: { action: hangup } }
    - { name: digits, when: { digits: ["1", "2#"] }, then: { action: hangup } }
    - { name: not vip, when: { not: { caller: { in: vip } } }, then: { action: hangup } }
"#,
    );
    for (from, to, rule) in [
        ("+12125550100", "+1", "* rule 1 \"is\""),
        ("alice", "+1", "* rule 1 \"is\""),
        (
            "+12125550101",
            "+353861234567",
            "* rule 2 \"prefix and dialed\"",
        ),
        ("anonymous", "+1", "* rule 3 \"any\""),
        ("+14155550123", "1001", "* rule 3 \"any\""),
        ("+14150000000", "+1", "* rule 4 \"all\""),
        ("+14155550123", "+1", "default"),
        ("unavailable", "+1", "* rule 6 \"not vip\""),
    ] {
        assert_eq!(
            decided(&engine, &event(from, to, OPEN)).0,
            rule,
            "{from} {to}"
        );
    }
    let pressed = r#"{"event":"menu_input","from":"+14155550123","to":"+1","timestamp":"2026-04-21T14:32:00Z","call_id":"c1","menu":{"digits":"2#","attempt":1}}"#;
    let pressed = Event::from_json(pressed.as_bytes()).unwrap();
    assert_eq!(decided(&engine, &pressed).0, "* rule 5 \"digits\"");
}

#[test]
fn json_is_a_routing_file_too() {
    let engine = engine(
        "{\n\t\"version\": 1,\n\t\"default\": {\"action\": \"voicemail\", \"message\": \"general\"},\n\
         \t\"numbers\": {\"+13146523057\": [{\"when\": {\"caller\": {\"anonymous\": false}}, \
         \"then\": [{\"action\": \"say\", \"text\": \"caf\\u00e9 \\/ bar\"}, {\"action\": \"hangup\"}]}]}}",
    );
    let (rule, actions) = decided(&engine, &event("+1415", "+13146523057", OPEN));
    assert_eq!(rule, "+13146523057 rule 1");
    assert_eq!(
        actions,
        r#"[{"action":"say","text":"café / bar"},{"action":"hangup"}]"#
    );
}

#[test]
fn targets_are_followed_at_load_and_branches_when_they_are_taken() {
    let engine = engine(
        r#"
version: 1
default: [ bye ]
targets:
  bye: [ greeting, { action: hangup } ]
  greeting: { action: play, prompt: vm-goodbye }
  group: { action: forward, destination: { type: number, number: "+1" }, on: { failed: bye } }
numbers:
  "+1": [ greeting, group ]
"#,
    );
    let bye = r#"{"action":"play","prompt":"vm-goodbye"},{"action":"hangup"}"#;
    assert_eq!(engine.default_actions().to_json(), format!("[{bye}]"));
    let (_, actions) = decided(&engine, &event("+2", "+1", OPEN));
    assert_eq!(
        actions,
        r#"[{"action":"play","prompt":"vm-goodbye"},{"action":"forward","destination":{"type":"number","number":"+1"},"on":{"failed":"bye"}}]"#
    );
    let branch = Actions::from_json(br#""bye""#).unwrap();
    let resolved = engine.resolve(&branch).unwrap();
    assert_eq!(
        serde_json::to_string(&resolved).unwrap(),
        format!("[{bye}]")
    );
}

#[test]
fn names_from_outside_are_all_looked_up() {
    let engine = example();
    let resolve = |json: &str| engine.resolve(&Actions::from_json(json.as_bytes()).unwrap());
    assert!(matches!(
        resolve(r#"["after_hours",{"action":"hangup"}]"#).as_deref(),
        Ok([Action::Voicemail(_), Action::Hangup(_)])
    ));
    for (json, error) in [
        (r#""nobody""#, "$: unknown target `nobody`"),
        (
            r#"{"action":"menu","name":"nobody"}"#,
            "$.name: unknown menu `nobody`",
        ),
        (
            r#"[{"action":"hangup"},{"action":"webhook","name":"x"}]"#,
            "$[1].name: unknown webhook `x`",
        ),
        (
            r#"{"action":"forward","destination":{"type":"ring_group","members":["+1","bob"]}}"#,
            "$.destination.members[1]: unknown agent `bob`",
        ),
        (
            r#"{"action":"forward","destination":{"type":"number","number":"+1"},"on":{"busy":[{"action":"hangup"},"x"]}}"#,
            "$.on.busy[1]: unknown target `x`",
        ),
        (
            r#"{"action":"queue","name":"after_hours"}"#,
            "$.name: unknown queue `after_hours`",
        ),
        (
            r#"{"action":"forward","destination":{"type":"queue","name":"x"}}"#,
            "$.destination.name: unknown queue `x`",
        ),
        (
            r##"{"action":"menu","options":{"#":"x"}}"##,
            "$.options[\"#\"]: unknown target `x`",
        ),
        (
            r#"{"action":"menu","options":{"1":"after_hours"},"on":{"timeout":{"repeat":1,"then":"x"}}}"#,
            "$.on.timeout.then: unknown target `x`",
        ),
    ] {
        assert_eq!(resolve(json).unwrap_err().to_string(), error, "{json}");
    }
}

#[test]
fn values_from_outside_are_checked_as_those_of_files() {
    let check = |json: &str| crate::check(&Actions::from_json(json.as_bytes()).unwrap());
    assert_eq!(check(r#"{"action":"webhook","url":"https://x/"}"#), Ok(()));
    for (json, error) in [
        (
            r#"[{"action":"hangup"},{"action":"forward","destination":{"type":"number","number":"+1"},"ring_s":0}]"#,
            "$[1].ring_s: 0 is out of range: expected 1 to 600 seconds",
        ),
        (
            r#"{"action":"webhook","url":"x"}"#,
            "$.url: `x` has no scheme; write `https://x`",
        ),
    ] {
        assert_eq!(check(json).unwrap_err().to_string(), error, "{json}");
    }
}

#[test]
fn named_things_are_found() {
    let engine = example();
    assert!(engine.menu("main").is_some() && engine.menu("other").is_none());
    assert_eq!(
        engine.agent("ann").unwrap().to.as_str(),
        "sip:ann@pbx.example"
    );
    let sales = engine.webhook("sales").unwrap();
    assert_eq!((sales.urls.len(), sales.deadline_ms), (2, 1_500));
    assert_eq!(engine.webhooks().count(), 1);
    assert_eq!(engine.region(), Some("US"));
    assert!(engine.target("after_hours").is_some());
    assert!(engine.hours("office").is_some());
    assert!(!engine.zone_release().is_empty());
}

#[test]
fn the_sources_make_the_same_engine() {
    let engine = example();
    let [main, rest @ ..] = engine.sources() else {
        panic!("no sources");
    };
    let again = load(&main.name, &main.text, &rest, &ChronoTz).unwrap();
    assert_eq!(again.fingerprint(), engine.fingerprint());
    assert_eq!(engine.fingerprint().len(), 32);
}

#[test]
fn an_explanation_names_the_clause_and_what_it_saw() {
    let (engine, facts) = (example(), Facts::default());
    let event = event("+14155550123", "+13146523057", CLOSED);
    let explanation = engine.explain(&event, &facts);
    assert_eq!(
        explanation.to_string(),
        "\
dialed +13146523057, rules of +13146523057
   rule 1 \"blocked callers\": does not hold
     no   caller.in: blocked (+14155550123, on no list)
=> rule 2 \"after hours\": holds
     yes  closed: office (closed at Tue 2026-04-21 19:00 (weekly), opens Wed 2026-04-22 09:00, in 14 h)
decided by +13146523057 rule 2 \"after hours\"
   {\"action\":\"voicemail\",\"message\":\"office_closed\"}
"
    );
    let json = serde_json::to_value(&explanation).unwrap();
    assert_eq!(json["rules"][0]["clauses"][0]["holds"], false);
    assert_eq!(json["decision"]["rule"]["index"], 1);
    assert_eq!(json["decision"]["rule"]["name"], "after hours");
}

#[test]
fn engines_are_shared_between_threads() {
    fn shared<T: Send + Sync + std::fmt::Debug>() {}
    shared::<Engine>();
}

proptest! {
    /// Whatever is cut out of a file, or written into it, ends in an engine or in faults that
    /// can be shown.
    #[test]
    fn a_damaged_file_is_told_so(
        at in 0..EXAMPLE.len(),
        cut in 0_usize..40,
        put in "([-:#*{}\\[\\],\" \n]|then|office|\"\\+1\"|é){0,4}",
    ) {
        let (front, back) = EXAMPLE.split_at(at);
        let damaged = format!("{front}{put}{}", back.get(cut..).unwrap_or_default());
        let files = vec![SourceFile { name: "vip.csv".to_owned(), text: damaged.clone() }];
        match load("routes.yaml", &damaged, &files, &ChronoTz) {
            Ok(engine) => {
                let event = event("+14155550123", "+13146523057", OPEN);
                prop_assert!(!decided(&engine, &event).1.is_empty());
            }
            Err(faults) => {
                prop_assert!(!faults.as_slice().is_empty());
                prop_assert!(faults.to_string().starts_with("error: "));
            }
        }
    }
}
