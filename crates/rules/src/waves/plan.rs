//! From a group to its waves.

use std::time::Duration;

use callroute_schema::{Disposition, Member, RingGroup, Strategy};

use super::order::order;
use super::{GroupFacts, MemberState};

/// How long each member rings when they ring at once and nothing else is said.
const RING_S: u32 = 30;
/// How long each member rings when they ring one after the other and nothing else is said.
const TURN_S: u32 = 20;

/// How a group is rung.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// One after the other. Empty when every member is left out.
    pub waves: Vec<Wave>,
    /// How often the waves are gone through in all: 1 and the group's repeats.
    pub rounds: u32,
    /// Who is left out, and why.
    pub skipped: Vec<Skipped>,
    /// What makes the next wave begin.
    pub onward: Onward,
    /// Ends of a member after which nobody else is tried; empty: only those after which trying
    /// elsewhere is pointless (404, 484, 600, 603, 604).
    stops: Stops,
}

/// Who rings together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wave {
    /// In the order in which they are called.
    pub rings: Vec<Ring>,
}

/// One member's turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ring {
    /// Its position among the group's members.
    pub member: usize,
    /// From the wave's beginning to the member's call.
    pub after: Duration,
    /// How long it rings at most.
    pub ring: Duration,
}

/// What makes the next wave begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Onward {
    /// Every member of this wave has ended without an answer.
    AllEnded,
    /// So much time has passed, or every member has ended; whoever rings goes on ringing.
    After(Duration),
}

/// A member that is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Skipped {
    /// Its position among the group's members.
    pub member: usize,
    /// Why.
    pub why: Skip,
}

/// Why a member is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Skip {
    /// It is on another call, and asks to be left out then.
    Busy,
    /// It takes no calls now.
    Away,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Stops {
    /// Those of the contract.
    Usual,
    /// All but these.
    AllBut(Vec<Disposition>),
}

impl Plan {
    /// Whether the next member is tried after one that ended so; `pointless` says that its
    /// signalling rules out every other (SIP 404, 484, 600, 603 or 604).
    #[must_use]
    pub fn goes_on(&self, ended: Disposition, pointless: bool) -> bool {
        match &self.stops {
            Stops::Usual => !pointless,
            Stops::AllBut(goes_on) => {
                goes_on.contains(&ended)
                    || (ended.is_failure() && goes_on.contains(&Disposition::Failed))
            }
        }
    }

    /// How many members are called in one round.
    #[must_use]
    pub fn members(&self) -> usize {
        self.waves.iter().map(|wave| wave.rings.len()).sum()
    }
}

/// Plans a group.
///
/// `forward_ring_s` is the ring time of the action around it, which counts when neither the
/// member nor the group says one. Every option works with every strategy: a member's `delay_s`
/// counts from the beginning of its wave, its `priority` comes before what the strategy says,
/// and members of one `tier` form a wave wherever the strategy rings members in turn as waves.
#[must_use]
pub fn plan(group: &RingGroup, forward_ring_s: Option<u32>, facts: &GroupFacts<'_>) -> Plan {
    let mut skipped = Vec::new();
    let mut order = order(group, facts);
    order.retain(|&member| {
        let state = facts.members.get(member).map(|known| known.state);
        let asks = group.members.get(member).is_some_and(|m| m.skip_if_busy);
        let why = skip(asks, state.unwrap_or_default());
        skipped.extend(why.map(|why| Skipped { member, why }));
        why.is_none()
    });
    let at_once = group.strategy == Strategy::Simultaneous;
    let usual = if at_once { RING_S } else { TURN_S };
    let group_s = group.ring_s.or(forward_ring_s).unwrap_or(usual);
    let ring = |&member: &usize| {
        let written = group.members.get(member);
        Ring {
            member,
            after: seconds(written.and_then(|written| written.delay_s).unwrap_or(0)),
            ring: seconds(
                written
                    .and_then(|written| written.ring_s)
                    .unwrap_or(group_s),
            ),
        }
    };
    let mut waves: Vec<Wave> = match group.strategy {
        Strategy::Simultaneous => vec![Wave {
            rings: order.iter().map(ring).collect(),
        }],
        Strategy::Tiered => tiers(group, &order, ring),
        _ => order
            .iter()
            .map(|member| Wave {
                rings: vec![ring(member)],
            })
            .collect(),
    };
    waves.retain(|wave| !wave.rings.is_empty());
    let onward = match group.strategy {
        Strategy::Progressive => {
            // Whoever rings already goes on until the last one's time is over.
            let step = seconds(group_s);
            let count = u32::try_from(waves.len()).unwrap_or(u32::MAX);
            for (wave, before) in waves.iter_mut().zip(0_u32..) {
                let later = count.saturating_sub(before).saturating_sub(1);
                for ring in &mut wave.rings {
                    ring.ring = ring.ring.saturating_add(step.saturating_mul(later));
                }
            }
            Onward::After(step)
        }
        _ => Onward::AllEnded,
    };
    Plan {
        waves,
        rounds: group.repeats.unwrap_or(0).saturating_add(1),
        skipped,
        onward,
        stops: stops(group),
    }
}

/// Whether a member in this state is left out; `if_busy` is its `skip_if_busy`. For whoever plans
/// with everybody, and asks again when a member's turn has come.
#[must_use]
pub fn skip(if_busy: bool, state: MemberState) -> Option<Skip> {
    match state {
        MemberState::Away => Some(Skip::Away),
        MemberState::Busy if if_busy => Some(Skip::Busy),
        MemberState::Busy | MemberState::Free => None,
    }
}

/// Members of the lowest tier first; without a tier, the first.
fn tiers(group: &RingGroup, order: &[usize], ring: impl Fn(&usize) -> Ring) -> Vec<Wave> {
    let tier = |index: &usize| {
        let tier = group
            .members
            .get(*index)
            .and_then(|member: &Member| member.tier);
        tier.unwrap_or(0)
    };
    let mut levels: Vec<u32> = order.iter().map(tier).collect();
    levels.sort_unstable();
    levels.dedup();
    let wave = |level: u32| Wave {
        rings: order
            .iter()
            .filter(|index| tier(index) == level)
            .map(&ring)
            .collect(),
    };
    levels.into_iter().map(wave).collect()
}

fn stops(group: &RingGroup) -> Stops {
    match (group.failover.is_empty(), group.strategy) {
        (false, _) => Stops::AllBut(group.failover.clone()),
        (true, Strategy::Rollover) => Stops::AllBut(vec![Disposition::Busy]),
        (true, _) => Stops::Usual,
    }
}

fn seconds(seconds: u32) -> Duration {
    Duration::from_secs(u64::from(seconds))
}
