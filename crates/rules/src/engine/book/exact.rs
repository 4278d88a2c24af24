//! Where the rules of a whole number stand: by arithmetic.
//!
//! A perfect hash gives each number a line of memory of its own, and its rules stand in it: those
//! that find no room there follow elsewhere. What has to be read to find a line is four bits of a
//! number, so that it stays near when the table is far: one load leads to the rules, and there is
//! no other. A number that the table does not have is led somewhere too, so each line begins with
//! the number that it belongs to.

use crate::prefix::share;

/// Numbers that are placed together, on average.
const TOGETHER: usize = 4;
/// Of a hundred lines so many have a number: the last numbers have to find one that is free.
const TAKEN: usize = 90;
/// Words of a line, of which the first two are the number and the position of its first rule.
pub(super) const LINE: usize = 8;
/// Words of a line that are rules.
pub(super) const ROOM: usize = LINE - 2;

/// The rules of one number.
#[derive(Debug, Clone, Copy, Default)]
#[repr(align(64))]
struct Line {
    /// No number is 0.
    word: u64,
    /// The position of the first rule, and the rules.
    run: [u64; 1 + ROOM],
}

/// Whole numbers to their rules.
#[derive(Debug, Default)]
pub(crate) struct Exact {
    /// For numbers that are placed together, what leads each of them to a line of its own.
    pilots: Vec<u16>,
    lines: Vec<Line>,
}

impl Exact {
    /// The position of a number's first rule and its rules, if the table has that number.
    #[inline(always)]
    pub(super) fn find(&self, word: u64) -> Option<&[u64]> {
        if self.pilots.is_empty() {
            return None;
        }
        let hash = mixed(word);
        let pilot = *self.pilots.get(share(hash, self.pilots.len()))?;
        let line = self.lines.get(slot(hash, pilot, self.lines.len()))?;
        (line.word == word).then_some(&line.run)
    }

    /// What is left of a line from one of all lines' words on.
    pub(super) fn words(&self, place: usize) -> Option<&[u64]> {
        let line = self.lines.get(place / LINE)?;
        line.run.get((place % LINE).checked_sub(1)?..)
    }

    /// Gives numbers their lines, and tells for each which one it is. `None` when a number is
    /// there twice, or finds no line.
    pub(super) fn build(words: &[u64]) -> Option<(Self, Vec<u32>)> {
        let count = (words.len() * 100).div_ceil(TAKEN);
        let mut hashes: Vec<(u64, u32)> = words.iter().map(|word| mixed(*word)).zip(0..).collect();
        hashes.sort_unstable();
        let mut pilots = vec![0; words.len().div_ceil(TOGETHER)];
        let buckets = hashes.chunk_by(|(one, _), (other, _)| {
            share(*one, pilots.len()) == share(*other, pilots.len())
        });
        let mut buckets: Vec<&[(u64, u32)]> = buckets.collect();
        // The most first: while lines are free, numbers that go together find theirs.
        buckets.sort_by_key(|bucket| std::cmp::Reverse(bucket.len()));
        let mut taken = vec![false; count];
        let mut slots = vec![0; words.len()];
        for bucket in buckets {
            let (first, _) = bucket.first()?;
            let pilot = (0..=u16::MAX).find(|pilot| take(&mut taken, bucket, *pilot))?;
            let place = share(*first, pilots.len());
            *pilots.get_mut(place)? = pilot;
            for (hash, number) in bucket {
                *slots.get_mut(*number as usize)? =
                    u32::try_from(slot(*hash, pilot, count)).ok()?;
            }
        }
        let lines = vec![Line::default(); count];
        Some((Self { pilots, lines }, slots))
    }

    /// Fills a number's line; gives back where its words begin among those of all lines.
    pub(super) fn fill(&mut self, slot: u32, word: u64, first: u32, run: &[u64]) -> usize {
        if let Some(line) = self.lines.get_mut(slot as usize) {
            line.word = word;
            let run = std::iter::once(u64::from(first)).chain(run.iter().copied());
            for (place, word) in line.run.iter_mut().zip(run) {
                *place = word;
            }
        }
        slot as usize * LINE + LINE - ROOM
    }

    /// Memory that it takes, in bytes.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.pilots) + size_of_val(&*self.lines)
    }
}

/// Takes the lines that a pilot leads to, if all of them are free.
fn take(taken: &mut [bool], bucket: &[(u64, u32)], pilot: u16) -> bool {
    let count = taken.len();
    for (done, (hash, _)) in bucket.iter().enumerate() {
        match taken.get_mut(slot(*hash, pilot, count)) {
            Some(taken) if !*taken => *taken = true,
            _ => {
                for (hash, _) in bucket.iter().take(done) {
                    if let Some(taken) = taken.get_mut(slot(*hash, pilot, count)) {
                        *taken = false;
                    }
                }
                return false;
            }
        }
    }
    true
}

/// Mixed so that each bit depends on all.
#[inline(always)]
fn mixed(word: u64) -> u64 {
    // The digits stand in the high bits, so they are multiplied into the low half as well.
    let wide = u128::from(word ^ 0x9e37_79b9_7f4a_7c15) * 0xd6e8_feb8_6659_fd93_u128;
    let hash = (wide ^ (wide >> 64)) & u128::from(u64::MAX);
    u64::try_from(hash).unwrap_or(0)
}

#[inline(always)]
fn slot(hash: u64, pilot: u16, lines: usize) -> usize {
    // An odd number: different hashes stay different, and their highest bits come out anew.
    let turned = hash.wrapping_mul((u64::from(pilot) << 48 | 0x9e37_79b9_7f4a).rotate_left(17) | 1);
    share(turned, lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(n: u64) -> u64 {
        (0x1100_0000_0000_0000 | n << 12) ^ 0xf00
    }

    #[test]
    fn each_number_has_a_line() {
        for count in [0, 1, 2, 3, 5, 9, 10, 17, 1_000, 100_000_u32] {
            let words: Vec<u64> = (0..count).map(|n| number(n.into())).collect();
            let (mut exact, slots) = Exact::build(&words).unwrap();
            for ((word, slot), n) in words.iter().zip(&slots).zip(0..) {
                let run = [n.into(), 7];
                let place = exact.fill(*slot, *word, n, &run);
                assert_eq!(exact.words(place).unwrap()[..2], run);
            }
            for (word, n) in words.iter().zip(0_u64..) {
                assert_eq!(exact.find(*word).unwrap()[..3], [n, n, 7], "{count}");
            }
            assert!(exact.find(number(count.into())).is_none());
        }
    }

    #[test]
    fn a_number_that_stands_there_twice_has_no_line() {
        let mut words: Vec<u64> = (0..100).map(number).collect();
        words.push(words[50]);
        assert!(Exact::build(&words).is_none());
    }

    #[test]
    fn what_leads_to_a_line_stays_near() {
        let words: Vec<u64> = (0..100_000).map(number).collect();
        let (exact, _) = Exact::build(&words).unwrap();
        assert!(exact.pilots.len() * size_of::<u16>() <= 50_000);
        assert!(exact.bytes() < 7_200_000, "{}", exact.bytes());
    }
}
