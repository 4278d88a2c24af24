//! The named things of a table.

use std::collections::{HashMap, HashSet};
use std::fmt;

use callroute_schema::{Actions, AgentName, Menu, MenuName, Party, TargetName, WebhookName};

/// Everything of a table that is found by name.
#[derive(Debug, Default)]
pub(crate) struct Named {
    pub(crate) targets: HashMap<TargetName, Actions>,
    pub(crate) menus: HashMap<MenuName, Menu>,
    webhooks: HashMap<WebhookName, WebhookSpec>,
    /// The webhooks' names in written order.
    webhook_names: Vec<WebhookName>,
    pub(crate) agents: HashMap<AgentName, Agent>,
    /// Rotas, whose names may stand wherever an agent's may.
    pub(crate) rotas: HashSet<AgentName>,
}

impl Named {
    pub(crate) fn add_webhook(&mut self, name: WebhookName, spec: WebhookSpec) {
        self.webhook_names.push(name.clone());
        self.webhooks.insert(name, spec);
    }

    pub(crate) fn webhook(&self, name: &str) -> Option<&WebhookSpec> {
        self.webhooks.get(name)
    }

    /// In written order.
    pub(crate) fn webhooks(&self) -> impl Iterator<Item = (&WebhookName, &WebhookSpec)> {
        let found = |name| Some((name, self.webhooks.get(name)?));
        self.webhook_names.iter().filter_map(found)
    }
}

/// A server that is asked what to do.
#[derive(Debug, Clone, PartialEq)]
pub struct WebhookSpec {
    /// Where it answers, in order of preference: one or more `http` or `https` URLs.
    pub urls: Vec<String>,
    /// How long the whole ask may take, in milliseconds (50 to 10,000); default 1,500.
    pub deadline_ms: u64,
    /// What requests are signed with, once for each secret; two while they are changed. Without
    /// any they are not signed.
    pub secrets: Vec<SecretSource>,
    /// A file of certificates in PEM, relative to the routing file: who is trusted instead of
    /// those that the operating system trusts.
    pub ca: Option<String>,
    /// Files in PEM, relative to the routing file: the certificate that we show, and its key.
    pub identity: Option<(String, String)>,
    /// Whether the last answer for the same number and menu choice may stand in when nobody
    /// answers, if its receiver allowed that.
    pub last_good: bool,
    /// Address ranges outside the public internet that may be dialled, as in `127.0.0.0/8`.
    pub allow: Vec<String>,
    /// What is done when no usable answer comes; `None`: the table's default.
    pub fallback: Option<Actions>,
}

/// Where a signing secret comes from.
#[derive(Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// The environment variable of this name.
    Env(String),
    /// A file that holds it, relative to the routing file.
    File(String),
    /// The secret itself, written in the file.
    Text(String),
}

impl fmt::Debug for SecretSource {
    /// Never shows the secret itself.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => f.debug_tuple("Env").field(name).finish(),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Text(_) => f.write_str("Text(…)"),
        }
    }
}

/// Somebody who takes calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// Where they are reached: a number or a SIP URI, never another agent.
    pub to: Party,
}

impl super::Engine {
    /// The names of all agents, sorted.
    pub fn agents(&self) -> impl Iterator<Item = &str> {
        let mut names: Vec<&str> = self.named.agents.keys().map(AgentName::as_str).collect();
        names.sort_unstable();
        names.into_iter()
    }
}
