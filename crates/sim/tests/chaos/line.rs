//! A line on which everything arrives when the test says so.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};

use callroute_media::{Command, LegId, Line, Notice, PlayEnd, RecordingId, Sound};
use callroute_schema::Cause;

/// What is under way and what has arrived.
#[derive(Debug, Default)]
pub(crate) struct Wire {
    pub(crate) pending: Vec<Notice>,
    pub(crate) arrived: VecDeque<Notice>,
    recording: Vec<(LegId, RecordingId)>,
}

/// Keeps the contract of a line, and nothing else: what is under way may arrive in any order, but
/// each leg's own end comes last.
#[derive(Debug, Clone, Default)]
pub(crate) struct TestLine(Arc<Mutex<Wire>>);

impl TestLine {
    pub(crate) fn wire(&self) -> MutexGuard<'_, Wire> {
        self.0.lock().unwrap()
    }

    /// One of the things that are under way arrives; whether there was one.
    pub(crate) fn arrive(&self, choice: usize) -> bool {
        let mut wire = self.wire();
        if wire.pending.is_empty() {
            return false;
        }
        let index = choice % wire.pending.len();
        let notice = wire.pending.remove(index);
        wire.deliver(notice);
        true
    }

    /// A leg that was told to end does so; whether there was one.
    pub(crate) fn arrive_an_end(&self) -> bool {
        let mut wire = self.wire();
        let is_end = |notice: &Notice| matches!(notice, Notice::LegEnded { .. });
        let Some(index) = wire.pending.iter().position(is_end) else {
            return false;
        };
        let notice = wire.pending.remove(index);
        wire.deliver(notice);
        true
    }
}

impl Wire {
    /// Something that nobody asked for happens.
    pub(crate) fn deliver(&mut self, notice: Notice) {
        if let Notice::LegEnded { leg, .. } = notice {
            self.close_recordings(leg);
            let last = self.pending.extract_if(.., |later| {
                later.leg() == leg && matches!(later, Notice::RecordEnded { .. })
            });
            let last: Vec<Notice> = last.collect();
            self.pending.retain(|later| later.leg() != leg);
            self.arrived.extend(last);
        }
        self.arrived.push_back(notice);
    }

    fn close_recordings(&mut self, leg: LegId) {
        let (closed, open): (Vec<_>, Vec<_>) =
            self.recording.drain(..).partition(|(of, _)| *of == leg);
        self.recording = open;
        for (leg, recording) in closed {
            let lost = recording.0 % 3 == 0;
            self.pending.push(Notice::RecordEnded {
                leg,
                recording,
                url: (!lost).then(|| "x.wav".to_owned()),
                duration_ms: u64::from(recording.0 % 4) * 2_400,
                error: lost.then(|| "disk full".to_owned()),
            });
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Dial { leg, .. } => {
                let cause = Cause::from_sip([486, 404, 480, 503, 603][leg.0 as usize % 5]);
                self.pending.push(Notice::LegRinging { leg });
                self.pending.push(Notice::EarlyMedia { leg });
                self.pending.push(Notice::LegAnswered { leg });
                self.pending.push(Notice::LegEnded { leg, cause });
            }
            Command::Answer { leg } => self.pending.push(Notice::LegAnswered { leg }),
            Command::Play { leg, play, sound }
                if !matches!(sound, Sound::Ringback | Sound::Music | Sound::Loop(_)) =>
            {
                let end = PlayEnd::Finished;
                self.pending.push(Notice::PlayEnded { leg, play, end });
            }
            Command::Record { leg, recording, .. } => self.recording.push((leg, recording)),
            Command::StopRecord { leg, .. } => self.close_recordings(leg),
            Command::Join { leg, .. } => self.pending.push(Notice::Joined { leg }),
            Command::Redirect { leg, .. } => {
                let cause = Cause::from_sip(302);
                self.pending.push(Notice::LegEnded { leg, cause });
            }
            Command::Hangup { leg, .. } => {
                let cause = Cause::normal();
                self.pending.push(Notice::LegEnded { leg, cause });
            }
            _ => {}
        }
    }
}

impl Line for TestLine {
    fn perform(&mut self, command: Command) {
        self.wire().obey(command);
    }

    fn poll_notice(&mut self, _: &mut Context<'_>) -> Poll<Option<Notice>> {
        match self.wire().arrived.pop_front() {
            Some(notice) => Poll::Ready(Some(notice)),
            None => Poll::Pending,
        }
    }
}
