//! Where the rules of a whole number stand, when numbers are many: by arithmetic.
//!
//! A perfect hash gives each number a slot of its own, and runs of records stand in the order of
//! their slots. What has to be read to find a run is three bits of a number here and seven there,
//! so that it stays near when the table is far: one load leads to the records, and there is no
//! other. A number that the table does not have is led somewhere too, so each run begins with the
//! number that it belongs to.

/// Slots whose runs are found from one beginning.
const GROUP: usize = 16;
/// Numbers that are placed together, on average.
const TOGETHER: usize = 4;
/// Of a hundred slots so many have a number: the last numbers have to find one that is free.
const TAKEN: usize = 90;
/// A run's size is four bits.
pub(super) const LONGEST: usize = 15;

/// Sixteen slots: where their runs begin, and how long each is.
#[derive(Debug, Clone, Copy, Default)]
struct Group {
    first: u32,
    /// Four bits a slot, in two halves so that this is twelve bytes.
    sizes: [u32; 2],
}

impl Group {
    /// Where the run of a slot begins.
    #[inline]
    fn start(&self, slot: usize) -> usize {
        let [low, high] = self.sizes.map(u64::from);
        let before = (high << 32 | low) & ((1 << (4 * (slot % GROUP))) - 1);
        const ODD: u64 = 0x0f0f_0f0f_0f0f_0f0f;
        // Pairs fit into a byte, and all of them together: 15 runs of 15.
        let pairs = (before & ODD) + ((before >> 4) & ODD);
        let sum = pairs.wrapping_mul(0x0101_0101_0101_0101) >> 56;
        self.first as usize + sum as usize
    }

    fn set(&mut self, slot: usize, size: u32) {
        let slot = slot % GROUP;
        if let Some(half) = self.sizes.get_mut(slot / 8) {
            *half |= size << (4 * (slot % 8));
        }
    }
}

/// Whole numbers to where their runs begin.
#[derive(Debug, Default)]
pub(crate) struct Exact {
    /// For numbers that are placed together, what leads each of them to a slot of its own.
    pilots: Vec<u16>,
    groups: Vec<Group>,
}

/// A number that gets a place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Home {
    /// Its key's word.
    pub(super) word: u64,
    /// How many places its run takes, with the one in front: at most [`LONGEST`].
    pub(super) size: usize,
    /// Where its records are kept until then.
    pub(super) first: usize,
    pub(super) block: usize,
}

impl Exact {
    /// Where the run of a number begins, if the table has that number.
    #[inline]
    pub(super) fn place(&self, word: u64) -> Option<usize> {
        let hash = mixed(word);
        let pilot = *self.pilots.get(share(hash, self.pilots.len()))?;
        let slot = slot(hash, pilot, self.groups.len());
        Some(self.groups.get(slot / GROUP)?.start(slot))
    }

    /// Gives numbers their places, from `start` on, and tells in which order they stand. `None`
    /// when a number is there twice.
    pub(super) fn build(homes: &[Home], start: usize) -> Option<(Self, Vec<usize>)> {
        let groups = (homes.len() * 100 / TAKEN).div_ceil(GROUP).max(1);
        let mut hashes: Vec<(u64, usize)> =
            homes.iter().map(|home| mixed(home.word)).zip(0..).collect();
        hashes.sort_unstable();
        let mut pilots = vec![0; homes.len().div_ceil(TOGETHER).max(1)];
        let buckets = hashes.chunk_by(|(one, _), (other, _)| {
            share(*one, pilots.len()) == share(*other, pilots.len())
        });
        let mut buckets: Vec<&[(u64, usize)]> = buckets.collect();
        // The most first: while slots are free, numbers that go together find theirs.
        buckets.sort_by_key(|bucket| std::cmp::Reverse(bucket.len()));
        let mut owners: Vec<u32> = vec![FREE; groups * GROUP];
        for bucket in buckets {
            let (first, _) = bucket.first()?;
            let pilot = (0..=u16::MAX).find(|pilot| take(&mut owners, bucket, *pilot, groups))?;
            let place = share(*first, pilots.len());
            *pilots.get_mut(place)? = pilot;
        }
        let mut exact = Self {
            pilots,
            groups: Vec::with_capacity(groups),
        };
        let (mut order, mut next) = (Vec::with_capacity(homes.len()), start);
        for owners in owners.chunks(GROUP) {
            let mut group = Group {
                first: u32::try_from(next).ok()?,
                ..Group::default()
            };
            for (slot, owner) in owners
                .iter()
                .enumerate()
                .filter(|(_, owner)| **owner != FREE)
            {
                let home = homes.get(*owner as usize)?;
                group.set(slot, u32::try_from(home.size).ok()?);
                next += home.size;
                order.push(*owner as usize);
            }
            exact.groups.push(group);
        }
        Some((exact, order))
    }

    /// Memory that it takes, in bytes.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.pilots) + size_of_val(&*self.groups)
    }
}

const FREE: u32 = u32::MAX;

/// Takes the slots that a pilot leads to, if all of them are free.
fn take(owners: &mut [u32], bucket: &[(u64, usize)], pilot: u16, groups: usize) -> bool {
    for (done, (hash, owner)) in bucket.iter().enumerate() {
        let place = owners.get_mut(slot(*hash, pilot, groups));
        match (place, u32::try_from(*owner)) {
            (Some(place), Ok(owner)) if *place == FREE => *place = owner,
            _ => {
                for (hash, _) in bucket.iter().take(done) {
                    if let Some(place) = owners.get_mut(slot(*hash, pilot, groups)) {
                        *place = FREE;
                    }
                }
                return false;
            }
        }
    }
    true
}

/// Mixed so that each bit depends on all; different words stay different.
#[inline]
fn mixed(word: u64) -> u64 {
    let word = (word ^ (word >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    let word = (word ^ (word >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    word ^ (word >> 32)
}

#[inline]
fn slot(hash: u64, pilot: u16, groups: usize) -> usize {
    // An odd number: different hashes stay different, and their highest bits come out anew.
    let turned = hash.wrapping_mul((u64::from(pilot) << 48 | 0x9e37_79b9_7f4a).rotate_left(17) | 1);
    share(turned, groups * GROUP)
}

/// The place of a hash among so many.
#[inline]
fn share(hash: u64, places: usize) -> usize {
    usize::try_from((u128::from(hash) * places as u128) >> 64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn homes(count: u64) -> Vec<Home> {
        let home = |n: u64| Home {
            word: (0x1100_0000_0000_0000 | n << 12) ^ 0xf00,
            size: 1 + n as usize % LONGEST,
            first: 0,
            block: 0,
        };
        (0..count).map(home).collect()
    }

    #[test]
    fn each_number_has_a_place_and_runs_do_not_overlap() {
        for count in [0, 1, 2, 5, 17, 1_000, 100_000] {
            let homes = homes(count);
            let (exact, order) = Exact::build(&homes, 7).unwrap();
            let mut at = 7;
            for home in order.iter().map(|place| homes[*place]) {
                assert_eq!(exact.place(home.word), Some(at), "{count}");
                at += home.size;
            }
            let mut all = order;
            all.sort_unstable();
            assert!(all.into_iter().eq(0..homes.len()));
        }
    }

    #[test]
    fn a_number_that_stands_there_twice_has_no_place() {
        let mut homes = homes(100);
        homes.push(homes[50]);
        assert!(Exact::build(&homes, 0).is_none());
    }

    #[test]
    fn it_stays_near() {
        let (exact, _) = Exact::build(&homes(100_000), 0).unwrap();
        assert!(exact.bytes() < 150_000, "{}", exact.bytes());
    }
}
