//! The schemas against the readers, on the same documents; and what every schema has to have.

use std::path::Path;

use jsonschema::Validator;
use serde_json::Value;

use super::{action, event, openapi};
use crate::answer::Actions;
use crate::disposition::Disposition;
use crate::event::Event;
use crate::ring_group::Strategy;

fn validator(schema: &Value) -> Validator {
    jsonschema::draft202012::options()
        .should_validate_formats(true)
        .build(schema)
        .unwrap_or_else(|error| panic!("no schema: {error}"))
}

/// The documents that the fuzz targets begin with.
fn documents(target: &str) -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder.join(target)).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read(&path).unwrap();
        // What is no JSON is no instance.
        if let Ok(value) = serde_json::from_slice(&text)
            && says_the_same(&text, &value)
        {
            found.push((path.display().to_string(), value));
        }
    }
    assert!(found.len() >= 5, "{target}: {}", found.len());
    found
}

/// Whether the text says no more than the value: a key that stands twice is lost on the way.
fn says_the_same(text: &[u8], value: &Value) -> bool {
    let written = serde_json::to_vec(value).unwrap();
    let colons = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b':').count();
    colons(text) == colons(&written)
}

/// What the readers forgive and a schema does not offer: `null` for what is absent, and other
/// systems' words.
fn is_forgiven(value: &Value) -> bool {
    let vendor = |text: &str| {
        let strategies = Strategy::WORDS.iter().flat_map(|word| word.aliases);
        let dispositions = Disposition::WORDS.iter().flat_map(|word| word.aliases);
        strategies.chain(dispositions).any(|word| *word == text)
    };
    match value {
        Value::Null => true,
        Value::String(text) => vendor(text),
        Value::Array(items) => items.iter().any(is_forgiven),
        Value::Object(entries) => entries
            .iter()
            .any(|(key, value)| vendor(key) || is_forgiven(value)),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// What is read is valid, as it came and as it is written again; what is refused is not.
fn agree(
    schema: &Validator,
    documents: &[(String, Value)],
    read: impl Fn(&[u8]) -> Result<String, String>,
) {
    let (mut good, mut bad) = (0, 0);
    for (name, value) in documents {
        match read(value.to_string().as_bytes()) {
            Ok(written) => {
                good += 1;
                let written: Value = serde_json::from_str(&written).unwrap();
                for value in [value, &written] {
                    let error = schema.validate(value).err();
                    let fine = error.is_none() || is_forgiven(value);
                    assert!(fine, "{name}: {}: {value}", error.unwrap());
                }
                assert!(schema.is_valid(&written), "{name}: {written}");
            }
            Err(error) => {
                bad += 1;
                assert!(
                    !schema.is_valid(value),
                    "{name}: valid, but {error}: {value}"
                );
            }
        }
    }
    assert!(
        good >= 5 && bad >= 2,
        "{good} good documents, {bad} bad ones"
    );
}

/// The document with each of its values in turn left out, renamed or replaced.
fn damaged(value: &Value) -> Vec<Value> {
    let replacements = ["5", "\"?\"", "\"\"", "true", "[]", "{}", "[[\"?\"]]"];
    let mut all: Vec<Value> = replacements
        .iter()
        .map(|text| serde_json::from_str(text).unwrap())
        .collect();
    match value {
        Value::Object(entries) => {
            for (key, inner) in entries {
                let mut rest = entries.clone();
                rest.remove(key);
                all.push(Value::Object(rest.clone()));
                let mut renamed = rest;
                renamed.insert(format!("{key}x"), inner.clone());
                all.push(Value::Object(renamed));
                for inner in damaged(inner) {
                    let mut entries = entries.clone();
                    entries.insert(key.clone(), inner);
                    all.push(Value::Object(entries));
                }
            }
        }
        Value::Array(items) => {
            for (index, inner) in items.iter().enumerate() {
                for inner in damaged(inner) {
                    let mut items = items.clone();
                    items[index] = inner;
                    all.push(Value::Array(items));
                }
            }
        }
        _ => {}
    }
    all
}

/// Nothing that the reader refuses is valid, however a good document is damaged.
fn no_damage_is_valid(
    schema: &Validator,
    documents: &[(String, Value)],
    read: impl Fn(&[u8]) -> Result<String, String>,
) {
    let mut refused = 0;
    for (name, value) in documents {
        for value in damaged(value) {
            if let Err(error) = read(value.to_string().as_bytes()) {
                refused += 1;
                assert!(
                    !schema.is_valid(&value),
                    "{name}: valid, but {error}: {value}"
                );
            }
        }
    }
    assert!(refused > 100, "{refused} damaged documents");
}

fn read_event(text: &[u8]) -> Result<String, String> {
    let event = Event::from_json(text).map_err(|error| error.to_string())?;
    Ok(event.to_json())
}

fn read_answer(text: &[u8]) -> Result<String, String> {
    let answer = Actions::from_json(text).map_err(|error| error.to_string())?;
    Ok(answer.to_json())
}

#[test]
fn events_and_their_schema_agree() {
    let schema = validator(event().as_value());
    let documents = documents("event");
    agree(&schema, &documents, read_event);
    no_damage_is_valid(&schema, &documents, read_event);
}

#[test]
fn answers_and_their_schema_agree() {
    let schema = validator(action().as_value());
    for target in ["answer", "action"] {
        let documents = documents(target);
        agree(&schema, &documents, read_answer);
        no_damage_is_valid(&schema, &documents, read_answer);
    }
}

#[test]
fn values_out_of_bounds_are_invalid() {
    let schema = validator(action().as_value());
    for (text, valid) in [
        (
            r#"{"action":"webhook","url":"https://x/","deadline_ms":50}"#,
            true,
        ),
        (
            r#"{"action":"webhook","url":"https://x/","deadline_ms":49}"#,
            false,
        ),
        (r#"{"action":"collect","timeout_s":60}"#, true),
        (r#"{"action":"collect","timeout_s":61}"#, false),
        (r#"{"action":"say","text":""}"#, false),
        (
            r#"{"action":"say","text":"x","on":{"busy":"a","failed":[{"action":"hangup"}]}}"#,
            true,
        ),
        (r#"{"action":"menu","options":{"1#":"sales"}}"#, true),
        (r#"{"action":"menu","options":{"x":"sales"}}"#, false),
        (r#""after_hours""#, true),
        (r#""after hours""#, false),
        ("[]", false),
    ] {
        let value: Value = serde_json::from_str(text).unwrap();
        assert_eq!(schema.is_valid(&value), valid, "{text}");
    }
}

/// Every definition, and every variant of one, says what it is called and what it is.
fn explained(name: &str, schema: &Value, definitions: &Value, missing: &mut Vec<String>) {
    for key in ["title", "description"] {
        if schema.get(key).is_none() {
            missing.push(format!("{name}: {key}"));
        }
    }
    for choice in schema["oneOf"].as_array().into_iter().flatten() {
        match choice.get("$ref").and_then(Value::as_str) {
            Some(reference) => {
                let word = reference.rsplit('/').next().unwrap();
                assert!(definitions.get(word).is_some(), "{name}: {reference}");
            }
            None => explained(&format!("{name}: {choice}"), choice, definitions, missing),
        }
    }
    for (field, property) in schema["properties"].as_object().into_iter().flatten() {
        if property.get("description").is_none() && property.get("const").is_none() {
            missing.push(format!("{name}.{field}: description"));
        }
    }
}

#[test]
fn everything_has_a_title_and_a_description() {
    let mut missing = Vec::new();
    for schema in [event(), action()] {
        let definitions = &schema.as_value()["$defs"];
        for (name, definition) in definitions.as_object().unwrap() {
            explained(name, definition, definitions, &mut missing);
        }
    }
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn the_openapi_document_holds_together() {
    let document = openapi();
    let call = &document["webhooks"]["call"]["post"];
    let schemas = &document["components"]["schemas"];
    assert!(!document.to_string().contains("#/$defs/"));
    for reference in document.to_string().split("#/components/schemas/").skip(1) {
        let (name, _) = reference.split_once('"').unwrap();
        assert!(schemas.get(name).is_some(), "{name}");
    }
    let event = &call["requestBody"]["content"]["application/json"];
    let event = event["examples"]["incoming_call"]["value"].to_string();
    assert!(read_event(event.as_bytes()).is_ok(), "{event}");
    let answers = &call["responses"]["200"]["content"]["application/json"]["examples"];
    for (name, answer) in answers.as_object().unwrap() {
        let answer = answer["value"].to_string();
        assert!(read_answer(answer.as_bytes()).is_ok(), "{name}: {answer}");
    }
    assert_eq!(call["parameters"][0]["name"], "callroute-schema");
}
