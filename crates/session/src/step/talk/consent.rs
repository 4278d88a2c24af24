//! Telling the two of a conversation that they will be recorded, and recording them then.

use std::time::Duration;

use callroute_media::{EndCause, LegId, Notice, PlayEnd, PlayId};
use callroute_schema::{Disposition, Record};

use super::{Talk, gone, start_recording};
use crate::call::Call;
use crate::note::Note;
use crate::program::{Flow, branch};
use crate::step::play::ended;
use crate::step::recording::CONSENT;
use crate::step::ring::prompt_sound;

/// Both sides hear a consent prompt; when the caller has heard it, the recording begins.
#[derive(Debug)]
pub(super) struct Consented {
    /// Who hears it; the first is waited for.
    plays: Vec<(LegId, PlayId)>,
    record: Box<Record>,
    /// Somebody did not hear it to its end: a leg plays one sound at a time, and music, or the
    /// prompt of a transfer, took its place. It is played anew when the two talk again.
    stopped: bool,
    until: Duration,
}

impl Consented {
    pub(super) fn deadline(&self) -> Duration {
        self.until
    }

    fn is_heard(&self, notice: &Notice) -> bool {
        let first = self.plays.first();
        let heard =
            first.is_some_and(|(_, first)| ended(notice, *first) == Some(PlayEnd::Finished));
        heard && !self.stopped
    }

    fn ended_by(&self, notice: &Notice, end: PlayEnd) -> bool {
        let so = |play| ended(notice, play) == Some(end);
        self.plays.iter().any(|(_, play)| so(*play))
    }

    fn stop(&self, call: &mut Call) {
        for (leg, play) in &self.plays {
            call.stop_play_to(*leg, *play);
        }
    }
}

impl Talk {
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
            stopped: false,
            until: call.after(CONSENT),
        });
    }

    /// The two talk again: whoever was being told of a recording hears it from the beginning.
    pub(super) fn tell_anew(&mut self, call: &mut Call) {
        if let Some(consent) = self.consent.take() {
            consent.stop(call);
            self.record(call, *consent.record);
        }
    }

    /// What a notice means for the prompt; the conversation may give way to a branch for it.
    pub(super) fn told(&mut self, call: &mut Call, notice: &Notice) -> Option<Flow> {
        let consent = self.consent.as_mut()?;
        consent.stopped |= consent.ended_by(notice, PlayEnd::Stopped);
        if consent.ended_by(notice, PlayEnd::Failed) {
            return Some(self.unheard(call));
        }
        if let Some(consent) = self.consent.take_if(|consent| consent.is_heard(notice)) {
            begin_recording(call, &consent);
        }
        None
    }

    /// The prompt has taken as long as it may.
    pub(super) fn consent_due(&mut self, call: &mut Call) -> Option<Flow> {
        let later = self.held.is_some() || self.transfer.is_some();
        let consent = self.consent.as_mut()?;
        if !call.is_due(consent.until) {
            return None;
        }
        if !consent.stopped {
            consent.stop(call);
            if let Some(consent) = self.consent.take() {
                begin_recording(call, &consent);
            }
            return None;
        }
        if later {
            consent.until = call.after(CONSENT);
            return None;
        }
        Some(self.unheard(call))
    }

    /// Nobody is recorded who was not told. The conversation gives way to a branch for that.
    fn unheard(&mut self, call: &mut Call) -> Flow {
        let Some(consent) = self.consent.take() else {
            return Flow::Stay;
        };
        call.note(Note::Unrecorded);
        consent.stop(call);
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
}

/// Both have heard that they are recorded.
fn begin_recording(call: &mut Call, consent: &Consented) {
    start_recording(call, &consent.record);
    if let Some(running) = &mut call.running {
        running.told = consent.plays.iter().map(|(leg, _)| *leg).collect();
    }
}
