//! What every step of a call works with: time, legs, ids, and the effects it leaves behind.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use callroute_media::{Command, EndCause, LegId, PlayId, RecordingId, Sound};
use callroute_rules::Engine;
use callroute_schema::{Action, ActionKind, Event, EventKind};

use crate::effect::{AskId, Effect};
use crate::input::Now;
use crate::note::Note;

/// How far a leg has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LegState {
    /// It exists and has not been answered.
    Early,
    /// It is answered.
    Answered,
    /// We ended it and wait for its end.
    Ending,
    /// It is over.
    Ended,
}

/// One call's state that no step owns.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) engine: Arc<Engine>,
    /// The incoming call as it came; later events are made from it.
    pub(crate) event: Event,
    pub(crate) now: Now,
    pub(crate) started: Duration,
    pub(crate) effects: VecDeque<Effect>,
    pub(crate) attempts: u32,
    legs: BTreeMap<LegId, LegState>,
    next_leg: u32,
    next_play: u32,
    next_recording: u32,
    next_ask: u32,
}

impl Call {
    pub(crate) fn new(engine: Arc<Engine>, event: Event, now: Now) -> Self {
        Self {
            engine,
            event,
            now,
            started: now.mono,
            effects: VecDeque::new(),
            attempts: 0,
            legs: BTreeMap::from([(LegId::CALLER, LegState::Early)]),
            next_leg: 1,
            next_play: 1,
            next_recording: 1,
            next_ask: 1,
        }
    }

    pub(crate) fn note(&mut self, note: Note) {
        self.effects.push_back(Effect::Note(note));
    }

    pub(crate) fn command(&mut self, command: Command) {
        self.effects.push_back(Effect::Media(command));
    }

    /// The instant `after` from now, for a timer.
    pub(crate) fn after(&self, after: Duration) -> Duration {
        self.now.mono.saturating_add(after)
    }

    pub(crate) fn is_due(&self, deadline: Duration) -> bool {
        self.now.mono >= deadline
    }

    /// An event of this call, now.
    pub(crate) fn event_now(&self, kind: EventKind) -> Event {
        let mut event = self.event.clone();
        event.kind = kind;
        event.timestamp = self.now.utc.with_timezone(self.event.timestamp.offset());
        event
    }

    pub(crate) fn emit(&mut self, event: Event) {
        self.effects.push_back(Effect::Emit(Box::new(event)));
    }

    pub(crate) fn new_ask(&mut self) -> AskId {
        let id = AskId(self.next_ask);
        self.next_ask += 1;
        id
    }

    pub(crate) fn leg(&self, leg: LegId) -> LegState {
        self.legs.get(&leg).copied().unwrap_or(LegState::Ended)
    }

    pub(crate) fn caller_answered(&self) -> bool {
        self.leg(LegId::CALLER) == LegState::Answered
    }

    /// A leg for somebody who is called now.
    pub(crate) fn new_leg(&mut self) -> LegId {
        let leg = LegId(self.next_leg);
        self.next_leg += 1;
        self.legs.insert(leg, LegState::Early);
        leg
    }

    pub(crate) fn leg_answered(&mut self, leg: LegId) {
        if let Some(state @ LegState::Early) = self.legs.get_mut(&leg) {
            *state = LegState::Answered;
        }
    }

    /// Marks a leg's end; whether that is news.
    pub(crate) fn leg_ended(&mut self, leg: LegId) -> bool {
        match self.legs.get_mut(&leg) {
            Some(state) if *state != LegState::Ended => {
                *state = LegState::Ended;
                true
            }
            _ => false,
        }
    }

    /// Ends a leg, unless it is over or being ended.
    pub(crate) fn hangup(&mut self, leg: LegId, cause: EndCause) {
        if let Some(state @ (LegState::Early | LegState::Answered)) = self.legs.get_mut(&leg) {
            *state = LegState::Ending;
            self.command(Command::Hangup { leg, cause });
        }
    }

    /// Ends every leg but the caller's.
    pub(crate) fn hangup_others(&mut self, cause: EndCause) {
        let others: Vec<LegId> = self.legs.keys().copied().collect();
        for leg in others {
            if leg != LegId::CALLER {
                self.hangup(leg, cause);
            }
        }
    }

    pub(crate) fn all_ended(&self) -> bool {
        self.legs.values().all(|state| *state == LegState::Ended)
    }

    /// Plays a sound to the caller.
    pub(crate) fn play(&mut self, sound: Sound) -> PlayId {
        let play = PlayId(self.next_play);
        self.next_play += 1;
        self.note(Note::Playing {
            sound: sound.clone(),
        });
        self.command(Command::Play {
            leg: LegId::CALLER,
            play,
            sound,
        });
        play
    }

    pub(crate) fn stop_play(&mut self, play: PlayId) {
        self.command(Command::StopPlay {
            leg: LegId::CALLER,
            play,
        });
    }

    /// Records the caller.
    pub(crate) fn record(&mut self, name: String) -> RecordingId {
        let recording = RecordingId(self.next_recording);
        self.next_recording += 1;
        self.command(Command::Record {
            leg: LegId::CALLER,
            recording,
            name,
        });
        recording
    }

    pub(crate) fn elapsed_ms(&self, since: Duration) -> u64 {
        millis(self.now.mono.saturating_sub(since))
    }
}

/// Whole milliseconds.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The kind of each action, for notes; targets are resolved before.
pub(crate) fn kinds(actions: &[Action]) -> Vec<ActionKind> {
    actions.iter().filter_map(Action::kind).collect()
}
