//! Taking a message: greeting, beep, recording.

use std::time::Duration;

use callroute_media::{Command, LegId, Notice, PlayId, RecordingId, Sound};
use callroute_schema::{Digit, Disposition, EventKind, On, RecordingInfo, Voicemail};

use super::play::{LONGEST, ended};
use crate::call::Call;
use crate::note::Note;
use crate::program::Flow;

/// Longest message.
const MESSAGE: Duration = Duration::from_secs(180);
/// How long after a recording that ended by itself the caller's end may be told.
const PARTING: Duration = Duration::from_secs(1);
/// How long a stopped recording may take to be kept.
const KEEPING: Duration = Duration::from_secs(10);

#[derive(Debug)]
enum Phase {
    Greeting(PlayId),
    Beep(PlayId),
    Message(RecordingId),
    Keeping(RecordingId),
    /// The message is kept, and we did not stop it: the caller's end is about to be told.
    Kept,
}

#[derive(Debug)]
pub(crate) struct Recording {
    message: String,
    on: On,
    phase: Phase,
    deadline: Duration,
}

impl Recording {
    pub(crate) fn begin(call: &mut Call, voicemail: Voicemail) -> Self {
        let greeting = call.play(Sound::PromptOr {
            text: voicemail.message.replace(['_', '-'], " "),
            prompt: voicemail.message.clone(),
        });
        Self {
            message: voicemail.message,
            on: voicemail.on,
            phase: Phase::Greeting(greeting),
            deadline: call.after(LONGEST),
        }
    }

    pub(crate) fn deadline(&self) -> Duration {
        self.deadline
    }

    pub(crate) fn on_notice(&mut self, call: &mut Call, notice: &Notice) -> Flow {
        match self.phase {
            Phase::Greeting(play) if ended(notice, play).is_some() => self.beep(call),
            Phase::Beep(play) if ended(notice, play).is_some() => self.record(call),
            Phase::Message(recording) if is_hash(notice) => self.stop(call, recording),
            Phase::Message(recording) => match kept(&self.on, call, notice, recording) {
                Some(Flow::Next) => {
                    self.phase = Phase::Kept;
                    self.deadline = call.after(PARTING);
                    Flow::Stay
                }
                other => other.unwrap_or(Flow::Stay),
            },
            Phase::Keeping(recording) => {
                kept(&self.on, call, notice, recording).unwrap_or(Flow::Stay)
            }
            Phase::Greeting(_) | Phase::Beep(_) | Phase::Kept => Flow::Stay,
        }
    }

    pub(crate) fn on_wake(&mut self, call: &mut Call) -> Flow {
        if !call.is_due(self.deadline) {
            return Flow::Stay;
        }
        match self.phase {
            Phase::Greeting(play) => {
                call.stop_play(play);
                self.beep(call)
            }
            Phase::Beep(play) => {
                call.stop_play(play);
                self.record(call)
            }
            Phase::Message(recording) => self.stop(call, recording),
            Phase::Kept => Flow::Next,
            Phase::Keeping(_) => {
                let reason = "the recording was not confirmed".to_owned();
                call.note(Note::RecordFailed { reason });
                Flow::Next
            }
        }
    }

    fn beep(&mut self, call: &mut Call) -> Flow {
        self.phase = Phase::Beep(call.play(Sound::Beep));
        self.deadline = call.after(KEEPING);
        Flow::Stay
    }

    fn record(&mut self, call: &mut Call) -> Flow {
        call.note(Note::Recording {
            message: self.message.clone(),
        });
        let name = format!(
            "{}/{}",
            file_name(&self.message),
            file_name(call.event.call_id.as_str())
        );
        self.phase = Phase::Message(call.record(name));
        self.deadline = call.after(MESSAGE);
        Flow::Stay
    }

    fn stop(&mut self, call: &mut Call, recording: RecordingId) -> Flow {
        call.command(Command::StopRecord {
            leg: LegId::CALLER,
            recording,
        });
        self.phase = Phase::Keeping(recording);
        self.deadline = call.after(KEEPING);
        Flow::Stay
    }
}

fn is_hash(notice: &Notice) -> bool {
    let hash = Digit::from_event(11);
    matches!(notice, Notice::Digit { leg, digit } if *leg == LegId::CALLER && Some(*digit) == hash)
}

/// Tells of the message when it is kept, or why it was not.
fn kept(on: &On, call: &mut Call, notice: &Notice, wanted: RecordingId) -> Option<Flow> {
    let Notice::RecordEnded {
        recording,
        url,
        duration_ms,
        error,
        ..
    } = notice
    else {
        return None;
    };
    if *recording != wanted {
        return None;
    }
    let Some(url) = url.clone() else {
        let reason = error
            .clone()
            .unwrap_or_else(|| "no reason was given".to_owned());
        call.note(Note::RecordFailed {
            reason: reason.clone(),
        });
        return Some(Flow::failed_on(on, Disposition::Failed, reason));
    };
    let duration_ms = *duration_ms;
    call.note(Note::Recorded {
        url: url.clone(),
        duration_ms,
    });
    let mut event = call.event_now(EventKind::VoicemailRecorded);
    event.recording = Some(RecordingInfo { url, duration_ms });
    call.emit(event);
    Some(Flow::Next)
}

/// A text as one part of a path: letters, digits, `_` and `-` only.
fn file_name(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '-' {
                c
            } else {
                '_'
            }
        })
        .take(100)
        .collect()
}
