//! JSON Schema 2020-12 of the contract, from the types themselves (feature `json-schema`).
//!
//! [`event`] and [`action`] describe what is posted to a webhook and what it answers, [`openapi`]
//! puts both into an OpenAPI 3.1 document. The checked-in copies under `json/` and the types
//! under `typescript/` and `python/` are made from these.
//!
//! A schema describes what is *written*: it has our words for strategies and dispositions, not the
//! other systems' words that are read as well, and a field that is not given is left out rather
//! than `null`.
//!
//! ```
//! let schema = callroute_schema::json_schema::event();
//! assert_eq!(schema.as_value()["$ref"], "#/$defs/Event");
//! assert_eq!(schema.as_value()["$defs"]["Event"]["title"], "Event");
//! ```

mod openapi;
mod texts;
mod tidy;
mod unions;
mod words;

pub use openapi::openapi;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::answer::Actions;
use crate::event::Event;
use crate::record::CallRecord;

/// The dialect that is written.
const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";

/// What is posted to a webhook.
#[must_use]
pub fn event() -> Schema {
    document::<Event>()
}

/// What a webhook answers: an action, or a list of them.
#[must_use]
pub fn action() -> Schema {
    document::<Actions>()
}

/// The record of a call that is over.
#[must_use]
pub fn call_record() -> Schema {
    document::<CallRecord>()
}

/// The schema of any type that is made of the contract's: a reference to one definition among
/// `$defs`, each with its title.
#[must_use]
pub fn document<T: JsonSchema>() -> Schema {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    // A reference, even to the outermost type: it may hold itself.
    let mut schema = generator.subschema_for::<T>();
    let definitions = generator.take_definitions(true);
    schema.insert("$schema".to_owned(), DRAFT.into());
    schema.insert("title".to_owned(), T::schema_name().into());
    schema.insert("$defs".to_owned(), Value::Object(definitions));
    tidy::tidy(&mut schema);
    schema
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

#[cfg(test)]
mod tests;
