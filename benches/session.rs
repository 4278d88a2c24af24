//! What a call costs as a state machine: `cargo bench -p callroute-benches --bench session`
//!
//! A menu call with a ring group: the caller is answered, presses 1, two phones ring, one is
//! answered, the two talk, the other one hangs up. Sessions per second on one core, against
//! serde_json parsing the call's event into an untyped value in the same run; and what a session
//! that is alive takes in memory, by the growth of the process while many are.

mod measure;

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use callroute_media::{LegId, Notice};
use callroute_rules::{ChronoTz, Engine, load};
use callroute_schema::{Cause, Digit, Event};
use callroute_session::{Effect, Input, Now, Session};
use measure::{Measured, measure};

type Failure = Box<dyn std::error::Error>;

const EVENT: &str = r#"{"event":"incoming_call","from":"+14155550123","to":"+13146523057","timestamp":"2026-04-21T14:32:00Z","call_id":"abc123xyz"}"#;

const TABLE: &str = r#"
version: 1
default: { action: voicemail, message: general }
targets:
  sales_group:
    action: forward
    destination: { type: ring_group, members: ["+16822306467", "+12125551234"], strategy: simultaneous }
menus:
  main: { prompt: { say: "Press 1 for sales" }, options: { 1: sales_group } }
numbers: { "+13146523057": { action: menu, name: main } }
"#;

/// Sessions that are alive at once while memory is measured.
const LIVE: usize = 50_000;

/// What sessions are doing while their memory is measured.
const STATES: [(&str, Until); 3] = [
    ("in the menu", Until::Menu),
    ("ringing two phones", Until::Ringing),
    ("talking", Until::Talking),
];

/// How far a call is taken.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Until {
    Menu,
    Ringing,
    Talking,
    Over,
}

fn inputs() -> Result<Vec<(Until, Input)>, Failure> {
    let caller = LegId::CALLER;
    let [first, second] = [LegId(1), LegId(2)];
    let cause = Cause::normal();
    let one = Digit::new('1')?;
    let inputs = vec![
        (Until::Menu, Input::Start),
        (Until::Menu, notice(Notice::LegAnswered { leg: caller })),
        (
            Until::Ringing,
            notice(Notice::Digit {
                leg: caller,
                digit: one,
            }),
        ),
        (Until::Ringing, notice(Notice::LegRinging { leg: first })),
        (Until::Ringing, notice(Notice::LegRinging { leg: second })),
        (Until::Talking, notice(Notice::LegAnswered { leg: first })),
        (
            Until::Talking,
            notice(Notice::LegEnded { leg: second, cause }),
        ),
        (Until::Over, notice(Notice::LegEnded { leg: first, cause })),
        (Until::Over, notice(Notice::LegEnded { leg: caller, cause })),
    ];
    Ok(inputs)
}

fn notice(notice: Notice) -> Input {
    Input::Media(notice)
}

/// Takes a call so far; whether it is over.
fn play(
    engine: &Arc<Engine>,
    event: &Event,
    inputs: &[(Until, Input)],
    until: Until,
) -> (Session, bool) {
    let utc = event.timestamp.to_utc();
    let mut mono = Duration::ZERO;
    let mut session = Session::new(engine.clone(), event.clone(), Now { utc, mono });
    let mut over = false;
    for (when, input) in inputs {
        if *when > until {
            break;
        }
        mono += Duration::from_millis(500);
        for effect in session.handle(Now { utc, mono }, input.clone()) {
            over |= matches!(effect, Effect::Done);
            black_box(&effect);
        }
    }
    (session, over)
}

/// The process's memory, in bytes; `None` where there is no /proc.
fn resident() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kib: usize = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1_024)
}

/// Keeps so many sessions alive, and says what each takes.
fn hold(
    engine: &Arc<Engine>,
    event: &Event,
    inputs: &[(Until, Input)],
    until: Until,
    live: usize,
) -> Result<(), Failure> {
    let before = resident().ok_or("no /proc on this machine")?;
    let sessions: Vec<Session> = (0..live)
        .map(|_| play(engine, event, inputs, until).0)
        .collect();
    let after = resident().ok_or("no /proc on this machine")?;
    println!("{} bytes each", after.saturating_sub(before) / live.max(1));
    drop(black_box(sessions));
    Ok(())
}

fn main() -> Result<(), Failure> {
    let engine = Arc::new(load("routes.yaml", TABLE, &(), &ChronoTz)?);
    let event = Event::from_json(EVENT.as_bytes())?;
    let inputs = inputs()?;
    let (_, over) = play(&engine, &event, &inputs, Until::Over);
    if !over {
        return Err("the call that is measured does not come to its end".into());
    }

    let quick = std::env::args().any(|arg| arg == "--quick");
    let live = if quick { LIVE / 50 } else { LIVE };
    if let Some(state) =
        std::env::args().find_map(|arg| Some(arg.strip_prefix("live=")?.to_owned()))
    {
        let found = STATES.iter().find(|(name, _)| *name == state);
        let until = found.ok_or("no such state")?.1;
        return hold(&engine, &event, &inputs, until, live);
    }
    for (name, _) in STATES {
        // In a process of its own, so that nobody's freed memory is used again.
        let quick = if quick { "--quick" } else { "" };
        let child = std::process::Command::new(std::env::current_exe()?)
            .args([format!("live={name}"), quick.to_owned()])
            .output()?;
        print!(
            "{live} sessions {name}: {}",
            String::from_utf8_lossy(&child.stdout)
        );
    }

    let calls = if quick { 1_000_u32 } else { 200_000 };
    let start = Instant::now();
    for _ in 0..calls {
        black_box(play(&engine, &event, &inputs, Until::Over));
    }
    let took = start.elapsed();
    println!(
        "{:.0} sessions a second on one core",
        f64::from(calls) / took.as_secs_f64()
    );
    measure(
        "a menu call with a ring group",
        vec![
            Measured::new("baseline: serde_json Value", || {
                black_box(serde_json::from_str::<serde_json::Value>(black_box(EVENT)).is_ok());
            })?,
            Measured::new("the whole call", || {
                black_box(play(&engine, &event, &inputs, Until::Over));
            })?,
            Measured::new("until the menu is heard", || {
                black_box(play(&engine, &event, &inputs, Until::Menu));
            })?,
        ],
    )
}
