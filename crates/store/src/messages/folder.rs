//! Messages in a folder: a JSON file each, so that they last, and in memory, so that they are
//! found at once.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

use super::{MessageError, MessageStore, MessagesWaiting, StoredMessage};

/// Most messages of one box.
const MOST: usize = 10_000;
/// Longest file that is read, in bytes.
const MAX_FILE: u64 = 64 * 1024;
/// Longest name of a file, in bytes: what file systems take.
const MAX_NAME: usize = 255;
/// How much of a longer one is left, before the hash of the whole.
const LEFT: usize = 180;
/// What messages are called in the end.
const KIND: &str = ".json";

type Boxes = BTreeMap<String, BTreeMap<String, StoredMessage>>;

/// Messages in memory, and, where there is a folder, on disk.
#[derive(Debug, Default)]
pub struct FolderMessages {
    folder: Option<PathBuf>,
    boxes: Mutex<Boxes>,
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
        let disk = |path: &Path| {
            let path = path.to_owned();
            move |source| MessageError::Disk { path, source }
        };
        std::fs::create_dir_all(folder).map_err(disk(folder))?;
        let mut boxes = Boxes::new();
        let mut strange = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(disk(folder))? {
            let path = entry.map_err(disk(folder))?.path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            match read(&path) {
                Some(message) => {
                    let found = boxes.entry(message.mailbox.clone()).or_default();
                    found.insert(message.id.clone(), message);
                }
                None => strange.push(path),
            }
        }
        let messages = Self {
            folder: Some(folder.to_owned()),
            boxes: Mutex::new(boxes),
        };
        Ok((messages, strange))
    }

    fn boxes(&self) -> MutexGuard<'_, Boxes> {
        // Whole between any two statements below, so a panic elsewhere has not spoilt it.
        self.boxes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, message: &StoredMessage) -> Option<PathBuf> {
        let name = file_name(&message.mailbox, &message.id);
        Some(self.folder.as_ref()?.join(name))
    }

    /// A whole file or none, whatever happens meanwhile.
    fn write(&self, message: &StoredMessage) -> Result<(), MessageError> {
        let Some(path) = self.path(message) else {
            return Ok(());
        };
        let part = path.with_extension("part");
        let written = || {
            let mut file = std::fs::File::create(&part)?;
            file.write_all(&serde_json::to_vec(message)?)?;
            file.sync_all()?;
            std::fs::rename(&part, &path)
        };
        written().map_err(|source| MessageError::Disk { path, source })
    }
}

/// What a message's file is called; no other's is called the same. The names themselves are in it.
fn file_name(mailbox: &str, id: &str) -> String {
    let mut name = format!("{}~{}", plain(mailbox), plain(id));
    if name.len() + KIND.len() > MAX_NAME {
        let hash = Sha256::digest(&name);
        name.truncate(LEFT);
        name.push('=');
        for byte in hash {
            name.push_str(&format!("{byte:02x}"));
        }
    }
    name + KIND
}

/// A text as part of a file's name, and no other text as the same.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'-' {
            plain.push(char::from(byte));
        } else {
            plain.push_str(&format!("_{byte:02x}"));
        }
    }
    plain
}

fn read(path: &Path) -> Option<StoredMessage> {
    if std::fs::metadata(path).ok()?.len() > MAX_FILE {
        return None;
    }
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

fn not_found(mailbox: &str, id: &str) -> MessageError {
    MessageError::NotFound {
        mailbox: mailbox.to_owned(),
        id: id.to_owned(),
    }
}

impl MessageStore for FolderMessages {
    fn keep(&self, message: StoredMessage) -> Result<(), MessageError> {
        let mut boxes = self.boxes();
        let found = boxes.entry(message.mailbox.clone()).or_default();
        if found.len() >= MOST {
            return Err(MessageError::Full {
                mailbox: message.mailbox,
                most: MOST,
            });
        }
        self.write(&message)?;
        found.insert(message.id.clone(), message);
        Ok(())
    }

    fn list(&self, mailbox: &str) -> Vec<StoredMessage> {
        let boxes = self.boxes();
        let mut list: Vec<StoredMessage> = boxes
            .get(mailbox)
            .map(|found| found.values().cloned().collect())
            .unwrap_or_default();
        list.sort_by_key(|message| message.received);
        list
    }

    fn waiting(&self, mailbox: &str) -> MessagesWaiting {
        let mut waiting = MessagesWaiting::default();
        if let Some(found) = self.boxes().get(mailbox) {
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
        let mut boxes = self.boxes();
        let message = boxes
            .get_mut(mailbox)
            .and_then(|found| found.get_mut(id))
            .ok_or_else(|| not_found(mailbox, id))?;
        let marked = StoredMessage {
            heard,
            ..message.clone()
        };
        self.write(&marked)?;
        *message = marked;
        Ok(())
    }

    fn delete(&self, mailbox: &str, id: &str) -> Result<StoredMessage, MessageError> {
        let mut boxes = self.boxes();
        let found = boxes
            .get_mut(mailbox)
            .ok_or_else(|| not_found(mailbox, id))?;
        let message = found
            .get(id)
            .cloned()
            .ok_or_else(|| not_found(mailbox, id))?;
        if let Some(path) = self.path(&message) {
            std::fs::remove_file(&path).map_err(|source| MessageError::Disk { path, source })?;
        }
        found.remove(id);
        Ok(message)
    }
}

#[cfg(test)]
mod tests;
