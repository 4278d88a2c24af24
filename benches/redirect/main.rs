//! INVITE in, 302 out, with a decision among 100,000 prefixes, beside Kamailio's mtree, pdt and
//! drouting: `cargo bench -p callroute-benches --bench redirect`
//!
//! The server is a process of its own in every case, on one thread; what counts is its CPU time a
//! call (user and system), at 500 calls a second for the latency and as fast as one generator can
//! ask for the rate. Rounds are interleaved. Without Kamailio only our own figures are printed.
//!
//! `-- --only TEXT` leaves out those in whose name it is not.
//! `-- --wait` measures when Enter is pressed: Kamailio's pdt takes minutes to load its table.
//! `-- --calls 1000000` shows the memory of a server over so many calls, and nothing else.

mod kamailio;
mod load;
mod process;
mod server;
mod webhook;

use std::net::SocketAddr;
use std::time::Duration;

use crate::kamailio::Module;
use crate::load::Figures;
use crate::server::Server;

type Failure = Box<dyn std::error::Error>;

/// Prefixes in every table: 3 digits of country and area, 5 that differ.
pub(crate) const PREFIXES: u32 = 100_000;
/// Whose calls ask a slow web server.
pub(crate) const SLOW: &str = "+19995550100";
/// Where the web server sends every call.
const GATEWAY: &str = "sip:gw7@192.0.2.1";
const WEBHOOK: &str = "callroute, webhook asked";
const WEBHOOK_SPINNING: &str = "callroute, asked, spinning";

/// Whether the web server is asked.
fn asks(name: &str) -> bool {
    [WEBHOOK, WEBHOOK_SPINNING].contains(&name)
}

/// The number of a prefix: `+1314` and five digits.
pub(crate) fn prefix(n: u32) -> String {
    format!("+1314{n:05}")
}

fn at(n: u8) -> SocketAddr {
    SocketAddr::from(([127, 40, 0, n], 5060))
}

fn median(rounds: &[Figures], value: impl Fn(&Figures) -> f64) -> f64 {
    let mut values: Vec<f64> = rounds.iter().map(value).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

fn print(name: &str, rounds: &[Figures]) {
    println!(
        "{name:<26} p50 {:>6.1} us  p99 {:>7.1} us at 500/s   {:>6.0} calls/s   {:>5.1} us CPU a call   lost {}",
        median(rounds, |f| f.p50_us),
        median(rounds, |f| f.p99_us),
        median(rounds, |f| f.per_s),
        median(rounds, |f| f.cpu_us),
        rounds.iter().map(|f| f.lost).sum::<u64>(),
    );
}

/// Many calls of one server, and what it holds after each tenth of them.
fn steady(calls: u64) -> Result<(), Failure> {
    for kind in ["stateful", "stateless"] {
        let server = Server::ours(kind, at(1))?;
        load::wait(server.addr)?;
        for part in 1..=10_u64 {
            load::calls(server.addr, calls / 10)?;
            let at = calls / 10 * part;
            println!("{kind}: {} KiB after {at} calls", server.process.rss_kib());
        }
        // Transactions are kept for 5 s after their ACK.
        std::thread::sleep(Duration::from_secs(7));
        println!("{kind}: {} KiB at rest", server.process.rss_kib());
    }
    Ok(())
}

fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [_, "serve", kind, addr] => return server::serve(kind, addr.parse()?),
        [_, "web", addr, uri] => return webhook::serve(addr.parse()?, uri),
        [_, "ask", addr, calls] => return load::calls(addr.parse()?, calls.parse()?),
        [_, "--calls", calls, ..] => return steady(calls.parse()?),
        _ => {}
    }
    let has = |wanted: &str| args.iter().any(|arg| arg == wanted);
    let quick = has("--quick") || has("--test");
    let (rounds, time) = if quick {
        (1, Duration::from_secs(1))
    } else {
        (3, Duration::from_secs(1))
    };
    let web = SocketAddr::from(([127, 40, 0, 9], 8080));
    let _web = webhook::start(web, GATEWAY)?;
    let only = args.iter().position(|arg| arg == "--only");
    let only = only.and_then(|at| args.get(at + 1));
    let wanted = |name: &str| only.is_none_or(|only| name.contains(only));
    let (asked, asked_spinning) = (web.to_string(), format!("spinning,{web}"));
    let mut servers = Vec::new();
    for (name, kind, n) in [
        ("callroute", "stateful", 1),
        ("callroute, spinning", "spinning", 7),
        ("callroute, stateless", "stateless", 2),
        (WEBHOOK, &asked, 3),
        (WEBHOOK_SPINNING, &asked_spinning, 8),
    ] {
        if wanted(name) {
            servers.push((name, Server::ours(kind, at(n))?));
        }
    }
    if quick {
        println!("kamailio: left out of a quick run");
    } else if kamailio::is_here() {
        for (n, module) in [(4, Module::Mtree), (5, Module::Pdt), (6, Module::Drouting)] {
            if wanted(module.name()) {
                servers.push((module.name(), kamailio::start(module, at(n))?));
            }
        }
    } else {
        println!("kamailio: skipped, it is not installed (apt install kamailio)");
    }
    servers.retain(|(name, server)| match load::wait(server.addr) {
        Ok(()) => true,
        Err(error) => {
            println!("{name}: {error}; left out");
            false
        }
    });
    if has("--wait") {
        println!("ready: press Enter");
        std::io::stdin().read_line(&mut String::new())?;
    }
    let mut figures: Vec<Vec<Figures>> = servers.iter().map(|_| Vec::new()).collect();
    let mut own = Vec::new();
    for _ in 0..rounds {
        own.push(webhook::own_time_us(web, GATEWAY, time / 2, 500)?);
        for ((name, server), figures) in servers.iter().zip(&mut figures) {
            figures.push(load::round(server, time, asks(name))?);
        }
    }
    for ((name, _), rounds) in servers.iter().zip(&figures) {
        print(name, rounds);
    }
    own.sort_by(f64::total_cmp);
    let own = own.get(own.len() / 2).copied().unwrap_or(0.0);
    println!("the web server by itself   p50 {own:>6.1} us");
    println!("One call a second of those with a webhook asks a server that takes 1 s.");
    Ok(())
}
