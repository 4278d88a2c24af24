//! What calls share, and the way to each call in progress.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use callroute_rules::Engine;
use callroute_schema::{Actions, CallId, Caller, Event, QueueName};
use callroute_session::shared::{AgentState, Callback, Hub, HubMessage, HubRequest, QueueView};
use callroute_session::{Input, Now};
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

use crate::clock::Clock;

/// Inputs that may wait for a call.
const INBOX: usize = 1_024;

/// Why something cannot be pushed into a call.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PushError {
    /// It is over, or never was.
    #[error("no call {call_id} is in progress")]
    NoSuchCall {
        /// What was asked for.
        call_id: CallId,
    },
    /// The call's table does not take the actions: a name that it does not have, a value that
    /// breaks a rule of the contract, or a destination that it does not allow.
    #[error(transparent)]
    Refused(#[from] callroute_rules::AnswerError),
    /// So much was pushed already that the call has not taken.
    #[error("call {call_id} has {INBOX} inputs waiting")]
    Busy {
        /// Which.
        call_id: CallId,
    },
}

#[derive(Debug)]
struct Live {
    inbox: mpsc::Sender<Box<Input>>,
    engine: Arc<Engine>,
}

#[derive(Debug, Default)]
struct State {
    hub: Hub,
    calls: HashMap<CallId, Live>,
}

/// What calls share, and the way to each.
#[derive(Debug)]
pub(crate) struct Switchboard {
    state: Mutex<State>,
    clock: Arc<dyn Clock>,
    began: Instant,
    changed: Notify,
    /// Somebody is to be called back.
    calls_back: Notify,
}

impl Switchboard {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            state: Mutex::default(),
            clock,
            began: Instant::now(),
            changed: Notify::new(),
            calls_back: Notify::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A call's panic while it held the lock leaves a hub that may miss a step of that call,
        // which ends with it; the other calls go on.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Now {
        Now {
            utc: self.clock.now(),
            mono: self.began.elapsed(),
        }
    }

    /// A call begins; what comes for it from elsewhere comes here.
    ///
    /// Each in a box, as a channel has room for 32 from its beginning, and most calls get none.
    pub(crate) fn begin(&self, event: &Event, engine: Arc<Engine>) -> mpsc::Receiver<Box<Input>> {
        let (inbox, inputs) = mpsc::channel(INBOX);
        let mut state = self.state();
        state
            .calls
            .insert(event.call_id.clone(), Live { inbox, engine });
        inputs
    }

    pub(crate) fn share(&self, call: &CallId, share: HubRequest) {
        self.with(|hub, now| hub.handle(now, call, share));
    }

    /// A call is over.
    pub(crate) fn end(&self, call: &CallId) {
        self.state().calls.remove(call);
        self.with(|hub, now| hub.ended(now, call));
    }

    /// Does something with the hub, and tells calls what comes of it.
    fn with(&self, deed: impl FnOnce(&mut Hub, Now) -> Vec<HubMessage>) {
        let now = self.now();
        let mut state = self.state();
        let told = deed(&mut state.hub, now);
        for HubMessage { call_id, shared } in told {
            if let Some(call) = state.calls.get(&call_id) {
                // A call that does not take its inputs is stuck; its own timers end it.
                let _ = call.inbox.try_send(Box::new(Input::HubReply(shared)));
            }
        }
        let calls_back = state.hub.has_callbacks();
        drop(state);
        self.changed.notify_one();
        if calls_back {
            self.calls_back.notify_one();
        }
    }

    /// Until somebody is to be called back.
    pub(crate) async fn callback(&self) {
        self.calls_back.notified().await;
    }

    /// There is no room for this callback now; it is tried again in a while, and that is no try.
    pub(crate) fn put_off(&self, callback: Callback, after: Duration) {
        let of = callback.place.of.clone();
        let share = HubRequest::Again {
            after_ms: u64::try_from(after.as_millis()).unwrap_or(u64::MAX),
            callback: Box::new(callback),
        };
        self.with(|hub, now| hub.handle(now, &of, share));
    }

    pub(crate) fn push(&self, call_id: &CallId, actions: Actions) -> Result<(), PushError> {
        let (inbox, engine) = {
            let state = self.state();
            let call = state
                .calls
                .get(call_id)
                .ok_or_else(|| PushError::NoSuchCall {
                    call_id: call_id.clone(),
                })?;
            (call.inbox.clone(), call.engine.clone())
        };
        engine.accept(&actions)?;
        inbox
            .try_send(Box::new(Input::Push { actions }))
            .map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => PushError::Busy {
                    call_id: call_id.clone(),
                },
                mpsc::error::TrySendError::Closed(_) => PushError::NoSuchCall {
                    call_id: call_id.clone(),
                },
            })
    }

    pub(crate) fn set_agent(&self, agent: &str, state: AgentState) {
        self.with(|hub, now| hub.set_agent(now, agent, state));
    }

    pub(crate) fn set_override(&self, name: &str, on: Option<bool>) {
        self.state().hub.set_override(name, on);
    }

    pub(crate) fn agents(&self) -> BTreeMap<String, AgentState> {
        let now = self.now();
        let state = self.state();
        let named = |(name, state): (&str, AgentState)| (name.to_owned(), state);
        state.hub.agents(now).map(named).collect()
    }

    pub(crate) fn queues(&self) -> BTreeMap<QueueName, QueueView> {
        let now = self.now();
        self.state().hub.queues(now)
    }

    pub(crate) fn parked(&self) -> BTreeMap<String, CallId> {
        let state = self.state();
        let named = |(slot, call): (&str, &CallId)| (slot.to_owned(), call.clone());
        state.hub.parked().map(named).collect()
    }

    pub(crate) fn take_callbacks(&self) -> Vec<Callback> {
        self.state().hub.take_callbacks()
    }

    /// The calls whose callers are still to be called back, and who they are.
    pub(crate) fn promised(&self) -> Vec<(CallId, Caller)> {
        let state = self.state();
        let events = state.hub.callbacks().map(|back| &back.event);
        events
            .map(|event| (event.call_id.clone(), event.from.clone()))
            .collect()
    }

    /// Wakes the hub whenever it wants to be; never returns.
    pub(crate) async fn keep_time(&self) {
        loop {
            let next = self.state().hub.next_wake();
            let changed = self.changed.notified();
            match next {
                Some(at) => tokio::select! {
                    () = tokio::time::sleep_until(self.began + at) => {
                        self.with(Hub::wake);
                    }
                    () = changed => {}
                },
                None => changed.await,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use callroute_rules::{AnswerError, ChronoTz, load};

    use super::*;
    use crate::clock::SystemClock;
    use crate::fakes::event;

    const TABLE: &str = "
version: 1
default: { action: busy }
destinations: { deny: [\"+1900*\"] }
";

    /// Toll fraud, else: whoever may push could dial whatever a number of the trunk costs.
    #[test]
    fn what_is_pushed_dials_only_what_the_table_allows() {
        let engine = Arc::new(load("routes.yaml", TABLE, &(), &ChronoTz).unwrap());
        let switchboard = Switchboard::new(Arc::new(SystemClock));
        let event = event("c1", "+13146523057");
        let mut inbox = switchboard.begin(&event, engine);
        let push = |number: &str| {
            let number = callroute_schema::Number::new(number).unwrap();
            switchboard.push(&event.call_id, Actions::forward_to(number))
        };
        let refused = push("+19005550100").unwrap_err();
        assert!(
            matches!(refused, PushError::Refused(AnswerError::NotAllowed(_))),
            "{refused}"
        );
        assert!(inbox.try_recv().is_err());
        push("+14155550100").unwrap();
        assert!(inbox.try_recv().is_ok());
    }
}
