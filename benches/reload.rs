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
use crate::workload::{Calls, Mix, Spread, table};

const BATCH: usize = 64;
/// Batches of a window.
const WINDOW: usize = 64;
/// What the writer does.
const QUIET: u8 = 0;
const SWAPS: u8 = 1;
const LOADS: u8 = 2;
const ENDS: u8 = 3;

/// What a reader sees while the writer does one thing.
#[derive(Debug)]
struct Seen {
    what: &'static str,
    mode: u8,
    alone: Samples,
    /// Batches of 64, in nanoseconds.
    batches: Samples,
    /// The slowest batch of each window; of those in which the table was replaced, if it is.
    worst: Samples,
    swaps: u64,
    /// Windows that count, and those in which something else had the reader's processor.
    windows: (u64, u64),
}

impl Seen {
    fn new(what: &'static str, mode: u8) -> Result<Self, Failure> {
        Ok(Self {
            what,
            mode,
            alone: Samples::new()?,
            batches: Samples::new()?,
            worst: Samples::new()?,
            swaps: 0,
            windows: (0, 0),
        })
    }
}

fn engine(text: &str) -> Result<Arc<Engine>, callroute_rules::Faults> {
    Table::read("routes.json", text)
        .compile(&(), &ChronoTz)
        .map(Arc::new)
}

/// What the reader wants done, what the writer does, and how often it has replaced the table.
#[derive(Debug, Default)]
struct Orders {
    mode: AtomicU8,
    doing: AtomicU8,
    swaps: AtomicU64,
}

/// Replaces the table until it is told to end: with ready ones every millisecond, or with ones
/// that it reads and compiles itself. The handle keeps what calls still have.
fn write(handle: &TableHandle, text: &str, orders: &Orders) -> Result<(), callroute_rules::Faults> {
    let mut spare = engine(text)?;
    loop {
        let mode = orders.mode.load(Ordering::Acquire);
        orders.doing.store(mode, Ordering::Release);
        match mode {
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
        orders.swaps.fetch_add(1, Ordering::AcqRel);
    }
}

/// How often something else was given the processor that this thread had.
fn preempted() -> u64 {
    let status = std::fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("nonvoluntary_ctxt_switches:"));
    line.and_then(|count| count.trim().parse().ok())
        .unwrap_or(0)
}

/// A window of decisions, each by the table in force: one batch alone, the next together, and so
/// on. It only counts if nothing else had the processor meanwhile. The slowest of all batches
/// tells what else the machine does, so that windows with a swap are held against quiet ones.
fn window(
    handle: &TableHandle,
    events: &[Event],
    facts: &Facts,
    clock: u64,
    seen: &mut Seen,
) -> Result<(), Failure> {
    let (mut alone, mut batches) = (Vec::with_capacity(events.len()), Vec::with_capacity(WINDOW));
    let decide = |event: &Event| {
        let engine = handle.current();
        black_box(engine.decide(black_box(event), facts));
    };
    let first = Arc::as_ptr(&handle.current());
    let before = preempted();
    for (batch, together) in events.chunks_exact(BATCH).zip([true, false].iter().cycle()) {
        black_box(batch.iter().map(warm).sum::<usize>());
        if *together {
            let begun = Instant::now();
            batch.iter().for_each(decide);
            batches.push(begun.elapsed());
        } else {
            for event in batch {
                let begun = Instant::now();
                decide(event);
                alone.push(begun.elapsed());
            }
        }
    }
    if preempted() != before {
        seen.windows.1 += 1;
        return Ok(());
    }
    seen.windows.0 += 1;
    for taken in alone {
        seen.alone.add(taken, clock, 1)?;
    }
    let mut worst = Duration::ZERO;
    for taken in batches {
        seen.batches.add(taken, clock, 1)?;
        worst = worst.max(taken);
    }
    if seen.mode == QUIET || first != Arc::as_ptr(&handle.current()) {
        seen.worst.add(worst, clock, 1)?;
    }
    Ok(())
}

/// Decides until there are enough windows, and the writer has replaced the table three times.
fn round(
    handle: &TableHandle,
    events: &[Event],
    facts: &Facts,
    clock: u64,
    (orders, windows): (&Orders, u64),
    seen: &mut Seen,
) -> Result<(), Failure> {
    orders.mode.store(seen.mode, Ordering::Release);
    // The writer ends what it is at before the next begins.
    while orders.doing.load(Ordering::Acquire) != seen.mode {
        std::thread::sleep(Duration::from_millis(1));
    }
    let before = orders.swaps.load(Ordering::Acquire);
    let wanted = if seen.mode == QUIET { 0 } else { 3 };
    let (begun, most) = (seen.windows.0, Duration::from_secs(20));
    let since = Instant::now();
    for events in events.chunks_exact(BATCH * WINDOW).cycle() {
        window(handle, events, facts, clock, seen)?;
        let swaps = orders.swaps.load(Ordering::Acquire) - before;
        let enough = seen.windows.0 - begun >= windows && swaps >= wanted;
        if enough || since.elapsed() > most {
            seen.swaps += swaps;
            return Ok(());
        }
    }
    Err("no calls to decide".into())
}

/// Readers in quiet, while ready tables are swapped, and while tables are read, compiled, swapped
/// and freed, in turn.
pub(crate) fn measure(
    options: &Options,
    facts: &Facts,
    clock: u64,
) -> Result<Vec<Target>, Failure> {
    let rules = options.most.min(100_000);
    let (rounds, windows, count) = match options.quick {
        true => (1, 2, 2 * 4_096),
        false => (8, 300, 16 * 4_096),
    };
    let text = table(Mix::Pbx, rules)?;
    let events = Calls::new(Mix::Pbx, rules, Spread::Zipf).events(count)?;
    let handle = TableHandle::new(engine(&text)?);
    let orders = Orders::default();
    let mut seen = [
        Seen::new("quiet", QUIET)?,
        Seen::new("ready tables swapped", SWAPS)?,
        Seen::new("tables read, compiled, swapped, freed", LOADS)?,
    ];
    std::thread::scope(|scope| -> Result<(), Failure> {
        let writer = scope.spawn(|| write(&handle, &text, &orders));
        let read = (0..rounds).try_for_each(|_| {
            seen.iter_mut().try_for_each(|seen| {
                round(&handle, &events, facts, clock, (&orders, windows), seen)
            })
        });
        orders.mode.store(ENDS, Ordering::Release);
        writer.join().map_err(|_| "the writer failed")??;
        read
    })?;
    println!(
        "\n| PBX, Zipf, {rules} rules | swaps | windows | left out | p50 | p99.9 | 64 together, p50 | slowest of a window, median | slowest of all |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|"
    );
    for seen in &seen {
        println!(
            "| {} | {} | {} | {} | {} ns | {} ns | {:.1} µs | {:.1} µs | {:.1} µs |",
            seen.what,
            seen.swaps,
            seen.windows.0,
            seen.windows.1,
            seen.alone.p50(),
            seen.alone.at(0.999),
            seen.batches.p50() as f64 / 1e3,
            seen.worst.p50() as f64 / 1e3,
            seen.batches.at(1.0) as f64 / 1e3
        );
    }
    let [quiet, swapped, loaded] = &seen;
    let mut targets = Vec::new();
    for busy in [swapped, loaded] {
        let tail = busy.alone.at(0.999) as f64 / quiet.alone.at(0.999) as f64;
        let worst = busy.worst.p50() as f64 / quiet.worst.p50() as f64;
        let name = |what: &str| format!("{what}: {}, to quiet", busy.what);
        targets.push(Target::at_most(name("reader's p99.9"), tail, 1.5, "x"));
        targets.push(Target::at_most(
            name("slowest 64 decisions of a window"),
            worst,
            2.0,
            "x",
        ));
    }
    Ok(targets)
}
