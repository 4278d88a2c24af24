//! The named things of a table.

use std::collections::HashMap;
use std::fmt;

use callroute_schema::{
    Actions, AgentName, Menu, MenuName, Party, TargetName, WebhookName,
};

/// Everything of a table that is found by name.
#[derive(Debug, Default)]
pub(crate) struct Named {
    pub(crate) targets: HashMap<TargetName, Actions>,
    pub(crate) menus: HashMap<MenuName, Menu>,
    /// In written order.
    pub(crate) webhooks: Vec<(WebhookName, WebhookSpec)>,
    pub(crate) agents: HashMap<AgentName, Agent>,
}

impl Named {
    pub(crate) fn webhook(&self, wanted: &str) -> Option<&WebhookSpec> {
        let found = |(name, _): &&(WebhookName, WebhookSpec)| name.as_str() == wanted;
        self.webhooks.iter().find(found).map(|(_, spec)| spec)
    }
}

/// A server that is asked what to do.
#[derive(Debug, Clone, PartialEq)]
pub struct WebhookSpec {
    /// Where it answers, in order of preference: one or more `http` or `https` URLs.
    pub urls: Vec<String>,
    /// How long the whole ask may take, in milliseconds (50 to 10,000); default 1,500.
    pub deadline_ms: u64,
    /// What requests are signed with; `None`: they are not signed.
    pub secret: Option<Secret>,
    /// Address ranges outside the public internet that may be dialled, as in `127.0.0.0/8`.
    pub allow: Vec<String>,
    /// What is done when no usable answer comes; `None`: the table's default.
    pub fallback: Option<Actions>,
}

/// Where a signing secret comes from.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// The environment variable of this name.
    Env(String),
    /// The secret itself, written in the file.
    Text(String),
}

impl fmt::Debug for Secret {
    /// Never shows the secret itself.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => f.debug_tuple("Env").field(name).finish(),
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
