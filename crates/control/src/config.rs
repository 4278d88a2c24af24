//! Where events are told.

use std::path::PathBuf;
use std::time::Duration;

use callroute_webhook::Endpoints;

/// Where events are told.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Sink {
    /// Posted to a web server.
    Webhook(WebhookSink),
    /// Written to a file, one JSON object a line.
    Lines(LinesSink),
}

/// A web server that is told.
#[derive(Debug, Clone)]
pub struct WebhookSink {
    /// Where, and what requests are signed with. Each request has the whole deadline.
    pub endpoints: Endpoints,
    /// The folder of what is not yet taken, on a file system with locks; made if it is not there.
    /// Each sink has its own; [`outbox_of`](crate::outbox_of) names one by its URL. Several processes may share it: each has a part that it locks, and
    /// adopts those of processes that have ended.
    pub outbox: PathBuf,
    /// Most bytes of a process's part, with those that it adopted; what comes when it is full is
    /// lost, counted and said.
    pub max_bytes: u64,
    /// The first pause after a failure; each further one is twice as long, up to
    /// [`max_pause`](Self::max_pause).
    pub pause: Duration,
    /// The longest pause.
    pub max_pause: Duration,
    /// What is older than this is not told any more.
    pub max_age: Duration,
}

impl WebhookSink {
    /// 256 MiB, pauses of 1 s to 5 min, for three days.
    #[must_use]
    pub fn new(endpoints: Endpoints, outbox: PathBuf) -> Self {
        Self {
            endpoints,
            outbox,
            max_bytes: 256 * 1024 * 1024,
            pause: Duration::from_secs(1),
            max_pause: Duration::from_secs(300),
            max_age: Duration::from_secs(3 * 24 * 3600),
        }
    }
}

/// A file of JSON lines.
#[derive(Debug, Clone)]
pub struct LinesSink {
    /// The file; what it holds is kept. Several processes may write to one, with the same bound.
    pub path: PathBuf,
    /// When it has so many bytes, it is renamed to `….1`, in place of the one before, and begun
    /// anew.
    pub max_bytes: u64,
}

impl LinesSink {
    /// 1 GiB.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self {
            path,
            max_bytes: 1024 * 1024 * 1024,
        }
    }
}

/// Why callbacks cannot be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StatusCallbackError {
    /// The outbox cannot be opened.
    #[error("the outbox {} cannot be opened: {source}", path.display())]
    Outbox {
        /// Its folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Two sinks with one outbox would tell each other's events.
    #[error("the outbox {} is used by two sinks; give each a folder of its own", path.display())]
    Shared {
        /// The folder.
        path: PathBuf,
    },
    /// The file cannot be opened.
    #[error("{} cannot be opened: {source}", path.display())]
    Lines {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The thread cannot be started.
    #[error("the thread that writes events cannot be started: {0}")]
    Thread(std::io::Error),
}
