//! One file of an outbox, and what was taken of it.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Bytes that say that one event was taken.
pub(super) const TAKEN: u64 = 8;
/// Longest line that is read.
pub(super) const MAX_LINE: u64 = 256 * 1024;

/// One file.
#[derive(Debug)]
pub(super) struct Segment {
    first: u64,
    next: u64,
    path: PathBuf,
    events: BufWriter<File>,
    reader: BufReader<File>,
    /// The event that is read next.
    reads: u64,
    taken_path: PathBuf,
    taken_file: File,
    bytes: u64,
    /// A bit for each event.
    taken: Vec<u64>,
    left: u64,
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

fn paths(folder: &Path, first: u64) -> (PathBuf, PathBuf) {
    let of = |kind: &str| folder.join(format!("{first:012}.{kind}"));
    (of("jsonl"), of("taken"))
}

impl Segment {
    pub(super) fn create(folder: &Path, first: u64) -> io::Result<Self> {
        let segment = Self::open(folder, first)?;
        // A file whose name is lost with a crash of the machine is lost itself. Elsewhere a folder
        // cannot be opened as a file.
        #[cfg(unix)]
        File::open(folder)?.sync_all()?;
        Ok(segment)
    }

    /// Opens a file, or makes it; what a crash cut off in the middle of a line is cut off.
    pub(super) fn open(folder: &Path, first: u64) -> io::Result<Self> {
        let (path, taken_path) = paths(folder, first);
        let append = |path: &Path| {
            let mut options = OpenOptions::new();
            options.create(true).append(true).read(true).open(path)
        };
        let events = append(&path)?;
        let (lines, length) = whole_lines(&path)?;
        events.set_len(length)?;
        let taken_file = append(&taken_path)?;
        let mut segment = Self {
            first,
            next: first + lines,
            reader: BufReader::new(File::open(&path)?),
            reads: first,
            path,
            events: BufWriter::new(events),
            taken_path,
            taken_file,
            bytes: length + lines * TAKEN,
            taken: Vec::new(),
            left: lines,
        };
        let mut taken = Vec::new();
        File::open(&segment.taken_path)?
            .take(length)
            .read_to_end(&mut taken)?;
        let mut known = Vec::with_capacity(taken.len());
        for number in taken.chunks_exact(8) {
            if segment.mark(number.try_into().map_or(0, u64::from_le_bytes)) {
                known.extend_from_slice(number);
            }
        }
        if known != taken {
            // A crash of the machine may keep that an event was taken, and not the event: the
            // next one with its number was not.
            segment.taken_file.set_len(0)?;
            segment.taken_file.write_all(&known)?;
        }
        Ok(segment)
    }

    pub(super) fn next(&self) -> u64 {
        self.next
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn left(&self) -> u64 {
        self.left
    }

    pub(super) fn add(&mut self, line: &[u8]) -> io::Result<()> {
        self.events.write_all(line)?;
        // What will say that it was taken has its room from the beginning.
        self.bytes += line.len() as u64 + TAKEN;
        self.next += 1;
        self.left += 1;
        Ok(())
    }

    pub(super) fn flush(&mut self, to_disk: bool) -> io::Result<()> {
        self.events.flush()?;
        match to_disk {
            true => self.events.get_ref().sync_data(),
            false => Ok(()),
        }
    }

    /// The same file once more.
    pub(super) fn file(&mut self) -> io::Result<File> {
        self.events.flush()?;
        self.events.get_ref().try_clone()
    }

    /// The next line that was not read yet, and its number.
    pub(super) fn read(&mut self) -> io::Result<Option<(u64, Vec<u8>)>> {
        let mut line = Vec::new();
        let at = self.reader.stream_position()?;
        (&mut self.reader)
            .take(MAX_LINE)
            .read_until(b'\n', &mut line)?;
        if !line.ends_with(b"\n") {
            // What is being written just now is read whole, later.
            self.reader.seek(SeekFrom::Start(at))?;
            return Ok(None);
        }
        let number = self.reads;
        self.reads += 1;
        Ok(Some((number, line)))
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

    pub(super) fn delete(self) -> io::Result<()> {
        std::fs::remove_file(&self.path)?;
        std::fs::remove_file(&self.taken_path)
    }

    /// Whether that is news.
    fn mark(&mut self, number: u64) -> bool {
        if !(self.first..self.next).contains(&number) || self.is_taken(number) {
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

/// How many whole lines a file has, and where the last of them ends.
fn whole_lines(path: &Path) -> io::Result<(u64, u64)> {
    let mut reader = BufReader::new(File::open(path)?);
    let (mut lines, mut length) = (0, 0);
    loop {
        let mut line = Vec::new();
        let read = (&mut reader).take(MAX_LINE).read_until(b'\n', &mut line)?;
        if !line.ends_with(b"\n") {
            return Ok((lines, length));
        }
        lines += 1;
        length += read as u64;
    }
}
