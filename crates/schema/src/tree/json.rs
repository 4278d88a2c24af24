//! JSON to tree and back.

use std::fmt;

use serde::de::{DeserializeOwned, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::error::ReadError;
use super::node::{Key, Node, Value};

/// Longest document that is read as an event or an answer, in bytes.
pub const MAX_BYTES: usize = 64 * 1024;
/// Deepest nesting of an event or an answer.
pub const MAX_DEPTH: usize = 32;

impl Node {
    /// Reads a document's tree from JSON; it has paths, but no lines.
    ///
    /// # Errors
    /// [`ReadError`] on a syntax fault, with line and column in its message.
    pub fn from_json(bytes: &[u8]) -> Result<Self, ReadError> {
        serde_json::from_slice(bytes)
            .map_err(|error| ReadError::new(format!("not valid JSON: {error}")))
    }

    /// Reads a typed value from JSON.
    ///
    /// The fast way streams. Only when that fails is the tree built, which takes a tag that is
    /// not the first key, and knows the path of a fault.
    ///
    /// # Errors
    /// [`ReadError`] names the JSON path of the fault. A document over [`MAX_BYTES`], or nested
    /// deeper than [`MAX_DEPTH`], is refused before it is read.
    pub fn read_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ReadError> {
        within_bounds(bytes)?;
        match serde_json::from_slice(bytes) {
            Ok(value) => Ok(value),
            Err(_) => Self::from_json(bytes)?.read(),
        }
    }
}

/// Refuses what no event and no answer needs.
fn within_bounds(bytes: &[u8]) -> Result<(), ReadError> {
    if bytes.len() > MAX_BYTES {
        let found = bytes.len();
        return Err(ReadError::new(format!(
            "a document has at most {MAX_BYTES} bytes, found {found}"
        )));
    }
    let opens = |byte: &u8| matches!(byte, b'{' | b'[');
    // Most documents do not even hold so many brackets, which is quickly seen.
    if bytes.iter().filter(|byte| opens(byte)).count() > MAX_DEPTH && depth(bytes) > MAX_DEPTH {
        return Err(ReadError::new(format!(
            "a document is nested at most {MAX_DEPTH} deep"
        )));
    }
    Ok(())
}

/// How deep a document is nested; brackets within texts do not count.
fn depth(bytes: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut text, mut escaped) = (false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if text => escaped = true,
            b'"' => text = !text,
            b'{' | b'[' if !text => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// A value of ours as minified JSON.
pub(crate) fn to_json<T: Serialize>(value: &T) -> String {
    // Our own types have string keys and no failing serialisers, so this does not fail; if one
    // ever does, the reader is told instead of being given half a document.
    serde_json::to_string(value)
        .unwrap_or_else(|error| serde_json::json!({ "error": error.to_string() }).to_string())
}

/// Minified JSON behind what is there already.
pub(crate) fn write_json<T: Serialize>(value: &T, to: &mut Vec<u8>) {
    let before = to.len();
    if serde_json::to_writer(&mut *to, value).is_err() {
        // As above: rather a reason than half a document.
        to.truncate(before);
        to.extend_from_slice(to_json(value).as_bytes());
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = Node;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }

            fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
                Ok(Node::bare(Value::Bool(value)))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
                Ok(Node::bare(Value::Number(value.to_string())))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
                Ok(Node::bare(Value::Number(value.to_string())))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
                Ok(Node::bare(Value::Number(value.to_string())))
            }

            fn visit_str<E>(self, value: &str) -> Result<Node, E> {
                Ok(Node::bare(Value::Text(value.to_owned())))
            }

            fn visit_string<E>(self, value: String) -> Result<Node, E> {
                Ok(Node::bare(Value::Text(value)))
            }

            fn visit_unit<E>(self) -> Result<Node, E> {
                Ok(Node::bare(Value::Null))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Node::bare(Value::Seq(items)))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
                let mut entries = Vec::new();
                while let Some(text) = map.next_key::<String>()? {
                    entries.push((Key { text, span: None }, map.next_value()?));
                }
                Ok(Node::bare(Value::Map(entries)))
            }
        }

        deserializer.deserialize_any(Any)
    }
}
