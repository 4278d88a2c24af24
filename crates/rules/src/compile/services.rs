//! Agents and webhooks.

use callroute_schema::{Network, Party, WebhookName};

use super::Compiler;
use crate::check::DEADLINE_MS;
use crate::engine::{Agent, Named, SecretSource, WebhookSpec};
use crate::path::Path;
use crate::policy::Policy;
use crate::table::{AgentEntry, SecretEntry, SecretsEntry, WebhookEntry};
use callroute_schema::hint::shorten;

/// How long an ask may take when the file does not say, in milliseconds.
const DEFAULT_DEADLINE_MS: u64 = 1_500;
/// Most URLs of one webhook.
const MAX_URLS: usize = 16;
/// Most secrets of one webhook.
const MAX_SECRETS: usize = 2;

impl Compiler<'_> {
    pub(super) fn agent(&mut self, entry: &AgentEntry, at: &Path<'_>) -> Option<Agent> {
        if let Party::Number(_) | Party::Sip(_) = &entry.to
            && let Some(message) = self.policy.refuse(entry.to.as_str())
        {
            self.fault(&at.key("to"), format!("{message}; see `destinations`"));
        }
        if let Party::Agent(name) = &entry.to {
            let name = shorten(name.as_str());
            let message = format!(
                "`{name}` is no number and no SIP URI; an agent is reached by one of these"
            );
            self.fault(&at.key("to"), message);
            return None;
        }
        Some(Agent {
            to: entry.to.clone(),
        })
    }

    pub(super) fn webhooks(&mut self, named: &mut Named) {
        let table = self.table;
        let section = Path::ROOT.key("webhooks");
        for entry in table.webhooks.entries() {
            let at = section.key(&entry.name);
            let name = self.name(WebhookName::new(entry.name.as_str()), &at);
            let spec = entry.value.as_ref().map(|value| self.webhook(value, &at));
            if let (Some(name), Some(spec)) = (name, spec) {
                named.add_webhook(name, spec);
            }
        }
    }

    fn webhook(&mut self, entry: &WebhookEntry, at: &Path<'_>) -> WebhookSpec {
        let urls = at.key("urls");
        if entry.urls.is_empty() || entry.urls.len() > MAX_URLS {
            let found = entry.urls.len();
            self.fault(
                &urls,
                format!("expected 1 to {MAX_URLS} URLs, found {found}"),
            );
        }
        for (index, url) in entry.urls.iter().enumerate() {
            if let Err(error) = crate::url::check(url) {
                self.fault(&urls.index(index), error.to_string());
            }
        }
        let deadline_ms = entry.deadline_ms.unwrap_or(DEFAULT_DEADLINE_MS);
        let deadline = at.key("deadline_ms");
        self.bounded(deadline_ms, DEADLINE_MS, "milliseconds", &deadline);
        let allow = at.key("allow");
        for (index, range) in entry.allow.iter().enumerate() {
            if range.parse::<Network>().is_err() {
                let message = format!(
                    "`{}` is no address range; write it as in 127.0.0.0/8 or fd00::/8",
                    shorten(range)
                );
                self.fault(&allow.index(index), message);
            }
        }
        if let Some(fallback) = &entry.fallback {
            self.check(fallback, &at.key("fallback"));
        }
        WebhookSpec {
            urls: entry.urls.clone(),
            deadline_ms,
            secrets: self.secrets(entry.secret.as_ref(), &at.key("secret")),
            ca: entry.ca.clone(),
            identity: self.identity(entry, at),
            last_good: entry.last_good,
            allow: entry.allow.clone(),
            fallback: entry.fallback.clone(),
        }
    }

    /// What may be dialed at all, before anything that dials is read.
    pub(super) fn policy(&mut self) {
        let Some(entry) = &self.table.destinations else {
            return;
        };
        match Policy::new(entry.allow.as_deref(), &entry.deny, self.region) {
            Ok(policy) => self.policy = policy,
            Err(wrong) => {
                let section = Path::ROOT.key("destinations");
                for (list, index, message) in wrong {
                    self.fault(&section.key(list).index(index), message);
                }
            }
        }
    }

    fn identity(&mut self, entry: &WebhookEntry, at: &Path<'_>) -> Option<(String, String)> {
        match (&entry.cert, &entry.key) {
            (Some(cert), Some(key)) => Some((cert.clone(), key.clone())),
            (None, None) => None,
            (Some(_), None) => {
                self.fault(&at.key("cert"), "a certificate needs its `key`");
                None
            }
            (None, Some(_)) => {
                self.fault(&at.key("key"), "a key needs its certificate, `cert`");
                None
            }
        }
    }

    fn secrets(&mut self, entry: Option<&SecretsEntry>, at: &Path<'_>) -> Vec<SecretSource> {
        let list = entry.map_or(&[][..], |secrets| &secrets.0);
        if list.len() > MAX_SECRETS {
            let found = list.len();
            let message =
                format!("{found} secrets; while they are changed there are two, and never more");
            self.fault(at, message);
        }
        list.iter()
            .filter_map(|entry| self.secret(entry, at))
            .collect()
    }

    fn secret(&mut self, entry: &SecretEntry, at: &Path<'_>) -> Option<SecretSource> {
        match entry {
            SecretEntry::Env(name) => {
                let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
                if name.is_empty() || !name.chars().all(plain) {
                    let name = shorten(name);
                    let message = format!("`{name}` is no name of an environment variable");
                    self.fault(&at.key("env"), message);
                }
                Some(SecretSource::Env(name.clone()))
            }
            SecretEntry::File(path) => {
                if path.is_empty() {
                    self.fault(&at.key("file"), "the name of a file must not be empty");
                }
                Some(SecretSource::File(path.clone()))
            }
            SecretEntry::Text(text) => {
                if text.is_empty() {
                    self.fault(at, "a secret must not be empty");
                }
                Some(SecretSource::Text(text.clone()))
            }
        }
    }
}

#[cfg(test)]
mod tests;
