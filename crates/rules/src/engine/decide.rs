//! The engine itself, and its doors.

use std::collections::HashMap;
use std::sync::Arc;

use callroute_schema::{Action, Actions, Event, Menu, WebhookName};

use super::condition::Condition;
use super::index::PatternMap;
use super::names::{Agent, Named, WebhookSpec};
use super::outcome::{Decision, Facts, Outcome, RuleRef};
use super::resolve::{UnknownName, WrongValue, resolve};
use super::walk::walk;
use crate::explain::{Explanation, explain};
use crate::hours::Hours;
use crate::source::Source;

/// A compiled routing table: answers for every call, from its event and the facts alone.
#[derive(Debug)]
pub struct Engine {
    pub(crate) index: PatternMap<usize>,
    /// In written order.
    pub(crate) blocks: Vec<Block>,
    pub(crate) default: DefaultActions,
    pub(crate) named: Named,
    pub(crate) policy: crate::policy::Policy,
    pub(crate) region: Option<String>,
    pub(crate) hours: HashMap<String, Arc<Hours>>,
    pub(crate) sources: Vec<Source>,
    pub(crate) fingerprint: String,
    pub(crate) zone_release: String,
}

/// What is done when no rule holds: as a list, and with its targets resolved.
#[derive(Debug)]
pub(crate) struct DefaultActions {
    pub(crate) list: Actions,
    pub(crate) actions: Arc<[Action]>,
}

/// The rules of one dialed number, or of one family of them.
#[derive(Debug)]
pub(crate) struct Block {
    /// As written: `+13146523057`, `+1314*` or `*`.
    pub(crate) number: String,
    /// In written order.
    pub(crate) rules: Vec<Rule>,
}

/// One rule.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) name: Option<String>,
    /// `None`: it always holds.
    pub(crate) when: Option<Condition>,
    /// Targets resolved, never empty.
    pub(crate) actions: Arc<[Action]>,
}

impl Engine {
    /// What happens to a call: the first rule, in written order, that holds in the most specific
    /// block for the dialed number; else the default.
    #[must_use]
    pub fn decide(&self, event: &Event, _facts: &Facts) -> Outcome {
        let held = self
            .block(event.to.as_str())
            .and_then(|block| Some((block, walk(block, event, &mut ())?)));
        Outcome::Decided(match held {
            Some((block, (index, rule))) => block.decision(index, rule),
            None => self.default_decision(),
        })
    }

    /// Why a call goes where it goes: the same walk, watched.
    #[must_use]
    pub fn explain(&self, event: &Event, _facts: &Facts) -> Explanation {
        explain(self, event)
    }

    pub(crate) fn block(&self, dialed: &str) -> Option<&Block> {
        self.blocks.get(*self.index.find(dialed)?)
    }

    pub(crate) fn default_decision(&self) -> Decision {
        Decision {
            rule: RuleRef::Default,
            actions: Arc::clone(&self.default.actions),
        }
    }

    /// What is done when no rule holds, when a webhook has no fallback of its own, and when a
    /// list of actions ends without having settled the call. Targets are resolved.
    #[must_use]
    pub fn default_actions(&self) -> &Actions {
        &self.default.list
    }

    /// What a target says, as written; [`resolve`](Self::resolve) also follows the targets in it.
    #[must_use]
    pub fn target(&self, name: &str) -> Option<&Actions> {
        self.named.targets.get(name)
    }

    /// The actions that a list stands for: targets are replaced by what they say.
    ///
    /// For lists from outside (a webhook's answer) and for branches. Every name in it is looked
    /// up, those in branches and menus too, so that a call does not find out later; branches
    /// keep their targets, which are resolved when they are taken.
    ///
    /// # Errors
    /// [`UnknownName`]: the first name that this table does not have, and where it stands.
    pub fn resolve(&self, actions: &Actions) -> Result<Vec<Action>, UnknownName> {
        resolve(&self.named, actions)
    }

    /// Whether a list of actions from outside dials only what `destinations` of this table
    /// allows.
    ///
    /// # Errors
    /// [`WrongValue`]: the first destination that may not be dialed, and where it stands.
    pub fn permit(&self, actions: &Actions) -> Result<(), WrongValue> {
        self.policy.judge(actions)
    }

    /// A menu by its name.
    #[must_use]
    pub fn menu(&self, name: &str) -> Option<&Menu> {
        self.named.menus.get(name)
    }

    /// A webhook by its name.
    #[must_use]
    pub fn webhook(&self, name: &str) -> Option<&WebhookSpec> {
        self.named.webhook(name)
    }

    /// Every webhook, in written order.
    pub fn webhooks(&self) -> impl Iterator<Item = (&WebhookName, &WebhookSpec)> {
        self.named.webhooks()
    }

    /// An agent by name.
    #[must_use]
    pub fn agent(&self, name: &str) -> Option<&Agent> {
        self.named.agents.get(name)
    }

    /// Hours by their name.
    #[must_use]
    pub fn hours(&self, name: &str) -> Option<&Hours> {
        self.hours.get(name).map(Arc::as_ref)
    }

    /// The blocks' numbers in written order: `+13146523057`, `+1314*`, `*`.
    pub fn numbers(&self) -> impl Iterator<Item = &str> {
        self.blocks.iter().map(|block| block.number.as_str())
    }

    /// How many rules the table has, in all blocks.
    #[must_use]
    pub fn rule_count(&self) -> usize {
        self.blocks.iter().map(|block| block.rules.len()).sum()
    }

    /// The file's `region`: an ISO 3166-1 code of two letters. This version keeps it, and
    /// compares numbers as they are written.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    /// The texts it was compiled from, the routing file first. Given back to
    /// [`load`](crate::load), they make the same engine.
    #[must_use]
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// A hash over the texts, 32 hex digits: tells tables apart in logs and journals.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Which release of the time zone data it was compiled with.
    #[must_use]
    pub fn zone_release(&self) -> &str {
        &self.zone_release
    }
}

impl Block {
    pub(crate) fn decision(&self, index: usize, rule: &Rule) -> Decision {
        Decision {
            rule: RuleRef::Rule {
                number: self.number.clone(),
                index,
                name: rule.name.clone(),
            },
            actions: Arc::clone(&rule.actions),
        }
    }
}

#[cfg(test)]
mod tests;
