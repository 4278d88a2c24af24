//! The longest prefix of a number, against other structures:
//! `cargo bench -p callroute-benches --bench prefix`
//!
//! Each gets the same prefixes and the same numbers, as text, one look-up after the other: the
//! next number is not known before the last value is. All numbers are looked up after the caches
//! were emptied, and then once more, which is the steady state. `-- 10000000` is the largest table
//! (the default); `--quick` only sees that everything runs, and that all find the same.

mod harness;
mod workload;

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::time::{Duration, Instant};

use callroute_rules::prefix::{Key, PrefixTable};
use foldhash::fast::FixedState;
use fst::raw::Output;
use fst::{Map, MapBuilder};
use harness::{Failure, Memory, Options, Samples, Target, clock, machine, print_targets};
use patricia_tree::GenericPatriciaMap;
use workload::{Dice, prefix};

const BATCH: usize = 64;
/// Values are below this, which whoever compiles the chain of look-ups does not know.
const HIGH: u32 = 31;

/// Finds the value of the longest prefix of a number.
trait Longest {
    fn name(&self) -> &'static str;
    fn longest(&self, number: &str) -> Option<u32>;
}

impl Longest for PrefixTable {
    fn name(&self) -> &'static str {
        "PrefixTable"
    }

    fn longest(&self, number: &str) -> Option<u32> {
        Self::longest(self, Key::call(number))
    }
}

/// An automaton, walked digit by digit.
struct Fst(Map<Vec<u8>>);

impl Longest for Fst {
    fn name(&self) -> &'static str {
        "fst"
    }

    fn longest(&self, number: &str) -> Option<u32> {
        let raw = self.0.as_fst();
        let (mut node, mut out, mut found) = (raw.root(), Output::zero(), None);
        for byte in number.bytes() {
            let Some(place) = node.find_input(byte) else {
                break;
            };
            let next = node.transition(place);
            out = out.cat(next.out);
            node = raw.node(next.addr);
            if node.is_final() {
                found = Some(out.cat(node.final_output()).value());
            }
        }
        found.and_then(|value| u32::try_from(value).ok())
    }
}

struct Patricia(GenericPatriciaMap<Vec<u8>, u32>);

impl Longest for Patricia {
    fn name(&self) -> &'static str {
        "patricia_tree"
    }

    fn longest(&self, number: &str) -> Option<u32> {
        let found = self.0.get_longest_common_prefix(number.as_bytes());
        found.map(|(_, value)| *value)
    }
}

/// Sorted keys: what stands before a number is its longest prefix, or tells how much shorter
/// that must be.
struct Sorted(BTreeMap<u64, u32>);

/// Digits as half bytes, 1 to 10, the first highest; 0 is no digit. The same packing for every
/// rival that takes words.
fn pack(text: &str) -> u64 {
    let digits = text.bytes().skip(1).take(15);
    let packed = digits.fold((0_u64, 64_u32), |(word, shift), byte| {
        let shift = shift - 4;
        (word | (u64::from(byte & 15) + 1) << shift, shift)
    });
    packed.0
}

/// The first so many digits of a packed number.
fn cut(word: u64, digits: u32) -> u64 {
    word & u64::MAX.checked_shl(64 - 4 * digits).unwrap_or(0)
}

impl Longest for Sorted {
    fn name(&self) -> &'static str {
        "BTreeMap"
    }

    fn longest(&self, number: &str) -> Option<u32> {
        let word = pack(number);
        let mut most = word;
        loop {
            let range = (Bound::Unbounded, Bound::Included(most));
            let (key, value) = self.0.range::<u64, _>(range).next_back()?;
            let digits = 16 - key.trailing_zeros() / 4;
            if cut(word, digits) == *key {
                return Some(*value);
            }
            // No prefix is longer than what the two have in common.
            most = cut(word, ((word ^ key).leading_zeros()) / 4);
        }
    }
}

/// A hash table for each length, the longest first.
struct Lengths(Vec<(u32, HashMap<u64, u32, FixedState>)>);

impl Longest for Lengths {
    fn name(&self) -> &'static str {
        "hash per length"
    }

    fn longest(&self, number: &str) -> Option<u32> {
        let word = pack(number);
        let mut tables = self.0.iter();
        tables.find_map(|(digits, table)| table.get(&cut(word, *digits)).copied())
    }
}

/// A structure, and the bytes that it takes a prefix.
type Weighed = (Box<dyn Longest>, f64);

/// What stays allocated after something was made is its size.
fn weigh<T: Longest + 'static>(
    deck: u64,
    make: impl FnOnce() -> Result<T, Failure>,
) -> Result<Weighed, Failure> {
    let mut made = None;
    let counted = allocation_counter::measure(|| made = Some(make()));
    let made = made.ok_or("nothing was made")??;
    Ok((Box::new(made), counted.bytes_current as f64 / deck as f64))
}

/// Everyone with a deck of so many prefixes.
fn everyone(deck: u64) -> Result<Vec<Weighed>, Failure> {
    let entries = || {
        (0..deck)
            .zip(0_u32..)
            .map(|(k, value)| (prefix(k, deck), value))
    };
    let ours = weigh(deck, || {
        let pairs = entries().map(|(text, value)| Some((Key::prefix(&text)?, value)));
        let pairs: Option<Vec<(Key, u32)>> = pairs.collect();
        Ok(PrefixTable::from(pairs.ok_or("no prefix")?))
    })?;
    let fst = weigh(deck, || {
        let mut sorted: Vec<(String, u32)> = entries().collect();
        sorted.sort_unstable();
        let mut builder = MapBuilder::memory();
        for (text, value) in &sorted {
            builder.insert(text, u64::from(*value))?;
        }
        let mut bytes = builder.into_inner()?;
        bytes.shrink_to_fit();
        Ok(Fst(Map::new(bytes)?))
    })?;
    let patricia = weigh(deck, || {
        let mut map = GenericPatriciaMap::new();
        for (text, value) in entries() {
            map.insert(text.into_bytes(), value);
        }
        Ok(Patricia(map))
    })?;
    let sorted = weigh(deck, || {
        Ok(Sorted(
            entries()
                .map(|(text, value)| (pack(&text), value))
                .collect(),
        ))
    })?;
    let lengths = weigh(deck, || {
        let mut tables: BTreeMap<u32, HashMap<u64, u32, FixedState>> = BTreeMap::new();
        for (text, value) in entries() {
            let digits = u32::try_from(text.len())? - 1;
            tables.entry(digits).or_default().insert(pack(&text), value);
        }
        Ok(Lengths(tables.into_iter().rev().collect()))
    })?;
    Ok(vec![ours, fst, patricia, sorted, lengths])
}

/// Bytes of each number.
const DIGITS: usize = 14;

/// Numbers to look up, one behind the other: nine of ten begin with a prefix of the deck.
fn numbers(deck: u64, count: usize) -> String {
    let mut dice = Dice(3);
    let mut all = String::with_capacity(count * DIGITS);
    for _ in 0..count {
        let begins = match dice.below(10) {
            0 => format!("+44{}", dice.below(1_000_000)),
            _ => prefix(dice.below(deck), deck),
        };
        let mut number = format!("{begins}{:0>12}", dice.below(1_000_000_000_000));
        number.truncate(DIGITS);
        all.push_str(&number);
    }
    all
}

/// The next numbers, each a text of its own, as if they had just come in.
fn arrive(bytes: &[u8], batch: &mut Vec<String>) -> Result<(), Failure> {
    batch.resize_with(bytes.len() / DIGITS, String::new);
    for (text, bytes) in batch.iter_mut().zip(bytes.chunks_exact(DIGITS)) {
        text.clear();
        text.push_str(str::from_utf8(bytes)?);
    }
    Ok(())
}

/// One pass over all numbers, in chained batches.
fn pass(
    one: &dyn Longest,
    numbers: &str,
    clock: u64,
    samples: &mut Samples,
) -> Result<(), Failure> {
    let mut batch = Vec::new();
    for bytes in numbers.as_bytes().chunks_exact(BATCH * DIGITS) {
        arrive(bytes, &mut batch)?;
        let begun = Instant::now();
        let mut at = 0;
        while let Some(number) = batch.get(at) {
            let value = one.longest(number).unwrap_or(0);
            at += 1 + (value >> HIGH) as usize;
        }
        samples.add(begun.elapsed(), clock, BATCH)?;
    }
    Ok(())
}

/// Whether all find the same for every number; gives back for how many they find something.
fn agree(all: &[Weighed], numbers: &str) -> Result<usize, Failure> {
    let (mut batch, mut found) = (Vec::new(), 0);
    arrive(numbers.as_bytes(), &mut batch)?;
    for number in &batch {
        let mut values = all.iter().map(|(one, _)| one.longest(number));
        let first = values.next().flatten();
        if values.any(|value| value != first) {
            return Err(format!("{number}: they do not agree").into());
        }
        found += usize::from(first.is_some());
    }
    Ok(found)
}

/// The times of one structure.
struct Times {
    /// After the caches were emptied.
    emptied: Samples,
    steady: Samples,
}

fn measure(
    deck: u64,
    options: &Options,
    memory: &mut Memory,
    clock: u64,
) -> Result<Vec<Target>, Failure> {
    let begun = Instant::now();
    let all = everyone(deck)?;
    // So many that all of a large table is asked for: what is asked again and again is near.
    let (count, rounds) = match (options.quick, deck) {
        (true, _) => (6_400, 1),
        (_, ..1_000_000) => (128_000, 7),
        _ => (512_000, 5),
    };
    let numbers = numbers(deck, count);
    let found = agree(&all, &numbers)?;
    let mut times = Vec::new();
    for _ in &all {
        times.push(Times {
            emptied: Samples::new()?,
            steady: Samples::new()?,
        });
    }
    for _ in 0..rounds {
        for ((one, _), times) in all.iter().zip(&mut times) {
            memory.measure();
            memory.sweep();
            pass(&**one, &numbers, clock, &mut times.emptied)?;
            pass(&**one, &numbers, clock, &mut times.steady)?;
        }
    }
    let load = memory.load();
    let taken: Duration = begun.elapsed();
    println!(
        "\n{deck} prefixes; {found} of {count} numbers have one; L = {load:.0} ns; {taken:.0?}\n\n| | steady, p50 | in L | x PrefixTable | emptied, p50 | in L | x PrefixTable | B a prefix |\n|---|---:|---:|---:|---:|---:|---:|---:|"
    );
    let ours = times.first().map_or([1.0; 2], p50s);
    let mut nearest = f64::MAX;
    for ((one, bytes), times) in all.iter().zip(&times) {
        let ([steady, emptied], [our_steady, our_emptied]) = (p50s(times), ours);
        let ratio = steady / our_steady;
        println!(
            "| {} | {steady} ns | {:.2} | {ratio:.2} | {emptied} ns | {:.2} | {:.2} | {bytes:.1} |",
            one.name(),
            steady / load,
            emptied / load,
            emptied / our_emptied,
        );
        if one.name() != "PrefixTable" {
            nearest = nearest.min(ratio).min(emptied / our_emptied);
        }
    }
    let name = |what: &str| format!("{what}: {deck} prefixes");
    let bytes = all.first().map_or(f64::NAN, |(_, bytes)| *bytes);
    let mut targets = vec![
        Target::at_least(name("the nearest rival"), nearest, 1.0, "x"),
        Target::at_most(name("bytes a prefix"), bytes, 24.0, "B"),
    ];
    let [steady, _] = ours;
    match deck {
        1_000_000 => targets.push(Target::at_most(name("latency"), steady / load, 0.7, "L")),
        10_000_000 => targets.push(Target::at_most(name("latency"), steady / load, 1.2, "L")),
        _ => {}
    }
    Ok(targets)
}

/// The medians, of the steady state first.
fn p50s(times: &Times) -> [f64; 2] {
    [&times.steady, &times.emptied].map(|samples| samples.p50() as f64)
}

fn main() -> Result<(), Failure> {
    let options = Options::read(10_000_000);
    let (mut memory, clock) = (Memory::new(), clock()?);
    let mut targets = Vec::new();
    for deck in [1_000, 10_000, 100_000, 1_000_000, 10_000_000] {
        if deck <= options.most && (deck > 1_000 || options.quick) {
            targets.extend(measure(deck, &options, &mut memory, clock)?);
        }
    }
    print_targets(&targets);
    println!("\n{}", machine());
    Ok(())
}
