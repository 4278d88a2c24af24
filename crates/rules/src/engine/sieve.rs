//! Numbers that may be among many, told by two bits.

use crate::prefix::{Key, share};

/// Bits for each number: of the others two in a hundred get through.
const BITS: usize = 16;

/// What every number that it was made for gets through, and few others.
#[derive(Default)]
pub(crate) struct Sieve {
    words: Vec<u64>,
}

/// Without its bits, which are of people's numbers.
impl std::fmt::Debug for Sieve {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sieve").finish_non_exhaustive()
    }
}

impl Sieve {
    /// For so many numbers.
    pub(crate) fn new(numbers: usize) -> Self {
        Self {
            words: vec![0; (numbers * BITS).div_ceil(64)],
        }
    }

    pub(crate) fn add(&mut self, key: Key) {
        let (place, bits) = self.bits(key);
        if let Some(word) = self.words.get_mut(place) {
            *word |= bits;
        }
    }

    /// Whether it may be one of the numbers that were added.
    #[inline(always)]
    pub(crate) fn may_hold(&self, key: Key) -> bool {
        let (place, bits) = self.bits(key);
        self.words
            .get(place)
            .is_some_and(|word| word & bits == bits)
    }

    /// A word's place, and two of its bits.
    #[inline(always)]
    fn bits(&self, key: Key) -> (usize, u64) {
        let hash = key.word().wrapping_mul(0x9e37_79b9_7f4a_7c15);
        // A number's last symbols are often none: low bits of the product are not mixed.
        let bits = 1 << (hash >> 24 & 63) | 1 << (hash >> 30 & 63);
        (share(hash, self.words.len()), bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(n: u64) -> Key {
        Key::number(&format!("+1{}", 2_000_000_000 + n * 7_919)).unwrap()
    }

    #[test]
    fn every_number_gets_through_and_few_others() {
        for count in [0, 1, 10, 1_000, 20_000] {
            let mut sieve = Sieve::new(usize::try_from(count).unwrap());
            (0..count).for_each(|n| sieve.add(number(n)));
            assert!((0..count).all(|n| sieve.may_hold(number(n))));
            let others = (count..count + 10_000).filter(|n| sieve.may_hold(number(*n)));
            assert!(others.count() < 500, "{count}");
        }
    }
}
