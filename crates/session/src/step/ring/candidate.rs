//! Who is called: where, and with which options.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use callroute_media::{DialTarget, Sound};
use callroute_rules::waves::{GroupFacts, MemberState, Onward, Plan, Ring, plan};
use callroute_schema::{
    CallerId, Confirm, Destination, EarlyMedia, Forward, Masked, Number, Party, Prompt, RingGroup,
};

use super::who::counted_as;
use crate::call::{Call, seconds};

/// How long a single party rings.
const RING_S: u32 = 30;

/// One party to call.
pub(crate) struct Candidate {
    /// As written in the table or the answer.
    pub(crate) member: String,
    /// By which name its calls are counted.
    pub(crate) who: String,
    /// Whose state says whether it is rung when its turn comes; `None`: it is rung.
    pub(crate) party: Option<Party>,
    /// It is left out while it is on another call.
    pub(crate) skip_if_busy: bool,
    /// `None` when an agent of this name is not known.
    pub(crate) target: Option<DialTarget>,
    pub(crate) confirm: Option<Confirm>,
    pub(crate) caller_id: Option<CallerId>,
    pub(crate) headers: BTreeMap<String, String>,
}

impl Candidate {
    pub(crate) fn new(member: String, target: Option<DialTarget>) -> Self {
        Self {
            who: member.clone(),
            member,
            party: None,
            skip_if_busy: false,
            target,
            confirm: None,
            caller_id: None,
            headers: BTreeMap::new(),
        }
    }
}

impl fmt::Debug for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Candidate")
            .field("member", &Masked(&self.member))
            .finish_non_exhaustive()
    }
}

/// In which order they ring.
#[derive(Debug)]
pub(crate) enum Order {
    /// A group's plan.
    Planned(Plan),
    /// One party, for so long.
    One(Duration),
}

impl Order {
    pub(crate) fn wave(&self, index: usize) -> Option<Vec<Ring>> {
        match self {
            Self::Planned(plan) => plan.waves.get(index).map(|wave| wave.rings.clone()),
            Self::One(ring) => (index == 0).then(|| {
                vec![Ring {
                    member: 0,
                    after: Duration::ZERO,
                    ring: *ring,
                }]
            }),
        }
    }

    pub(crate) fn rounds(&self) -> u32 {
        match self {
            Self::Planned(plan) => plan.rounds,
            Self::One(_) => 1,
        }
    }

    pub(crate) fn onward(&self) -> Onward {
        match self {
            Self::Planned(plan) => plan.onward,
            Self::One(_) => Onward::AllEnded,
        }
    }
}

/// Everything that a ringing goes by.
#[derive(Debug)]
pub(crate) struct Spec {
    pub(crate) candidates: Vec<Candidate>,
    pub(crate) order: Order,
    pub(crate) whisper: Option<Prompt>,
    /// What a member sends before it answers is passed on.
    pub(crate) relay: bool,
    /// How long a member has to itself afterwards.
    pub(crate) wrap_up_ms: u64,
    /// The caller itself is called: its leg is the caller's.
    pub(crate) calls_back: bool,
    /// What is known of the candidates when they begin to ring.
    pub(crate) states: Vec<MemberState>,
}

impl Spec {
    /// One party, without options.
    pub(crate) fn one(member: String, target: Option<DialTarget>, ring: Duration) -> Self {
        Self {
            candidates: vec![Candidate::new(member, target)],
            order: Order::One(ring),
            whisper: None,
            relay: false,
            wrap_up_ms: 0,
            calls_back: false,
            states: Vec::new(),
        }
    }

    /// One party, which may be an agent's.
    pub(crate) fn party(call: &Call, party: &Party, ring: Duration) -> Self {
        let mut spec = Self::one(party.to_string(), target(call, party), ring);
        for candidate in &mut spec.candidates {
            candidate.who = counted_as(call, party);
        }
        spec
    }

    /// The caller itself is called, by whoever it is shown.
    pub(crate) fn calling_back(mut self, by: &CallerId) -> Self {
        for candidate in &mut self.candidates {
            candidate.caller_id = Some(by.clone());
        }
        self.calls_back = true;
        self
    }

    /// A group, by what is known of it.
    pub(crate) fn group(
        call: &Call,
        group: &RingGroup,
        forward_ring_s: Option<u32>,
        facts: &GroupFacts<'_>,
    ) -> Self {
        let candidates = group
            .members
            .iter()
            .map(|member| Candidate {
                member: member.to.to_string(),
                who: counted_as(call, &member.to),
                party: None,
                skip_if_busy: member.skip_if_busy,
                target: target(call, &member.to),
                confirm: member.confirm.clone().or_else(|| group.confirm.clone()),
                caller_id: member.caller_id.clone().or_else(|| group.caller_id.clone()),
                headers: member.headers.clone(),
            })
            .collect();
        Self {
            candidates,
            order: Order::Planned(plan(group, forward_ring_s, facts)),
            whisper: group.whisper.clone(),
            relay: group.early_media == Some(EarlyMedia::Relay),
            wrap_up_ms: 0,
            calls_back: false,
            states: Vec::new(),
        }
    }

    /// Whoever is busy or away when its turn comes is left out; these are the members' states now.
    pub(crate) fn judging(mut self, group: &RingGroup, states: Vec<MemberState>) -> Self {
        for (candidate, member) in self.candidates.iter_mut().zip(&group.members) {
            candidate.party = Some(member.to.clone());
        }
        self.states = states;
        self
    }
}

/// What a forward to one party rings; `None` for groups and for what is no phone.
pub(crate) fn single(call: &Call, forward: &Forward) -> Option<Spec> {
    let ring = seconds(forward.ring_s.unwrap_or(RING_S));
    let dialed = call.event.to.as_str();
    let party = |party: Party| Some(Spec::party(call, &party, ring));
    let (member, target) = match &forward.destination {
        Destination::Number(to) => return party(Party::Number(to.number.clone())),
        Destination::Sip(to) => return party(Party::Sip(to.uri.clone())),
        Destination::Agent(to) => return party(Party::Agent(to.name.clone())),
        Destination::User(to) => (to.name.to_string(), Some(DialTarget::User(to.name.clone()))),
        Destination::Trunk(to) => {
            let number = match &to.number {
                Some(number) => Some(number.clone()),
                // Nobody wrote what is dialed here, so it was not judged yet.
                None => Number::new(dialed)
                    .ok()
                    .filter(|_| call.engine.permits(dialed)),
            };
            let member = number
                .as_ref()
                .map_or_else(|| dialed.to_owned(), ToString::to_string);
            let target = number.map(|number| DialTarget::Trunk {
                trunk: to.name.clone(),
                number: in_full(call, &number),
            });
            (member, target)
        }
        Destination::Application(to) => (
            to.name.clone(),
            Some(DialTarget::Application {
                name: to.name.clone(),
                arguments: to.arguments.clone(),
            }),
        ),
        _ => return None,
    };
    Some(Spec::one(member, target, ring))
}

/// A number as it is dialed: a national one in full, where the table has a region.
fn in_full(call: &Call, number: &Number) -> Number {
    Number::new(call.engine.in_full(number.as_str())).unwrap_or_else(|_| number.clone())
}

/// An agent, or whoever is on duty, is called at the number or URI that the table gives.
pub(crate) fn target(call: &Call, party: &Party) -> Option<DialTarget> {
    match party {
        Party::Number(number) => Some(DialTarget::Number(in_full(call, number))),
        Party::Sip(uri) => Some(DialTarget::Sip(uri.clone())),
        Party::Agent(name) => match call.engine.reach(name.as_str(), call.now.utc)? {
            Party::Number(number) => Some(DialTarget::Number(in_full(call, number))),
            Party::Sip(uri) => Some(DialTarget::Sip(uri.clone())),
            // An agent that stands for an agent would be a chain without an end.
            Party::Agent(_) => None,
        },
    }
}

/// A prompt as a sound.
pub(crate) fn prompt_sound(prompt: Prompt) -> Sound {
    match prompt {
        Prompt::Say(say) => crate::step::play::speech(say),
        Prompt::Play(prompt) => Sound::Prompt(prompt),
        // A kind of prompt that a later contract adds: heard as the common request for a key.
        _ => Sound::Prompt("menu".to_owned()),
    }
}
