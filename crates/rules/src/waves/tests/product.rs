//! Every set of options with every strategy: the whole product, against what a group says in
//! words.

use callroute_schema::{
    CallerId, Confirm, Disposition, EarlyMedia, Prompt, RingGroup, Ringback, Strategy,
};

use super::super::{GroupFacts, MemberFacts, MemberState, Onward, Plan, Skip, Skipped, plan, seed};
use super::{ALL, IN_TURN, everybody_once, flat, group, ring_of, seconds, waves};

/// What changes a plan, each set or left out.
const OPTIONS: [fn(&mut RingGroup); 9] = [
    |group| group.ring_s = Some(7),
    |group| group.members[1].ring_s = Some(9),
    |group| group.members[2].delay_s = Some(4),
    |group| group.repeats = Some(3),
    |group| group.members[3].priority = Some(1),
    |group| group.members[0].tier = Some(2),
    |group| group.members[2].weight = Some(0),
    |group| group.members[1].skip_if_busy = true,
    |group| group.failover = vec![Disposition::Busy],
];

/// What is for whoever rings, and changes no plan.
const OTHERS: [fn(&mut RingGroup); 9] = [
    |group| group.ringback = Some(Ringback::Music),
    |group| {
        group.confirm = Some(Confirm {
            digit: None,
            prompt: None,
        });
    },
    |group| {
        group.members[1].confirm = Some(Confirm {
            digit: None,
            prompt: None,
        });
    },
    |group| group.whisper = Some(Prompt::Play("sales".to_owned())),
    |group| group.caller_id = Some(CallerId::Dialed),
    |group| group.members[3].caller_id = Some(CallerId::Anonymous),
    |group| group.early_media = Some(EarlyMedia::Relay),
    |group| {
        let header = ("X-Group".to_owned(), "sales".to_owned());
        group.members[0].headers.extend([header]);
    },
    |group| {
        let header = (
            "Alert-Info".to_owned(),
            "<urn:alert:service:normal>".to_owned(),
        );
        group.members[2].headers.extend([header]);
    },
];

fn times(group: &RingGroup, plan: &Plan) {
    let usual = match group.strategy {
        Strategy::Simultaneous => 30,
        _ => 20,
    };
    let own = group.ring_s.unwrap_or(usual);
    let step = match plan.onward {
        Onward::After(step) => {
            assert_eq!(step, seconds(u64::from(own)));
            Some(step)
        }
        Onward::AllEnded => None,
    };
    assert_eq!(step.is_some(), group.strategy == Strategy::Progressive);
    for (wave, members) in waves(plan).into_iter().enumerate() {
        for member in members {
            let (ring, written) = (ring_of(plan, member), &group.members[member]);
            // Who rings in steps goes on until the last one's time is over.
            let later = u32::try_from(plan.waves.len() - 1 - wave).unwrap();
            let beyond = step.map_or(seconds(0), |step| step * later);
            let wanted = seconds(u64::from(written.ring_s.unwrap_or(own))) + beyond;
            assert_eq!(ring.ring, wanted, "{member}");
            let delay = u64::from(written.delay_s.unwrap_or(0));
            assert_eq!(ring.after, seconds(delay), "{member}");
        }
    }
}

fn order(group: &RingGroup, plan: &Plan) {
    let (waves, rung) = (waves(plan), flat(plan));
    let of = |value: fn(&callroute_schema::Member) -> Option<u32>| {
        move |member: &usize| value(&group.members[*member]).unwrap_or(0)
    };
    let (tier, priority) = (of(|member| member.tier), of(|member| member.priority));
    match group.strategy {
        Strategy::Simultaneous => assert_eq!(waves.len(), 1),
        Strategy::Tiered => {
            let tiers: Vec<Vec<u32>> = waves
                .iter()
                .map(|wave| wave.iter().map(tier).collect())
                .collect();
            assert!(
                tiers
                    .iter()
                    .all(|wave| wave.iter().all(|tier| *tier == wave[0]))
            );
            assert!(tiers.is_sorted_by(|one, next| one[0] < next[0]));
        }
        _ => {
            assert!(IN_TURN.contains(&group.strategy));
            assert!(waves.iter().all(|wave| wave.len() == 1));
        }
    }
    for wave in &waves {
        assert!(wave.iter().map(priority).is_sorted());
    }
    if group.strategy == Strategy::Tiered {
        return;
    }
    assert!(rung.iter().map(priority).is_sorted(), "{rung:?}");
    let first = rung.iter().filter(|member| priority(member) == 0);
    let first: Vec<usize> = first.copied().collect();
    match group.strategy {
        // Among those of one priority: as written, or beginning with whose turn it is.
        Strategy::Simultaneous
        | Strategy::Sequential
        | Strategy::Progressive
        | Strategy::Rollover => {
            assert!(first.is_sorted(), "{first:?}");
        }
        Strategy::WeightedRandom if group.members[2].weight == Some(0) => {
            assert_eq!(first.last(), Some(&2), "nobody else is left");
        }
        _ => {}
    }
}

fn ends(group: &RingGroup, plan: &Plan) {
    let named = !group.failover.is_empty();
    let rollover = group.strategy == Strategy::Rollover;
    assert!(plan.goes_on(Disposition::Busy, false));
    assert_eq!(plan.goes_on(Disposition::Busy, true), named || rollover);
    assert_eq!(
        plan.goes_on(Disposition::NoAnswer, false),
        !named && !rollover
    );
}

#[test]
fn every_set_of_options_with_every_strategy() {
    let busy = [
        MemberFacts::default(),
        MemberFacts {
            state: MemberState::Busy,
            ..MemberFacts::default()
        },
    ];
    let mut plans = 0;
    for strategy in ALL {
        for set in 0..1_u32 << OPTIONS.len() {
            let mut group = group(strategy, 4);
            for (bit, option) in OPTIONS.iter().enumerate() {
                if set >> bit & 1 == 1 {
                    option(&mut group);
                }
            }
            let facts = GroupFacts {
                turn: u64::from(set),
                seed: seed(&format!("call-{set}")),
                members: &busy,
            };
            let planned = plan(&group, None, &facts);
            everybody_once(&group, &planned);
            times(&group, &planned);
            order(&group, &planned);
            ends(&group, &planned);
            let skipped = Skipped {
                member: 1,
                why: Skip::Busy,
            };
            let left_out: &[Skipped] = match group.members[1].skip_if_busy {
                true => &[skipped],
                false => &[],
            };
            assert_eq!(planned.skipped, left_out);
            assert_eq!(planned.rounds, group.repeats.unwrap_or(0) + 1);
            // Each of the others beside these, and then all of them.
            for other in OTHERS {
                other(&mut group);
                assert_eq!(plan(&group, None, &facts), planned, "{strategy:?} {set:b}");
            }
            plans += 1;
        }
    }
    assert_eq!(plans, 11 * 512);
}
