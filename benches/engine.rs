//! How long a decision takes as tables grow: `cargo bench -p callroute-benches --bench engine`
//!
//! The yardstick is L: one load from memory that depends on the one before, out of a set of 64
//! MiB, measured in this process. `--quick` only sees that everything runs; `-- 1000000` is the
//! largest table (default 1,000,000).

mod workload;

use std::hint::black_box;
use std::time::{Duration, Instant};

use callroute_rules::{ChronoTz, Engine, Facts, Outcome, Table};
use callroute_schema::Event;
use hdrhistogram::Histogram;
use workload::{Dice, Mix, Spread, calls, events, facts, table};

type Failure = Box<dyn std::error::Error>;

/// Calls that are measured for each table.
const CALLS: u64 = 100_000;
const ROUNDS: usize = 5;
/// Decisions timed together, for what is usual; what is rare is timed one by one.
const BATCH: usize = 64;

/// One table and its calls.
struct Case {
    name: String,
    engine: Engine,
    events: Vec<Event>,
    json: Vec<String>,
    batch: Histogram<u64>,
    decide: Histogram<u64>,
    bytes: Histogram<u64>,
    compile: Duration,
}

fn histogram() -> Result<Histogram<u64>, Failure> {
    Ok(Histogram::new_with_bounds(1, 1_000_000_000, 3)?)
}

fn case(mix: Mix, rules: u64, spread: Spread, count: u64) -> Result<Case, Failure> {
    let text = table(mix, rules)?;
    let read = Table::read("routes.json", &text);
    drop(text);
    let begun = Instant::now();
    let engine = read.compile(&(), &ChronoTz)?;
    let compile = begun.elapsed();
    let json = calls(mix, rules, spread, count);
    Ok(Case {
        name: format!("{mix:?} {spread:?} {rules}"),
        engine,
        events: events(&json)?,
        json,
        batch: histogram()?,
        decide: histogram()?,
        bytes: histogram()?,
        compile,
    })
}

/// Brings an event near, as it is when it has just been read from the network.
fn warm(event: &Event) -> usize {
    let from = event
        .from
        .address()
        .map_or(0, |address| address.as_str().len());
    from + event.to.as_str().bytes().map(usize::from).sum::<usize>() + event.call_id.as_str().len()
}

impl Case {
    /// `clock`: what reading the clock costs, which is taken off.
    fn round(&mut self, facts: &Facts, clock: u64) -> Result<(), Failure> {
        for event in &self.events {
            black_box(warm(black_box(event)));
            let begun = Instant::now();
            let outcome = self.engine.decide(black_box(event), facts);
            let taken = begun.elapsed();
            black_box(matches!(outcome, Outcome::Decided(_)));
            self.decide.record(nanos(taken, clock)?)?;
        }
        for events in self.events.chunks(BATCH) {
            black_box(events.iter().map(warm).sum::<usize>());
            let begun = Instant::now();
            for event in events {
                let outcome = self.engine.decide(black_box(event), facts);
                black_box(matches!(outcome, Outcome::Decided(_)));
            }
            let taken = nanos(begun.elapsed(), clock)?;
            self.batch.record((taken / events.len() as u64).max(1))?;
        }
        let mut out = Vec::with_capacity(4_096);
        for json in &self.json {
            black_box(json.bytes().map(usize::from).sum::<usize>());
            let begun = Instant::now();
            let outcome = self.engine.decide_json(black_box(json.as_bytes()), facts)?;
            out.clear();
            if let Outcome::Decided(decision) = &outcome {
                out.extend_from_slice(decision.to_json().as_bytes());
            }
            let taken = begun.elapsed();
            black_box(&out);
            self.bytes.record(nanos(taken, clock)?)?;
        }
        Ok(())
    }

    fn print(&self, load: f64) {
        let at = |histogram: &Histogram<u64>, quantile| histogram.value_at_quantile(quantile);
        let p50 = at(&self.batch, 0.5);
        let rules = self.engine.rule_count();
        println!(
            "{:<26} decide p50 {:>5} ns ({:>4.2} L) alone {:>5} p99 {:>6} ns ({:>4.2} L)   bytes p50 {:>5} p99 {:>6}   {:>4} B/rule   compile {:>7.1?}",
            self.name,
            p50,
            p50 as f64 / load,
            at(&self.decide, 0.5),
            at(&self.decide, 0.99),
            at(&self.decide, 0.99) as f64 / load,
            at(&self.bytes, 0.5),
            at(&self.bytes, 0.99),
            self.engine.rule_bytes() / rules.max(1),
            self.compile,
        );
    }
}

fn nanos(taken: Duration, clock: u64) -> Result<u64, Failure> {
    Ok(u64::try_from(taken.as_nanos())?
        .saturating_sub(clock)
        .max(1))
}

/// What reading the clock costs: the least of many.
fn clock() -> Result<u64, Failure> {
    let once = || {
        let begun = Instant::now();
        black_box(());
        begun.elapsed().as_nanos()
    };
    Ok(u64::try_from(
        (0..10_000).map(|_| once()).min().unwrap_or(0),
    )?)
}

/// L in nanoseconds: loads that depend on each other, from 64 MiB.
fn dependent_load() -> f64 {
    const LINES: usize = 64 * 1024 * 1024 / 64;
    // One cycle through every line, so that no stretch of it stays in a cache.
    let mut order: Vec<u32> = (0..LINES as u32).collect();
    let mut dice = Dice(1);
    for last in (1..LINES).rev() {
        order.swap(last, dice.below(last as u64) as usize);
    }
    let mut next = vec![[0_u32; 16]; LINES];
    for (place, after) in order.iter().zip(order.iter().cycle().skip(1)) {
        next[*place as usize][0] = *after;
    }
    const STEPS: u32 = 2_000_000;
    let begun = Instant::now();
    let mut at = 0_u32;
    for _ in 0..STEPS {
        at = next[at as usize][0];
    }
    black_box(at);
    begun.elapsed().as_nanos() as f64 / f64::from(STEPS)
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().collect();
    let quick = arguments
        .iter()
        .any(|arg| arg == "--test" || arg == "--quick");
    let most = arguments.iter().find_map(|arg| arg.parse::<u64>().ok());
    let most = most.unwrap_or(if quick { 1_000 } else { 1_000_000 });
    let (rounds, count) = if quick { (1, 1_000) } else { (ROUNDS, CALLS) };
    let mut cases = Vec::new();
    for rules in [10, 1_000, 100_000, 1_000_000] {
        for (mix, spread) in [
            (Mix::Pbx, Spread::Zipf),
            (Mix::Pbx, Spread::Uniform),
            (Mix::OneNumber, Spread::Uniform),
            (Mix::Deck, Spread::Uniform),
        ] {
            if rules <= most {
                cases.push(case(mix, rules, spread, count)?);
            }
        }
    }
    let (facts, clock) = (facts(), clock()?);
    let mut loads = Vec::new();
    for _ in 0..rounds {
        loads.push(dependent_load());
        for case in &mut cases {
            case.round(&facts, clock)?;
        }
    }
    loads.sort_by(f64::total_cmp);
    let load = loads[loads.len() / 2];
    println!(
        "L = {load:.0} ns, {} decisions for each table, in turn",
        rounds as u64 * count
    );
    for case in &cases {
        case.print(load);
    }
    Ok(())
}
