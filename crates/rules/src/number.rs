//! Numbers and prefixes as people write them.

use crate::engine::Pattern;
use crate::hint::shorten;

/// Longest number or prefix that is accepted, in characters.
const MAX: usize = 64;

/// Why a text is no number, or no prefix.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NumberError {
    #[error("a number must not be empty")]
    Empty,
    #[error("a number has at most {MAX} characters, found {found}")]
    TooLong { found: usize },
    #[error(
        "`{found}` holds `(0)`, which is not dialed; write the number as it is dialed, as in +442079460000"
    )]
    TrunkZero { found: String },
    #[error("`{found}` is no number: {character:?} is not part of it; write it as in +13146523057")]
    Character { found: String, character: char },
    #[error("`{found}` is no prefix; a prefix is digits, as in +1314")]
    NoPrefix { found: String },
    #[error("a `*` stands for the rest of a number, so it comes last, as in +1314*")]
    Star,
    #[error("`*` would be everybody; leave the condition out instead")]
    Everybody,
}

/// A number as it is compared: visual separators (RFC 3966, section 5.1.1) and spaces are left
/// out of what starts with `+` or a digit; a SIP user stays as it is.
pub(crate) fn number(text: &str) -> Result<String, NumberError> {
    check_length(text)?;
    let begins = |c: char| c == '+' || c == '(' || c.is_ascii_digit();
    if !text.starts_with(begins) {
        return match text.chars().find(|c| c.is_whitespace() || c.is_control()) {
            Some(character) => Err(NumberError::Character {
                found: shorten(text),
                character,
            }),
            None => Ok(text.to_owned()),
        };
    }
    if text.contains("(0)") {
        return Err(NumberError::TrunkZero {
            found: shorten(text),
        });
    }
    let is_user = !text.starts_with('+') && text.chars().any(|c| c.is_ascii_alphabetic());
    if is_user {
        return Ok(text.to_owned());
    }
    let mut plain = String::with_capacity(text.len());
    for (index, character) in text.chars().enumerate() {
        match character {
            ' ' | '-' | '.' | '(' | ')' => {}
            '+' if index == 0 => plain.push(character),
            '0'..='9' | '*' | '#' if !text.starts_with('+') => plain.push(character),
            '0'..='9' => plain.push(character),
            '*' => return Err(NumberError::Star),
            _ => {
                return Err(NumberError::Character {
                    found: shorten(text),
                    character,
                });
            }
        }
    }
    match plain.as_str() {
        "" | "+" => Err(NumberError::Empty),
        _ => Ok(plain),
    }
}

/// A prefix of numbers, written with or without a `*` at its end.
pub(crate) fn prefix(text: &str) -> Result<String, NumberError> {
    let stem = text.strip_suffix('*').unwrap_or(text);
    check_length(stem)?;
    if stem == "+" {
        return Ok(stem.to_owned());
    }
    let plain = number(stem)?;
    let digits = |c: char| c.is_ascii_digit() || matches!(c, '+' | '*' | '#');
    match plain.chars().all(digits) {
        true => Ok(plain),
        false => Err(NumberError::NoPrefix {
            found: shorten(text),
        }),
    }
}

/// A key of `numbers`, or an entry of a list: `+13146523057`, `+1314*`, or `*` for every number.
pub(crate) fn pattern(text: &str) -> Result<Pattern, NumberError> {
    match text.strip_suffix('*') {
        Some("") => Ok(Pattern::Any),
        Some(_) => Ok(Pattern::Prefix(prefix(text)?.into())),
        None => Ok(Pattern::Exact(number(text)?.into())),
    }
}

fn check_length(text: &str) -> Result<(), NumberError> {
    match text.chars().count() {
        0 => Err(NumberError::Empty),
        1..=MAX => Ok(()),
        found => Err(NumberError::TooLong { found }),
    }
}

#[cfg(test)]
mod tests {
    use super::{number, pattern, prefix};
    use crate::engine::Pattern;

    #[test]
    fn leaves_out_what_is_only_to_be_seen() {
        for (text, plain) in [
            ("+1 (314) 652-3057", "+13146523057"),
            ("+1.314.652.3057", "+13146523057"),
            ("1001", "1001"),
            ("*97", "*97"),
            ("1800flowers", "1800flowers"),
            ("alice.cooper", "alice.cooper"),
        ] {
            assert_eq!(number(text).as_deref(), Ok(plain), "{text}");
        }
    }

    #[test]
    fn refuses_what_would_never_match() {
        for text in [
            "",
            "+",
            "+44 (0) 20 7946 0000",
            "+1800FLOWERS",
            "+13*14",
            "a b",
            "+1+2",
        ] {
            assert!(number(text).is_err(), "{text}");
        }
        assert!(prefix("branches").is_err());
        assert!(prefix("*").is_err());
    }

    #[test]
    fn a_star_at_the_end_is_a_prefix() {
        assert_eq!(pattern("*"), Ok(Pattern::Any));
        assert_eq!(pattern("+1900*"), Ok(Pattern::Prefix("+1900".into())));
        assert_eq!(pattern("+1 900*"), Ok(Pattern::Prefix("+1900".into())));
        assert_eq!(pattern("+1900"), Ok(Pattern::Exact("+1900".into())));
    }
}
