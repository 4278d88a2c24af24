//! Messages that callers left, and how many wait in each box.

mod folder;

use std::fmt;

use callroute_schema::{CallId, Caller, Timestamp};
use serde::{Deserialize, Serialize};

pub use self::folder::FolderMessages;

/// A message with its facts.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredMessage {
    /// Names it within its box.
    pub id: String,
    /// The box.
    pub mailbox: String,
    /// The call in which it was left.
    pub call_id: CallId,
    /// Who left it.
    pub from: Caller,
    /// The caller's display name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_name: Option<String>,
    /// What was dialed.
    pub to: String,
    /// When it was left.
    pub received: Timestamp,
    /// Why the call came to the box, in words.
    pub reason: String,
    /// Where the sound is.
    pub url: String,
    /// How long it is, in milliseconds.
    pub duration_ms: u64,
    /// Somebody has heard it.
    #[serde(default)]
    pub heard: bool,
}

/// Who left it is masked; names, which tell of people, are left out.
impl fmt::Debug for StoredMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredMessage")
            .field("id", &self.id)
            .field("mailbox", &self.mailbox)
            .field("from", &self.from)
            .field("received", &self.received)
            .field("duration_ms", &self.duration_ms)
            .field("heard", &self.heard)
            .finish_non_exhaustive()
    }
}

/// How many messages a box has (RFC 3842's message-waiting state).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MessagesWaiting {
    /// Nobody has heard these.
    pub new: u32,
    /// Somebody has heard these.
    pub heard: u32,
}

/// Why messages cannot be kept or found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MessageError {
    /// No such message.
    #[error("box {mailbox} has no message {id}")]
    NotFound {
        /// The box.
        mailbox: String,
        /// What was asked for.
        id: String,
    },
    /// The box is full.
    #[error("box {mailbox} is full: it has {most} messages")]
    Full {
        /// The box.
        mailbox: String,
        /// The most that it may have.
        most: usize,
    },
    /// The disk does not take or give it.
    #[error("{}: {source}", path.display())]
    Disk {
        /// The file or folder.
        path: std::path::PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

/// Keeps messages. Implementations do not block for long.
pub trait MessageStore: Send + Sync + fmt::Debug + 'static {
    /// Keeps a message. May wait for a disk: routers call this beside the calls, one message at a
    /// time.
    ///
    /// # Errors
    /// [`MessageError`] when it cannot be kept; its sound is where it was.
    fn keep(&self, message: StoredMessage) -> Result<(), MessageError>;

    /// The messages of a box, the oldest first.
    fn list(&self, mailbox: &str) -> Vec<StoredMessage>;

    /// How many a box has.
    fn waiting(&self, mailbox: &str) -> MessagesWaiting;

    /// Somebody has heard a message, or wants it to be new again.
    ///
    /// # Errors
    /// [`MessageError`] when there is no such message, or the disk does not take it.
    fn mark(&self, mailbox: &str, id: &str, heard: bool) -> Result<(), MessageError>;

    /// Forgets a message; its sound is whose it is.
    ///
    /// # Errors
    /// [`MessageError`] when there is no such message, or the disk does not forget it.
    fn delete(&self, mailbox: &str, id: &str) -> Result<StoredMessage, MessageError>;
}
