//! The index, the linear walk and the explanation against a decision worked out in the simplest
//! way: texts compared as texts, time by the calendar, rules in written order.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod answers;
mod ask;
mod made;
mod model;

use std::collections::BTreeMap;

use answers::{Wanted, carries_on, default, done, then, variable, wrong};
use ask::{Ask, COUNTED, Call, DECK, Known, LISTS, Region, ZONES, when};
use callroute_rules::{ChronoTz, Engine, Fact, Facts, Lookup, Outcome, RuleRef, load};
use callroute_schema::Event;
use chrono::DateTime;
use made::table_and_calls;
use model::{Truth, asks_who, in_full, names, needs, open, truth};
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
