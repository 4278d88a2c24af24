//! What is read: files and standard input, each with its bound.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::PathBuf;

use crate::error::Error;
use crate::output::Output;

/// Longest line of events that is read, in bytes.
pub(crate) const MAX_LINE: u64 = 1024 * 1024;

/// The mark that some editors put in front of a text in UTF-8.
const BOM: &[u8] = "\u{feff}".as_bytes();

/// A file, or standard input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Input {
    /// `-` on the command line.
    Stdin,
    /// A file.
    File(PathBuf),
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdin => f.write_str("stdin"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

impl Input {
    /// Its bytes, at most this many, without a byte order mark.
    ///
    /// # Errors
    /// [`Error::Read`] and [`Error::TooLarge`].
    pub(crate) fn bytes(&self, most: u64) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        let mut reader = self.open()?.take(most.saturating_add(1));
        reader
            .read_to_end(&mut bytes)
            .map_err(|source| self.unreadable(source))?;
        if bytes.len() as u64 > most {
            let name = self.to_string();
            return Err(Error::TooLarge { name, most });
        }
        if bytes.starts_with(BOM) {
            bytes.drain(..BOM.len());
        }
        Ok(bytes)
    }

    /// Its text, at most this many bytes.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::TooLarge`] and [`Error::NotText`].
    pub(crate) fn text(&self, most: u64) -> Result<String, Error> {
        String::from_utf8(self.bytes(most)?).map_err(|error| Error::NotText {
            name: self.to_string(),
            at: error.utf8_error().valid_up_to(),
        })
    }

    /// The same of a file that a crash may have cut off anywhere: a character that lacks its last
    /// bytes at the very end is left out.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::TooLarge`] and [`Error::NotText`].
    pub(crate) fn text_to_cut(&self, most: u64) -> Result<String, Error> {
        let bytes = self.bytes(most)?;
        String::from_utf8(bytes).or_else(|error| {
            let (at, bad) = (
                error.utf8_error().valid_up_to(),
                error.utf8_error().error_len(),
            );
            let mut bytes = error.into_bytes();
            bytes.truncate(at);
            match (bad, String::from_utf8(bytes)) {
                (None, Ok(text)) => Ok(text),
                _ => Err(Error::NotText {
                    name: self.to_string(),
                    at,
                }),
            }
        })
    }

    /// Its lines.
    ///
    /// # Errors
    /// [`Error::Read`] when it cannot be opened.
    pub(crate) fn lines(&self) -> Result<Lines<'_>, Error> {
        Ok(Lines {
            input: self,
            reader: BufReader::new(self.open()?),
            line: Vec::new(),
            number: 0,
        })
    }

    fn open(&self) -> Result<Box<dyn Read>, Error> {
        match self {
            Self::Stdin => Ok(Box::new(io::stdin().lock())),
            Self::File(path) => match File::open(path) {
                Ok(file) => Ok(Box::new(file)),
                Err(source) => Err(self.unreadable(source)),
            },
        }
    }

    fn unreadable(&self, source: io::Error) -> Error {
        let name = self.to_string();
        Error::Read { name, source }
    }
}

/// The lines of an input, one after the other.
pub(crate) struct Lines<'a> {
    input: &'a Input,
    reader: BufReader<Box<dyn Read>>,
    line: Vec<u8>,
    number: usize,
}

/// One line.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    /// Its number, from 1.
    pub(crate) number: usize,
    /// What it holds; `None` when that is more than [`MAX_LINE`].
    pub(crate) bytes: Option<&'a [u8]>,
}

impl Lines<'_> {
    /// The next line that is not blank. A program that waits for its answer before it sends more
    /// gets it: what is in `out` is written first.
    ///
    /// # Errors
    /// [`Error::Read`] when the system cannot read on, [`Error::Write`] when it cannot write.
    pub(crate) fn next(&mut self, out: &mut Output) -> Result<Option<Line<'_>>, Error> {
        if !self.reader.buffer().contains(&b'\n') {
            out.flush()?;
        }
        loop {
            self.line.clear();
            let fits = self
                .fill()
                .map_err(|source| self.input.unreadable(source))?;
            if self.line.is_empty() {
                return Ok(None);
            }
            self.number += 1;
            if self.number == 1 && self.line.starts_with(BOM) {
                self.line.drain(..BOM.len());
            }
            if !fits || !self.line.trim_ascii().is_empty() {
                return Ok(Some(Line {
                    number: self.number,
                    bytes: fits.then_some(self.line.trim_ascii()),
                }));
            }
        }
    }

    /// Reads a line; whether it fits. Of one that does not, the rest is passed over.
    fn fill(&mut self) -> io::Result<bool> {
        let mut bounded = (&mut self.reader).take(MAX_LINE + 1);
        bounded.read_until(b'\n', &mut self.line)?;
        let fits = self.line.ends_with(b"\n") || self.line.len() as u64 <= MAX_LINE;
        if !fits {
            self.reader.skip_until(b'\n')?;
        }
        Ok(fits)
    }
}
