//! The other side of [`HubRequest`]: one for all calls.

mod meetings;
mod people;
mod serving;

use std::collections::BTreeMap;
use std::time::Duration;

use callroute_rules::{Fact, Lookup};
use callroute_schema::{CallId, QueueName};

use self::meetings::told_others;
use super::agents::{AgentState, Agents};
use super::callbacks::{Callback, Callbacks};
use super::queues::{QueueView, Queues};
use super::rooms::Rooms;
use super::turns::Turns;
use super::{HubReply, HubRequest};
use crate::input::Now;

/// What one call is to be told, as [`Input::HubReply`](crate::Input::HubReply).
#[derive(Debug, Clone, PartialEq)]
pub struct HubMessage {
    /// Which call.
    pub call_id: CallId,
    /// What.
    pub shared: HubReply,
}

#[derive(Debug, Default)]
struct Known {
    /// With whom it talks, and how often each was said to talk.
    talks: Vec<String>,
    /// The queue that it was served from.
    served: Option<QueueName>,
    /// What it is counted under.
    on: Vec<String>,
}

/// What calls share. Pure: the time comes in with each question, and what is to be told to
/// other calls comes out.
#[derive(Debug, Default)]
pub struct Hub {
    agents: Agents,
    queues: Queues,
    rooms: Rooms,
    turns: Turns,
    calls: BTreeMap<CallId, Known>,
    callbacks: Callbacks,
    switches: BTreeMap<String, bool>,
    /// How many calls are on a target, or dialed a number.
    counts: BTreeMap<String, u32>,
}

impl Hub {
    /// Nobody waits, and everybody is available.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What a session asks or tells; gives what calls are to be told.
    pub fn handle(&mut self, now: Now, call: &CallId, share: HubRequest) -> Vec<HubMessage> {
        match share {
            HubRequest::Group { who, turns } => self.group(now, call, &who, turns),
            HubRequest::Fact { lookup, who } => {
                let fact = self.fact(now, call, &lookup, who.as_deref());
                let why = None;
                tell(call, HubReply::Fact { lookup, fact, why })
            }
            HubRequest::On { names } => {
                self.count(call, names);
                Vec::new()
            }
            HubRequest::Talks { member } => {
                self.agents.talks(&member);
                self.known(call).talks.push(member);
                Vec::new()
            }
            HubRequest::Talked {
                member,
                talk_ms,
                wrap_up_ms,
            } => self.talked(now, call, &member, talk_ms, wrap_up_ms),
            HubRequest::Join(join) => self.join(now, call, *join),
            HubRequest::Takers { who } => self.takers(now, call, who),
            HubRequest::Where => self.place(now, call),
            HubRequest::Offered { member, answered } => self.offered(now, call, member, answered),
            HubRequest::Quit => self.quit(now, call),
            HubRequest::CallBack { queue, event } => {
                self.call_back(call, queue, event);
                self.quit(now, call)
            }
            HubRequest::Again { callback, after_ms } => {
                let at = now.mono.saturating_add(Duration::from_millis(after_ms));
                self.callbacks.add_later(at, *callback);
                Vec::new()
            }
            HubRequest::Park { slot } => self.park(call, slot),
            HubRequest::Unpark => {
                self.rooms.unpark(call);
                Vec::new()
            }
            HubRequest::Enter {
                room,
                legs,
                consent,
            } => self.enter(call, &room, legs, consent.map(|consent| *consent)),
            HubRequest::LeaveRoom => told_others(self.rooms.leave(call)),
            HubRequest::Dialog { leg, dialog } => {
                self.rooms.dialog(call, leg, dialog);
                Vec::new()
            }
            HubRequest::Replace { dialog } => self.replace(call, &dialog),
            HubRequest::Decline { room } => self.decline(call, &room),
        }
    }

    /// A call is over, whatever it left behind.
    pub fn ended(&mut self, now: Now, call: &CallId) -> Vec<HubMessage> {
        self.count(call, Vec::new());
        let mut freed = false;
        if let Some(known) = self.calls.remove(call) {
            for member in &known.talks {
                self.agents.hung_up(member);
                freed = true;
            }
        }
        let mut told = self.left_rooms(call);
        freed |= self.leave_queue(call);
        if freed {
            told.extend(self.serve(now));
        }
        told
    }

    /// An agent's state has changed.
    pub fn set_agent(&mut self, now: Now, agent: &str, state: AgentState) -> Vec<HubMessage> {
        self.agents.set(agent, state);
        self.serve(now)
    }

    /// When [`wake`](Self::wake) is wanted, on the clock of [`Now::mono`].
    #[must_use]
    pub fn next_wake(&self) -> Option<Duration> {
        let wakes = [self.agents.next_wake(), self.callbacks.next_wake()];
        wakes.into_iter().flatten().min()
    }

    /// The instant of [`next_wake`](Self::next_wake) has come.
    pub fn wake(&mut self, now: Now) -> Vec<HubMessage> {
        self.agents.wake(now.mono);
        self.callbacks.wake(now.mono);
        self.serve(now)
    }

    /// An agent's state now; whoever is not known is available.
    #[must_use]
    pub fn agent(&self, now: Now, agent: &str) -> AgentState {
        self.agents.info(agent, now.mono).state
    }

    /// Every agent that is known, with its state now.
    pub fn agents(&self, now: Now) -> impl Iterator<Item = (&str, AgentState)> {
        self.agents.all(now.mono)
    }

    /// Every queue in which somebody waits.
    #[must_use]
    pub fn queues(&self, now: Now) -> BTreeMap<QueueName, QueueView> {
        self.queues
            .names()
            .into_iter()
            .map(|name| {
                let waiting = self.queues.waiting(&name, now.mono);
                let estimate_s = self.queues.estimate_s(&name, waiting.len() + 1, 1);
                let view = QueueView {
                    waiting,
                    estimate_s,
                };
                (name, view)
            })
            .collect()
    }

    /// Every parked call, by its slot.
    pub fn parked(&self) -> impl Iterator<Item = (&str, &CallId)> {
        self.rooms.parked()
    }

    /// Who is to be called back now, the first first; they are forgotten here. Whoever takes them
    /// begins a session for each, whose first input is
    /// [`Input::CallBack`](crate::Input::CallBack).
    pub fn take_callbacks(&mut self) -> Vec<Callback> {
        self.callbacks.take()
    }

    /// Everybody who is to be called back, now or later; nobody is forgotten here.
    pub fn callbacks(&self) -> impl Iterator<Item = &Callback> {
        self.callbacks.all()
    }

    /// Whether somebody is to be called back now.
    #[must_use]
    pub fn has_callbacks(&self) -> bool {
        self.callbacks.are_due()
    }

    /// When somebody who was not reached is to be called back again, on the clock of
    /// [`Now::mono`]; [`wake`](Self::wake) makes it due.
    #[must_use]
    pub fn next_callback(&self) -> Option<Duration> {
        self.callbacks.next_wake()
    }

    /// A switch that people turn, as in "night mode"; without a state the table's own counts.
    pub fn set_override(&mut self, name: &str, on: Option<bool>) {
        match on {
            Some(on) => self.switches.insert(name.to_owned(), on),
            None => self.switches.remove(name),
        };
    }

    /// Every switch that somebody has turned.
    pub fn switches(&self) -> impl Iterator<Item = (&str, bool)> {
        self.switches.iter().map(|(name, on)| (name.as_str(), *on))
    }

    fn fact(&self, now: Now, call: &CallId, lookup: &Lookup, who: Option<&str>) -> Fact {
        let yes = |is: bool| if is { Fact::Yes } else { Fact::No };
        match lookup {
            Lookup::Available(_) => {
                yes(self.agents.info_of(who, now.mono).state == AgentState::Available)
            }
            Lookup::Calls(name) => Fact::Count(self.calls_on(call, name, who)),
            Lookup::Override(name) => self.switches.get(name).copied().map_or(Fact::Missing, yes),
            _ => Fact::Missing,
        }
    }

    /// How many other calls are on something: a member's conversations, or calls that are on a
    /// target or dialed a number.
    fn calls_on(&self, call: &CallId, name: &str, who: Option<&str>) -> u64 {
        let counted = self.counts.get(name).copied().unwrap_or(0);
        let own = self
            .calls
            .get(call)
            .is_some_and(|known| known.on.iter().any(|on| on == name));
        let others = counted.saturating_sub(u32::from(own));
        let talks = who.map_or(0, |who| self.agents.in_calls(who));
        u64::from(others) + u64::from(talks)
    }

    fn count(&mut self, call: &CallId, names: Vec<String>) {
        for name in &names {
            let count = self.counts.entry(name.clone()).or_default();
            *count = count.saturating_add(1);
        }
        let before = match self.calls.get_mut(call) {
            Some(known) => std::mem::replace(&mut known.on, names),
            None if names.is_empty() => Vec::new(),
            None => std::mem::replace(&mut self.known(call).on, names),
        };
        for name in before {
            if let Some(count) = self.counts.get_mut(&name) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    self.counts.remove(&name);
                }
            }
        }
    }

    fn known(&mut self, call: &CallId) -> &mut Known {
        self.calls.entry(call.clone()).or_default()
    }
}

/// What one call is told.
fn tell(call: &CallId, shared: HubReply) -> Vec<HubMessage> {
    let call_id = call.clone();
    vec![HubMessage { call_id, shared }]
}
