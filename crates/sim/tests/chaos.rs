//! Properties: whatever order inputs arrive in, the call ends, every leg ends, and the caller is
//! never left without an action; and a replay does exactly the same.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::common::{CLOSED, NUMBERS, OPEN, call, engine};
use callroute_media::{Command, LegId, Notice, PlayEnd, PlayId, RecordingId, Sound};
use callroute_rules::Engine;
use callroute_schema::{Actions, Cause, Digit, Disposition};
use callroute_session::journal::{Entry, Header, Journal, replay};
use callroute_session::{AskFailure, AskId, Effect, Input, Now, Session};
use chrono::TimeDelta;
use proptest::prelude::*;

/// One turn of fate.
#[derive(Debug, Clone)]
enum Turn {
    /// Something that is under way arrives; which, is chosen by the number.
    Arrive(u8),
    /// Time passes until the session wants to be woken.
    Wake,
    /// A little time passes, and the session is woken too early.
    EarlyWake,
    /// The caller presses a key.
    Press(u8),
    /// The caller hangs up.
    HangUp,
    /// A server answers an ask, perhaps one of long ago.
    Answer(u8, u8),
    /// Something about a leg that never was.
    Stray(u8),
    /// The router stops.
    Shutdown,
}

fn turn() -> impl Strategy<Value = Turn> {
    prop_oneof![
        12 => any::<u8>().prop_map(Turn::Arrive),
        4 => Just(Turn::Wake),
        1 => Just(Turn::EarlyWake),
        4 => (0u8..16).prop_map(Turn::Press),
        1 => Just(Turn::HangUp),
        3 => (0u8..4, any::<u8>()).prop_map(|(ask, answer)| Turn::Answer(ask, answer)),
        1 => any::<u8>().prop_map(Turn::Stray),
        (1) => (0u8..20).prop_map(|n| if n == 0 { Turn::Shutdown } else { Turn::Wake }),
    ]
}

const ANSWERS: [&str; 8] = [
    r#"{"action":"forward","destination":{"type":"ring_group","members":["+16822306467","+12125551234"]}}"#,
    r#"{"action":"voicemail","message":"office_closed"}"#,
    r#"[{"action":"say","text":"hello"},{"action":"webhook","name":"bare"}]"#,
    r#"{"action":"menu","name":"main"}"#,
    r#""in_turn""#,
    r#""no_such_target""#,
    r#"{"action":"hangup"}"#,
    r#"{"action":"forward","destination":{"type":"agent","name":"nobody"}}"#,
];

/// The world: keeps the contract of a line, and nothing else. What is under way may arrive in any
/// order, but each leg's own end comes last.
struct World {
    session: Session,
    engine: Arc<Engine>,
    header: Header,
    mono: Duration,
    pending: Vec<Notice>,
    asks: Vec<AskId>,
    alive: BTreeSet<LegId>,
    ended: BTreeSet<LegId>,
    playing: Vec<(LegId, PlayId)>,
    recording: Vec<(LegId, RecordingId)>,
    hung_up: BTreeSet<LegId>,
    bridges: usize,
    entries: Vec<Entry>,
    effects: Vec<Vec<Effect>>,
}

fn shared() -> Arc<Engine> {
    static ENGINE: OnceLock<Arc<Engine>> = OnceLock::new();
    ENGINE.get_or_init(engine).clone()
}

impl World {
    fn new(to: &str, open: bool) -> Self {
        let engine = shared();
        let event = call(to, if open { OPEN } else { CLOSED });
        let header = Header::new(&engine, event.clone());
        let now = Now {
            utc: event.timestamp.to_utc(),
            mono: Duration::ZERO,
        };
        let mut world = Self {
            session: Session::new(engine.clone(), event, now),
            engine,
            header,
            mono: Duration::ZERO,
            pending: Vec::new(),
            asks: Vec::new(),
            alive: BTreeSet::from([LegId::CALLER]),
            ended: BTreeSet::new(),
            playing: Vec::new(),
            recording: Vec::new(),
            hung_up: BTreeSet::new(),
            bridges: 0,
            entries: Vec::new(),
            effects: Vec::new(),
        };
        world.input(Input::Start);
        world
    }

    fn input(&mut self, input: Input) {
        if self.session.is_done() {
            return;
        }
        let utc = self.header.event.timestamp.to_utc() + TimeDelta::from_std(self.mono).unwrap();
        let now = Now {
            utc,
            mono: self.mono,
        };
        self.entries.push(Entry::new(now, input.clone()));
        let effects: Vec<Effect> = self.session.handle(now, input).collect();
        for effect in &effects {
            match effect {
                Effect::Media(command) => self.obey(command),
                Effect::Ask { ask, .. } => self.asks.push(*ask),
                _ => {}
            }
        }
        self.effects.push(effects);
        if !self.session.is_done() {
            assert!(self.session.next_wake().is_some(), "a wait without an end");
        }
    }

    fn obey(&mut self, command: &Command) {
        match command {
            Command::Dial { leg, .. } => {
                assert!(self.alive.insert(*leg), "{leg} dialed twice");
                let cause = Cause::from_sip([486, 404, 480, 503, 603][leg.0 as usize % 5]);
                self.pending.push(Notice::LegRinging { leg: *leg });
                self.pending.push(Notice::LegAnswered { leg: *leg });
                self.pending.push(Notice::LegEnded { leg: *leg, cause });
            }
            Command::Answer { leg } => self.pending.push(Notice::LegAnswered { leg: *leg }),
            Command::Play { leg, play, sound } => {
                self.playing.push((*leg, *play));
                if *sound != Sound::Ringback {
                    let end = PlayEnd::Finished;
                    self.pending.push(Notice::PlayEnded {
                        leg: *leg,
                        play: *play,
                        end,
                    });
                }
            }
            Command::Record { leg, recording, .. } => self.recording.push((*leg, *recording)),
            Command::StopRecord { leg, .. } => self.close_recordings(*leg),
            Command::Hangup { leg, .. } => {
                assert!(
                    !self.ended.contains(leg),
                    "a hang-up for {leg}, which has ended"
                );
                self.hung_up.insert(*leg);
                let cause = Cause::normal();
                self.pending.push(Notice::LegEnded { leg: *leg, cause });
            }
            Command::Bridge { a, b } => {
                self.bridges += 1;
                assert!(
                    !self.ended.contains(a) && !self.ended.contains(b),
                    "a dead leg bridged"
                );
            }
            _ => {}
        }
    }

    fn close_recordings(&mut self, leg: LegId) {
        let (closed, open) = self.recording.drain(..).partition(|(of, _)| *of == leg);
        self.recording = open;
        let closed: Vec<(LegId, RecordingId)> = closed;
        for (leg, recording) in closed {
            let lost = recording.0 % 3 == 0;
            self.pending.push(Notice::RecordEnded {
                leg,
                recording,
                url: (!lost).then(|| "x.wav".to_owned()),
                duration_ms: 1_000,
                error: lost.then(|| "disk full".to_owned()),
            });
        }
    }

    fn arrive(&mut self, choice: u8) {
        if self.pending.is_empty() {
            return self.wake();
        }
        let notice = self
            .pending
            .remove(usize::from(choice) % self.pending.len());
        self.mono += Duration::from_millis(u64::from(choice));
        self.deliver(notice);
    }

    fn deliver(&mut self, notice: Notice) {
        let leg = notice.leg();
        if self.ended.contains(&leg) {
            return;
        }
        if matches!(notice, Notice::LegEnded { .. }) {
            self.close_recordings(leg);
            let last: Vec<Notice> = self
                .pending
                .extract_if(.., |later| {
                    later.leg() == leg && matches!(later, Notice::RecordEnded { .. })
                })
                .collect();
            self.pending.retain(|later| later.leg() != leg);
            for earlier in last {
                self.input(Input::Media(earlier));
            }
            self.ended.insert(leg);
            self.alive.remove(&leg);
        }
        self.input(Input::Media(notice));
    }

    fn wake(&mut self) {
        if let Some(wake) = self.session.next_wake() {
            self.mono = self.mono.max(wake);
            self.input(Input::Wake);
        }
    }

    fn turn(&mut self, turn: &Turn) {
        match turn {
            Turn::Arrive(choice) => self.arrive(*choice),
            Turn::Wake => self.wake(),
            Turn::EarlyWake => {
                self.mono += Duration::from_millis(1);
                self.input(Input::Wake);
            }
            Turn::Press(code) => {
                let digit = Digit::from_event(*code).unwrap();
                self.deliver(Notice::Digit {
                    leg: LegId::CALLER,
                    digit,
                });
            }
            Turn::HangUp => {
                self.deliver(Notice::LegEnded {
                    leg: LegId::CALLER,
                    cause: Cause::normal(),
                });
            }
            Turn::Answer(ask, answer) => {
                let ask = AskId(u32::from(*ask));
                let input = match ANSWERS.get(usize::from(*answer) % 9) {
                    Some(json) => Input::Answered {
                        ask,
                        actions: Actions::from_json(json.as_bytes()).unwrap(),
                    },
                    None => Input::AskFailed {
                        ask,
                        failure: AskFailure {
                            class: "reset".into(),
                            detail: String::new(),
                        },
                    },
                };
                self.input(input);
            }
            Turn::Stray(number) => {
                let leg = LegId(1_000 + u32::from(*number));
                self.input(Input::Media(Notice::LegAnswered { leg }));
                self.input(Input::Media(Notice::LegEnded {
                    leg,
                    cause: Cause::local(Disposition::Failed),
                }));
            }
            Turn::Shutdown => self.input(Input::Shutdown),
        }
    }

    /// Everything that is under way arrives, and time passes, until the call is over.
    fn finish(&mut self) {
        for _ in 0..2_000 {
            if self.session.is_done() {
                return;
            }
            // Ends first: a leg that was told to end does so.
            let ends = self
                .pending
                .iter()
                .position(|notice| matches!(notice, Notice::LegEnded { .. }));
            match ends {
                Some(index) => {
                    let notice = self.pending.remove(index);
                    self.deliver(notice);
                }
                None => self.wake(),
            }
        }
        panic!("the call does not end: {:?}", self.session);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn every_call_ends_whatever_happens(
        number in 0usize..NUMBERS.len(),
        open in prop::bool::weighted(0.8),
        turns in prop::collection::vec(turn(), 0..60),
    ) {
        let mut world = World::new(NUMBERS[number], open);
        for turn in &turns {
            world.turn(turn);
        }
        world.finish();

        // A leg whose end was lost on the way was told to end; dropping the line sees to it.
        prop_assert!(world.alive.is_subset(&world.hung_up), "legs left: {:?}", world.alive);
        prop_assert!(world.bridges <= 1, "the caller was bridged {} times", world.bridges);
        prop_assert!(
            world.hung_up.contains(&LegId::CALLER) || world.ended.contains(&LegId::CALLER),
            "the caller was left"
        );
        let done = world.effects.iter().flatten().filter(|e| **e == Effect::Done).count();
        prop_assert_eq!(done, 1);

        let journal = Journal { header: world.header.clone(), entries: world.entries.clone() };
        let again = replay(world.engine.clone(), &journal);
        for (step, effects) in again.iter().zip(&world.effects) {
            prop_assert_eq!(&step.effects, effects);
        }

        // And it survives being written and read.
        let mut text = journal.header.to_line();
        for entry in &journal.entries {
            text.push('\n');
            text.push_str(&entry.to_line());
        }
        text.push('\n');
        prop_assert_eq!(Journal::parse(&text).unwrap(), journal);
    }
}
