//! Whom to ring: a number, a SIP URI or a named agent, all written as one string.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::mask::Masked;
use crate::name::{AgentName, NameError};
use crate::number::is_visual;
use crate::sip_uri::{SipUri, SipUriError, strip_scheme};
use crate::variable::fixed;

/// Most digits of a number: E.164 has 15, national prefixes and extensions may add some.
const MAX_NUMBER: usize = 32;

/// A telephone number: E.164 with its `+`, or digits with a national or local meaning.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Number(String);

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Number({:?})", Masked(&self.0))
    }
}

/// Why a text is no number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NumberError {
    /// No digit at all.
    #[error("a number needs at least one digit")]
    Empty,
    /// More digits than a number may have.
    #[error("a number has at most {MAX_NUMBER} digits, found {found}")]
    TooLong {
        /// How many characters were found.
        found: usize,
    },
    /// Spaces, brackets and the like, which are only there to be seen (RFC 3966, section 5.1.1).
    #[error("a number is written without spaces, brackets, hyphens and points: {plain}")]
    Visual {
        /// The number without them.
        plain: String,
    },
    /// A character that is not part of a number.
    #[error("{found:?} is not part of a number; write digits, with a leading + for E.164")]
    Character {
        /// The character found.
        found: char,
    },
}

crate::text::text!(Number, NumberError);

impl Number {
    /// Takes a text as a number: an optional `+`, then digits (`*` and `#` in feature codes).
    ///
    /// # Errors
    /// [`NumberError`] says which character is wrong.
    pub fn new(text: impl Into<String>) -> Result<Self, NumberError> {
        let text = text.into();
        let fixed = fixed(&text);
        let (plus, digits) = match fixed.strip_prefix('+') {
            Some(rest) => (true, rest),
            None => (false, &*fixed),
        };
        if digits.is_empty() {
            return Err(NumberError::Empty);
        }
        if digits.len() > MAX_NUMBER {
            return Err(NumberError::TooLong {
                found: digits.len(),
            });
        }
        let allowed = |c: char| c.is_ascii_digit() || (!plus && matches!(c, '*' | '#'));
        let Some(found) = digits.chars().find(|c| !allowed(*c)) else {
            return Ok(Self(text));
        };
        let plain: String = text.chars().filter(|c| !is_visual(*c)).collect();
        // A `(0)` is not dialed, and a variable's name may have a hyphen.
        match is_visual(found) && !text.contains("(0)") && !text.contains('{') {
            true if Self::new(plain.as_str()).is_ok() => Err(NumberError::Visual { plain }),
            _ => Err(NumberError::Character { found }),
        }
    }

    /// The number as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(text).map_err(serde::de::Error::custom)
    }
}

/// Whom to ring, written as one string: `+16822306467`, `sip:ann@pbx.example` or `ann`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Party {
    /// A telephone number, dialed through a trunk.
    Number(Number),
    /// A SIP URI, dialed as it stands.
    Sip(SipUri),
    /// An agent of the routing file.
    Agent(AgentName),
}

crate::text::text!(Party, PartyError);

impl Party {
    /// Tells by its first character what a text names.
    ///
    /// # Errors
    /// A message that says what is wrong with the number, the URI or the name.
    pub fn new(text: &str) -> Result<Self, PartyError> {
        if strip_scheme(text).is_some() {
            return Ok(Self::Sip(SipUri::new(text)?));
        }
        if text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '*' | '#' | '(')) {
            return Ok(Self::Number(Number::new(text)?));
        }
        Ok(Self::Agent(AgentName::new(text)?))
    }

    /// The party as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Number(number) => number.as_str(),
            Self::Sip(uri) => uri.as_str(),
            Self::Agent(name) => name.as_str(),
        }
    }
}

/// Why a text names no party.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PartyError {
    /// It looks like a number, but is none.
    #[error(transparent)]
    Number(#[from] NumberError),
    /// It looks like a SIP URI, but is none.
    #[error(transparent)]
    Sip(#[from] SipUriError),
    /// It is no agent's name either.
    #[error("not a number, a SIP URI or an agent's name: {0}")]
    Agent(#[from] NameError),
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Party {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Party {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::Party;

    #[test]
    fn tells_numbers_uris_and_agents_apart() {
        assert!(matches!(Party::new("+16822306467"), Ok(Party::Number(_))));
        assert!(matches!(Party::new("1001"), Ok(Party::Number(_))));
        assert!(matches!(Party::new("*97"), Ok(Party::Number(_))));
        assert!(matches!(
            Party::new("sip:ann@pbx.example"),
            Ok(Party::Sip(_))
        ));
        assert!(matches!(Party::new("SIP:10.0.0.1:5070"), Ok(Party::Sip(_))));
        assert!(matches!(Party::new("ann"), Ok(Party::Agent(_))));
    }

    #[test]
    fn says_what_is_wrong() {
        for (text, wrong) in [
            (
                "+1 555",
                "a number is written without spaces, brackets, hyphens and points: +1555",
            ),
            (
                "(212) 555-0147",
                "a number is written without spaces, brackets, hyphens and points: 2125550147",
            ),
            (
                "+44 (0) 20",
                "' ' is not part of a number; write digits, with a leading + for E.164",
            ),
            ("sip:@", "a SIP URI needs a host, as in sip:ann@pbx.example"),
            ("sip:a b@c", "a SIP URI must not hold ' '"),
            (
                "",
                "not a number, a SIP URI or an agent's name: a name must not be empty",
            ),
        ] {
            assert_eq!(Party::new(text).unwrap_err().to_string(), wrong, "{text}");
        }
    }
}
