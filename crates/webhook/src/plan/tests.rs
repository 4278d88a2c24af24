//! Tests of the failover plan, in virtual time.

use std::time::Duration;

use proptest::prelude::*;

use super::{Begun, Ending, Fault, How, Plan, Step};

const HEDGE: Duration = ms(300);
const PAUSE: Duration = ms(100);

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

const fn ask(url: usize) -> Option<Step> {
    let how = How::First;
    Some(Step::Ask { url, how })
}

const fn finish(ending: Ending) -> Option<Step> {
    Some(Step::Finish(ending))
}

const fn begin(hedge: Duration, probe: bool) -> Begun {
    Begun {
        hedge,
        doubt: Some(ms(700)),
        probe,
    }
}

/// A plan whose first URL was asked at the start.
fn begun(urls: usize, deadline: Duration) -> Plan {
    let mut plan = Plan::new(urls, PAUSE, deadline);
    assert_eq!(plan.on_start(ms(0)), ask(0));
    assert_eq!(plan.on_begun(ms(0), begin(HEDGE, false)), None);
    plan
}

#[test]
fn the_second_url_starts_when_the_first_is_slow_and_the_first_may_still_win() {
    let mut plan = begun(2, ms(1500));
    assert_eq!(plan.next_wake(), ms(300));
    assert_eq!(plan.on_tick(ms(299), false, None), None);
    assert_eq!(plan.on_tick(ms(300), false, None), ask(1));
    assert_eq!(plan.on_begun(ms(300), begin(HEDGE, false)), None);
    assert_eq!(plan.next_wake(), ms(1000));
    assert_eq!(plan.on_tick(ms(1000), false, None), None);
    assert_eq!(plan.next_wake(), ms(1500));
    assert_eq!(plan.on_answer(0), finish(Ending::Answer { url: 0 }));
    assert_eq!(plan.on_answer(1), None);
}

#[test]
fn each_url_has_its_own_hedge_delay() {
    let mut plan = begun(3, ms(1500));
    assert_eq!(plan.on_tick(ms(300), false, None), ask(1));
    plan.on_begun(ms(300), begin(ms(50), false));
    assert_eq!(plan.next_wake(), ms(350));
    assert_eq!(plan.on_tick(ms(350), false, None), ask(2));
}

#[test]
fn a_short_deadline_shortens_the_hedge() {
    assert_eq!(begun(2, ms(300)).next_wake(), ms(100));
}

/// All that may be written have their turn, also when the ask begins late, or its runtime is late.
#[test]
fn each_of_many_urls_has_its_share_of_the_time() {
    for (urls, start, late) in [
        (6, 0, false),
        (16, 0, false),
        (16, 800, false),
        (16, 0, true),
    ] {
        let (mut plan, mut now) = (Plan::new(urls, PAUSE, ms(1500)), ms(start));
        let share = (ms(1500) - now) / u32::try_from(urls + 1).unwrap();
        let mut asked = 0;
        let mut step = plan.on_start(now);
        while asked < urls {
            if step.is_some() {
                assert_eq!(step, ask(asked));
                plan.on_begun(now, begin(HEDGE, false));
                asked += 1;
            }
            if asked < urls {
                now = plan.next_wake();
                step = plan.on_tick(now, late, None);
            }
        }
        assert!(now <= ms(1500) - share, "{urls} urls: the last at {now:?}");
    }
}

#[test]
fn no_second_url_is_asked_while_our_own_runtime_is_late() {
    let mut plan = begun(2, ms(1500));
    assert_eq!(plan.on_tick(ms(330), true, None), None);
    assert_eq!(plan.next_wake(), ms(380));
    assert_eq!(plan.on_tick(ms(380), false, None), ask(1));
    let mut plan = begun(2, ms(1500));
    assert_eq!(plan.on_tick(ms(1600), true, None), finish(Ending::Deadline));
}

#[test]
fn late_or_not_the_second_url_has_a_third_of_the_time() {
    let mut plan = begun(2, ms(1500));
    let mut now = ms(300);
    while plan.on_tick(now, true, None).is_none() {
        now = plan.next_wake();
    }
    assert_eq!(now, ms(1000));
}

#[test]
fn a_failure_starts_the_second_at_once() {
    let mut plan = begun(2, ms(1500));
    assert_eq!(plan.on_failure(ms(5), 0, Fault::Lasting), ask(1));
    plan.on_begun(ms(5), begin(HEDGE, false));
    assert_eq!(
        plan.on_failure(ms(9), 1, Fault::Lasting),
        finish(Ending::AllFailed)
    );
}

#[test]
fn a_failure_beside_a_running_attempt_waits_for_it() {
    let mut plan = begun(2, ms(1500));
    assert_eq!(plan.on_tick(ms(300), false, None), ask(1));
    plan.on_begun(ms(300), begin(HEDGE, false));
    assert_eq!(plan.on_failure(ms(310), 1, Fault::Passing), None);
    assert_eq!(
        plan.on_tick(ms(1500), false, None),
        finish(Ending::Deadline)
    );
}

#[test]
fn a_dead_kept_connection_is_tried_again_once_and_inherits_the_hedge() {
    let mut plan = begun(2, ms(1500));
    let instead = Some(Step::Ask {
        url: 0,
        how: How::Instead,
    });
    assert_eq!(plan.on_failure(ms(10), 0, Fault::Stale), instead);
    plan.on_begun(ms(10), begin(HEDGE, false));
    assert_eq!(plan.next_wake(), ms(300));
    assert_eq!(plan.on_failure(ms(12), 0, Fault::Stale), ask(1));
}

#[test]
fn a_second_use_comes_last_is_paid_for_and_waits_a_little() {
    let mut plan = begun(2, ms(1500));
    assert_eq!(plan.on_failure(ms(5), 0, Fault::Passing), ask(1));
    plan.on_begun(ms(5), begin(HEDGE, false));
    let pay = |url| Some(Step::Pay { url });
    assert_eq!(plan.on_failure(ms(10), 1, Fault::Passing), pay(0));
    assert_eq!(plan.on_paid(ms(10), 0), None);
    assert_eq!(plan.next_wake(), ms(110));
    assert_eq!(plan.on_tick(ms(109), false, None), None);
    let again = Some(Step::Ask {
        url: 0,
        how: How::Again,
    });
    assert_eq!(plan.on_tick(ms(110), false, None), again);
    plan.on_begun(ms(110), begin(HEDGE, false));
    assert_eq!(plan.on_failure(ms(120), 0, Fault::Passing), pay(1));
    assert_eq!(plan.on_denied(ms(120)), finish(Ending::AllFailed));
}

#[test]
fn a_kept_connection_that_is_silent_for_long_gets_another_beside_it_when_that_is_paid_for() {
    let pay = Some(Step::Pay { url: 0 });
    let mut plan = begun(1, ms(1500));
    assert_eq!(plan.next_wake(), ms(700));
    assert_eq!(plan.on_tick(ms(730), true, Some(0)), None);
    assert_eq!(plan.on_tick(ms(780), false, Some(0)), pay);
    let again = Some(Step::Ask {
        url: 0,
        how: How::Again,
    });
    assert_eq!(plan.on_paid(ms(780), 0), again);
    plan.on_begun(ms(780), begin(HEDGE, false));
    assert_eq!(plan.next_wake(), ms(1500));
    assert_eq!(plan.on_failure(ms(790), 0, Fault::Stale), None);
    let end = finish(Ending::AllFailed);
    assert_eq!(plan.on_failure(ms(800), 0, Fault::Passing), end);

    let mut plan = begun(1, ms(1500));
    assert_eq!(plan.on_tick(ms(700), false, Some(0)), pay);
    assert_eq!(plan.on_denied(ms(700)), None);
    assert_eq!(plan.next_wake(), ms(1500));
}

#[test]
fn a_second_use_that_would_come_too_late_is_not_waited_for() {
    let mut plan = begun(1, ms(1500));
    assert_eq!(
        plan.on_failure(ms(1400), 0, Fault::Passing),
        finish(Ending::AllFailed)
    );
}

#[test]
fn a_resting_url_is_passed_over_and_comes_last_for_half_a_second() {
    let mut plan = Plan::new(2, PAUSE, ms(1500));
    plan.on_start(ms(0));
    assert_eq!(plan.on_resting(ms(0), 0), ask(1));
    plan.on_begun(ms(0), begin(HEDGE, false));
    assert_eq!(plan.next_wake(), ms(700), "nobody is left to be asked");
    let anyway = |url| {
        Some(Step::Ask {
            url,
            how: How::Anyway,
        })
    };
    assert_eq!(plan.on_failure(ms(20), 1, Fault::Lasting), anyway(0));
    plan.on_begun(ms(20), begin(HEDGE, false));
    assert_eq!(plan.next_wake(), ms(520));
    assert_eq!(plan.on_tick(ms(520), false, None), finish(Ending::Deadline));

    let mut plan = Plan::new(2, PAUSE, ms(1500));
    plan.on_start(ms(0));
    plan.on_resting(ms(0), 0);
    assert_eq!(plan.on_resting(ms(0), 1), anyway(0), "the first in order");
    plan.on_begun(ms(0), begin(HEDGE, false));
    assert_eq!(
        plan.on_failure(ms(1), 0, Fault::Passing),
        finish(Ending::AllFailed),
        "only one of them"
    );
}

#[test]
fn a_probe_is_raced_against_the_next() {
    let mut plan = Plan::new(2, PAUSE, ms(1500));
    plan.on_start(ms(0));
    assert_eq!(plan.on_begun(ms(0), begin(HEDGE, true)), ask(1));
    plan.on_begun(ms(0), begin(HEDGE, false));
    assert_eq!(plan.on_answer(1), finish(Ending::Answer { url: 1 }));
    let mut plan = Plan::new(1, PAUSE, ms(1500));
    plan.on_start(ms(0));
    assert_eq!(
        plan.on_begun(ms(0), begin(HEDGE, true)),
        None,
        "there is none"
    );
}

#[test]
fn no_url_and_no_time_end_at_once() {
    let start = |urls, deadline, now| Plan::new(urls, PAUSE, deadline).on_start(now);
    assert_eq!(start(0, ms(100), ms(0)), finish(Ending::AllFailed));
    assert_eq!(start(2, ms(0), ms(0)), finish(Ending::Deadline));
    assert_eq!(start(2, ms(50), ms(50)), finish(Ending::Deadline));
}

#[derive(Debug, Clone, Copy)]
enum Deed {
    Fail { pick: usize, fault: Fault },
    Answer { pick: usize },
    Tick,
}

fn deed() -> impl Strategy<Value = Deed> {
    let fault = prop_oneof![
        Just(Fault::Stale),
        Just(Fault::Refused),
        Just(Fault::Passing),
        Just(Fault::Lasting)
    ];
    prop_oneof![
        4 => (any::<usize>(), fault).prop_map(|(pick, fault)| Deed::Fail { pick, fault }),
        1 => any::<usize>().prop_map(|pick| Deed::Answer { pick }),
        4 => Just(Deed::Tick),
    ]
}

/// Plays the endpoints: which rest, which probe, and what can be paid; keeps count.
#[derive(Debug, Default)]
struct World {
    /// One draw for each answer to a step.
    draws: Vec<u8>,
    drawn: usize,
    running: Vec<usize>,
    first: Vec<usize>,
    instead: usize,
    again: Vec<usize>,
    paid: Vec<usize>,
    anyway: Vec<usize>,
    rested: Vec<usize>,
    ending: Option<Ending>,
}

impl World {
    fn draw(&mut self) -> u8 {
        self.drawn += 1;
        match self.draws.len() {
            0 => 0,
            len => self.draws[self.drawn % len],
        }
    }

    /// Every other time, what runs is silent.
    fn silent(&mut self) -> Option<usize> {
        let draw = self.draw();
        self.running.first().copied().filter(|_| draw % 2 == 1)
    }

    /// Carries out a step and all that follow from it at once.
    fn take(&mut self, plan: &mut Plan, now: Duration, mut step: Option<Step>) {
        for _ in 0..100 {
            step = match step {
                None => return,
                Some(Step::Finish(ending)) => {
                    self.ending = Some(ending);
                    return;
                }
                Some(Step::Pay { url }) if self.draw().is_multiple_of(2) => {
                    self.paid.push(url);
                    plan.on_paid(now, url)
                }
                Some(Step::Pay { .. }) => plan.on_denied(now),
                Some(Step::Ask { url, how }) => {
                    let draw = self.draw();
                    match how {
                        How::First => self.first.push(url),
                        How::Instead | How::Anew => self.instead += 1,
                        How::Again => self.again.push(url),
                        How::Anyway => self.anyway.push(url),
                    }
                    if draw % 4 == 1 && how != How::Anyway {
                        self.rested.push(url);
                        plan.on_resting(now, url)
                    } else {
                        self.running.push(url);
                        plan.on_begun(now, begin(ms(u64::from(draw)), draw % 4 == 2))
                    }
                }
            };
        }
        panic!("the plan goes round in circles");
    }
}

proptest! {
    /// Each URL is asked once for free, one of them once more for a dead connection, each once
    /// more when that is paid for, and one of those that rest at the very end; an answer wins; a
    /// wake at the time that was asked for always ends it by the deadline; after the end nothing
    /// happens.
    #[test]
    fn every_ask_ends_well(
        urls in 0_usize..6,
        deadline in 0_u64..2000,
        late in any::<bool>(),
        draws in proptest::collection::vec(any::<u8>(), 0..40),
        deeds in proptest::collection::vec((deed(), 0_u64..400), 0..40),
    ) {
        let deadline = ms(deadline);
        let mut plan = Plan::new(urls, PAUSE, deadline);
        let mut world = World { draws, ..World::default() };
        let mut now = ms(0);
        let step = plan.on_start(now);
        world.take(&mut plan, now, step);
        for (deed, wait) in deeds {
            if world.ending.is_some() { break; }
            prop_assert!(!world.running.is_empty() || plan.due.is_some(), "nothing runs");
            prop_assert!(plan.next_wake() <= deadline);
            // The driver's timer fires when it was asked to.
            let later = now + ms(wait);
            while world.ending.is_none() && plan.next_wake() <= later {
                now = now.max(plan.next_wake());
                let step = plan.on_tick(now, late, world.silent());
                prop_assert!(
                    step.is_some() || plan.next_wake() > now,
                    "woken for nothing: the driver would spin"
                );
                world.take(&mut plan, now, step);
            }
            if world.ending.is_some() { break; }
            now = later;
            let step = match deed {
                Deed::Fail { pick, fault } if !world.running.is_empty() => {
                    let url = world.running.swap_remove(pick % world.running.len());
                    plan.on_failure(now, url, fault)
                }
                Deed::Answer { pick } if !world.running.is_empty() => {
                    let url = world.running[pick % world.running.len()];
                    let step = plan.on_answer(url);
                    prop_assert_eq!(step, finish(Ending::Answer { url }));
                    step
                }
                Deed::Fail { .. } | Deed::Answer { .. } | Deed::Tick => plan.on_tick(now, late, world.silent()),
            };
            world.take(&mut plan, now, step);
        }
        while world.ending.is_none() {
            now = now.max(plan.next_wake());
            let step = plan.on_tick(now, late, world.silent());
            world.take(&mut plan, now, step);
        }
        prop_assert!(now <= deadline);
        let World { first, instead, again, paid, anyway, rested, running, ending, .. } = world;
        prop_assert!(first.iter().copied().eq(0..first.len()), "in order, each once: {first:?}");
        prop_assert!(first.len() <= urls && instead <= 1 && anyway.len() <= 1);
        prop_assert!(again.iter().all(|url| paid.contains(url)), "{again:?} {paid:?}");
        prop_assert!((0..urls).all(|url| again.iter().filter(|again| **again == url).count() <= 1));
        prop_assert!(anyway.iter().all(|url| rested.contains(url)));
        if !anyway.is_empty() {
            prop_assert_eq!(first.len(), urls, "only when nobody else is left");
        }
        match ending {
            Some(Ending::AllFailed) => {
                prop_assert!(first.len() == urls && running.is_empty());
                prop_assert!(rested.is_empty() || anyway.len() == 1, "one had a chance left");
            }
            Some(Ending::Deadline) => {
                prop_assert!(now >= plan.deadline());
                prop_assert!(plan.deadline() == deadline || anyway.len() == 1);
            }
            _ => {}
        }
        prop_assert_eq!(plan.on_tick(now + ms(5000), late, None), None);
        prop_assert_eq!(plan.on_failure(now, 0, Fault::Stale), None);
        prop_assert_eq!(plan.on_answer(0), None);
    }
}
