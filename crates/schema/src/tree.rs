//! A document as a tree that remembers where everything stands.
//!
//! YAML and JSON readers make [`Node`]s; [`Node::read`] turns one into a typed value, and its
//! [`ReadError`] names the path, and the line and column where they are known.

mod deserialize;
mod error;
mod expected;
mod json;
mod keys;
mod node;

pub use error::{ReadError, Segment, key_step};
pub use json::{MAX_BYTES, MAX_DEPTH};
pub(crate) use json::{to_json, write_json};
pub(crate) use keys::{branch, reorder};
pub use node::{Key, Node, Span, Value};
