//! How much of this machine is left to a test: on one that is busy with other things, an ask that
//! is late says nothing of the client.

use std::time::Duration;

use callroute_webhook::{AnswerSource, Decision, FailureClass as C};

use crate::peer::skip;

/// What others may take of all processors while a loss still counts.
const TOLERATED: f64 = 0.2;
/// How often something is tried until the machine had time for it.
const TRIES: usize = 6;
/// Between two tries: others may have ended what they do.
const PAUSE: Duration = Duration::from_secs(5);

/// Why something did not go as it should.
pub(crate) enum Wrong {
    /// A machine that has no time for it may be to blame.
    Late(String),
    /// Whatever the machine does.
    Surely(String),
}

/// Watches who uses the processors; Linux only.
struct Machine(Used);

/// Ticks of the system's clock.
#[derive(Clone, Copy)]
struct Used {
    all: u64,
    /// Without those of the network's interrupts, where the work of our own loopback lands.
    busy: u64,
    /// Of this process and of those that it started.
    ours: u64,
}

impl Machine {
    /// From now on.
    fn watch() -> Self {
        Self(Used::now())
    }

    /// The part of all processors that others had since then.
    fn share_of_others(&self) -> f64 {
        let now = Used::now();
        let all = now.all - self.0.all;
        let busy = now.busy.saturating_sub(self.0.busy);
        let ours = now.ours.saturating_sub(self.0.ours);
        busy.saturating_sub(ours) as f64 / all.max(1) as f64
    }
}

impl Used {
    fn now() -> Self {
        let text = std::fs::read_to_string("/proc/stat").unwrap();
        let first = text.lines().next().unwrap();
        let ticks: Vec<u64> = numbers(first.trim_start_matches("cpu"));
        Self {
            // What guests use is among the first of them already.
            all: ticks.iter().take(8).sum(),
            // In order: user, nice, system, idle, waiting, interrupts, their second half, steal.
            busy: ticks[..3].iter().sum::<u64>() + ticks[5] + ticks[7],
            ours: ours(),
        }
    }
}

fn numbers(text: &str) -> Vec<u64> {
    let words = text.split_whitespace();
    words.map(|word| word.parse().unwrap_or_default()).collect()
}

/// User and system time of this process, of its children that ended, and of those that live.
fn ours() -> u64 {
    let us = u64::from(std::process::id());
    let mut sum = 0;
    for entry in std::fs::read_dir("/proc").unwrap() {
        // One that ends meanwhile is counted with its parent.
        let stat = entry.unwrap().path().join("stat");
        let Ok(text) = std::fs::read_to_string(stat) else {
            continue;
        };
        let Some((id, rest)) = text.split_once(' ') else {
            continue;
        };
        // The name, in brackets, may hold anything.
        let Some((_, rest)) = rest.rsplit_once(')') else {
            continue;
        };
        let fields = numbers(rest);
        let (parent, own) = (fields[1], fields[11] + fields[12]);
        if id.parse() == Ok(us) {
            sum += own + fields[13] + fields[14];
        } else if parent == us {
            sum += own;
        }
    }
    sum
}

/// Tries something until it goes well, or goes wrong while the machine had time for it. On one
/// that is busy with other things all along it is skipped, or fails where peers are required.
pub(crate) async fn with_time<F>(name: &str, trial: impl Fn() -> F)
where
    F: Future<Output = Result<(), Wrong>>,
{
    let mut told = String::new();
    for _ in 0..TRIES {
        let machine = Machine::watch();
        let why = match trial().await {
            Ok(()) => return,
            Err(Wrong::Surely(why)) => panic!("{name}: {why}"),
            Err(Wrong::Late(why)) => why,
        };
        let share = machine.share_of_others();
        assert!(share > TOLERATED, "{name}: {why}");
        told = format!(
            "{name}: {why}; others had {:.0} % of the processors",
            share * 100.0
        );
        println!("{told}: tried again");
        tokio::time::sleep(PAUSE).await;
    }
    skip(&format!(
        "the machine is busy with other things all the time: {told}"
    ));
}

/// Whether none of these asks took the default. One that ran out of time may be the machine's.
pub(crate) fn none_is_lost(decisions: &[Decision], deadline: Duration) -> Result<(), Wrong> {
    let lost: Vec<&Decision> = decisions
        .iter()
        .filter(|one| one.source != AnswerSource::Webhook)
        .collect();
    let Some(first) = lost.first() else {
        return Ok(());
    };
    let told = format!("{} lost, such as {first:?}", lost.len());
    let late = |one: &&Decision| {
        let class = one.failure.as_ref().map(|failure| failure.class);
        let late = [
            C::TimeoutFirstByte,
            C::TimeoutTotal,
            C::Connect,
            C::Deadline,
        ];
        one.elapsed >= deadline || class.is_some_and(|class| late.contains(&class))
    };
    Err(match lost.iter().all(late) {
        true => Wrong::Late(told),
        false => Wrong::Surely(told),
    })
}
