//! What rules do, and what a decision has to be.

use callroute_rules::Outcome;
use serde_json::{Value, json};

use crate::ask::{Call, Known};
use crate::model::{Truth, tier};

/// Every second rule carries calls on; the others take a message.
pub(crate) fn carries_on(index: usize) -> bool {
    index % 2 == 1
}

/// The variable that a rule's actions begin with.
pub(crate) fn variable(index: usize) -> &'static str {
    match index % 5 {
        2 => "{attributes.tier}",
        3 => "{crm.tier}",
        _ => "x",
    }
}

/// What a rule does; some lead to a target with a variable.
pub(crate) fn then(index: usize, name: &str) -> Value {
    let name = format!("{name}{index}");
    let mut then = match carries_on(index) {
        true => {
            let destination = json!({ "type": "user", "name": name });
            json!({ "action": "forward", "destination": destination })
        }
        false => json!({ "action": "voicemail", "message": name }),
    };
    if index % 5 == 4 {
        then["on"] = json!({ "failed": "far" });
    }
    then
}

pub(crate) fn default(name: &str) -> Value {
    json!([{ "action": "say", "text": format!("Hello {name}.") }, { "action": "hangup" }])
}

/// What a rule's actions come to, or the default's: filled in, or what has to be asked first. Who
/// calls for help does not wait.
pub(crate) fn done(
    index: Option<usize>,
    call: &Call,
    known: &Known,
    help: bool,
) -> Result<Value, &'static str> {
    let of_crm = || known.crm.clone().flatten().flatten();
    let last = || {
        if known.crm.is_none() && !help && index.is_none() {
            return Err("lookup crm");
        }
        Ok(default(&of_crm().unwrap_or_default()))
    };
    let Some(index) = index else {
        return last();
    };
    let name = match variable(index) {
        "{attributes.tier}" => match (&call.attribute, tier(known)) {
            (Some(tier), _) => Some(tier.clone()),
            (None, Err(Truth::Need)) if !help => {
                return Err(if known.crm.is_none() {
                    "lookup crm"
                } else {
                    "lookup erp"
                });
            }
            (None, found) => found.ok().flatten().cloned(),
        },
        "{crm.tier}" if known.crm.is_none() && !help => return Err("lookup crm"),
        "{crm.tier}" => of_crm(),
        _ if index % 5 == 4 && known.erp.is_none() && !help => return Err("lookup erp"),
        plain => Some(plain.to_owned()),
    };
    name.map_or_else(last, |name| Ok(then(index, &name)))
}

/// What a decision has to be.
#[derive(Debug, Clone)]
pub(crate) enum Wanted {
    /// This rule's, and these actions.
    Decided(String, Value),
    /// One of these facts is asked for.
    Need(Vec<&'static str>),
}

/// What is wrong with an outcome.
pub(crate) fn wrong(outcome: &Outcome<'_>, wanted: &Wanted) -> Option<String> {
    let is_wanted = match (outcome, wanted) {
        (Outcome::Decided(decision), Wanted::Decided(rule, actions)) => {
            let found: Value = serde_json::from_str(&decision.to_json()).unwrap();
            decision.rule().to_string() == *rule && found == *actions
        }
        (Outcome::Need(lookup), Wanted::Need(needs)) => {
            needs.contains(&lookup.to_string().as_str())
        }
        _ => false,
    };
    (!is_wanted).then(|| format!("{outcome:?}, wanted {wanted:?}"))
}
