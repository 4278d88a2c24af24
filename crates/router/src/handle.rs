//! What others may do with a running router.

use std::collections::BTreeMap;
use std::sync::Arc;

use callroute_rules::ResolvedParty;
use callroute_schema::{Actions, CallId, Party, QueueName};
use callroute_session::shared::{AgentState, Callback, QueueView};

use crate::config::RouterConfig;
use crate::switchboard::{PushError, Switchboard};

/// Why the state of something cannot be set: nothing would ever go by it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnknownState {
    /// The table in force has no agent, and no rota, of this name.
    #[error("unknown agent `{name}`")]
    Agent {
        /// What was asked for.
        name: String,
    },
    /// Nobody is on duty in this rota now.
    #[error("nobody is on duty in `{rota}`")]
    NobodyOnDuty {
        /// The rota.
        rota: String,
    },
    /// The table in force has no switch of this name.
    #[error("unknown override `{name}`")]
    Override {
        /// What was asked for.
        name: String,
    },
}

/// A running router, for whoever wants to tell it something; cheap to copy.
#[derive(Debug, Clone)]
pub struct RouterHandle {
    switchboard: Arc<Switchboard>,
    config: Arc<RouterConfig>,
}

impl RouterHandle {
    pub(crate) fn new(switchboard: Arc<Switchboard>, config: Arc<RouterConfig>) -> Self {
        Self {
            switchboard,
            config,
        }
    }

    /// Lets a call in progress do something else from here on: see
    /// [`Input::Push`](callroute_session::Input::Push).
    ///
    /// # Errors
    /// [`PushError`] when there is no such call, or the actions would be refused in its table.
    pub fn push(&self, call_id: &CallId, actions: Actions) -> Result<(), PushError> {
        self.switchboard.push(call_id, actions)
    }

    /// An agent's state has changed: queues and ring groups go by it at once. The agent may be named,
    /// or written as the number or SIP URI where it alone is reached, or as a rota: whoever is
    /// on duty there now. A number or URI that is no agent's has a state of its own, as a member of
    /// queues that is written like that.
    ///
    /// # Errors
    /// [`UnknownState`] when the table in force knows nobody of that name, or nobody is on duty.
    pub fn set_agent(&self, who: &Party, state: AgentState) -> Result<(), UnknownState> {
        let engine = self.config.table.current();
        let name = match engine.resolve_party(who, self.config.clock.now()) {
            ResolvedParty::Agent(name) if engine.agent(name).is_none() => {
                let name = name.to_owned();
                return Err(UnknownState::Agent { name });
            }
            ResolvedParty::Agent(name) | ResolvedParty::OffShift(name) => name.to_owned(),
            ResolvedParty::Nobody => {
                let rota = who.to_string();
                return Err(UnknownState::NobodyOnDuty { rota });
            }
            ResolvedParty::Anybody => who.to_string(),
        };
        self.switchboard.set_agent(&name, state);
        Ok(())
    }

    /// Every agent that was in a call or was said something of, with its state now. Whoever is
    /// not here is available.
    #[must_use]
    pub fn agents(&self) -> BTreeMap<String, AgentState> {
        self.switchboard.agents()
    }

    /// Turns a switch of the routing file ("night mode"); `None` gives it back to the file's own
    /// state. Calls that come in from now on go by it.
    ///
    /// # Errors
    /// [`UnknownState`] when the table in force has no such switch. One that it had may still be
    /// given back.
    pub fn set_override(&self, name: &str, on: Option<bool>) -> Result<(), UnknownState> {
        let engine = self.config.table.current();
        if on.is_some() && !engine.overrides().any(|(known, _)| known == name) {
            let name = name.to_owned();
            return Err(UnknownState::Override { name });
        }
        self.switchboard.set_override(name, on);
        Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fakes::config;

    const TABLE: &str = r#"
version: 1
region: US
default: { action: busy }
hours: { never: { zone: UTC, open: "Mo-Su off" } }
overrides: { night: off }
agents:
  ann: { to: "+16822306467", shifts: [never] }
  bob: { to: "sip:bob@pbx.example" }
rotas:
  duty: { steps: [{ from: "2020-01-01T00:00:00Z", who: bob }] }
  gone: { steps: [{ from: "2020-01-01T00:00:00Z", who: bob }, { from: "2021-01-01T00:00:00Z" }] }
"#;

    #[test]
    fn an_agent_is_one_person_however_it_is_written() {
        let (config, _) = config(TABLE);
        let switchboard = Arc::new(Switchboard::new(config.clock.clone()));
        let handle = RouterHandle::new(switchboard, Arc::new(config));
        let set = |who: &str, state| handle.set_agent(&Party::new(who).unwrap(), state);
        for (who, name) in [
            ("ann", "ann"),
            ("6822306467", "ann"),
            ("+16822306467", "ann"),
            ("sip:bob@pbx.example", "bob"),
            ("duty", "bob"),
            ("+13145550100", "+13145550100"),
        ] {
            set(who, AgentState::Paused).unwrap();
            let paused = [(name.to_owned(), AgentState::Paused)];
            assert_eq!(handle.agents(), paused.into(), "{who}");
            set(who, AgentState::Available).unwrap();
            assert!(handle.agents().is_empty(), "{who}");
        }
        let unknown = set("an", AgentState::Paused).unwrap_err();
        assert_eq!(unknown.to_string(), "unknown agent `an`");
        let nobody = set("gone", AgentState::Paused).unwrap_err();
        assert_eq!(nobody.to_string(), "nobody is on duty in `gone`");
        assert!(handle.agents().is_empty());
    }

    #[test]
    fn a_switch_that_there_is_not_is_not_turned() {
        let (config, _) = config(TABLE);
        let switchboard = Arc::new(Switchboard::new(config.clock.clone()));
        let handle = RouterHandle::new(switchboard, Arc::new(config));
        handle.set_override("night", Some(true)).unwrap();
        let unknown = handle.set_override("nihgt", Some(true)).unwrap_err();
        assert_eq!(unknown.to_string(), "unknown override `nihgt`");
        handle.set_override("nihgt", None).unwrap();
    }
}
