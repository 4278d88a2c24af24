//! Every fault, its place and its mend.

pub(crate) use super::hours::tests::FAULTY as HOURS;
use crate::{ChronoTz, Faults, SourceFile, load};

/// What each file of this test begins with.
pub(crate) const HEAD: &str = "version: 1\ndefault: { action: hangup }\n";

pub(crate) fn faults_with(text: &str, files: &[(&str, &str)]) -> Faults {
    let source = |(name, text): &(&str, &str)| SourceFile {
        name: (*name).to_owned(),
        text: (*text).to_owned(),
    };
    let files: Vec<SourceFile> = files.iter().map(source).collect();
    match load("routes.yaml", text, &files, &ChronoTz) {
        Ok(_) => panic!("loads:\n{text}"),
        Err(faults) => faults,
    }
}

/// The faults of a file, as `line:column path: message`.
pub(crate) fn shown(faults: &Faults) -> Vec<String> {
    let show = |fault: &crate::Fault| match fault.span {
        Some(span) => format!(
            "{}:{} {}: {}",
            span.line, span.column, fault.path, fault.message
        ),
        None => format!("{}: {}", fault.path, fault.message),
    };
    faults.iter().map(show).collect()
}

/// Faulty files, without [`HEAD`], and the fault of each.
pub(crate) const FAULTY: &[(&str, &str)] = &[
    // Dates.
    (
        "numbers: { \"+1\": [{ when: { date: { zone: UTC, on: \"Dec 25; Foo 3\" } }, then: { action: busy } }] }",
        "3:61 $.numbers[\"+1\"][0].when.date.on: `Foo` is not understood; expected a weekday (Mo, Tu, …), PH, a month (Jan-Mar), a date (Dec 25), `week`, `easter`, a time (09:00-17:30), `off` or 24/7 (at character 9)",
    ),
    (
        "numbers: { \"+1\": [{ when: { date: { zone: UTC, on: \"\" } }, then: { action: busy } }] }",
        "3:53 $.numbers[\"+1\"][0].when.date.on: expected a date (Dec 25), a month (Jan-Mar), a weekday (Mo, Mo[1]), `week` or `easter`, found the end (at character 1)",
    ),
    // Names.
    (
        "numbers: { \"+1\": nobody }",
        "3:18 $.numbers[\"+1\"]: unknown target `nobody`; this file has none",
    ),
    (
        "targets: { sales: { action: hangup } }\nnumbers:\n  \"+1\":\n    - { then: seles }\n",
        "6:15 $.numbers[\"+1\"][0].then: unknown target `seles`; did you mean `sales`? (there are `sales`)",
    ),
    (
        "targets: { a: { action: menu, name: main } }",
        "3:37 $.targets.a.name: unknown menu `main`; this file has none",
    ),
    (
        "targets: { a: { action: webhook, name: x } }",
        "3:40 $.targets.a.name: unknown webhook `x`; this file has none",
    ),
    (
        "agents: { ann: { to: \"+1\" } }\ntargets: { a: { action: forward, destination: { type: agent, name: bob } } }",
        "4:68 $.targets.a.destination.name: unknown agent `bob` (there are `ann`)",
    ),
    (
        "targets:\n  a:\n    - { action: hangup }\n    - { action: forward, destination: { type: ring_group, members: [\"+1\", bob] } }",
        "6:75 $.targets.a[1].destination.members[1]: unknown agent `bob`; this file has none",
    ),
    (
        "targets: { a: { action: forward, destination: { type: number, number: \"+1\" }, on: { busy: x } } }",
        "3:91 $.targets.a.on.busy: unknown target `x` (there are `a`)",
    ),
    (
        "menus: { m: { options: { 1: x } } }",
        "3:29 $.menus.m.options.1: unknown target `x`; this file has none",
    ),
    (
        "menus: { m: { options: { 1: { action: hangup } }, on: { timeout: { repeat: 1, then: x } } } }",
        "3:85 $.menus.m.on.timeout.then: unknown target `x`; this file has none",
    ),
    (
        "webhooks: { w: { urls: [\"https://x/\"], fallback: x } }",
        "3:50 $.webhooks.w.fallback: unknown target `x`; this file has none",
    ),
    (
        "numbers: { \"+1\": [ { when: { open: office }, then: { action: hangup } } ] }",
        "3:36 $.numbers[\"+1\"][0].when.open: unknown hours `office`; this file has none",
    ),
    (
        "callers: { vip: { numbers: [\"+1\"] } }\nnumbers: { \"+1\": [ { when: { caller: { in: vpi } }, then: { action: hangup } } ] }",
        "4:44 $.numbers[\"+1\"][0].when.caller.in[0]: unknown list of callers `vpi`; did you mean `vip`? (there are `vip`)",
    ),
    (
        "hours: { o: { zone: UTC, open: \"24/7; PH off\", holidays: us } }",
        "3:58 $.hours.o.holidays: unknown calendar `us`; this file has none",
    ),
    (
        "targets: { \"a b\": { action: hangup } }",
        "3:19 $.targets[\"a b\"]: a name must not hold ' '; use letters, digits, `_`, `-`, `.` or `:`",
    ),
    // Cycles.
    (
        "targets: { a: b, b: c, c: a }",
        "3:27 $.targets.c: a call would go round for ever: a -> b -> c -> a; end one of these in another way",
    ),
    (
        "targets: { a: { action: forward, destination: { type: number, number: \"+1\" }, on: { failed: a } } }",
        "3:93 $.targets.a.on.failed: a call would go round for ever: a -> a; end one of these in another way",
    ),
    (
        "webhooks: { w: { urls: [\"https://x/\"], fallback: a } }\ntargets: { a: { action: webhook, name: w } }",
        "3:50 $.webhooks.w.fallback: a call would go round for ever: a -> webhook w -> a; end one of these in another way",
    ),
    // Bounds.
    (
        "targets: { a: { action: forward, ring_s: 601, destination: { type: number, number: \"+1\" } } }",
        "3:42 $.targets.a.ring_s: 601 is out of range: expected 1 to 600 seconds",
    ),
    (
        "menus: { m: { timeout_s: 0, options: { 1: { action: hangup } } } }",
        "3:26 $.menus.m.timeout_s: 0 is out of range: expected 1 to 60 seconds",
    ),
    (
        "menus: { m: { options: { 1: { action: hangup } }, on: { invalid: { repeat: 11, then: { action: hangup } } } } }",
        "3:76 $.menus.m.on.invalid.repeat: 11 is out of range: expected 0 to 10 times",
    ),
    (
        "webhooks: { w: { urls: [\"https://x/\"], deadline_ms: 10 } }",
        "3:53 $.webhooks.w.deadline_ms: 10 is out of range: expected 50 to 10000 milliseconds",
    ),
    (
        "targets: { a: { action: say, text: \"Hello {form}\" } }",
        "3:36 $.targets.a.text: unknown variable `{form}`; did you mean `from`? (there are `call_id`, `digits`, `from`, `from_name`, `to`)",
    ),
    // Either, or.
    (
        "menus: { m: { prompt: { say: x } } }",
        "3:13 $.menus.m: a menu needs a `name`, or `options` with at least one key",
    ),
    (
        "menus: { m: { name: n } }",
        "3:21 $.menus.m.name: a menu of the file is written out: it has a `prompt` and `options`, and no `name`",
    ),
    (
        "menus: { m: { options: { 1: { action: hangup } } } }\ntargets: { a: { action: menu, name: m, timeout_s: 3 } }",
        "4:15 $.targets.a: a menu is either named or written out: with `name`, leave the other fields to the menu of that name",
    ),
    (
        "targets: { a: { action: webhook } }",
        "3:15 $.targets.a: a webhook action needs a `name` or a `url`",
    ),
    (
        "targets: { a: { action: webhook, url: yourcompany.com/x } }",
        "3:39 $.targets.a.url: `yourcompany.com/x` has no scheme; write `https://yourcompany.com/x`",
    ),
    (
        "webhooks: { w: { urls: [\"ftp://x/\"] } }",
        "3:25 $.webhooks.w.urls[0]: scheme `ftp` is not for webhooks; write https://yourcompany.com/…",
    ),
    (
        "webhooks: { w: { urls: [] } }",
        "3:24 $.webhooks.w.urls: expected 1 to 16 URLs, found 0",
    ),
    (
        "webhooks: { w: { urls: [\"https://x/\"], allow: [localhost] } }",
        "3:48 $.webhooks.w.allow[0]: `localhost` is no address range; write it as in 127.0.0.0/8 or fd00::/8",
    ),
    (
        "agents: { ann: { to: bob } }",
        "3:22 $.agents.ann.to: `bob` is no number and no SIP URI; an agent is reached by one of these",
    ),
    // Conditions and numbers.
    (
        "numbers: { \"+1\": [ { when: {}, then: { action: hangup } } ] }",
        "3:28 $.numbers[\"+1\"][0].when: `when` needs at least one condition; a rule that always holds has none",
    ),
    (
        "numbers: { \"+1\": [ { when: { any: [] }, then: { action: hangup } } ] }",
        "3:35 $.numbers[\"+1\"][0].when.any: `any` needs at least one condition",
    ),
    (
        "numbers: { \"+1\": [ { when: { caller: {} }, then: { action: hangup } } ] }",
        "3:38 $.numbers[\"+1\"][0].when.caller: `caller` needs one of `in`, `is`, `prefix`, `country`, `region`, `type` and `anonymous`",
    ),
    (
        "numbers: { \"+1\": [ { when: { caller: { is: anonymous } }, then: { action: hangup } } ] }",
        "3:44 $.numbers[\"+1\"][0].when.caller.is[0]: `anonymous` is no number; write `anonymous: true`",
    ),
    (
        "numbers: { \"+1\": [ { when: { caller: { prefix: branches } }, then: { action: hangup } } ] }",
        "3:48 $.numbers[\"+1\"][0].when.caller.prefix[0]: unknown prefixes `branches`; this file has none",
    ),
    (
        "numbers: { \"+1\": [ { when: { digits: x }, then: { action: hangup } } ] }",
        "3:38 $.numbers[\"+1\"][0].when.digits[0]: 'x' is no DTMF digit; expected 0-9, *, # or A-D",
    ),
    (
        "numbers: { \"+1314*5\": { action: hangup } }",
        "3:23 $.numbers[\"+1314*5\"]: a `*` stands for the rest of a number, so it comes last, as in +1314*",
    ),
    (
        "numbers:\n  \"+1314\": { action: hangup }\n  \"+1 314\": { action: hangup }",
        "5:3 $.numbers[\"+1 314\"]: this is the same number as `+1314`; put the rules of both under one of them",
    ),
    (
        "numbers: { \"+1\": [] }",
        "3:18 $.numbers[\"+1\"]: a number needs at least one rule, an action or a target's name",
    ),
    (
        "numbers: { \"+1\": { then: { action: hangup } } }",
        "3:18 $.numbers[\"+1\"]: rules are a list, even if there is one; begin it with `-`",
    ),
    (
        "numbers: { \"+1\": [ { then: { action: hangup } }, { action: hangup } ] }",
        "3:50 $.numbers[\"+1\"][1]: expected a rule, as in `{ when: …, then: … }`; an action or a target's name goes under `then`",
    ),
    (
        "callers: { x: { numbers: [\"*\"] } }",
        "3:27 $.callers.x.numbers[0]: `*` would be everybody; leave the condition out instead",
    ),
    (
        "callers: { x: { file: vip.csv } }",
        "3:23 $.callers.x.file: cannot read `vip.csv`: it is not among the files given",
    ),
    (
        "callers: { x: {} }",
        "3:15 $.callers.x: a list of callers needs `numbers`, as in [\"+1900*\", anonymous], a `file` or a `lookup`",
    ),
    // What is not there.
    (
        "region: usa",
        "3:9 $.region: expected a country's two letters in capitals (ISO 3166-1), as in US or IE",
    ),
    (
        "targts: { a: { action: hangup } }",
        "3:1 $.targts: unknown section `targts`; did you mean `targets`? (there are `agents`, `calendars`, `callers`, `default`, `destinations`, `hours`, `lookups`, `menus`, `numbers`, `overrides`, `prefixes`, `region` and 4 more)",
    ),
    (
        "lookup: {}",
        "3:1 $.lookup: unknown section `lookup`; did you mean `lookups`? (there are `agents`, `calendars`, `callers`, `default`, `destinations`, `hours`, `lookups`, `menus`, `numbers`, `overrides`, `prefixes`, `region` and 4 more)",
    ),
    (
        "numbers: { \"+1\": [ { when: { shares: 10 }, then: { action: hangup } } ] }",
        "3:30 $.numbers[\"+1\"][0].when.shares: unknown field `shares`, expected one of `open`, `closed`, `date`, `caller`, `dialed`, `digits`, `attribute`, `header`, `trunk`, `transport`, `available`, `share`, `calls`, `override`, `shift`, `missing`, `any`, `all`, `not`; did you mean `share`?",
    ),
    (
        "callers: { crm: { lookup: crm } }",
        "3:27 $.callers.crm.lookup: unknown lookup `crm`; this file has none",
    ),
    (
        "agents: { ann: { to: \"+1\", shifts: [office] } }",
        "3:37 $.agents.ann.shifts[0]: unknown hours or rota `office`; this file has none",
    ),
];

/// A15 among them: a URL without a scheme.
#[test]
fn each_fault_names_its_place_and_its_mend() {
    let mut wrong = Vec::new();
    for (body, expected) in FAULTY.iter().chain(HOURS) {
        let found = shown(&faults_with(&format!("{HEAD}{body}\n"), &[]));
        if found != [*expected] {
            wrong.push(format!("{body}: {found:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn version_and_default_are_required() {
    let missing = shown(&faults_with("numbers: {}\n", &[]));
    assert_eq!(
        missing,
        [
            "1:1 $: `version` is missing; write `version: 1` at the top",
            "1:1 $: `default` is missing; it says what happens to a call when nothing else does, as in \
             `default: { action: voicemail, message: general }`",
        ]
    );
    assert_eq!(
        shown(&faults_with(
            "version: 2\ndefault: { action: hangup }\n",
            &[]
        )),
        ["1:10 $.version: version 2 is not known; expected 1"]
    );
    assert_eq!(
        shown(&faults_with("version: 1\ndefault: nobody\n", &[])),
        ["2:10 $.default: unknown target `nobody`; this file has none"]
    );
    assert_eq!(
        shown(&faults_with("- 1\n", &[])),
        ["1:1 $: a routing file is a map with `version`, `default`, `numbers` and so on"]
    );
}

#[test]
fn all_faults_are_told_at_once_in_the_order_of_the_file() {
    let faults = faults_with(
        "version: 1\ndefault: nobody\ntargets:\n  a: { action: hangup, x: 1 }\n  b: { action: hangup, y: 1 }\n  a: b\nnumbers:\n  \"+1\":\n    - { then: a }\n    - { then: c }\n    - { then: *97 }\n",
        &[],
    );
    let places: Vec<_> = faults
        .iter()
        .map(|fault| fault.span.unwrap().line)
        .collect();
    assert_eq!(places, [2, 4, 5, 6, 10, 11], "{faults}");
}

#[test]
fn faults_show_the_line_and_point_at_it() {
    let text = "version: 1\ndefault: { action: hangup }\ntargets:\n  sales: { action: hangup }\nnumbers:\n  \"+1\":\n    - { name: é, then: seles }\n";
    assert_eq!(
        faults_with(text, &[]).to_string(),
        "\
error: unknown target `seles`; did you mean `sales`? (there are `sales`)
 --> routes.yaml:7:24
  |
7 |     - { name: é, then: seles }
  |                        ^^^^^"
    );
    assert_eq!(
        faults_with("version: 1\ndefault: { action: hangup }\nversion: 1\n", &[]).to_string(),
        "\
error: `version` is given twice
 --> routes.yaml:3:1
  |
3 | version: 1
  | ^^^^^^^
  |
 ::: routes.yaml:1:1
  |
1 | version: 1
  | ------- first given here"
    );
    assert_eq!(
        faults_with("numbers: {}\nversion: 1", &[]).to_string(),
        "\
error: `default` is missing; it says what happens to a call when nothing else does, as in `default: { action: voicemail, message: general }`
 --> routes.yaml:1:1
  |
1 | numbers: {}
  | ^^^^^^^"
    );
    let long = format!(
        "version: 1\ndefault: {{ action: hangup, {}: 1 }}\n",
        "x".repeat(500)
    );
    let shown = faults_with(&long, &[]).to_string();
    assert!(shown.ends_with("--> routes.yaml:2:28"), "{shown}");
}

#[test]
fn a_hundred_faults_are_enough() {
    let mut text = format!("{HEAD}numbers:\n");
    for number in 0..150 {
        text.push_str(&format!("  \"+{number}\": nobody\n"));
    }
    let faults = faults_with(&text, &[]);
    assert_eq!(faults.as_slice().len(), 150);
    assert!(faults.to_string().ends_with("and 50 more"));
}

#[test]
fn faults_of_a_list_are_told_in_its_own_file() {
    let text = format!("{HEAD}callers: {{ vip: {{ file: vip.csv }} }}\n");
    let csv = "name,number\nAnn,+14155550199\nBob,unknown number\n,\nEve,\n";
    let faults = faults_with(&text, &[("vip.csv", csv)]);
    assert_eq!(
        faults.to_string(),
        "\
error: `unknown number` is no number: ' ' is not part of it; write it as in +13146523057
 --> vip.csv:3:5
  |
3 | Bob,unknown number
  |     ^^^^^^^^^^^^^^

error: this line has no number
 --> vip.csv:5:1
  |
5 | Eve,
  | ^^^"
    );
    let faults = faults_with(&text, &[("vip.csv", "phone,name\n+1,Ann\n")]);
    assert_eq!(
        shown(&faults),
        ["1:1 : this heading has no `number`; write it as in `number,name,…`"]
    );
    let faults = faults_with(&text, &[("vip.csv", "number\n\"+1\n")]);
    assert_eq!(shown(&faults), ["2:1 : this quote is never closed"]);
}

#[test]
fn targets_in_each_other_are_bounded() {
    let chain = |length: usize| {
        let mut text = format!("{HEAD}targets:\n  t0: {{ action: hangup }}\n");
        for number in 1..length {
            text.push_str(&format!("  t{number}: t{}\n", number - 1));
        }
        text.push_str(&format!("numbers: {{ \"*\": t{} }}\n", length - 1));
        text
    };
    assert!(load("x", &chain(32), &(), &ChronoTz).is_ok());
    let faults = faults_with(&chain(33), &[]);
    assert!(
        faults
            .to_string()
            .contains("through 33 targets in each other"),
        "{faults}"
    );
    assert!(!faults_with(&chain(50_000), &[]).as_slice().is_empty());

    let mut wide = format!("{HEAD}targets:\n  t0: {{ action: hangup }}\n");
    for number in 1..12 {
        let below = number - 1;
        wide.push_str(&format!("  t{number}: [t{below}, t{below}, t{below}]\n"));
    }
    assert!(
        faults_with(&wide, &[])
            .to_string()
            .contains("comes to 2187 actions")
    );
}
