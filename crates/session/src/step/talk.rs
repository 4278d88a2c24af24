//! Waiting for a conversation's end: hold, feature codes, transfers, and what is pushed meanwhile.

mod consent;
mod features;
mod refusal;
mod transfer;

use std::time::Duration;

use callroute_media::{Command, EndCause, LegId, Notice, PlayId, Sound};
use callroute_schema::EventKind;

use self::consent::Consented;
use self::features::Keys;
pub(crate) use self::features::{start_recording, stop_recording, told_slot};
pub(crate) use self::refusal::refused;
use self::transfer::Transfer;
use super::Meeting;
use super::carried_on;
use crate::call::Call;
use crate::note::Note;
use crate::program::Flow;
use crate::shared::HubReply;

/// Two legs that hear each other, and whatever one of them is about to do with the other.
#[derive(Debug)]
pub(crate) struct Talk {
    /// The caller, until somebody took its place.
    a: LegId,
    b: LegId,
    /// Since when the two are connected.
    since: Duration,
    /// Who holds the call, and the music that the other one hears.
    held: Option<(LegId, PlayId)>,
    keys: Option<Keys>,
    transfer: Option<Transfer>,
    /// Both hear that they will be recorded.
    consent: Option<Consented>,
    /// No conversation is longer; a leg whose end was lost does not live for ever.
    until: Duration,
}

impl Talk {
    pub(crate) fn begin(call: &mut Call, peer: LegId, member: String, most: Duration) -> Self {
        call.command(Command::Bridge {
            a: LegId::CALLER,
            b: peer,
        });
        call.note(Note::Bridged { member });
        let event = call.event_now(EventKind::CallAnswered);
        call.emit(event);
        call.tell_consent(peer);
        Self {
            a: LegId::CALLER,
            b: peer,
            since: call.now.mono,
            held: None,
            keys: None,
            transfer: None,
            consent: None,
            until: call.after(most),
        }
    }

    /// Two other legs of the same call talk now.
    fn between(call: &mut Call, a: LegId, b: LegId, until: Duration) -> Self {
        call.command(Command::Bridge { a, b });
        call.note(Note::Reconnected { a, b });
        call.tell_consent(a);
        call.tell_consent(b);
        Self {
            a,
            b,
            since: call.now.mono,
            held: None,
            keys: None,
            transfer: None,
            consent: None,
            until,
        }
    }

    pub(crate) fn deadline(&self) -> Duration {
        let keys = self.keys.as_ref().map(Keys::deadline);
        let transfer = self.transfer.as_ref().map(Transfer::deadline);
        let consent = self.consent.as_ref().map(Consented::deadline);
        [keys, transfer, consent]
            .into_iter()
            .flatten()
            .fold(self.until, Duration::min)
    }

    pub(crate) fn on_notice(&mut self, call: &mut Call, notice: &Notice) -> Flow {
        if let Some(flow) = self.told(call, notice) {
            return flow;
        }
        if self.transfer.is_some() {
            return self.transferring(call, notice);
        }
        match notice {
            Notice::LegEnded { leg, .. } if *leg == self.a || *leg == self.b => {
                self.over(call, *leg, carried_on(notice))
            }
            Notice::Held { leg, held } if *leg == self.a || *leg == self.b => {
                self.hold(call, *leg, *held);
                Flow::Stay
            }
            Notice::Digit { leg, digit } if *leg == self.a || *leg == self.b => {
                self.pressed(call, *leg, *digit)
            }
            Notice::Refer { leg, to, replaces } if *leg == self.a || *leg == self.b => {
                self.referred(call, *leg, to, replaces.clone())
            }
            _ => Flow::Stay,
        }
    }

    pub(crate) fn on_shared(&mut self, call: &mut Call, shared: &HubReply) -> Flow {
        match shared {
            HubReply::Take { leg, room } => {
                let kept = self.other(*leg);
                // A transfer of the two that is under way has nobody to transfer any more.
                if let Some(mut transfer) = self.transfer.take() {
                    transfer.abandon(call);
                }
                self.settle(call);
                let replaced = *leg;
                let flow = Meeting::enter(call, vec![kept], room.clone());
                call.hangup(replaced, EndCause::Normal);
                flow
            }
            other => self.replaced(call, other),
        }
    }

    pub(crate) fn on_wake(&mut self, call: &mut Call) -> Flow {
        if call.is_due(self.until) {
            self.settle(call);
            return Flow::End {
                cause: EndCause::Normal,
                why: "the longest conversation is over".to_owned(),
            };
        }
        if let Some(flow) = self.consent_due(call) {
            return flow;
        }
        if self
            .keys
            .as_ref()
            .is_some_and(|keys| call.is_due(keys.deadline()))
        {
            self.keys = None;
        }
        if self
            .transfer
            .as_ref()
            .is_some_and(|transfer| call.is_due(transfer.deadline()))
        {
            return self.transfer_due(call);
        }
        Flow::Stay
    }

    /// The conversation is over for the call's record.
    pub(crate) fn settle(&mut self, call: &mut Call) {
        if self.a == LegId::CALLER || self.b == LegId::CALLER {
            let talk_ms = call.elapsed_ms(self.since);
            call.ledger.connected(talk_ms);
        }
        self.since = call.now.mono;
    }

    pub(crate) fn abandon(&mut self, call: &mut Call) {
        if let Some(mut transfer) = self.transfer.take() {
            transfer.abandon(call);
        }
        self.settle(call);
    }

    /// Whether who talks with this leg can be sent to another call in its place.
    pub(crate) fn gives_up(&self, call: &Call, leg: LegId) -> bool {
        let one_of_two = leg == self.a || leg == self.b;
        one_of_two && !gone(call, self.a) && !gone(call, self.b)
    }

    /// Whether this leg may ask for a transfer now.
    pub(crate) fn is_free_for(&self, leg: LegId) -> bool {
        self.transfer.is_none() && (leg == self.a || leg == self.b)
    }

    fn other(&self, leg: LegId) -> LegId {
        if leg == self.a { self.b } else { self.a }
    }

    /// One of the two hung up.
    fn over(&mut self, call: &mut Call, leg: LegId, cause: EndCause) -> Flow {
        self.settle(call);
        let why = if leg == LegId::CALLER {
            "the caller hung up"
        } else {
            "the other side hung up"
        };
        Flow::End {
            cause,
            why: why.to_owned(),
        }
    }

    /// While one holds, the other one hears music.
    fn hold(&mut self, call: &mut Call, leg: LegId, held: bool) {
        let other = self.other(leg);
        match (held, self.held) {
            (true, None) => {
                call.note(Note::Hold { leg, held });
                let play = call.play_to(other, Sound::Music);
                self.held = Some((leg, play));
            }
            (false, Some((by, play))) if by == leg => {
                call.note(Note::Hold { leg, held });
                call.stop_play_to(other, play);
                self.held = None;
                // The music took the prompt's place, if one was playing.
                self.tell_anew(call);
            }
            _ => {}
        }
    }

    /// The steps after a transfer: these two talk.
    fn now_talk(&mut self, call: &mut Call, a: LegId, b: LegId) -> Flow {
        self.settle(call);
        let (until, consent) = (self.until, self.consent.take());
        *self = Self::between(call, a, b, until);
        // Who was being told of a recording may not be there any more.
        self.consent = consent;
        self.tell_anew(call);
        Flow::Stay
    }
}

/// Whether a leg is over or being ended.
fn gone(call: &Call, leg: LegId) -> bool {
    !call.is_live(leg)
}

/// Three legs of one call meet.
fn all_three(call: &mut Call, legs: Vec<LegId>) -> Flow {
    let room = format!("call-{}", call.event.call_id);
    Meeting::enter(call, legs, room)
}

/// The times that the table in `waits.md` speaks of.
#[cfg(test)]
pub(crate) mod limits {
    pub(crate) use super::features::NEXT_KEY as CODE_KEY;
    pub(crate) use super::transfer::{
        FIRST_KEY as NUMBER_FIRST, FOUND as OTHER_CALL, NEXT_KEY as NUMBER_NEXT, RING_S as THIRD_S,
    };
}
