//! Whole calls through a router, INVITE to BYE: its CPU time a call, what it adds to the delay of
//! an INVITE, and what it holds: `cargo bench -p callroute-benches --bench b2bua`
//!
//! The router is a process of its own; caller and callee are one thread of this one and send no
//! sound. The delay is counted from the INVITE that the caller sends to the INVITE that the callee
//! gets, by a routing file alone and with a web server asked. `-- --calls 100000` makes so many calls
//! and shows what is left of them, `-- --only delay`, `calls` or `held` does one part.

#[path = "../redirect/process.rs"]
mod process;
mod router;
mod talk;
#[path = "../redirect/webhook.rs"]
mod webhook;

use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use callroute_sip::Stats;

use crate::process::Process;
use crate::talk::Talk;

type Failure = Box<dyn std::error::Error>;

/// How a router is named that does not sleep between two calls.
const SPINNING: &str = "spinning";

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
    let at = (at(1).ip(), router::LEFT);
    let socket = UdpSocket::bind((at.0, 0))?;
    socket.send_to(b"?", at)?;
    socket.set_read_timeout(Some(Duration::from_secs(2)))?;
    let mut buffer = [0; 1024];
    let length = socket.recv(&mut buffer)?;
    Ok(String::from_utf8_lossy(buffer.get(..length).unwrap_or_default()).into_owned())
}

/// Says what is left of all calls, and fails unless all of it goes.
fn nothing_is_left() -> Result<(), Failure> {
    let nothing = format!("{:?}", Stats::default());
    println!("left: {}", left()?);
    let until = Instant::now() + Duration::from_secs(40);
    while left()? != nothing {
        if Instant::now() > until {
            return Err(format!("left for ever: {}", left()?).into());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
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

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or_default()
}

/// Calls a second, one at a time: so few that the processor forgets the router in between, and so
/// many that it does not.
const RATES: [u32; 2] = [100, 1_000];

/// What a router adds to the delay of an INVITE, by its file alone and when it asks a web server, and
/// when it does not sleep between two calls, beside a process that only hands datagrams on and the web
/// server alone: in turn, a second each. Whoever is asked a hundred times a second is woken each time,
/// which costs all the same.
fn delays(talk: &mut Talk, rounds: u32) -> Result<(), Failure> {
    let by = at(2);
    let callee = talk.callee()?.to_string();
    let _process = Process::start(&["hand-on", &by.to_string(), &callee])?;
    // Each has a callee of its own, which the web server names.
    let [web, beside] = [8080, 8081].map(|port| SocketAddr::new(at(9).ip(), port));
    let (_asking, mut asked) = begin(at(3), Some(web), false)?;
    let (_spinning, mut spun) = begin(at(4), None, true)?;
    let (_asking_spinning, mut asked_spun) = begin(at(5), Some(beside), true)?;
    let uri = format!("sip:callee@{}", asked.callee()?);
    let _web = webhook::start(web, &uri)?;
    let _beside = webhook::start(beside, &format!("sip:callee@{}", asked_spun.callee()?))?;
    for talk in [&mut asked, &mut spun, &mut asked_spun] {
        talk.wait()?;
    }
    for per_s in RATES {
        let (mut by_file, mut by_web, mut straight) = (Vec::new(), Vec::new(), Vec::new());
        let (mut by_file_spinning, mut by_web_spinning) = (Vec::new(), Vec::new());
        let mut own = Vec::new();
        for _ in 0..rounds {
            let second = Duration::from_secs(1);
            by_file.push(talk.gently(1, per_s)?);
            by_file_spinning.push(spun.gently(1, per_s)?);
            straight.push(talk.straight(by, 1, per_s)?);
            by_web.push(asked.gently(1, per_s)?);
            by_web_spinning.push(asked_spun.gently(1, per_s)?);
            own.push(webhook::own_time_us(web, &uri, second, per_s)?);
        }
        for (what, done) in [
            ("INVITE in to INVITE out", &by_file),
            ("the same, spinning", &by_file_spinning),
            ("the same with a web server asked", &by_web),
            ("asked, spinning", &by_web_spinning),
            ("handed on by a bare process", &straight),
        ] {
            println!(
                "{what}, {:.0} a second: p50 {:.0} us, p99 {:.0} us",
                median(done.iter().map(|done| done.per_s).collect()),
                median(done.iter().map(|done| done.p50_us).collect()),
                median(done.iter().map(|done| done.p99_us).collect()),
            );
        }
        println!("the web server by itself: p50 {:.0} us", median(own));
    }
    Ok(())
}

fn at(n: u8) -> SocketAddr {
    SocketAddr::from(([127, 42, 0, n], 5060))
}

/// A router of its own, and who calls through it.
fn begin(
    router: SocketAddr,
    web: Option<SocketAddr>,
    spins: bool,
) -> Result<(Process, Talk), Failure> {
    let talk = Talk::new(router)?;
    let callee = talk.callee()?.to_string();
    let (router, web) = (router.to_string(), web.map(|web| web.to_string()));
    let mut args = vec!["serve", &router, &callee];
    args.extend(web.as_deref());
    args.extend(spins.then_some(SPINNING));
    Ok((Process::start(&args)?, talk))
}

/// What calls take that go on. In a process that has done nothing else: one that has served many
/// calls takes what it needs from what those have left it, and does not grow.
fn held(calls: u32, rest: Duration) -> Result<(), Failure> {
    let (process, mut talk) = begin(at(1), None, false)?;
    talk.wait()?;
    let empty = process.rss_kib();
    let each = |process: &Process| {
        let held = process.rss_kib().saturating_sub(empty);
        held * 1024 / u64::from(calls)
    };
    talk.hold(calls)?;
    println!(
        "{calls} calls held: {} bytes each, just answered",
        each(&process)
    );
    std::thread::sleep(rest);
    println!(
        "{calls} calls held: {} bytes each, {rest:?} later",
        each(&process)
    );
    talk.release()?;
    std::thread::sleep(rest);
    nothing_is_left()
}

fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        [_, "serve", listen, callee, ref rest @ ..] => {
            let spins = rest.contains(&SPINNING);
            let web = rest.iter().find(|arg| **arg != SPINNING);
            let web = web.map(|web| web.parse()).transpose()?;
            return router::serve(listen.parse()?, callee.parse()?, web, spins);
        }
        [_, "hand-on", listen, callee] => return hand_on(listen.parse()?, callee.parse()?),
        [_, "web", listen, uri] => return webhook::serve(listen.parse()?, uri),
        _ => {}
    }
    let quick = args.contains(&"--quick") || args.contains(&"--test");
    let value = |name: &str| {
        let at = args.iter().position(|arg| *arg == name);
        at.and_then(|at| args.get(at + 1))
    };
    let many = value("--calls").and_then(|many| many.parse().ok());
    let only = value("--only");
    let wanted = |part: &str| only.is_none_or(|only| *only == part);
    // What transactions keep goes 32 s after their end.
    let rest = Duration::from_secs(if quick { 1 } else { 40 });
    let (process, mut talk) = begin(at(1), None, false)?;
    talk.wait()?;
    println!("{} KiB at first", process.rss_kib());
    if wanted("delay") {
        delays(&mut talk, if quick { 1 } else { 5 })?;
    }
    if wanted("calls") {
        match (many, quick) {
            (Some(many), _) => calls(&process, &mut talk, many, 10)?,
            (None, true) => calls(&process, &mut talk, 200, 1)?,
            (None, false) => calls(&process, &mut talk, 5_000, 5)?,
        }
        std::thread::sleep(rest);
        println!("{} KiB after {rest:?} of rest", process.rss_kib());
        nothing_is_left()?;
    }
    drop(process);
    if wanted("held") {
        held(if quick { HELD / 10 } else { HELD }, rest)?;
    }
    Ok(())
}
