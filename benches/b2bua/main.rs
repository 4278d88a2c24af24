//! Whole calls through a router, INVITE to BYE: its CPU time a call, what it adds to the delay of
//! an INVITE, and what it holds: `cargo bench -p callroute-benches --bench b2bua`
//!
//! The router is a process of its own; caller and callee are one thread of this one and send no
//! sound. The delay is counted from the INVITE that the caller sends to the INVITE that the callee
//! gets, by a routing file alone. `-- --calls 100000` makes so many calls and shows what is left of
//! them.

#[path = "../redirect/process.rs"]
mod process;
mod router;
mod talk;

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Duration;

use crate::process::Process;
use crate::talk::{Done, Talk};

type Failure = Box<dyn std::error::Error>;

/// Calls that are held at the same time when memory is measured.
const HELD: u32 = 1_000;

/// Calls in rounds: the CPU time of each, and the memory after each part.
fn calls(router: &Process, talk: &mut Talk, calls: u32, parts: u32) -> Result<(), Failure> {
    for part in 1..=parts {
        let before = router.cpu_us();
        let done = talk.many(calls / parts)?;
        println!(
            "{:>7} calls, {:>5.0} a second: {:>4.0} us CPU a call, {} KiB",
            u64::from(calls / parts) * u64::from(part),
            done.per_s,
            (router.cpu_us() - before) / f64::from(calls / parts),
            router.rss_kib(),
        );
    }
    Ok(())
}

/// What the router says is left of its calls: calls, legs, ports.
fn left() -> Result<String, Failure> {
    let (ip, _) = router::LEFT;
    let socket = UdpSocket::bind((IpAddr::from(ip), 0))?;
    socket.send_to(b"?", SocketAddr::from(router::LEFT))?;
    socket.set_read_timeout(Some(Duration::from_secs(2)))?;
    let mut buffer = [0; 1024];
    let length = socket.recv(&mut buffer)?;
    Ok(String::from_utf8_lossy(buffer.get(..length).unwrap_or_default()).into_owned())
}

/// Hands datagrams on to the callee, and does nothing else.
fn hand_on(listen: SocketAddr, callee: SocketAddr) -> Result<(), Failure> {
    let socket = UdpSocket::bind(listen)?;
    let mut buffer = [0; 8192];
    loop {
        let length = socket.recv(&mut buffer)?;
        socket.send_to(buffer.get(..length).unwrap_or_default(), callee)?;
    }
}

/// What a router adds to the delay of an INVITE, beside a process that only hands datagrams on: in
/// turn, a second each. Whoever is asked so seldom is woken each time, which costs both the same.
fn delays(talk: &mut Talk, rounds: u32) -> Result<(), Failure> {
    let by = SocketAddr::from(([127, 42, 0, 2], 5060));
    let callee = talk.callee()?.to_string();
    let _process = Process::start(&["hand-on", &by.to_string(), &callee])?;
    let (mut router, mut straight) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        router.push(talk.gently(1, 100)?);
        straight.push(talk.straight(by, 1, 100)?);
    }
    let median = |done: &[Done], of: fn(&Done) -> f64| {
        let mut all: Vec<f64> = done.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        all.get(all.len() / 2).copied().unwrap_or_default()
    };
    for (what, done) in [
        ("INVITE in to INVITE out", &router),
        ("handed on by a bare process", &straight),
    ] {
        println!(
            "{what}, 100 a second: p50 {:.0} us, p99 {:.0} us",
            median(done, |done| done.p50_us),
            median(done, |done| done.p99_us),
        );
    }
    Ok(())
}

/// A router of its own, and who calls through it.
fn begin() -> Result<(Process, Talk), Failure> {
    let router = SocketAddr::from(([127, 42, 0, 1], 5060));
    let mut talk = Talk::new(router)?;
    let callee = talk.callee()?.to_string();
    let process = Process::start(&["serve", &router.to_string(), &callee])?;
    talk.wait()?;
    Ok((process, talk))
}

/// What calls take that go on. In a process that has done nothing else: one that has served many
/// calls takes what it needs from what those have left it, and does not grow.
fn held(calls: u32, rest: Duration) -> Result<(), Failure> {
    let (process, mut talk) = begin()?;
    let empty = process.rss_kib();
    let each = |process: &Process| process.rss_kib().saturating_sub(empty) / u64::from(calls);
    talk.hold(calls)?;
    println!(
        "{calls} calls held: {} KiB each, just answered",
        each(&process)
    );
    std::thread::sleep(rest);
    println!(
        "{calls} calls held: {} KiB each, {rest:?} later",
        each(&process)
    );
    talk.release()?;
    std::thread::sleep(rest);
    println!("left: {}", left()?);
    Ok(())
}

fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    if let [_, "serve", listen, callee] = args[..] {
        return router::serve(listen.parse()?, callee.parse()?);
    }
    if let [_, "hand-on", listen, callee] = args[..] {
        return hand_on(listen.parse()?, callee.parse()?);
    }
    let quick = args.contains(&"--quick") || args.contains(&"--test");
    let many = args.iter().position(|arg| *arg == "--calls");
    let many = many.and_then(|at| args.get(at + 1)?.parse().ok());
    let (process, mut talk) = begin()?;
    println!("{} KiB at first", process.rss_kib());

    delays(&mut talk, if quick { 1 } else { 5 })?;
    match (many, quick) {
        (Some(many), _) => calls(&process, &mut talk, many, 10)?,
        (None, true) => calls(&process, &mut talk, 200, 1)?,
        (None, false) => calls(&process, &mut talk, 5_000, 5)?,
    }
    // What transactions keep goes 32 s after their end.
    let rest = Duration::from_secs(if quick { 1 } else { 40 });
    std::thread::sleep(rest);
    println!(
        "{} KiB after {rest:?} of rest; left: {}",
        process.rss_kib(),
        left()?
    );
    drop(process);
    held(if quick { HELD / 10 } else { HELD }, rest)
}
