//! What was expected and what stands there, in words.

use std::fmt::Display;

use super::node::{Node, Value};
use crate::hint::shorten;

/// Longest integer, in characters.
const FLOAT: usize = 20;

impl Node {
    /// Whether it is a whole number, whatever its size.
    pub(super) fn is_digits(&self) -> bool {
        match &self.value {
            Value::Number(text) | Value::Plain(text) => text.bytes().all(|b| b.is_ascii_digit()),
            _ => false,
        }
    }

    /// What stands here instead of a number, and the mend where it is plain.
    pub(super) fn found(&self) -> String {
        let quoted = |text: &str| format!("{:?}", shorten(text));
        let is_number = |text: &str| text.parse::<f64>().is_ok();
        match &self.value {
            Value::Text(text) if is_number(text) => {
                format!("{}; leave the quotes out", quoted(text))
            }
            Value::Text(text) | Value::Plain(text) if has_unit(text) => {
                format!("{}; leave the unit out", quoted(text))
            }
            Value::Text(text) | Value::Plain(text) => quoted(text),
            Value::Number(text) => shorten(text),
            Value::Bool(value) => value.to_string(),
            Value::Null => "nothing".to_owned(),
            Value::Seq(_) => "a list".to_owned(),
            Value::Map(_) => "a map".to_owned(),
        }
    }
}

/// Which numbers a type holds, for people.
pub(super) fn range(least: &dyn Display, most: &dyn Display, is_digits: bool) -> String {
    let least = least.to_string();
    // Where no text has room for it, a number is not written as one.
    let is_float = least.len() > FLOAT;
    match least.as_str() {
        _ if is_float => "a number".to_owned(),
        "0" if is_digits => format!("a whole number of at most {most}"),
        "0" => "a whole number, 0 or more".to_owned(),
        _ => format!("a whole number from {least} to {most}"),
    }
}

/// Whether it is a number with a unit behind it, as in `1500ms`.
fn has_unit(text: &str) -> bool {
    let number = text.trim_end_matches(|c: char| c.is_alphabetic() || c == ' ');
    number.len() < text.len()
        && number.bytes().all(|byte| byte.is_ascii_digit())
        && !number.is_empty()
}
