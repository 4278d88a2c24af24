//! The table that others use.

use std::fmt;

use callroute_schema::number::Key;

use super::cells::{cut, longest_of, without};
use super::open::Open;
use super::packed::Packed;

/// Prefixes of numbers to values: the longest that a number begins with, or all of them.
///
/// One that is made of all its prefixes at once (`PrefixTable::from`) takes half the memory of one
/// that grows, and for a number it mostly reads one line of it. Prefixes may be added to it as
/// well: those that begin like them then stand as in one that grows.
#[derive(Clone)]
pub struct PrefixTable {
    /// Prefixes in groups; those of a group that found no room are in `open`.
    packed: Option<Packed>,
    open: Open,
    /// What stands at the prefix of every number.
    every: Option<u32>,
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

/// Of equal prefixes the last counts.
impl From<Vec<(Key, u32)>> for PrefixTable {
    fn from(mut pairs: Vec<(Key, u32)>) -> Self {
        pairs.sort_by_key(|(key, _)| *key);
        pairs.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 = next.1;
            }
            same
        });
        // The prefix of every number is the smallest.
        let every = pairs.first().filter(|(key, _)| key.is_empty()).copied();
        if every.is_some() {
            pairs.remove(0);
        }
        let (packed, rest) = match Packed::new(&pairs) {
            Some((packed, rest)) => (Some(packed), rest),
            None => (None, pairs),
        };
        let mut open = Open::with_capacity(rest.len());
        for (key, value) in rest {
            open.insert(key, value);
        }
        Self {
            packed,
            open,
            every: every.map(|(_, value)| value),
        }
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
        Self {
            packed: None,
            open: Open::with_capacity(prefixes),
            every: None,
        }
    }

    /// How many prefixes it has.
    #[must_use]
    pub fn len(&self) -> usize {
        let packed = self.packed.as_ref().map_or(0, Packed::len);
        packed + self.open.len() + usize::from(self.every.is_some())
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Memory that it takes, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.packed.as_ref().map_or(0, Packed::bytes) + self.open.bytes()
    }

    /// Adds a prefix, or changes its value; gives back what it had before.
    pub fn insert(&mut self, key: Key, value: u32) -> Option<u32> {
        if key.is_empty() {
            return self.every.replace(value);
        }
        if let Some(packed) = &mut self.packed {
            packed.release(key, &mut self.open);
        }
        self.open.insert(key, value)
    }

    /// The value of a prefix that stands in the table exactly so.
    #[must_use]
    pub fn get(&self, key: Key) -> Option<u32> {
        if key.is_empty() {
            return self.every;
        }
        self.find(key)
    }

    #[inline]
    fn find(&self, key: Key) -> Option<u32> {
        let open = || self.open.find(key.word());
        match &self.packed {
            None => open(),
            Some(packed) => packed.get(key).or_else(open),
        }
    }

    /// The value of the longest prefix that `call` begins with.
    #[must_use]
    #[inline(always)]
    pub fn longest(&self, call: Key) -> Option<u32> {
        let found = match &self.packed {
            Some(packed) => packed.longest(call, &self.open),
            None => self.open.longest(call),
        };
        found.or(self.every)
    }

    /// The longest prefix that `call` begins with, and its value.
    pub(crate) fn longest_of(&self, call: Key) -> Option<(Key, u32)> {
        let every = self.every.map(|value| (Key::EVERY, value));
        self.beginnings(call).next().or(every)
    }

    /// Every prefix that `call` begins with, the longest first.
    pub fn all(&self, call: Key) -> impl Iterator<Item = u32> + '_ {
        let found = self.beginnings(call).map(|(_, value)| value);
        found.chain(self.every)
    }

    /// The same with the prefixes, without that of every number.
    fn beginnings(&self, call: Key) -> impl Iterator<Item = (Key, u32)> + '_ {
        let mut lengths = match self.packed {
            None => self.open.lengths(call),
            // Groups do not tell their lengths: all up to that of the number.
            Some(_) => 0xffff >> (16 - call.len()),
        };
        std::iter::from_fn(move || {
            while lengths != 0 {
                let behind = longest_of(lengths);
                lengths &= without(behind);
                let key = Key::of(cut(call, behind));
                if let Some(value) = self.find(key) {
                    return Some((key, value));
                }
            }
            None
        })
    }
}
