//! What others may do with a running router.

use std::collections::BTreeMap;
use std::sync::Arc;

use callroute_schema::{Actions, CallId, QueueName};
use callroute_session::shared::{AgentState, Callback, QueueView};

use crate::switchboard::{PushError, Switchboard};

/// A running router, for whoever wants to tell it something; cheap to copy.
#[derive(Debug, Clone)]
pub struct RouterHandle {
    switchboard: Arc<Switchboard>,
}

impl RouterHandle {
    pub(crate) fn new(switchboard: Arc<Switchboard>) -> Self {
        Self { switchboard }
    }

    /// Lets a call in progress do something else from here on: see
    /// [`Input::Push`](callroute_session::Input::Push).
    ///
    /// # Errors
    /// [`PushError`] when there is no such call, or the actions would be refused in its table.
    pub fn push(&self, call_id: &CallId, actions: Actions) -> Result<(), PushError> {
        self.switchboard.push(call_id, actions)
    }

    /// An agent's state has changed: queues and ring groups go by it at once. `agent` is a
    /// member as the routing file writes it: an agent's name, or a number.
    pub fn set_agent(&self, agent: &str, state: AgentState) {
        self.switchboard.set_agent(agent, state);
    }

    /// Every agent that was in a call or was said something of, with its state now. Whoever is
    /// not here is available.
    #[must_use]
    pub fn agents(&self) -> BTreeMap<String, AgentState> {
        self.switchboard.agents()
    }

    /// Turns a switch of the routing file ("night mode"); `None` gives it back to the file's own
    /// state. Calls that come in from now on go by it.
    pub fn set_override(&self, name: &str, on: Option<bool>) {
        self.switchboard.set_override(name, on);
    }

    /// Every queue in which somebody waits.
    #[must_use]
    pub fn queues(&self) -> BTreeMap<QueueName, QueueView> {
        self.switchboard.queues()
    }

    /// Every parked call, by its slot.
    #[must_use]
    pub fn parked(&self) -> BTreeMap<String, CallId> {
        self.switchboard.parked()
    }

    /// Who wants to be called back since this was last asked, the first first. An adapter that
    /// makes calls ([`Adapter::originate`](callroute_media::Adapter::originate)) is given them by
    /// the router itself, and none is left here; with one that makes none, callers are offered no
    /// callback unless [`Settings::callbacks_elsewhere`](callroute_session::Settings) says so.
    #[must_use]
    pub fn take_callbacks(&self) -> Vec<Callback> {
        self.switchboard.take_callbacks()
    }
}
