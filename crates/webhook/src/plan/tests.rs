//! Tests of the failover plan, in virtual time.

use std::time::Duration;

use proptest::prelude::*;

use super::{Ending, Plan, Step};

const HEDGE: Duration = ms(300);

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

const fn ask(url: usize) -> Option<Step> {
    Some(Step::Ask { url, fresh: false })
}

const fn finish(ending: Ending) -> Option<Step> {
    Some(Step::Finish(ending))
}

#[test]
fn the_second_url_starts_when_the_first_is_slow_and_the_first_may_still_win() {
    let mut plan = Plan::new(2, HEDGE, ms(1500));
    assert_eq!(plan.on_start(ms(0)), ask(0));
    assert_eq!(plan.next_wake(), ms(300));
    assert_eq!(plan.on_tick(ms(299)), None);
    assert_eq!(plan.on_tick(ms(300)), ask(1));
    assert_eq!(plan.next_wake(), ms(1500));
    assert_eq!(plan.on_answer(0), finish(Ending::Answer { url: 0 }));
    assert_eq!(plan.on_answer(1), None);
}

#[test]
fn a_short_deadline_shortens_the_hedge() {
    let mut plan = Plan::new(2, HEDGE, ms(300));
    plan.on_start(ms(0));
    assert_eq!(plan.next_wake(), ms(100));
}

#[test]
fn a_failure_starts_the_second_at_once() {
    let mut plan = Plan::new(2, HEDGE, ms(1500));
    plan.on_start(ms(0));
    assert_eq!(plan.on_failure(ms(5), 0, false), ask(1));
    assert_eq!(plan.on_failure(ms(9), 1, false), finish(Ending::AllFailed));
}

#[test]
fn a_failure_beside_a_running_attempt_waits_for_it() {
    let mut plan = Plan::new(2, HEDGE, ms(1500));
    plan.on_start(ms(0));
    assert_eq!(plan.on_tick(ms(300)), ask(1));
    assert_eq!(plan.on_failure(ms(310), 1, false), None);
    assert_eq!(plan.on_tick(ms(1500)), finish(Ending::Deadline));
}

#[test]
fn a_dead_kept_connection_is_tried_again_once() {
    let mut plan = Plan::new(1, HEDGE, ms(1500));
    plan.on_start(ms(0));
    let again = Some(Step::Ask {
        url: 0,
        fresh: true,
    });
    assert_eq!(plan.on_failure(ms(1), 0, true), again);
    assert_eq!(plan.on_failure(ms(2), 0, true), finish(Ending::AllFailed));
}

#[test]
fn no_url_and_no_time_end_at_once() {
    assert_eq!(
        Plan::new(0, HEDGE, ms(100)).on_start(ms(0)),
        finish(Ending::AllFailed)
    );
    assert_eq!(
        Plan::new(2, HEDGE, ms(0)).on_start(ms(0)),
        finish(Ending::Deadline)
    );
    assert_eq!(
        Plan::new(2, HEDGE, ms(50)).on_start(ms(50)),
        finish(Ending::Deadline)
    );
}

#[derive(Debug, Clone, Copy)]
enum Deed {
    Fail { pick: usize, stale: bool },
    Answer { pick: usize },
    Tick,
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        4 => (any::<usize>(), any::<bool>()).prop_map(|(pick, stale)| Deed::Fail { pick, stale }),
        1 => any::<usize>().prop_map(|pick| Deed::Answer { pick }),
        4 => Just(Deed::Tick),
    ]
}

proptest! {
    /// Each URL is asked once, one of them once more for free; an answer wins; a wake at the
    /// time that was asked for always ends it by the deadline; after the end nothing happens.
    #[test]
    fn every_ask_ends_well(
        urls in 0_usize..6,
        deadline in 0_u64..2000,
        deeds in proptest::collection::vec((deed(), 0_u64..400), 0..40),
    ) {
        let deadline = ms(deadline);
        let mut plan = Plan::new(urls, HEDGE, deadline);
        let (mut asked, mut fresh, mut running) = (Vec::new(), 0, Vec::new());
        let mut ending = None;
        let mut now = ms(0);
        let mut take = |step: Option<Step>, running: &mut Vec<usize>, ending: &mut Option<Ending>| {
            match step {
                Some(Step::Ask { url, fresh: true }) => { fresh += 1; running.push(url); }
                Some(Step::Ask { url, fresh: false }) => { asked.push(url); running.push(url); }
                Some(Step::Finish(end)) => *ending = Some(end),
                None => {}
            }
        };
        take(plan.on_start(now), &mut running, &mut ending);
        for (deed, wait) in deeds {
            if ending.is_some() { break; }
            prop_assert!(!running.is_empty(), "nothing runs and it has not ended");
            prop_assert!(plan.next_wake() <= deadline);
            // The driver's timer fires when it was asked to.
            let later = now + ms(wait);
            while ending.is_none() && plan.next_wake() <= later {
                now = now.max(plan.next_wake());
                let step = plan.on_tick(now);
                prop_assert!(step.is_some(), "woken for nothing: the driver would spin");
                take(step, &mut running, &mut ending);
            }
            if ending.is_some() { break; }
            now = later;
            let step = match deed {
                Deed::Fail { pick, stale } => {
                    let url = running.swap_remove(pick % running.len());
                    plan.on_failure(now, url, stale)
                }
                Deed::Answer { pick } => {
                    let url = running[pick % running.len()];
                    let step = plan.on_answer(url);
                    prop_assert_eq!(step, finish(Ending::Answer { url }));
                    step
                }
                Deed::Tick => plan.on_tick(now),
            };
            take(step, &mut running, &mut ending);
        }
        while ending.is_none() {
            now = now.max(plan.next_wake());
            take(plan.on_tick(now), &mut running, &mut ending);
        }
        prop_assert!(now <= deadline);
        prop_assert!(asked.iter().copied().eq(0..asked.len()), "in order, each once: {asked:?}");
        prop_assert!(asked.len() <= urls && fresh <= 1);
        match ending {
            Some(Ending::AllFailed) => prop_assert!(asked.len() == urls && running.is_empty()),
            Some(Ending::Deadline) => prop_assert!(now >= deadline),
            _ => {}
        }
        prop_assert_eq!(plan.on_tick(now + ms(5000)), None);
        prop_assert_eq!(plan.on_failure(now, 0, true), None);
        prop_assert_eq!(plan.on_answer(0), None);
    }
}
