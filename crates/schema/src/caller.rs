//! Who calls and what was dialed, as the event carries them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::mask::Masked;
use crate::number::Key;

/// Longest address that is accepted, in bytes.
const MAX_ADDRESS: usize = 256;

/// A dialed or calling address: a number, or a SIP user that is not a number.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    text: String,
    /// Made when it is read, since many rules will be compared with it.
    key: Key,
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({:?})", Masked(&self.text))
    }
}

/// Why a text is no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// Nothing was given. A caller without a number is `anonymous` or `unavailable`.
    #[error(
        "an address must not be empty; a caller without a number is `anonymous` or `unavailable`"
    )]
    Empty,
    /// Longer than any address may be.
    #[error("an address has at most {MAX_ADDRESS} bytes, found {found}")]
    TooLong {
        /// Length found, in bytes.
        found: usize,
    },
    /// A control character, which no address may hold.
    #[error("an address must not hold the control character {found:?}")]
    Control {
        /// The character found.
        found: char,
    },
}

crate::text::text!(Address, AddressError);

impl Address {
    /// Takes a text as an address.
    ///
    /// # Errors
    /// [`AddressError`] when it is empty, over 256 bytes, or holds a control character.
    pub fn new(text: impl Into<String>) -> Result<Self, AddressError> {
        let text = text.into();
        if text.is_empty() {
            return Err(AddressError::Empty);
        }
        if text.len() > MAX_ADDRESS {
            return Err(AddressError::TooLong { found: text.len() });
        }
        match text.chars().find(|c| c.is_control()) {
            Some(found) => Err(AddressError::Control { found }),
            None => Ok(Self {
                key: Key::call(&text),
                text,
            }),
        }
    }

    /// The address as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The address as rules compare it.
    #[must_use]
    #[inline]
    pub fn key(&self) -> Key {
        self.key
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(text).map_err(serde::de::Error::custom)
    }
}

/// Who calls: known, withheld by the caller (RFC 3323), or not told by the network.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Caller {
    /// The number, or the SIP user, that calls.
    Known(Address),
    /// The caller asked not to be shown; `anonymous` on the wire.
    Withheld,
    /// The network did not say; `unavailable` on the wire.
    Unavailable,
}

impl Caller {
    /// The address, when there is one.
    #[must_use]
    pub fn address(&self) -> Option<&Address> {
        match self {
            Self::Known(address) => Some(address),
            Self::Withheld | Self::Unavailable => None,
        }
    }

    /// The text on the wire: the address, `anonymous` or `unavailable`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Known(address) => address.as_str(),
            Self::Withheld => "anonymous",
            Self::Unavailable => "unavailable",
        }
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Caller {
    type Err = AddressError;

    /// The text on the wire: `anonymous`, `unavailable`, or the address.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "anonymous" => Ok(Self::Withheld),
            "unavailable" => Ok(Self::Unavailable),
            address => Address::new(address).map(Self::Known),
        }
    }
}

impl Serialize for Caller {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Caller {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::Caller;

    #[test]
    fn a_caller_is_read_as_it_is_written() {
        for text in ["anonymous", "unavailable", "+14155550123", "ann"] {
            let caller: Caller = text.parse().unwrap();
            assert_eq!(caller.as_str(), text);
            assert_eq!(
                caller.address().is_some(),
                text != "anonymous" && text != "unavailable"
            );
        }
        assert!("".parse::<Caller>().is_err());
    }
}
