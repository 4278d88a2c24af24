//! Instructions of a decision: `cargo bench -p callroute-benches --bench instructions`
//!
//! Runs itself under valgrind's callgrind, which counts what a processor would execute: the same
//! on every machine, for one compiler. Without valgrind (Debian's package `valgrind`) it says so
//! and ends. `--quick` only decides. `--smallest` counts the tables of at most 1,000 rules alone, and
//! insists on valgrind: for CI. What takes over 5 % more than was last recorded is an error.

mod harness;
mod workload;

use std::hint::black_box;
use std::process::Command;

use callroute_rules::{ChronoTz, Engine, Facts, Outcome, load};
use callroute_schema::Event;
use harness::Failure;
use workload::{Calls, Mix, Spread, facts, table};

/// What is counted: the table, its rules, the way, and what it took when this was written.
const CASES: [(&str, Mix, u64, Way, u64); 8] = [
    ("pbx-10", Mix::Pbx, 10, Way::Decide, 325),
    ("pbx-1k", Mix::Pbx, 1_000, Way::Decide, 367),
    ("pbx-100k", Mix::Pbx, 100_000, Way::Decide, 364),
    ("one-number-1k", Mix::OneNumber, 1_000, Way::Decide, 791),
    ("one-number-100k", Mix::OneNumber, 100_000, Way::Decide, 799),
    ("deck-100k", Mix::Deck, 100_000, Way::Decide, 343),
    ("pbx-1k-bytes", Mix::Pbx, 1_000, Way::Bytes, 4_037),
    ("pbx-1k-explain", Mix::Pbx, 1_000, Way::Explain, 649),
];
const CALLS: usize = 10_000;
/// The largest table that `--smallest` counts.
const SMALLEST: u64 = 1_000;
/// By how much a case may exceed what was recorded, in percent.
const TOLERATED: f64 = 5.0;

/// What is done with each call.
#[derive(Debug, Clone, Copy)]
enum Way {
    Decide,
    Bytes,
    Explain,
}

/// Counted by its name: what it calls is counted with it.
#[inline(never)]
fn counted_decide(engine: &Engine, events: &[Event], facts: &Facts) -> usize {
    let decided = |event: &Event| {
        let outcome = engine.decide(black_box(event), facts);
        matches!(black_box(&outcome), Outcome::Decided(_))
    };
    events.iter().filter(|event| decided(event)).count()
}

#[inline(never)]
fn counted_bytes(engine: &Engine, calls: &[String], facts: &Facts, out: &mut Vec<u8>) -> usize {
    let mut written = 0;
    for call in calls {
        out.clear();
        if let Ok(Outcome::Decided(decision)) = engine.decide_json(call.as_bytes(), facts) {
            out.extend_from_slice(decision.to_json().as_bytes());
            written += usize::from(!black_box(&*out).is_empty());
        }
    }
    written
}

#[inline(never)]
fn counted_explain(engine: &Engine, events: &[Event], facts: &Facts) -> usize {
    let mut explained = 0;
    for event in events {
        black_box(engine.explain(black_box(event), facts));
        explained += 1;
    }
    explained
}

/// One case, as the process that is watched does it.
fn run(mix: Mix, rules: u64, way: Way) -> Result<(), Failure> {
    let engine = load("routes.json", &table(mix, rules)?, &(), &ChronoTz)?;
    let (made, facts) = (|| Calls::new(mix, rules, Spread::Uniform), facts());
    let (calls, events) = (
        made().take(CALLS).collect::<Vec<_>>(),
        made().events(CALLS)?,
    );
    // What is worked out once in a process is there already, and does not count.
    for event in &events {
        black_box(engine.decide(black_box(event), &facts));
    }
    let mut out = Vec::with_capacity(4_096);
    let done = match way {
        Way::Decide => counted_decide(&engine, &events, &facts),
        Way::Bytes => counted_bytes(&engine, &calls, &facts, &mut out),
        Way::Explain => counted_explain(&engine, &events, &facts),
    };
    match done == events.len() {
        true => Ok(()),
        false => Err(format!("{done} of {} calls were decided", events.len()).into()),
    }
}

/// Instructions of all calls of a case; `None`: there is no valgrind.
fn count(name: &str) -> Result<Option<u64>, Failure> {
    let dump = std::env::temp_dir().join(format!("callgrind.callroute.{name}"));
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--toggle-collect=*counted_*"])
        .arg(format!("--callgrind-out-file={}", dump.display()))
        .arg(std::env::current_exe()?)
        .args(["--case", name])
        .output();
    let output = match output {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        other => other?,
    };
    let said = String::from_utf8_lossy(&output.stderr);
    let collected = said
        .lines()
        .find_map(|line| line.split_once("Collected : "));
    let count = collected.and_then(|(_, count)| count.trim().parse().ok());
    match count {
        Some(count) if output.status.success() => Ok(Some(count)),
        _ => Err(format!("valgrind counted nothing for {name}: {said}").into()),
    }
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().collect();
    let place = arguments.iter().position(|argument| argument == "--case");
    if let Some(name) = place.and_then(|place| arguments.get(place + 1)) {
        let case = CASES.iter().find(|(known, ..)| known == name);
        let (_, mix, rules, way, _) = case.ok_or("no such case")?;
        return run(*mix, *rules, *way);
    }
    let asked = |option: &str| arguments.iter().any(|argument| argument == option);
    if asked("--quick") || asked("--test") {
        for (_, mix, rules, way, _) in CASES {
            run(mix, rules.min(1_000), way)?;
        }
        println!("every case decides its calls");
        return Ok(());
    }
    compare(asked("--smallest"))
}

/// Counts the cases, or the smallest of them, beside what was recorded.
fn compare(smallest: bool) -> Result<(), Failure> {
    println!("| case | instructions a call | when last recorded | |\n|---|---:|---:|---:|");
    let mut slower = Vec::new();
    for (name, _, rules, _, recorded) in CASES {
        if smallest && rules > SMALLEST {
            continue;
        }
        let Some(all) = count(name)? else {
            let told = "there is no valgrind here: nothing is counted";
            println!("{told}");
            return if smallest { Err(told.into()) } else { Ok(()) };
        };
        let each = all / CALLS as u64;
        let change = (each as f64 / recorded.max(1) as f64 - 1.0) * 100.0;
        println!("| {name} | {each} | {recorded} | {change:+.0} % |");
        if change > TOLERATED {
            slower.push(format!("{name}: {change:+.1} %"));
        }
    }
    match slower.is_empty() {
        true => Ok(()),
        false => Err(format!("more instructions than recorded: {}", slower.join(", ")).into()),
    }
}
