//! Why a server did not speak a text.

use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::file::FileError;

/// Why a server did not speak a text. No key and nothing that the server wrote is in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// What was given is no URL of a server.
    #[error("`{url}` is no URL of a speech server: {why}; right is https://host/v1/audio/speech")]
    Url {
        /// What was given, cut to 200 characters.
        url: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// There is no usable key where it should be.
    #[error("no key of the speech server in {place}: {why}")]
    Key {
        /// Where it was sought.
        place: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The file with the key cannot be read.
    #[error("no key of the speech server in {}: {source}", path.display())]
    KeyFile {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It failed a moment ago and is left alone.
    #[error("the speech server failed and rests for another {left:.1?}")]
    Rests {
        /// For how long yet.
        left: Duration,
    },
    /// It failed, and another text tries whether it is back.
    #[error("the speech server failed, and another text tries whether it is back")]
    Tried,
    /// Too many texts are with it.
    #[error("other texts are with the speech server, and none was done within {waited:?}")]
    Busy {
        /// How long this one waited for its turn.
        waited: Duration,
    },
    /// Nobody is there, or the connection broke.
    #[error("the speech server cannot be reached: {0}")]
    Connect(#[from] io::Error),
    /// A certificate that is to be trusted cannot be read, or TLS has none to trust.
    #[error("no certificates to know the speech server by: {0}")]
    Trust(String),
    /// It does not speak HTTP.
    #[error("the speech server does not speak HTTP as it should: {0}")]
    Http(#[source] Box<dyn Error + Send + Sync>),
    /// It does not want to.
    #[error("the speech server answered {status}, not 200")]
    Status {
        /// The status.
        status: u16,
    },
    /// It sent too much, or broke off.
    #[error("the sound of the speech server broke off, or has more than {limit} bytes")]
    Body {
        /// Bytes that are read.
        limit: usize,
    },
    /// It took too long.
    #[error("the speech server took longer than {limit:?}")]
    Slow {
        /// How long it may take.
        limit: Duration,
    },
    /// What it sent is no sound.
    #[error("what the speech server sent is no sound: {0}")]
    Sound(#[from] FileError),
    /// The thread that asks could not run.
    #[error("the speech server could not be asked")]
    Broken,
}

impl ServerError {
    /// Whether the next text would fail, too: everything but a refusal of this one.
    pub(super) fn is_of_the_server(&self) -> bool {
        match self {
            Self::Status { status } => !matches!(status, 400 | 413 | 422),
            Self::Sound(_)
            | Self::Body { .. }
            | Self::Busy { .. }
            | Self::Rests { .. }
            | Self::Tried => false,
            _ => true,
        }
    }
}
