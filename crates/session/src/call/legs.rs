//! The legs of a call, and who is on them.

use callroute_media::{Command, EndCause, LegId};

use super::{Call, LegState, OnLeg};
use crate::shared::HubRequest;

impl Call {
    pub(crate) fn leg(&self, leg: LegId) -> LegState {
        self.legs.get(&leg).copied().unwrap_or(LegState::Ended)
    }

    pub(crate) fn caller_answered(&self) -> bool {
        self.leg(LegId::CALLER) == LegState::Answered
    }

    /// A leg that a command may still name.
    pub(crate) fn is_live(&self, leg: LegId) -> bool {
        matches!(self.leg(leg), LegState::Early | LegState::Answered)
    }

    /// A leg for somebody who is called now.
    pub(crate) fn new_leg(&mut self) -> LegId {
        let leg = LegId(self.next_leg);
        self.next_leg += 1;
        self.legs.insert(leg, LegState::Early);
        leg
    }

    /// There is no caller yet: it is called by us.
    pub(crate) fn without_caller(&mut self) {
        self.legs.clear();
        // Whoever is called answers; nobody answers it.
        self.answering = true;
    }

    /// The caller's leg, for the caller who is called back now.
    pub(crate) fn caller_leg(&mut self) -> LegId {
        self.legs.insert(LegId::CALLER, LegState::Early);
        LegId::CALLER
    }

    pub(crate) fn leg_answered(&mut self, leg: LegId) {
        if let Some(state @ LegState::Early) = self.legs.get_mut(&leg) {
            *state = LegState::Answered;
            if leg == LegId::CALLER {
                self.ledger.answered(self.timestamp());
            }
        }
    }

    /// Marks a leg's end; whether that is news.
    pub(crate) fn leg_ended(&mut self, leg: LegId) -> bool {
        match self.legs.get_mut(&leg) {
            Some(state) if *state != LegState::Ended => {
                *state = LegState::Ended;
                self.member_gone(leg);
                self.farewells.retain(|(of, _, _)| *of != leg);
                true
            }
            _ => false,
        }
    }

    /// Ends a leg, unless it is over or being ended.
    pub(crate) fn hangup(&mut self, leg: LegId, cause: EndCause) {
        if let Some(state @ (LegState::Early | LegState::Answered)) = self.legs.get_mut(&leg) {
            *state = LegState::Ending;
            self.command(Command::Hangup { leg, cause });
            self.member_gone(leg);
        }
    }

    /// Ends every leg but the caller's.
    pub(crate) fn hangup_others(&mut self, cause: EndCause) {
        let others: Vec<LegId> = self.legs.keys().copied().collect();
        for leg in others {
            if leg != LegId::CALLER {
                self.hangup(leg, cause);
            }
        }
    }

    pub(crate) fn all_ended(&self) -> bool {
        self.legs.values().all(|state| *state == LegState::Ended)
    }

    /// A member has the caller, or talks with whoever has it.
    pub(crate) fn member_talks(
        &mut self,
        leg: LegId,
        member: String,
        attempt: u32,
        wrap_up_ms: u64,
    ) {
        self.share(HubRequest::Talks {
            member: member.clone(),
        });
        let on_leg = OnLeg {
            member,
            attempt,
            since: self.now.mono,
            wrap_up_ms,
        };
        self.on_legs.insert(leg, on_leg);
    }

    fn member_gone(&mut self, leg: LegId) {
        let Some(on_leg) = self.on_legs.remove(&leg) else {
            return;
        };
        let talk_ms = self.elapsed_ms(on_leg.since);
        self.ledger.talked(on_leg.attempt, talk_ms);
        self.share(HubRequest::Talked {
            member: on_leg.member,
            talk_ms,
            wrap_up_ms: on_leg.wrap_up_ms,
        });
    }
}
