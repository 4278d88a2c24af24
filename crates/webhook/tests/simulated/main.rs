//! Asks over a simulated network: partitions, black holes, crashes and restarts, latency; in
//! virtual time, and the same from the same seed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's helpers may fail loudly"
)]

mod world;

use std::time::Duration;

use callroute_webhook::{AnswerSource, FailureClass as Class};
use world::{Plot, Spell, Story, Trouble, ms};

const DEADLINE: Duration = ms(600);
/// Plots of each kind; a fault in one says its seed.
const SEEDS: u64 = 60;

fn plot(seed: u64, servers: usize, spells: Vec<Spell>) -> Plot {
    Plot {
        seed,
        servers,
        calls: 60,
        apart: ms(40),
        deadline: DEADLINE,
        spells,
    }
}

/// One server, or the way to it, in one trouble from one second to two.
fn spell(server: usize, trouble: Trouble) -> Spell {
    Spell {
        server,
        from: 1000,
        until: 2000,
        trouble,
    }
}

/// SplitMix64: numbers that are any, and the same for the same seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % most
    }

    /// Any troubles of these servers; those of one server come one after the other.
    fn spells(&mut self, servers: &[usize]) -> Vec<Spell> {
        let mut spells = Vec::new();
        for server in servers {
            let mut from = 1 + self.below(800);
            while from < 2500 {
                let until = from + 50 + self.below(1000);
                let trouble = match self.below(6) {
                    0 => Trouble::Partition,
                    1 => Trouble::OneWay,
                    2 => Trouble::Hold,
                    3 => Trouble::Crash,
                    4 => Trouble::Slow(self.below(1200)),
                    _ => Trouble::Status([500, 503, 429, 404][self.below(4) as usize]),
                };
                spells.push(Spell {
                    server: *server,
                    from,
                    until,
                    trouble,
                });
                from = until + 1 + self.below(800);
            }
        }
        spells
    }
}

/// What holds whatever happens: one decision for each call, none after its deadline, and no more
/// second requests than the budget pays for.
fn holds(plot: &Plot, story: &Story) {
    let seed = plot.seed;
    let mut calls: Vec<usize> = story.told.iter().map(|told| told.call).collect();
    calls.sort_unstable();
    assert_eq!(
        calls,
        (0..plot.calls).collect::<Vec<_>>(),
        "seed {seed}: one decision a call"
    );
    for told in &story.told {
        assert!(told.took <= plot.deadline, "seed {seed}: {told:?}");
        assert_eq!(
            told.decision.failure.is_none(),
            told.decision.source == AnswerSource::Webhook
        );
    }
    let last = story
        .told
        .iter()
        .map(|told| told.began + told.took)
        .max()
        .unwrap();
    for (server, requests) in story.requests.iter().enumerate() {
        let url = format!("http://server{server}:80/hook");
        let of_it = |told: &&world::Told| told.decision.attempts.iter().any(|one| *one.url == *url);
        let firsts = story.told.iter().filter(of_it).count();
        // A dead kept connection is replaced for free: the server did not read that request.
        let budget = firsts / 5 + 10 * (last.as_secs() as usize + 1) + 10;
        assert!(
            *requests <= firsts + budget,
            "seed {seed}: {requests} requests, {firsts} firsts"
        );
    }
}

fn defaults(story: &Story) -> Vec<&world::Told> {
    story
        .told
        .iter()
        .filter(|told| told.decision.source == AnswerSource::Fallback)
        .collect()
}

/// A19: with nothing wrong, the first server answers every call and the second is never asked.
#[test]
fn without_troubles_the_first_answers() {
    let plot = plot(1, 2, Vec::new());
    let story = plot.play();
    holds(&plot, &story);
    assert!(defaults(&story).is_empty());
    assert_eq!(story.requests, [60, 0]);
}

/// A19: each trouble of the first server, and of the second: nobody takes the default.
#[test]
fn no_default_while_a_healthy_endpoint_exists() {
    let troubles = [
        Trouble::Partition,
        Trouble::OneWay,
        Trouble::Hold,
        Trouble::Crash,
        Trouble::Slow(150),
        Trouble::Slow(3000),
        Trouble::Status(500),
        Trouble::Status(503),
        Trouble::Status(404),
    ];
    for (seed, trouble) in (1..).zip(troubles) {
        for sick in [0, 1] {
            let plot = plot(seed, 2, vec![spell(sick, trouble)]);
            let story = plot.play();
            holds(&plot, &story);
            let lost = defaults(&story);
            assert!(lost.is_empty(), "{trouble:?} of {sick}: {:?}", lost[0]);
        }
    }
}

/// A19: any troubles of up to seven servers while another, at any place in the list, is well.
#[test]
fn any_troubles_beside_a_healthy_endpoint() {
    for seed in 1..=SEEDS {
        let mut chance = Chance(seed);
        let servers = 2 + chance.below(7) as usize;
        let well = chance.below(servers as u64) as usize;
        let sick: Vec<usize> = (0..servers).filter(|server| *server != well).collect();
        let plot = plot(seed, servers, chance.spells(&sick));
        let story = plot.play();
        holds(&plot, &story);
        let lost = defaults(&story);
        assert!(
            lost.is_empty(),
            "seed {seed}, {:?}: {:?}",
            plot.spells,
            lost[0]
        );
    }
}

/// A19: the last of as many URLs as may be written is asked in time, while all others are silent.
#[test]
fn silent_servers_leave_time_for_a_healthy_one_behind_them() {
    for servers in [6, 16] {
        let spells = (0..servers - 1).map(|server| Spell {
            server,
            from: 1,
            until: 1_000_000,
            trouble: Trouble::Hold,
        });
        let mut plot = plot(1, servers, spells.collect());
        (plot.calls, plot.deadline) = (5, ms(1500));
        let story = plot.play();
        holds(&plot, &story);
        let lost = defaults(&story);
        assert!(lost.is_empty(), "{servers}: {:?}", lost[0]);
    }
}

/// A19: any troubles of all servers: every call has its action in time.
#[test]
fn any_troubles_of_all() {
    for seed in 1..=SEEDS {
        let mut chance = Chance(seed.wrapping_mul(77));
        let servers = 1 + chance.below(2) as usize;
        let all: Vec<usize> = (0..servers).collect();
        let plot = plot(seed, servers, chance.spells(&all));
        holds(&plot, &plot.play());
    }
}

/// A black hole ends at the deadline to the millisecond, and its class says where it was stuck.
#[test]
fn a_black_hole_ends_at_the_deadline() {
    let dark = Spell {
        server: 0,
        from: 1,
        until: 1_000_000,
        trouble: Trouble::Hold,
    };
    let mut plot = plot(1, 1, vec![dark]);
    plot.calls = 1;
    plot.apart = ms(10);
    let story = plot.play();
    holds(&plot, &story);
    assert_eq!(story.told[0].took, DEADLINE);
    let failure = story.told[0].decision.failure.clone().unwrap();
    assert!(
        matches!(failure.class, Class::Connect | Class::TimeoutFirstByte),
        "{failure}"
    );
}

/// A server that is back after its crash is asked again.
#[test]
fn a_server_that_is_back_is_asked_again() {
    let mut plot = plot(3, 2, vec![spell(0, Trouble::Crash)]);
    plot.calls = 200;
    let story = plot.play();
    holds(&plot, &story);
    assert!(defaults(&story).is_empty());
    let late = |told: &&world::Told| told.began > ms(6000);
    let by_first = story
        .told
        .iter()
        .filter(late)
        .filter(|told| told.decision.attempts.len() == 1);
    assert!(
        by_first.count() > 0,
        "the first server is never asked again"
    );
}

/// A6: a server that fails often enough to use the budget up, and not so often that it rests.
#[test]
fn second_requests_stay_within_the_budget() {
    let share = Spell {
        server: 0,
        from: 1,
        until: 1_000_000,
        trouble: Trouble::Share(45),
    };
    let mut plot = plot(1, 1, vec![share]);
    (plot.calls, plot.apart) = (1000, ms(2));
    let story = plot.play();
    holds(&plot, &story);
    assert!(
        story.requests[0] > 1150,
        "the budget is used: {}",
        story.requests[0]
    );
}

/// The same seed gives the same trace, to the last detail; another seed another one.
#[test]
fn the_same_seed_gives_the_same_trace() {
    let trace = |seed| {
        let mut chance = Chance(seed);
        // A crash drops a server's tasks in the order of their numbers' hashes, and those numbers
        // run on through the whole process.
        let mut spells = chance.spells(&[0, 1]);
        spells.retain(|spell| !matches!(spell.trouble, Trouble::Crash));
        plot(seed, 2, spells).play().trace
    };
    for seed in 1..=8 {
        let (first, second) = (trace(seed), trace(seed));
        for (one, two) in first.iter().zip(&second) {
            assert_eq!(one, two, "seed {seed}");
        }
        assert_eq!(first.len(), second.len(), "seed {seed}");
    }
    assert_ne!(trace(1), trace(2));
}
