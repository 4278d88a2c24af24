//! What each strategy and each disposition means, for editors and for code generators.

use schemars::Schema;
use serde_json::{Map, Value, json};

use crate::disposition::Disposition;
use crate::ring_group::Strategy;

/// Puts what every word means into the definitions of strategies and dispositions.
pub(super) fn describe(definitions: &mut Map<String, Value>) {
    let strategies = Strategy::WORDS.iter();
    let strategies = strategies.map(|(value, word, _)| (*word, strategy(*value)));
    let text = "In which order the members of a group ring.";
    replace(definitions, "Strategy", text, strategies);
    let dispositions = Disposition::WORDS.iter();
    let dispositions = dispositions.map(|(value, word, _)| (*word, disposition(*value)));
    let text = "How an attempt to reach somebody ended.";
    replace(definitions, "Disposition", text, dispositions);
}

/// Puts what every disposition means into the branches of `on`.
pub(super) fn describe_branches(on: &mut Map<String, Value>) {
    let text = "What to do when an action ends otherwise than it should; `failed` covers what is \
                not named.";
    on.insert("description".to_owned(), text.into());
    let Some(Value::Object(branches)) = on.get_mut("properties") else {
        return;
    };
    for (value, word, _) in Disposition::WORDS {
        if let Some(Value::Object(branch)) = branches.get_mut(*word) {
            branch.insert("description".to_owned(), disposition(*value).into());
        }
    }
}

/// Whether these properties are the dispositions.
pub(super) fn are_dispositions(properties: &Value) -> bool {
    let known = |word: &str| properties.get(word).is_some();
    Disposition::WORDS.iter().all(|(_, word, _)| known(word))
}

/// Gives a word among several a title.
pub(super) fn titles(schema: &mut Schema) {
    if let Some(Value::Array(choices)) = schema.get_mut("oneOf") {
        for choice in choices {
            if let Some(title) = choice.get("const").and_then(Value::as_str).map(title)
                && let Value::Object(choice) = choice
            {
                choice.entry("title").or_insert(title);
            }
        }
    }
}

fn title(word: &str) -> Value {
    word.replace('_', " ").into()
}

fn replace<'a>(
    definitions: &mut Map<String, Value>,
    name: &str,
    text: &str,
    words: impl Iterator<Item = (&'a str, &'a str)>,
) {
    if let Some(definition) = definitions.get_mut(name) {
        let choices = words.map(|(word, text)| {
            json!({ "const": word, "title": title(word), "description": text, "type": "string" })
        });
        *definition = json!({ "description": text, "oneOf": choices.collect::<Vec<_>>() });
    }
}

fn strategy(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::Simultaneous => {
            "All at once; the first answer wins and the others are cancelled."
        }
        Strategy::Sequential => "One after the other, in written order.",
        Strategy::RoundRobin => {
            "One after the other, beginning behind whoever rang first the last time."
        }
        Strategy::Random => "One after the other, in an order drawn for the call.",
        Strategy::WeightedRandom => {
            "One after the other, in an order drawn for the call, where a member's `weight` makes \
             it more likely to be early."
        }
        Strategy::LeastRecent => "One after the other; who answered longest ago comes first.",
        Strategy::FewestCalls => "One after the other; who answered fewest calls comes first.",
        Strategy::LeastTalkTime => "One after the other; who talked least comes first.",
        Strategy::Tiered => "Tier by tier; the members of a tier at once.",
        Strategy::Progressive => "The first, then the first and the second, and so on.",
        Strategy::Rollover => "One after the other, and the next only when the one before is busy.",
    }
}

fn disposition(disposition: Disposition) -> &'static str {
    match disposition {
        Disposition::Answered => "Somebody answered.",
        Disposition::Busy => "The line was busy.",
        Disposition::NoAnswer => "It rang and nobody answered in time.",
        Disposition::Declined => "The called party refused the call.",
        Disposition::Unreachable => "The destination could not be reached at all.",
        Disposition::InvalidNumber => "No such number or user.",
        Disposition::Congestion => "The network, or the far server, had no room for the call.",
        Disposition::Canceled => "The caller, or the router, gave the attempt up.",
        Disposition::AnsweredElsewhere => "Another member of the group answered first.",
        Disposition::ConfirmFailed => "A member answered and did not confirm that a person had.",
        Disposition::Machine => "A machine answered.",
        Disposition::Blocked => "A list of ours kept the call from being made.",
        Disposition::Failed => {
            "As a key of `on`: any failure that is not named. As a result: a failure of no other \
             kind."
        }
    }
}
