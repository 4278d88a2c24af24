//! Whether hours are open, and when that changes next:
//! `cargo bench -p callroute-benches --bench hours`
//!
//! Hours of every shape, each in 25 zones, at instants all over forty years. What changes seldom
//! or never is the worst case: a change is looked for up to 400 days ahead. `--quick` only sees
//! that it runs.

mod harness;
mod workload;

use std::fmt::Write;
use std::hint::black_box;
use std::time::Instant;

use callroute_rules::{ChronoTz, load};
use chrono::DateTime;
use harness::{Failure, Options, Samples, Target, clock, machine, print_targets};
use workload::Dice;

/// Instants for each shape in each zone.
const INSTANTS: u32 = 4_000;
/// 2010-01-01 and 2050-01-01, in seconds since 1970.
const SPAN: (i64, i64) = (1_262_304_000, 2_524_608_000);

const ZONES: [&str; 25] = [
    "UTC",
    "Africa/Casablanca",
    "America/Havana",
    "America/Los_Angeles",
    "America/New_York",
    "America/Santiago",
    "America/Sao_Paulo",
    "America/St_Johns",
    "America/Winnipeg",
    "Antarctica/Troll",
    "Asia/Gaza",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Asia/Tehran",
    "Asia/Tokyo",
    "Atlantic/Azores",
    "Australia/Lord_Howe",
    "Australia/Sydney",
    "Europe/Berlin",
    "Europe/Dublin",
    "Europe/London",
    "Pacific/Apia",
    "Pacific/Auckland",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
];

/// What each shape is called, and how it is written.
const SHAPES: [(&str, &str); 8] = [
    ("office", "Mo-Fr 09:00-17:30"),
    (
        "lunch break, holidays off",
        "Mo-Fr 08:00-12:00,13:00-18:00; Sa 09:00-13:00; PH off",
    ),
    ("over night", "Mo-Su 22:00-06:00"),
    ("season", "Apr-Sep Mo-Fr 08:00-16:00"),
    ("first Monday of a month", "Mo[1] 09:00-12:00"),
    ("one hour a year", "Dec 24 10:00-11:00"),
    ("Easter", "easter 10:00-11:00"),
    ("always", "24/7"),
];

fn table() -> Result<String, Failure> {
    let mut text = String::from(
        r#"{"version":1,"default":{"action":"hangup"},"calendars":{"h":{"dates":["2026-12-25","2026-11-26"]}},"hours":{"#,
    );
    for (s, (_, open)) in SHAPES.iter().enumerate() {
        for (z, zone) in ZONES.iter().enumerate() {
            let separator = if (s, z) == (0, 0) { "" } else { "," };
            let holidays = match open.contains("PH") {
                true => r#","holidays":"h""#,
                false => "",
            };
            write!(
                text,
                r#"{separator}"s{s}z{z}":{{"zone":"{zone}","open":"{open}"{holidays}}}"#
            )?;
        }
    }
    text.push_str("}}");
    Ok(text)
}

fn main() -> Result<(), Failure> {
    let options = Options::read(0);
    let instants = if options.quick { 10 } else { INSTANTS };
    let (engine, clock) = (load("routes.json", &table()?, &(), &ChronoTz)?, clock()?);
    let mut dice = Dice(3);
    let mut all = Samples::new()?;
    println!("{}\n", machine());
    println!(
        "| hours | changes within 400 days | p50 | p99 | slowest |\n|---|---:|---:|---:|---:|"
    );
    for (s, (name, _)) in SHAPES.iter().enumerate() {
        let (mut own, mut changes) = (Samples::new()?, 0_u64);
        for z in 0..ZONES.len() {
            let hours = engine.hours(&format!("s{s}z{z}")).ok_or("no such hours")?;
            for _ in 0..instants {
                let (from, to) = SPAN;
                let after = i64::try_from(dice.below(u64::try_from(to - from)?))?;
                let at = DateTime::from_timestamp(from + after, 0).ok_or("no such instant")?;
                let begun = Instant::now();
                let answer = black_box(hours.answer(black_box(at)));
                let taken = begun.elapsed();
                changes += u64::from(answer.next_change.is_some());
                own.add(taken, clock, 1)?;
                all.add(taken, clock, 1)?;
            }
        }
        let asked = u64::from(instants) * ZONES.len() as u64;
        println!(
            "| {name} | {} % | {} ns | {} ns | {} ns |",
            changes * 100 / asked,
            own.p50(),
            own.at(0.99),
            own.at(1.0)
        );
    }
    print_targets(&[Target::at_most(
        "when it changes next, p99",
        all.at(0.99) as f64,
        50_000.0,
        "ns",
    )]);
    println!("\n{}", machine());
    Ok(())
}
