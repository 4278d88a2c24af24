//! One file of an outbox, and what was taken of it.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, IntoInnerError, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::outbox::found::line_ends;

/// Bytes that say that one event was taken.
pub(super) const TAKEN: u64 = 8;
/// Longest line that is read.
pub(super) const MAX_LINE: u64 = 256 * 1024;
/// Bytes that are handed to the system together.
const BUFFER: usize = 64 * 1024;

/// One file.
#[derive(Debug)]
pub(super) struct Segment {
    first: u64,
    path: PathBuf,
    events: File,
    /// Where the line of each number ends, with whatever the disk damaged behind it.
    ends: Vec<u64>,
    /// Lines that the system has not got yet.
    pending: Vec<u8>,
    /// Where they begin.
    written: u64,
    taken_path: PathBuf,
    taken_file: File,
    /// A bit for each event.
    taken: Vec<u64>,
    left: u64,
    /// Bytes of lines that were taken, and not cut out.
    spare: u64,
}

/// The numbers of the files in a folder, in order.
pub(super) fn found(folder: &Path) -> io::Result<Vec<u64>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name();
        let stem = name.to_str().and_then(|name| name.strip_suffix(".jsonl"));
        found.extend(stem.and_then(|stem| stem.parse::<u64>().ok()));
    }
    found.sort_unstable();
    Ok(found)
}

/// The numbers that each file of a folder may hold, in order.
pub(super) fn ranges(folder: &Path) -> io::Result<Vec<Range<u64>>> {
    let found = found(folder)?;
    let ends = found.iter().skip(1).copied().chain([u64::MAX]);
    let each = found.iter().copied().zip(ends);
    Ok(each.map(|(first, until)| first..until).collect())
}

pub(super) fn paths(folder: &Path, first: u64) -> (PathBuf, PathBuf) {
    let of = |kind: &str| folder.join(format!("{first:012}.{kind}"));
    (of("jsonl"), of("taken"))
}

/// Moves a file to another folder.
pub(super) fn carry(from: &Path, to: &Path, first: u64) -> io::Result<()> {
    let (old, new) = (paths(from, first), paths(to, first));
    // In this order: what a crash keeps from being moved is moved by the next start, and events
    // without what says that they were taken are told twice, at worst.
    match std::fs::rename(&old.1, &new.1) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    std::fs::rename(&old.0, &new.0)
}

impl Segment {
    pub(super) fn create(folder: &Path, first: u64) -> io::Result<Self> {
        let segment = Self::open(folder, first..u64::MAX)?;
        sync_folder(folder)?;
        Ok(segment)
    }

    /// Opens a file, or makes it; what a crash cut off in the middle of a line is cut off. `numbers`:
    /// from its first to that of the next file.
    pub(super) fn open(folder: &Path, numbers: Range<u64>) -> io::Result<Self> {
        let first = numbers.start;
        let (path, taken_path) = paths(folder, first);
        let mut options = OpenOptions::new();
        options.create(true).read(true);
        let events = options.clone().write(true).truncate(false).open(&path)?;
        let ends = line_ends(&path, numbers)?;
        let written = ends.last().copied().unwrap_or_default();
        events.set_len(written)?;
        let taken_file = options.append(true).open(&taken_path)?;
        let mut segment = Self {
            first,
            path,
            events,
            left: ends.len() as u64,
            ends,
            pending: Vec::new(),
            written,
            taken_path,
            taken_file,
            taken: Vec::new(),
            spare: 0,
        };
        segment.read_taken()?;
        Ok(segment)
    }

    fn read_taken(&mut self) -> io::Result<()> {
        let mut taken = Vec::new();
        File::open(&self.taken_path)?
            .take(self.bytes())
            .read_to_end(&mut taken)?;
        let mut known = Vec::with_capacity(taken.len());
        for number in taken.chunks_exact(8) {
            if self.mark(number.try_into().map_or(0, u64::from_le_bytes)) {
                known.extend_from_slice(number);
            }
        }
        if known != taken {
            // A crash of the machine may keep that an event was taken, and not the event: the
            // next one with its number was not.
            self.taken_file.set_len(0)?;
            self.taken_file.write_all(&known)?;
        }
        Ok(())
    }

    pub(super) fn next(&self) -> u64 {
        self.first + self.ends.len() as u64
    }

    /// Bytes on disk. What says that an event was taken has its room from the beginning.
    pub(super) fn bytes(&self) -> u64 {
        self.end() + self.ends.len() as u64 * TAKEN
    }

    pub(super) fn left(&self) -> u64 {
        self.left
    }

    /// Where the last line ends.
    fn end(&self) -> u64 {
        self.ends.last().copied().unwrap_or_default()
    }

    pub(super) fn add(&mut self, line: &[u8]) -> io::Result<()> {
        if self.pending.len() + line.len() > BUFFER {
            self.flush(false)?;
        }
        self.pending.extend_from_slice(line);
        self.ends.push(self.end() + line.len() as u64);
        self.left += 1;
        Ok(())
    }

    pub(super) fn flush(&mut self, to_disk: bool) -> io::Result<()> {
        if !self.pending.is_empty() {
            // What a full disk took of it last time is written again.
            self.events.seek(SeekFrom::Start(self.written))?;
            self.events.write_all(&self.pending)?;
            self.written = self.end();
            self.pending.clear();
        }
        match to_disk {
            true => self.events.sync_data(),
            false => Ok(()),
        }
    }

    /// The same file once more.
    pub(super) fn file(&mut self) -> io::Result<File> {
        self.flush(false)?;
        self.events.try_clone()
    }

    /// Whether the system has not got an event yet.
    pub(super) fn is_pending(&self, number: u64) -> bool {
        self.span(number).1 > self.written
    }

    /// The line of an event that the system has got.
    pub(super) fn line(&mut self, number: u64) -> io::Result<Vec<u8>> {
        let (begin, end) = self.span(number);
        self.events.seek(SeekFrom::Start(begin))?;
        let mut line = vec![0; usize::try_from(end - begin).unwrap_or_default()];
        match self.events.read_exact(&mut line) {
            Ok(()) => {
                // What is behind it is none of it.
                let end = line.iter().position(|byte| *byte == b'\n');
                line.truncate(end.map_or(line.len(), |end| end + 1));
                Ok(line)
            }
            // The file was cut: what it held is damaged like any other line.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// Whether the disk gives its first line, or its last one: whatever it held once.
    pub(super) fn can_be_read(&mut self) -> bool {
        let last = self.next().saturating_sub(1);
        [self.first, last].into_iter().any(|number| {
            !self.is_pending(number) && self.line(number).is_ok_and(|line| !line.is_empty())
        })
    }

    /// Where a line begins and ends; nowhere, if there is none.
    fn span(&self, number: u64) -> (u64, u64) {
        let at = usize::try_from(number.saturating_sub(self.first)).unwrap_or(usize::MAX);
        let end = self.ends.get(at).copied().unwrap_or(self.end());
        let before = at.checked_sub(1).map(|before| self.ends.get(before));
        (before.map_or(0, |begin| begin.copied().unwrap_or(end)), end)
    }

    pub(super) fn is_taken(&self, number: u64) -> bool {
        let (word, bit) = self.place(number);
        self.taken.get(word).is_some_and(|word| word & bit != 0)
    }

    pub(super) fn take(&mut self, number: u64) -> io::Result<()> {
        if self.mark(number) {
            self.taken_file.write_all(&number.to_le_bytes())?;
        }
        Ok(())
    }

    /// Whether most of it was taken.
    pub(super) fn is_sparse(&self) -> bool {
        self.spare > self.end() / 2 && self.spare > self.ends.len() as u64
    }

    /// Leaves empty lines in the place of those that were taken.
    pub(super) fn shrink(&mut self) -> io::Result<()> {
        self.flush(false)?;
        // An empty line that nothing says was taken would count as damaged.
        self.taken_file.sync_data()?;
        let part = self.path.with_extension("part");
        let mut options = OpenOptions::new();
        options.create(true).truncate(true).read(true).write(true);
        let mut file = BufWriter::new(options.open(&part)?);
        let (mut ends, mut end) = (Vec::with_capacity(self.ends.len()), 0);
        for number in self.first..self.next() {
            let line = match self.is_taken(number) {
                true => b"\n".to_vec(),
                false => self.line(number)?,
            };
            file.write_all(&line)?;
            end += line.len() as u64;
            ends.push(end);
        }
        let file = file.into_inner().map_err(IntoInnerError::into_error)?;
        file.sync_all()?;
        std::fs::rename(&part, &self.path)?;
        (self.events, self.ends, self.written, self.spare) = (file, ends, end, 0);
        self.path.parent().map_or(Ok(()), sync_folder)
    }

    pub(super) fn delete(self) -> io::Result<()> {
        std::fs::remove_file(&self.path)?;
        std::fs::remove_file(&self.taken_path)
    }

    /// Whether that is news.
    fn mark(&mut self, number: u64) -> bool {
        if !(self.first..self.next()).contains(&number) || self.is_taken(number) {
            return false;
        }
        let (place, bit) = self.place(number);
        if self.taken.len() <= place {
            self.taken.resize(place + 1, 0);
        }
        if let Some(word) = self.taken.get_mut(place) {
            *word |= bit;
        }
        self.left -= 1;
        let (begin, end) = self.span(number);
        self.spare += end - begin;
        true
    }

    fn place(&self, number: u64) -> (usize, u64) {
        let at = number.saturating_sub(self.first);
        (
            usize::try_from(at / 64).unwrap_or(usize::MAX),
            1 << (at % 64),
        )
    }
}

#[cfg(test)]
impl Segment {
    /// Has the disk give nothing of it any more.
    pub(super) fn blind(&mut self) {
        let only_written = OpenOptions::new().write(true).open(&self.path);
        self.events = only_written.expect("the file is there");
    }
}

/// A file whose name is lost with a crash of the machine is lost itself.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    // Elsewhere a folder cannot be opened as a file.
    match cfg!(unix) {
        true => File::open(folder)?.sync_all(),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A disk that takes no more does not keep what it has from being told, and gets the rest when
    /// there is room again.
    #[test]
    fn what_a_disk_does_not_take_is_written_later() {
        let folder = tempfile::tempdir().unwrap();
        let mut segment = Segment::create(folder.path(), 1).unwrap();
        segment.add(b"one\n").unwrap();
        segment.flush(false).unwrap();
        let full = File::open(&segment.path).unwrap();
        let disk = std::mem::replace(&mut segment.events, full);
        segment.add(b"two\n").unwrap();
        assert!(segment.flush(false).is_err());
        assert_eq!([1, 2].map(|n| segment.is_pending(n)), [false, true]);
        assert_eq!(segment.line(1).unwrap(), b"one\n");
        // Half of it got there.
        (&disk).write_all(b"t").unwrap();
        segment.events = disk;
        segment.flush(true).unwrap();
        assert_eq!(segment.line(2).unwrap(), b"two\n");
        assert_eq!(std::fs::read(&segment.path).unwrap(), b"one\ntwo\n");
    }
}
