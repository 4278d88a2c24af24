//! The same rules by looking at each in turn, and the walk that is watched.

use std::hint::black_box;
use std::time::{Duration, Instant};

use callroute_rules::Facts;
use serde_json::to_writer;

use crate::growth::{Case, warm};
use crate::harness::{Failure, Memory, Samples, Target};
use crate::workload::{Mix, Spread};

/// Decisions for each turn of the walk through all rules.
const TURN: usize = 8;

/// How long so many decisions take by walking through all rules, and by the index, in turn.
fn compare(case: &Case, facts: &Facts, turns: usize) -> (Duration, Duration) {
    let (mut walked, mut found) = (Duration::ZERO, Duration::ZERO);
    for events in case.events.chunks_exact(TURN).take(turns) {
        let begun = Instant::now();
        for event in events {
            black_box(case.engine.decide_linear(black_box(event), facts));
        }
        walked += begun.elapsed();
        let begun = Instant::now();
        for event in events {
            black_box(case.engine.decide(black_box(event), facts));
        }
        found += begun.elapsed();
    }
    (walked, found)
}

/// How many times as fast as a linear walk, on the table whose rules all stand under one number.
pub(crate) fn linear(cases: &[Case], facts: &Facts) -> Result<Vec<Target>, Failure> {
    let mut targets = Vec::new();
    for case in cases {
        if case.is(Mix::OneNumber, Spread::Uniform, 100_000) {
            let (walked, found) = compare(case, facts, 40);
            let ratio = walked.as_secs_f64() / found.as_secs_f64().max(1e-9);
            let what = "linear walk to index: one number, 100000 rules";
            targets.push(Target::at_least(what, ratio, 200.0, "x"));
        }
    }
    Ok(targets)
}

/// What a linear walk costs as its table grows, for the picture.
pub(crate) fn linear_points(cases: &[Case], facts: &Facts) -> Result<Vec<(f64, f64)>, Failure> {
    let mut points = Vec::new();
    for case in cases.iter().filter(|case| case.mix == Mix::OneNumber) {
        let turns = usize::try_from(2_000_000 / case.rules)?.clamp(2, 40);
        let (walked, _) = compare(case, facts, turns);
        let each = walked.as_nanos() as f64 / (turns * TURN) as f64;
        points.push((case.rules as f64, each));
    }
    Ok(points)
}

/// What an explanation costs in the largest table: the walk, and with its JSON written.
pub(crate) fn explain(
    cases: &[Case],
    facts: &Facts,
    clock: u64,
    memory: &Memory,
) -> Result<Vec<Target>, Failure> {
    let mut targets = Vec::new();
    for case in cases.iter().filter(|case| case.rules == 1_000_000) {
        let (mut walk, mut written) = (Samples::new()?, Samples::new()?);
        let mut out = Vec::with_capacity(65_536);
        memory.sweep();
        for (event, writes) in case.events.iter().zip([false, true].into_iter().cycle()) {
            black_box(warm(event));
            out.clear();
            let begun = Instant::now();
            let explanation = case.engine.explain(black_box(event), facts);
            if writes {
                to_writer(&mut out, &explanation)?;
            }
            black_box((&explanation, &out));
            drop(explanation);
            let taken = begun.elapsed();
            let samples = if writes { &mut written } else { &mut walk };
            samples.add(taken, clock, 1)?;
        }
        for (what, samples) in [("explain", &walk), ("explain, with its JSON", &written)] {
            let name = format!("{what}: {}, {} rules", case.name(), case.rules);
            targets.push(Target::at_most(name, samples.p50() as f64, 2_000.0, "ns"));
        }
    }
    Ok(targets)
}
