//! The index, the linear walk and the explanation against a decision worked out in the simplest
//! way: texts compared as texts, time by the calendar, rules in written order.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;

use callroute_rules::{ChronoTz, Engine, Fact, Facts, Lookup, Outcome, RuleRef, load};
use callroute_schema::Event;
use chrono::{DateTime, Datelike, Timelike, Utc};
use proptest::prelude::*;
use serde_json::{Value, json};

/// What a rule asks, as this test understands it.
#[derive(Debug, Clone)]
enum Ask {
    Open(bool),
    CallerIs(Vec<String>),
    CallerPrefix(Vec<String>),
    DialedPrefix(String),
    In(&'static str),
    Digits(String),
    Anonymous(bool),
    Share(u32, u32),
    Header(String),
    Attribute(String),
    Trunk(String),
    Switch,
    Available(&'static str),
    CallsBelow(u64),
    Not(Box<Self>),
    Any(Vec<Self>),
    All(Vec<Self>),
}

#[derive(Debug, Clone)]
struct Call {
    from: String,
    to: String,
    at: i64,
    id: String,
    digits: String,
    header: Option<String>,
    attribute: Option<String>,
    trunk: Option<String>,
}

/// Facts as they are known: `None`, not asked; `Some(None)`, not to be had.
#[derive(Debug, Clone, Copy)]
struct Known {
    switch: bool,
    ann: Option<Option<bool>>,
    bob: Option<Option<bool>>,
    calls: Option<Option<u64>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Truth {
    No,
    Yes,
    Missing,
    Need,
}

const LISTS: [(&str, &[&str]); 3] = [
    ("blocked", &["+12*", "+1311", "anonymous"]),
    ("vip", &["+131*", "+1322", "alice"]),
    ("staff", &["+1311", "+13*", "77"]),
];

fn is_listed(list: &str, from: &str) -> bool {
    let (_, entries) = LISTS.iter().find(|(name, _)| *name == list).unwrap();
    entries.iter().any(|entry| match entry.strip_suffix('*') {
        Some(begin) => from.starts_with(begin),
        None => from == *entry,
    })
}

fn is_open(at: i64) -> bool {
    let at: DateTime<Utc> = DateTime::from_timestamp(at, 0).unwrap();
    let week = at.weekday().num_days_from_monday() < 5;
    week && (9 * 60..17 * 60 + 30).contains(&(at.hour() * 60 + at.minute()))
}

fn yes(holds: bool) -> Truth {
    if holds { Truth::Yes } else { Truth::No }
}

fn known<T>(fact: Option<Option<T>>, is: impl Fn(T) -> bool) -> Truth {
    match fact {
        None => Truth::Need,
        Some(None) => Truth::Missing,
        Some(Some(value)) => yes(is(value)),
    }
}

fn truth(ask: &Ask, call: &Call, facts: &Known) -> Truth {
    let number = |text: &str| text != "anonymous";
    match ask {
        Ask::Open(open) => yes(is_open(call.at) == *open),
        Ask::CallerIs(list) => yes(number(&call.from) && list.contains(&call.from)),
        Ask::CallerPrefix(list) => yes(number(&call.from)
            && list
                .iter()
                .any(|begin| call.from.starts_with(begin.as_str()))),
        Ask::DialedPrefix(begin) => yes(call.to.starts_with(begin.as_str())),
        Ask::In(list) => yes(is_listed(list, &call.from)),
        Ask::Digits(digits) => yes(call.digits == *digits),
        Ask::Anonymous(wanted) => yes((call.from == "anonymous") == *wanted),
        Ask::Share(from, to) => {
            let place = u128::from(callroute_rules::waves::seed(&call.id)) * 10_000;
            let place = place >> 64;
            yes((u128::from(from * 100)..u128::from(to * 100)).contains(&place))
        }
        Ask::Header(value) => yes(call.header.as_ref() == Some(value)),
        Ask::Attribute(value) => yes(call.attribute.as_ref() == Some(value)),
        Ask::Trunk(trunk) => yes(call.trunk.as_ref() == Some(trunk)),
        Ask::Switch => yes(facts.switch),
        Ask::Available("ann") => known(facts.ann, |available| available),
        Ask::Available(_) => known(facts.bob, |available| available),
        Ask::CallsBelow(below) => known(facts.calls, |calls| calls < *below),
        Ask::Not(not) => match truth(not, call, facts) {
            Truth::Yes => Truth::No,
            Truth::No => Truth::Yes,
            open => open,
        },
        Ask::All(all) => together(
            all.iter().map(|ask| truth(ask, call, facts)),
            Truth::No,
            Truth::Yes,
        ),
        Ask::Any(any) => together(
            any.iter().map(|ask| truth(ask, call, facts)),
            Truth::Yes,
            Truth::No,
        ),
    }
}

fn together(parts: impl Iterator<Item = Truth>, settles: Truth, else_: Truth) -> Truth {
    let parts: Vec<Truth> = parts.collect();
    let has = |truth| parts.contains(&truth);
    if has(settles) {
        settles
    } else if has(Truth::Need) {
        Truth::Need
    } else if has(Truth::Missing) {
        Truth::Missing
    } else {
        else_
    }
}

fn when(ask: &Ask) -> Value {
    match ask {
        Ask::Open(true) => json!({ "open": "office" }),
        Ask::Open(false) => json!({ "closed": "office" }),
        Ask::CallerIs(list) => json!({ "caller": { "is": list } }),
        Ask::CallerPrefix(list) => json!({ "caller": { "prefix": list } }),
        Ask::DialedPrefix(begin) => json!({ "dialed": { "prefix": begin } }),
        Ask::In(list) => json!({ "caller": { "in": list } }),
        Ask::Digits(digits) => json!({ "digits": digits }),
        Ask::Anonymous(wanted) => json!({ "caller": { "anonymous": wanted } }),
        Ask::Share(from, to) => json!({ "share": format!("{from}-{to}") }),
        Ask::Header(value) => json!({ "header": { "x-line": value } }),
        Ask::Attribute(value) => json!({ "attribute": { "tier": value } }),
        Ask::Trunk(trunk) => json!({ "trunk": trunk }),
        Ask::Switch => json!({ "override": "night" }),
        Ask::Available(name) => json!({ "available": name }),
        Ask::CallsBelow(below) => json!({ "calls": { "on": "sales", "below": below } }),
        Ask::Not(not) => json!({ "not": when(not) }),
        Ask::Any(any) => json!({ "any": any.iter().map(when).collect::<Vec<_>>() }),
        Ask::All(all) => json!({ "all": all.iter().map(when).collect::<Vec<_>>() }),
    }
}

/// The number of the block, and its rules: what each asks.
type Blocks = Vec<(String, Vec<Option<Ask>>)>;

fn engine(blocks: &Blocks) -> Engine {
    let lists: BTreeMap<_, _> = LISTS
        .iter()
        .map(|(name, numbers)| (*name, json!({ "numbers": numbers })))
        .collect();
    let rule = |index: usize, ask: &Option<Ask>| {
        let then = json!({ "action": "voicemail", "message": format!("m{index}") });
        match ask {
            Some(ask) => json!({ "when": when(ask), "then": then }),
            None => json!({ "then": then }),
        }
    };
    let numbers: BTreeMap<_, _> = blocks
        .iter()
        .map(|(number, rules)| {
            let rules = rules
                .iter()
                .enumerate()
                .map(|(index, ask)| rule(index, ask));
            (number.as_str(), rules.collect::<Vec<_>>())
        })
        .collect();
    let table = json!({
        "version": 1, "default": { "action": "hangup" },
        "hours": { "office": { "zone": "UTC", "open": "Mo-Fr 09:00-17:30" } },
        "callers": lists,
        "overrides": { "night": "off" },
        "agents": { "ann": { "to": "+1" }, "bob": { "to": "+2" } },
        "targets": { "sales": { "action": "hangup" } },
        "numbers": numbers,
    });
    match load("routes.json", &table.to_string(), &(), &ChronoTz) {
        Ok(engine) => engine,
        Err(faults) => panic!("{faults}\n{table:#}"),
    }
}

fn event(call: &Call) -> Event {
    let at = DateTime::from_timestamp(call.at, 0).unwrap().to_rfc3339();
    let mut event = json!({
        "event": if call.digits.is_empty() { "incoming_call" } else { "menu_input" },
        "from": call.from, "to": call.to, "timestamp": at, "call_id": call.id,
    });
    if !call.digits.is_empty() {
        event["menu"] = json!({ "digits": call.digits, "attempt": 1 });
    }
    if let Some(header) = &call.header {
        event["headers"] = json!({ "X-Line": header });
    }
    if let Some(tier) = &call.attribute {
        event["attributes"] = json!({ "tier": tier });
    }
    if let Some(trunk) = &call.trunk {
        event["source"] = json!({ "trunk": trunk });
    }
    Event::from_json(event.to_string().as_bytes()).unwrap()
}

fn facts(known: &Known) -> Facts {
    let mut facts = Facts::new();
    let flag = |yes: bool| if yes { Fact::Yes } else { Fact::No };
    facts.add(Lookup::Override("night".to_owned()), flag(known.switch));
    for (name, fact) in [("ann", known.ann), ("bob", known.bob)] {
        if let Some(fact) = fact {
            facts.add(
                Lookup::Available(name.to_owned()),
                fact.map_or(Fact::Missing, flag),
            );
        }
    }
    if let Some(calls) = known.calls {
        facts.add(
            Lookup::Calls("sales".to_owned()),
            calls.map_or(Fact::Missing, Fact::Count),
        );
    }
    facts
}

/// The simplest decision: the block by its text, the first rule that holds.
fn decide(blocks: &Blocks, call: &Call, known: &Known) -> String {
    let covers = |number: &str| match number.strip_suffix('*') {
        Some(begin) => call.to.starts_with(begin),
        None => call.to == number,
    };
    let specific = |number: &str| (!number.ends_with('*'), number.len());
    let block = blocks
        .iter()
        .filter(|(number, _)| covers(number))
        .max_by_key(|(number, _)| specific(number));
    let Some((number, rules)) = block else {
        return "default".to_owned();
    };
    for (index, ask) in rules.iter().enumerate() {
        match ask
            .as_ref()
            .map_or(Truth::Yes, |ask| truth(ask, call, known))
        {
            Truth::Yes => return format!("{number} rule {}", index + 1),
            Truth::Need => return format!("needs a fact for {number} rule {}", index + 1),
            Truth::No | Truth::Missing => {}
        }
    }
    "default".to_owned()
}

fn outcome(outcome: &Outcome<'_>, wanted: &str) -> String {
    match outcome {
        Outcome::Decided(decision) => match decision.rule() {
            RuleRef::Default => "default".to_owned(),
            rule => rule.to_string(),
        },
        // Which rule waits is not told; that one does is what is compared.
        Outcome::Need(_) if wanted.starts_with("needs") => wanted.to_owned(),
        Outcome::Need(lookup) => format!("needs {lookup}"),
    }
}

fn number() -> impl Strategy<Value = String> {
    prop_oneof!["\\+1[123]{1,3}", "[7]{1,2}", Just("alice".to_owned())]
}

fn leaf() -> impl Strategy<Value = Ask> {
    prop_oneof![
        2 => any::<bool>().prop_map(Ask::Open),
        4 => proptest::collection::vec(number(), 1..4).prop_map(Ask::CallerIs),
        4 => proptest::collection::vec("\\+1[123]{0,3}", 1..3).prop_map(Ask::CallerPrefix),
        1 => "\\+1[123]{0,2}".prop_map(Ask::DialedPrefix),
        4 => prop_oneof![Just("blocked"), Just("vip"), Just("staff")].prop_map(Ask::In),
        3 => "[12]{1,2}".prop_map(Ask::Digits),
        1 => any::<bool>().prop_map(Ask::Anonymous),
        1 => (0_u32..50, 51_u32..100).prop_map(|(from, to)| Ask::Share(from, to)),
        1 => "[ab]".prop_map(Ask::Header),
        1 => "[ab]".prop_map(Ask::Attribute),
        1 => "[ab]".prop_map(Ask::Trunk),
        1 => Just(Ask::Switch),
        1 => prop_oneof![Just("ann"), Just("bob")].prop_map(Ask::Available),
        1 => (1_u64..4).prop_map(Ask::CallsBelow),
    ]
}

fn ask() -> impl Strategy<Value = Ask> {
    leaf().prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|ask| Ask::Not(Box::new(ask))),
            proptest::collection::vec(inner.clone(), 1..4).prop_map(Ask::Any),
            proptest::collection::vec(inner, 1..4).prop_map(Ask::All),
        ]
    })
}

/// Rules that ask much, so that many are passed over.
fn rule() -> impl Strategy<Value = Option<Ask>> {
    prop_oneof![
        1 => Just(None),
        20 => ask().prop_map(Some),
        40 => proptest::collection::vec(leaf(), 2..4).prop_map(|all| Some(Ask::All(all))),
    ]
}

fn blocks() -> impl Strategy<Value = Blocks> {
    let number = prop_oneof![
        Just("*".to_owned()),
        "\\+1[123]{0,2}\\*",
        "\\+1[123]{1,3}",
        Just("alice".to_owned()),
        Just("7*".to_owned()),
    ];
    let rules = prop_oneof![
        3 => proptest::collection::vec(rule(), 1..12),
        2 => proptest::collection::vec(rule(), 30..90),
    ];
    proptest::collection::btree_map(number, rules, 1..5).prop_map(|map| map.into_iter().collect())
}

fn call() -> impl Strategy<Value = Call> {
    let text = || proptest::option::of("[ab]");
    let from = prop_oneof![6 => number(), 1 => Just("anonymous".to_owned())];
    (
        from,
        number(),
        1_776_000_000_i64..1_777_300_000,
        "[a-z]{1,6}",
        "[12]{0,2}",
        text(),
        text(),
        text(),
    )
        .prop_map(
            |(from, to, at, id, digits, header, attribute, trunk)| Call {
                from,
                to,
                at,
                id,
                digits,
                header,
                attribute,
                trunk,
            },
        )
}

fn fact_set() -> impl Strategy<Value = Known> {
    let flag = || proptest::option::of(proptest::option::of(any::<bool>()));
    let count = proptest::option::of(proptest::option::of(0_u64..5));
    (any::<bool>(), flag(), flag(), count).prop_map(|(switch, ann, bob, calls)| Known {
        switch,
        ann,
        bob,
        calls,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn index_linear_walk_and_explanation_say_what_the_simplest_decision_says(
        blocks in blocks(),
        calls in proptest::collection::vec((call(), fact_set()), 12),
    ) {
        let engine = engine(&blocks);
        for (call, known) in &calls {
            let event = event(call);
            let facts = facts(known);
            let wanted = decide(&blocks, call, known);
            prop_assert_eq!(outcome(&engine.decide(&event, &facts), &wanted), wanted.clone(), "index, {:?}", call);
            prop_assert_eq!(outcome(&engine.decide_linear(&event, &facts), &wanted), wanted.clone(), "linear");
            let explanation = engine.explain(&event, &facts);
            prop_assert_eq!(outcome(&explanation.outcome(), &wanted), wanted.clone(), "explanation");
            let last = explanation.rules().pop();
            if let Outcome::Decided(decision) = engine.decide(&event, &facts) {
                match decision.rule() {
                    RuleRef::Rule { index, .. } => {
                        let last = last.unwrap();
                        prop_assert!(last.holds && last.index == index);
                        // Every clause that is told of the winner holds, or an `any` has one that does.
                        prop_assert!(last.clauses.is_empty() || last.clauses.iter().any(|clause| clause.holds == Some(true)));
                    }
                    RuleRef::Default => prop_assert!(explanation.rules().iter().all(|rule| !rule.holds)),
                }
                prop_assert_eq!(decision.to_json().into_owned().is_empty(), false);
            }
            prop_assert!(!explanation.to_string().is_empty());
        }
    }
}
