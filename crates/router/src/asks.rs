//! From the table's webhooks to what the webhook client asks.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use callroute_rules::{Engine, WebhookSpec};
use callroute_session::AskTarget;
use callroute_webhook::{ConfigError, Endpoints};

/// A webhook of the table that cannot be asked.
#[derive(Debug, thiserror::Error)]
#[error("webhook `{name}`: {source}")]
pub struct WebhookConfigError {
    /// The webhook's name.
    pub name: String,
    /// What is wrong.
    pub source: ConfigError,
}

type ByName = HashMap<String, Endpoints>;

/// The endpoints of the current table, made once a table.
#[derive(Debug, Default)]
pub(crate) struct Asks {
    current: Mutex<Option<(Arc<Engine>, Arc<ByName>)>>,
}

impl Asks {
    /// The endpoints of a table's webhooks; those that cannot be asked are left out, and named.
    pub(crate) fn of(&self, engine: &Arc<Engine>) -> (Arc<ByName>, Vec<WebhookConfigError>) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, endpoints)) = current.as_ref()
            && Arc::ptr_eq(known, engine)
        {
            return (endpoints.clone(), Vec::new());
        }
        let mut faults = Vec::new();
        let mut by_name = ByName::new();
        for (name, spec) in engine.webhooks() {
            match endpoints(name.as_str(), spec) {
                Ok(endpoints) => {
                    by_name.insert(name.to_string(), endpoints);
                }
                Err(fault) => faults.push(fault),
            }
        }
        let by_name = Arc::new(by_name);
        *current = Some((engine.clone(), by_name.clone()));
        (by_name, faults)
    }
}

fn endpoints(name: &str, spec: &WebhookSpec) -> Result<Endpoints, WebhookConfigError> {
    Endpoints::new(
        name,
        &spec.urls,
        Duration::from_millis(spec.deadline_ms),
        &spec.allow,
    )
    .map_err(|source| WebhookConfigError {
        name: name.to_owned(),
        source,
    })
}

/// What is asked for one ask, with its own deadline.
pub(crate) fn endpoints_for(
    by_name: &ByName,
    target: &AskTarget,
    deadline_ms: u64,
) -> Result<Endpoints, String> {
    let deadline = Duration::from_millis(deadline_ms);
    match target {
        AskTarget::Named(name) => match by_name.get(name.as_str()) {
            Some(endpoints) => Ok(Endpoints {
                deadline,
                ..endpoints.clone()
            }),
            None => Err(format!("webhook `{name}` cannot be asked")),
        },
        AskTarget::Url(url) => Endpoints::new("url", std::slice::from_ref(url), deadline, &[])
            .map_err(|error| error.to_string()),
    }
}
