//! Waiting for a conversation's end: hold, feature codes, transfers, and what is pushed meanwhile.

mod features;
mod refusal;
mod transfer;

use std::time::Duration;

use callroute_media::{Command, EndCause, LegId, Notice, PlayEnd, PlayId, Sound};
use callroute_schema::{Disposition, EventKind, Record};

use self::features::Keys;
pub(crate) use self::features::{start_recording, stop_recording, told_slot};
pub(crate) use self::refusal::refused;
use self::transfer::Transfer;
use super::Meeting;
use super::carried_on;
use super::play::ended;
use super::recording::CONSENT;
use super::ring::prompt_sound;
use crate::call::Call;
use crate::note::Note;
use crate::program::{Flow, branch};
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

/// Both sides hear a consent prompt; when the caller has heard it, the recording begins.
#[derive(Debug)]
struct Consented {
    /// Who hears it; the first is waited for.
    plays: Vec<(LegId, PlayId)>,
    record: Box<Record>,
    until: Duration,
}

impl Consented {
    fn is_heard(&self, notice: &Notice) -> bool {
        let first = self.plays.first();
        first.is_some_and(|(_, first)| ended(notice, *first).is_some())
    }

    fn is_unheard(&self, notice: &Notice) -> bool {
        let failed = |play| ended(notice, play) == Some(PlayEnd::Failed);
        self.plays.iter().any(|(_, play)| failed(*play))
    }
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
        let consent = self.consent.as_ref().map(|consent| consent.until);
        [keys, transfer, consent]
            .into_iter()
            .flatten()
            .fold(self.until, Duration::min)
    }

    pub(crate) fn on_notice(&mut self, call: &mut Call, notice: &Notice) -> Flow {
        if let Some(consent) = self.consent.take_if(|consent| consent.is_unheard(notice)) {
            return self.unheard(call, &consent);
        }
        if let Some(consent) = self.consent.take_if(|consent| consent.is_heard(notice)) {
            begin_recording(call, &consent);
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
        if let Some(consent) = self.consent.take_if(|consent| call.is_due(consent.until)) {
            for (leg, play) in &consent.plays {
                call.stop_play_to(*leg, *play);
            }
            begin_recording(call, &consent);
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

    /// Records the two from here on; where they are to be told, when they have been.
    pub(crate) fn record(&mut self, call: &mut Call, record: Record) {
        let Some(consent) = record.consent.clone() else {
            return start_recording(call, &record);
        };
        if self.consent.is_some() || call.running.is_some() {
            return;
        }
        let sound = prompt_sound(consent);
        // The caller, while it is there, is who is recorded.
        let (first, second) = match self.b {
            LegId::CALLER => (self.b, self.a),
            other => (self.a, other),
        };
        // Who transfers may be gone already; who comes instead is told then.
        let there = [first, second].into_iter().filter(|leg| !gone(call, *leg));
        let there: Vec<LegId> = there.collect();
        let plays = there
            .into_iter()
            .map(|leg| (leg, call.play_to(leg, sound.clone())));
        self.consent = Some(Consented {
            plays: plays.collect(),
            record: Box::new(record),
            until: call.after(CONSENT),
        });
    }

    /// Nobody is recorded who was not told. The conversation gives way to a branch for that.
    fn unheard(&mut self, call: &mut Call, consent: &Consented) -> Flow {
        call.note(Note::Unrecorded);
        for (leg, play) in &consent.plays {
            call.stop_play_to(*leg, *play);
        }
        match branch(&consent.record.on, Disposition::Failed) {
            Some(actions) if call.is_live(LegId::CALLER) => {
                self.abandon(call);
                call.hangup_others(EndCause::Normal);
                Flow::Branch {
                    actions: actions.clone(),
                    why: Note::Unrecorded.to_string(),
                }
            }
            _ => Flow::Stay,
        }
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
        if let Some(consent) = consent {
            for (leg, play) in &consent.plays {
                call.stop_play_to(*leg, *play);
            }
            self.record(call, *consent.record);
        }
        Flow::Stay
    }
}

/// Both have heard that they are recorded.
fn begin_recording(call: &mut Call, consent: &Consented) {
    start_recording(call, &consent.record);
    if let Some(running) = &mut call.running {
        running.told = consent.plays.iter().map(|(leg, _)| *leg).collect();
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
