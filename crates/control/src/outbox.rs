//! What is not yet taken, on disk: for each process a folder that it locks, with files that only
//! grow, and beside each file a list of what was taken.
//!
//! ```text
//! lock                             held while folders are made, adopted and deleted
//! process-7/lock                   held by that process as long as it lives
//! process-7/000000000001.jsonl     {"seq":1,"id":"01J…","at_ms":…,"call":"…","event":{…}}   one a line
//! process-7/000000000001.taken     the numbers of events that were taken, 8 bytes each
//! process-7-000000000001.damaged   a file that could not be opened, and was given up
//! ```
//!
//! So several processes may use one outbox, as when one is started while another still drains.
//! What a process left that is no more is adopted by one that is there: nobody waits for a start.
//!
//! A file whose events were all taken is deleted. One with a few that are not, because a server
//! keeps failing at them, is written anew when room is needed: of what was taken empty lines stay, so
//! that the others keep their places. What a crash cut off in the middle of a line never was an event;
//! what the disk damaged inside a file is lost, and takes no whole line with it; what it does not give,
//! while it gives others, holds up nobody else, and is lost in the end. What is taken is not
//! put on the disk at once: after a crash of the machine it may be told twice, under the same id.

mod found;
mod line;
mod named;
mod segment;
mod share;
mod unopened;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use crate::outbox::named::{Stray, outbox_of, strays};

use crate::outbox::line::{line, parse};
use crate::outbox::share::Share;
pub(crate) use crate::outbox::unopened::SetAside;
use crate::queue::Told;

/// How often an event, or a file, cannot be read, while others can, until it counts as damaged.
const READS: u32 = 3;

/// Where an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// The number of the process that put it there.
    pub(crate) share: u64,
    pub(crate) seq: u64,
}

/// One event of an outbox.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) place: Place,
    /// When it happened, in milliseconds since 1970.
    pub(crate) at_ms: u64,
    pub(crate) told: Told,
}

/// What becomes of an event that was to be loaded.
#[derive(Debug)]
pub(crate) enum Loaded {
    Event(Record),
    /// The disk has damaged it since.
    Damaged,
    /// It cannot be read now, though others can.
    Later,
}

/// The outbox of one sink.
#[derive(Debug)]
pub(crate) struct Outbox {
    folder: PathBuf,
    max_bytes: u64,
    /// The number of this process.
    own: u64,
    /// Its part, and those that it adopted.
    shares: BTreeMap<u64, Share>,
    /// Events that the disk damaged, since somebody asked.
    damaged: u64,
    /// Files that were given up, since somebody asked.
    set_aside: Vec<SetAside>,
    /// How often each event could not be read, while others could.
    unread: BTreeMap<Place, u32>,
    /// Parts whose next event could not be read, until the next [look](Self::adopt).
    resting: BTreeSet<u64>,
}

impl Outbox {
    /// Opens the outbox of a folder, with what earlier processes left in it.
    pub(crate) fn open(folder: &Path, max_bytes: u64) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let _gate = share::gate(folder)?;
        let mut outbox = Self {
            folder: folder.to_owned(),
            max_bytes,
            own: 0,
            shares: BTreeMap::new(),
            damaged: 0,
            set_aside: Vec::new(),
            unread: BTreeMap::new(),
            resting: BTreeSet::new(),
        };
        let mut last = share::found(folder)?.last().copied().unwrap_or_default();
        // Its events are the oldest, but no process has written both there and in a folder.
        if let Some(old) = Share::adopt_old(folder, last + 1)? {
            last += 1;
            outbox.shares.insert(last, old);
        }
        // What cannot be adopted waits, and is spoken of at each look.
        let _ = outbox.adopt_free();
        outbox.own = last + 1;
        let own = Share::create(folder, outbox.own)?;
        outbox.shares.insert(outbox.own, own);
        Ok(outbox)
    }

    /// Looks again: adopts what processes left that have ended meanwhile, and lets be read what could
    /// not be.
    pub(crate) fn adopt(&mut self) -> io::Result<()> {
        self.resting.clear();
        let opened = self.open_rest();
        // Otherwise whoever is there adopts them as well.
        if let Some(_gate) = share::free_gate(&self.folder)? {
            self.adopt_free()?;
        }
        opened
    }

    /// Tries to open what could not be, where a process left it.
    fn open_rest(&mut self) -> io::Result<()> {
        let mut all = Ok(());
        if self.shares.values().all(|share| share.unopened().is_none()) {
            return all;
        }
        let others = self.shares.values_mut().any(Share::can_be_read);
        for share in self.shares.values_mut() {
            let (aside, opened) = share.open_rest(others);
            let events = aside.iter().filter_map(|file| file.events);
            self.damaged += events.sum::<u64>();
            self.set_aside.extend(aside);
            all = opened.and(all);
        }
        all
    }

    /// One that cannot be adopted keeps no other from it.
    fn adopt_free(&mut self) -> io::Result<()> {
        let mut all = Ok(());
        for number in share::found(&self.folder)? {
            if self.shares.contains_key(&number) {
                continue;
            }
            match Share::adopt(&self.folder, number) {
                Ok(share) => self.shares.extend(share.map(|share| (number, share))),
                Err(error) => all = Err(error),
            }
        }
        let others = self
            .shares
            .iter()
            .filter(|(number, _)| **number != self.own);
        let over = others.filter(|(_, share)| share.is_over());
        let over: Vec<u64> = over.map(|(number, _)| *number).collect();
        for number in over {
            if let Some(share) = self.shares.remove(&number) {
                share.delete()?;
            }
        }
        all
    }

    /// Bytes on disk.
    pub(crate) fn bytes(&self) -> u64 {
        self.shares.values().map(Share::bytes).sum()
    }

    /// Events that were not taken yet.
    #[cfg(test)]
    pub(crate) fn left(&self) -> u64 {
        self.shares.values().map(Share::left).sum()
    }

    /// Adds an event; whether there was room.
    pub(crate) fn add(&mut self, told: &Told, at_ms: u64) -> io::Result<bool> {
        let Some(own) = self.shares.get_mut(&self.own) else {
            return Ok(false);
        };
        let line = line(told, own.next(), at_ms)?;
        // Beside the line, what says that it was taken.
        let size = line.len() as u64 + segment::TAKEN;
        own.turn(size)?;
        if !self.has_room(size)? {
            return Ok(false);
        }
        if let Some(own) = self.shares.get_mut(&self.own) {
            own.add(&line)?;
        }
        Ok(true)
    }

    /// Whether there is room for so many bytes, or can be made by cutting out what was taken.
    fn has_room(&mut self, size: u64) -> io::Result<bool> {
        while self.bytes().saturating_add(size) > self.max_bytes {
            let mut done = Ok(false);
            for share in self.shares.values_mut() {
                match share.shrink() {
                    Ok(false) => {}
                    tried => done = tried,
                }
                // One that cannot be read keeps no other from making room.
                if matches!(done, Ok(true)) {
                    break;
                }
            }
            if !done? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Hands what was added to the system; `to_disk`: and on to the disk.
    pub(crate) fn flush(&mut self, to_disk: bool) -> io::Result<()> {
        match self.shares.get_mut(&self.own) {
            Some(own) => own.flush(to_disk),
            None => Ok(()),
        }
    }

    /// The file that grows, to put it on the disk elsewhere.
    pub(crate) fn newest(&mut self) -> io::Result<Option<File>> {
        match self.shares.get_mut(&self.own) {
            Some(own) => own.newest(),
            None => Ok(None),
        }
    }

    /// The next events that were not taken, at most so many: the call of each, and where it is; each
    /// is given once. What older processes left comes first.
    pub(crate) fn read(&mut self, most: usize) -> io::Result<Vec<(Arc<str>, Place)>> {
        let mut found = Vec::new();
        let shares: Vec<u64> = self.shares.keys().copied().collect();
        for share in shares {
            while found.len() < most
                && let Some((place, line)) = self.next(share)
            {
                match line {
                    Ok(line) => match parse(&line, place) {
                        Some(record) => {
                            self.unread.remove(&place);
                            found.push((record.told.call, place));
                        }
                        None => self.is_damaged(place),
                    },
                    Err(error) => match self.is_bad(place, error) {
                        Ok(true) => self.pass(place),
                        Ok(false) => {
                            self.resting.insert(share);
                        }
                        Err(error) if found.is_empty() => return Err(error),
                        // What was read is told; the rest fails again when that is over.
                        Err(_) => return Ok(found),
                    },
                }
            }
        }
        Ok(found)
    }

    fn next(&mut self, share: u64) -> Option<(Place, io::Result<Vec<u8>>)> {
        if self.resting.contains(&share) {
            return None;
        }
        let (seq, line) = self.shares.get_mut(&share)?.read()?;
        Some((Place { share, seq }, line))
    }

    /// Gives up an event that cannot be read.
    fn pass(&mut self, place: Place) {
        if let Some(share) = self.shares.get_mut(&place.share) {
            share.pass(place.seq);
        }
        self.is_damaged(place);
    }

    /// An event could not be read; whether it never will be, since others can be, time and again.
    ///
    /// # Errors
    /// Why, when nothing can be read: then it may be the disk as a whole, which may come back.
    fn is_bad(&mut self, place: Place, error: io::Error) -> io::Result<bool> {
        if !self.shares.values_mut().any(Share::can_be_read) {
            return Err(error);
        }
        let reads = self.unread.entry(place).or_default();
        *reads += 1;
        Ok(*reads >= READS)
    }

    /// An event that was read.
    pub(crate) fn load(&mut self, place: Place) -> io::Result<Loaded> {
        let line = match self.shares.get_mut(&place.share) {
            Some(share) => share.line(place.seq),
            None => Ok(Vec::new()),
        };
        let record = match line {
            Ok(line) => parse(&line, place),
            Err(error) => match self.is_bad(place, error)? {
                true => None,
                false => return Ok(Loaded::Later),
            },
        };
        Ok(match record {
            Some(record) => {
                self.unread.remove(&place);
                Loaded::Event(record)
            }
            None => {
                self.is_damaged(place);
                Loaded::Damaged
            }
        })
    }

    fn is_damaged(&mut self, place: Place) {
        self.damaged += 1;
        self.unread.remove(&place);
        // Otherwise its file would stay for ever. If that fails, it is found again after the next
        // start.
        let _ = self.take(place);
    }

    /// How many events the disk damaged, so that they cannot be told, since this was asked last.
    pub(crate) fn damaged(&mut self) -> u64 {
        std::mem::take(&mut self.damaged)
    }

    /// The files that were given up, since this was asked last.
    pub(crate) fn set_aside(&mut self) -> Vec<SetAside> {
        std::mem::take(&mut self.set_aside)
    }

    /// An event was taken, or is not to be told any more.
    pub(crate) fn take(&mut self, place: Place) -> io::Result<()> {
        match self.shares.get_mut(&place.share) {
            Some(share) => share.take(place.seq),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
