//! DTMF digits: `0`–`9`, `*`, `#`, `A`–`D` (RFC 4733, section 3.2).

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One DTMF digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digit(char);

/// Why a text is no digit, or no run of digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DigitError {
    /// A character that is no DTMF digit.
    #[error("{found:?} is no DTMF digit; expected 0-9, *, # or A-D")]
    Character {
        /// The character found.
        found: char,
    },
    /// No digit at all.
    #[error("expected at least one DTMF digit, found none")]
    Empty,
    /// More digits than any menu takes.
    #[error("expected at most {} digits, found {found}", Digits::MAX)]
    TooMany {
        /// How many were found.
        found: usize,
    },
}

impl Digit {
    /// The digit of a character; letters may be lower case.
    ///
    /// # Errors
    /// [`DigitError::Character`] when the character is none of the sixteen.
    pub fn new(found: char) -> Result<Self, DigitError> {
        let upper = found.to_ascii_uppercase();
        match upper {
            '0'..='9' | '*' | '#' | 'A'..='D' => Ok(Self(upper)),
            _ => Err(DigitError::Character { found }),
        }
    }

    /// The digit of a telephone-event code, 0 to 15 (RFC 4733, table 3).
    #[must_use]
    pub fn from_event(code: u8) -> Option<Self> {
        b"0123456789*#ABCD"
            .get(usize::from(code))
            .map(|byte| Self(char::from(*byte)))
    }

    /// The telephone-event code, 0 to 15 (RFC 4733, table 3).
    #[must_use]
    pub fn event(self) -> u8 {
        match self.0 {
            '*' => 10,
            '#' => 11,
            letter @ 'A'..='D' => 12 + (letter as u8 - b'A'),
            digit => (digit as u8).saturating_sub(b'0'),
        }
    }

    /// The digit as a character.
    #[must_use]
    pub fn as_char(self) -> char {
        self.0
    }
}

impl fmt::Display for Digit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl Serialize for Digit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_char(self.0)
    }
}

impl<'de> Deserialize<'de> for Digit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let found = char::deserialize(deserializer)?;
        Self::new(found).map_err(serde::de::Error::custom)
    }
}

/// One or more DTMF digits: a menu's key, or what a caller pressed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Digits(String);

crate::text::text!(Digits, DigitError);

impl Digits {
    /// Longest run of digits that is accepted.
    pub const MAX: usize = 64;

    /// The digits of a text.
    ///
    /// # Errors
    /// [`DigitError`] when the text is empty, too long, or holds something else.
    pub fn new(text: &str) -> Result<Self, DigitError> {
        if text.is_empty() {
            return Err(DigitError::Empty);
        }
        if text.len() > Self::MAX {
            return Err(DigitError::TooMany { found: text.len() });
        }
        text.chars()
            .map(|c| Digit::new(c).map(Digit::as_char))
            .collect::<Result<String, _>>()
            .map(Self)
    }

    /// The digits as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Digit> for Digits {
    fn from(digit: Digit) -> Self {
        Self(digit.0.to_string())
    }
}

impl fmt::Display for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::borrow::Borrow<str> for Digits {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Digits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::{Digit, Digits};

    #[test]
    fn every_event_code_round_trips() {
        for code in 0..16 {
            let digit = Digit::from_event(code).unwrap();
            assert_eq!(digit.event(), code);
        }
        assert_eq!(Digit::from_event(16), None);
    }

    #[test]
    fn refuses_what_no_keypad_has() {
        assert!(Digits::new("12#").is_ok());
        assert_eq!(
            Digits::new("1e").unwrap_err().to_string(),
            "'e' is no DTMF digit; expected 0-9, *, # or A-D"
        );
        assert!(Digits::new("").is_err());
        assert!(Digits::new(&"1".repeat(65)).is_err());
    }
}
