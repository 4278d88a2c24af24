//! What every step of a call works with: time, legs, ids, and the effects it leaves behind.

mod farewells;
mod legs;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use callroute_media::{
    Ability, Command, EndCause, LegId, PlayId, RecordOptions, RecordingId, Sound,
};
use callroute_rules::{Engine, Facts, RuleId};
use callroute_schema::{
    Action, ActionKind, Actions, Event, EventKind, Prompt, Voicemail, with_variables,
};

use crate::effect::{AskId, Effect};
use crate::input::Now;
use crate::ledger::Ledger;
use crate::note::Note;
use crate::patience::Patience;
use crate::settings::Settings;
use crate::shared::HubRequest;
use crate::step::ring::prompt_sound;

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

/// A member that is on a leg of this call.
#[derive(Debug)]
struct OnLeg {
    member: String,
    attempt: u32,
    since: Duration,
    wrap_up_ms: u64,
}

/// A recording that runs beside the steps.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) recording: RecordingId,
    /// What whoever joins the conversation later hears first.
    pub(crate) consent: Option<Prompt>,
    /// Who heard it.
    pub(crate) told: Vec<LegId>,
    /// What is done when it fails.
    pub(crate) failed: Option<Actions>,
}

/// One call's state that no step owns.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) engine: Arc<Engine>,
    pub(crate) settings: Arc<Settings>,
    /// The incoming call as it came; later events are made from it.
    pub(crate) event: Event,
    pub(crate) now: Now,
    pub(crate) started: Duration,
    pub(crate) effects: VecDeque<Effect>,
    pub(crate) attempts: u32,
    /// Headers for the legs that follow.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) running: Option<Box<Running>>,
    /// Messages that were broken off, and whose ends are still to be told: kept then, with this, or
    /// thrown away.
    pub(crate) tapes: Vec<(RecordingId, Option<Voicemail>)>,
    /// A recording that was stopped, and whose end is still to be told.
    pub(crate) stopping: Option<RecordingId>,
    pub(crate) ledger: Ledger,
    /// What is known besides the event.
    pub(crate) facts: Facts,
    /// The rule that decided last.
    pub(crate) rule: Option<RuleId>,
    pub(crate) decisions: u32,
    /// Why the call is where it is, in words.
    pub(crate) why: String,
    /// The webhook that was asked last and gave no usable answer, and the failure's class.
    pub(crate) unanswered: Option<(String, String)>,
    /// How long the caller has waited for servers and lookups.
    pub(crate) patience: Patience,
    /// What callees are told that still ring when the call ends.
    pub(crate) others_end: EndCause,
    /// What the table's `calls` conditions count this call under.
    counted: Vec<String>,
    /// Whoever parks the caller by a feature code, and is to hear where.
    pub(crate) parked_by: Option<LegId>,
    /// Legs that hear one last sound, and are hung up at its end or at this instant.
    farewells: Vec<(LegId, PlayId, Duration)>,
    on_legs: BTreeMap<LegId, OnLeg>,
    legs: BTreeMap<LegId, LegState>,
    next_leg: u32,
    next_play: u32,
    next_recording: u32,
    next_ask: u32,
    /// The adapter was told to answer the caller.
    answering: bool,
}

impl Call {
    pub(crate) fn new(
        engine: Arc<Engine>,
        event: Event,
        now: Now,
        settings: Arc<Settings>,
    ) -> Self {
        Self {
            engine,
            settings,
            ledger: Ledger::default(),
            event,
            now,
            started: now.mono,
            effects: VecDeque::new(),
            attempts: 0,
            headers: BTreeMap::new(),
            running: None,
            stopping: None,
            tapes: Vec::new(),
            facts: Facts::default(),
            rule: None,
            decisions: 0,
            why: String::new(),
            unanswered: None,
            patience: Patience::default(),
            others_end: EndCause::Normal,
            counted: Vec::new(),
            parked_by: None,
            farewells: Vec::new(),
            on_legs: BTreeMap::new(),
            legs: BTreeMap::from([(LegId::CALLER, LegState::Early)]),
            next_leg: 1,
            next_play: 1,
            next_recording: 1,
            next_ask: 1,
            answering: false,
        }
    }

    pub(crate) fn note(&mut self, note: Note) {
        self.effects.push_back(Effect::Note(note));
    }

    /// Whether the adapter is known not to be able to do this; the trace says so then.
    pub(crate) fn cannot(&mut self, ability: Ability, what: &str) -> bool {
        let cannot = self.settings.cannot.contains(&ability);
        if cannot {
            let what = what.to_owned();
            self.note(Note::Cannot { what, ability });
        }
        cannot
    }

    pub(crate) fn command(&mut self, command: Command) {
        if let Command::Ring { leg }
        | Command::Early { leg, .. }
        | Command::Play { leg, .. }
        | Command::Bridge { a: leg, .. }
        | Command::Join { leg, .. } = &command
            && *leg == LegId::CALLER
        {
            self.patience.heard();
        }
        self.effects.push_back(Effect::Media(command));
    }

    /// The call begins an action: it is counted where the table counts calls.
    pub(crate) fn is_on(&mut self, action: &Action) {
        let counted = self.engine.counted(self.event.to.as_str(), action);
        if self.counted != counted {
            self.counted = counted.into_iter().map(str::to_owned).collect();
            let names = self.counted.clone();
            self.share(HubRequest::On { names });
        }
    }

    pub(crate) fn share(&mut self, share: HubRequest) {
        self.effects.push_back(Effect::HubRequest(share));
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
        event.timestamp = self.timestamp();
        event
    }

    /// The wall clock, in the offset in which the call came in.
    pub(crate) fn timestamp(&self) -> callroute_schema::Timestamp {
        self.now.utc.with_timezone(self.event.timestamp.offset())
    }

    pub(crate) fn emit(&mut self, event: Event) {
        self.effects.push_back(Effect::Emit(Box::new(event)));
    }

    /// Why the call is where it is, in words.
    pub(crate) fn reason(&self) -> String {
        if self.why.is_empty() {
            "the routing says so".to_owned()
        } else {
            self.why.clone()
        }
    }

    pub(crate) fn new_ask(&mut self) -> AskId {
        let id = AskId(self.next_ask);
        self.next_ask += 1;
        id
    }

    /// Answers the caller, unless that was said already; `LegAnswered` follows.
    pub(crate) fn answer(&mut self) {
        if !std::mem::replace(&mut self.answering, true) {
            self.command(Command::Answer { leg: LegId::CALLER });
        }
    }

    /// A prompt with its variables filled in; what is not known is left out.
    pub(crate) fn filled(&mut self, prompt: Prompt) -> Prompt {
        match prompt {
            Prompt::Say(mut say) if say.text.contains('{') => {
                let action = [Action::Say(say.clone())];
                match self
                    .engine
                    .fill(&action, &self.event, &self.facts)
                    .as_deref()
                {
                    Ok([Action::Say(filled)]) => say.text.clone_from(&filled.text),
                    Ok(_) => {}
                    Err(error) => {
                        let fact = error.to_string();
                        self.note(Note::Missing { fact, why: None });
                        let without = with_variables(&say.text, |_| Ok::<_, ()>(String::new()));
                        say.text = without.unwrap_or_default();
                    }
                }
                Prompt::Say(say)
            }
            other => other,
        }
    }

    /// Plays a sound to the caller.
    pub(crate) fn play(&mut self, sound: Sound) -> PlayId {
        self.note(Note::Playing {
            sound: sound.clone(),
        });
        self.play_to(LegId::CALLER, sound)
    }

    /// Plays a sound to any leg; what members hear is not noted.
    pub(crate) fn play_to(&mut self, leg: LegId, sound: Sound) -> PlayId {
        let play = PlayId(self.next_play);
        self.next_play += 1;
        self.command(Command::Play { leg, play, sound });
        play
    }

    pub(crate) fn stop_play(&mut self, play: PlayId) {
        self.stop_play_to(LegId::CALLER, play);
    }

    pub(crate) fn stop_play_to(&mut self, leg: LegId, play: PlayId) {
        if self.is_live(leg) {
            self.command(Command::StopPlay { leg, play });
        }
    }

    /// Records the caller. The name is kept for what is recorded first, and numbered from then on:
    /// one call may be recorded several times, and leave several messages in a box.
    pub(crate) fn record(
        &mut self,
        mut name: String,
        options: RecordOptions,
    ) -> (RecordingId, String) {
        let recording = RecordingId(self.next_recording);
        self.next_recording += 1;
        if recording.0 > 1 {
            name.push_str(&format!("-{}", recording.0));
        }
        let whole = name.clone();
        self.command(Command::Record {
            leg: LegId::CALLER,
            recording,
            name,
            options,
        });
        (recording, whole)
    }

    /// Whether this recording runs, or ran, beside the steps; it does not any more. With what is
    /// done when it failed by itself.
    pub(crate) fn take_recording(&mut self, recording: RecordingId) -> Option<Option<Actions>> {
        let runs = self
            .running
            .take_if(|running| running.recording == recording);
        let stopped = self.stopping.take_if(|stopping| *stopping == recording);
        match (runs, stopped) {
            (Some(running), _) => Some(running.failed),
            (None, Some(_)) => Some(None),
            (None, None) => None,
        }
    }

    /// Somebody comes to a conversation that is being recorded: it is told, as the caller was.
    pub(crate) fn tell_consent(&mut self, leg: LegId) -> Option<PlayId> {
        let live = self.leg(leg) == LegState::Answered;
        let running = self.running.as_mut().filter(|_| live)?;
        let consent = running.consent.clone()?;
        if running.told.contains(&leg) {
            return None;
        }
        running.told.push(leg);
        Some(self.play_to(leg, prompt_sound(consent)))
    }

    /// What whoever meets this call hears first, since it is recorded.
    pub(crate) fn consent(&self) -> Option<&Prompt> {
        self.running.as_ref()?.consent.as_ref()
    }

    pub(crate) fn elapsed_ms(&self, since: Duration) -> u64 {
        millis(self.now.mono.saturating_sub(since))
    }
}

/// Whole milliseconds.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Whole seconds.
pub(crate) fn seconds(seconds: u32) -> Duration {
    Duration::from_secs(u64::from(seconds))
}

/// The kind of each action, for notes; targets are resolved before.
pub(crate) fn kinds(actions: &[Action]) -> Vec<ActionKind> {
    actions.iter().filter_map(Action::kind).collect()
}
