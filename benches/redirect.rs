//! INVITE in, 302 out, with a decision among 100,000 prefixes, beside Kamailio's mtree, pdt and
//! drouting: `cargo bench -p callroute-benches --bench redirect`
//!
//! The server is a process of its own in every case, on one thread; what counts is its CPU time a
//! call (user and system), at 500 calls a second for the latency and as fast as one generator can
//! ask for the rate. Rounds are interleaved. Without Kamailio only our own figures are printed.

mod kamailio;
mod load;

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use callroute_media::Offer;
use callroute_rules::{ChronoTz, Engine, Facts, Outcome, load};
use callroute_schema::{Action, Destination, Event};
use callroute_sip::redirect::{Config, Redirector, Responder, Verdict};

use crate::kamailio::Module;
use crate::load::Figures;

type Failure = Box<dyn std::error::Error>;

/// Prefixes in every table: 3 digits of country and area, 5 that differ.
pub(crate) const PREFIXES: u32 = 100_000;

/// The number of a prefix: `+1314` and five digits.
pub(crate) fn prefix(n: u32) -> String {
    format!("+1314{n:05}")
}

fn table() -> Result<Engine, Failure> {
    let mut text = String::from(r#"{"version":1,"default":{"action":"reject"},"numbers":{"#);
    for n in 0..PREFIXES {
        let comma = if n == 0 { "" } else { "," };
        let prefix = prefix(n);
        text.push_str(&format!(
            r#"{comma}"{prefix}*":[{{"then":{{"action":"forward","destination":{{"type":"sip","uri":"sip:gw{n}@192.0.2.1"}}}}}}]"#
        ));
    }
    text.push_str("}}");
    let faults = |faults| format!("{faults:.300}");
    Ok(load("routes.json", &text, &(), &ChronoTz).map_err(faults)?)
}

fn decide(engine: &Engine, template: &Event, offer: &Offer) -> Verdict {
    let mut event = template.clone();
    event.from = offer.from.clone();
    event.to = offer.to.clone();
    if let Outcome::Decided(decision) = engine.decide(&event, &Facts::default())
        && let [Action::Forward(forward), ..] = decision.actions()
        && let Destination::Sip(sip) = &forward.destination
    {
        return Verdict::Redirect {
            contacts: vec![sip.uri.to_string()],
        };
    }
    Verdict::Refuse {
        status: 403,
        q850: Some(21),
    }
}

/// Runs as the server, until it is killed.
fn serve(kind: &str, addr: SocketAddr) -> Result<(), Failure> {
    let engine = table()?;
    let json = r#"{"event":"incoming_call","from":"+14155550123","to":"+13146523057","timestamp":"2026-04-21T14:32:00Z","call_id":"abc123xyz"}"#;
    let template = Event::from_json(json.as_bytes())?;
    let mut config = Config::new(addr);
    config.stateful = kind != "stateless";
    config.max_transactions = 10_000_000;
    config.protection.exempt = vec![addr.ip().into()];
    let slow = kind == "asked";
    let redirector = Redirector::start(&config, move |offer: &Offer, responder: Responder| {
        let verdict = decide(&engine, &template, offer);
        if slow {
            // A decision that somebody else makes: answered from another thread.
            asked(verdict, responder);
        } else {
            responder.answer(verdict);
        }
    })?;
    println!("{}", redirector.local_addr());
    loop {
        std::thread::park();
    }
}

fn asked(verdict: Verdict, responder: Responder) {
    type Job = (Verdict, Responder);
    static WORKER: OnceLock<std::sync::mpsc::Sender<Job>> = OnceLock::new();
    let worker = WORKER.get_or_init(|| {
        let (sender, jobs) = std::sync::mpsc::channel::<Job>();
        std::thread::spawn(move || {
            for (verdict, responder) in jobs {
                responder.answer(verdict);
            }
        });
        sender
    });
    // A worker that has gone leaves the call to its responder.
    let _ = worker.send((verdict, responder));
}

/// A server process; killed when it is dropped.
pub(crate) struct Server {
    pub(crate) child: Child,
    pub(crate) addr: SocketAddr,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn ours(kind: &'static str, addr: SocketAddr) -> Result<Server, Failure> {
    let child = Command::new(std::env::current_exe()?)
        .args(["serve", kind, &addr.to_string()])
        .stdout(Stdio::null())
        .spawn()?;
    Ok(Server { child, addr })
}

fn print(name: &str, rounds: &[Figures]) {
    let median = |value: &dyn Fn(&Figures) -> f64| {
        let mut values: Vec<f64> = rounds.iter().map(value).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(0.0)
    };
    println!(
        "{name:<28} p50 {:>6.1} us  p99 {:>7.1} us at 500/s   {:>6.0} calls/s   {:>5.1} us CPU a call   lost {}",
        median(&|f| f.p50_us),
        median(&|f| f.p99_us),
        median(&|f| f.per_s),
        median(&|f| f.cpu_us),
        rounds.iter().map(|f| f.lost).sum::<u64>(),
    );
}

fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().collect();
    if let [_, serve_, kind, addr] = args.as_slice()
        && serve_ == "serve"
    {
        return serve(kind, addr.parse()?);
    }
    let quick = args.iter().any(|arg| arg == "--quick" || arg == "--test");
    let (rounds, seconds) = if quick { (1, 1) } else { (5, 2) };
    let at = |n: u8| SocketAddr::from(([127, 40, 0, n], 5060));
    let mut servers = vec![
        ("callroute", ours("stateful", at(1))?),
        ("callroute, stateless", ours("stateless", at(2))?),
        ("callroute, decided elsewhere", ours("asked", at(3))?),
    ];
    if !quick && kamailio::is_here() {
        for (n, module) in [(4, Module::Mtree), (5, Module::Pdt), (6, Module::Drouting)] {
            servers.push((module.name(), kamailio::start(module, at(n))?));
        }
    }
    servers.retain(|(name, server)| match load::wait(server.addr) {
        Ok(()) => true,
        Err(error) => {
            println!("{name}: {error}; left out");
            false
        }
    });
    let mut figures: Vec<Vec<Figures>> = servers.iter().map(|_| Vec::new()).collect();
    for _ in 0..rounds {
        for ((_, server), figures) in servers.iter().zip(&mut figures) {
            figures.push(load::round(server, Duration::from_secs(seconds))?);
        }
    }
    for ((name, _), rounds) in servers.iter().zip(&figures) {
        print(name, rounds);
    }
    Ok(())
}
