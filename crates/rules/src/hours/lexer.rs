//! Reads a text of opening hours character by character, and knows where it is.

use super::span::{Clock, Span, SpansError};

/// Why a text is not understood as opening hours, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HoursError {
    /// Byte offset of the first character at fault.
    pub(crate) at: usize,
    /// Length of what is at fault, in bytes; 0 at the end of the text.
    pub(crate) len: usize,
    pub(crate) message: String,
}

#[derive(Debug, Clone)]
pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn spaces(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches(' ').len();
    }

    /// Takes this text, if it comes next.
    pub(super) fn take(&mut self, wanted: &str) -> bool {
        let found = self.rest().starts_with(wanted);
        if found {
            self.at += wanted.len();
        }
        found
    }

    /// Takes the letters that come next.
    pub(super) fn word(&mut self) -> &'a str {
        self.run(char::is_alphabetic)
    }

    /// Takes the digits that come next.
    pub(super) fn digits(&mut self) -> &'a str {
        self.run(|c| c.is_ascii_digit())
    }

    fn run(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !wanted(c)).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    /// A fault about what was read since `start`.
    pub(super) fn wrong_since(&self, start: usize, message: impl Into<String>) -> HoursError {
        HoursError {
            at: start,
            len: self.at.saturating_sub(start),
            message: message.into(),
        }
    }

    /// A fault about the character that comes next.
    pub(super) fn unexpected(&self, expected: &str) -> HoursError {
        let (len, found) = match self.peek() {
            Some(found) => (found.len_utf8(), format!("{found:?}")),
            None => (0, "the end".to_owned()),
        };
        HoursError {
            at: self.at,
            len,
            message: format!("expected {expected}, found {found}"),
        }
    }

    /// `09:00-17:30`.
    pub(super) fn span(&mut self) -> Result<Span, HoursError> {
        let start = self.at;
        let from = self.clock()?;
        self.spaces();
        if !self.take("-") {
            return Err(self.unexpected("`-` and an end, as in 09:00-17:30"));
        }
        self.spaces();
        let to = self.clock()?;
        if self.peek() == Some('+') {
            return Err(self.unexpected("a closing time (an open end is not supported)"));
        }
        Span::new(from.0, to.0)
            .map_err(|error: SpansError| self.wrong_since(start, error.to_string()))
    }

    /// A time of day in minutes; up to 48:00, the end of the next day.
    fn clock(&mut self) -> Result<Clock, HoursError> {
        const EXPECTED: &str = "a time as in 09:00";
        let start = self.at;
        let hours = self.digits();
        if hours.is_empty() {
            return Err(self.unexpected(EXPECTED));
        }
        if !self.take(":") {
            return Err(self.unexpected(EXPECTED));
        }
        let minutes = self.digits();
        let read = match (hours.len(), minutes.len()) {
            (1..=2, 2) => hours.parse::<u16>().ok().zip(minutes.parse::<u16>().ok()),
            _ => None,
        };
        match read {
            Some((hours, minutes)) if minutes < 60 && hours * 60 + minutes <= 48 * 60 => {
                Ok(Clock(hours * 60 + minutes))
            }
            _ => {
                let found = self.text.get(start..self.at).unwrap_or_default();
                let message = format!("`{found}` is no time; expected HH:MM, as in 09:00");
                Err(self.wrong_since(start, message))
            }
        }
    }
}
