//! Tables that are replaced while calls are decided.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use callroute_rules::{ChronoTz, Engine, Facts, Table};
use callroute_schema::Event;
use callroute_tables::TableHandle;

use crate::growth::warm;
use crate::harness::{Failure, Options, Samples, Target};
use crate::workload::{Mix, Spread, calls, events, table};

const BATCH: usize = 64;
/// What the writer does.
const QUIET: u8 = 0;
const SWAPS: u8 = 1;
const LOADS: u8 = 2;
const ENDS: u8 = 3;

/// What a reader sees while the writer does one thing.
struct Seen {
    what: &'static str,
    mode: u8,
    alone: Samples,
    /// The worst batch of each round.
    worst: Vec<f64>,
}

impl Seen {
    fn new(what: &'static str, mode: u8) -> Result<Self, Failure> {
        Ok(Self {
            what,
            mode,
            alone: Samples::new()?,
            worst: Vec::new(),
        })
    }

    /// The median of the rounds' worst batches: one round in which the machine did something else
    /// does not count.
    fn worst(&self) -> f64 {
        let mut sorted = self.worst.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
    }
}

fn engine(text: &str) -> Result<Arc<Engine>, callroute_rules::Faults> {
    Table::read("routes.json", text)
        .compile(&(), &ChronoTz)
        .map(Arc::new)
}

/// Replaces the table until it is told to end: with ready ones every millisecond, or with ones
/// that it reads and compiles itself. The handle keeps what calls still have.
fn write(
    handle: &TableHandle,
    text: &str,
    mode: &AtomicU8,
    swaps: &AtomicU64,
) -> Result<(), callroute_rules::Faults> {
    let mut spare = engine(text)?;
    loop {
        match mode.load(Ordering::Relaxed) {
            SWAPS => {
                let old = handle.current();
                handle.replace(spare);
                spare = old;
                std::thread::sleep(Duration::from_millis(1));
            }
            LOADS => handle.replace(engine(text)?),
            ENDS => return Ok(()),
            _ => {
                handle.sweep();
                std::thread::sleep(Duration::from_millis(1));
                continue;
            }
        }
        swaps.fetch_add(1, Ordering::Relaxed);
    }
}

/// One look at all events, each decided by the table in force: alone, then in batches.
fn round(
    handle: &TableHandle,
    events: &[Event],
    facts: &Facts,
    clock: u64,
    seen: &mut Seen,
) -> Result<(), Failure> {
    for event in events {
        black_box(warm(event));
        let begun = Instant::now();
        let engine = handle.current();
        black_box(engine.decide(black_box(event), facts));
        drop(engine);
        seen.alone.add(begun.elapsed(), clock, 1)?;
    }
    let mut worst = Duration::ZERO;
    for batch in events.chunks_exact(BATCH) {
        black_box(batch.iter().map(warm).sum::<usize>());
        let begun = Instant::now();
        for event in batch {
            let engine = handle.current();
            black_box(engine.decide(black_box(event), facts));
        }
        worst = worst.max(begun.elapsed());
    }
    seen.worst.push(worst.as_nanos() as f64);
    Ok(())
}

/// Readers in quiet, while ready tables are swapped, and while tables are read, compiled, swapped
/// and freed, in turn.
pub(crate) fn measure(
    options: &Options,
    facts: &Facts,
    clock: u64,
) -> Result<Vec<Target>, Failure> {
    let rules = options.most.min(100_000);
    let (rounds, count) = if options.quick {
        (1, 640)
    } else {
        (25, 64_000)
    };
    let text = table(Mix::Pbx, rules)?;
    let events = events(&calls(Mix::Pbx, rules, Spread::Zipf, count))?;
    let handle = TableHandle::new(engine(&text)?);
    let (mode, swaps) = (AtomicU8::new(QUIET), AtomicU64::new(0));
    let mut seen = [
        Seen::new("quiet", QUIET)?,
        Seen::new("ready tables swapped", SWAPS)?,
        Seen::new("tables read, compiled, swapped, freed", LOADS)?,
    ];
    let mut counts = [0_u64; 3];
    std::thread::scope(|scope| -> Result<(), Failure> {
        let writer = scope.spawn(|| write(&handle, &text, &mode, &swaps));
        let read = (|| {
            for _ in 0..rounds {
                for (seen, count) in seen.iter_mut().zip(&mut counts) {
                    mode.store(seen.mode, Ordering::Relaxed);
                    // The writer ends what it is at before the next begins.
                    std::thread::sleep(Duration::from_millis(5));
                    let before = swaps.load(Ordering::Relaxed);
                    round(&handle, &events, facts, clock, seen)?;
                    *count += swaps.load(Ordering::Relaxed) - before;
                }
            }
            Ok::<(), Failure>(())
        })();
        mode.store(ENDS, Ordering::Relaxed);
        writer.join().map_err(|_| "the writer failed")??;
        read
    })?;
    println!(
        "\n| PBX, Zipf, {rules} rules | swaps | p50 | p99.9 | worst 64 |\n|---|---:|---:|---:|---:|"
    );
    for (seen, swaps) in seen.iter().zip(counts) {
        println!(
            "| {} | {swaps} | {} ns | {} ns | {:.1} µs |",
            seen.what,
            seen.alone.p50(),
            seen.alone.at(0.999),
            seen.worst() / 1e3
        );
    }
    let [quiet, swapped, loaded] = &seen;
    let mut targets = Vec::new();
    for busy in [swapped, loaded] {
        let tail = busy.alone.at(0.999) as f64 / quiet.alone.at(0.999) as f64;
        let worst = busy.worst() / quiet.worst();
        let name = |what: &str| format!("{what}: {}, to quiet", busy.what);
        targets.push(Target::at_most(name("reader's p99.9"), tail, 1.5, "x"));
        targets.push(Target::at_most(name("worst 64 decisions"), worst, 2.0, "x"));
    }
    Ok(targets)
}
