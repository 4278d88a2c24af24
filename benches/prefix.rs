//! The longest prefix of a number, against other structures:
//! `cargo bench -p callroute-benches --bench prefix`
//!
//! Each gets the same prefixes and the same numbers, as text, one look-up after the other: the
//! next number is not known before the last value is. `-- 10000000` is the largest table (the
//! default); `--quick` only sees that everything runs, and that all find the same.

mod harness;
mod workload;

use std::collections::{BTreeMap, HashMap};
use std::hint::black_box;
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
        let mut table = PrefixTable::with_capacity(usize::try_from(deck)?);
        for (text, value) in entries() {
            table.insert(Key::prefix(&text).ok_or("no prefix")?, value);
        }
        Ok(table)
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

/// Numbers to look up: nine of ten begin with a prefix of the deck.
fn numbers(deck: u64, count: usize) -> Vec<String> {
    let mut dice = Dice(3);
    (0..count)
        .map(|_| {
            let begins = match dice.below(10) {
                0 => format!("+44{}", dice.below(1_000_000)),
                _ => prefix(dice.below(deck), deck),
            };
            let mut number = format!("{begins}{:0>12}", dice.below(1_000_000_000_000));
            number.truncate(14);
            number
        })
        .collect()
}

/// One pass over all numbers, in chained batches.
fn pass(
    one: &dyn Longest,
    numbers: &[String],
    clock: u64,
    samples: &mut Samples,
) -> Result<(), Failure> {
    for batch in numbers.chunks_exact(BATCH) {
        black_box(
            batch
                .iter()
                .flat_map(|number| number.bytes())
                .map(u64::from)
                .sum::<u64>(),
        );
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

fn measure(
    deck: u64,
    options: &Options,
    memory: &mut Memory,
    clock: u64,
) -> Result<Vec<Target>, Failure> {
    let begun = Instant::now();
    let all = everyone(deck)?;
    let numbers = numbers(deck, if options.quick { 6_400 } else { 128_000 });
    let (rounds, mut found) = (if options.quick { 1 } else { 7 }, Vec::new());
    for number in &numbers {
        let mut values = all.iter().map(|(one, _)| one.longest(number));
        let first = values.next().flatten();
        if values.any(|value| value != first) {
            return Err(format!("{number}: they do not agree").into());
        }
        found.extend(first);
    }
    let mut samples: Vec<Samples> = all
        .iter()
        .map(|_| Samples::new())
        .collect::<Result<_, _>>()?;
    for _ in 0..rounds {
        for ((one, _), samples) in all.iter().zip(&mut samples) {
            memory.measure();
            memory.sweep();
            pass(&**one, &numbers, clock, samples)?;
        }
    }
    let load = memory.load();
    let ours = samples.first().map_or(1, Samples::p50) as f64;
    let taken: Duration = begun.elapsed();
    println!(
        "\n{deck} prefixes; {} of {} numbers have one; L = {load:.0} ns; {taken:.0?}\n\n| | p50 | in L | x PrefixTable | B a prefix |\n|---|---:|---:|---:|---:|",
        found.len(),
        numbers.len()
    );
    let mut nearest = f64::MAX;
    for ((one, bytes), samples) in all.iter().zip(&samples) {
        let p50 = samples.p50() as f64;
        let ratio = p50 / ours;
        println!(
            "| {} | {p50} ns | {:.2} | {ratio:.2} | {bytes:.1} |",
            one.name(),
            p50 / load
        );
        if one.name() != "PrefixTable" {
            nearest = nearest.min(ratio);
        }
    }
    let name = |what: &str| format!("{what}: {deck} prefixes");
    let bytes = all.first().map_or(f64::NAN, |(_, bytes)| *bytes);
    let mut targets = vec![
        Target::at_least(name("the nearest rival"), nearest, 1.0, "x"),
        Target::at_most(name("bytes a prefix"), bytes, 24.0, "B"),
    ];
    match deck {
        1_000_000 => targets.push(Target::at_most(name("latency"), ours / load, 0.7, "L")),
        10_000_000 => targets.push(Target::at_most(name("latency"), ours / load, 1.2, "L")),
        _ => {}
    }
    Ok(targets)
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
