//! Names that a case uses and nothing has: whatever is said of them would never come to pass.

use std::borrow::Cow;
use std::collections::BTreeSet;

use callroute_rules::{Engine, choices};
use callroute_schema::{Actions, Party};
use serde_json::Value;

use super::file::{Case, TestFile};
use super::words::{PhoneWords, ServerWords};

/// What is wrong with the names of a case and of its file's `phones`, in words.
pub(crate) fn unknown(engine: &Engine, file: &TestFile, case: &Case) -> Vec<String> {
    let mut wrong = Vec::new();
    let webhooks: Vec<&str> = engine.webhooks().map(|(name, _)| name.as_str()).collect();
    // A URL may come from an answer or a push, too.
    let asked = case.webhooks.keys().filter(|name| !name.contains("://"));
    judge("webhooks", "webhook", asked, &webhooks, &mut wrong);
    let lookups: Vec<&str> = engine.lookups().iter().map(|spec| &*spec.name).collect();
    judge(
        "lookups",
        "lookup",
        case.lookups.keys(),
        &lookups,
        &mut wrong,
    );
    let switches: Vec<&str> = engine.overrides().map(|(name, _)| name).collect();
    let turned = case.overrides.keys();
    judge("overrides", "override", turned, &switches, &mut wrong);
    let agents: Vec<&str> = engine.agents().collect();
    judge("agents", "agent", case.agents.keys(), &agents, &mut wrong);
    let later = case.later.iter().map(|later| &later.agent);
    judge("later", "agent", later, &agents, &mut wrong);
    phones(engine, file, case, &agents, &mut wrong);
    talks(file, case, &mut wrong);
    wrong
}

/// What is dialed when the phone of this name is called: an agent's stands for where they are
/// reached.
pub(crate) fn dialed<'a>(engine: &Engine, phone: &'a str) -> Cow<'a, str> {
    match engine.agent(phone).map(|agent| &agent.to) {
        Some(Party::Number(number)) => engine.in_full(number.as_str()).into(),
        Some(other) => other.as_str().to_owned().into(),
        None => phone.into(),
    }
}

fn judge<'a>(
    word: &str,
    kind: &str,
    names: impl Iterator<Item = &'a String>,
    known: &[&str],
    wrong: &mut Vec<String>,
) {
    for name in names.filter(|name| !known.contains(&name.as_str())) {
        let choices = choices(name, known.iter().copied());
        wrong.push(format!("{word}: unknown {kind} {name:?}{choices}"));
    }
}

/// A number or an address may be called whoever names it, an answer or a caller; a name only
/// where the routing file, or the case itself, has it.
fn phones(engine: &Engine, file: &TestFile, case: &Case, agents: &[&str], wrong: &mut Vec<String>) {
    let is_address = |name: &str| matches!(Party::new(name), Ok(Party::Number(_) | Party::Sip(_)));
    let names: BTreeSet<&String> = file.phones.keys().chain(case.phones.keys()).collect();
    let mut names = names
        .into_iter()
        .filter(|name| !is_address(name) && engine.agent(name).is_none())
        .peekable();
    if names.peek().is_none() {
        return;
    }
    let others = other_names(engine, case);
    // A name out of a variable may be any.
    if others.iter().any(|name| name.contains('{')) {
        return;
    }
    let known: Vec<&str> = agents
        .iter()
        .copied()
        .chain(others.iter().map(String::as_str))
        .collect();
    let names = names.filter(|name| !others.contains(*name));
    judge("phones", "name", names, &known, wrong);
}

/// Users and programs of the switch, which are called by their names.
fn other_names(engine: &Engine, case: &Case) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    engine.each_action(|action, _| {
        if let Ok(json) = serde_json::to_value(action) {
            collect(&json, &mut names);
        }
    });
    let answers = case.webhooks.values().filter_map(|words| match words {
        ServerWords::Answers(answer) => Some(&answer.answers),
        _ => None,
    });
    let pushed = case.pushes.iter().map(|push| &push.actions);
    for actions in answers.chain(pushed).map(Actions::to_json) {
        if let Ok(json) = serde_json::from_str(&actions) {
            collect(&json, &mut names);
        }
    }
    names
}

fn collect(json: &Value, names: &mut BTreeSet<String>) {
    match json {
        Value::Array(items) => items.iter().for_each(|item| collect(item, names)),
        Value::Object(entries) => {
            let text = |key: &str| entries.get(key).and_then(Value::as_str);
            if let (Some("user" | "application"), Some(name)) = (text("type"), text("name")) {
                names.insert(name.to_owned());
            }
            entries.values().for_each(|value| collect(value, names));
        }
        _ => {}
    }
}

/// The other calls that transfers name.
fn talks(file: &TestFile, case: &Case, wrong: &mut Vec<String>) {
    let names: Vec<String> = (1..)
        .zip(&case.others)
        .map(|(index, other)| other.name(index))
        .collect();
    let known: Vec<&str> = names.iter().map(String::as_str).collect();
    let named = file
        .phones
        .values()
        .chain(case.phones.values())
        .filter_map(|phone| match phone {
            PhoneWords::Answers(answers) => answers.transfers.as_ref()?.in_call.as_ref(),
            _ => None,
        });
    judge("in_call", "call", named, &known, wrong);
}
