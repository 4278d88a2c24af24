//! Prefixes to values, by hashing every length that may occur: what a table is while it grows.

use callroute_schema::number::Key;

use super::cells::{Cells, bit, cut, longest_of, not_shorter, share, without};

/// Keys of one cache line.
const SLOTS: usize = 5;
/// Keys that a line holds on average when a table is filled in one go, in hundredths.
const FILL: usize = 290;
/// A table grows when its lines hold more than this on average, in hundredths.
const FULL: usize = 360;

/// A table of so many lines is near enough to be asked for one length after the other.
const NEAR: usize = 8_192;

/// Five keys with their values: 64 bytes, so that one look-up of one length is one load.
#[derive(Debug, Clone, Copy, Default)]
#[repr(align(64))]
struct Line {
    keys: [u64; SLOTS],
    /// How many keys belong here and stand in a later line; then the keys' values.
    words: [u32; SLOTS + 1],
}

impl Line {
    /// Where the value of a key stands; 0: the key is not here.
    #[inline]
    fn slot(&self, word: u64) -> usize {
        // All are compared, and none is jumped at: where a key stands is not to be guessed.
        let [a, b, c, d, e] = self.keys;
        let mut slot = 0;
        slot = if a == word { 1 } else { slot };
        slot = if b == word { 2 } else { slot };
        slot = if c == word { 3 } else { slot };
        slot = if d == word { 4 } else { slot };
        if e == word { 5 } else { slot }
    }

    fn spilled(&self) -> u32 {
        self.words[0]
    }

    fn pairs(&self) -> impl Iterator<Item = (u64, u32)> + '_ {
        let values = self.words.iter().skip(1);
        let all = self.keys.iter().copied().zip(values.copied());
        all.filter(|(key, _)| *key != 0)
    }
}

/// Prefixes to values.
///
/// A look-up probes only the lengths that exist under the number's first digits. The probes do
/// not depend on each other, so that a processor waits for their memory once.
#[derive(Debug, Clone)]
pub(super) struct Open {
    lines: Box<[Line]>,
    len: usize,
    lengths: Cells,
}

impl Open {
    pub(super) fn with_capacity(prefixes: usize) -> Self {
        Self {
            lines: vec![Line::default(); lines_for(prefixes)].into(),
            len: 0,
            lengths: Cells::new(prefixes),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Memory that it takes, in bytes.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.lines) + self.lengths.bytes()
    }

    /// Adds a prefix, or changes its value; gives back what it had before.
    pub(super) fn insert(&mut self, key: Key, value: u32) -> Option<u32> {
        if let Some(found) = self.value_mut(key.word()) {
            return Some(std::mem::replace(found, value));
        }
        if (self.len + 1).saturating_mul(100) > self.lines.len().saturating_mul(FULL) {
            self.grow();
        }
        self.add(key.word(), value);
        self.len += 1;
        self.lengths.note(key, bit(key.len()));
        None
    }

    /// The value of the longest prefix that `call` begins with.
    #[inline(always)]
    pub(super) fn longest(&self, call: Key) -> Option<u32> {
        let lengths = self.lengths.lengths(call);
        match self.lines.len() > NEAR {
            true => self.longest_far(call, lengths),
            false => self.longest_near(call, lengths),
        }
    }

    /// As [`longest`](Self::longest), of prefixes with at most so many bits of a word behind them.
    #[cold]
    pub(super) fn longest_from(&self, call: Key, behind: u32) -> Option<u32> {
        self.longest_far(call, self.lengths.lengths(call) & not_shorter(behind))
    }

    #[inline(always)]
    fn longest_near(&self, call: Key, mut lengths: u32) -> Option<u32> {
        while lengths != 0 {
            let behind = longest_of(lengths);
            if let Some(value) = self.find(cut(call, behind)) {
                return Some(value);
            }
            lengths &= without(behind);
        }
        None
    }

    /// Where memory is far: two lengths are looked up before it is known which counts. That is not
    /// to be guessed, and so their memory is waited for once.
    fn longest_far(&self, call: Key, mut lengths: u32) -> Option<u32> {
        while lengths != 0 {
            let first = longest_of(lengths);
            lengths &= without(first);
            let found = self.find(cut(call, first));
            if lengths == 0 {
                return found;
            }
            let second = longest_of(lengths);
            let shorter = self.find(cut(call, second));
            if let Some(value) = found.or(shorter) {
                return Some(value);
            }
            lengths &= without(second);
        }
        None
    }

    /// The lengths that may exist for a number.
    #[inline]
    pub(super) fn lengths(&self, call: Key) -> u32 {
        self.lengths.lengths(call)
    }

    #[inline]
    fn home(&self, word: u64) -> usize {
        // The digits stand in the high bits, so they are multiplied into the low half as well.
        let wide = u128::from(word ^ 0x9e37_79b9_7f4a_7c15) * 0xd6e8_feb8_6659_fd93_u128;
        let hash = (wide ^ (wide >> 64)) & u128::from(u64::MAX);
        share(u64::try_from(hash).unwrap_or(0), self.lines.len())
    }

    /// The value of a prefix that stands here exactly so.
    #[inline]
    pub(super) fn find(&self, word: u64) -> Option<u32> {
        let mut place = self.home(word);
        loop {
            let line = self.lines.get(place)?;
            let slot = line.slot(word);
            if slot != 0 {
                return line.words.get(slot).copied();
            }
            if line.spilled() == 0 {
                return None;
            }
            place = self.after(place);
        }
    }

    fn value_mut(&mut self, word: u64) -> Option<&mut u32> {
        let mut place = self.home(word);
        loop {
            let line = self.lines.get(place)?;
            let slot = line.slot(word);
            if slot != 0 {
                return self.lines.get_mut(place)?.words.get_mut(slot);
            }
            if line.spilled() == 0 {
                return None;
            }
            place = self.after(place);
        }
    }

    fn after(&self, place: usize) -> usize {
        match place + 1 {
            next if next < self.lines.len() => next,
            _ => 0,
        }
    }

    /// Adds a key that is not there. A table is never full, so a free slot is found.
    fn add(&mut self, word: u64, value: u32) {
        let mut place = self.home(word);
        while let Some(line) = self.lines.get_mut(place) {
            let values = line.words.iter_mut().skip(1);
            let free = line.keys.iter_mut().zip(values).find(|(key, _)| **key == 0);
            if let Some((key, kept)) = free {
                (*key, *kept) = (word, value);
                return;
            }
            line.words[0] = line.words[0].saturating_add(1);
            place = self.after(place);
        }
    }

    fn grow(&mut self) {
        let room = self.len.saturating_mul(2).max(16);
        let mut grown = Self::with_capacity(room);
        for line in &self.lines {
            for (word, value) in line.pairs() {
                let key = Key::of(word);
                grown.add(word, value);
                grown.len += 1;
                grown.lengths.note(key, bit(key.len()));
            }
        }
        *self = grown;
    }
}

fn lines_for(prefixes: usize) -> usize {
    prefixes.saturating_mul(100).div_ceil(FILL).max(1)
}
