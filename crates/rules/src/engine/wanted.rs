//! Lookups that the variables of a decision's actions wait for.

use std::sync::Arc;

use super::call::Call;
use super::facts::Lookup;

/// The first lookup to ask before actions begin, by the attributes that their variables name.
pub(super) fn wanted(asks: &[Arc<str>], call: &Call<'_>) -> Option<Lookup> {
    asks.iter().find_map(|attribute| call.asks(attribute))
}

#[cfg(test)]
mod tests {
    use callroute_schema::Event;

    use crate::engine::{Fact, Facts, Lookup, Outcome};

    const TABLE: &str = r#"
version: 1
default: [{ action: say, text: "Hello {attributes.box}." }, { action: voicemail, message: general }]
lookups: { crm: { custom: crm }, erp: { custom: erp } }
agents: { ann: { to: "1001" } }
webhooks: { hook: { urls: ["https://crm.example/"], fallback: owner } }
targets:
  owner: { action: forward, destination: { type: agent, name: "{crm.owner}" } }
  far: { action: forward, destination: { type: agent, name: ann }, on: { busy: owner } }
  support: { action: queue, name: support, members: [ann, "{crm.owner}"] }
menus:
  greet: { prompt: { say: "Hello {attributes.tier}" }, options: { 1: { action: busy } } }
  main: { prompt: { say: Hello }, options: { 1: { action: busy }, 2: owner } }
  round: { prompt: { say: Hello }, options: { 1: { action: menu, name: main }, 2: { action: menu, name: round } } }
numbers:
  "1": { action: forward, destination: { type: agent, name: "{crm.owner}" } }
  "2": [{ action: say, text: "One moment." }, { action: forward, destination: { type: agent, name: "{crm.owner}" } }]
  "3": { action: say, text: "{attributes.tier}" }
  "4": [{ action: say, text: "One moment." }, { action: say, text: "{attributes.tier}" }]
  "5": { action: say, text: "{from}" }
  "11": { action: menu, name: main }
  "12": { action: menu, name: round }
  "13": { action: menu, name: greet }
  "14": { action: forward, destination: { type: agent, name: ann }, on: { failed: far } }
  "15": { action: webhook, name: hook }
  "16": { action: queue, name: support }
  "19": { action: forward, destination: { type: queue, name: "{to}" } }
  "17": [{ action: say, text: Hello }, { action: menu, name: greet }]
  "911": [{ action: say, text: "Hello {crm.name}." }, { action: forward, destination: { type: number, number: "1001" }, on: { failed: owner } }]
  "112": [{ action: forward, destination: { type: agent, name: "{crm.owner}" } }, { action: forward, destination: { type: agent, name: ann } }]
  "18": { action: forward, destination: { type: agent, name: ann } }
"#;

    /// What is asked for, in order, and what then happens.
    fn way(to: &str, answer: &Fact) -> (Vec<String>, String) {
        let engine = crate::load("routes.yaml", TABLE, &(), &crate::ChronoTz).unwrap();
        let event = format!(
            r#"{{"event":"incoming_call","from":"+14155550123","to":"{to}","timestamp":"2026-04-21T14:32:00Z","call_id":"a"}}"#
        );
        let event: Event = serde_json::from_str(&event).unwrap();
        let (mut facts, mut asked) = (Facts::default(), Vec::new());
        loop {
            match engine.decide(&event, &facts) {
                Outcome::Decided(decision) => return (asked, decision.to_json().into_owned()),
                Outcome::Need(lookup) => {
                    assert!(asked.len() < 3, "{asked:?}");
                    asked.push(lookup.to_string());
                    let of_crm = matches!(&lookup, Lookup::Row(name) if name == "crm");
                    facts.add(lookup, if of_crm { answer.clone() } else { Fact::No });
                }
            }
        }
    }

    #[test]
    fn a_variable_asks_its_lookup() {
        let row = [("owner", "ann"), ("tier", "gold"), ("box", "sales")];
        let row = row.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let row = Fact::Row(row.into_iter().collect());
        let crm = "lookup crm";
        for (to, asked, text) in [
            ("1", vec![crm], r#""name":"ann""#),
            ("2", vec![crm], r#""name":"ann""#),
            ("3", vec![crm], r#""text":"gold""#),
            // Whatever happens until then may say it.
            ("4", vec![], r#""text":"{attributes.tier}""#),
            ("5", vec![], r#""text":"+14155550123""#),
            ("6", vec![crm], r#""text":"Hello sales.""#),
        ] {
            let (found, json) = way(to, &row);
            assert_eq!(found, asked, "{to}");
            assert!(json.contains(text), "{to}: {json}");
        }
        // So does one behind a name, however far.
        for to in ["11", "12", "13", "14", "15", "16", "19"] {
            let (found, json) = way(to, &row);
            assert_eq!(found, [crm], "{to}");
            let known = way(to, &Fact::Missing);
            assert_eq!(known.1, json, "{to}");
        }
        for to in ["17", "18"] {
            assert!(way(to, &row).0.is_empty(), "{to}");
        }
        // Nobody who calls for help waits.
        for (to, first) in [("911", r#""text":"Hello .""#), ("112", r#""name":"ann""#)] {
            let (found, json) = way(to, &row);
            assert!(found.is_empty() && json.contains(first), "{to}: {json}");
        }
        // What could not be had is not asked for again.
        let (asked, json) = way("1", &Fact::Missing);
        assert_eq!(asked, [crm]);
        assert!(json.contains("voicemail"), "{json}");
    }
}
