//! Calling back who left a queue: waiting in its place for a member, then for the caller's answer.
//!
//! The member comes first, and hears what it is about: a caller who answers is never made to wait
//! again. A caller who does not answer is tried again later, a bounded number of times; each try
//! is a call of its own, with a record of its own.

use std::time::Duration;

use callroute_media::{EndCause, Notice, PlayId, Sound};
use callroute_schema::{
    CallerId, Disposition, EventKind, Number, Prompt, Queue, QueueInfo, QueueRecord, Say,
};

use super::duty::Duty;
use super::queue::{LET_IN, joining, offer};
use super::ring::{Ringing, Rung, Spec, Winner};
use super::{Step, Talk, ends};
use crate::call::{Call, LegState, millis, seconds};
use crate::note::Note;
use crate::program::Flow;
use crate::shared::{Callback, HubReply, HubRequest, Joining};

/// How long the caller's phone rings.
pub(crate) const RING_S: u32 = 30;
/// Most callers that wait to be called back.
const MAX_SIZE: u32 = 10_000;
/// How often members ring for one try; nobody is rung for hours because of one caller.
pub(crate) const OFFERS: u32 = 10;
/// What the member hears where the queue has no whisper.
const WHISPER: &str = "A callback. The caller's phone is being called.";

#[derive(Debug)]
enum Phase {
    /// The queue is to let the caller in.
    Joining,
    /// Nobody has time.
    Waiting,
    /// Members ring; who, as positions among those that were offered.
    Ringing(Box<Ringing>, Vec<usize>),
    /// A member has answered and hears ringback; the caller's phone rings.
    Reaching(Winner, PlayId, Box<Ringing>),
}

#[derive(Debug)]
pub(crate) struct CallingBack {
    callback: Box<Callback>,
    duty: Duty,
    phase: Phase,
    /// How often members rang.
    offers: u32,
    since: Duration,
    until: Duration,
}

impl CallingBack {
    pub(crate) fn begin(call: &mut Call, callback: Box<Callback>) -> Step {
        let queue = &callback.queue;
        call.note(Note::CallingBack {
            queue: queue.name.to_string(),
            call_id: callback.event.call_id.clone(),
            n: callback.tries.saturating_add(1),
        });
        call.share(HubRequest::Join(Box::new(Joining {
            max_size: MAX_SIZE,
            wait_when_empty: true,
            place: Some(callback.place.clone()),
            ..joining(call, queue)
        })));
        Step::CallingBack(Box::new(Self {
            duty: Duty::begin(call, &queue.members),
            callback,
            phase: Phase::Joining,
            offers: 0,
            since: call.now.mono,
            until: call.after(LET_IN),
        }))
    }

    pub(crate) fn deadline(&self) -> Duration {
        match &self.phase {
            Phase::Joining => self.until,
            Phase::Waiting => self.duty.deadline().unwrap_or(self.until).min(self.until),
            Phase::Ringing(ringing, _) => ringing.deadline().min(self.until),
            Phase::Reaching(_, _, ringing) => ringing.deadline(),
        }
    }

    pub(crate) fn on_notice(&mut self, call: &mut Call, notice: &Notice) -> Flow {
        match &mut self.phase {
            Phase::Joining | Phase::Waiting => Flow::Stay,
            Phase::Ringing(ringing, _) => {
                let rung = ringing.on_notice(call, notice);
                self.rung(call, rung)
            }
            Phase::Reaching(winner, _, ringing) => {
                if ends(notice, winner.leg) {
                    ringing.abandon(call);
                    return self.again(call, "the member hung up before the caller answered");
                }
                let rung = ringing.on_notice(call, notice);
                self.reached(call, &rung)
            }
        }
    }

    pub(crate) fn on_shared(&mut self, call: &mut Call, shared: &HubReply) -> Flow {
        match (&self.phase, shared) {
            (Phase::Joining, HubReply::Queued { position, size }) => {
                self.phase = Phase::Waiting;
                self.until = call.after(seconds(call.settings.callback_wait_s));
                call.note(Note::Queued {
                    queue: self.callback.queue.name.to_string(),
                    position: *position,
                    size: *size,
                });
                self.tell(call, EventKind::QueueJoined);
                Flow::Stay
            }
            (Phase::Joining | Phase::Waiting, HubReply::Refused { .. }) => {
                self.again(call, "the queue does not take the caller")
            }
            (Phase::Waiting, HubReply::Offer { members, passed }) => {
                for passed in passed {
                    call.note(Note::Passed {
                        call_id: passed.call_id.clone(),
                        why: passed.why,
                    });
                }
                self.offers += 1;
                let mut queue = Queue::clone(&self.callback.queue);
                queue.whisper = queue.whisper.or_else(|| {
                    Some(Prompt::Say(Say {
                        text: WHISPER.to_owned(),
                        language: None,
                        voice: None,
                        on: callroute_schema::On::new(),
                    }))
                });
                let (ringing, rung) = offer(call, &queue, members);
                self.phase = Phase::Ringing(Box::new(ringing), members.clone());
                self.rung(call, rung)
            }
            _ => Flow::Stay,
        }
    }

    pub(crate) fn on_wake(&mut self, call: &mut Call) -> Flow {
        if !call.is_due(self.deadline()) {
            return Flow::Stay;
        }
        match &mut self.phase {
            Phase::Reaching(_, _, ringing) => {
                let rung = ringing.on_wake(call);
                self.reached(call, &rung)
            }
            Phase::Ringing(ringing, _) if !call.is_due(self.until) => {
                let rung = ringing.on_wake(call);
                self.rung(call, rung)
            }
            Phase::Joining => self.again(call, "the queue did not answer"),
            Phase::Waiting if !call.is_due(self.until) => {
                self.duty.on_wake(call, &self.callback.queue.members);
                Flow::Stay
            }
            Phase::Waiting | Phase::Ringing(..) => Flow::End {
                cause: EndCause::Normal,
                why: "no member had time for the callback".to_owned(),
            },
        }
    }

    pub(crate) fn abandon(&mut self, call: &mut Call) {
        match &mut self.phase {
            Phase::Joining => return call.share(HubRequest::Quit),
            Phase::Waiting => {}
            Phase::Ringing(ringing, _) => ringing.abandon(call),
            Phase::Reaching(_, _, ringing) => return ringing.abandon(call),
        }
        // Whoever gives up twice leaves once.
        self.phase = Phase::Joining;
        call.share(HubRequest::Quit);
        self.left(call, Disposition::Canceled);
    }

    /// The caller was not reached, through no fault of anybody: that is no try.
    pub(crate) fn put_off(&self, call: &mut Call) {
        let callback = self.callback.clone();
        call.share(HubRequest::Again {
            callback,
            after_ms: 0,
        });
    }

    /// What the members' phones did.
    fn rung(&mut self, call: &mut Call, rung: Rung) -> Flow {
        let Phase::Ringing(ringing, members) = &mut self.phase else {
            return Flow::Stay;
        };
        let gone = ringing.take_gone();
        let of = |index: usize, members: &[usize]| members.get(index).copied();
        let winner = match rung {
            Rung::Won(winner) if call.leg(winner.leg) == LegState::Answered => winner,
            rung => {
                // Whoever hung up at once, during the whisper, is among those that are gone.
                let hung_up = match &rung {
                    Rung::Won(winner) => Some(winner.index),
                    Rung::On | Rung::Lost => None,
                };
                for index in gone.into_iter().chain(hung_up) {
                    if let Some(member) = of(index, members) {
                        call.share(HubRequest::Offered {
                            member,
                            answered: false,
                        });
                    }
                }
                if rung != Rung::On {
                    self.phase = Phase::Waiting;
                    if self.offers >= OFFERS {
                        return self.again(call, "no member took the callback");
                    }
                }
                return Flow::Stay;
            }
        };
        let wrap_up_ms = ringing.wrap_up_ms();
        let member = of(winner.index, members);
        let hears = call.play_to(winner.leg, Sound::Ringback);
        let (leg, name) = (winner.leg, winner.who.clone());
        call.member_talks(leg, name, winner.attempt, wrap_up_ms);
        if let Some(member) = member {
            call.share(HubRequest::Offered {
                member,
                answered: true,
            });
        }
        self.left(call, Disposition::Answered);
        let number = self.callback.event.from.as_str();
        let target = Number::new(number).ok();
        let target = target.map(callroute_media::DialTarget::Number);
        let spec = Spec::one(number.to_owned(), target, seconds(RING_S));
        let spec = spec.calling_back(&CallerId::Dialed);
        let (ringing, rung) = Ringing::begin(call, spec);
        self.phase = Phase::Reaching(winner, hears, Box::new(ringing));
        self.reached(call, &rung)
    }

    /// What the caller's phone did.
    fn reached(&mut self, call: &mut Call, rung: &Rung) -> Flow {
        let Phase::Reaching(winner, hears, _) = &self.phase else {
            return Flow::Stay;
        };
        match rung {
            Rung::On => Flow::Stay,
            Rung::Lost => self.again(call, "the caller did not answer"),
            Rung::Won(_) => {
                call.stop_play_to(winner.leg, *hears);
                let most = seconds(call.settings.max_talk_s);
                let talk = Talk::begin(call, winner.leg, winner.member.clone(), most);
                Flow::Switch(Box::new(Step::Talk(Box::new(talk))))
            }
        }
    }

    /// This try has failed; there may be another.
    fn again(&mut self, call: &mut Call, why: &str) -> Flow {
        let n = self.callback.tries.saturating_add(1);
        let more = n < call.settings.callback_tries;
        let again_s = call.settings.callback_again_s;
        call.note(Note::CallbackFailed {
            n,
            again_s: more.then_some(again_s),
        });
        if more {
            let mut callback = self.callback.clone();
            callback.tries = n;
            call.share(HubRequest::Again {
                callback,
                after_ms: millis(seconds(again_s)),
            });
        }
        Flow::End {
            cause: EndCause::Normal,
            why: why.to_owned(),
        }
    }

    fn left(&self, call: &mut Call, disposition: Disposition) {
        let wait_ms = call.elapsed_ms(self.since);
        let name = self.callback.queue.name.clone();
        call.note(Note::QueueLeft {
            queue: name.to_string(),
            wait_ms,
            disposition,
        });
        call.ledger.queue(QueueRecord {
            name,
            wait_ms,
            disposition,
        });
        self.tell(call, EventKind::QueueLeft);
    }

    fn tell(&self, call: &mut Call, kind: EventKind) {
        let mut event = call.event_now(kind);
        event.queue = Some(QueueInfo {
            name: self.callback.queue.name.clone(),
            position: None,
            wait_ms: Some(call.elapsed_ms(self.since)),
            size: None,
        });
        call.emit(event);
    }
}

/// Whether a caller's number can be called back: it is known, and the table lets it be dialed.
pub(crate) fn number(call: &Call) -> Option<Number> {
    let address = call.event.from.address()?;
    let number = Number::new(address.as_str()).ok()?;
    let allowed = call.engine.permits(number.as_str());
    allowed.then_some(number)
}
