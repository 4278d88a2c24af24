//! What benches share: the clock and its cost, percentiles, L, and the state of the machine.
#![allow(dead_code, reason = "each bench uses its part of this")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::workload::Dice;

pub(crate) type Failure = Box<dyn std::error::Error>;

/// What the command line asks for.
#[derive(Debug)]
pub(crate) struct Options {
    /// Only see that everything runs.
    pub(crate) quick: bool,
    /// The largest table.
    pub(crate) most: u64,
    /// Where the picture goes.
    pub(crate) plot: Option<String>,
}

impl Options {
    /// `--quick` (or `--test`), `--plot FILE`, and a number: the largest table.
    pub(crate) fn read(most: u64) -> Self {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        let has = |name: &str| arguments.iter().any(|argument| argument == name);
        let quick = has("--quick") || has("--test");
        let place = arguments.iter().position(|argument| argument == "--plot");
        let asked = arguments.iter().find_map(|argument| argument.parse().ok());
        Self {
            quick,
            most: asked.unwrap_or(if quick { 1_000 } else { most }),
            plot: place.and_then(|place| arguments.get(place + 1)).cloned(),
        }
    }
}

/// Times of many deeds, in nanoseconds.
#[derive(Debug)]
pub(crate) struct Samples(Histogram<u64>);

impl Samples {
    pub(crate) fn new() -> Result<Self, Failure> {
        Ok(Self(Histogram::new_with_bounds(1, 60_000_000_000, 3)?))
    }

    /// One deed, or the mean of several that were timed together.
    pub(crate) fn add(&mut self, taken: Duration, clock: u64, deeds: usize) -> Result<(), Failure> {
        let nanos = u64::try_from(taken.as_nanos())?.saturating_sub(clock);
        Ok(self.0.record((nanos / deeds.max(1) as u64).max(1))?)
    }

    /// The time within which this part of them was done.
    pub(crate) fn at(&self, part: f64) -> u64 {
        self.0.value_at_quantile(part)
    }

    pub(crate) fn p50(&self) -> u64 {
        self.at(0.5)
    }
}

/// What reading the clock twice costs in nanoseconds: the least of many, so that rather too
/// little is taken off.
pub(crate) fn clock() -> Result<u64, Failure> {
    let once = || {
        let begun = Instant::now();
        black_box(());
        begun.elapsed().as_nanos()
    };
    let least = (0..100_000).map(|_| once()).min().unwrap_or(0);
    Ok(u64::try_from(least)?)
}

/// 64 MiB, walked so that each load depends on the one before.
#[derive(Debug)]
pub(crate) struct Memory {
    lines: Vec<[u32; 16]>,
    loads: Vec<f64>,
}

impl Memory {
    pub(crate) fn new() -> Self {
        const LINES: u32 = 64 * 1024 * 1024 / 64;
        // One cycle through every line, so that no stretch of it stays in a cache.
        let mut order: Vec<u32> = (0..LINES).collect();
        let mut dice = Dice(1);
        for last in (1..order.len()).rev() {
            let other = dice.below(last as u64);
            order.swap(last, usize::try_from(other).unwrap_or(0));
        }
        let mut lines = vec![[0_u32; 16]; order.len()];
        for (place, after) in order.iter().zip(order.iter().cycle().skip(1)) {
            if let Some([first, ..]) = lines.get_mut(*place as usize) {
                *first = *after;
            }
        }
        Self {
            lines,
            loads: Vec::new(),
        }
    }

    /// Measures L once more.
    pub(crate) fn measure(&mut self) {
        const STEPS: u32 = 1_000_000;
        let begun = Instant::now();
        let mut at = 0_u32;
        for _ in 0..STEPS {
            at = self.lines.get(at as usize).map_or(0, |line| line[0]);
        }
        black_box(at);
        let each = begun.elapsed().as_nanos() as f64 / f64::from(STEPS);
        self.loads.push(each);
    }

    /// L in nanoseconds: the median of what was measured.
    pub(crate) fn load(&self) -> f64 {
        let mut sorted = self.loads.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
    }

    /// Reads all of it in a row, so that what was in the caches before is no longer there.
    pub(crate) fn sweep(&self) {
        for _ in 0..2 {
            black_box(
                self.lines
                    .iter()
                    .map(|line| u64::from(line[1]))
                    .sum::<u64>(),
            );
        }
    }
}

/// The processor and what else it does: absolute times mean nothing without.
pub(crate) fn machine() -> String {
    let file = |path| std::fs::read_to_string(path).unwrap_or_default();
    let cpu = file("/proc/cpuinfo");
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name"));
    let model = model.map_or("processor unknown", |model| {
        model.trim_start_matches(['\t', ' ', ':'])
    });
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = file("/proc/loadavg");
    let load = load.split(' ').next().unwrap_or("unknown");
    format!("{model}, {cores} cores, load {load}")
}

/// A target, what was measured, and whether that is enough.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) what: String,
    pub(crate) wanted: String,
    pub(crate) found: String,
    pub(crate) met: bool,
}

impl Target {
    /// At most so much, in nanoseconds, bytes or ratios.
    pub(crate) fn at_most(what: impl Into<String>, found: f64, wanted: f64, unit: &str) -> Self {
        Self {
            what: what.into(),
            wanted: format!("≤ {}", shown(wanted, unit)),
            found: shown(found, unit),
            met: found <= wanted,
        }
    }

    pub(crate) fn at_least(what: impl Into<String>, found: f64, wanted: f64, unit: &str) -> Self {
        Self {
            what: what.into(),
            wanted: format!("≥ {}", shown(wanted, unit)),
            found: shown(found, unit),
            met: found >= wanted,
        }
    }
}

fn shown(value: f64, unit: &str) -> String {
    match unit {
        "L" | "x" => format!("{value:.2} {unit}"),
        _ => format!("{value:.0} {unit}"),
    }
}

/// Prints targets as a table in Markdown.
pub(crate) fn print_targets(targets: &[Target]) {
    println!("\n| target | wanted | measured | |\n|---|---:|---:|---|");
    for target in targets {
        let verdict = if target.met { "met" } else { "missed" };
        println!(
            "| {} | {} | {} | {verdict} |",
            target.what, target.wanted, target.found
        );
    }
}
