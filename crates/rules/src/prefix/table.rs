//! Prefixes to values, by hashing every length that may occur.

use std::fmt;

use callroute_schema::number::Key;

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

/// Prefixes of numbers to values: the longest that a number begins with, or all of them.
///
/// A look-up probes only the lengths that exist under the number's first digits. The probes do
/// not depend on each other, so that a processor waits for their memory once.
#[derive(Clone)]
pub struct PrefixTable {
    lines: Box<[Line]>,
    len: usize,
    /// What stands at the prefix of every number.
    every: Option<u32>,
    /// For each beginning of a number, a bit for each length that exists under it.
    lengths: Box<[u16]>,
    /// How many symbols choose among the lengths.
    depth: usize,
    /// Bits of a number behind those symbols.
    behind: u32,
}

impl Default for PrefixTable {
    fn default() -> Self {
        Self::new()
    }
}

/// Without its numbers, which may be people's.
impl fmt::Debug for PrefixTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrefixTable")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

impl PrefixTable {
    /// Without a prefix.
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(0)
    }

    /// Without a prefix, and with room for so many.
    #[must_use]
    pub fn with_capacity(prefixes: usize) -> Self {
        let (depth, behind) = match prefixes {
            0..=63 => (2, 56),
            64..=32_767 => (3, 52),
            32_768..=1_999_999 => (4, 48),
            _ => (5, 44),
        };
        Self {
            lines: vec![Line::default(); lines_for(prefixes)].into(),
            len: 0,
            every: None,
            lengths: vec![0; 1 << (4 * depth)].into(),
            depth,
            behind,
        }
    }

    /// How many prefixes it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len + usize::from(self.every.is_some())
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Memory that it takes, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        size_of_val(&*self.lines) + size_of_val(&*self.lengths)
    }

    /// Adds a prefix, or changes its value; gives back what it had before.
    pub fn insert(&mut self, key: Key, value: u32) -> Option<u32> {
        if key.is_empty() {
            return self.every.replace(value);
        }
        if let Some(found) = self.value_mut(key.word()) {
            return Some(std::mem::replace(found, value));
        }
        if (self.len + 1).saturating_mul(100) > self.lines.len().saturating_mul(FULL) {
            self.grow();
        }
        self.add(key.word(), value);
        self.len += 1;
        self.note(key);
        None
    }

    /// The value of a prefix that stands in the table exactly so.
    #[must_use]
    pub fn get(&self, key: Key) -> Option<u32> {
        if key.is_empty() {
            return self.every;
        }
        self.find(key.word())
    }

    /// The value of the longest prefix that `call` begins with.
    #[must_use]
    #[inline(always)]
    pub fn longest(&self, call: Key) -> Option<u32> {
        if self.lines.len() > NEAR {
            return self.longest_far(call);
        }
        let mut lengths = self.lengths_of(call);
        while lengths != 0 {
            let behind = longest_of(lengths);
            if let Some(value) = self.find(cut(call, behind)) {
                return Some(value);
            }
            lengths &= without(behind);
        }
        self.every
    }

    /// As [`longest`](Self::longest), where memory is far. Two lengths are looked up before it is
    /// known which counts: that is not to be guessed, and so their memory is waited for once.
    fn longest_far(&self, call: Key) -> Option<u32> {
        let mut lengths = self.lengths_of(call);
        while lengths != 0 {
            let first = longest_of(lengths);
            lengths &= without(first);
            let found = self.find(cut(call, first));
            if lengths == 0 {
                return found.or(self.every);
            }
            let second = longest_of(lengths);
            let shorter = self.find(cut(call, second));
            if let Some(value) = found.or(shorter) {
                return Some(value);
            }
            lengths &= without(second);
        }
        self.every
    }

    /// Every prefix that `call` begins with, the longest first.
    pub fn all(&self, call: Key) -> impl Iterator<Item = u32> + '_ {
        let mut lengths = self.lengths_of(call);
        let found = std::iter::from_fn(move || {
            while lengths != 0 {
                let behind = longest_of(lengths);
                lengths &= without(behind);
                if let Some(value) = self.find(cut(call, behind)) {
                    return Some(value);
                }
            }
            None
        });
        found.chain(self.every)
    }

    /// Which lengths may exist for a number: bit `n` stands for `n + 1` symbols.
    #[inline]
    fn lengths_of(&self, call: Key) -> u32 {
        let known = self.lengths.get(self.cell(call)).copied().unwrap_or(0);
        // Not those that are longer than the number; no number at all has 64 zeros.
        let free = (call.word() | 1 << 63).trailing_zeros() / 4;
        u32::from(known) & (0xffff >> free)
    }

    #[inline]
    fn cell(&self, key: Key) -> usize {
        usize::try_from(key.word() >> (self.behind & 63)).unwrap_or(usize::MAX)
    }

    /// Notes that a key of this length exists.
    fn note(&mut self, key: Key) {
        let bit = key.len().checked_sub(1).map_or(0, |place| 1_u16 << place);
        let from = self.cell(key);
        // A prefix shorter than the cells are deep covers a stretch of them.
        let missing = self.depth.saturating_sub(key.len());
        let cells = self.lengths.iter_mut().skip(from);
        cells.take(1 << (4 * missing)).for_each(|cell| *cell |= bit);
    }

    #[inline]
    fn home(&self, word: u64) -> usize {
        // The digits stand in the high bits, so they are multiplied into the low half as well.
        let wide = u128::from(word ^ 0x9e37_79b9_7f4a_7c15) * 0xd6e8_feb8_6659_fd93_u128;
        let hash = (wide ^ (wide >> 64)) & u128::from(u64::MAX);
        share(u64::try_from(hash).unwrap_or(0), self.lines.len())
    }

    #[inline]
    fn find(&self, word: u64) -> Option<u32> {
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
        grown.every = self.every;
        for line in &self.lines {
            for (key, value) in line.pairs() {
                grown.add(key, value);
                grown.len += 1;
                grown.note(Key::of(key));
            }
        }
        *self = grown;
    }
}

/// The bits of a number behind the longest of some lengths, of which there is one.
#[inline]
fn longest_of(lengths: u32) -> u32 {
    // Lengths are the low half: the highest of sixteen bits stands for no bit behind.
    (lengths << 16).leading_zeros() * 4 % 64
}

/// All lengths but the one with so many bits behind it.
#[inline]
fn without(behind: u32) -> u32 {
    !(1 << (15 - behind / 4))
}

/// The beginning of a number, up to so many bits before its end.
#[inline]
fn cut(call: Key, behind: u32) -> u64 {
    call.word() >> behind << behind
}

/// The place of a hash among so many.
#[inline]
pub(crate) fn share(hash: u64, places: usize) -> usize {
    usize::try_from((u128::from(hash) * places as u128) >> 64).unwrap_or(0)
}

fn lines_for(prefixes: usize) -> usize {
    prefixes.saturating_mul(100).div_ceil(FILL).max(1)
}
