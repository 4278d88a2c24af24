//! JSON to tree and back.

use std::fmt;

use serde::de::{DeserializeOwned, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::error::ReadError;
use super::node::{Key, Node, Value};

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
    /// [`ReadError`] names the JSON path of the fault.
    pub fn read_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ReadError> {
        match serde_json::from_slice(bytes) {
            Ok(value) => Ok(value),
            Err(_) => Self::from_json(bytes)?.read(),
        }
    }
}

/// A value of ours as minified JSON.
pub(crate) fn to_json<T: Serialize>(value: &T) -> String {
    // Our own types have string keys and no failing serialisers, so this does not fail; if one
    // ever does, the reader is told instead of being given half a document.
    serde_json::to_string(value)
        .unwrap_or_else(|error| serde_json::json!({ "error": error.to_string() }).to_string())
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
