//! Whether a member whose turn has come is rung: who is busy or away changes while others ring.

use std::time::Duration;

use callroute_rules::waves::{MemberState, Onward, Skip, skip};
use callroute_schema::Disposition;

use super::attempt::State;
use super::who::{counted_as, has_state, who};
use super::{Ringing, Rung, target};
use crate::call::Call;
use crate::note::Note;
use crate::shared::{AgentState, HubRequest, MemberInfo};
use crate::step::dial::FACTS;

/// What is known of the members.
#[derive(Debug)]
pub(super) struct Known {
    /// In the order of the candidates; who is not among them is free.
    states: Vec<MemberState>,
    since: Duration,
    /// It is being asked for anew, until this instant.
    asking: Option<Duration>,
}

/// What becomes of a member whose turn has come.
pub(super) enum Turn {
    Rings,
    /// It is being asked whether it is free.
    Waits,
    LeftOut(Skip),
}

impl Known {
    pub(super) fn new(states: Vec<MemberState>, since: Duration) -> Self {
        Self {
            states,
            since,
            asking: None,
        }
    }

    pub(super) fn asking(&self) -> Option<Duration> {
        self.asking
    }

    /// Nobody answers: what was known before has to do.
    pub(super) fn time_out(&mut self, call: &Call) {
        if self.asking.is_some_and(|until| call.is_due(until)) {
            self.asking = None;
            self.since = call.now.mono;
        }
    }
}

impl Ringing {
    /// Whether a candidate rings now; asks what is known of all, where that is old.
    pub(super) fn turn(&mut self, call: &mut Call, member: usize) -> Turn {
        let Some(candidate) = self.spec.candidates.get(member) else {
            return Turn::Rings;
        };
        let Some(party) = &candidate.party else {
            return Turn::Rings;
        };
        if !candidate.skip_if_busy && !has_state(call, party) {
            return Turn::Rings;
        }
        if self.known.asking.is_some() {
            return Turn::Waits;
        }
        if self.known.since != call.now.mono {
            self.ask(call);
            return Turn::Waits;
        }
        let state = match who(call, party) {
            Some(_) => self.known.states.get(member).copied().unwrap_or_default(),
            None => MemberState::Away,
        };
        skip(candidate.skip_if_busy, state).map_or(Turn::Rings, Turn::LeftOut)
    }

    fn ask(&mut self, call: &mut Call) {
        let candidates = self.spec.candidates.iter();
        let who = candidates
            .map(|candidate| who(call, candidate.party.as_ref()?))
            .collect();
        call.share(HubRequest::Group { who, turns: None });
        self.known.asking = Some(call.after(FACTS));
    }

    /// This is known of the members now.
    pub(crate) fn on_known(&mut self, call: &mut Call, infos: &[MemberInfo]) -> Rung {
        if self.known.asking.take().is_none() || self.whispering.is_some() {
            return Rung::On;
        }
        let states: Vec<MemberState> = infos.iter().map(|info| info.facts().state).collect();
        for (index, info) in infos.iter().enumerate() {
            let changed = self.known.states.get(index) != states.get(index);
            if changed && info.state != AgentState::Available {
                let member = self.name(index);
                let state = info.state;
                call.note(Note::MemberState { member, state });
            }
        }
        self.known = Known::new(states, call.now.mono);
        // Somebody else may be on duty by now.
        for candidate in &mut self.spec.candidates {
            if let Some(party) = &candidate.party {
                candidate.target = target(call, party);
                candidate.who = counted_as(call, party);
            }
        }
        self.go_on(call)
    }

    /// It is not rung this time.
    pub(super) fn leave_out(&mut self, index: usize, why: Skip) {
        let Some(attempt) = self.attempts.get_mut(index) else {
            return;
        };
        attempt.state = State::Over;
        self.gone.push(attempt.index);
        self.left_out.push(match why {
            Skip::Busy => Disposition::Busy,
            Skip::Away => Disposition::Unreachable,
        });
        // Whoever is away will not be there in a moment.
        self.tried |= why == Skip::Busy;
        self.wave_left = self.wave_left.saturating_sub(1);
        if let Onward::After(step) = self.spec.order.onward()
            && self.wave_left == 0
        {
            // Who rings already was to go on until this one's time would have been over.
            for attempt in &mut self.attempts {
                attempt.shorten(step);
            }
        }
    }
}
