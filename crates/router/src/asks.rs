//! From the table's webhooks to what the webhook client asks.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use callroute_rules::{Engine, Secret as SecretSource, WebhookSpec};
use callroute_session::AskTarget;
use callroute_webhook::{ConfigError, Endpoints, Secret, SecretError};

/// A webhook of the table that cannot be asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookConfigError {
    /// Its URLs, deadline or address ranges are wrong.
    #[error("webhook `{name}`: {source}")]
    Endpoints {
        /// The webhook's name.
        name: String,
        /// What is wrong.
        source: ConfigError,
    },
    /// Its requests cannot be signed.
    #[error("webhook `{name}`: {source}")]
    Secret {
        /// The webhook's name.
        name: String,
        /// What is wrong.
        source: SecretError,
    },
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
    let deadline = Duration::from_millis(spec.deadline_ms);
    let mut endpoints =
        Endpoints::new(name, &spec.urls, deadline, &spec.allow).map_err(|source| {
            WebhookConfigError::Endpoints {
                name: name.to_owned(),
                source,
            }
        })?;
    let secret = spec.secret.as_ref().map(|secret| match secret {
        SecretSource::Env(variable) => Secret::from_env(variable),
        SecretSource::Text(text) => Secret::new(text),
    });
    let secret = secret
        .transpose()
        .map_err(|source| WebhookConfigError::Secret {
            name: name.to_owned(),
            source,
        })?;
    endpoints.secrets.extend(secret);
    Ok(endpoints)
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
