//! The files of messages: one of JSON for each, whole or not there.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use sha2::{Digest, Sha256};

use super::Boxes;
use crate::messages::{MessageError, StoredMessage};

/// Longest file that is read, in bytes.
const MAX_FILE: u64 = 64 * 1024;
/// Longest name of a file, in bytes: what file systems take.
const MAX_NAME: usize = 255;
/// How much of a longer one is left, before the hash of the whole.
const LEFT: usize = 180;
/// What messages are called in the end.
const WHOLE: &str = "json";
/// The same while they are written.
const PART: &str = "part";
/// A folder that was read sooner after its last change may change again at what its file system
/// takes for the same time.
const SETTLED: Duration = Duration::from_secs(3);

/// A folder of messages, as it was when it was read last.
#[derive(Debug)]
pub(super) struct Files {
    folder: PathBuf,
    /// When it had changed last, as far as that is known; `None`: it is read again in any case.
    changed: Option<SystemTime>,
    /// Nothing that changed at that time can be unknown.
    settled: bool,
    /// When it was read last.
    looked: Option<Instant>,
    /// By their names.
    known: BTreeMap<OsString, Known>,
}

/// A file as it was read.
#[derive(Debug)]
struct Known {
    stamp: Stamp,
    /// The box and the message; `None`: it is no message.
    key: Option<(String, String)>,
}

/// Tells a file from another of its name: its length, which `heard` changes, and when it was
/// written.
type Stamp = (u64, Option<SystemTime>);

/// That of a file which could not be read.
const UNREAD: Stamp = (u64::MAX, None);

impl Files {
    /// Opens a folder, which is made if it is not there. What a power cut kept from its name gets
    /// it.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            // What is not whole was never kept, or another process is about to write it.
            if is(&path, PART) && matches!(read(&path), Ok(Some(_))) {
                match std::fs::rename(&path, path.with_extension(WHOLE)) {
                    // Another process was about to.
                    Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                    Ok(()) | Err(_) => {}
                }
            }
        }
        sync_folder(folder)?;
        Ok(Self {
            folder: folder.to_owned(),
            changed: None,
            settled: false,
            looked: None,
            known: BTreeMap::new(),
        })
    }

    /// What is no message, or cannot be read.
    pub(super) fn strange(&self) -> Vec<PathBuf> {
        let all = self.known.iter();
        let strange = all.filter(|(_, known)| known.key.is_none());
        strange.map(|(name, _)| self.folder.join(name)).collect()
    }

    /// Reads what another process changed since the last time, as one that drains while this one
    /// has begun. What it changed at the same time as what is known is looked for again after
    /// `pause`, each time.
    pub(super) fn refresh(&mut self, boxes: &mut Boxes, pause: Duration) -> io::Result<()> {
        let changed = self.modified()?;
        let waits = || self.looked.is_some_and(|at| at.elapsed() < pause);
        if self.changed == Some(changed) && (self.settled || waits()) {
            return Ok(());
        }
        self.looked = Some(Instant::now());
        let mut found = BTreeMap::new();
        for entry in std::fs::read_dir(&self.folder)? {
            let entry = entry?;
            // What is gone again is not there.
            if is(&entry.path(), WHOLE)
                && let Ok(file) = entry.metadata()
            {
                found.insert(entry.file_name(), stamp(&file));
            }
        }
        self.known.retain(|name, known| {
            let there = found.contains_key(name);
            if !there {
                known.forget(boxes);
            }
            there
        });
        let mut all = true;
        for (name, stamp) in found {
            all &= self.learn(name, stamp, boxes).is_ok();
        }
        self.changed = all.then_some(changed);
        self.settled = changed.elapsed().is_ok_and(|since| since > SETTLED);
        Ok(())
    }

    fn modified(&self) -> io::Result<SystemTime> {
        std::fs::metadata(&self.folder)?.modified()
    }

    /// Does something to the folder, which is no reason to read it again.
    fn change<T>(&mut self, change: impl FnOnce(&mut Self) -> io::Result<T>) -> io::Result<T> {
        let was_known = self.modified().is_ok_and(|at| self.changed == Some(at));
        let done = change(self)?;
        if was_known {
            self.changed = self.modified().ok();
            // Another process may have changed something at the same time.
            self.settled = false;
        }
        Ok(done)
    }

    /// Reads a file that is new, or no longer the same. If it cannot be read, it is tried again.
    fn learn(&mut self, name: OsString, stamp: Stamp, boxes: &mut Boxes) -> io::Result<()> {
        let known = self.known.get(&name);
        if known.is_some_and(|known| known.stamp == stamp) {
            return Ok(());
        }
        let message = match read(&self.folder.join(&name)) {
            Ok(message) => message,
            Err(error) => {
                let (stamp, key) = (UNREAD, None);
                let known = self.known.entry(name);
                known.or_insert(Known { stamp, key }).stamp = UNREAD;
                return Err(error);
            }
        };
        let key = message.as_ref().map(key);
        if let Some(before) = self.known.insert(name, Known { stamp, key }) {
            before.forget(boxes);
        }
        if let Some(message) = message {
            let found = boxes.entry(message.mailbox.clone()).or_default();
            found.insert(message.id.clone(), message);
        }
        Ok(())
    }

    /// A whole file or none, whatever happens meanwhile, and on the disk when this is over.
    pub(super) fn write(&mut self, message: &StoredMessage) -> Result<(), MessageError> {
        let name = file_name(&message.mailbox, &message.id);
        let path = self.folder.join(&name);
        let part = path.with_extension(PART);
        match self.change(|_| put(message, &part, &path)) {
            Ok(stamp) => {
                let key = Some(key(message));
                self.known.insert(name.into(), Known { stamp, key });
                Ok(())
            }
            Err(source) => {
                // Otherwise it would be there after the next start, though it was not kept.
                let _ = std::fs::remove_file(part);
                Err(MessageError::Disk { path, source })
            }
        }
    }

    pub(super) fn delete(&mut self, message: &StoredMessage) -> Result<(), MessageError> {
        let name = file_name(&message.mailbox, &message.id);
        let path = self.folder.join(&name);
        self.change(|files| {
            std::fs::remove_file(&path)?;
            sync_folder(&files.folder)
        })
        .map_err(|source| MessageError::Disk { path, source })?;
        self.known.remove(OsStr::new(&name));
        Ok(())
    }
}

#[cfg(test)]
impl Files {
    /// Has the folder be read only where its time has changed, or in any case.
    pub(super) fn look(&mut self, again: bool) {
        let hour = Duration::from_secs(3600);
        self.looked = (!again).then(|| Instant::now() + hour);
    }
}

impl Known {
    fn forget(&self, boxes: &mut Boxes) {
        if let Some((mailbox, id)) = &self.key
            && let Some(messages) = boxes.get_mut(mailbox)
        {
            messages.remove(id);
        }
    }
}

fn key(message: &StoredMessage) -> (String, String) {
    (message.mailbox.clone(), message.id.clone())
}

fn stamp(file: &Metadata) -> Stamp {
    (file.len(), file.modified().ok())
}

fn put(message: &StoredMessage, part: &Path, path: &Path) -> io::Result<Stamp> {
    let mut file = File::create(part)?;
    file.write_all(&serde_json::to_vec(message)?)?;
    file.sync_all()?;
    let stamp = stamp(&file.metadata()?);
    match std::fs::rename(part, path) {
        // Another process that began meanwhile gave it its name.
        Err(error) if error.kind() == ErrorKind::NotFound && path.exists() => {}
        renamed => renamed?,
    }
    path.parent().map_or(Ok(()), sync_folder)?;
    Ok(stamp)
}

/// A name that is not on the disk is lost with the power.
fn sync_folder(folder: &Path) -> io::Result<()> {
    // Elsewhere a folder cannot be opened as a file.
    match cfg!(unix) {
        true => File::open(folder)?.sync_all(),
        false => Ok(()),
    }
}

fn is(path: &Path, kind: &str) -> bool {
    path.extension().is_some_and(|extension| extension == kind)
}

/// A message; `None`: it is none.
fn read(path: &Path) -> io::Result<Option<StoredMessage>> {
    let mut bytes = Vec::new();
    let read = File::open(path)?
        .take(MAX_FILE + 1)
        .read_to_end(&mut bytes)? as u64;
    Ok((read <= MAX_FILE)
        .then(|| serde_json::from_slice(&bytes).ok())
        .flatten())
}

/// What a message's file is called; no other's is called the same. The names themselves are in it.
fn file_name(mailbox: &str, id: &str) -> String {
    let mut name = format!("{}~{}", plain(mailbox), plain(id));
    if name.len() + 1 + WHOLE.len() > MAX_NAME {
        let hash = Sha256::digest(&name);
        name.truncate(LEFT);
        name.push('=');
        for byte in hash {
            name.push_str(&format!("{byte:02x}"));
        }
    }
    format!("{name}.{WHOLE}")
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
