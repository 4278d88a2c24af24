//! What each strategy and each disposition means, for editors and for code generators.

use schemars::Schema;
use serde_json::{Map, Value, json};

use crate::disposition::Disposition;
use crate::event::Transport;
use crate::ring_group::Strategy;
use crate::words::Word;

/// Puts what every word means into the definitions of strategies, dispositions and transports. Only here, and
/// not where they derive: a map's keys have to be a plain `enum` there.
pub(super) fn describe(definitions: &mut Map<String, Value>) {
    replace(definitions, "Strategy", Strategy::WORDS);
    replace(definitions, "Disposition", Disposition::WORDS);
    replace(definitions, "Transport", Transport::WORDS);
}

fn replace<T>(definitions: &mut Map<String, Value>, name: &str, words: &[Word<T>]) {
    if let Some(definition) = definitions.get_mut(name) {
        let choices = words.iter().map(|word| {
            json!({
                "const": word.word,
                "title": title(word.word),
                "description": word.meaning.trim(),
                "type": "string"
            })
        });
        *definition = json!({ "oneOf": choices.collect::<Vec<_>>() });
    }
}

/// Puts what every disposition means into the branches of `on`.
pub(super) fn describe_branches(on: &mut Map<String, Value>) {
    let text = "What to do when an action ends otherwise than it should; `failed` covers what is \
                not named.";
    on.insert("description".to_owned(), text.into());
    let Some(Value::Object(branches)) = on.get_mut("properties") else {
        return;
    };
    for word in Disposition::WORDS {
        if let Some(Value::Object(branch)) = branches.get_mut(word.word) {
            branch.insert("description".to_owned(), word.meaning.trim().into());
        }
    }
}

/// Whether these properties are the dispositions.
pub(super) fn are_dispositions(properties: &Value) -> bool {
    let known = |word: &str| properties.get(word).is_some();
    Disposition::WORDS.iter().all(|word| known(word.word))
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
