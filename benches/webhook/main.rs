//! A17: what an ask costs beside raw hyper on kept-alive connections, and beside reqwest.
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
    // `--threads N`, `--at-once N`: only these rows, and no instructions; each takes half a minute.
    let only = |name: &str| {
        let value = args.iter().skip_while(|arg| *arg != name).nth(1);
        value.map(|value| value.parse::<usize>()).transpose()
    };
    let (threads, at_once) = (only("--threads")?, only("--at-once")?);
    let wanted = |wish: Option<usize>, found| wish.is_none_or(|wish| wish == found);
    for threads in [1, 2].into_iter().filter(|n| wanted(threads, *n)) {
        for concurrency in CONCURRENCY.into_iter().filter(|n| wanted(at_once, *n)) {
            let setting = Setting {
                threads,
                concurrency,
            };
            let (rounds, span) = match (quick, concurrency) {
                (true, _) => (1, Duration::from_millis(100)),
                // Many at once take a while until they are under way, and until they are done.
                (false, 1024) => (15, Duration::from_millis(400)),
                (false, _) => (60, Duration::from_millis(100)),
            };
            let all = measure(setting, rounds, span, server.address)?;
            print(setting, &all);
        }
    }
    match threads.or(at_once) {
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
