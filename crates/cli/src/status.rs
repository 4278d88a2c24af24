//! What the command ends with: the exit codes.

use std::process::ExitCode;

/// How a command ended; of several, the greatest counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Status {
    /// All went well.
    Fine = 0,
    /// It ran, and found something wrong.
    Findings = 1,
    /// The command line makes no sense.
    Usage = 2,
    /// A file could not be read or written.
    OutOfReach = 3,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(status as u8)
    }
}

/// Shows what is wrong with the command line, or the help that it asks for.
pub(crate) fn usage(error: &clap::Error) -> Status {
    // When nobody reads it, there is nobody to tell.
    let _ = error.print();
    if error.use_stderr() {
        Status::Usage
    } else {
        Status::Fine
    }
}
