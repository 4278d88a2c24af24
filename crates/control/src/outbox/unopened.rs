//! A file that a process left and that cannot be opened: each is read to its end then.

use std::fmt;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::outbox::READS;
use crate::outbox::segment::{self, Segment};

/// It is tried again at each look.
#[derive(Debug)]
pub(super) struct Unopened {
    numbers: Range<u64>,
    bytes: u64,
    error: io::Error,
    /// How often it could not be opened while others could be read.
    tries: u32,
}

/// What came of a try.
#[derive(Debug)]
pub(super) enum Tried {
    Opened(Segment),
    SetAside(SetAside),
}

/// A file that was given up, and moved out of the way.
#[derive(Debug)]
pub(crate) struct SetAside {
    path: PathBuf,
    error: io::Error,
    /// How many events of it were not taken; `None`: no file behind it tells.
    pub(crate) events: Option<u64>,
}

impl Unopened {
    pub(super) fn new(folder: &Path, numbers: Range<u64>, error: io::Error) -> Self {
        let (path, _) = segment::paths(folder, numbers.start);
        Self {
            numbers,
            bytes: length(&path),
            error,
            tries: 0,
        }
    }

    /// Bytes on disk.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn error(&self) -> &io::Error {
        &self.error
    }

    /// Tries once more. Where nothing else can be read it may be the disk as a whole, which may come
    /// back.
    ///
    /// # Errors
    /// Why it can neither be opened nor be given up.
    pub(super) fn open(&mut self, folder: &Path, others: bool) -> io::Result<Tried> {
        let error = match Segment::open(folder, self.numbers.clone()) {
            Ok(segment) => return Ok(Tried::Opened(segment)),
            Err(error) => error,
        };
        self.tries += u32::from(others && !is_want(&error));
        if is_want(&error) || self.tries < READS {
            return Err(error);
        }
        let events = self.events(folder);
        let path = self.move_away(folder)?;
        Ok(Tried::SetAside(SetAside {
            path,
            error,
            events,
        }))
    }

    fn events(&self, folder: &Path) -> Option<u64> {
        let (_, taken) = segment::paths(folder, self.numbers.start);
        let last = self.numbers.end == u64::MAX;
        let all = (!last).then(|| self.numbers.end - self.numbers.start)?;
        Some(all.saturating_sub(length(&taken) / segment::TAKEN))
    }

    /// Beside the folder, which is deleted when all else of it was taken: somebody may be able to read
    /// the file who is allowed to, or has tools for it.
    fn move_away(&self, folder: &Path) -> io::Result<PathBuf> {
        let (path, _) = segment::paths(folder, self.numbers.start);
        let first = self.numbers.start;
        let mut name = folder.as_os_str().to_owned();
        name.push(format!("-{first:012}.damaged"));
        std::fs::rename(path, &name)?;
        Ok(PathBuf::from(name))
    }
}

impl fmt::Display for SetAside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, error) = (self.path.display(), &self.error);
        write!(
            f,
            "a file that cannot be read ({error}); it is {path} now, "
        )?;
        match self.events {
            Some(events) => write!(f, "and {events} events of it are lost"),
            None => f.write_str("and how many events of it are lost is not known"),
        }
    }
}

/// "Too many open files", of this process and of the system: on every Unix.
const TOO_MANY_OPEN: [i32; 2] = [24, 23];

/// Whether this process, or the disk, has no room for one more file: which says nothing about the file.
pub(super) fn is_want(error: &io::Error) -> bool {
    let kind = matches!(
        error.kind(),
        io::ErrorKind::OutOfMemory | io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    );
    let too_many = |code| cfg!(unix) && TOO_MANY_OPEN.contains(&code);
    kind || error.raw_os_error().is_some_and(too_many)
}

/// How long a file is, as far as that can be known.
fn length(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |meta| meta.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is missing to open any file is no fault of this one, which would be given up for it.
    #[test]
    fn want_is_told_from_damage() {
        let full = io::Error::from(io::ErrorKind::StorageFull);
        assert!(is_want(&full));
        for code in TOO_MANY_OPEN {
            assert_eq!(is_want(&io::Error::from_raw_os_error(code)), cfg!(unix));
        }
        assert!(!is_want(&io::Error::from(io::ErrorKind::PermissionDenied)));
        assert!(!is_want(&io::Error::from(io::ErrorKind::InvalidData)));
    }
}
