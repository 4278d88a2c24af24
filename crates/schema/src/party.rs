//! Whom to ring: a number, a SIP URI or a named agent, all written as one string.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::name::{AgentName, NameError};

use crate::mask::Masked;
use crate::variable::fixed;

/// Most digits of a number: E.164 has 15, national prefixes and extensions may add some.
const MAX_NUMBER: usize = 32;
/// Longest SIP URI that is accepted, in bytes.
const MAX_URI: usize = 512;

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
    /// A character that is not part of a number.
    #[error("{found:?} is not part of a number; write digits, with a leading + for E.164")]
    Character {
        /// The character found.
        found: char,
    },
}

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
        match digits.chars().find(|c| !allowed(*c)) {
            Some(found) => Err(NumberError::Character { found }),
            None => Ok(Self(text)),
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

/// A SIP or SIPS URI (RFC 3261, section 19.1), checked for shape only: the adapter parses it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct SipUri(String);

impl fmt::Debug for SipUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SipUri({:?})", Masked(&self.0))
    }
}

/// Why a text is no SIP URI.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SipUriError {
    /// Neither `sip:` nor `sips:` at the front.
    #[error("a SIP URI starts with `sip:` or `sips:`, found `{found}`; write `sip:{found}`")]
    Scheme {
        /// The text found.
        found: String,
    },
    /// No host part.
    #[error("a SIP URI needs a host, as in sip:ann@pbx.example")]
    Host,
    /// Longer than any URI may be.
    #[error("a SIP URI has at most {MAX_URI} bytes, found {found}")]
    TooLong {
        /// Length found, in bytes.
        found: usize,
    },
    /// A character that no URI may hold.
    #[error("a SIP URI must not hold {found:?}")]
    Character {
        /// The character found.
        found: char,
    },
}

impl SipUri {
    /// Takes a text as a SIP URI.
    ///
    /// # Errors
    /// [`SipUriError`] says what is missing or wrong.
    pub fn new(text: impl Into<String>) -> Result<Self, SipUriError> {
        let text = text.into();
        if text.len() > MAX_URI {
            return Err(SipUriError::TooLong { found: text.len() });
        }
        let Some(rest) = strip_scheme(&text) else {
            return Err(SipUriError::Scheme { found: text });
        };
        let forbidden =
            |c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"');
        if let Some(found) = text.chars().find(|c| forbidden(*c)) {
            return Err(SipUriError::Character { found });
        }
        let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
        if host.is_empty() || host.starts_with([':', ';', '?']) {
            return Err(SipUriError::Host);
        }
        Ok(Self(text))
    }

    /// The URI as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn strip_scheme(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once(':')?;
    ["sip", "sips"]
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known))
        .then_some(rest)
}

impl fmt::Display for SipUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for SipUri {
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

impl Party {
    /// Tells by its first character what a text names.
    ///
    /// # Errors
    /// A message that says what is wrong with the number, the URI or the name.
    pub fn new(text: &str) -> Result<Self, PartyError> {
        if strip_scheme(text).is_some() {
            return Ok(Self::Sip(SipUri::new(text)?));
        }
        if text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '*' | '#')) {
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
