//! Who is called, in which order, and for how long.

use std::fmt;
use std::time::Duration;

use callroute_media::DialTarget;
use callroute_rules::Engine;
use callroute_schema::{Destination, Forward, Masked, Member, Party, RingGroup, Strategy};

/// How long a single party, or each member of a simultaneous group, rings.
const RING_S: u32 = 30;
/// How long each member rings when they ring one after the other.
const TURN_S: u32 = 20;

/// One party to call.
#[derive(PartialEq, Eq)]
pub(super) struct Candidate {
    /// As written in the table or the answer.
    pub(super) member: String,
    /// `None` when an agent of this name is not known.
    pub(super) target: Option<DialTarget>,
    pub(super) start: Start,
    pub(super) ring: Duration,
}

/// When a party's turn comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// So long after the group's start.
    After(Duration),
    /// When no earlier one is being called any more.
    WhenPreviousEnds,
}

pub(super) fn candidates(engine: &Engine, forward: &Forward) -> Vec<Candidate> {
    let ring = seconds(forward.ring_s.unwrap_or(RING_S));
    let single = |member: String, target| {
        vec![Candidate {
            member,
            target,
            start: Start::After(Duration::ZERO),
            ring,
        }]
    };
    match &forward.destination {
        Destination::Number(to) => single(
            to.number.to_string(),
            Some(DialTarget::Number(to.number.clone())),
        ),
        Destination::Sip(to) => single(to.uri.to_string(), Some(DialTarget::Sip(to.uri.clone()))),
        Destination::Agent(to) => single(
            to.name.to_string(),
            target(engine, &Party::Agent(to.name.clone())),
        ),
        Destination::RingGroup(group) => members(engine, group, forward.ring_s),
        _ => Vec::new(),
    }
}

fn members(engine: &Engine, group: &RingGroup, forward_s: Option<u32>) -> Vec<Candidate> {
    let in_turn = group.strategy == Strategy::Sequential;
    let default = if in_turn { TURN_S } else { RING_S };
    let group_s = group.ring_s.or(forward_s).unwrap_or(default);
    group
        .members
        .iter()
        .map(|member: &Member| Candidate {
            member: member.to.to_string(),
            target: target(engine, &member.to),
            start: if in_turn {
                Start::WhenPreviousEnds
            } else {
                Start::After(seconds(member.delay_s.unwrap_or(0)))
            },
            ring: seconds(member.ring_s.unwrap_or(group_s)),
        })
        .collect()
}

/// An agent is called at the number or URI that the table gives.
fn target(engine: &Engine, party: &Party) -> Option<DialTarget> {
    match party {
        Party::Number(number) => Some(DialTarget::Number(number.clone())),
        Party::Sip(uri) => Some(DialTarget::Sip(uri.clone())),
        Party::Agent(name) => match &engine.agent(name.as_str())?.to {
            Party::Number(number) => Some(DialTarget::Number(number.clone())),
            Party::Sip(uri) => Some(DialTarget::Sip(uri.clone())),
            // An agent that stands for an agent would be a chain without an end.
            Party::Agent(_) => None,
        },
    }
}

impl fmt::Debug for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Candidate")
            .field("member", &Masked(&self.member))
            .field("start", &self.start)
            .field("ring", &self.ring)
            .finish_non_exhaustive()
    }
}

fn seconds(seconds: u32) -> Duration {
    Duration::from_secs(u64::from(seconds))
}
