//! What an ask costs beside raw hyper on kept-alive connections, and beside reqwest.
//!
//! All of them write the mission's event, send it, and read the answer into actions. The server
//! is a process of its own, so that the processor time, the allocations and the instructions
//! counted here are the client's alone.

mod clients;
mod instructions;
mod run;
mod server;

use std::time::Duration;

use clients::Kind;
use run::{Measured, Setting, measure};
use server::Served;

pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Requests under way at once.
const CONCURRENCY: [usize; 3] = [1, 64, 1024];

fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .as_slice()
    {
        ["--serve"] => return server::serve(),
        ["--count", kind, threads, concurrency, requests, address] => {
            let setting = Setting {
                threads: threads.parse()?,
                concurrency: concurrency.parse()?,
            };
            return run::only(
                Kind::named(kind)?,
                setting,
                requests.parse()?,
                address.parse()?,
            );
        }
        _ => {}
    }
    // `--test` and `--quick` only see that it runs.
    let quick = args.iter().any(|arg| arg == "--test" || arg == "--quick");
    let server = Served::start()?;
    // `--threads N`: only these rows, and no instructions, so that it is over within two minutes.
    let only = args.iter().skip_while(|arg| *arg != "--threads").nth(1);
    let only = only.map(|threads| threads.parse::<usize>()).transpose()?;
    for threads in [1, 2]
        .into_iter()
        .filter(|n| only.is_none_or(|only| only == *n))
    {
        for concurrency in CONCURRENCY {
            let setting = Setting {
                threads,
                concurrency,
            };
            let (rounds, span) = match quick {
                true => (1, Duration::from_millis(100)),
                false => (60, Duration::from_millis(100)),
            };
            let all = measure(setting, rounds, span, server.address)?;
            print(setting, &all);
        }
    }
    match only {
        Some(_) => Ok(()),
        None => instructions::print(quick, &server),
    }
}

fn print(setting: Setting, all: &[Measured]) {
    let Setting {
        threads,
        concurrency,
    } = setting;
    println!("\n{concurrency} at once, {threads} thread(s)");
    let Some(floor) = all.first() else {
        return;
    };
    for one in all {
        println!(
            "  {:<16} CPU {:>7.2} us ({:>4.2} x)   p50 {:>7.1} us ({:>4.2} x)   p99 {:>8.1} us   {:>5.1} allocations",
            one.kind.name(),
            one.cpu_us(),
            one.cpu_beside(floor),
            one.quantile_us(0.5),
            one.quantile_us(0.5) / floor.quantile_us(0.5),
            one.quantile_us(0.99),
            one.allocations(),
        );
    }
}
