//! Calls over lines that a test controls, with one hub; and who watches that all is well.

use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use callroute_media::layer::{FaultyLine, SeededFaults};
use callroute_media::{Ability, LegId, Line, Notice};
use callroute_rules::Engine;
use callroute_schema::{Actions, CallId, Cause, Digit, Disposition, Event, Party, Prompt};
use callroute_session::journal::{Entry, Header, Journal, replay};
use callroute_session::shared::{AgentState, Hub, HubMessage};
use callroute_session::{AskFailure, AskId, Effect, FeatureCodes, Input, Now, Session, Settings};
use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use super::fair::Waiting;
use super::line::TestLine;
use super::monitor::Monitor;
use super::turns::{Plan, Turn};
use crate::common::{CLOSED, NUMBERS, OPEN, call, engine};

const ANSWERS: [&str; 16] = [
    r#"{"action":"forward","destination":{"type":"ring_group","members":["+16822306467","+12125551234"]}}"#,
    r#"{"action":"voicemail","message":"office_closed"}"#,
    r#"[{"action":"say","text":"hello"},{"action":"webhook","name":"bare"}]"#,
    r#"{"action":"menu","name":"main"}"#,
    r#""in_turn""#,
    r#""no_such_target""#,
    r#"{"action":"hangup"}"#,
    r#"{"action":"forward","destination":{"type":"agent","name":"nobody"}}"#,
    r#"{"action":"queue","name":"helpdesk"}"#,
    r#"{"action":"park"}"#,
    r#"{"action":"conference","name":"daily"}"#,
    r#"[{"action":"record","consent":{"say":"recorded"}},"confirmed"]"#,
    r#"[{"action":"record"},{"action":"set","attributes":{"a":"b"}}]"#,
    r#"{"action":"redirect","contacts":["+16822306467"]}"#,
    r#"{"action":"record","consent":{"say":"recorded"}}"#,
    r#"[{"action":"record","on":{"failed":{"action":"voicemail","message":"sales"}}},"in_turn"]"#,
];
/// Feature codes with their numbers, and keys that voicemail knows.
const CODES: [&str; 18] = [
    "#1", "*2", "*0", "*3", "#72", "*1", "#1100#", "*2100#", "#1*#", "#", "1", "2", "3", "#3", "#",
    "3", "#", "3",
];
const AGENTS: [&str; 4] = ["ann", "bob", "cid", "+16822306467"];
const STATES: [AgentState; 6] = [
    AgentState::Available,
    AgentState::Busy,
    AgentState::WrapUp,
    AgentState::Paused,
    AgentState::InMeeting,
    AgentState::Offline,
];

fn shared() -> Arc<Engine> {
    static ENGINE: OnceLock<Arc<Engine>> = OnceLock::new();
    ENGINE.get_or_init(engine).clone()
}

/// One call.
pub(crate) struct Running {
    session: Session,
    header: Header,
    line: FaultyLine<TestLine, SeededFaults>,
    wire: TestLine,
    asks: Vec<AskId>,
    inbox: Vec<Input>,
    pub(crate) monitor: Monitor,
    entries: Vec<Entry>,
    pub(crate) effects: Vec<Vec<Effect>>,
}

impl Running {
    /// A replay of the journal, as written and read again, has the same effects to the byte.
    pub(crate) fn replays(&self) -> Result<(), TestCaseError> {
        let journal = Journal {
            header: self.header.clone(),
            entries: self.entries.clone(),
        };
        let mut text = journal.header.to_line();
        for entry in &journal.entries {
            text.push('\n');
            text.push_str(&entry.to_line());
        }
        text.push('\n');
        let read = Journal::parse(&text).unwrap();
        let again = replay(shared(), &read);
        prop_assert_eq!(read, journal);
        prop_assert_eq!(again.len(), self.effects.len());
        let bytes = |effects: &Vec<Effect>| serde_json::to_vec(effects).unwrap();
        for (step, effects) in again.iter().zip(&self.effects) {
            prop_assert_eq!(bytes(&step.effects), bytes(effects));
        }
        Ok(())
    }
}

/// All calls, their hub, and the clock.
pub(crate) struct World {
    pub(crate) calls: Vec<Running>,
    hub: Hub,
    start: DateTime<Utc>,
    mono: Duration,
    waiting: Waiting,
    settings: Arc<Settings>,
    seed: u64,
    faults: u16,
}

impl World {
    pub(crate) fn new(plan: &Plan) -> Self {
        let lots = plan.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        let consent = serde_json::from_str::<Prompt>(r#"{"say":"recorded"}"#).ok();
        let settings = Arc::new(Settings {
            features: Some(FeatureCodes {
                consent: consent.filter(|_| plan.seed.is_multiple_of(2)),
                ..FeatureCodes::default()
            }),
            // One plan in four has an adapter that cannot do everything.
            cannot: Ability::ALL
                .into_iter()
                .filter(|ability| plan.seed % 4 == 1 && lots >> *ability as u32 & 1 == 1)
                .collect(),
            caller_transfers: plan.seed.is_multiple_of(3),
            ..Settings::default()
        });
        let mut world = Self {
            calls: Vec::new(),
            hub: Hub::new(),
            start: OPEN.parse::<DateTime<Utc>>().unwrap(),
            mono: Duration::ZERO,
            waiting: Waiting::default(),
            settings: settings.clone(),
            seed: plan.seed,
            faults: plan.faults,
        };
        for (index, (number, open)) in plan.calls.iter().enumerate() {
            let to = NUMBERS[number % NUMBERS.len()];
            let mut event = call(to, if *open { OPEN } else { CLOSED });
            event.call_id = CallId::new(format!("c{index}")).unwrap();
            let header =
                Header::new(&shared(), event.clone()).with_settings(settings.as_ref().clone());
            world.begin(event, header, Monitor::new());
        }
        for index in 0..world.calls.len() {
            world.input(index, Input::Start);
        }
        world
    }

    fn begin(&mut self, event: Event, header: Header, monitor: Monitor) {
        let index = self.calls.len();
        let wire = TestLine::default();
        let faults = self.faults / 3;
        let seeded = SeededFaults::new(self.seed ^ index as u64, faults, faults, faults);
        let now = self.now();
        self.calls.push(Running {
            session: Session::with_settings(shared(), event, now, self.settings.clone()),
            header,
            line: FaultyLine::new(wire.clone(), seeded),
            wire,
            asks: Vec::new(),
            inbox: Vec::new(),
            monitor,
            entries: Vec::new(),
            effects: Vec::new(),
        });
    }

    /// Whoever is to be called back is, each time in a call of its own.
    fn call_back(&mut self) {
        for callback in self.hub.take_callbacks() {
            let index = self.calls.len();
            let call_id = CallId::new(format!("c{index}")).unwrap();
            let event = callback.event(call_id, self.now().utc.fixed_offset());
            let header = Header::new(&shared(), event.clone());
            let header = header.with_settings(self.settings.as_ref().clone());
            self.begin(event, header, Monitor::without_caller());
            self.input(index, Input::CallBack(Box::new(callback)));
        }
    }

    fn now(&self) -> Now {
        Now {
            utc: self.start + TimeDelta::from_std(self.mono).unwrap(),
            mono: self.mono,
        }
    }

    fn input(&mut self, index: usize, input: Input) {
        let now = self.now();
        let running = &mut self.calls[index];
        if running.session.is_done() {
            return;
        }
        if let Input::Media(notice) = &input {
            running.monitor.notice(notice);
        }
        running.entries.push(Entry::new(now, input.clone()));
        let effects: Vec<Effect> = running.session.handle(now, input).collect();
        let call_id = running.session.event().call_id.clone();
        let mut told = Vec::new();
        for effect in &effects {
            match effect {
                Effect::Media(command) => {
                    running.monitor.command(command, &self.settings);
                    running.line.perform(command.clone());
                }
                Effect::Ask { ask, .. } => running.asks.push(*ask),
                Effect::HubRequest(share) => {
                    self.waiting.shared(self.mono, &call_id, share);
                    let news = self.hub.handle(now, &call_id, share.clone());
                    self.waiting.all_told(self.mono, &news);
                    told.extend(news);
                }
                _ => {}
            }
        }
        running.effects.push(effects);
        if running.session.is_done() {
            self.waiting.waits.remove(&call_id);
            let news = self.hub.ended(now, &call_id);
            self.waiting.all_told(self.mono, &news);
            told.extend(news);
        } else {
            let wake = running.session.next_wake();
            assert!(wake.is_some(), "a wait without an end");
        }
        self.tell(told);
    }

    /// Puts what the hub says on its way.
    fn tell(&mut self, told: Vec<HubMessage>) {
        self.call_back();
        for HubMessage { call_id, shared } in told {
            let call = self
                .calls
                .iter_mut()
                .find(|call| call.session.event().call_id == call_id);
            if let Some(call) = call {
                call.inbox.push(Input::HubReply(shared));
            }
        }
        // What was offered is taken in at once: the hub and a call are never far apart.
        for index in 0..self.calls.len() {
            while !self.calls[index].inbox.is_empty() {
                let input = self.calls[index].inbox.remove(0);
                self.input(index, input);
            }
        }
    }

    /// Hands over what has arrived.
    fn drain(&mut self, index: usize) {
        let mut context = Context::from_waker(Waker::noop());
        while let Poll::Ready(Some(notice)) = self.calls[index].line.poll_notice(&mut context) {
            if self.calls[index].monitor.ended.contains(&notice.leg()) {
                continue;
            }
            self.input(index, Input::Media(notice));
        }
    }

    /// Something that nobody asked for happens on a leg that is there.
    fn happens(&mut self, index: usize, notice: Notice) {
        let running = &self.calls[index];
        if running.monitor.alive.contains(&notice.leg()) {
            running.wire.wire().deliver(notice);
            self.drain(index);
        }
    }

    fn wake(&mut self, index: usize) {
        let hub = self.hub.next_wake();
        let Some(wake) = self.calls[index].session.next_wake() else {
            return;
        };
        if let Some(at) = hub.filter(|at| *at < wake) {
            self.mono = self.mono.max(at);
            let now = self.now();
            let told = self.hub.wake(now);
            self.waiting.all_told(self.mono, &told);
            return self.tell(told);
        }
        self.mono = self.mono.max(wake);
        self.input(index, Input::Wake);
        self.drain(index);
    }

    pub(crate) fn turn(&mut self, whose: usize, turn: &Turn) {
        let index = whose % self.calls.len();
        let leg = |number: u8| LegId(u32::from(number));
        match turn {
            Turn::Arrive(choice) => {
                if self.calls[index].wire.arrive(usize::from(*choice)) {
                    self.mono += Duration::from_millis(u64::from(*choice));
                    self.drain(index);
                } else {
                    self.wake(index);
                }
            }
            Turn::Wake => self.wake(index),
            Turn::EarlyWake => {
                self.mono += Duration::from_millis(1);
                self.input(index, Input::Wake);
            }
            Turn::Press(number, code) => {
                let digit = Digit::from_event(*code).unwrap();
                let leg = leg(*number);
                self.happens(index, Notice::Digit { leg, digit });
            }
            Turn::Code(number, code) => {
                let leg = leg(*number);
                for key in CODES[usize::from(*code) % CODES.len()].chars() {
                    let digit = Digit::new(key).unwrap();
                    self.happens(index, Notice::Digit { leg, digit });
                }
            }
            Turn::HangUp(number) => {
                let cause = Cause::normal();
                let leg = leg(*number);
                self.happens(index, Notice::LegEnded { leg, cause });
            }
            Turn::Hold(number, held) => {
                let leg = leg(*number);
                self.happens(index, Notice::Held { leg, held: *held });
            }
            Turn::Refer(number, to) => {
                let replaces = (to % 2 == 0).then(|| format!("c{}/leg{}", to % 5, to % 3));
                let to = Party::new(["+16822306467", "ann", "1001"][usize::from(*to) % 3]);
                let (leg, to) = (leg(*number), to.unwrap());
                let dialog = format!("c{index}/{leg}");
                self.happens(index, Notice::Dialog { leg, dialog });
                self.happens(index, Notice::Refer { leg, to, replaces });
            }
            Turn::Answer(ask, answer) => {
                let ask = AskId(u32::from(*ask));
                let input = match ANSWERS.get(usize::from(*answer) % (ANSWERS.len() + 1)) {
                    Some(json) => Input::Answered {
                        ask,
                        actions: Actions::from_json(json.as_bytes()).unwrap(),
                        stood_in: None,
                    },
                    None => Input::AskFailed {
                        ask,
                        failure: AskFailure {
                            class: "reset".into(),
                            detail: String::new(),
                        },
                    },
                };
                self.input(index, input);
            }
            Turn::Push(which) => {
                let json = ANSWERS[usize::from(*which) % ANSWERS.len()];
                let actions = Actions::from_json(json.as_bytes()).unwrap();
                self.input(index, Input::Push { actions });
            }
            Turn::Agent(who, state) => {
                let state = STATES[usize::from(*state) % STATES.len()];
                let agent = AGENTS[usize::from(*who) % AGENTS.len()];
                let told = self.hub.set_agent(self.now(), agent, state);
                self.waiting.all_told(self.mono, &told);
                self.tell(told);
            }
            Turn::Stray(number) => {
                let leg = LegId(1_000 + u32::from(*number));
                self.input(index, Input::Media(Notice::LegAnswered { leg }));
                let cause = Cause::local(Disposition::Failed);
                self.input(index, Input::Media(Notice::LegEnded { leg, cause }));
            }
            Turn::Shutdown => self.input(index, Input::Shutdown),
        }
    }

    /// Everything that is under way arrives, and time passes, until every call is over.
    pub(crate) fn finish(&mut self) {
        loop {
            self.finish_all();
            // Whoever was not reached is called again, but not for ever.
            let Some(at) = self.hub.next_callback() else {
                break;
            };
            self.mono = self.mono.max(at);
            let now = self.now();
            let told = self.hub.wake(now);
            self.waiting.all_told(self.mono, &told);
            self.tell(told);
        }
        let waits = &self.waiting.waits;
        assert!(waits.is_empty(), "still waiting: {waits:?}");
    }

    fn finish_all(&mut self) {
        let mut index = 0;
        while index < self.calls.len() {
            for _ in 0..4_000 {
                if self.calls[index].session.is_done() {
                    break;
                }
                // Ends first: a leg that was told to end does so.
                if self.calls[index].wire.arrive_an_end() {
                    self.drain(index);
                } else {
                    self.wake(index);
                }
            }
            let running = &self.calls[index];
            assert!(
                running.session.is_done(),
                "the call does not end: {:?}",
                running.session
            );
            index += 1;
        }
    }
}
