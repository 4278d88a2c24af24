//! What is true of a file that people write, beside the contract.

use callroute_schema::{Disposition, Strategy};
use schemars::Schema;
use schemars::transform::{RecursiveTransform, Transform};
use serde_json::{Map, Value, json};

/// Turns the contract's schema into that of a file: what is read as text need not be quoted,
/// sections may be empty, other systems' words are read, and what `load` refuses beyond the
/// types' own shape is refused.
pub(super) fn as_read(schema: &mut Schema) {
    RecursiveTransform(unquoted).transform(schema);
    let Some(Value::Object(definitions)) = schema.get_mut("$defs") else {
        return;
    };
    sections(definitions);
    for (name, tag) in [("Action", "action"), ("Destination", "type")] {
        by_tag(definitions, name, tag);
    }
    vendor_words(definitions);
    as_people_write(definitions);
    for (name, rule) in [
        (
            "PlayAction",
            json!([{ "required": ["prompt"] }, { "required": ["url"] }]),
        ),
        (
            "WebhookAction",
            json!([{ "required": ["name"] }, { "required": ["url"] }]),
        ),
        (
            "MenuAction",
            json!([{ "required": ["name"], "maxProperties": 2 }, { "anyOf": choices() }]),
        ),
    ] {
        if let Some(Value::Object(definition)) = definitions.get_mut(name) {
            definition.insert("oneOf".to_owned(), rule);
        }
    }
    // In `menus`, the name stands before it.
    if let Some(Value::Object(menu)) = definitions.get_mut("Menu") {
        if let Some(Value::Object(properties)) = menu.get_mut("properties") {
            properties.remove("name");
        }
        let text = "A menu: what the caller hears, and what each key does.";
        menu.insert("description".to_owned(), text.into());
        menu.insert("anyOf".to_owned(), choices());
    }
}

/// Numbers with what is only there to be seen, which a file may have and an answer may not.
fn as_people_write(definitions: &mut Map<String, Value>) {
    for name in ["Number", "Party"] {
        if let Some(Value::String(pattern)) = definitions
            .get_mut(name)
            .and_then(|definition| definition.get_mut("pattern"))
        {
            pattern.push_str(r"|^\+?\(?[0-9][0-9 .()-]*$");
        }
    }
}

/// What a menu that is written out has at least one of: keys that do something.
fn choices() -> Value {
    let filled =
        |key: &str| json!({ "required": [key], "properties": { key: { "minProperties": 1 } } });
    json!([filled("options"), filled("patterns"), { "required": ["extensions"] }])
}

/// Unquoted, `+13146523057` and `1001` are numbers to YAML; here they are text.
fn unquoted(schema: &mut Schema) {
    let is_word = schema.get("const").is_some() || schema.get("enum").is_some();
    if !is_word && schema.get("type").is_some_and(|kind| kind == "string") {
        schema.insert("type".to_owned(), json!(["string", "number"]));
    }
}

/// Tells variants apart by their tag alone: so an editor offers every tag, whatever else is
/// missing yet, and then speaks of the one variant that was chosen.
fn by_tag(definitions: &mut Map<String, Value>, name: &str, tag: &str) {
    let union = definitions.get(name);
    let Some(variants) = union.and_then(|union| union.get("oneOf")?.as_array()) else {
        return;
    };
    let (mut words, mut rules, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for variant in variants {
        let target = variant.get("$ref").and_then(Value::as_str);
        let definition = target
            .and_then(|target| target.rsplit('/').next())
            .and_then(|target| definitions.get(target));
        let word = definition.and_then(|it| it.get("properties")?.get(tag)?.get("const"));
        let (Some(definition), Some(word)) = (definition, word) else {
            others.push(variant.clone());
            continue;
        };
        let part = |key: &str| definition.get(key).cloned().unwrap_or_default();
        words.push(json!({
            "const": word, "title": part("title"), "description": part("description"),
        }));
        rules.push(json!({
            "if": { "type": "object", "properties": { tag: { "const": word } }, "required": [tag] },
            "then": variant,
        }));
    }
    let tagged = json!({
        "title": name,
        "type": "object",
        "properties": { tag: { "oneOf": words } },
        "required": [tag],
        "allOf": rules,
    });
    let Some(Value::Object(union)) = definitions.get_mut(name) else {
        return;
    };
    union.remove("oneOf");
    if others.is_empty() {
        union.extend(tagged.as_object().cloned().unwrap_or_default());
    } else {
        others.insert(0, tagged);
        union.insert("anyOf".to_owned(), Value::Array(others));
    }
}

/// A section may have nothing in it, or every entry commented out.
fn sections(definitions: &mut Map<String, Value>) {
    let file = definitions.get_mut("RoutingFile");
    let Some(Value::Object(sections)) = file.and_then(|file| file.get_mut("properties")) else {
        return;
    };
    for section in sections.values_mut() {
        if let Value::Object(section) = section
            && section.get("type").is_some_and(|kind| kind == "object")
        {
            section.insert("type".to_owned(), json!(["object", "null"]));
        }
    }
}

/// Other systems' words: no fault, but editors do not suggest them.
fn vendor_words(definitions: &mut Map<String, Value>) {
    let strategies = Strategy::WORDS.iter().flat_map(|word| word.aliases);
    let dispositions = Disposition::WORDS.iter().flat_map(|word| word.aliases);
    let dispositions = pattern(dispositions);
    for (name, words) in [
        ("Strategy", pattern(strategies)),
        ("Disposition", dispositions.clone()),
    ] {
        let choices = definitions.get_mut(name).and_then(|it| it.get_mut("oneOf"));
        if let Some(Value::Array(choices)) = choices {
            let text = "Another system's word for one of these.";
            choices.push(json!({ "description": text, "type": "string", "pattern": words }));
        }
    }
    if let Some(Value::Object(on)) = definitions.get_mut("On") {
        let branches = json!({ dispositions: { "$ref": "#/$defs/Actions" } });
        on.insert("patternProperties".to_owned(), branches);
    }
}

/// One of these words.
fn pattern<'a>(words: impl Iterator<Item = &'a &'a str>) -> String {
    let words: Vec<&str> = words.copied().collect();
    format!("^({})$", words.join("|"))
}
