//! The index, the linear walk and the explanation against a decision worked out in the simplest
//! way: texts compared as texts, time by the calendar, rules in written order.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod answers;
mod model;

use std::collections::BTreeMap;

use answers::{Wanted, carries_on, default, done, then, variable, wrong};
use callroute_rules::{ChronoTz, Engine, Fact, Facts, Lookup, Outcome, RuleRef, load};
use callroute_schema::Event;
use chrono::DateTime;
use model::{
    Ask, Bounds, COUNTED, Call, DATES, DECK, Known, LISTS, Region, SIZES, Truth, ZONES, asks_who,
    in_full, names, needs, open, truth, when,
};
use proptest::prelude::*;
use serde_json::json;

/// The number of the block, and its rules: what each asks.
type Blocks = Vec<(String, Vec<Option<Ask>>)>;

/// Of all hours.
const WEEK: &str = "Mo-Fr 09:00-17:30";

fn engine(blocks: &Blocks, region: Region) -> Engine {
    let mut lists: BTreeMap<_, _> = LISTS
        .iter()
        .map(|(name, numbers)| (*name, json!({ "numbers": numbers })))
        .collect();
    lists.insert("crm", json!({ "lookup": "crm" }));
    let rule = |index: usize, ask: &Option<Ask>| {
        let then = then(index, variable(index));
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
    let deck: BTreeMap<_, _> = DECK
        .iter()
        .map(|begin| (*begin, json!({ "label": "x" })))
        .collect();
    let mut hours: BTreeMap<_, _> = ZONES
        .iter()
        .map(|(zone, _)| (*zone, json!({ "zone": zone, "open": WEEK })))
        .collect();
    hours.insert("office", json!({ "zone": "UTC", "open": WEEK }));
    let mut table = json!({
        "version": 1, "default": default("{crm.tier}"),
        "hours": hours,
        "callers": lists,
        "overrides": { "night": "off" },
        "agents": { "ann": { "to": "+1", "shifts": ["office"] }, "bob": { "to": "+2" } },
        "targets": {
            "sales": { "action": "hangup" },
            "team": { "action": "forward", "destination": { "type": "ring_group", "members": ["ann", "bob"] } },
            "far": { "action": "voicemail", "message": "{erp.tier}", "on": { "failed": { "action": "hangup" } } },
        },
        "rotas": { "duty": { "who": ["ann", "bob"], "from": "2026-01-05 00:00", "every": "1d", "zone": "UTC" } },
        "lookups": { "crm": { "custom": "x" }, "erp": { "custom": "y" } },
        "prefixes": { "west": { "entries": deck } },
        "numbers": numbers,
    });
    if let Some(region) = region {
        table["region"] = json!(region);
    }
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
    let [size, header_size] = call.sizes;
    for (field, name, value) in [
        ("headers", "X-Line", call.header.as_deref()),
        ("headers", "x-size", header_size),
        ("attributes", "tier", call.attribute.as_deref()),
        ("attributes", "size", size),
    ] {
        if let Some(value) = value {
            event[field][name] = json!(value);
        }
    }
    if call.trunk.is_some() || call.transport.is_some() {
        event["source"] = json!({});
    }
    if let Some(trunk) = &call.trunk {
        event["source"]["trunk"] = json!(trunk);
    }
    if let Some(transport) = call.transport {
        event["source"]["transport"] = json!(transport);
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
    for (name, calls) in COUNTED.iter().zip(known.calls) {
        if let Some(calls) = calls {
            facts.add(
                Lookup::Calls((*name).to_owned()),
                calls.map_or(Fact::Missing, Fact::Count),
            );
        }
    }
    for (name, asked) in [("crm", &known.crm), ("erp", &known.erp)] {
        let row = |tier: &String| Fact::Row(BTreeMap::from([("tier".to_owned(), tier.clone())]));
        let found = |row_of: &Option<String>| row_of.as_ref().map_or(Fact::No, row);
        if let Some(asked) = asked {
            let fact = asked.as_ref().map_or(Fact::Missing, found);
            facts.add(Lookup::Row(name.to_owned()), fact);
        }
    }
    facts
}

/// The emergency number that is dialed, in any form; of the service, one that the table names.
fn emergency(blocks: &Blocks, region: Region, to: &str) -> Option<&'static str> {
    let has_rule = |number: &str| {
        let mut asks = blocks.iter().flat_map(|(_, rules)| rules).flatten();
        asks.any(|ask| names(ask, number))
    };
    let own = match region {
        None | Some("US") => "911",
        Some("IE" | "GB") => "999",
        _ => "112",
    };
    let both = ["112", own];
    match to {
        "911" | "9-1-1" | "tel:911" if own == "911" => Some("911"),
        "999" if own == "999" => Some("999"),
        "112" | "sip:112@host" => Some("112"),
        "urn:service:sos" => {
            let block = both
                .iter()
                .find(|own| blocks.iter().any(|(number, _)| number == *own));
            let found = block.or_else(|| both.iter().find(|number| has_rule(number)));
            Some(found.unwrap_or(&"112"))
        }
        _ => None,
    }
}

/// The simplest decision: the block by its text, the first rule that holds. A call for help is
/// decided by its number's own block, else by rules that name it in the most specific block that
/// has any; and not by a rule that asks who calls and takes a message.
///
/// With `after` only rules behind the one of this place in the block are looked at.
fn decide(
    blocks: &Blocks,
    region: Region,
    call: &Call,
    known: &Known,
    after: Option<usize>,
) -> Wanted {
    let mut call = call.clone();
    let help = emergency(blocks, region, &call.to);
    for (number, own) in [&mut call.from, &mut call.to]
        .into_iter()
        .zip(&mut call.as_written)
    {
        let full = in_full(number, region);
        if full != *number {
            *own = Some(std::mem::replace(number, full));
        }
    }
    if let Some(number) = help {
        call.to = number.to_owned();
    }
    let covering = blocks.iter();
    let covering = covering.filter_map(|block| Some((open(&block.0, &call, region)?, block)));
    let mut covering: Vec<_> = covering.collect();
    covering.sort_by_key(|(open, _)| *open);
    let covering: Vec<_> = covering.into_iter().map(|(_, block)| block).collect();
    let may = |number: &str, ask: &Option<Ask>| {
        let named = |help| ask.as_ref().is_some_and(|ask| names(ask, help));
        help.is_none_or(|help| number == help || named(help))
    };
    let block = covering
        .iter()
        .find(|(number, rules)| rules.iter().any(|ask| may(number, ask)));
    let done = |index: Option<usize>, rule: String| match done(index, &call, known, help.is_some())
    {
        Ok(actions) => Wanted::Decided(rule, actions),
        Err(need) => Wanted::Need(vec![need]),
    };
    let Some((number, rules)) = block else {
        return done(None, "default".to_owned());
    };
    let first = after.map_or(0, |after| after + 1);
    for (index, ask) in rules.iter().enumerate().skip(first) {
        let keeps = help.is_some() && !carries_on(index) && ask.as_ref().is_some_and(asks_who);
        if keeps || !may(number, ask) {
            continue;
        }
        match ask
            .as_ref()
            .map_or(Truth::Yes, |ask| truth(ask, &call, region, known))
        {
            Truth::Yes => return done(Some(index), format!("{number} rule {}", index + 1)),
            Truth::Need => {
                let ask = ask.as_ref().unwrap();
                return Wanted::Need(needs(ask, &call, known));
            }
            Truth::No | Truth::Missing => {}
        }
    }
    done(None, "default".to_owned())
}

fn number(region: Region) -> impl Strategy<Value = String> {
    let national = match region {
        None | Some("US") => "(1?314555010|0114420794600)[12]",
        Some("IE") => "(01679922|086234567|004420794600)[12]",
        Some("GB") => "(0207946000|004420794600)[12]",
        Some("DE") => "(0301234567|004420794600)[12]",
        _ => "(066981234|314555010|004420794600)[12]",
    };
    prop_oneof![
        6 => "\\+1[123]{1,3}",
        3 => "[7]{1,2}",
        3 => Just("alice".to_owned()),
        1 => "\\+353[12]{1,2}",
        1 => "\\+1314555010[12]",
        2 => national,
        1 => "[*]9[78]",
        1 => Just("sip:bob@host.example".to_owned()),
    ]
}

/// Emergency numbers in their forms.
fn help() -> impl Strategy<Value = String> {
    const FORMS: [&str; 7] = [
        "911",
        "999",
        "112",
        "9-1-1",
        "tel:911",
        "sip:112@host",
        "urn:service:sos",
    ];
    proptest::sample::select(&FORMS).prop_map(str::to_owned)
}

/// Prefixes as people dial.
fn as_dialed(region: Region) -> impl Strategy<Value = String> {
    let prefixes: &[&str] = match region {
        None | Some("US") => &[
            "0", "011", "01144", "1", "13", "1314", "3", "31", "314", "7",
        ],
        Some("IE") => &["0", "00", "0044", "01", "08", "086", "1", "7"],
        Some("GB") => &["0", "00", "0044", "020", "07", "7"],
        Some("DE") => &["0", "00", "0044", "03", "030", "7"],
        _ => &["0", "00", "0044", "06", "3", "31", "314", "7"],
    };
    proptest::sample::select(prefixes).prop_map(str::to_owned)
}

fn dialed_is(region: Region) -> impl Strategy<Value = String> {
    prop_oneof![2 => Just("911".to_owned()), 1 => Just("112".to_owned()), 1 => Just("999".to_owned()), 2 => number(region)]
}

fn bounds() -> impl Strategy<Value = Bounds> {
    let exists = proptest::option::of(any::<bool>());
    let numbers = prop_oneof![
        1 => Just((None, None)),
        2 => (-4_i32..12).prop_map(|below| (Some(below), None)),
        2 => (-4_i32..12).prop_map(|least| (None, Some(least))),
        2 => (-4_i32..9, 1_i32..4).prop_map(|(least, more)| (Some(least + more), Some(least))),
    ];
    (exists, numbers).prop_map(|(exists, (below, at_least))| match (below, at_least) {
        (None, None) => Bounds {
            exists: exists.or(Some(false)),
            below,
            at_least,
        },
        _ => Bounds {
            exists: exists.filter(|exists| *exists),
            below,
            at_least,
        },
    })
}

fn calls() -> impl Strategy<Value = Ask> {
    let numbers = prop_oneof![
        (1_u64..5).prop_map(|below| (Some(below), None)),
        (1_u64..5).prop_map(|least| (None, Some(least))),
        (1_u64..4, 1_u64..3).prop_map(|(least, more)| (Some(least + more), Some(least))),
    ];
    let all = (0..COUNTED.len(), numbers);
    all.prop_map(|(on, (below, least))| Ask::Calls(on, below, least))
}

fn leaf(region: Region) -> impl Strategy<Value = Ask> {
    prop_oneof![
        2 => any::<bool>().prop_map(Ask::Open),
        4 => proptest::collection::vec(number(region), 1..4).prop_map(Ask::CallerIs),
        4 => proptest::collection::vec("\\+1[123]{0,3}", 1..3).prop_map(Ask::CallerPrefix),
        1 => "\\+1[123]{0,2}".prop_map(Ask::DialedPrefix),
        1 => as_dialed(region).prop_map(Ask::DialedPrefix),
        1 => proptest::collection::vec(as_dialed(region), 1..3).prop_map(Ask::CallerPrefix),
        4 => prop_oneof![Just("blocked"), Just("vip"), Just("staff")].prop_map(Ask::In),
        3 => "[12]{1,2}".prop_map(Ask::Digits),
        1 => any::<bool>().prop_map(Ask::Anonymous),
        1 => (0_u32..50, 51_u32..100).prop_map(|(from, to)| Ask::Share(from, to)),
        1 => (0..ZONES.len()).prop_map(Ask::OpenIn),
        1 => "[ab][*]?".prop_map(Ask::Header),
        1 => "[ab][*]?".prop_map(Ask::Attribute),
        2 => (any::<bool>(), bounds()).prop_map(|(is_attribute, bounds)| Ask::Size(is_attribute, bounds)),
        1 => proptest::collection::vec("[ab]", 1..3).prop_map(Ask::Trunk),
        1 => Just(Ask::Switch),
        1 => proptest::sample::select(&["ann", "bob", "duty", "team"]).prop_map(Ask::Available),
        1 => calls(),
        2 => proptest::collection::vec(dialed_is(region), 1..3).prop_map(Ask::DialedIs),
        1 => Just(Ask::Deck),
        2 => proptest::sample::select(&["known", "vip", "blocked", "new", "anonymous"]).prop_map(Ask::Kind),
        1 => prop_oneof![Just(Ask::Country), Just(Ask::DialedCountry), Just(Ask::Missouri)],
        1 => proptest::sample::select(&DATES).prop_map(Ask::Date),
        1 => prop_oneof![Just("ann"), Just("bob")].prop_map(Ask::Duty),
        1 => prop_oneof![Just("udp"), Just("tls")].prop_map(Ask::Transport),
        1 => prop_oneof![Just(Ask::Crm), proptest::sample::select(&["crm", "erp"]).prop_map(Ask::Lacks), "[ab]".prop_map(Ask::CrmTier)],
    ]
}

fn ask(region: Region) -> impl Strategy<Value = Ask> {
    leaf(region).prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|ask| Ask::Not(Box::new(ask))),
            proptest::collection::vec(inner.clone(), 1..4).prop_map(Ask::Any),
            proptest::collection::vec(inner, 1..4).prop_map(Ask::All),
        ]
    })
}

/// Rules that ask much, so that many are passed over.
fn rule(region: Region) -> impl Strategy<Value = Option<Ask>> {
    prop_oneof![
        1 => Just(None),
        20 => ask(region).prop_map(Some),
        40 => proptest::collection::vec(leaf(region), 2..4).prop_map(|all| Some(Ask::All(all))),
    ]
}

fn blocks(region: Region) -> impl Strategy<Value = Blocks> {
    let number = prop_oneof![
        Just("*".to_owned()),
        "\\+1[123]{0,2}\\*",
        "\\+1[123]{1,3}",
        Just("alice".to_owned()),
        Just("7*".to_owned()),
        Just("9*".to_owned()),
        // `314*` is the same block.
        as_dialed(region).prop_map(|begin| format!("{}*", begin.replace("1314", "314"))),
        Just("911".to_owned()),
        Just("112".to_owned()),
        Just("999".to_owned()),
        Just("*97".to_owned()),
        Just("*9*".to_owned()),
    ];
    let rules = prop_oneof![
        3 => proptest::collection::vec(rule(region), 1..12),
        2 => proptest::collection::vec(rule(region), 30..90),
    ];
    proptest::collection::btree_map(number, rules, 1..5).prop_map(|map| map.into_iter().collect())
}

fn call(region: Region) -> impl Strategy<Value = Call> {
    let text = || proptest::option::of("[ab]{1,2}");
    let size = || {
        let size = proptest::sample::select(&SIZES).prop_map(|(text, _)| text);
        proptest::option::of(size)
    };
    let from = prop_oneof![6 => number(region), 1 => Just("anonymous".to_owned()), 1 => Just("unavailable".to_owned())];
    (
        from,
        prop_oneof![4 => number(region), 1 => help()],
        1_776_000_000_i64..1_777_300_000,
        "[a-z]{1,6}",
        "[12]{0,2}",
        (text(), text(), proptest::option::of("[ab]")),
        [size(), size()],
        proptest::option::of(prop_oneof![Just("udp"), Just("tls")]),
    )
        .prop_map(
            |(from, to, at, id, digits, (header, attribute, trunk), sizes, transport)| Call {
                from,
                to,
                as_written: [None, None],
                at,
                id,
                digits,
                header,
                attribute,
                sizes,
                trunk,
                transport,
            },
        )
}

fn fact_set() -> impl Strategy<Value = Known> {
    let flag = || proptest::option::of(proptest::option::of(any::<bool>()));
    let count = || proptest::option::of(proptest::option::of(0_u64..5));
    let counts = [count(), count(), count()];
    let row = || proptest::option::of(proptest::option::of(proptest::option::of("[ab]")));
    (any::<bool>(), flag(), flag(), counts, row(), row()).prop_map(
        |(switch, ann, bob, calls, crm, erp)| Known {
            switch,
            ann,
            bob,
            calls,
            crm,
            erp,
        },
    )
}

fn table_and_calls() -> impl Strategy<Value = (Region, Blocks, Vec<(Call, Known)>)> {
    const REGIONS: [Region; 7] = [
        None,
        Some("US"),
        Some("US"),
        Some("IE"),
        Some("GB"),
        Some("DE"),
        Some("IT"),
    ];
    proptest::sample::select(&REGIONS).prop_flat_map(|region| {
        let calls = proptest::collection::vec((call(region), fact_set()), 12);
        (Just(region), blocks(region), calls)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn index_linear_walk_and_explanation_say_what_the_simplest_decision_says(
        (region, blocks, calls) in table_and_calls(),
    ) {
        let engine = engine(&blocks, region);
        for (call, known) in &calls {
            let event = event(call);
            let facts = facts(known);
            let wanted = decide(&blocks, region, call, known, None);
            let found = engine.decide(&event, &facts);
            prop_assert_eq!(wrong(&found, &wanted), None, "index, {:?}", call);
            prop_assert_eq!(wrong(&engine.decide_linear(&event, &facts), &wanted), None, "linear");
            let json = serde_json::to_string(&event).unwrap();
            let quick = engine.decide_json(json.as_bytes(), &facts).unwrap();
            prop_assert_eq!(wrong(&quick, &wanted), None, "from JSON");
            if let Outcome::Decided(decision) = &found
                && let (Some(rule), RuleRef::Rule { index, .. }) = (decision.id(), decision.rule())
            {
                let wanted = decide(&blocks, region, call, known, Some(index));
                let next = engine.decide_after(&event, &facts, rule);
                prop_assert_eq!(wrong(&next, &wanted), None, "after {}", index);
            }
            let explanation = engine.explain(&event, &facts);
            prop_assert_eq!(wrong(&explanation.outcome(), &wanted), None, "explanation");
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
