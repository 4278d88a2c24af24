//! Results on standard output, diagnostics on standard error.

use std::fmt::Display;
use std::io::{self, BufWriter, StdoutLock, Write};

use callroute_tables::LoadError;
use serde::Serialize;

use crate::error::Error;

/// Where results and diagnostics go.
#[derive(Debug)]
pub(crate) struct Output {
    results: BufWriter<StdoutLock<'static>>,
    json: bool,
}

impl Output {
    /// The process's own output.
    pub(crate) fn new(json: bool) -> Self {
        Self {
            results: BufWriter::new(io::stdout().lock()),
            json,
        }
    }

    /// Whether JSON is asked for.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// A line of text among the results.
    pub(crate) fn line(&mut self, line: impl Display) -> Result<(), Error> {
        writeln!(self.results, "{line}").map_err(Error::Write)
    }

    /// A line of JSON among the results.
    pub(crate) fn json<T: Serialize>(&mut self, value: &T) -> Result<(), Error> {
        serde_json::to_writer(&mut self.results, value)
            .map_err(io::Error::from)
            .and_then(|()| self.results.write_all(b"\n"))
            .map_err(Error::Write)
    }

    /// A document of JSON among the results, for people.
    pub(crate) fn pretty<T: Serialize>(&mut self, value: &T) -> Result<(), Error> {
        serde_json::to_writer_pretty(&mut self.results, value)
            .map_err(io::Error::from)
            .and_then(|()| self.results.write_all(b"\n"))
            .map_err(Error::Write)
    }

    /// Gives away what was written so far.
    pub(crate) fn flush(&mut self) -> Result<(), Error> {
        self.results.flush().map_err(Error::Write)
    }

    /// A diagnostic; on a terminal it stands after the results that came before it.
    pub(crate) fn tell(&mut self, line: impl Display) -> Result<(), Error> {
        let flushed = self.flush();
        diagnose(line);
        flushed
    }

    /// A diagnostic as JSON.
    pub(crate) fn tell_json<T: Serialize>(&mut self, value: &T) -> Result<(), Error> {
        let flushed = self.flush();
        diagnose_json(value);
        flushed
    }

    /// An error that ends the command, or its work on one file.
    pub(crate) fn tell_error(&self, error: &Error) {
        match error {
            Error::Write(source) if source.kind() == io::ErrorKind::BrokenPipe => {}
            Error::Table(LoadError::Faults(faults)) if self.json => {
                faults.iter().for_each(diagnose_json);
            }
            Error::Table(LoadError::Faults(faults)) => diagnose(faults),
            other => diagnose(format_args!("callroute: {other}")),
        }
    }
}

fn diagnose(line: impl Display) {
    // When nobody reads diagnostics, there is nobody to tell.
    let _ = writeln!(io::stderr(), "{line}");
}

fn diagnose_json<T: Serialize>(value: &T) {
    match serde_json::to_string(value) {
        Ok(line) => diagnose(line),
        Err(error) => diagnose(error),
    }
}
