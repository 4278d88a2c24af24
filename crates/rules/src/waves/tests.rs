//! Every strategy with every option.

use std::collections::BTreeMap;
use std::time::Duration;

use callroute_schema::{Disposition, Member, Party, RingGroup, Strategy};
use proptest::prelude::*;

use super::{GroupFacts, MemberFacts, MemberState, Onward, Plan, Skip, plan, seed};

mod product;

const ALL: [Strategy; 11] = [
    Strategy::Simultaneous,
    Strategy::Sequential,
    Strategy::RoundRobin,
    Strategy::Random,
    Strategy::WeightedRandom,
    Strategy::LeastRecent,
    Strategy::FewestCalls,
    Strategy::LeastTalkTime,
    Strategy::Tiered,
    Strategy::Progressive,
    Strategy::Rollover,
];

/// One after the other, each alone.
const IN_TURN: [Strategy; 9] = [
    Strategy::Sequential,
    Strategy::RoundRobin,
    Strategy::Random,
    Strategy::WeightedRandom,
    Strategy::LeastRecent,
    Strategy::FewestCalls,
    Strategy::LeastTalkTime,
    Strategy::Progressive,
    Strategy::Rollover,
];

fn member(index: usize) -> Member {
    Member::from(Party::new(&format!("+1314555010{index}")).unwrap())
}

fn group(strategy: Strategy, members: usize) -> RingGroup {
    RingGroup::new((0..members).map(member).collect(), strategy)
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The members of each wave.
fn waves(plan: &Plan) -> Vec<Vec<usize>> {
    let members = |wave: &super::Wave| wave.rings.iter().map(|ring| ring.member).collect();
    plan.waves.iter().map(members).collect()
}

fn flat(plan: &Plan) -> Vec<usize> {
    waves(plan).concat()
}

/// An option of a group or a member: sets it, and says what of it must show in any plan.
type Case = (&'static str, fn(&mut RingGroup), fn(&RingGroup, &Plan));

/// What no option changes: everybody once, nothing invented.
fn everybody_once(group: &RingGroup, plan: &Plan) {
    let mut seen: Vec<usize> = flat(plan);
    seen.extend(plan.skipped.iter().map(|skipped| skipped.member));
    seen.sort_unstable();
    let all: Vec<usize> = (0..group.members.len()).collect();
    assert_eq!(seen, all);
    assert!(plan.waves.iter().all(|wave| !wave.rings.is_empty()));
}

fn ring_of(plan: &Plan, member: usize) -> super::Ring {
    let mut rings = plan.waves.iter().flat_map(|wave| &wave.rings);
    *rings.find(|ring| ring.member == member).unwrap()
}

/// How long a member rings beyond its own time, so that it rings to the group's end.
fn longer(plan: &Plan, member: usize) -> Duration {
    let Onward::After(step) = plan.onward else {
        return Duration::ZERO;
    };
    let place = waves(plan).iter().position(|wave| wave.contains(&member));
    step * u32::try_from(plan.waves.len() - 1 - place.unwrap()).unwrap()
}

const CASES: [Case; 13] = [
    (
        "no option",
        |_| {},
        |group, plan| {
            let own = if group.strategy == Strategy::Simultaneous {
                30
            } else {
                20
            };
            for member in 0..group.members.len() {
                let ring = ring_of(plan, member);
                assert_eq!(ring.ring, seconds(own) + longer(plan, member));
                assert_eq!(ring.after, Duration::ZERO);
            }
            assert_eq!(plan.rounds, 1);
        },
    ),
    (
        "group ring_s",
        |group| group.ring_s = Some(7),
        |group, plan| {
            for member in 0..group.members.len() {
                assert_eq!(
                    ring_of(plan, member).ring,
                    seconds(7) + longer(plan, member)
                );
            }
        },
    ),
    (
        "member ring_s",
        |group| group.members[1].ring_s = Some(9),
        |_, plan| {
            assert_eq!(ring_of(plan, 1).ring, seconds(9) + longer(plan, 1));
        },
    ),
    (
        "member delay_s",
        |group| group.members[2].delay_s = Some(4),
        |_, plan| {
            assert_eq!(ring_of(plan, 2).after, seconds(4));
            assert_eq!(ring_of(plan, 1).after, Duration::ZERO);
        },
    ),
    (
        "repeats",
        |group| group.repeats = Some(3),
        |_, plan| assert_eq!(plan.rounds, 4),
    ),
    (
        "priority",
        |group| group.members[3].priority = Some(1),
        |group, plan| {
            // The only one of a higher number is the last of its wave, and of all in turn.
            if group.strategy == Strategy::Tiered || group.strategy == Strategy::Simultaneous {
                assert_eq!(waves(plan), [[0, 1, 2, 3]]);
            } else {
                assert_eq!(flat(plan).last(), Some(&3));
            }
        },
    ),
    (
        "tier",
        |group| group.members[0].tier = Some(2),
        |group, plan| {
            if group.strategy == Strategy::Tiered {
                assert_eq!(waves(plan), [vec![1, 2, 3], vec![0]]);
            }
        },
    ),
    (
        "weight",
        |group| group.members[2].weight = Some(0),
        |group, plan| {
            if group.strategy == Strategy::WeightedRandom {
                assert_eq!(flat(plan).last(), Some(&2), "nobody else is left");
            }
        },
    ),
    (
        "skip_if_busy",
        |group| group.members[1].skip_if_busy = true,
        |_, plan| {
            assert_eq!(
                plan.skipped,
                [super::Skipped {
                    member: 1,
                    why: Skip::Busy
                }]
            );
            assert!(!flat(plan).contains(&1));
        },
    ),
    (
        "busy, and not asking to be skipped",
        |_| {},
        |_, plan| {
            assert!(flat(plan).contains(&1));
        },
    ),
    (
        "failover busy",
        |group| group.failover = vec![Disposition::Busy],
        |_, plan| {
            assert!(plan.goes_on(Disposition::Busy, false));
            assert!(!plan.goes_on(Disposition::NoAnswer, false));
        },
    ),
    (
        "failover failed",
        |group| group.failover = vec![Disposition::Failed],
        |_, plan| {
            assert!(plan.goes_on(Disposition::Declined, true));
            assert!(plan.goes_on(Disposition::NoAnswer, false));
        },
    ),
    (
        "usual failover",
        |_| {},
        |group, plan| {
            assert!(plan.goes_on(Disposition::Busy, false));
            let rollover = group.strategy == Strategy::Rollover;
            assert_eq!(plan.goes_on(Disposition::NoAnswer, false), !rollover);
            assert_eq!(plan.goes_on(Disposition::Busy, true), rollover);
        },
    ),
];

#[test]
fn every_option_with_every_strategy() {
    let busy = [
        MemberFacts::default(),
        MemberFacts {
            state: MemberState::Busy,
            ..MemberFacts::default()
        },
    ];
    for strategy in ALL {
        for (name, set, holds) in CASES {
            let mut group = group(strategy, 4);
            set(&mut group);
            let members: &[MemberFacts] = if name.contains("busy") { &busy } else { &[] };
            for turn in 0..3 {
                let facts = GroupFacts {
                    turn,
                    seed: seed(&format!("call-{turn}")),
                    members,
                };
                let plan = plan(&group, None, &facts);
                everybody_once(&group, &plan);
                let progressive = matches!(plan.onward, Onward::After(_));
                assert_eq!(progressive, strategy == Strategy::Progressive);
                if IN_TURN.contains(&strategy) {
                    assert!(
                        plan.waves.iter().all(|wave| wave.rings.len() == 1),
                        "{strategy:?}"
                    );
                }
                holds(&group, &plan);
            }
        }
    }
}

#[test]
fn the_ring_time_of_the_action_counts_when_nothing_nearer_does() {
    for strategy in ALL {
        let mut group = group(strategy, 2);
        group.members[1].ring_s = Some(5);
        let last = |plan: &Plan| ring_of(plan, 1).ring - longer(plan, 1);
        let facts = GroupFacts::default();
        assert_eq!(
            ring_of(&plan(&group, Some(11), &facts), 0).ring
                - longer(&plan(&group, Some(11), &facts), 0),
            seconds(11)
        );
        assert_eq!(last(&plan(&group, Some(11), &facts)), seconds(5));
        group.ring_s = Some(12);
        let planned = plan(&group, Some(11), &facts);
        assert_eq!(ring_of(&planned, 0).ring - longer(&planned, 0), seconds(12));
    }
}

#[test]
fn turns_go_round() {
    let group = group(Strategy::RoundRobin, 3);
    let first = |turn| {
        let facts = GroupFacts {
            turn,
            ..GroupFacts::default()
        };
        flat(&plan(&group, None, &facts))
    };
    assert_eq!(
        [first(0), first(1), first(2), first(3)],
        [[0, 1, 2], [1, 2, 0], [2, 0, 1], [0, 1, 2]]
    );
    assert_eq!(first(u64::MAX).len(), 3);
}

#[test]
fn history_orders() {
    let facts = |last_call, calls, talk_s| MemberFacts {
        state: MemberState::Free,
        last_call,
        calls,
        talk_s,
    };
    let members = [
        facts(Some(500), 1, 90),
        facts(None, 7, 30),
        facts(Some(100), 3, 60),
    ];
    let ordered = |strategy| {
        let facts = GroupFacts {
            members: &members,
            ..GroupFacts::default()
        };
        flat(&plan(&group(strategy, 3), None, &facts))
    };
    assert_eq!(ordered(Strategy::LeastRecent), [1, 2, 0]);
    assert_eq!(ordered(Strategy::FewestCalls), [0, 2, 1]);
    assert_eq!(ordered(Strategy::LeastTalkTime), [1, 2, 0]);
}

#[test]
fn weights_are_kept() {
    let mut group = group(Strategy::WeightedRandom, 2);
    group.members[0].weight = Some(3);
    let first = (0..4_000).filter(|call| {
        let facts = GroupFacts {
            seed: seed(&format!("call-{call}")),
            ..GroupFacts::default()
        };
        flat(&plan(&group, None, &facts))[0] == 0
    });
    let share = first.count();
    assert!(
        (2_850..3_150).contains(&share),
        "three of four expected, found {share} of 4000"
    );
}

#[test]
fn chance_spreads_evenly() {
    let group = group(Strategy::Random, 3);
    let mut counts = BTreeMap::new();
    for call in 0..6_000 {
        let facts = GroupFacts {
            seed: seed(&format!("call-{call}")),
            ..GroupFacts::default()
        };
        *counts.entry(flat(&plan(&group, None, &facts))).or_insert(0) += 1;
    }
    assert_eq!(counts.len(), 6);
    assert!(
        counts.values().all(|count| (880..1_120).contains(count)),
        "{counts:?}"
    );
}

#[test]
fn tiers_ring_together() {
    let mut group = group(Strategy::Tiered, 5);
    for (member, tier) in group.members.iter_mut().zip([2, 1, 2, 1, 9]) {
        member.tier = Some(tier);
    }
    let planned = plan(&group, None, &GroupFacts::default());
    assert_eq!(waves(&planned), [vec![1, 3], vec![0, 2], vec![4]]);
}

#[test]
fn progressive_rings_everybody_at_the_end() {
    let mut group = group(Strategy::Progressive, 3);
    group.ring_s = Some(10);
    let planned = plan(&group, None, &GroupFacts::default());
    assert_eq!(planned.onward, Onward::After(seconds(10)));
    let ends: Vec<_> = planned
        .waves
        .iter()
        .zip(0..)
        .map(|(wave, place)| seconds(10) * place + wave.rings[0].ring)
        .collect();
    assert_eq!(ends, [seconds(30); 3]);
}

#[test]
fn nobody_is_left() {
    let away = [MemberFacts {
        state: MemberState::Away,
        ..MemberFacts::default()
    }; 2];
    for strategy in ALL {
        let facts = GroupFacts {
            members: &away,
            ..GroupFacts::default()
        };
        let planned = plan(&group(strategy, 2), None, &facts);
        assert!(planned.waves.is_empty());
        assert_eq!(planned.skipped.len(), 2);
    }
}

proptest! {
    #[test]
    fn any_group_is_planned_once_and_the_same_again(
        strategy in 0..ALL.len(),
        options in proptest::collection::vec(
            (0_u32..4, 0_u32..4, 0_u32..4, any::<bool>(), 0_u8..3, 0_u64..4), 1..12),
        turn in any::<u64>(),
        call in "[a-z]{1,8}",
    ) {
        let mut group = group(ALL[strategy], options.len().min(10));
        group.members = options.iter().enumerate().map(|(index, (priority, tier, weight, skip, ..))| Member {
            priority: Some(*priority),
            tier: Some(*tier),
            weight: Some(*weight),
            skip_if_busy: *skip,
            ..member(index % 10)
        }).collect();
        let members: Vec<_> = options.iter().map(|(_, _, _, _, state, calls)| MemberFacts {
            state: [MemberState::Free, MemberState::Busy, MemberState::Away][usize::from(*state)],
            calls: *calls,
            ..MemberFacts::default()
        }).collect();
        let facts = GroupFacts { turn, seed: seed(&call), members: &members };
        let planned = plan(&group, None, &facts);
        everybody_once(&group, &planned);
        prop_assert_eq!(&plan(&group, None, &facts), &planned);
        if ALL[strategy] != Strategy::Tiered {
            let priorities: Vec<_> = flat(&planned).iter().map(|index| options[*index].0).collect();
            prop_assert!(priorities.is_sorted());
        }
    }
}
