//! The schema against `load`, on the same files.

use std::path::Path;

use callroute_schema::tree::{Node, Value as Tree};
use jsonschema::Validator;
use serde_json::{Map, Value};

use super::routes;
use crate::compile::tests::{FAULTY, HEAD, HOURS};
use crate::fault::Report;
use crate::{ChronoTz, Files, load, yaml};

/// The faults that lie in more than a file's shape: what names mean, what texts mean, what goes
/// round.
const BEYOND_SHAPE: &[&str] = &[
    "unknown target",
    "unknown menu",
    "unknown webhook",
    "unknown agent",
    "unknown hours",
    "unknown list of callers",
    "unknown calendar",
    "unknown lookup",
    "unknown prefixes",
    "unknown time zone",
    "unknown variable",
    "a call would go round for ever",
    "has no scheme",
    "is not for webhooks",
    "is no address range",
    "is no number",
    "is no prefix",
    "is no date",
    "write the year with both",
    "ends before it begins",
    "these days are given twice",
    "also stands in `open`",
    "is no calendar by its name",
    "(at character",
    "PH needs",
    "`holidays` counts only",
    "overlaps",
    "comes last",
    "would be everybody",
    "the same number as",
    "cannot read",
    "is no DTMF digit",
    "not carried out",
];

/// The tree as JSON, with YAML 1.2's own reading of what is not quoted (its core schema).
fn json(node: &Node) -> Value {
    match &node.value {
        Tree::Bool(value) => Value::Bool(*value),
        Tree::Text(text) => Value::String(text.clone()),
        Tree::Number(text) | Tree::Plain(text) => match text.as_str() {
            "" | "~" | "null" => Value::Null,
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            text => match text.strip_prefix('+').unwrap_or(text).parse::<i64>() {
                Ok(number) => number.into(),
                Err(_) => Value::String(text.to_owned()),
            },
        },
        Tree::Seq(items) => items.iter().map(json).collect(),
        Tree::Map(entries) => {
            let entries = entries.iter();
            let entries: Map<_, _> = entries
                .map(|(key, value)| (key.text.clone(), json(value)))
                .collect();
            Value::Object(entries)
        }
        _ => Value::Null,
    }
}

fn tree(text: &str) -> Value {
    let mut report = Report::new("routes.yaml");
    json(&yaml::read(text, &mut report).unwrap_or_else(|| panic!("no YAML: {text}")))
}

fn validator() -> Validator {
    jsonschema::draft202012::new(routes().as_value()).unwrap()
}

fn errors(schema: &Validator, text: &str) -> Vec<String> {
    let errors: Vec<_> = schema
        .iter_errors(&tree(text))
        .map(|error| error.to_string())
        .collect();
    errors
}

#[test]
fn what_load_refuses_for_its_shape_is_invalid() {
    let schema = validator();
    let mut told = 0;
    for (body, fault) in FAULTY.iter().chain(HOURS) {
        let valid = errors(&schema, &format!("{HEAD}{body}\n")).is_empty();
        let beyond = BEYOND_SHAPE.iter().any(|words| fault.contains(words));
        assert!(!valid || beyond, "valid, but {fault}: {body}");
        told += usize::from(!valid);
    }
    assert!(told >= 20, "{told} faults of {}", FAULTY.len());
    for text in [
        "numbers: {}\n",
        "version: 2\ndefault: { action: hangup }\n",
        "- 1\n",
    ] {
        assert!(!errors(&schema, text).is_empty(), "{text}");
    }
}

/// A file with all that this version reads.
const WHOLE: &str = r##"
version: "1"
default: [{ action: say, text: Goodbye }, { action: hangup }]
region: US
calendars: { us: { dates: [2026-12-25] } }
hours:
  whole:
    zone: UTC
    weekly: {}
    seasons:
      - { from: 06-01, to: 08-31, weekly: { mon: ["08:00-14:00"] } }
      - { from: 2026-12-24, to: 2027-01-02, closed: true }
    nth: [{ day: fri, nth: -1, open: ["09:00-12:00"] }, { day: mon, nth: [1, 3], closed: true }]
    exceptions: { 12-24: { closed: true } }
    force: { state: closed, until: 2026-04-21T18:00:00-04:00, reason: storm }
  text: { zone: UTC, open: "Mo-Fr 09:00-17:00; PH off", holidays: us }
  plain:
    zone: America/New_York
    weekly: { mon: ["09:00-12:00", "13:00-17:30"], sun: [] }
    holidays: us
    exceptions:
      2026-04-20: { open: ["20:00-02:00"], reason: launch }
      2026-04-27: { closed: true }
callers: { known: { numbers: [+1900*, anonymous, "+1 (314) 652-3057", 1001] } }
webhooks:
  a: { urls: ["https://a.example/"], deadline_ms: 50, secret: { env: KEY }, allow: ["10.0.0.0/8"], fallback: end }
  b: { urls: ["https://b.example/"], secret: hush }
  c: { urls: ["https://c.example/"], secret: [{ file: new }, { env: OLD }], ca: ca.pem, cert: us.pem, key: us.key, last_good: true }
targets:
  end: { action: hangup }
  both: [end, { action: voicemail, message: 5 }]
  ring:
    action: forward
    ring_s: 600
    destination: { type: ring_group, strategy: ringall, members: [ann, 1001, { to: +16822306467, ring_s: 10 }] }
    on: { noanswer: end, busy: [end] }
  play: { action: play, prompt: goodbye, on: { failed: end } }
  inner: { action: menu, prompt: { play: menu }, patterns: { 2XX: end } }
  ask: { action: webhook, url: "https://c.example/" }
agents: { ann: { to: 1002 } }
menus:
  main:
    prompt: { play: menu }
    timeout_s: 60
    options: { 1: ring, "#": [play, ask], 22: { action: menu, name: main } }
    on: { timeout: end, invalid: { repeat: 10, then: { action: webhook, name: a } } }
  runs: { options: {}, patterns: { 2XX: end } }
  lines: { extensions: { allow: [3XX], then: end } }
numbers:
  +13146523057:
    - name: no
      when: { open: text, not: { closed: plain }, caller: { in: known, is: [1001], prefix: +1, anonymous: false } }
      then: end
    - { when: { any: [{ dialed: { is: 1001 } }, { all: [{ digits: 1 }, { digits: ["*", 2] }] }] }, then: [both] }
    - { then: { action: reject, cause: user_busy } }
  "+1314*": end
  "*": [end, { action: hangup }]
"##;

#[test]
fn what_load_reads_is_valid() {
    let schema = validator();
    let example = include_str!("../../../../examples/routes.yaml");
    let empty = "version: 1\ndefault: { action: hangup }\nnumbers:\ntargets:\n";
    for text in [WHOLE, example, empty] {
        if let Err(faults) = load("routes.yaml", text, &(), &ChronoTz) {
            panic!("{faults}");
        }
        assert_eq!(errors(&schema, text), Vec::<String>::new());
    }
}

/// The files that are reviewed, too: those that load, whatever they make one wonder about.
#[test]
fn what_is_reviewed_is_valid() {
    let schema = validator();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let files = |name: &str| std::fs::read_dir(folder.join(name)).unwrap();
    let mut loaded = 0;
    for entry in files("review").chain(files("fine")) {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "yaml") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let beside = Beside(path.parent().unwrap());
        if load("routes.yaml", &text, &beside, &ChronoTz).is_ok() {
            loaded += 1;
            let none = Vec::<String>::new();
            assert_eq!(errors(&schema, &text), none, "{}", path.display());
        }
    }
    assert!(loaded >= 70, "{loaded}");
}

/// The files beside a routing file.
struct Beside<'a>(&'a Path);

impl Files for Beside<'_> {
    fn read(&self, relative: &str) -> Result<String, String> {
        std::fs::read_to_string(self.0.join(relative)).map_err(|error| error.to_string())
    }
}
