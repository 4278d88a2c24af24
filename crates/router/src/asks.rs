//! From the table's webhooks to what the webhook client asks.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use callroute_media::Capabilities;
use callroute_rules::{Engine, SecretSource, WebhookSpec};
use callroute_session::{AskTarget, Unmet, unmet};
use callroute_webhook::{
    ConfigError, Endpoints, Failure, FailureClass, SecretError, SigningSecret,
};

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
    SigningSecret {
        /// The webhook's name.
        name: String,
        /// What is wrong.
        source: SecretError,
    },
    /// A certificate or key cannot be read.
    #[error("webhook `{name}`: {} cannot be read: {source}", path.display())]
    File {
        /// The webhook's name.
        name: String,
        /// The key in the routing file that names it.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Its certificates cannot be used.
    #[cfg(feature = "tls")]
    #[error("webhook `{name}`: {source}")]
    Trust {
        /// The webhook's name.
        name: String,
        /// What is wrong.
        source: callroute_webhook::TrustError,
    },
    /// It has certificates, and this program no TLS.
    #[error("webhook `{name}` has certificates; build callroute-router with its feature `tls`")]
    TlsOff {
        /// The webhook's name.
        name: String,
    },
}

impl WebhookConfigError {
    /// The webhook's name.
    #[must_use]
    pub fn webhook(&self) -> &str {
        match self {
            Self::Endpoints { name, .. } | Self::SigningSecret { name, .. } => name,
            Self::File { name, .. } | Self::TlsOff { name } => name,
            #[cfg(feature = "tls")]
            Self::Trust { name, .. } => name,
        }
    }

    /// The webhook's key in the routing file that is at fault; `None` where that is up to the
    /// machine that the router runs on, which has its secrets in variables and files.
    #[must_use]
    pub fn key(&self) -> Option<&'static str> {
        match self {
            Self::Endpoints { .. } => Some("urls"),
            Self::SigningSecret { source, .. } => match source {
                SecretError::NotSet { .. }
                | SecretError::NotText { .. }
                | SecretError::File { .. } => None,
                _ => Some("secret"),
            },
            Self::File { key, .. } => Some(key),
            #[cfg(feature = "tls")]
            Self::Trust { source, .. } => source.key(),
            Self::TlsOff { .. } => Some("urls"),
        }
    }
}

pub(crate) type ByName = HashMap<String, Endpoints>;

/// The endpoints of the current table, made once a table.
#[derive(Debug, Default)]
pub(crate) struct Asks {
    current: Mutex<Option<(Arc<Engine>, Arc<ByName>)>>,
}

/// What is wrong with a table that has come since the router began.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TableFault {
    #[error(transparent)]
    Webhook(#[from] WebhookConfigError),
    #[error("{0}")]
    Unmet(Unmet),
}

impl Asks {
    /// The endpoints of a table's webhooks; those that cannot be asked are left out, and named
    /// with whatever else the table wants in vain.
    pub(crate) fn of(
        &self,
        engine: &Arc<Engine>,
        capabilities: &Capabilities,
    ) -> (Arc<ByName>, Vec<TableFault>) {
        let (by_name, faults) = self.endpoints(engine);
        let Some(faults) = faults else {
            return (by_name, Vec::new());
        };
        let unmet = unmet(engine, capabilities);
        let faults = faults.into_iter().map(TableFault::Webhook);
        let faults = faults.chain(unmet.into_iter().map(TableFault::Unmet));
        (by_name, faults.collect())
    }

    /// The endpoints of a table's webhooks, and what is wrong with them the first time that this
    /// table is asked for.
    pub(crate) fn endpoints(
        &self,
        engine: &Arc<Engine>,
    ) -> (Arc<ByName>, Option<Vec<WebhookConfigError>>) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, endpoints)) = current.as_ref()
            && Arc::ptr_eq(known, engine)
        {
            return (endpoints.clone(), None);
        }
        let (by_name, faults) = endpoints_of(engine);
        let by_name = Arc::new(by_name);
        *current = Some((engine.clone(), by_name.clone()));
        (by_name, Some(faults))
    }
}

/// What the webhooks of a table come to: their secrets and certificates read, relative to the
/// routing file. Those that cannot be asked are left out, and named.
#[must_use]
pub fn endpoints_of(engine: &Engine) -> (HashMap<String, Endpoints>, Vec<WebhookConfigError>) {
    let folder = folder(engine);
    let (mut by_name, mut faults) = (ByName::new(), Vec::new());
    for (name, spec) in engine.webhooks() {
        match endpoints(name.as_str(), spec, &folder) {
            Ok(endpoints) => {
                by_name.insert(name.to_string(), endpoints);
            }
            Err(fault) => faults.push(fault),
        }
    }
    (by_name, faults)
}

fn endpoints(
    name: &str,
    spec: &WebhookSpec,
    folder: &Path,
) -> Result<Endpoints, WebhookConfigError> {
    let deadline = Duration::from_millis(spec.deadline_ms);
    let mut endpoints =
        Endpoints::new(name, &spec.urls, deadline, &spec.allow).map_err(|source| {
            WebhookConfigError::Endpoints {
                name: name.to_owned(),
                source,
            }
        })?;
    for secret in &spec.secrets {
        let secret = match secret {
            SecretSource::Env(variable) => SigningSecret::from_env(variable),
            SecretSource::File(path) => SigningSecret::from_file(&folder.join(path)),
            SecretSource::Text(text) => SigningSecret::new(text),
        };
        endpoints
            .secrets
            .push(secret.map_err(|source| WebhookConfigError::SigningSecret {
                name: name.to_owned(),
                source,
            })?);
    }
    endpoints.last_good = spec.last_good;
    trusting(endpoints, name, spec, folder)
}

/// With its own CA and certificate, where the table names them.
#[cfg(feature = "tls")]
fn trusting(
    endpoints: Endpoints,
    name: &str,
    spec: &WebhookSpec,
    folder: &Path,
) -> Result<Endpoints, WebhookConfigError> {
    use callroute_webhook::Trust;
    use zeroize::Zeroizing;

    if spec.ca.is_none() && spec.identity.is_none() {
        return Ok(endpoints);
    }
    // One of them is a key.
    let read = |key, relative: &str| {
        let path = folder.join(relative);
        let bytes = std::fs::read(&path).map(Zeroizing::new);
        bytes.map_err(|source| WebhookConfigError::File {
            name: name.to_owned(),
            key,
            path,
            source,
        })
    };
    let ca = spec.ca.as_deref().map(|ca| read("ca", ca)).transpose()?;
    let identity = match &spec.identity {
        Some((cert, key)) => Some((read("cert", cert)?, read("key", key)?)),
        None => None,
    };
    let pair = identity.as_ref().map(|(cert, key)| (&***cert, &***key));
    let trust = Trust::from_pem(ca.as_ref().map(|ca| &***ca), pair);
    let trust = trust.map_err(|source| WebhookConfigError::Trust {
        name: name.to_owned(),
        source,
    })?;
    Ok(endpoints.with_trust(&trust))
}

/// Without TLS there is no https URL that could be asked.
#[cfg(not(feature = "tls"))]
fn trusting(
    endpoints: Endpoints,
    name: &str,
    spec: &WebhookSpec,
    _: &Path,
) -> Result<Endpoints, WebhookConfigError> {
    match spec.ca.is_none() && spec.identity.is_none() {
        true => Ok(endpoints),
        false => Err(WebhookConfigError::TlsOff {
            name: name.to_owned(),
        }),
    }
}

/// The folder that a table's paths are relative to: the routing file's.
fn folder(engine: &Engine) -> PathBuf {
    let file = engine
        .sources()
        .first()
        .map(|source| Path::new(&source.name));
    let parent = file.and_then(Path::parent);
    parent.map(Path::to_owned).unwrap_or_default()
}

/// What is asked for one ask, with its own deadline; or why nobody can be: a URL out of an answer
/// may be none, and a webhook of the table may have lost its secret or its certificate.
pub(crate) fn endpoints_for(
    by_name: &ByName,
    target: &AskTarget,
    deadline_ms: u64,
) -> Result<Endpoints, Failure> {
    let deadline = Duration::from_millis(deadline_ms);
    match target {
        AskTarget::Named(name) => match by_name.get(name.as_str()) {
            Some(endpoints) => Ok(Endpoints {
                deadline,
                ..endpoints.clone()
            }),
            None => Err(Failure::new(
                FailureClass::Connect,
                format!("webhook `{name}` cannot be asked: its settings were refused"),
            )),
        },
        AskTarget::Url(url) => Endpoints::out_of_answer(url, deadline)
            .map_err(|error| Failure::new(FailureClass::BadSchema, error.to_string())),
    }
}
