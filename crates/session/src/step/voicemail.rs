//! Taking a message: greeting, beep, recording, and perhaps hearing whether it shall be kept.

use std::time::Duration;

use callroute_media::{Command, LegId, Notice, PlayEnd, PlayId, RecordOptions, RecordingId, Sound};
use callroute_schema::{Digit, Disposition, EventKind, RecordingInfo, RecordingRecord, Voicemail};

use super::play::{LONGEST, PARTING, ended};
use crate::call::{Call, millis, seconds};
use crate::effect::{Effect, Message};
use crate::note::Note;
use crate::program::Flow;

/// Longest message where nothing else is said.
pub(crate) const MAX_S: u32 = 180;
/// Shortest message where nothing else is said.
const MIN_S: u32 = 1;
/// How much silence ends a message where nothing else is said.
pub(crate) const SILENCE_S: u32 = 10;
/// How long a stopped recording may take to be kept.
pub(crate) const KEEPING: Duration = Duration::from_secs(10);
/// How long the caller may take to say what becomes of the message.
pub(crate) const REVIEW: Duration = Duration::from_secs(30);
/// How often a message may be recorded again.
const AGAIN: u32 = 5;

#[derive(Debug)]
enum Phase {
    Greeting(PlayId),
    Beep(PlayId),
    Message(RecordingId),
    Keeping(RecordingId),
    /// The caller is asked what becomes of the message.
    Review(Kept),
    /// The message is kept, and we did not stop it: the caller's end is about to be told.
    Parting,
}

/// A recording that has ended.
#[derive(Debug, Clone)]
struct Kept {
    recording: RecordingId,
    url: String,
    duration_ms: u64,
}

#[derive(Debug)]
pub(crate) struct Recording {
    voicemail: Voicemail,
    phase: Phase,
    again: u32,
    /// The caller ended the message by a key and is still there.
    stopped: bool,
    deadline: Duration,
}

impl Recording {
    pub(crate) fn begin(call: &mut Call, voicemail: Voicemail) -> Self {
        let greeting = call.play(Sound::PromptOr {
            text: voicemail.message.replace(['_', '-'], " "),
            prompt: voicemail.message.clone(),
        });
        Self {
            voicemail,
            phase: Phase::Greeting(greeting),
            again: 0,
            stopped: false,
            deadline: call.after(LONGEST),
        }
    }

    pub(crate) fn deadline(&self) -> Duration {
        self.deadline
    }

    pub(crate) fn on_notice(&mut self, call: &mut Call, notice: &Notice) -> Flow {
        let key = key(notice);
        match &self.phase {
            Phase::Greeting(_) | Phase::Message(_)
                if key == Some('0') && self.voicemail.operator.is_some() =>
            {
                self.operator(call)
            }
            // A key cuts the greeting short.
            Phase::Greeting(play) if key == Some('#') => {
                call.stop_play(*play);
                self.beep(call)
            }
            Phase::Greeting(play) | Phase::Beep(play)
                if ended(notice, *play) == Some(PlayEnd::Stopped) =>
            {
                self.deadline = call.after(PARTING);
                Flow::Stay
            }
            Phase::Greeting(play) if ended(notice, *play).is_some() => self.beep(call),
            Phase::Beep(play) if ended(notice, *play).is_some() => self.record(call),
            Phase::Message(recording) if key == Some('#') => {
                let recording = *recording;
                self.stop(call, recording)
            }
            Phase::Message(recording) | Phase::Keeping(recording) => {
                let recording = *recording;
                self.ended(call, notice, recording)
            }
            Phase::Review(kept) => match key {
                Some('1') => self.keep(call, kept.clone()),
                Some('2') if self.again < AGAIN => {
                    let kept = kept.clone();
                    self.record_again(call, &kept)
                }
                Some('3') => {
                    let kept = kept.clone();
                    self.phase = Phase::Parting;
                    discard(call, &kept);
                    call.note(Note::MessageDiscarded);
                    Flow::Next
                }
                _ => Flow::Stay,
            },
            Phase::Greeting(_) | Phase::Beep(_) | Phase::Parting => Flow::Stay,
        }
    }

    pub(crate) fn on_wake(&mut self, call: &mut Call) -> Flow {
        if !call.is_due(self.deadline) {
            return Flow::Stay;
        }
        match &self.phase {
            Phase::Greeting(play) => {
                call.stop_play(*play);
                self.beep(call)
            }
            Phase::Beep(play) => {
                call.stop_play(*play);
                self.record(call)
            }
            Phase::Message(recording) => {
                let recording = *recording;
                self.stop(call, recording)
            }
            Phase::Review(kept) => {
                let kept = kept.clone();
                self.keep(call, kept)
            }
            Phase::Parting => Flow::Next,
            // Nobody waits any longer; when its end is told, it is kept.
            Phase::Keeping(_) => {
                let reason = "the recording is not confirmed yet".to_owned();
                call.note(Note::RecordFailed { reason });
                self.abandon(call);
                Flow::Next
            }
        }
    }

    /// The caller is gone, or does something else: what was said so far is kept.
    pub(crate) fn abandon(&mut self, call: &mut Call) {
        match &self.phase {
            Phase::Review(kept) => {
                let kept = kept.clone();
                self.keep(call, kept);
            }
            Phase::Message(recording) | Phase::Keeping(recording) => {
                let recording = *recording;
                let stopped = matches!(self.phase, Phase::Keeping(_));
                self.phase = Phase::Parting;
                break_off(call, recording, stopped, Some(self.voicemail.clone()));
            }
            Phase::Greeting(_) | Phase::Beep(_) | Phase::Parting => {}
        }
    }

    fn beep(&mut self, call: &mut Call) -> Flow {
        self.phase = Phase::Beep(call.play(Sound::Beep));
        self.deadline = call.after(KEEPING);
        Flow::Stay
    }

    fn record(&mut self, call: &mut Call) -> Flow {
        call.note(Note::Recording {
            message: self.voicemail.message.clone(),
        });
        let name = format!(
            "{}/{}",
            file_name(&self.voicemail.message),
            file_name(call.event.call_id.as_str())
        );
        let silence = seconds(self.voicemail.silence_s.unwrap_or(SILENCE_S));
        let longest = seconds(self.voicemail.max_s.unwrap_or(MAX_S));
        let options = RecordOptions {
            both: false,
            trim: !self.voicemail.keep_silence,
            silence_ms: Some(millis(silence)),
            max_ms: Some(millis(longest)),
        };
        let (recording, _) = call.record(name, options);
        self.phase = Phase::Message(recording);
        self.deadline = call.after(longest);
        Flow::Stay
    }

    fn record_again(&mut self, call: &mut Call, kept: &Kept) -> Flow {
        discard(call, kept);
        self.again += 1;
        self.stopped = false;
        self.beep(call)
    }

    /// Instead of a message, whatever `0` does.
    fn operator(&mut self, call: &mut Call) -> Flow {
        let actions = self.voicemail.operator.take();
        match self.phase {
            Phase::Greeting(play) => call.stop_play(play),
            Phase::Message(recording) => break_off(call, recording, false, None),
            _ => {}
        }
        match actions {
            Some(actions) => Flow::Become(actions),
            None => Flow::Stay,
        }
    }

    fn stop(&mut self, call: &mut Call, recording: RecordingId) -> Flow {
        // A leg that is being ended ends its recordings.
        if call.is_live(LegId::CALLER) {
            call.command(Command::StopRecord {
                leg: LegId::CALLER,
                recording,
            });
        }
        self.stopped = true;
        self.phase = Phase::Keeping(recording);
        self.deadline = call.after(KEEPING);
        Flow::Stay
    }

    /// The recording has ended, kept or not.
    fn ended(&mut self, call: &mut Call, notice: &Notice, wanted: RecordingId) -> Flow {
        let Notice::RecordEnded {
            recording,
            url,
            duration_ms,
            error,
            ..
        } = notice
        else {
            return Flow::Stay;
        };
        if *recording != wanted {
            return Flow::Stay;
        }
        // It was as long as it may be, whoever of us saw that first: the caller has ended nothing.
        self.stopped |= matches!(self.phase, Phase::Message(_)) && call.is_due(self.deadline);
        // Nobody can be asked, or do anything else, once the caller's leg is being ended.
        self.stopped &= call.is_live(LegId::CALLER);
        let Some(url) = url.clone() else {
            let reason = error
                .clone()
                .unwrap_or_else(|| "no reason was given".to_owned());
            call.note(Note::RecordFailed {
                reason: reason.clone(),
            });
            return Flow::failed_on(&self.voicemail.on, Disposition::Failed, reason);
        };
        let kept = Kept {
            recording: *recording,
            url,
            duration_ms: *duration_ms,
        };
        if kept.duration_ms < shortest(&self.voicemail) {
            discard(call, &kept);
            call.note(Note::MessageTooShort {
                duration_ms: kept.duration_ms,
            });
            return self.parting(call);
        }
        if self.voicemail.review && self.stopped {
            call.play(Sound::PromptOr {
                prompt: "voicemail_review".to_owned(),
                text: "To keep the message, press 1. To record it again, press 2. \
                       To throw it away, press 3."
                    .to_owned(),
            });
            self.phase = Phase::Review(kept);
            self.deadline = call.after(REVIEW);
            return Flow::Stay;
        }
        self.keep(call, kept);
        self.parting(call)
    }

    /// The caller's own end may be about to be told: the call is not ended over it.
    fn parting(&mut self, call: &Call) -> Flow {
        if self.stopped {
            return Flow::Next;
        }
        self.phase = Phase::Parting;
        self.deadline = call.after(PARTING);
        Flow::Stay
    }

    /// Tells of the message.
    fn keep(&mut self, call: &mut Call, kept: Kept) -> Flow {
        self.phase = Phase::Parting;
        keep(call, &self.voicemail, kept);
        Flow::Next
    }
}

/// A message is broken off; its recording's end is told to [`left`].
fn break_off(call: &mut Call, recording: RecordingId, stopped: bool, voicemail: Option<Voicemail>) {
    if !stopped && call.is_live(LegId::CALLER) {
        let leg = LegId::CALLER;
        call.command(Command::StopRecord { leg, recording });
    }
    call.tapes.push((recording, voicemail));
}

/// The recording of a message that was broken off has ended: the message is kept, where it is
/// long enough, or thrown away.
pub(crate) fn left(call: &mut Call, voicemail: Option<&Voicemail>, notice: &Notice) {
    let Notice::RecordEnded {
        recording,
        url: Some(url),
        duration_ms,
        ..
    } = notice
    else {
        if voicemail.is_some() {
            let reason = "the message was broken off, and could not be kept".to_owned();
            call.note(Note::RecordFailed { reason });
        }
        return;
    };
    let kept = Kept {
        recording: *recording,
        url: url.clone(),
        duration_ms: *duration_ms,
    };
    match voicemail.filter(|voicemail| shortest(voicemail) <= *duration_ms) {
        Some(voicemail) => keep(call, voicemail, kept),
        None => discard(call, &kept),
    }
}

fn shortest(voicemail: &Voicemail) -> u64 {
    millis(seconds(voicemail.min_s.unwrap_or(MIN_S)))
}

/// Tells of a message.
fn keep(call: &mut Call, voicemail: &Voicemail, kept: Kept) {
    let Kept {
        url, duration_ms, ..
    } = kept;
    call.note(Note::Recorded {
        url: url.clone(),
        duration_ms,
    });
    let mailbox = voicemail.message.clone();
    let reason = call.reason();
    let mut event = call.event_now(EventKind::VoicemailRecorded);
    event.recording = Some(RecordingInfo {
        url: url.clone(),
        duration_ms,
    });
    event
        .attributes
        .insert("mailbox".to_owned(), mailbox.clone());
    event.attributes.insert("reason".to_owned(), reason.clone());
    call.emit(event);
    call.ledger.recording(RecordingRecord {
        url: url.clone(),
        duration_ms,
        mailbox: Some(mailbox.clone()),
    });
    let message = Message {
        mailbox,
        call_id: call.event.call_id.clone(),
        from: call.event.from.clone(),
        from_name: call.event.from_name.clone(),
        to: call.event.to.to_string(),
        received: call.timestamp(),
        reason,
        url,
        duration_ms,
        webhook: voicemail.webhook.clone(),
        mail: voicemail.mail.clone(),
    };
    call.effects.push_back(Effect::Message(Box::new(message)));
}

fn discard(call: &mut Call, kept: &Kept) {
    call.command(Command::Discard {
        leg: LegId::CALLER,
        recording: kept.recording,
        url: kept.url.clone(),
    });
}

/// The key that the caller pressed, if it did.
fn key(notice: &Notice) -> Option<char> {
    match notice {
        Notice::Digit { leg, digit } if *leg == LegId::CALLER => Some(Digit::as_char(*digit)),
        _ => None,
    }
}

/// A text as one part of a path: letters, digits, `_` and `-` only.
pub(crate) fn file_name(text: &str) -> String {
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
