//! Plays calls in virtual time, one or several that share queues, agents and rooms.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use callroute_rules::{Engine, Lookup};
use callroute_schema::{CallId, Event};
use callroute_session::shared::{AgentState, Callback, Hub, HubMessage, HubRequest};
use callroute_session::{Effect, Input, Now, Session, Settings};
use chrono::{DateTime, TimeDelta, Utc};

use crate::played::{Played, PlayedStep};
use crate::script::Script;
use crate::world::World;

/// No call has more steps; one that has is not over, which [`Played::is_over`] tells.
const MAX_STEPS: usize = 100_000;

/// Calls that come in one after the other, and who takes them.
#[derive(Debug, Clone, Default)]
pub struct Scene {
    /// What holds for every call.
    pub settings: Settings,
    /// The calls.
    pub calls: Vec<Placed>,
    /// Switches of the routing file that were turned before ("night mode").
    pub switches: BTreeMap<String, bool>,
    /// When after the scene's start which agent's state becomes what.
    pub agents: Vec<(Duration, String, AgentState)>,
}

/// One call of a scene.
#[derive(Debug, Clone)]
pub struct Placed {
    /// When it comes in, after the scene's start.
    pub at: Duration,
    /// Who calls whom. The first call's timestamp is the wall clock at the scene's start.
    pub event: Event,
    /// How everybody in it behaves.
    pub script: Script,
}

/// Plays a call to its end. The event's timestamp is the wall clock at its start.
#[must_use]
#[expect(
    clippy::needless_pass_by_value,
    reason = "one call has its engine to itself, as a session does"
)]
pub fn play(engine: Arc<Engine>, event: Event, script: Script) -> Played {
    let scene = Scene {
        calls: vec![Placed {
            at: Duration::ZERO,
            event,
            script,
        }],
        ..Scene::default()
    };
    let first = play_all(&engine, scene).into_iter().next();
    first.unwrap_or_default()
}

/// Plays the calls of a scene to their ends; what happened in each, in the order of the calls.
/// After them come the calls by which callers of queues were called back, each try one: phones in
/// them behave as the first caller's script says, which has a phone for the caller as well.
#[must_use]
pub fn play_all(engine: &Arc<Engine>, scene: Scene) -> Vec<Played> {
    let start = scene
        .calls
        .first()
        .map_or(DateTime::UNIX_EPOCH, |call| call.event.timestamp.to_utc());
    let settings = Arc::new(scene.settings);
    let mut stage = Stage {
        engine: engine.clone(),
        settings: settings.clone(),
        start,
        hub: Hub::new(),
        calls: scene
            .calls
            .into_iter()
            .map(|placed| Running::new(engine.clone(), settings.clone(), placed, start))
            .collect(),
        agents: scene.agents,
    };
    for (name, on) in &scene.switches {
        stage.hub.set_override(name, Some(*on));
    }
    stage.agents.sort_by_key(|(at, _, _)| *at);
    stage.agents.reverse();
    while stage.step() {}
    stage
        .calls
        .into_iter()
        .map(|call| Played { steps: call.steps })
        .collect()
}

/// Whose turn it is.
#[derive(Clone, Copy)]
enum Turn {
    Agent,
    Hub,
    Begins(usize),
    Happens(usize),
    Wakes(usize),
}

struct Running {
    session: Session,
    world: World,
    begins: Duration,
    first: Input,
    steps: Vec<PlayedStep>,
}

impl Running {
    fn new(
        engine: Arc<Engine>,
        settings: Arc<Settings>,
        placed: Placed,
        start: DateTime<Utc>,
    ) -> Self {
        let world = World::new(placed.script, placed.event.call_id.clone(), placed.at);
        let now = now(start, placed.at);
        Self {
            session: Session::with_settings(engine, placed.event, now, settings),
            world,
            begins: placed.at,
            first: Input::Start,
            steps: Vec::new(),
        }
    }

    /// The call by which somebody is called back.
    fn back(self, callback: Callback) -> Self {
        Self {
            first: Input::CallBack(Box::new(callback)),
            ..self
        }
    }

    fn has_begun(&self) -> bool {
        !self.steps.is_empty()
    }

    fn is_over(&self) -> bool {
        self.session.is_done() || self.steps.len() >= MAX_STEPS
    }
}

struct Stage {
    engine: Arc<Engine>,
    settings: Arc<Settings>,
    start: DateTime<Utc>,
    hub: Hub,
    calls: Vec<Running>,
    /// The next one last.
    agents: Vec<(Duration, String, AgentState)>,
}

impl Stage {
    /// Lets the next thing happen; whether there was one.
    fn step(&mut self) -> bool {
        let Some((at, turn)) = self.next() else {
            return false;
        };
        match turn {
            Turn::Agent => {
                if let Some((_, agent, state)) = self.agents.pop() {
                    let told = self.hub.set_agent(now(self.start, at), &agent, state);
                    self.tell(at, told);
                }
            }
            Turn::Hub => {
                let told = self.hub.wake(now(self.start, at));
                self.tell(at, told);
            }
            Turn::Begins(index) => {
                if let Some(call) = self.calls.get(index) {
                    let first = call.first.clone();
                    self.input(at, index, first);
                }
            }
            Turn::Happens(index) => {
                if let Some(input) = self.calls.get_mut(index).and_then(|c| c.world.pop()) {
                    self.input(at, index, input);
                }
            }
            Turn::Wakes(index) => self.input(at, index, Input::Wake),
        }
        true
    }

    fn next(&self) -> Option<(Duration, Turn)> {
        let mut next: Option<(Duration, Turn)> = None;
        let mut consider = |at: Option<Duration>, turn: Turn| {
            if let Some(at) = at
                && next.is_none_or(|(earliest, _)| at < earliest)
            {
                next = Some((at, turn));
            }
        };
        // At one instant, what is known of agents comes before calls that go by it.
        consider(self.agents.last().map(|(at, _, _)| *at), Turn::Agent);
        let mut live = false;
        for (index, call) in self.calls.iter().enumerate() {
            if call.is_over() {
                continue;
            }
            live = true;
            if call.has_begun() {
                // At one instant, what happens comes before what is given up.
                consider(call.world.next_at(), Turn::Happens(index));
                consider(call.session.next_wake(), Turn::Wakes(index));
            } else {
                consider(Some(call.begins), Turn::Begins(index));
            }
        }
        if !live && self.hub.next_callback().is_none() {
            return None;
        }
        consider(self.hub.next_wake(), Turn::Hub);
        next
    }

    fn input(&mut self, at: Duration, index: usize, input: Input) {
        let now = now(self.start, at);
        let Some(call) = self.calls.get_mut(index) else {
            return;
        };
        let call_id = call.session.event().call_id.clone();
        let effects: Vec<Effect> = call.session.handle(now, input.clone()).collect();
        let mut told = Vec::new();
        for effect in &effects {
            call.world.react(at, effect);
            match effect {
                Effect::HubRequest(HubRequest::Fact {
                    lookup: Lookup::Row(name),
                    ..
                }) => call.world.look_up(at, name),
                Effect::HubRequest(share) => {
                    told.extend(self.hub.handle(now, &call_id, share.clone()));
                }
                _ => {}
            }
        }
        if call.session.is_done() {
            told.extend(self.hub.ended(now, &call_id));
        }
        let after = at.saturating_sub(call.begins);
        call.steps.push(PlayedStep {
            at: after,
            input,
            effects,
        });
        self.tell(at, told);
    }

    /// Calls back whoever is to be called back now.
    fn call_back(&mut self, at: Duration) {
        for callback in self.hub.take_callbacks() {
            let first = self
                .calls
                .iter()
                .find(|call| call.session.event().call_id == callback.place.of);
            let Ok(call_id) =
                CallId::new(format!("{}-back-{}", callback.place.of, callback.tries + 1))
            else {
                continue;
            };
            let script = first.map(|call| call.world.script().phones.clone());
            let placed = Placed {
                at,
                event: callback.event(call_id, now(self.start, at).utc.fixed_offset()),
                script: Script {
                    phones: script.unwrap_or_default(),
                    ..Script::default()
                },
            };
            let (engine, settings) = (self.engine.clone(), self.settings.clone());
            let call = Running::new(engine, settings, placed, self.start);
            self.calls.push(call.back(callback));
        }
    }

    fn tell(&mut self, at: Duration, told: Vec<HubMessage>) {
        self.call_back(at);
        for HubMessage { call_id, shared } in told {
            let call = self
                .calls
                .iter_mut()
                .find(|call| call.session.event().call_id == call_id);
            if let Some(call) = call {
                call.world.tell(at, Input::HubReply(shared));
            }
        }
    }
}

fn now(start: DateTime<Utc>, mono: Duration) -> Now {
    Now {
        utc: start + TimeDelta::from_std(mono).unwrap_or(TimeDelta::MAX),
        mono,
    }
}
