//! Variables in texts and destinations: `{from}`, `{attributes.name}`, `{branches.number}`.
//!
//! A routing file may write them wherever a text, a number or a name of a destination stands;
//! they are replaced before anything is carried out.

use std::borrow::Cow;

use crate::Action;

/// The variables of a text, in order and without their braces. Braces around anything else than
/// letters, digits, `_`, `-` and `.` are text.
///
/// ```
/// let found: Vec<_> = callroute_schema::variables("Order {attributes.order} of {from} {}").collect();
/// assert_eq!(found, ["attributes.order", "from"]);
/// ```
pub fn variables(text: &str) -> impl Iterator<Item = &str> {
    Pieces { rest: text }.filter_map(|piece| match piece {
        Piece::Variable(name) => Some(name),
        Piece::Text(_) => None,
    })
}

/// Whether any of these actions holds a variable: filling costs more than looking.
///
/// ```
/// use callroute_schema::{Actions, has_variables};
/// let said = |text: &str| {
///     let json = format!(r#"{{"action":"say","text":"{text}"}}"#);
///     Actions::from_json(json.as_bytes()).map(|actions| has_variables(actions.as_slice()))
/// };
/// assert_eq!(said("Order {attributes.order}"), Ok(true));
/// assert_eq!(said("{no variable}"), Ok(false));
/// ```
#[must_use]
pub fn has_variables(actions: &[Action]) -> bool {
    // Braces of JSON itself are followed by a quote or another brace.
    serde_json::to_string(actions).is_ok_and(|json| variables(&json).next().is_some())
}

/// The text with each variable replaced by what `value` says of it.
///
/// # Errors
/// What `value` says of the first variable that it does not know.
pub fn with_variables<E>(
    text: &str,
    mut value: impl FnMut(&str) -> Result<String, E>,
) -> Result<String, E> {
    let mut whole = String::with_capacity(text.len());
    for piece in (Pieces { rest: text }) {
        match piece {
            Piece::Text(text) => whole.push_str(text),
            Piece::Variable(name) => whole.push_str(&value(name)?),
        }
    }
    Ok(whole)
}

/// What is left of a text without its variables, for whoever checks its characters; `0` stands
/// for a text of nothing but variables.
pub(crate) fn fixed(text: &str) -> Cow<'_, str> {
    if !text.contains('{') {
        return Cow::Borrowed(text);
    }
    let pieces = Pieces { rest: text };
    let fixed: String = pieces
        .map(|piece| match piece {
            Piece::Text(text) => text,
            Piece::Variable(_) => "0",
        })
        .collect();
    Cow::Owned(fixed)
}

enum Piece<'a> {
    Text(&'a str),
    Variable(&'a str),
}

struct Pieces<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        let mut from = 0;
        while let Some(brace) = self.rest.get(from..)?.find('{') {
            let start = from + brace;
            if let Some(name) = name_after(self.rest.get(start + 1..)?) {
                if start > 0 {
                    let (text, rest) = self.rest.split_at_checked(start)?;
                    self.rest = rest;
                    return Some(Piece::Text(text));
                }
                self.rest = self.rest.get(name.len() + 2..)?;
                return Some(Piece::Variable(name));
            }
            from = start + 1;
        }
        Some(Piece::Text(std::mem::take(&mut self.rest)))
    }
}

/// A variable's name, when what follows its opening brace is one.
fn name_after(text: &str) -> Option<&str> {
    let (name, _) = text.split_once('}')?;
    let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-');
    (name.starts_with(char::is_alphabetic) && name.chars().all(part)).then_some(name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{fixed, variables, with_variables};

    #[test]
    fn finds_what_is_in_braces() {
        for (text, expected) in [
            ("{from}", vec!["from"]),
            ("a {b.c}{d-e}", vec!["b.c", "d-e"]),
            ("{{from}}", vec!["from"]),
            ("{ from }", vec![]),
            ("{}", vec![]),
            ("{1}", vec![]),
            ("{from", vec![]),
            ("é{to}é", vec!["to"]),
        ] {
            assert_eq!(variables(text).collect::<Vec<_>>(), expected, "{text}");
        }
        assert_eq!(fixed("sip:{x}@{y.z}"), "sip:0@0");
    }

    #[test]
    fn replaces_them() {
        let said = with_variables("{{a}} {b}", |name| Ok::<_, ()>(format!("<{name}>")));
        assert_eq!(said.as_deref(), Ok("{<a>} <b>"));
        assert_eq!(with_variables("x{a}", |_| Err("unknown")), Err("unknown"));
    }

    proptest! {
        #[test]
        fn what_is_put_back_is_the_text(text in "[a.{}é ]{0,30}") {
            let same = with_variables(&text, |name| Ok::<_, ()>(format!("{{{name}}}")));
            prop_assert_eq!(same, Ok(text));
        }
    }
}
