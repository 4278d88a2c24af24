//! From what the derive gives to what people, editors and code generators like to read.

use schemars::Schema;
use schemars::transform::{RecursiveTransform, Transform};
use serde_json::{Map, Value, json};

use super::words;

/// Where definitions stand, as references name it.
const DEFS: &str = "#/$defs/";

/// What the types say of themselves where the derive does not see it.
const DESCRIPTIONS: [(&str, &str); 6] = [
    (
        "Action",
        "What to do with a call; a plain string names a target of the routing file.",
    ),
    ("Destination", "Where a forward leads."),
    (
        "ConfirmBy",
        "Which key whoever answers has to press, and what is heard before.",
    ),
    ("Strategy", "In which order the members of a group ring."),
    ("Disposition", "How an attempt to reach somebody ended."),
    ("Transport", "What carried the call to us."),
];

/// Gives every definition a title, every variant a title and a description, every number its
/// bounds, and the branches of `on` one definition.
pub(super) fn tidy(schema: &mut Schema) {
    RecursiveTransform(present).transform(schema);
    RecursiveTransform(plain_numbers).transform(schema);
    RecursiveTransform(one_line).transform(schema);
    RecursiveTransform(bounds).transform(schema);
    RecursiveTransform(words::titles).transform(schema);
    if let Some(Value::Object(definitions)) = schema.get_mut("$defs") {
        words::describe(definitions);
        one_on(definitions);
        for (name, text) in DESCRIPTIONS {
            if let Some(Value::Object(definition)) = definitions.get_mut(name) {
                definition.insert("description".to_owned(), text.into());
            }
        }
        for (name, definition) in definitions {
            if let Value::Object(definition) = definition {
                definition
                    .entry("title")
                    .or_insert_with(|| Value::String(name.clone()));
            }
        }
    }
    if let Some(object) = schema.as_object_mut() {
        // In one order, whatever else is compiled into the same program.
        object.sort_keys();
        object.values_mut().for_each(Value::sort_all_objects);
    }
}

/// What is optional is left out when it is absent; it is not `null`.
fn present(schema: &mut Schema) {
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|word| word != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            object.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(choices)) = object.get_mut("anyOf") {
        choices.retain(|choice| *choice != json!({ "type": "null" }));
        if let [Value::Object(only)] = choices.as_mut_slice() {
            let only = std::mem::take(only);
            object.remove("anyOf");
            object.extend(only);
        }
    }
}

/// Rust's names of number types mean nothing elsewhere.
fn plain_numbers(schema: &mut Schema) {
    let is_rust = |format: &Value| {
        let name = format.as_str().unwrap_or_default();
        name.starts_with("uint") || name.starts_with("int")
    };
    if schema.get("format").is_some_and(is_rust) {
        schema.remove("format");
    }
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

/// The doc comments state the bounds, as in `(1 to 600)` and `at most 1,000 characters`; here
/// they become part of the schema.
fn bounds(schema: &mut Schema) {
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    let Some(Value::String(text)) = object.get("description") else {
        return;
    };
    let limits = match object.get("type").and_then(Value::as_str) {
        Some("integer") => range(text).map(|(low, high)| [("minimum", low), ("maximum", high)]),
        Some("string") => most(text).map(|high| [("minLength", 1), ("maxLength", high)]),
        _ => None,
    };
    for (name, limit) in limits.into_iter().flatten() {
        object.insert(name.to_owned(), limit.into());
    }
}

/// The first `(A to B)` of a text.
fn range(text: &str) -> Option<(u64, u64)> {
    text.split('(').skip(1).find_map(|rest| {
        let (inside, _) = rest.split_once(')')?;
        let (low, high) = inside.split_once(" to ")?;
        Some((number(low)?, number(high)?))
    })
}

/// The number of `at most N characters`.
fn most(text: &str) -> Option<u64> {
    let (_, rest) = text.split_once("at most ")?;
    let (digits, _) = rest.split_once(" characters")?;
    number(digits)
}

fn number(text: &str) -> Option<u64> {
    text.replace(',', "").parse().ok()
}

/// The derive writes the branches of `on` out wherever they are used.
fn one_on(definitions: &mut Map<String, Value>) {
    let mut branches = None;
    for definition in definitions.values_mut() {
        let Some(Value::Object(on)) = definition.pointer_mut("/properties/on") else {
            continue;
        };
        if on.get("properties").is_some_and(words::are_dispositions) {
            let description = on.remove("description");
            let inline = std::mem::take(on);
            branches.get_or_insert(inline);
            on.insert("$ref".to_owned(), format!("{DEFS}On").into());
            on.extend(description.map(|text| ("description".to_owned(), text)));
        }
    }
    if let Some(mut branches) = branches {
        words::describe_branches(&mut branches);
        definitions.insert("On".to_owned(), Value::Object(branches));
    }
}

#[cfg(test)]
mod tests {
    use super::{most, range};

    #[test]
    fn bounds_are_read_from_what_the_docs_say() {
        assert_eq!(range("in seconds (1 to 600); default 30"), Some((1, 600)));
        assert_eq!(range("(see x) (0 to 86,400)"), Some((0, 86_400)));
        assert_eq!(range("counts from 1 (and up)"), None);
        assert_eq!(most("any UTF-8, at most 1,000 characters."), Some(1_000));
        assert_eq!(most("at least one, at most 1,000."), None);
    }
}
