//! What is not yet taken, on disk: files that only grow, and beside each a list of what was taken.
//!
//! ```text
//! 000000000001.jsonl   {"seq":1,"id":"01J…","at_ms":…,"call":"…","event":{…}}   one a line
//! 000000000001.taken   the numbers of events that were taken, 8 bytes each
//! ```
//!
//! A file whose events were all taken is deleted. What a crash cut off in the middle of a line
//! never was an event. What is taken is not put on the disk at once: after a crash of the machine
//! it may be told twice, under the same id.

mod segment;

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::outbox::segment::Segment;
use crate::queue::Told;

/// Bytes from which on a new file is begun.
const FULL: u64 = 4 * 1024 * 1024;

/// One event of an outbox.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) seq: u64,
    /// When it happened, in milliseconds since 1970.
    pub(crate) at_ms: u64,
    pub(crate) told: Told,
}

/// The same as a line.
#[derive(Serialize, Deserialize)]
struct Line<'a> {
    seq: u64,
    id: String,
    at_ms: u64,
    call: &'a str,
    #[serde(borrow)]
    event: &'a RawValue,
}

/// The outbox of one sink.
#[derive(Debug)]
pub(crate) struct Outbox {
    folder: PathBuf,
    max_bytes: u64,
    /// By the number of each one's first event.
    segments: BTreeMap<u64, Segment>,
    next: u64,
    /// The first event that was not read yet.
    unread: u64,
    /// Events that the disk damaged, since somebody asked.
    damaged: u64,
}

impl Outbox {
    /// Opens the outbox of a folder, with what earlier processes left in it.
    pub(crate) fn open(folder: &Path, max_bytes: u64) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let mut segments = BTreeMap::new();
        let mut next = 1;
        for first in segment::found(folder)? {
            let segment = Segment::open(folder, first)?;
            next = next.max(segment.next());
            if segment.left() == 0 {
                segment.delete()?;
            } else {
                segments.insert(first, segment);
            }
        }
        let mut outbox = Self {
            folder: folder.to_owned(),
            max_bytes,
            segments,
            next,
            unread: 1,
            damaged: 0,
        };
        if outbox.segments.is_empty() {
            // Its name keeps the number that is next.
            outbox.begin()?;
        }
        Ok(outbox)
    }

    fn begin(&mut self) -> io::Result<()> {
        let segment = Segment::create(&self.folder, self.next)?;
        self.segments.insert(self.next, segment);
        Ok(())
    }

    /// Begins a new file when the last one is full, or all of it was taken.
    fn turn(&mut self, size: u64) -> io::Result<()> {
        let Some((first, last)) = self.segments.iter().next_back() else {
            return self.begin();
        };
        let over = last.left() == 0;
        if last.bytes() == 0 || !(over || last.bytes().saturating_add(size) > FULL) {
            return Ok(());
        }
        let first = *first;
        // From here on only the new file is flushed.
        self.flush(true)?;
        self.begin()?;
        if over && let Some(segment) = self.segments.remove(&first) {
            segment.delete()?;
        }
        Ok(())
    }

    /// Bytes on disk.
    pub(crate) fn bytes(&self) -> u64 {
        self.segments.values().map(Segment::bytes).sum()
    }

    /// Events that were not taken yet.
    #[cfg(test)]
    pub(crate) fn left(&self) -> u64 {
        self.segments.values().map(Segment::left).sum()
    }

    /// Adds an event; whether there was room.
    pub(crate) fn add(&mut self, told: &Told, at_ms: u64) -> io::Result<bool> {
        let event: &RawValue = serde_json::from_str(&told.json)?;
        let mut line = serde_json::to_vec(&Line {
            seq: self.next,
            id: ulid::Ulid(told.id).to_string(),
            at_ms,
            call: &told.call,
            event,
        })?;
        line.push(b'\n');
        if line.len() as u64 > segment::MAX_LINE {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!(
                    "an event has {} bytes; at most {} are told",
                    line.len(),
                    segment::MAX_LINE
                ),
            ));
        }
        // Beside the line, what says that it was taken.
        let size = line.len() as u64 + segment::TAKEN;
        self.turn(size)?;
        if self.bytes().saturating_add(size) > self.max_bytes {
            return Ok(false);
        }
        if let Some(segment) = self.segments.values_mut().next_back() {
            segment.add(&line)?;
            self.next += 1;
        }
        Ok(true)
    }

    /// Hands what was added to the system; `to_disk`: and on to the disk.
    pub(crate) fn flush(&mut self, to_disk: bool) -> io::Result<()> {
        match self.segments.values_mut().next_back() {
            Some(segment) => segment.flush(to_disk),
            None => Ok(()),
        }
    }

    /// The file that grows, to put it on the disk elsewhere.
    pub(crate) fn newest(&mut self) -> io::Result<Option<File>> {
        let newest = self.segments.values_mut().next_back();
        newest.map(Segment::file).transpose()
    }

    /// The next events that were not taken, at most so many, and of so many bytes unless the first
    /// has more; each is given once.
    pub(crate) fn read(&mut self, most: usize, most_bytes: usize) -> io::Result<Vec<Record>> {
        let (mut records, mut bytes) = (Vec::new(), 0);
        let mut damaged = Vec::new();
        self.flush(false)?;
        'all: for segment in self.segments.values_mut() {
            if segment.next() <= self.unread {
                continue;
            }
            while records.len() < most && bytes < most_bytes {
                let (number, line) = match segment.read() {
                    Ok(Some(next)) => next,
                    Ok(None) => break,
                    Err(error) if records.is_empty() => return Err(error),
                    // What was read is told; the rest fails again when that is over.
                    Err(_) => break 'all,
                };
                self.unread = number + 1;
                if segment.is_taken(number) {
                    continue;
                }
                match parse(&line).filter(|record| record.seq == number) {
                    Some(record) => {
                        bytes += record.told.json.len();
                        records.push(record);
                    }
                    None => damaged.push(number),
                }
            }
        }
        // Otherwise its file would stay for ever.
        self.damaged += damaged.len() as u64;
        for number in damaged {
            // If that fails, it is found again after the next start.
            let _ = self.take(number);
        }
        Ok(records)
    }

    /// How many events the disk damaged, so that they cannot be told, since this was asked last.
    pub(crate) fn damaged(&mut self) -> u64 {
        std::mem::take(&mut self.damaged)
    }

    /// An event was taken, or is not to be told any more.
    pub(crate) fn take(&mut self, seq: u64) -> io::Result<()> {
        let Some((first, segment)) = self.segments.range_mut(..=seq).next_back() else {
            return Ok(());
        };
        segment.take(seq)?;
        // One that may still grow is kept.
        let (first, over) = (*first, segment.left() == 0 && segment.next() < self.next);
        if over && let Some(segment) = self.segments.remove(&first) {
            segment.delete()?;
        }
        Ok(())
    }
}

/// A line that is none was damaged on the disk, and cannot be told.
fn parse(line: &[u8]) -> Option<Record> {
    let line: Line<'_> = serde_json::from_slice(line).ok()?;
    Some(Record {
        seq: line.seq,
        at_ms: line.at_ms,
        told: Told {
            id: ulid::Ulid::from_string(&line.id).ok()?.0,
            call: line.call.into(),
            json: Arc::from(line.event.get()),
        },
    })
}

#[cfg(test)]
mod tests;
