//! Tables that grow: what a decision costs in each.

use std::hint::black_box;
use std::time::{Duration, Instant};

use callroute_rules::{ChronoTz, Engine, Facts, Outcome, Table};
use callroute_schema::Event;

use crate::harness::{Failure, Memory, Samples, Target};
use crate::plot::Line;
use crate::workload::{Calls, Mix, Spread, table};

/// Decisions that are timed together.
const BATCH: usize = 64;
/// Batches whose calls are made at once: few enough to stay near, and so many that the first of
/// them, which meet a processor that was making calls, are not the slowest hundredth.
const MADE: usize = 64;

/// One table and its calls.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) mix: Mix,
    pub(crate) spread: Spread,
    pub(crate) rules: u64,
    pub(crate) engine: Engine,
    calls: Calls,
    /// How often calls are made in each round for each way.
    batches: usize,
    /// One after the other: a call's event is not known before the last decision is.
    chained: Samples,
    /// The same calls for the third time, when the processor knows them.
    again: Samples,
    /// In a batch, where the processor works on several at a time.
    batched: Samples,
    /// Timed alone.
    alone: Samples,
    bytes: Samples,
    read: Duration,
    compile: Duration,
}

/// Brings an event near, as it is when it has just been read from the network: what decisions
/// look at, and what they only see to be absent.
pub(crate) fn warm(event: &Event) -> usize {
    let text = |text: &str| text.bytes().map(usize::from).sum::<usize>();
    let pressed = event
        .menu
        .as_ref()
        .map_or(0, |menu| usize::from(menu.digits.is_some()));
    event.from.address().map_or(0, |from| text(from.as_str()))
        + text(event.to.as_str())
        + text(event.call_id.as_str())
        + usize::from(event.timestamp.timestamp() > 0)
        + usize::from(event.source.is_some())
        + event.headers.len()
        + event.attributes.len()
        + pressed
}

fn near(events: &[Event]) {
    black_box(events.iter().map(warm).sum::<usize>());
}

/// Whether no rule held: worked out from what the decision loaded last.
fn is_default(outcome: &Outcome<'_>) -> bool {
    match outcome {
        Outcome::Decided(decision) => decision.id().is_none(),
        Outcome::Need(_) => false,
    }
}

impl Case {
    pub(crate) fn new(
        mix: Mix,
        spread: Spread,
        rules: u64,
        batches: usize,
    ) -> Result<Self, Failure> {
        let text = table(mix, rules)?;
        let begun = Instant::now();
        let table = Table::read("routes.json", &text);
        let read = begun.elapsed();
        drop(text);
        let begun = Instant::now();
        let engine = table.compile(&(), &ChronoTz)?;
        let compile = begun.elapsed();
        Ok(Self {
            mix,
            spread,
            rules,
            engine,
            calls: Calls::new(mix, rules, spread),
            batches,
            chained: Samples::new()?,
            again: Samples::new()?,
            batched: Samples::new()?,
            alone: Samples::new()?,
            bytes: Samples::new()?,
            read,
            compile,
        })
    }

    /// Each way once, the caches emptied of the table before each; `clock` is taken off.
    pub(crate) fn round(
        &mut self,
        facts: &Facts,
        clock: u64,
        memory: &Memory,
    ) -> Result<(), Failure> {
        memory.sweep();
        self.chained(facts, clock)?;
        memory.sweep();
        self.batched(facts, clock)?;
        memory.sweep();
        self.alone(facts, clock)?;
        memory.sweep();
        self.bytes(facts, clock)
    }

    /// The next calls.
    pub(crate) fn events(&mut self) -> Result<Vec<Event>, Failure> {
        self.calls.events(MADE * BATCH)
    }

    fn chained(&mut self, facts: &Facts, clock: u64) -> Result<(), Failure> {
        // It is not known to whoever compiles this that the next event is simply the next.
        let skips = black_box(false);
        for _ in 0..self.batches {
            let made = self.events()?;
            for pass in 0..3 {
                for events in made.chunks_exact(BATCH) {
                    near(events);
                    let begun = Instant::now();
                    let mut at = 0;
                    while let Some(event) = events.get(at) {
                        let outcome = self.engine.decide(black_box(event), facts);
                        at += 1 + usize::from(is_default(&outcome) & skips);
                    }
                    let taken = begun.elapsed();
                    match pass {
                        0 => self.chained.add(taken, clock, BATCH)?,
                        2 => self.again.add(taken, clock, BATCH)?,
                        _ => {}
                    }
                }
            }
        }
        Ok(())
    }

    fn batched(&mut self, facts: &Facts, clock: u64) -> Result<(), Failure> {
        for _ in 0..self.batches {
            for events in self.events()?.chunks_exact(BATCH) {
                near(events);
                let begun = Instant::now();
                for event in events {
                    black_box(is_default(&self.engine.decide(black_box(event), facts)));
                }
                self.batched.add(begun.elapsed(), clock, BATCH)?;
            }
        }
        Ok(())
    }

    fn alone(&mut self, facts: &Facts, clock: u64) -> Result<(), Failure> {
        for _ in 0..self.batches {
            for event in &self.events()? {
                black_box(warm(black_box(event)));
                let begun = Instant::now();
                let outcome = self.engine.decide(black_box(event), facts);
                black_box(is_default(&outcome));
                self.alone.add(begun.elapsed(), clock, 1)?;
            }
        }
        Ok(())
    }

    fn bytes(&mut self, facts: &Facts, clock: u64) -> Result<(), Failure> {
        let mut out = Vec::with_capacity(4_096);
        for _ in 0..self.batches {
            let calls: Vec<String> = self.calls.by_ref().take(MADE * BATCH).collect();
            for json in &calls {
                black_box(json.bytes().map(usize::from).sum::<usize>());
                let begun = Instant::now();
                let outcome = self.engine.decide_json(black_box(json.as_bytes()), facts)?;
                out.clear();
                if let Outcome::Decided(decision) = &outcome {
                    out.extend_from_slice(decision.to_json().as_bytes());
                }
                black_box(&out);
                self.bytes.add(begun.elapsed(), clock, 1)?;
            }
        }
        Ok(())
    }

    pub(crate) fn is(&self, mix: Mix, spread: Spread, rules: u64) -> bool {
        (self.mix, self.spread, self.rules) == (mix, spread, rules)
    }

    fn rule_bytes(&self) -> f64 {
        self.engine.rule_bytes() as f64 / self.engine.rule_count().max(1) as f64
    }

    pub(crate) fn name(&self) -> &'static str {
        match (self.mix, self.spread) {
            (Mix::Pbx, Spread::Zipf) => "PBX, Zipf",
            (Mix::Pbx, Spread::Uniform) => "PBX, uniform",
            (Mix::OneNumber, _) => "one number",
            (Mix::Deck, _) => "prefix deck",
        }
    }
}

/// Prints the cost as it grows as a table in Markdown.
pub(crate) fn print(cases: &[Case], load: f64) {
    println!(
        "\n| table | rules | one after the other | in L | the third time | in a batch | alone, p99 | in L | bytes to bytes | B a rule | read | compile |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
    );
    for case in cases {
        let (chained, p99) = (case.chained.p50(), case.alone.at(0.99));
        println!(
            "| {} | {} | {chained} ns | {:.2} | {} ns | {} ns | {p99} ns | {:.1} | {} ns | {:.0} | {:.1?} | {:.1?} |",
            case.name(),
            case.rules,
            chained as f64 / load,
            case.again.p50(),
            case.batched.p50(),
            p99 as f64 / load,
            case.bytes.p50(),
            case.rule_bytes(),
            case.read,
            case.compile,
        );
    }
}

/// What was wanted of these tables.
pub(crate) fn targets(cases: &[Case], load: f64) -> Vec<Target> {
    let mut all = Vec::new();
    for case in cases {
        let chained = case.chained.p50() as f64;
        let name = |what: &str| format!("{what}: {}, {} rules", case.name(), case.rules);
        let pbx = case.mix == Mix::Pbx;
        match (pbx, case.rules) {
            (true, 10) => all.push(Target::at_most(name("decide"), chained, 35.0, "ns")),
            (true, 1_000) => all.push(Target::at_most(name("decide"), chained, 50.0, "ns")),
            (true, 100_000) => all.push(Target::at_most(name("decide"), chained, 90.0, "ns")),
            (true, 1_000_000) => {
                let most = if case.spread == Spread::Zipf {
                    1.5
                } else {
                    2.0
                };
                all.push(Target::at_most(name("decide"), chained / load, most, "L"));
                let p99 = case.alone.at(0.99) as f64 / load;
                all.push(Target::at_most(name("decide, p99"), p99, 4.0, "L"));
            }
            _ => {}
        }
        let bytes = case.bytes.p50() as f64;
        match (pbx, case.rules) {
            (true, 1_000) => all.push(Target::at_most(name("bytes"), bytes, 350.0, "ns")),
            (true, 1_000_000) => all.push(Target::at_most(name("bytes"), bytes, 620.0, "ns")),
            _ => {}
        }
        if case.rules == 1_000_000 && case.spread == Spread::Uniform {
            let millis = case.compile.as_secs_f64() * 1e3;
            all.push(Target::at_most(name("compile"), millis, 1_000.0, "ms"));
            let bytes = case.rule_bytes();
            all.push(Target::at_most(name("memory a rule"), bytes, 110.0, "B"));
        }
    }
    all
}

/// The cost as it grows, for the picture.
pub(crate) fn lines(cases: &[Case]) -> Vec<Line> {
    let mut all: Vec<Line> = Vec::new();
    let mut add = |name: String, rules: u64, nanos: u64| {
        let point = (rules as f64, nanos as f64);
        match all.iter_mut().find(|line| line.name == name) {
            Some(line) => line.points.push(point),
            None => all.push(Line {
                name,
                points: vec![point],
            }),
        }
    };
    for case in cases {
        add(case.name().to_owned(), case.rules, case.chained.p50());
        if (case.mix, case.spread) == (Mix::Pbx, Spread::Zipf) {
            add(
                "PBX, bytes to bytes".to_owned(),
                case.rules,
                case.bytes.p50(),
            );
        }
    }
    all
}
