//! What a call's record is made of, as the call goes on.

use callroute_schema::{
    AttemptRecord, CallRecord, Cause, DecisionRecord, Disposition, EndedBy, MediaStats,
    QueueRecord, RecordingRecord, Timestamp,
};

use crate::call::Call;

/// Most attempts that a record lists.
const ATTEMPTS: usize = 1_000;

#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) decision: Option<DecisionRecord>,
    attempts: Vec<AttemptRecord>,
    queues: Vec<QueueRecord>,
    recordings: Vec<RecordingRecord>,
    sound: Vec<MediaStats>,
    answered: Option<Timestamp>,
    connected: bool,
    talk_ms: u64,
    last: Option<Cause>,
    pub(crate) end: Option<(EndedBy, String)>,
}

impl Ledger {
    pub(crate) fn answered(&mut self, at: Timestamp) {
        self.answered.get_or_insert(at);
    }

    pub(crate) fn attempt(&mut self, attempt: AttemptRecord, cause: Cause) {
        self.last = Some(cause);
        if self.attempts.len() < ATTEMPTS {
            self.attempts.push(attempt);
        }
    }

    /// How long the member of an attempt was in the conversation.
    pub(crate) fn talked(&mut self, n: u32, talk_ms: u64) {
        if let Some(attempt) = self.attempts.iter_mut().find(|attempt| attempt.n == n) {
            attempt.talk_ms = attempt.talk_ms.saturating_add(talk_ms);
        }
    }

    /// The caller was connected for so long.
    pub(crate) fn connected(&mut self, talk_ms: u64) {
        self.connected = true;
        self.talk_ms = self.talk_ms.saturating_add(talk_ms);
    }

    pub(crate) fn queue(&mut self, queue: QueueRecord) {
        self.queues.push(queue);
    }

    pub(crate) fn recording(&mut self, recording: RecordingRecord) {
        self.recordings.push(recording);
    }

    /// How the sound of a leg went; of very many legs, the first ones.
    pub(crate) fn sound(&mut self, sound: MediaStats) {
        if self.sound.len() < ATTEMPTS {
            self.sound.push(sound);
        }
    }

    /// Who ended the call and why; the first word counts.
    pub(crate) fn ends(&mut self, by: EndedBy, why: &str) {
        self.end.get_or_insert_with(|| (by, why.to_owned()));
    }

    fn disposition(&self) -> Disposition {
        match self.last {
            _ if self.connected => Disposition::Answered,
            Some(cause) => cause.disposition,
            None if self.answered.is_some() => Disposition::Answered,
            None => Disposition::Canceled,
        }
    }
}

/// The record of a call that is over now.
pub(crate) fn record(call: &mut Call) -> CallRecord {
    let ledger = std::mem::take(&mut call.ledger);
    let disposition = ledger.disposition();
    let (ended_by, why) = ledger
        .end
        .unwrap_or((EndedBy::Router, "the call is over".to_owned()));
    CallRecord {
        version: 1,
        call_id: call.event.call_id.clone(),
        from: call.event.from.clone(),
        from_name: call.event.from_name.clone(),
        to: call.event.to.clone(),
        began: call.event.timestamp,
        answered: ledger.answered,
        ended: call.timestamp(),
        duration_ms: call.elapsed_ms(call.started),
        talk_ms: ledger.talk_ms,
        disposition,
        ended_by,
        why,
        decision: ledger.decision,
        attempts: ledger.attempts,
        queues: ledger.queues,
        recordings: ledger.recordings,
        sound: ledger.sound,
        attributes: call.event.attributes.clone(),
    }
}
