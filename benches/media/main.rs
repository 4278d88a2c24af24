//! Sound through a router: the delay that relaying adds, calls at a time without a lost packet, and
//! what a codec costs: `cargo bench -p callroute-benches --bench media`
//!
//! The router is a process of its own; callers and callees are three threads of this one, which
//! share the machine with it. All calls speak PCMU, 20 ms a packet, both ways. `-- --calls 500
//! --seconds 30` for another load than 1,000 calls of 10 s; `-- --only delay`, `load` or `codecs` for
//! one part.

mod codecs;
mod delay;
mod drops;
mod load;
#[path = "../redirect/process.rs"]
mod process;
#[path = "../b2bua/router.rs"]
mod router;
mod sound;
#[path = "../b2bua/talk.rs"]
mod talk;

use std::net::SocketAddr;

use crate::process::Process;
use crate::sound::Sides;
use crate::talk::Talk;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    if let [_, "serve", listen, callee] = args[..] {
        return router::serve(listen.parse()?, callee.parse()?, None, false);
    }
    let quick = args.contains(&"--quick") || args.contains(&"--test");
    let after = |name: &str| {
        let at = args.iter().position(|arg| *arg == name)?;
        args.get(at + 1).copied()
    };
    let number = |name, usual| after(name).map_or(Ok(usual), str::parse::<u32>);
    let calls = number("--calls", if quick { 20 } else { 1_000 })?;
    let seconds = number("--seconds", if quick { 1 } else { 10 })?;
    let wants = |part| after("--only").is_none_or(|only| only == part);

    if wants("codecs") {
        codecs::compare(if quick { 50 } else { 2_000 })?;
    }
    if !wants("delay") && !wants("load") {
        return Ok(());
    }
    // Not the b2bua bench's, so that both may run; the port beside it is told in `router`.
    let router = SocketAddr::from(([127, 42, 0, 1], 5060));
    let sides = Sides::new("127.42.0.1")?;
    let mut talk = Talk::new(router)?;
    talk.sound_at(sides.ports()?);
    let callee = talk.callee()?.to_string();
    let process = Process::start(&["serve", &router.to_string(), &callee])?;
    talk.wait()?;
    talk.take_ports();
    if wants("delay") {
        talk.hold(1)?;
        let takes = sides.takes(router.ip(), talk.take_ports());
        delay::measure(&sides, &takes, if quick { 100 } else { 3_000 })?;
        talk.release()?;
    }
    if wants("load") {
        talk.hold(calls)?;
        let takes = sides.takes(router.ip(), talk.take_ports());
        load::run(&process, &sides, &takes, seconds)?;
        talk.release()?;
    }
    Ok(())
}
