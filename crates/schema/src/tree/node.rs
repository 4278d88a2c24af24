//! The tree itself.

/// Where something stands in a file; lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Line of the first character.
    pub line: u32,
    /// Column of the first character.
    pub column: u32,
    /// Byte offset of the first character.
    pub start: usize,
    /// Byte offset after the last character.
    pub end: usize,
}

/// One value of a document, with its place when it came from a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What stands there.
    pub value: Value,
    /// Where it stands; `None` when the source has no lines, as in a webhook's answer.
    pub span: Option<Span>,
}

/// What stands at a place.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// Nothing.
    Null,
    /// `true` or `false` in JSON.
    Bool(bool),
    /// A number in JSON, as written.
    Number(String),
    /// Quoted text.
    Text(String),
    /// Unquoted text in YAML: whoever reads it decides whether it is a number or a text, so
    /// that `no`, `9:00` and `+1314…` stay text.
    Plain(String),
    /// A list.
    Seq(Vec<Node>),
    /// A map, in written order.
    Map(Vec<(Key, Node)>),
}

/// A key of a map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The key as text.
    pub text: String,
    /// Where it stands.
    pub span: Option<Span>,
}

impl Node {
    /// A value without a place.
    #[must_use]
    pub fn bare(value: Value) -> Self {
        Self { value, span: None }
    }

    /// The text of a scalar, however it is written.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Number(text) | Value::Text(text) | Value::Plain(text) => Some(text),
            Value::Bool(true) => Some("true"),
            Value::Bool(false) => Some("false"),
            Value::Null | Value::Seq(_) | Value::Map(_) => None,
        }
    }

    /// The entries of a map, in written order.
    #[must_use]
    pub fn entries(&self) -> Option<&[(Key, Self)]> {
        match &self.value {
            Value::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The entries of a list, in written order.
    #[must_use]
    pub fn items(&self) -> Option<&[Self]> {
        match &self.value {
            Value::Seq(items) => Some(items),
            _ => None,
        }
    }

    /// The value under a key of a map.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        let (_, value) = self
            .entries()?
            .iter()
            .find(|(found, _)| found.text == key)?;
        Some(value)
    }
}
