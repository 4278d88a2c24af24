//! Why a document could not be read, and where.

use std::fmt;

use super::node::Span;
use crate::hint::{clean, nearest, shorten};

/// One step from a document's root to a place in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// A key of a map.
    Key(String),
    /// A position in a list, from 0.
    Index(usize),
}

/// Why a document could not be read, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadError {
    message: String,
    /// From the innermost step outwards, as the reader unwinds.
    path: Vec<Segment>,
    span: Option<Span>,
}

impl ReadError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            path: Vec::new(),
            span: None,
        }
    }

    pub(super) fn under(mut self, segment: Segment) -> Self {
        self.path.push(segment);
        self
    }

    /// The innermost place wins.
    pub(super) fn at(mut self, span: Option<Span>) -> Self {
        self.span = self.span.or(span);
        self
    }

    /// What is wrong and what would be right.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Where it stands, when the source has lines.
    #[must_use]
    pub fn span(&self) -> Option<Span> {
        self.span
    }

    /// The path from the root, as in `$.destination.members[1]`.
    #[must_use]
    pub fn path(&self) -> String {
        let mut path = String::from("$");
        for segment in self.path.iter().rev() {
            match segment {
                Segment::Index(index) => path.push_str(&format!("[{index}]")),
                Segment::Key(key) => path.push_str(&key_step(key)),
            }
        }
        path
    }
}

/// How a path goes on to a key, as in `.members` or `["+1314*"]`.
#[must_use]
pub fn key_step(key: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || c == '_';
    match !key.is_empty() && key.chars().all(plain) {
        true => format!(".{key}"),
        false => format!("[{key:?}]"),
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path(), self.message)
    }
}

impl std::error::Error for ReadError {}

impl serde::de::Error for ReadError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        // Types quote what they found; none of them says anything in several lines.
        Self::new(clean(&message.to_string()))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::new(unknown("field", field, expected))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::new(unknown("value", variant, expected))
    }
}

/// `unknown field `stratgy`, expected `strategy`; did you mean `strategy`?`
fn unknown(what: &str, found: &str, expected: &[&str]) -> String {
    let found = shorten(found);
    let list = match expected {
        [] => return format!("unknown {what} `{found}`; none is expected here"),
        [one] => format!("`{one}`"),
        many => {
            let quoted: Vec<String> = many.iter().map(|word| format!("`{word}`")).collect();
            format!("one of {}", quoted.join(", "))
        }
    };
    match nearest(&found, expected.iter().copied()) {
        Some(word) => {
            format!("unknown {what} `{found}`, expected {list}; did you mean `{word}`?")
        }
        None => format!("unknown {what} `{found}`, expected {list}"),
    }
}

#[cfg(test)]
mod tests {
    use crate::Actions;

    #[test]
    fn nothing_from_outside_moves_the_terminal() {
        let error = |text: &str| Actions::from_json(text.as_bytes()).unwrap_err().to_string();
        for text in [
            r#"{ "action": "busy", "a\u001b[2J": 1 }"#,
            r#"{ "action": "a\u001b[2J" }"#,
            r#"{ "action": "reject", "cause": "a\u001b[2J" }"#,
            r#"{ "a\u001b[2J": 1 }"#,
            r#"{ "action": "set", "attributes": { "a\u001b[2J": "1", "a\u001b[2J": "2" } }"#,
            r#"{ "action": "forward", "destination": { "type": "sip", "uri": "a\u001b[2J" } }"#,
        ] {
            let said = error(text);
            assert!(!said.contains(char::is_control), "{said:?}");
        }
    }
}
