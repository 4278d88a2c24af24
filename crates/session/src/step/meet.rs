//! Being in a room with others: a conference, a parked call that was taken, a transfer between
//! two calls, three parties of one call.

use std::time::Duration;

use callroute_media::{Command, Deed, EndCause, LegId, Notice, PlayId};
use callroute_schema::{Conference, Disposition, On, Prompt};

use super::Step;
use super::ring::prompt_sound;
use crate::call::Call;
use crate::note::Note;
use crate::program::Flow;
use crate::shared::{HubReply, HubRequest};

/// How long the adapter may take to let a leg in.
pub(crate) const LET_IN: Duration = Duration::from_secs(10);
/// How long a leg waits for the others of its room, where it is there to meet them.
pub(crate) const ALONE: Duration = Duration::from_secs(10);
/// No meeting is longer.
pub(crate) const LONGEST: Duration = Duration::from_secs(12 * 3_600);

#[derive(Debug)]
pub(crate) struct Meeting {
    legs: Vec<LegId>,
    /// Legs of other calls in the room.
    others: u32,
    /// Somebody may be alone in it.
    conference: bool,
    /// Who of the legs came into the room.
    inside: Vec<LegId>,
    /// What our legs hear first, since calls of others are recorded.
    recorded: Vec<Prompt>,
    /// Which of that each of them heard, or hears.
    told: Vec<(LegId, Prompt)>,
    /// The prompts that play; a leg hears one after the other.
    plays: Vec<(LegId, PlayId)>,
    /// There were at least two already.
    met: bool,
    since: Duration,
    on: On,
    deadline: Duration,
}

impl Meeting {
    /// The caller joins a conference. It is answered already.
    pub(crate) fn conference(call: &mut Call, to: Conference) -> (Step, Flow) {
        let room = format!("conference-{}", to.name);
        let step = Self::join(call, vec![LegId::CALLER], room, to.muted, true, to.on);
        (Step::Meeting(Box::new(step)), Flow::Stay)
    }

    /// Legs of this call meet each other, or those of another call.
    pub(crate) fn enter(call: &mut Call, legs: Vec<LegId>, room: String) -> Flow {
        let step = Self::join(call, legs, room, false, false, On::new());
        Flow::Switch(Box::new(Step::Meeting(Box::new(step))))
    }

    fn join(
        call: &mut Call,
        legs: Vec<LegId>,
        room: String,
        muted: bool,
        conference: bool,
        on: On,
    ) -> Self {
        call.note(Note::Meeting { room: room.clone() });
        for leg in &legs {
            call.command(Command::Join {
                leg: *leg,
                room: room.clone(),
                muted,
            });
        }
        let count = u32::try_from(legs.len()).unwrap_or(u32::MAX);
        let consent = call.consent().cloned().map(Box::new);
        call.share(HubRequest::Enter {
            room,
            legs: count,
            consent,
        });
        Self {
            legs,
            others: 0,
            conference,
            inside: Vec::new(),
            recorded: Vec::new(),
            told: Vec::new(),
            plays: Vec::new(),
            met: count > 1,
            since: call.now.mono,
            on,
            deadline: call.after(LET_IN),
        }
    }

    pub(crate) fn deadline(&self) -> Duration {
        self.deadline
    }

    pub(crate) fn has(&self, leg: LegId) -> bool {
        self.legs.contains(&leg)
    }

    pub(crate) fn on_notice(&mut self, call: &mut Call, notice: &Notice) -> Flow {
        match notice {
            Notice::Joined { leg } if self.has(*leg) => {
                self.inside.push(*leg);
                if let Some(play) = call.tell_consent(*leg) {
                    self.plays.push((*leg, play));
                }
                self.tell(call, *leg);
                self.deadline = call.after(if self.conference || self.count() > 1 {
                    LONGEST
                } else {
                    ALONE
                });
                Flow::Stay
            }
            Notice::NotDone {
                leg,
                deed: Deed::Join,
                reason,
            } if self.has(*leg) => {
                let why = format!("the room could not be joined: {reason}");
                self.legs.retain(|other| other != leg);
                self.failed(call, why)
            }
            Notice::LegEnded { leg, .. } if self.has(*leg) => {
                self.legs.retain(|other| other != leg);
                self.counted(call)
            }
            Notice::PlayEnded { leg, play, .. } if self.plays.contains(&(*leg, *play)) => {
                self.plays.retain(|(on, _)| on != leg);
                self.tell(call, *leg);
                Flow::Stay
            }
            _ => Flow::Stay,
        }
    }

    pub(crate) fn on_shared(&mut self, call: &mut Call, shared: &HubReply) -> Flow {
        match shared {
            HubReply::Others { legs, recorded } => {
                self.others = *legs;
                self.recorded.clone_from(recorded);
                for leg in self.inside.clone() {
                    self.tell(call, leg);
                }
                self.counted(call)
            }
            _ => Flow::Stay,
        }
    }

    pub(crate) fn on_wake(&mut self, call: &mut Call) -> Flow {
        if !call.is_due(self.deadline) {
            return Flow::Stay;
        }
        if self.inside.is_empty() {
            return self.failed(call, "the room could not be joined in time".to_owned());
        }
        let met = self.met || self.conference;
        self.leave(call);
        let why = match met {
            true => "the longest meeting is over",
            // The caller has met nobody: the routing goes on.
            false if self.has(LegId::CALLER) => {
                let why = "nobody came to the room";
                return Flow::failed_on(&self.on, Disposition::NoAnswer, why);
            }
            false => "nobody came to the room",
        };
        Flow::End {
            cause: EndCause::Normal,
            why: why.to_owned(),
        }
    }

    pub(crate) fn abandon(&mut self, call: &mut Call) {
        self.leave(call);
    }

    /// Tells a leg that it talks with somebody who is recorded.
    fn tell(&mut self, call: &mut Call, leg: LegId) {
        let free = self.has(leg) && call.is_live(leg);
        if !free || self.plays.iter().any(|(on, _)| *on == leg) {
            return;
        }
        let own = call.consent();
        let heard = |prompt: &&Prompt| {
            own == Some(*prompt)
                || self
                    .told
                    .iter()
                    .any(|(on, told)| *on == leg && told == *prompt)
        };
        if let Some(prompt) = self.recorded.iter().find(|prompt| !heard(prompt)).cloned() {
            let play = call.play_to(leg, prompt_sound(prompt.clone()));
            self.told.push((leg, prompt));
            self.plays.push((leg, play));
        }
    }

    fn count(&self) -> usize {
        self.legs.len() + usize::try_from(self.others).unwrap_or(usize::MAX / 2)
    }

    /// Somebody came or went.
    fn counted(&mut self, call: &mut Call) -> Flow {
        if self.count() > 1 {
            self.met = true;
            if !self.inside.is_empty() {
                self.deadline = call.after(LONGEST);
            }
        }
        if self.legs.is_empty() || (!self.conference && self.met && self.count() < 2) {
            self.leave(call);
            return Flow::End {
                cause: EndCause::Normal,
                why: "the others are gone".to_owned(),
            };
        }
        Flow::Stay
    }

    fn leave(&mut self, call: &mut Call) {
        if self.met && self.legs.contains(&LegId::CALLER) {
            let talk_ms = call.elapsed_ms(self.since);
            call.ledger.connected(talk_ms);
        }
        self.met = false;
        for leg in &self.legs {
            if call.is_live(*leg) {
                call.command(Command::Leave { leg: *leg });
            }
        }
        call.share(HubRequest::LeaveRoom);
    }

    fn failed(&mut self, call: &mut Call, why: String) -> Flow {
        self.leave(call);
        if self.legs.contains(&LegId::CALLER) || call.caller_answered() {
            return Flow::failed_on(&self.on, Disposition::Failed, why);
        }
        Flow::End {
            cause: EndCause::Normal,
            why,
        }
    }
}
