//! Prefixes in little memory: eight in a line, and those of a number in one line.
//!
//! Prefixes that begin alike are a group: for each beginning of numbers it was worked out how many
//! symbols a group has in common ([`Cells`] of homes), so that a number's prefixes of several
//! lengths mostly stand in one line. The line follows from the group by a multiplication that can
//! be undone, so that of the product only those bits have to be kept that the line does not tell.
//! An entry is a word, from its highest bit on:
//!
//! ```text
//! 4 bits              how many symbols the group has in common, less one
//! the rest            of the product: its bits, without the highest, which the line tells
//! 4 bits a symbol     what the prefix has beyond the group
//! up to the lowest 6  the value
//! 6 bits              how many bits the value and these six are
//! ```
//!
//! Nothing of it is a guess: within a line two prefixes differ in what is kept. A group that finds
//! no room, or of which a prefix or a value is too large for an entry, stands elsewhere as a whole,
//! and its line is marked.

mod build;

use std::hint::select_unpredictable;

use callroute_schema::number::Key;

use super::cells::{Cells, bit, cut, longest_of, share, without};
use super::open::Open;

/// Entries of a line.
const SLOTS: usize = 8;
/// Odd, so that different numbers have different products.
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
/// How far a product is laid over itself, so that numbers in a row do not crowd some lines.
const FOLD: u32 = 16;
/// Bits of an entry that say how many symbols its group has in common.
const COMMON: u32 = 4;
/// Bits of an entry that say where its value ends.
const END: u32 = 6;

/// Eight entries, those of the longest prefixes first; 0 is none.
#[derive(Debug, Clone, Copy, Default)]
#[repr(align(64))]
struct Line([u64; SLOTS]);

impl Line {
    /// The entry of the longest prefix; 0: there is none.
    #[inline(always)]
    fn longest(&self, word: u64) -> u64 {
        // All are compared, and none is jumped at: which it is, is not to be guessed.
        let mut found = 0;
        for entry in self.0.iter().rev() {
            found = select_unpredictable(begins(*entry, word), *entry, found);
        }
        found
    }
}

/// Whether an entry's prefix is the beginning of what is looked for.
#[inline(always)]
fn begins(entry: u64, word: u64) -> bool {
    (entry ^ word) >> (entry & 63) == 0
}

/// The value of an entry.
#[inline(always)]
fn value(entry: u64) -> u32 {
    let end = entry & 63;
    let own = entry ^ (entry >> end << end);
    u32::try_from(own >> END).unwrap_or(0)
}

/// Groups of prefixes to values.
#[derive(Clone)]
pub(super) struct Packed {
    lines: Box<[Line]>,
    /// How many symbols groups have in common. Below the depth of the cells a group is one prefix.
    homes: Cells,
    /// The homes that most prefixes have: one, and the bits behind it.
    usual: u32,
    usual_behind: u32,
    /// A bit for each line: whether a group of it stands elsewhere.
    marked: Box<[u64]>,
    /// How many of the highest bits of a product its line tells.
    told: u32,
    len: usize,
}

impl Packed {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Memory that it takes, in bytes.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.lines) + self.homes.bytes() + size_of_val(&*self.marked)
    }

    /// The value of the longest prefix that `call` begins with, in a group of this table or one
    /// that stands in `open`.
    #[inline]
    pub(super) fn longest(&self, call: Key, open: &Open) -> Option<u32> {
        let homes = self.homes.lengths(call);
        // What the cell says is mostly known, and then it is not waited for.
        if homes == self.usual {
            let found = self.look(call, self.usual_behind);
            return self.settle(found, call, self.usual_behind, open);
        }
        self.longest_of_several(call, homes, open)
    }

    /// As [`longest`](Self::longest), where groups of these lengths may exist.
    fn longest_of_several(&self, call: Key, mut homes: u32, open: &Open) -> Option<u32> {
        while homes != 0 {
            let first = longest_of(homes);
            homes &= without(first);
            let found = self.look(call, first);
            if homes == 0 {
                return self.settle(found, call, first, open);
            }
            // Two lines are waited for at once.
            let second = longest_of(homes);
            homes &= without(second);
            let shorter = self.look(call, second);
            let found = self.settle(found, call, first, open);
            let found = found.or_else(|| self.settle(shorter, call, second, open));
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// The entry of the longest prefix in a group, and the line that it would stand in.
    #[inline(always)]
    fn look(&self, call: Key, behind: u32) -> (u64, usize) {
        let (place, word) = self.place(call, behind);
        let line = self.lines.get(place);
        (line.map_or(0, |line| line.longest(word)), place)
    }

    /// The value that this comes to.
    #[inline(always)]
    fn settle(
        &self,
        (entry, place): (u64, usize),
        call: Key,
        behind: u32,
        open: &Open,
    ) -> Option<u32> {
        match entry {
            0 if self.is_marked(place) => open.longest_from(call, behind),
            0 => None,
            _ => Some(value(entry)),
        }
    }

    /// The value of a prefix that stands here exactly so.
    #[inline(never)]
    pub(super) fn get(&self, key: Key) -> Option<u32> {
        let behind = self.home(key)?;
        let (place, word) = self.place(key, behind);
        let end = u64::from(self.end(key, behind)?);
        let line = self.lines.get(place)?;
        let mut entries = line.0.iter();
        let found = entries.find(|entry| *entry & 63 == end && begins(**entry, word));
        found.map(|entry| value(*entry))
    }

    /// Has a group stand in `open` from now on, so that `key` may be added to it there.
    pub(super) fn release(&mut self, key: Key, open: &mut Open) {
        let behind = self.home(key).unwrap_or_else(|| {
            self.homes.note(key, bit(key.len()));
            key.word().trailing_zeros() / 4 * 4 % 64
        });
        let (place, word) = self.place(key, behind);
        self.mark(place);
        let (kept, group) = (self.kept(behind), cut(key, behind));
        let Some(line) = self.lines.get_mut(place) else {
            return;
        };
        let left = std::mem::take(line);
        let mut slots = line.0.iter_mut();
        for entry in left.0.into_iter().filter(|entry| *entry != 0) {
            if (entry ^ word) >> (64 - COMMON).saturating_sub(kept) != 0 {
                // No gaps: what is behind one would not be the longest.
                slots.by_ref().take(1).for_each(|slot| *slot = entry);
                continue;
            }
            let end = entry & 63;
            let beyond = entry >> end << end << (COMMON + kept);
            let symbols = beyond >> (60 - behind) >> 4;
            open.insert(Key::of(group | symbols), value(entry));
            self.len -= 1;
        }
    }

    /// Where the group of these first symbols has its line, and what is looked for there.
    #[inline(always)]
    fn place(&self, call: Key, behind: u32) -> (usize, u64) {
        let product = cut(call, behind).wrapping_mul(FACTOR);
        let folded = (product ^ product >> FOLD) >> behind << behind;
        let product = folded.wrapping_mul(FACTOR);
        let beyond = call.word() << (60 - behind) << 4;
        let kept = product << self.told | beyond >> self.kept(behind);
        let common = u64::from(15 - behind / 4);
        (
            share(product, self.lines.len()),
            common << (64 - COMMON) | kept >> COMMON,
        )
    }

    /// How many bits of a product its line does not tell.
    #[inline(always)]
    fn kept(&self, behind: u32) -> u32 {
        (64 - self.told).saturating_sub(behind)
    }

    /// Where the entry of a prefix has its value end; `None`: it is too long.
    fn end(&self, key: Key, behind: u32) -> Option<u32> {
        let beyond = behind - key.word().trailing_zeros() / 4 * 4;
        let end = 64_u32.checked_sub(COMMON + self.kept(behind) + beyond)?;
        (end >= END).then_some(end)
    }

    /// How many bits there are behind what the group of a prefix has in common.
    fn home(&self, key: Key) -> Option<u32> {
        let own = bit(key.len());
        let homes = self.homes.lengths(key);
        let homes = match key.len() < self.homes.depth {
            true => homes & own,
            false => homes & !(bit(self.homes.depth) - 1),
        };
        (homes != 0).then(|| longest_of(homes))
    }

    #[inline(always)]
    fn is_marked(&self, place: usize) -> bool {
        let word = self.marked.get(place / 64);
        word.is_some_and(|word| word >> (place % 64) & 1 == 1)
    }

    fn mark(&mut self, place: usize) {
        if let Some(word) = self.marked.get_mut(place / 64) {
            *word |= 1 << (place % 64);
        }
    }
}
