//! How much of this machine is left to a test: on one that is busy with other things, an ask that
//! is late says nothing of the client.

use std::time::Duration;

use callroute_webhook::{AnswerSource, Decision, FailureClass as C};

/// What others may take of all processors while a loss still counts.
const TOLERATED: f64 = 0.2;
/// How often something is tried until the machine had time for it.
const TRIES: usize = 3;

/// Watches who uses the processors; Linux only.
pub(crate) struct Machine(Used);

/// Ticks of the system's clock.
#[derive(Clone, Copy)]
struct Used {
    all: u64,
    idle: u64,
    /// Of this process and of those that it started.
    ours: u64,
}

impl Machine {
    /// From now on.
    pub(crate) fn watch() -> Self {
        Self(Used::now())
    }

    /// The part of all processors that others had since then.
    pub(crate) fn share_of_others(&self) -> f64 {
        let now = Used::now();
        let all = now.all - self.0.all;
        let idle = now.idle.saturating_sub(self.0.idle);
        let ours = now.ours.saturating_sub(self.0.ours);
        let others = all.saturating_sub(idle).saturating_sub(ours);
        others as f64 / all.max(1) as f64
    }

    pub(crate) fn is_busy(&self) -> bool {
        self.share_of_others() > TOLERATED
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
            idle: ticks[3] + ticks[4],
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

/// None of these asks took the default. Where the machine was busy with other things, one may
/// have run out of time, and then it is tried again; any other loss counts in any case.
pub(crate) async fn none_is_lost<F>(name: &str, deadline: Duration, asks: impl Fn() -> F)
where
    F: Future<Output = Vec<Decision>>,
{
    for _ in 0..TRIES {
        let machine = Machine::watch();
        let decisions = asks().await;
        let lost: Vec<&Decision> = decisions
            .iter()
            .filter(|one| one.source != AnswerSource::Webhook)
            .collect();
        let Some(first) = lost.first() else {
            return;
        };
        let told = format!("{name}: {} lost, such as {first:?}", lost.len());
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
        let excused = machine.is_busy() && lost.iter().all(late);
        assert!(excused, "{told}");
        let share = machine.share_of_others() * 100.0;
        println!("{told}; others had {share:.0} % of the processors: tried again");
    }
    println!("{name}: nothing can be said of it on a machine as busy as this one");
}
