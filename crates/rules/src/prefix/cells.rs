//! What is known of numbers by their first symbols.

use callroute_schema::number::Key;

/// For each beginning of a number, a bit for each length that something has under it.
#[derive(Debug, Clone)]
pub(super) struct Cells {
    bits: Box<[u16]>,
    /// How many symbols choose among them.
    pub(super) depth: usize,
    /// Bits of a number behind those symbols.
    behind: u32,
}

impl Cells {
    /// For a table of so many prefixes.
    pub(super) fn new(prefixes: usize) -> Self {
        let (depth, behind) = match prefixes {
            0..=63 => (2, 56),
            64..=32_767 => (3, 52),
            32_768..=1_999_999 => (4, 48),
            _ => (5, 44),
        };
        Self {
            bits: vec![0; 1 << (4 * depth)].into(),
            depth,
            behind,
        }
    }

    /// Memory that it takes, in bytes.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.bits)
    }

    /// Which lengths there may be for a number: bit `n` stands for `n + 1` symbols.
    #[inline]
    pub(super) fn lengths(&self, call: Key) -> u32 {
        let known = self.bits.get(self.cell(call)).copied().unwrap_or(0);
        // Not those that are longer than the number; no number at all has 64 zeros.
        let free = (call.word() | 1 << 63).trailing_zeros() / 4;
        u32::from(known) & (0xffff >> free)
    }

    #[inline]
    pub(super) fn cell(&self, key: Key) -> usize {
        usize::try_from(key.word() >> (self.behind & 63)).unwrap_or(usize::MAX)
    }

    /// Notes that there are these lengths under a key.
    pub(super) fn note(&mut self, key: Key, lengths: u32) {
        let bits = u16::try_from(lengths & 0xffff).unwrap_or(0);
        let from = self.cell(key);
        // A prefix shorter than the cells are deep covers a stretch of them.
        let missing = self.depth.saturating_sub(key.len());
        let cells = self.bits.iter_mut().skip(from);
        cells
            .take(1 << (4 * missing))
            .for_each(|cell| *cell |= bits);
    }
}

/// The bit of a length of 1 to 16 symbols.
#[inline]
pub(super) fn bit(symbols: usize) -> u32 {
    symbols.checked_sub(1).map_or(0, |place| 1 << (place & 15))
}

/// The bits of a number behind the longest of some lengths, of which there is one.
#[inline]
pub(super) fn longest_of(lengths: u32) -> u32 {
    // Lengths are the low half: the highest of sixteen bits stands for no bit behind.
    (lengths << 16).leading_zeros() * 4 % 64
}

/// All lengths but the one with so many bits behind it.
#[inline]
pub(super) fn without(behind: u32) -> u32 {
    !(1 << (15 - behind / 4))
}

/// The lengths with at most so many bits behind them.
#[inline]
pub(super) fn not_shorter(behind: u32) -> u32 {
    0xffff << (15 - behind / 4) & 0xffff
}

/// The beginning of a number, up to so many bits before its end.
#[inline]
pub(super) fn cut(call: Key, behind: u32) -> u64 {
    call.word() >> behind << behind
}

/// The place of a hash among so many.
#[inline]
pub(crate) fn share(hash: u64, places: usize) -> usize {
    usize::try_from((u128::from(hash) * places as u128) >> 64).unwrap_or(0)
}
