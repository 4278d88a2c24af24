//! Decision latency for the example routing file: `cargo bench -p callroute-benches --bench decide`
//!
//! The baseline, measured in the same run and in turn with the decision, is serde_json parsing the
//! mission's event into an untyped value: what any router in Rust pays before it decides anything.

use std::hint::black_box;
use std::time::Instant;

use callroute_rules::{ChronoTz, Engine, Facts, load};
use callroute_schema::Event;
use hdrhistogram::Histogram;

const EVENT: &str = r#"{"event":"incoming_call","from":"+14155550123","to":"+13146523057","timestamp":"2026-04-21T14:32:00Z","call_id":"abc123xyz"}"#;
const ROUNDS: u32 = 200;
const SAMPLES_A_ROUND: u32 = 500;
/// Decisions timed together, so that reading the clock does not drown them.
const BATCH: u32 = 16;

struct Measured {
    name: &'static str,
    histogram: Histogram<u64>,
}

impl Measured {
    fn new(name: &'static str) -> Result<Self, Box<dyn std::error::Error>> {
        Ok(Self {
            name,
            histogram: Histogram::new_with_bounds(1, 1_000_000_000, 3)?,
        })
    }

    /// Times `work` in batches; a batch's time is shared among its decisions.
    fn round(&mut self, mut work: impl FnMut()) -> Result<(), Box<dyn std::error::Error>> {
        for _ in 0..SAMPLES_A_ROUND {
            let start = Instant::now();
            for _ in 0..BATCH {
                work();
            }
            let each = start.elapsed().as_nanos() / u128::from(BATCH);
            self.histogram.record(u64::try_from(each)?.max(1))?;
        }
        Ok(())
    }

    fn print(&self, baseline: u64) {
        let at = |quantile| self.histogram.value_at_quantile(quantile);
        #[expect(
            clippy::cast_precision_loss,
            reason = "nanoseconds fit in a float's mantissa"
        )]
        let ratio = at(0.5) as f64 / baseline.max(1) as f64;
        println!(
            "{:<28} p50 {:>7} ns   p99 {:>7} ns   p99.9 {:>7} ns   {ratio:>6.2} x baseline",
            self.name,
            at(0.5),
            at(0.99),
            at(0.999),
        );
    }
}

fn event(to: &str, time: &str) -> Result<Event, Box<dyn std::error::Error>> {
    let mut event = Event::from_json(EVENT.replace("+13146523057", to).as_bytes())?;
    event.timestamp = time.parse()?;
    Ok(event)
}

fn decide(engine: &Engine, event: &Event, facts: &Facts) {
    black_box(engine.decide(black_box(event), facts));
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // `cargo test --benches` and `cargo bench -- --quick` need only see that it runs.
    let quick = std::env::args().any(|arg| arg == "--test" || arg == "--quick");
    let rounds = if quick { 2 } else { ROUNDS };

    let table = include_str!("../examples/routes.yaml");
    let engine = load("routes.yaml", table, &(), &ChronoTz)?;
    let facts = Facts::default();
    let open = event("+13146523057", "2026-04-21T14:32:00Z")?;
    let closed = event("+13146523057", "2026-04-22T03:32:00Z")?;
    let unknown = event("+19995550000", "2026-04-21T14:32:00Z")?;

    let mut baseline = Measured::new("baseline: serde_json Value")?;
    let mut menu = Measured::new("office hours: third rule")?;
    let mut after_hours = Measured::new("after hours: second rule")?;
    let mut default = Measured::new("unknown number: default")?;
    for _ in 0..rounds {
        baseline.round(|| {
            black_box(serde_json::from_str::<serde_json::Value>(black_box(EVENT)).is_ok());
        })?;
        menu.round(|| decide(&engine, &open, &facts))?;
        after_hours.round(|| decide(&engine, &closed, &facts))?;
        default.round(|| decide(&engine, &unknown, &facts))?;
    }
    let samples = u64::from(rounds * SAMPLES_A_ROUND);
    println!("decisions for examples/routes.yaml, {samples} samples of {BATCH} each, in turn");
    let unit = baseline.histogram.value_at_quantile(0.5);
    for measured in [&baseline, &menu, &after_hours, &default] {
        measured.print(unit);
    }
    Ok(())
}
