//! Messages in a folder: a JSON file each, so that they last, and in memory, so that they are
//! found at once.

mod files;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use self::files::Files;
use super::{MessageError, MessageStore, MessagesWaiting, StoredMessage};

/// Most messages of one box.
const MOST: usize = 10_000;
/// How often a folder is read again that has changed just now: what another process does at the same
/// time shows in nothing else.
const LOOK: Duration = Duration::from_secs(1);

type Boxes = BTreeMap<String, BTreeMap<String, StoredMessage>>;

/// Messages in memory, and, where there is a folder, on disk. Several processes may use one
/// folder, as when one is started while another still drains.
#[derive(Debug, Default)]
pub struct FolderMessages(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    files: Option<Files>,
    boxes: Boxes,
}

impl FolderMessages {
    /// Messages that are gone with the process.
    #[must_use]
    pub fn in_memory() -> Self {
        Self::default()
    }

    /// Messages below a folder, which is made if it is not there; those that are there are read.
    /// What is no message is left alone, and named.
    ///
    /// # Errors
    /// [`MessageError::Disk`] when the folder cannot be made or read.
    pub fn open(folder: &Path) -> Result<(Self, Vec<PathBuf>), MessageError> {
        let disk = |source| MessageError::Disk {
            path: folder.to_owned(),
            source,
        };
        let mut boxes = Boxes::new();
        let mut files = Files::open(folder).map_err(disk)?;
        files.refresh(&mut boxes, LOOK).map_err(disk)?;
        let strange = files.strange();
        let files = Some(files);
        Ok((Self(Mutex::new(Kept { files, boxes })), strange))
    }

    /// All that is kept; of what another process changes it may lack what came in the last second.
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept_within(LOOK)
    }

    /// The same, as it is now: for what somebody does to one message.
    fn kept_now(&self) -> MutexGuard<'_, Kept> {
        self.kept_within(Duration::ZERO)
    }

    fn kept_within(&self, pause: Duration) -> MutexGuard<'_, Kept> {
        // Whole between any two statements below, so a panic elsewhere has not spoilt it.
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Kept { files, boxes } = &mut *kept;
        if let Some(files) = files {
            // Where the folder cannot be read, what was read of it holds.
            let _ = files.refresh(boxes, pause);
        }
        kept
    }
}

fn not_found(mailbox: &str, id: &str) -> MessageError {
    MessageError::NotFound {
        mailbox: mailbox.to_owned(),
        id: id.to_owned(),
    }
}

impl MessageStore for FolderMessages {
    fn keep(&self, message: StoredMessage) -> Result<(), MessageError> {
        let Kept { files, boxes } = &mut *self.kept();
        let found = boxes.entry(message.mailbox.clone()).or_default();
        if found.len() >= MOST {
            return Err(MessageError::Full {
                mailbox: message.mailbox,
                most: MOST,
            });
        }
        if let Some(files) = files {
            files.write(&message)?;
        }
        found.insert(message.id.clone(), message);
        Ok(())
    }

    fn list(&self, mailbox: &str) -> Vec<StoredMessage> {
        let kept = self.kept();
        let mut list: Vec<StoredMessage> = kept
            .boxes
            .get(mailbox)
            .map(|found| found.values().cloned().collect())
            .unwrap_or_default();
        list.sort_by_key(|message| message.received);
        list
    }

    fn waiting(&self, mailbox: &str) -> MessagesWaiting {
        let mut waiting = MessagesWaiting::default();
        if let Some(found) = self.kept().boxes.get(mailbox) {
            for message in found.values() {
                if message.heard {
                    waiting.heard += 1;
                } else {
                    waiting.new += 1;
                }
            }
        }
        waiting
    }

    fn mark(&self, mailbox: &str, id: &str, heard: bool) -> Result<(), MessageError> {
        let Kept { files, boxes } = &mut *self.kept_now();
        let message = boxes
            .get_mut(mailbox)
            .and_then(|found| found.get_mut(id))
            .ok_or_else(|| not_found(mailbox, id))?;
        let marked = StoredMessage {
            heard,
            ..message.clone()
        };
        if let Some(files) = files {
            files.write(&marked)?;
        }
        *message = marked;
        Ok(())
    }

    fn delete(&self, mailbox: &str, id: &str) -> Result<StoredMessage, MessageError> {
        let Kept { files, boxes } = &mut *self.kept_now();
        let found = boxes
            .get_mut(mailbox)
            .ok_or_else(|| not_found(mailbox, id))?;
        let message = found
            .get(id)
            .cloned()
            .ok_or_else(|| not_found(mailbox, id))?;
        if let Some(files) = files {
            files.delete(&message)?;
        }
        found.remove(id);
        Ok(message)
    }
}

#[cfg(test)]
mod tests;
