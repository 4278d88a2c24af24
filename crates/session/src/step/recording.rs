//! The consent prompt before a call is recorded; the recording itself runs beside the steps.

use std::time::Duration;

use callroute_media::{Notice, PlayEnd, PlayId};
use callroute_schema::{Disposition, Record};

use super::Step;
use super::play::{PARTING, ended};
use super::ring::prompt_sound;
use super::talk::{start_recording, stop_recording};
use crate::call::Call;
use crate::note::Note;
use crate::program::{Flow, branch};

/// How long a consent prompt may take.
pub(crate) const CONSENT: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(crate) struct Consent {
    record: Option<Record>,
    play: PlayId,
    /// The prompt was stopped, and not by us: the caller's end is about to be told.
    stopped: bool,
    deadline: Duration,
}

impl Consent {
    pub(crate) fn begin(call: &mut Call, record: Record) -> (Step, Flow) {
        if record.stop {
            stop_recording(call);
            return (Step::New, Flow::Next);
        }
        let Some(consent) = record.consent.clone() else {
            start_recording(call, &record);
            return (Step::New, Flow::Next);
        };
        let step = Self {
            play: call.play(prompt_sound(consent)),
            record: Some(record),
            stopped: false,
            deadline: call.after(CONSENT),
        };
        (Step::Consent(step), Flow::Stay)
    }

    pub(crate) fn deadline(&self) -> Duration {
        self.deadline
    }

    pub(crate) fn on_notice(&mut self, call: &mut Call, notice: &Notice) -> Flow {
        match ended(notice, self.play) {
            Some(PlayEnd::Failed) => self.unheard(call),
            Some(PlayEnd::Stopped) => {
                self.stopped = true;
                self.deadline = call.after(PARTING);
                Flow::Stay
            }
            Some(_) => self.given(call),
            None => Flow::Stay,
        }
    }

    /// Nobody is recorded who was not told.
    fn unheard(&mut self, call: &mut Call) -> Flow {
        call.note(Note::Unrecorded);
        let record = self.record.take();
        match record.and_then(|record| branch(&record.on, Disposition::Failed).cloned()) {
            Some(actions) => Flow::Branch {
                actions,
                why: Note::Unrecorded.to_string(),
            },
            None => Flow::Next,
        }
    }

    pub(crate) fn on_wake(&mut self, call: &mut Call) -> Flow {
        if !call.is_due(self.deadline) {
            return Flow::Stay;
        }
        if self.stopped {
            return self.unheard(call);
        }
        call.stop_play(self.play);
        self.given(call)
    }

    fn given(&mut self, call: &mut Call) -> Flow {
        if let Some(record) = self.record.take() {
            start_recording(call, &record);
        }
        Flow::Next
    }
}
