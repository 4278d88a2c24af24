//! Tests of an endpoint's health, in virtual time.

use std::time::Duration;

use proptest::prelude::*;

use super::{Health, Ticket, Verdict, Watch};

/// The chance at which a rest is neither shortened nor lengthened.
const EVEN: u64 = 200;

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn outcome(watch: &mut Watch, now: Duration, verdict: Verdict) {
    let ticket = watch.admit(now).unwrap();
    watch.settle(ticket, verdict, now, || EVEN);
}

/// One that rests since the moment zero, for 500 ms.
fn resting() -> Watch {
    let mut watch = Watch::new();
    for _ in 0..5 {
        outcome(&mut watch, ms(0), Verdict::Failed);
    }
    assert_eq!(watch.health(), Health::Resting);
    watch
}

#[test]
fn five_failures_in_a_row_bring_rest_and_four_do_not() {
    let mut watch = Watch::new();
    for _ in 0..3 {
        for _ in 0..4 {
            outcome(&mut watch, ms(0), Verdict::Failed);
        }
        assert_eq!(watch.health(), Health::Healthy);
        for _ in 0..10 {
            outcome(&mut watch, ms(0), Verdict::Alive);
        }
    }
    for _ in 0..4 {
        outcome(&mut watch, ms(20_000), Verdict::Failed);
        outcome(&mut watch, ms(20_000), Verdict::Nothing);
    }
    assert_eq!(watch.health(), Health::Healthy);
    outcome(&mut watch, ms(20_000), Verdict::Failed);
    assert_eq!(watch.health(), Health::Resting);
}

#[test]
fn half_of_twenty_in_ten_seconds_bring_rest() {
    let alternate = |gap: u64, asks: u64| {
        let mut watch = Watch::new();
        for n in 0..asks {
            let verdict = match n % 2 {
                0 => Verdict::Alive,
                _ => Verdict::Failed,
            };
            if watch.health() == Health::Healthy {
                outcome(&mut watch, ms(n * gap), verdict);
            }
        }
        watch.health()
    };
    assert_eq!(alternate(100, 18), Health::Healthy, "not enough");
    assert_eq!(alternate(100, 20), Health::Resting);
    assert_eq!(alternate(1000, 200), Health::Healthy, "too far apart");
}

#[test]
fn rests_double_up_to_thirty_seconds_and_start_anew_after_health() {
    let mut watch = resting();
    let mut now = ms(0);
    for rest in [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000] {
        assert_eq!(watch.admit(now + ms(rest - 1)), Err(ms(1)), "{rest}");
        now += ms(rest);
        outcome(&mut watch, now, Verdict::Failed);
        assert_eq!(watch.health(), Health::Resting);
    }
    now += ms(30_000);
    outcome(&mut watch, now, Verdict::Alive);
    assert_eq!(watch.health(), Health::Healthy);
    for _ in 0..5 {
        outcome(&mut watch, now, Verdict::Failed);
    }
    assert_eq!(watch.admit(now), Err(ms(500)));
}

#[test]
fn chance_spreads_rests() {
    let rest = |chance: u64| {
        let mut watch = Watch::new();
        for _ in 0..5 {
            let ticket = watch.admit(ms(0)).unwrap();
            watch.settle(ticket, Verdict::Failed, ms(0), || chance);
        }
        watch.admit(ms(0)).unwrap_err()
    };
    assert_eq!((rest(0), rest(400)), (ms(400), ms(600)));
}

#[test]
fn one_call_probes_and_the_others_go_on_elsewhere() {
    let mut watch = resting();
    let probe = watch.admit(ms(500)).unwrap();
    assert!(probe.probe);
    assert_eq!(watch.health(), Health::Probing);
    assert_eq!(watch.admit(ms(500)), Err(ms(0)));
    watch.settle(probe, Verdict::Alive, ms(510), || EVEN);
    assert!(!watch.admit(ms(510)).unwrap().probe);
}

#[test]
fn a_probe_that_says_nothing_leaves_the_next_to_probe() {
    let mut watch = resting();
    let probe = watch.admit(ms(500)).unwrap();
    watch.settle(probe, Verdict::Nothing, ms(510), || EVEN);
    assert!(watch.admit(ms(510)).unwrap().probe);
}

#[test]
fn outcomes_of_an_earlier_state_say_nothing() {
    let mut watch = Watch::new();
    let early: Vec<Ticket> = (0..9).map(|_| watch.admit(ms(0)).unwrap()).collect();
    for ticket in &early[..5] {
        watch.settle(*ticket, Verdict::Failed, ms(0), || EVEN);
    }
    watch.settle(early[5], Verdict::Alive, ms(10), || EVEN);
    assert_eq!(watch.health(), Health::Resting);
    let probe = watch.admit(ms(500)).unwrap();
    watch.settle(early[6], Verdict::Failed, ms(501), || EVEN);
    watch.settle(early[7], Verdict::Alive, ms(501), || EVEN);
    assert_eq!(watch.health(), Health::Probing);
    watch.settle(probe, Verdict::Alive, ms(502), || EVEN);
    for _ in 0..9 {
        watch.settle(early[8], Verdict::Failed, ms(503), || EVEN);
    }
    assert_eq!(watch.health(), Health::Healthy);
}

#[test]
fn who_insists_may_ask_and_ends_the_rest_by_an_answer_only() {
    let mut watch = resting();
    for _ in 0..9 {
        let ticket = watch.insist(ms(10));
        assert!(!ticket.probe);
        watch.settle(ticket, Verdict::Failed, ms(20), || EVEN);
    }
    assert_eq!(watch.admit(ms(20)), Err(ms(480)));
    let ticket = watch.insist(ms(30));
    watch.settle(ticket, Verdict::Alive, ms(40), || EVEN);
    assert_eq!(watch.health(), Health::Healthy);
    assert!(resting().insist(ms(500)).probe, "when the rest is over");
}

#[test]
fn a_wish_for_rest_is_granted_up_to_a_minute_and_never_shortens_one() {
    let mut watch = Watch::new();
    let (first, second) = (watch.admit(ms(0)).unwrap(), watch.admit(ms(0)).unwrap());
    watch.settle(first, Verdict::Rest(ms(3_600_000)), ms(0), || EVEN);
    assert_eq!(watch.admit(ms(0)), Err(ms(60_000)));
    watch.settle(second, Verdict::Rest(ms(1000)), ms(0), || EVEN);
    assert_eq!(watch.admit(ms(0)), Err(ms(60_000)));
    let mut watch = Watch::new();
    outcome(&mut watch, ms(0), Verdict::Rest(ms(0)));
    assert_eq!(watch.health(), Health::Healthy, "no rest: a failure");
}

fn verdict() -> impl Strategy<Value = Verdict> {
    prop_oneof![
        3 => Just(Verdict::Alive),
        6 => Just(Verdict::Failed),
        1 => (0_u64..100_000).prop_map(|wish| Verdict::Rest(ms(wish))),
        1 => Just(Verdict::Nothing),
    ]
}

#[derive(Debug, Clone)]
enum Deed {
    Admit,
    Insist,
    Settle {
        pick: usize,
        verdict: Verdict,
        chance: u64,
    },
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        4 => Just(Deed::Admit),
        1 => Just(Deed::Insist),
        5 => (any::<usize>(), verdict(), any::<u64>())
            .prop_map(|(pick, verdict, chance)| Deed::Settle { pick, verdict, chance }),
    ]
}

proptest! {
    /// Whatever happens in whatever order: a healthy endpoint admits everybody, a resting one
    /// nobody for at most a minute, a probing one is probed by exactly one; and one that reacts
    /// again is healthy again.
    #[test]
    fn no_endpoint_is_lost(deeds in proptest::collection::vec((deed(), 0_u64..3000), 0..200)) {
        let mut watch = Watch::new();
        let mut out: Vec<Ticket> = Vec::new();
        let mut now = ms(0);
        for (deed, wait) in deeds {
            now += ms(wait);
            let before = watch.health();
            match deed {
                Deed::Admit => match watch.admit(now) {
                    Ok(ticket) => {
                        prop_assert_eq!(ticket.probe, before == Health::Resting);
                        prop_assert!(before != Health::Probing);
                        out.push(ticket);
                    }
                    Err(left) => {
                        prop_assert!(before != Health::Healthy);
                        prop_assert!(left <= ms(60_000));
                    }
                },
                Deed::Insist => out.push(watch.insist(now)),
                Deed::Settle { pick, verdict, chance } if !out.is_empty() => {
                    let ticket = out.swap_remove(pick % out.len());
                    watch.settle(ticket, verdict, now, || chance);
                    if verdict == Verdict::Alive {
                        prop_assert!(watch.health() == before || watch.health() == Health::Healthy);
                    }
                    if verdict == Verdict::Nothing {
                        prop_assert!(watch.health() != Health::Healthy || before == Health::Healthy);
                    }
                }
                Deed::Settle { .. } => {}
            }
            let probes = out.iter().filter(|t| t.probe && t.era == watch.era).count();
            prop_assert_eq!(probes, usize::from(watch.health() == Health::Probing));
        }
        for ticket in out {
            watch.settle(ticket, Verdict::Nothing, now, || 0);
        }
        let ticket = watch.admit(now + ms(60_000));
        prop_assert!(ticket.is_ok(), "it rests for ever");
        watch.settle(ticket.unwrap(), Verdict::Alive, now + ms(60_000), || 0);
        prop_assert_eq!(watch.health(), Health::Healthy);
    }

    /// Without five failures in a row, and with more answers than failures, nothing rests.
    #[test]
    fn a_mostly_good_endpoint_never_rests(
        gaps in proptest::collection::vec((1_u32..5, 0_u64..2000), 0..100),
    ) {
        let mut watch = Watch::new();
        let mut now = ms(0);
        for (failures, wait) in gaps {
            for _ in 0..=failures {
                outcome(&mut watch, now, Verdict::Alive);
            }
            for _ in 0..failures {
                outcome(&mut watch, now, Verdict::Failed);
            }
            prop_assert_eq!(watch.health(), Health::Healthy);
            now += ms(wait);
        }
    }
}
