//! Runs of digits by a pattern, as dial plans write them: `2XX`, `NXXNXXXXXX`, `9.`.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Longest pattern that is accepted, in characters.
const MAX_PATTERN: usize = 32;

/// A pattern of digits: `X` is any of 0-9, `Z` any of 1-9, `N` any of 2-9, a `.` at the end one or
/// more digits of any kind; every other character stands for itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DigitPattern(String);

/// Why a text is no pattern of digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DigitPatternError {
    /// Nothing was given.
    #[error("a pattern of digits must not be empty; write it as in 2XX")]
    Empty,
    /// Longer than any number that is dialed.
    #[error("a pattern of digits has at most {MAX_PATTERN} characters, found {found}")]
    TooLong {
        /// Length found, in characters.
        found: usize,
    },
    /// A character that no pattern has.
    #[error(
        "{found:?} is not part of a pattern of digits; expected 0-9, *, #, X (0-9), Z (1-9), N (2-9), or a `.` at the end"
    )]
    Character {
        /// The character found.
        found: char,
    },
    /// A `.` that is not at the end.
    #[error("a `.` stands for the rest of the digits, so it comes last")]
    Dot,
}

/// How far digits fit a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fit {
    /// They do not, and no further digit changes that.
    Never,
    /// Further digits may make them fit.
    NotYet,
    /// They do; no further digit can be taken.
    Whole,
    /// They do, and with further digits they may still.
    WholeAndMore,
}

impl DigitPattern {
    /// Takes a text as a pattern; letters may be lower case.
    ///
    /// # Errors
    /// [`DigitPatternError`] when it is empty, too long, or holds something else.
    pub fn new(text: &str) -> Result<Self, DigitPatternError> {
        let found = text.chars().count();
        if found == 0 {
            return Err(DigitPatternError::Empty);
        }
        if found > MAX_PATTERN {
            return Err(DigitPatternError::TooLong { found });
        }
        let mut pattern = String::with_capacity(text.len());
        for (place, c) in text.chars().enumerate() {
            match c.to_ascii_uppercase() {
                '.' if place + 1 < found || place == 0 => return Err(DigitPatternError::Dot),
                c @ ('0'..='9' | '*' | '#' | 'X' | 'Z' | 'N' | '.') => pattern.push(c),
                found => return Err(DigitPatternError::Character { found }),
            }
        }
        Ok(Self(pattern))
    }

    /// The pattern as text, its letters in capitals.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// How far digits fit.
    #[must_use]
    pub fn fit(&self, digits: &str) -> Fit {
        let mut wanted = self.0.chars().peekable();
        for digit in digits.chars() {
            match wanted.next() {
                Some('.') => return Fit::WholeAndMore,
                Some('X') if digit.is_ascii_digit() => {}
                Some('Z') if matches!(digit, '1'..='9') => {}
                Some('N') if matches!(digit, '2'..='9') => {}
                Some(same) if same == digit => {}
                _ => return Fit::Never,
            }
        }
        match wanted.peek() {
            None => Fit::Whole,
            Some(_) => Fit::NotYet,
        }
    }

    /// Whether digits fit as they are.
    #[must_use]
    pub fn fits(&self, digits: &str) -> bool {
        matches!(self.fit(digits), Fit::Whole | Fit::WholeAndMore)
    }

    /// The pattern that digits are taken for, of several that they fit: where two first differ,
    /// the one whose character stands for fewer digits.
    pub fn nearest<'p>(
        patterns: impl IntoIterator<Item = &'p Self>,
        digits: &str,
    ) -> Option<&'p Self> {
        let fitting = patterns.into_iter().filter(|pattern| pattern.fits(digits));
        fitting.min_by_key(|pattern| pattern.0.chars().map(width).collect::<Vec<_>>())
    }
}

/// How many digits a character stands for, in order.
fn width(c: char) -> u8 {
    match c {
        'N' => 1,
        'Z' => 2,
        'X' => 3,
        '.' => 4,
        _ => 0,
    }
}

impl fmt::Display for DigitPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for DigitPattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for DigitPattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::{DigitPattern, Fit};

    #[test]
    fn fits_as_dial_plans_do() {
        for (pattern, digits, fit) in [
            ("2XX", "", Fit::NotYet),
            ("2XX", "21", Fit::NotYet),
            ("2XX", "215", Fit::Whole),
            ("2XX", "2155", Fit::Never),
            ("2XX", "3", Fit::Never),
            ("2xx", "2*1", Fit::Never),
            ("NZ", "29", Fit::Whole),
            ("NZ", "19", Fit::Never),
            ("NZ", "20", Fit::Never),
            ("9.", "9", Fit::NotYet),
            ("9.", "91", Fit::WholeAndMore),
            ("9.", "91#", Fit::WholeAndMore),
            ("*72", "*72", Fit::Whole),
        ] {
            let read = DigitPattern::new(pattern).unwrap();
            assert_eq!(read.fit(digits), fit, "{pattern} {digits}");
        }
    }

    #[test]
    fn the_narrower_pattern_is_the_nearer() {
        let pattern = |text| DigitPattern::new(text).unwrap();
        let patterns = ["X.", "2XX", "2ZX", "2NX", "21X", "2XX1"].map(pattern);
        for (digits, nearest) in [
            ("215", Some("21X")),
            ("225", Some("2NX")),
            ("205", Some("2XX")),
            ("2051", Some("2XX1")),
            ("9", None),
            ("92", Some("X.")),
        ] {
            let found = DigitPattern::nearest(&patterns, digits);
            assert_eq!(found.map(DigitPattern::as_str), nearest, "{digits}");
        }
    }

    #[test]
    fn refuses_what_no_dial_plan_has() {
        for text in ["", ".", "1.2", "2YX", "é", &"1".repeat(33)] {
            assert!(DigitPattern::new(text).is_err(), "{text}");
        }
        assert_eq!(DigitPattern::new("2xn").unwrap().as_str(), "2XN");
    }
}
