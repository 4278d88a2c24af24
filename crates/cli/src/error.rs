//! Why a command could not do its work, and which exit status that is.

use std::io;
use std::path::PathBuf;

use callroute_router::{KeptTableError, WebhookConfigError};
use callroute_schema::tree::ReadError;
use callroute_session::journal::ParseJournalError;
use callroute_tables::LoadError;
use callroute_webhook::{ConfigError, SecretError, TrustError};

use crate::status::Status;

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Standard input is named more than once.
    #[error("standard input can be read only once; give one of the inputs as a file")]
    StdinTwice,
    /// A journal from standard input has no folder to look for its table in.
    #[error(
        "a journal from standard input has no `tables` folder beside it; \
         add --routes FILE, or give the journal as a file"
    )]
    NoFolder,
    /// The facts are none.
    #[error(
        "{name} holds no facts: {source}; write a list of pairs, as in [[{{\"available\":\"ann\"}},\"yes\"]]"
    )]
    Facts {
        /// The file.
        name: String,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// Nothing to read there.
    #[error("cannot read {name}: {source}")]
    Read {
        /// The file.
        name: String,
        /// What the system says.
        source: io::Error,
    },
    /// More than is read into memory.
    #[error("{name} has more than {most} bytes, which is more than is read")]
    TooLarge {
        /// The file.
        name: String,
        /// The limit, in bytes.
        most: u64,
    },
    /// A file that is not text.
    #[error("{name} is no UTF-8 text: byte {at} is no character")]
    NotText {
        /// The file.
        name: String,
        /// The first bad byte, from 0.
        at: usize,
    },
    /// A routing file that could not be read, or is wrong.
    #[error(transparent)]
    Table(#[from] LoadError),
    /// An event that is wrong.
    #[error("{name}: {source}")]
    Event {
        /// The file.
        name: String,
        /// What is wrong, with its JSON path.
        source: ReadError,
    },
    /// A journal that is wrong.
    #[error("{name}: {source}")]
    Journal {
        /// The file.
        name: String,
        /// What is wrong, with its line.
        source: ParseJournalError,
    },
    /// The table that a call began with is not kept beside its journal.
    #[error("{0}; copy it there from the router's journal folder, or add --routes FILE")]
    NoTable(KeptTableError),
    /// What is kept beside a journal is no table, or not named as one.
    #[error(transparent)]
    KeptTable(KeptTableError),
    /// A webhook of the routing file that can never be asked.
    #[error(transparent)]
    Webhook(#[from] WebhookConfigError),
    /// A database that cannot be asked.
    #[error(transparent)]
    Database(#[from] callroute_store::OpenError),
    /// A URL that cannot be asked.
    #[error(transparent)]
    Url(#[from] ConfigError),
    /// A secret that cannot be read.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// A CA that cannot be used.
    #[error("{}: {source}", path.display())]
    Ca {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: TrustError,
    },
    /// A number on the command line that is none.
    #[error("--{option}: {detail}")]
    Number {
        /// The option.
        option: &'static str,
        /// What is wrong.
        detail: String,
    },
    /// Networking could not be started.
    #[error("networking cannot be started: {0}")]
    Runtime(#[source] io::Error),
    /// A test file that is wrong.
    #[error("{name}: {detail}")]
    TestFile {
        /// The file.
        name: String,
        /// What is wrong, with its place.
        detail: String,
    },
    /// No test was played.
    #[error("no test was played: {}", match only {
        Some(only) => format!("none has {only:?} in its name"),
        None => "`tests` is empty".to_owned(),
    })]
    NoTests {
        /// The text that a test's name should hold.
        only: Option<String>,
    },
    /// The results could not be written.
    #[error("cannot write the results: {0}")]
    Write(#[source] io::Error),
}

impl Error {
    /// How the command ends with this.
    pub(crate) fn status(&self) -> Status {
        match self {
            // Whoever read the results has had enough of them, as `head` does.
            Self::Write(source) if source.kind() == io::ErrorKind::BrokenPipe => Status::Fine,
            Self::StdinTwice | Self::NoFolder | Self::Url(_) | Self::Number { .. } => Status::Usage,
            Self::Webhook(_) | Self::Ca { .. } => Status::Findings,
            Self::NotText { .. }
            | Self::Table(LoadError::Faults(_))
            | Self::Event { .. }
            | Self::Facts { .. }
            | Self::Journal { .. }
            | Self::KeptTable(_)
            | Self::NoTests { .. }
            | Self::TestFile { .. } => Status::Findings,
            Self::Read { .. }
            | Self::TooLarge { .. }
            | Self::Table(_)
            | Self::NoTable(_)
            | Self::Secret(_)
            | Self::Database(_)
            | Self::Runtime(_)
            | Self::Write(_) => Status::OutOfReach,
        }
    }
}
