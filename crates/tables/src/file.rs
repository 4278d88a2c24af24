//! A routing file on disk, and the table in force.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use callroute_rules::{Engine, Faults, Zones};

use crate::check::{Check, Refused};
use crate::folder::{Folder, Seen};
use crate::handle::TableHandle;
use crate::zones::SystemZones;

/// Why a routing file did not load.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The file itself could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It was read, and is wrong.
    #[error(transparent)]
    Faults(#[from] Faults),
    /// It is well written, and did not pass what it is [held to](FileTable::held_to).
    #[error("{}: {source}", path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// What a reload came to.
#[derive(Debug, Clone)]
pub enum Reload {
    /// Nothing changed since the last attempt, good or bad.
    Unchanged,
    /// This table is in force now.
    Replaced(Arc<Engine>),
}

/// Reads and compiles a routing file; `file:` entries are relative to it.
///
/// # Errors
/// [`LoadError`]: it could not be read, or everything that is wrong with it.
pub fn load(path: &Path, zones: &dyn Zones) -> Result<Engine, LoadError> {
    attempt(path, zones).0
}

fn attempt(path: &Path, zones: &dyn Zones) -> (Result<Engine, LoadError>, Vec<Seen>) {
    let folder = Folder::of(path);
    let engine = match folder.open(path) {
        Ok(text) => {
            let name = path.display().to_string();
            callroute_rules::load(&name, &text, &folder, zones).map_err(LoadError::Faults)
        }
        Err(source) => Err(LoadError::Read {
            path: path.to_path_buf(),
            source,
        }),
    };
    (engine, folder.seen())
}

/// A routing file on disk, and the table it gives.
#[derive(Debug)]
pub struct FileTable<Z = SystemZones> {
    path: PathBuf,
    zones: Z,
    handle: TableHandle,
    check: Check,
    /// What the last attempt was made of.
    last: Mutex<Last>,
}

#[derive(Debug)]
struct Last {
    seen: Vec<Seen>,
    release: String,
    /// The table that was refused, and why: what it lacks may come without the file being touched.
    refused: Option<(Arc<Engine>, String)>,
}

impl FileTable {
    /// Loads a routing file, with the system's time zones.
    ///
    /// # Errors
    /// [`LoadError`] when there is no good table to begin with.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, LoadError> {
        Self::with_zones(path, SystemZones::new())
    }
}

impl<Z: Zones> FileTable<Z> {
    /// Loads a routing file, with time zones from elsewhere.
    ///
    /// # Errors
    /// [`LoadError`] when there is no good table to begin with.
    pub fn with_zones(path: impl Into<PathBuf>, zones: Z) -> Result<Self, LoadError> {
        let path = path.into();
        let release = zones.release();
        let (engine, seen) = attempt(&path, &zones);
        Ok(Self {
            handle: TableHandle::new(Arc::new(engine?)),
            path,
            zones,
            check: Check::default(),
            last: Mutex::new(Last {
                seen,
                release,
                refused: None,
            }),
        })
    }

    /// Holds this table, and each that takes its place, to something that the file alone does not
    /// show, as that the secrets of its webhooks can be read. May block.
    ///
    /// # Errors
    /// [`LoadError::Refused`] when the table in force does not pass.
    pub fn held_to<E: Into<Box<dyn std::error::Error + Send + Sync>>>(
        mut self,
        check: impl Fn(&Engine) -> Result<(), E> + Send + Sync + 'static,
    ) -> Result<Self, LoadError> {
        self.check = Check::new(check);
        match self.check.of(&self.current()) {
            Ok(()) => Ok(self),
            Err(source) => Err(self.refused(source)),
        }
    }

    /// Reads the file again if it, a file it names, or the system's zone data changed since the
    /// last attempt. A table with a fault, or one that is refused, changes nothing: the last good
    /// one stays in force. What was refused is put in force as soon as it passes.
    ///
    /// # Errors
    /// [`LoadError`], once for each change.
    pub fn reload(&self) -> Result<Reload, LoadError> {
        // One at a time, so that an older text never replaces a newer one.
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let release = self.zones.release();
        let changed = release != last.release || last.seen.iter().any(Seen::changed);
        let (engine, told) = match last.refused.take() {
            Some((engine, told)) if !changed => (engine, Some(told)),
            None if !changed => return Ok(Reload::Unchanged),
            _ => {
                let (engine, seen) = attempt(&self.path, &self.zones);
                (last.seen, last.release) = (seen, release);
                (Arc::new(engine?), None)
            }
        };
        let Err(source) = self.check.of(&engine) else {
            self.handle.replace(Arc::clone(&engine));
            return Ok(Reload::Replaced(engine));
        };
        let why = source.to_string();
        let is_news = told.is_none_or(|told| told != why);
        last.refused = Some((engine, why));
        match is_news {
            true => Err(self.refused(source)),
            false => Ok(Reload::Unchanged),
        }
    }

    fn refused(&self, source: Refused) -> LoadError {
        LoadError::Refused {
            path: self.path.clone(),
            source,
        }
    }

    /// The routing file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The handle that calls take their table from.
    #[must_use]
    pub fn handle(&self) -> TableHandle {
        self.handle.clone()
    }

    /// The table in force.
    #[must_use]
    pub fn current(&self) -> Arc<Engine> {
        self.handle.current()
    }
}

#[cfg(test)]
mod tests;
