//! What one process put into an outbox: a folder of its own, which it locks as long as it lives.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::outbox::segment::{self, Segment};
use crate::outbox::unopened::{SetAside, Tried, Unopened, is_want};

/// Bytes from which on a new file is begun.
const FULL: u64 = 4 * 1024 * 1024;
/// What the folders of processes are called, before their number.
const PREFIX: &str = "process-";
/// The file that is locked.
const LOCK: &str = "lock";

/// One process's part.
#[derive(Debug)]
pub(super) struct Share {
    folder: PathBuf,
    /// Locked; the system unlocks it when the process ends, however it ends.
    lock: File,
    /// By the number of each one's first event.
    segments: BTreeMap<u64, Segment>,
    /// The same of those that could not be opened yet. They hold up those behind them.
    unopened: BTreeMap<u64, Unopened>,
    /// Whether this process wrote it, so that more may come.
    grows: bool,
    /// The first event that was not read yet.
    unread: u64,
}

/// The numbers of the processes that left something in an outbox, in the order of their starts.
pub(super) fn found(outbox: &Path) -> io::Result<Vec<u64>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(outbox)? {
        let name = entry?.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
        found.extend(number.and_then(|number| number.parse::<u64>().ok()));
    }
    found.sort_unstable();
    Ok(found)
}

fn place(outbox: &Path, number: u64) -> PathBuf {
    outbox.join(format!("{PREFIX}{number}"))
}

/// Opens a lock file.
fn lock_file(folder: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).write(true).truncate(false);
    options.open(folder.join(LOCK))
}

/// Whoever holds this may make and delete the folders of an outbox. Waits for it.
pub(super) fn gate(outbox: &Path) -> io::Result<File> {
    let gate = lock_file(outbox)?;
    gate.lock()?;
    Ok(gate)
}

/// The same, unless somebody else has it.
pub(super) fn free_gate(outbox: &Path) -> io::Result<Option<File>> {
    try_lock(lock_file(outbox)?)
}

fn try_lock(file: File) -> io::Result<Option<File>> {
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

impl Share {
    /// Makes this process's own.
    pub(super) fn create(outbox: &Path, number: u64) -> io::Result<Self> {
        let mut share = Self::make(outbox, number)?;
        share.grows = true;
        share.begin(1)?;
        Ok(share)
    }

    fn make(outbox: &Path, number: u64) -> io::Result<Self> {
        let folder = place(outbox, number);
        std::fs::create_dir(&folder)?;
        segment::sync_folder(outbox)?;
        let lock = lock_file(&folder)?;
        // Nobody knows it yet.
        lock.lock()?;
        Ok(Self::empty(folder, lock))
    }

    fn empty(folder: PathBuf, lock: File) -> Self {
        Self {
            folder,
            lock,
            segments: BTreeMap::new(),
            unopened: BTreeMap::new(),
            grows: false,
            unread: 1,
        }
    }

    /// What a process left that is no more; `None`: it is still there.
    pub(super) fn adopt(outbox: &Path, number: u64) -> io::Result<Option<Self>> {
        let folder = place(outbox, number);
        let Some(lock) = try_lock(lock_file(&folder)?)? else {
            return Ok(None);
        };
        let mut share = Self::empty(folder, lock);
        share.open_all()?;
        Ok(Some(share))
    }

    /// What lies in the outbox itself, where earlier versions put it.
    pub(super) fn adopt_old(outbox: &Path, number: u64) -> io::Result<Option<Self>> {
        let old = segment::found(outbox)?;
        if old.is_empty() {
            return Ok(None);
        }
        let mut share = Self::make(outbox, number)?;
        for first in old {
            segment::carry(outbox, &share.folder, first)?;
        }
        share.open_all()?;
        Ok(Some(share))
    }

    fn open_all(&mut self) -> io::Result<()> {
        for numbers in segment::ranges(&self.folder)? {
            match Segment::open(&self.folder, numbers.clone()) {
                Ok(segment) => self.opened(numbers.start, segment),
                // All of it is tried again later, and holds nothing meanwhile.
                Err(error) if is_want(&error) => return Err(error),
                Err(error) => {
                    let unopened = Unopened::new(&self.folder, numbers.clone(), error);
                    self.unopened.insert(numbers.start, unopened);
                }
            }
        }
        Ok(())
    }

    fn opened(&mut self, first: u64, segment: Segment) {
        if segment.left() > 0 {
            self.segments.insert(first, segment);
        } else {
            // discard: what stays goes with its folder.
            let _ = segment.delete();
        }
    }

    /// Tries once more to open what could not be. `others`: whether anything else can be read; then
    /// what cannot, time and again, is given up, and moved out of the way.
    pub(super) fn open_rest(&mut self, others: bool) -> (Vec<SetAside>, io::Result<()>) {
        let (mut aside, mut all) = (Vec::new(), Ok(()));
        for (first, mut unopened) in std::mem::take(&mut self.unopened) {
            match unopened.open(&self.folder, others) {
                Ok(Tried::Opened(segment)) => self.opened(first, segment),
                Ok(Tried::SetAside(file)) => aside.push(file),
                Err(error) => {
                    all = Err(error);
                    self.unopened.insert(first, unopened);
                }
            }
        }
        (aside, all)
    }

    /// Why a file of it cannot be opened, where one cannot.
    pub(super) fn unopened(&self) -> Option<&io::Error> {
        self.unopened.values().next().map(Unopened::error)
    }

    /// Whether all of it was taken.
    pub(super) fn is_over(&self) -> bool {
        self.unopened.is_empty() && self.left() == 0
    }

    /// Deletes its folder.
    pub(super) fn delete(self) -> io::Result<()> {
        // Elsewhere a file that is open cannot be deleted. Nobody takes it meanwhile: for that the
        // gate is needed.
        drop(self.lock);
        std::fs::remove_dir_all(&self.folder)
    }

    fn begin(&mut self, next: u64) -> io::Result<()> {
        let segment = Segment::create(&self.folder, next)?;
        self.segments.insert(next, segment);
        Ok(())
    }

    /// Begins a new file when the last one is full, or all of it was taken.
    pub(super) fn turn(&mut self, size: u64) -> io::Result<()> {
        let Some((first, last)) = self.segments.iter().next_back() else {
            return Ok(());
        };
        let over = last.left() == 0;
        if last.bytes() == 0 || !(over || last.bytes().saturating_add(size) > FULL) {
            return Ok(());
        }
        let (first, next) = (*first, last.next());
        // From here on only the new file is flushed.
        self.flush(true)?;
        self.begin(next)?;
        if over && let Some(segment) = self.segments.remove(&first) {
            segment.delete()?;
        }
        Ok(())
    }

    /// The next event's number.
    pub(super) fn next(&self) -> u64 {
        let newest = self.segments.values().next_back();
        newest.map_or(1, Segment::next)
    }

    pub(super) fn add(&mut self, line: &[u8]) -> io::Result<()> {
        if let Some(segment) = self.segments.values_mut().next_back() {
            segment.add(line)?;
        }
        Ok(())
    }

    /// Cuts out what was taken of one file, where that is worth it; whether there was such a file.
    pub(super) fn shrink(&mut self) -> io::Result<bool> {
        let finished = self.segments.len() - usize::from(self.grows && !self.segments.is_empty());
        let mut done = Ok(false);
        for segment in self.segments.values_mut().take(finished) {
            if segment.is_sparse() {
                done = segment.shrink().map(|()| true);
            }
            if matches!(done, Ok(true)) {
                break;
            }
        }
        done
    }

    /// Bytes on disk.
    pub(super) fn bytes(&self) -> u64 {
        let unopened: u64 = self.unopened.values().map(Unopened::bytes).sum();
        unopened + self.segments.values().map(Segment::bytes).sum::<u64>()
    }

    /// Events that were not taken yet.
    pub(super) fn left(&self) -> u64 {
        self.segments.values().map(Segment::left).sum()
    }

    pub(super) fn flush(&mut self, to_disk: bool) -> io::Result<()> {
        match self.segments.values_mut().next_back() {
            Some(segment) => segment.flush(to_disk),
            None => Ok(()),
        }
    }

    /// The file that grows.
    pub(super) fn newest(&mut self) -> io::Result<Option<File>> {
        let newest = self.segments.values_mut().next_back();
        newest.map(Segment::file).transpose()
    }

    /// The next event that was neither read nor taken, and its line, or why that cannot be read: then
    /// it stays the next one until it is [passed](Self::pass).
    pub(super) fn read(&mut self) -> Option<(u64, io::Result<Vec<u8>>)> {
        loop {
            let unread = self.unread;
            let before = self.segments.range(..=unread).next_back();
            let has_it = before.filter(|(_, segment)| segment.next() > unread);
            let holds = has_it.or_else(|| self.segments.range(unread..).next());
            let first = *holds?.0;
            if self.unopened.range(..first).next().is_some() {
                return None;
            }
            let segment = self.segments.get_mut(&first)?;
            let seq = unread.max(first);
            if seq >= segment.next() {
                return None;
            }
            if segment.is_pending(seq) && segment.flush(false).is_err() {
                // Whoever wrote it said so. What the disk took is told, which makes room.
                return None;
            }
            let line = (!segment.is_taken(seq)).then(|| segment.line(seq));
            if !matches!(line, Some(Err(_))) {
                self.pass(seq);
            }
            if let Some(line) = line {
                return Some((seq, line));
            }
        }
    }

    /// An event is not read any more.
    pub(super) fn pass(&mut self, seq: u64) {
        self.unread = seq + 1;
    }

    /// Whether the disk gives anything at all.
    pub(super) fn can_be_read(&mut self) -> bool {
        self.segments.values_mut().any(Segment::can_be_read)
    }

    /// The line of an event; empty, if there is none.
    pub(super) fn line(&mut self, seq: u64) -> io::Result<Vec<u8>> {
        match self.segments.range_mut(..=seq).next_back() {
            Some((_, segment)) => segment.line(seq),
            None => Ok(Vec::new()),
        }
    }

    /// An event was taken, or is not to be told any more.
    pub(super) fn take(&mut self, seq: u64) -> io::Result<()> {
        let Some((first, segment)) = self.segments.range_mut(..=seq).next_back() else {
            return Ok(());
        };
        segment.take(seq)?;
        let (first, over) = (*first, segment.left() == 0);
        let newest = self.segments.keys().next_back() == Some(&first);
        // One that may still grow is kept.
        if over
            && !(newest && self.grows)
            && let Some(segment) = self.segments.remove(&first)
        {
            segment.delete()?;
        }
        Ok(())
    }
}

#[cfg(test)]
impl Share {
    /// Has the disk give nothing of one file any more.
    pub(super) fn blind(&mut self, first: u64) {
        let segment = self.segments.get_mut(&first);
        segment.expect("a file of that number").blind();
    }
}
