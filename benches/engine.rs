//! How long a decision takes as tables grow: `cargo bench -p callroute-benches --bench engine`
//!
//! The yardstick is L: one load from memory that depends on the one before, out of a set of 64
//! MiB, measured in this process. `--quick` only sees that everything runs; `-- 1000000` is the
//! largest table (default 1,000,000); `--plot FILE` draws the cost as it grows.

mod growth;
mod harness;
mod others;
mod plot;
mod reload;
mod workload;

use growth::Case;
use harness::{Failure, Memory, Options, clock, machine, print_targets};
use plot::{Line, svg};
use workload::{Mix, Spread, facts};

const MIXES: [(Mix, Spread); 4] = [
    (Mix::Pbx, Spread::Zipf),
    (Mix::Pbx, Spread::Uniform),
    (Mix::OneNumber, Spread::Uniform),
    (Mix::Deck, Spread::Uniform),
];

fn main() -> Result<(), Failure> {
    let options = Options::read(1_000_000);
    let rounds = if options.quick { 1 } else { 5 };
    let mut cases = Vec::new();
    for rules in [10, 100, 1_000, 10_000, 100_000, 1_000_000] {
        for (mix, spread) in MIXES {
            if rules <= options.most {
                let batches = match (options.quick, rules) {
                    (true, _) => 1,
                    (_, ..100_000) => 8,
                    _ => 24,
                };
                cases.push(Case::new(mix, spread, rules, batches)?);
            }
        }
    }
    let (facts, clock) = (facts(), clock()?);
    let mut memory = Memory::new();
    for _ in 0..rounds {
        for case in &mut cases {
            memory.measure();
            case.round(&facts, clock, &memory)?;
        }
    }
    let load = memory.load();
    println!("{}; L = {load:.0} ns; clock {clock} ns", machine());
    growth::print(&cases, load);
    let mut targets = growth::targets(&cases, load);
    if let Some(path) = &options.plot {
        let mut lines = growth::lines(&cases);
        lines.push(Line {
            name: "every rule in turn".to_owned(),
            points: others::linear_points(&mut cases, &facts)?,
        });
        let title = "A decision as the table grows (median, one call after the other)";
        std::fs::write(path, svg(title, &lines, ("L: one load from memory", load))?)?;
        println!("\n{path} written");
    }
    targets.extend(others::linear(&mut cases, &facts)?);
    targets.extend(others::explain(&mut cases, &facts, clock, &memory)?);
    drop(cases);
    targets.extend(reload::measure(&options, &facts, clock)?);
    print_targets(&targets);
    println!("\n{}", machine());
    Ok(())
}
