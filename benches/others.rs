//! The same rules by looking at each in turn, and the walk that is watched.

use std::hint::black_box;
use std::time::{Duration, Instant};

use callroute_rules::Facts;
use serde_json::to_writer;

use crate::growth::{Case, warm};
use crate::harness::{Failure, Memory, Samples, Target};
use crate::workload::{Mix, Spread};

/// Batches of calls that are explained.
const EXPLAINED: usize = 1_000;
/// Decisions for each turn of the walk through all rules.
const TURN: usize = 8;

/// How long so many decisions take by walking through all rules, and by the index, in turn.
fn compare(case: &mut Case, facts: &Facts, turns: usize) -> Result<(Duration, Duration), Failure> {
    let (mut walked, mut found) = (Duration::ZERO, Duration::ZERO);
    let events = case.events()?;
    for events in events.chunks_exact(TURN).cycle().take(turns) {
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
    Ok((walked, found))
}

/// How many times as fast as a linear walk, on the table whose rules all stand under one number.
pub(crate) fn linear(cases: &mut [Case], facts: &Facts) -> Result<Vec<Target>, Failure> {
    let mut targets = Vec::new();
    for case in cases {
        if case.is(Mix::OneNumber, Spread::Uniform, 100_000) {
            let (walked, found) = compare(case, facts, 40)?;
            let ratio = walked.as_secs_f64() / found.as_secs_f64().max(1e-9);
            let what = "linear walk to index: one number, 100000 rules";
            targets.push(Target::at_least(what, ratio, 200.0, "x"));
        }
    }
    Ok(targets)
}

/// What a linear walk costs as its table grows, for the picture.
pub(crate) fn linear_points(cases: &mut [Case], facts: &Facts) -> Result<Vec<(f64, f64)>, Failure> {
    let mut points = Vec::new();
    for case in cases.iter_mut().filter(|case| case.mix == Mix::OneNumber) {
        let turns = usize::try_from(2_000_000 / case.rules)?.clamp(2, 40);
        let (walked, _) = compare(case, facts, turns)?;
        let each = walked.as_nanos() as f64 / (turns * TURN) as f64;
        points.push((case.rules as f64, each));
    }
    Ok(points)
}

/// What an explanation costs in the largest table: the walk, and with its JSON written.
pub(crate) fn explain(
    cases: &mut [Case],
    facts: &Facts,
    clock: u64,
    memory: &Memory,
) -> Result<Vec<Target>, Failure> {
    let mut targets = Vec::new();
    for case in cases.iter_mut().filter(|case| case.rules == 1_000_000) {
        let (mut walk, mut written) = (Samples::new()?, Samples::new()?);
        let mut out = Vec::with_capacity(65_536);
        memory.sweep();
        for _ in 0..EXPLAINED {
            let events = case.events()?;
            for (event, writes) in events.iter().zip([false, true].into_iter().cycle()) {
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
        }
        let name = format!("explain: {}, {} rules", case.name(), case.rules);
        println!("{name}: with its JSON written {} ns", written.p50());
        targets.push(Target::at_most(name, walk.p50() as f64, 2_000.0, "ns"));
    }
    Ok(targets)
}
