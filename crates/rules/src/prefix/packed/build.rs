//! Groups are made, and get their lines.

use callroute_schema::number::Key;

use super::{END, Line, Packed, SLOTS};
use crate::prefix::cells::{Cells, bit, cut, longest_of, without};

/// Fewer prefixes are as near when they are not packed.
const FEW: usize = 64;
/// Entries that a line has on average, in hundredths: as few lines as may be, since they are near.
const FILL: usize = 600;
/// From so many prefixes on no line is near: the fewer then find no room in theirs, the better.
const FAR: usize = 2_000_000;
const FILL_FAR: usize = 420;
/// A group of more prefixes is large.
const LARGE: usize = 4;
/// Of so many prefixes one may be of a large group.
const SELDOM: usize = 32;

/// A prefix on its way into a line.
struct Placed {
    /// How many bits there are behind what its group has in common.
    behind: u32,
    key: Key,
    value: u32,
}

impl Placed {
    /// How long what its group has in common is, and that.
    fn group(&self) -> (u32, u64) {
        (self.behind, cut(self.key, self.behind))
    }
}

impl Packed {
    /// Packs prefixes, sorted and each once, and gives back those whose groups find no room.
    /// `None`: few of them would.
    pub(in crate::prefix) fn new(pairs: &[(Key, u32)]) -> Option<(Self, Vec<(Key, u32)>)> {
        // Places of prefixes and lines have 32 bits.
        if !(FEW..1 << 32).contains(&pairs.len()) {
            return None;
        }
        let fill = if pairs.len() < FAR { FILL } else { FILL_FAR };
        let count = (pairs.len() * 100).div_ceil(fill);
        let (homes, usual) = homes(pairs);
        let mut packed = Self {
            lines: vec![Line::default(); count].into(),
            homes,
            usual,
            usual_behind: longest_of(usual),
            marked: vec![0; count.div_ceil(64)].into(),
            told: count.ilog2(),
            len: 0,
        };
        let mut order: Vec<(u32, u32)> = pairs
            .iter()
            .zip(0..)
            .filter_map(|((key, _), number)| {
                let (line, _) = packed.place(*key, packed.home(*key)?);
                Some((u32::try_from(line).ok()?, number))
            })
            .collect();
        order.sort_unstable();
        let (mut placed, mut rest) = (Vec::new(), Vec::new());
        for line in order.chunk_by(|(one, _), (other, _)| one == other) {
            placed.clear();
            let own = line
                .iter()
                .filter_map(|(_, number)| pairs.get(*number as usize));
            placed.extend(own.filter_map(|(key, value)| {
                Some(Placed {
                    behind: packed.home(*key)?,
                    key: *key,
                    value: *value,
                })
            }));
            placed.sort_unstable_by_key(|one| (one.behind, one.key));
            if let [(place, _), ..] = line {
                packed.fill(*place as usize, &placed, &mut rest);
            }
        }
        (rest.len() <= pairs.len() / 2).then_some((packed, rest))
    }

    /// Fills a line with the prefixes of its groups; those that find no room are left over.
    fn fill(&mut self, place: usize, placed: &[Placed], rest: &mut Vec<(Key, u32)>) {
        let groups = placed.chunk_by(|one, other| one.group() == other.group());
        let mut groups: Vec<&[Placed]> = groups.collect();
        // Large ones find room as long as there is much of it.
        groups.sort_by_key(|group| std::cmp::Reverse(group.len()));
        let mut entries = Vec::new();
        for group in groups {
            let before = entries.len();
            entries.extend(group.iter().map_while(|one| self.entry(one)));
            if entries.len() < before + group.len() || entries.len() > SLOTS {
                entries.truncate(before);
                rest.extend(group.iter().map(|one| (one.key, one.value)));
                self.mark(place);
            }
        }
        // The longest are those whose values end first.
        entries.sort_unstable_by_key(|entry| entry & 63);
        self.len += entries.len();
        if let Some(line) = self.lines.get_mut(place) {
            line.0
                .iter_mut()
                .zip(entries)
                .for_each(|(slot, entry)| *slot = entry);
        }
    }

    /// The entry of a prefix, if it and its value fit in one.
    fn entry(&self, one: &Placed) -> Option<u64> {
        let end = self.end(one.key, one.behind)?;
        let (_, word) = self.place(one.key, one.behind);
        let value = u64::from(one.value);
        let fits = value >> (end - END) == 0;
        fits.then_some(word >> end << end | value << END | u64::from(end))
    }
}

/// How many symbols the groups of each beginning have in common: as few as leave few of them
/// large. And what most prefixes have of that, if it is one length.
fn homes(pairs: &[(Key, u32)]) -> (Cells, u32) {
    let mut homes = Cells::new(pairs.len());
    let depth = homes.depth;
    let cell = |key: Key| homes.cell(key);
    let (mut noted, mut counts) = (Vec::new(), [0; 16]);
    for cell in pairs.chunk_by(|(one, _), (other, _)| cell(*one) == cell(*other)) {
        let keys = cell.iter().map(|(key, _)| *key);
        let (short, long): (Vec<Key>, Vec<Key>) = keys.partition(|key| key.len() < depth);
        noted.extend(short.into_iter().map(|key| (key, bit(key.len()))));
        let lengths = grouped(&long);
        if let Some(first) = long.first() {
            noted.push((*first, lengths));
        }
        if let (1, Some(count)) = (
            lengths.count_ones(),
            counts.get_mut(lengths.trailing_zeros() as usize),
        ) {
            *count += long.len();
        }
    }
    for (key, lengths) in noted {
        homes.note(key, lengths);
    }
    let most = (0..16).zip(counts).max_by_key(|(_, count)| *count);
    (homes, most.map_or(0, |(place, _)| 1 << place))
}

/// Lengths that groups of sorted prefixes have in common.
fn grouped(keys: &[Key]) -> u32 {
    let mut left = keys.iter().fold(0, |bits, key| bits | bit(key.len()));
    let mut homes = 0;
    while left != 0 {
        // From the longest on down to the shortest with which its groups are not large.
        let longest = longest_of(left);
        let mut home = longest;
        left &= without(longest);
        while left != 0 {
            let shorter = longest_of(left);
            if are_large(keys, shorter, longest) {
                break;
            }
            home = shorter;
            left &= without(shorter);
        }
        homes |= 1 << (15 - home / 4);
    }
    homes
}

/// Whether many prefixes would stand in large groups, if those that have from `longest` to
/// `behind` bits behind them were grouped by all but `behind` bits.
fn are_large(keys: &[Key], behind: u32, longest: u32) -> bool {
    let free = |key: &Key| key.word().trailing_zeros() / 4 * 4;
    let (mut group, mut size, mut large, mut all) = (0, 0, 0, 0);
    for key in keys
        .iter()
        .filter(|key| (longest..=behind).contains(&free(key)))
    {
        let own = cut(*key, behind);
        size = if own == group { size + 1 } else { 1 };
        group = own;
        all += 1;
        if size > LARGE {
            large += if size == LARGE + 1 { size } else { 1 };
        }
    }
    large * SELDOM > all
}
