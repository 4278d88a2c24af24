//! Lookups that the variables of a decision's actions wait for.

use callroute_schema::{Action, variables};
use serde_json::Value;

use super::call::Call;
use super::facts::Lookup;
use super::render::begins_later;
use super::tables::parted;

/// The first lookup to ask before actions can be filled in: of the first of them any that may
/// know a variable, of what may come later those that a variable names, as in `{crm.owner}`.
pub(super) fn wanted(actions: &[Action], call: &Call<'_>) -> Option<Lookup> {
    if call.tables.lookups.is_empty() {
        return None;
    }
    let mut actions = actions.iter().enumerate();
    actions.find_map(|(place, action)| {
        let tree = serde_json::to_value(action).ok()?;
        wanted_in(&tree, call, place == 0)
    })
}

/// The contract bounds how deep actions nest, so this ends.
fn wanted_in(tree: &Value, call: &Call<'_>, now: bool) -> Option<Lookup> {
    let below = |item: &Value| wanted_in(item, call, now && !begins_later(item));
    match tree {
        Value::String(text) => variables(text).find_map(|name| {
            let name = attribute(name)?;
            let named = parted(name).0.is_some();
            (now || named).then(|| call.asks(name)).flatten()
        }),
        Value::Array(list) => list.iter().find_map(below),
        Value::Object(map) => map.values().find_map(below),
        _ => None,
    }
}

/// The attribute that a variable stands for.
fn attribute(variable: &str) -> Option<&str> {
    match variable.strip_prefix("attributes.") {
        Some(name) => Some(name),
        None => (variable.contains('.') && !variable.starts_with("hours.")).then_some(variable),
    }
}

#[cfg(test)]
mod tests {
    use callroute_schema::Event;

    use crate::engine::{Fact, Facts, Lookup, Outcome};

    const TABLE: &str = r#"
version: 1
default: { action: voicemail, message: "{attributes.box}" }
lookups: { crm: { custom: crm }, erp: { custom: erp } }
agents: { ann: { to: "1001" } }
numbers:
  "1": { action: forward, destination: { type: agent, name: "{crm.owner}" } }
  "2": [{ action: say, text: "One moment." }, { action: forward, destination: { type: agent, name: "{crm.owner}" } }]
  "3": { action: say, text: "{attributes.tier}" }
  "4": [{ action: say, text: "One moment." }, { action: say, text: "{attributes.tier}" }]
  "5": { action: say, text: "{from}" }
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
            ("6", vec![crm], r#""message":"sales""#),
        ] {
            let (found, json) = way(to, &row);
            assert_eq!(found, asked, "{to}");
            assert!(json.contains(text), "{to}: {json}");
        }
        // What could not be had is not asked for again.
        let (asked, json) = way("1", &Fact::Missing);
        assert_eq!(asked, [crm]);
        assert!(json.contains("voicemail"), "{json}");
    }
}
