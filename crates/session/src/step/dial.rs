//! Forwarding: to one party or to a ring group, until somebody talks with the caller.

use std::time::Duration;

use callroute_media::{Ability, Command, EndCause, LegId, Notice, PlayEnd, PlayId, Sound};
use callroute_rules::waves::{GroupFacts, MemberFacts, seed};
use callroute_schema::{
    Action, Conference, Destination, Disposition, Forward, On, Party, Queue, RingGroup, Ringback,
    Strategy,
};

use super::answer::PATIENCE;
use super::play::ended;
use super::ring::{Ringing, Rung, Spec, Winner, has_state, hops, single, takers};
use super::talk::refused;
use super::{Step, Talk, ends};
use crate::call::{Call, LegState, seconds};
use crate::note::Note;
use crate::program::Flow;
use crate::shared::{HubReply, HubRequest, MemberInfo, Turning};

/// How long what calls share may take to answer; then the group is rung without.
pub(crate) const FACTS: Duration = Duration::from_millis(250);

#[derive(Debug)]
enum Phase {
    /// What is known of the group's members is being asked for.
    Facts(Box<RingGroup>, Duration),
    /// Phones ring.
    Ringing(Box<Ringing>),
    /// A member has the call, and the caller is being answered.
    Answering(Winner, u64, Duration),
}

#[derive(Debug)]
pub(crate) struct Dialing {
    phase: Phase,
    on: On,
    ring_s: Option<u32>,
    max_s: Option<u32>,
    /// What the caller hears meanwhile, as a sound.
    ringback: Option<PlayId>,
    /// The caller's phone was told that it rings.
    rings: bool,
    /// A transfer that the winner has asked for before the caller has confirmed our answer.
    refer: Option<Notice>,
}

impl Dialing {
    pub(crate) fn begin(call: &mut Call, forward: Forward) -> (Step, Flow) {
        if hops(&call.event) >= call.settings.max_hops {
            let why = format!(
                "the call was forwarded {} times already: a loop",
                hops(&call.event)
            );
            return (
                Step::New,
                Flow::failed_on(&forward.on, Disposition::Failed, why),
            );
        }
        let turning = target_of(call, &forward);
        let spec = single(call, &forward);
        let mut step = Self {
            phase: Phase::Facts(
                Box::new(RingGroup::new(Vec::new(), Strategy::Simultaneous)),
                call.now.mono,
            ),
            on: forward.on,
            ring_s: forward.ring_s,
            max_s: forward.max_s,
            ringback: None,
            rings: false,
            refer: None,
        };
        let flow = match (spec, forward.destination) {
            (_, Destination::RingGroup(group)) => {
                step.hears(call, group.ringback.as_ref());
                step.group(call, group, turning)
            }
            (_, Destination::Agent(to)) => {
                step.hears(call, None);
                let mut member = callroute_schema::Member::from(Party::Agent(to.name));
                member.ring_s = Some(forward.ring_s.unwrap_or(RING_S));
                let group = RingGroup::new(vec![member], Strategy::Simultaneous);
                step.group(call, Box::new(group), None)
            }
            (Some(spec), _) => {
                step.hears(call, None);
                step.ring(call, spec)
            }
            (None, Destination::Queue(to)) => {
                let mut queue = Queue::named(to.name);
                queue.on = step.on;
                return Step::begin(call, Action::Queue(Box::new(queue)));
            }
            (None, Destination::Conference(to)) => {
                let conference = Conference {
                    name: to.name,
                    muted: false,
                    on: step.on,
                };
                return Step::begin(call, Action::Conference(conference));
            }
            (None, other) => Flow::failed(
                Disposition::Failed,
                format!("this destination cannot be called: {other:?}"),
            ),
        };
        match flow {
            Flow::Stay => (Step::Dialing(Box::new(step)), Flow::Stay),
            other => (Step::New, other),
        }
    }

    pub(crate) fn deadline(&self) -> Duration {
        match &self.phase {
            Phase::Facts(_, until) | Phase::Answering(_, _, until) => *until,
            Phase::Ringing(ringing) => ringing.deadline(),
        }
    }

    pub(crate) fn on_notice(&mut self, call: &mut Call, notice: &Notice) -> Flow {
        self.heard(call, notice);
        match &mut self.phase {
            Phase::Facts(..) => Flow::Stay,
            Phase::Ringing(ringing) => {
                let rung = ringing.on_notice(call, notice);
                if matches!(notice, Notice::LegRinging { .. }) {
                    self.tell_ringing(call);
                }
                self.follow(call, rung)
            }
            Phase::Answering(winner, wrap_up_ms, _) => match notice {
                Notice::LegAnswered { leg } if *leg == LegId::CALLER => {
                    let flow = connect(call, winner.clone(), *wrap_up_ms, self.max_s);
                    referred(call, flow, self.refer.take())
                }
                Notice::Refer { leg, .. } if *leg == winner.leg => {
                    self.refer = Some(notice.clone());
                    Flow::Stay
                }
                _ if ends(notice, winner.leg) => {
                    self.refer = None;
                    let why = "the called party hung up at once";
                    Flow::failed_on(&self.on, Disposition::Canceled, why)
                }
                _ => Flow::Stay,
            },
        }
    }

    /// Whether this leg has the call and its transfer waits until the two talk.
    pub(crate) fn keeps_refer_of(&self, leg: LegId) -> bool {
        let has_it = matches!(&self.phase, Phase::Answering(winner, ..) if winner.leg == leg);
        has_it && self.refer.is_none()
    }

    pub(crate) fn on_shared(&mut self, call: &mut Call, shared: &HubReply) -> Flow {
        match (&mut self.phase, shared) {
            (Phase::Facts(group, _), HubReply::Group { turn, members }) => {
                let group = std::mem::replace(
                    group,
                    Box::new(RingGroup::new(Vec::new(), Strategy::Simultaneous)),
                );
                self.plan(call, &group, *turn, members)
            }
            (Phase::Ringing(ringing), HubReply::Group { members, .. }) => {
                let rung = ringing.on_known(call, members);
                self.follow(call, rung)
            }
            _ => Flow::Stay,
        }
    }

    pub(crate) fn on_wake(&mut self, call: &mut Call) -> Flow {
        if !call.is_due(self.deadline()) {
            return Flow::Stay;
        }
        match &mut self.phase {
            Phase::Facts(..) => {
                let none = HubReply::Group {
                    turn: 0,
                    members: Vec::new(),
                };
                self.on_shared(call, &none)
            }
            Phase::Ringing(ringing) => {
                let rung = ringing.on_wake(call);
                self.follow(call, rung)
            }
            Phase::Answering(..) => Flow::End {
                cause: EndCause::Normal,
                why: "the caller did not confirm our answer".to_owned(),
            },
        }
    }

    pub(crate) fn abandon(&mut self, call: &mut Call) {
        if let Phase::Ringing(ringing) = &mut self.phase {
            ringing.abandon(call);
        }
        if let Some(refer) = self.refer.take() {
            refused(call, refer.leg());
        }
    }

    /// What the caller hears until somebody answers. Before an answer, music and prompts are
    /// early media, and ringing is a signal.
    fn hears(&mut self, call: &mut Call, ringback: Option<&Ringback>) {
        let sound = match ringback {
            Some(Ringback::Music) => Sound::Music,
            Some(Ringback::Prompt(name)) => Sound::Loop(name.clone()),
            _ if call.caller_answered() => Sound::Ringback,
            _ => return,
        };
        let needed = match call.caller_answered() {
            true => Ability::Play,
            false => Ability::EarlyPlay,
        };
        if !call.settings.cannot.contains(&needed) {
            self.ringback = Some(call.play(sound));
        }
    }

    /// Where music cannot be heard before an answer, the caller is told that it rings.
    fn heard(&mut self, call: &mut Call, notice: &Notice) {
        if let Some(play) = self.ringback
            && ended(notice, play) == Some(PlayEnd::Failed)
        {
            self.ringback = None;
            call.note(Note::PlayFailed);
            self.tell_ringing(call);
        }
    }

    fn tell_ringing(&mut self, call: &mut Call) {
        if !self.rings && self.ringback.is_none() && call.leg(LegId::CALLER) == LegState::Early {
            self.rings = true;
            call.command(Command::Ring { leg: LegId::CALLER });
        }
    }

    /// Asks what is known of the members, where the plan depends on it.
    fn group(&mut self, call: &mut Call, group: Box<RingGroup>, turning: Option<String>) -> Flow {
        let asks = !matches!(
            group.strategy,
            Strategy::Simultaneous
                | Strategy::Sequential
                | Strategy::Random
                | Strategy::WeightedRandom
                | Strategy::Tiered
                | Strategy::Progressive
                | Strategy::Rollover
        ) || group
            .members
            .iter()
            .any(|member| member.skip_if_busy || has_state(call, &member.to));
        if !asks {
            return self.plan(call, &group, 0, &[]);
        }
        let turns = (group.strategy == Strategy::RoundRobin).then(|| {
            Box::new(Turning {
                of: turning.unwrap_or_else(|| own_turns(&group, self.ring_s)),
                members: group.members.clone(),
            })
        });
        call.share(HubRequest::Group {
            who: takers(call, &group.members),
            turns,
        });
        self.phase = Phase::Facts(group, call.after(FACTS));
        Flow::Stay
    }

    fn plan(
        &mut self,
        call: &mut Call,
        group: &RingGroup,
        turn: u64,
        infos: &[MemberInfo],
    ) -> Flow {
        // Nobody is left out beforehand: it is looked who is free when their turn comes.
        let mut facts: Vec<MemberFacts> = infos.iter().map(MemberInfo::facts).collect();
        let taken = |member: &mut MemberFacts| std::mem::take(&mut member.state);
        let states = facts.iter_mut().map(taken).collect();
        let known = GroupFacts {
            turn,
            seed: seed(call.event.call_id.as_str()),
            members: &facts,
        };
        let spec = Spec::group(call, group, self.ring_s, &known).judging(group, states);
        for (member, state) in group.members.iter().zip(infos) {
            if state.state != crate::shared::AgentState::Available {
                call.note(Note::MemberState {
                    member: member.to.to_string(),
                    state: state.state,
                });
            }
        }
        self.ring(call, spec)
    }

    fn ring(&mut self, call: &mut Call, spec: Spec) -> Flow {
        let (ringing, rung) = Ringing::begin(call, spec);
        self.phase = Phase::Ringing(Box::new(ringing));
        self.follow(call, rung)
    }

    fn follow(&mut self, call: &mut Call, rung: Rung) -> Flow {
        let Phase::Ringing(ringing) = &self.phase else {
            return Flow::Stay;
        };
        match rung {
            Rung::On => Flow::Stay,
            Rung::Lost => {
                let disposition = ringing.disposition();
                if let Some(play) = self.ringback.take() {
                    call.stop_play(play);
                }
                let why = format!("nobody answered: {disposition}");
                Flow::failed_on(&self.on, disposition, why)
            }
            Rung::Won(winner) => {
                let wrap_up_ms = ringing.wrap_up_ms();
                if call.caller_answered() {
                    return connect(call, winner, wrap_up_ms, self.max_s);
                }
                call.answer();
                self.phase = Phase::Answering(winner, wrap_up_ms, call.after(PATIENCE));
                Flow::Stay
            }
        }
    }
}

/// A transfer that was asked for before the two talked is tried now that they do.
fn referred(call: &mut Call, flow: Flow, refer: Option<Notice>) -> Flow {
    let (mut step, refer) = match (flow, refer) {
        (Flow::Switch(step), Some(refer)) => (step, refer),
        (flow, _) => return flow,
    };
    match step.on_notice(call, &refer) {
        Flow::Stay => Flow::Switch(step),
        other => other,
    }
}

/// The target that this forward is, where its members take turns: they do so in all calls to it.
fn target_of(call: &Call, forward: &Forward) -> Option<String> {
    let Destination::RingGroup(group) = &forward.destination else {
        return None;
    };
    if group.strategy != Strategy::RoundRobin {
        return None;
    }
    let action = Action::Forward(Box::new(forward.clone()));
    let target = call.engine.target_of(&action)?;
    Some(format!("target {target}"))
}

/// What tells a group without a name from another of the same members, as from the one that is
/// tried after it.
fn own_turns(group: &RingGroup, forward_ring_s: Option<u32>) -> String {
    let ring_s = group.ring_s.or(forward_ring_s);
    let mut of = format!("{ring_s:?} {:?}", group.repeats);
    for member in &group.members {
        of.push(' ');
        of.push_str(member.to.as_str());
    }
    of
}

/// How long an agent rings.
const RING_S: u32 = 30;

/// The caller and the winner talk.
pub(crate) fn connect(
    call: &mut Call,
    winner: Winner,
    wrap_up_ms: u64,
    max_s: Option<u32>,
) -> Flow {
    // The winner may have hung up while the caller was being answered.
    if call.leg(winner.leg) != LegState::Answered {
        return Flow::failed(Disposition::Canceled, "the called party hung up at once");
    }
    let most = seconds(max_s.unwrap_or(call.settings.max_talk_s));
    call.member_talks(winner.leg, winner.who, winner.attempt, wrap_up_ms);
    let talk = Talk::begin(call, winner.leg, winner.member, most);
    Flow::Switch(Box::new(Step::Talk(Box::new(talk))))
}
