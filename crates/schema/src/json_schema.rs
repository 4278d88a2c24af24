//! JSON Schema 2020-12 of the contract, from the types themselves (feature `json-schema`).
//!
//! ```
//! let schema = callroute_schema::json_schema::event();
//! assert_eq!(schema.as_value()["title"], "Event");
//! ```

mod texts;
mod unions;

use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::answer::Actions;
use crate::event::Event;

/// What is posted to a webhook.
#[must_use]
pub fn event() -> Schema {
    root::<Event>()
}

/// What a webhook answers: an action, or a list of them.
#[must_use]
pub fn action() -> Schema {
    root::<Actions>()
}

/// The schema of any type of the contract, with titles on every definition.
#[must_use]
pub fn root<T: JsonSchema>() -> Schema {
    let mut schema = generator().into_root_schema_for::<T>();
    titles(&mut schema);
    schema
}

/// A generator with this crate's settings.
#[must_use]
pub fn generator() -> SchemaGenerator {
    SchemaSettings::draft2020_12().into_generator()
}

/// Gives every definition its name as title, for editors and for code generators.
pub fn titles(schema: &mut Schema) {
    if let Some(Value::Object(definitions)) = schema.get_mut("$defs") {
        for (name, definition) in definitions {
            if let Value::Object(definition) = definition {
                definition
                    .entry("title")
                    .or_insert_with(|| Value::String(name.clone()));
            }
        }
    }
    RecursiveTransform(one_line).transform(schema);
}

/// Doc comments are wrapped in the source; a description is one line a paragraph.
fn one_line(schema: &mut Schema) {
    if let Some(Value::String(text)) = schema.get_mut("description") {
        let paragraphs: Vec<String> = text
            .split("\n\n")
            .map(|paragraph| {
                if paragraph.starts_with('|') {
                    return paragraph.to_owned();
                }
                paragraph.split_whitespace().collect::<Vec<_>>().join(" ")
            })
            .collect();
        *text = paragraphs.join("\n\n");
    }
}

/// One variant of a tagged enum, as a definition of its own: the struct's schema with the tag in
/// front.
pub(crate) fn variant<T: JsonSchema>(
    generator: &mut SchemaGenerator,
    tag: &str,
    word: &str,
    name: &str,
    description: &str,
) -> Schema {
    if !generator.definitions().contains_key(name) {
        // Entered before it is filled in: an action may hold actions.
        generator
            .definitions_mut()
            .insert(name.to_owned(), Value::Bool(true));
        let content = T::json_schema(generator);
        let filled = tagged(content, tag, word, name, description);
        generator.definitions_mut().insert(name.to_owned(), filled);
    }
    Schema::new_ref(format!("#/$defs/{name}"))
}

fn tagged(mut content: Schema, tag: &str, word: &str, name: &str, description: &str) -> Value {
    let mut properties = Map::new();
    properties.insert(tag.to_owned(), json!({ "const": word }));
    if let Some(Value::Object(own)) = content.get_mut("properties") {
        properties.append(own);
    }
    let mut required = vec![Value::from(tag)];
    if let Some(Value::Array(own)) = content.get_mut("required") {
        required.append(own);
    }
    json!({
        "title": name,
        "description": description.trim(),
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}
