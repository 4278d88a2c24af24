//! Calls that come back to themselves, and chains of fallbacks that end nowhere.

use callroute_schema::{Action, Actions, Destination, Disposition, Party};

use super::Review;
use crate::path::Path;
use crate::prefix::Key as DialedKey;
use crate::table::Rules;

impl Review<'_> {
    pub(super) fn chains(&mut self) {
        self.own_numbers();
        self.default_ends();
        self.fallbacks();
    }

    /// Groups and forwards that ring a number of this file whose rules lead back to them.
    fn own_numbers(&mut self) {
        let table = self.table;
        let section = Path::ROOT.key("targets");
        for entry in table.targets.entries() {
            let Some(actions) = &entry.value else {
                continue;
            };
            let at = section.key(&entry.name);
            for (number, place) in rings(actions) {
                let Some(block) = self.block_leading_to(&number, &entry.name) else {
                    continue;
                };
                let message = format!(
                    "a call to {number} rings {number} again: its rules lead to `{}`, which rings it; ring the phone behind it instead, by its SIP URI or extension",
                    entry.name
                );
                let numbers = Path::ROOT.key("numbers");
                let here = at.key("destination");
                let members = here.key("members");
                let here = match place {
                    Some(member) => members.index(member),
                    None => here.key("number"),
                };
                self.warn_between(
                    &here,
                    message,
                    (&numbers.key(&block), "its rules are these"),
                );
            }
        }
    }

    /// The block of a number, when one of its rules names a target, perhaps through others.
    fn block_leading_to(&self, number: &str, target: &str) -> Option<String> {
        let key = DialedKey::call(number);
        let blocks = self.engine.book.blocks.iter();
        let place = blocks
            .zip(self.table.numbers.entries())
            // A prefix covers numbers of the outside too, which never come back.
            .find(|(block, _)| matches!(&block.dialed, crate::engine::Dialed::Key(found) if found.is_whole() && found.begins(key)));
        let (_, entry) = place?;
        let leads = |actions: &Actions| self.leads(actions, target, 0);
        let found = match entry.value.as_ref()? {
            Rules::Always(actions) => leads(actions),
            Rules::List(list) => list.iter().flatten().any(|rule| leads(&rule.then)),
        };
        found.then(|| entry.name.clone())
    }

    /// Whether a list names a target; the file has no cycles, and the depth bounds the rest.
    fn leads(&self, actions: &Actions, target: &str, depth: usize) -> bool {
        depth < 32
            && actions.as_slice().iter().any(|action| match action {
                Action::Target(name) => {
                    name.as_str() == target
                        || self
                            .engine
                            .target(name.as_str())
                            .is_some_and(|next| self.leads(next, target, depth + 1))
                }
                _ => false,
            })
    }

    /// After the default there is nothing: it must not depend on somebody answering.
    fn default_ends(&mut self) {
        let at = Path::ROOT.key("default");
        let actions = self.engine.default.actions.clone();
        match actions.last() {
            Some(Action::Forward(forward)) => {
                let caught = forward.on.contains_key(&Disposition::Failed);
                if !caught {
                    let message = "nobody may answer, and after the default there is nothing: end it with `{ action: voicemail, message: … }`";
                    self.warn(&at, message);
                }
            }
            Some(Action::Set(_) | Action::Continue(_) | Action::Record(_) | Action::Collect(_)) => {
                let message = "the default does not say where the call ends; end it with `{ action: voicemail, message: … }` or `{ action: hangup }`";
                self.warn(&at, message);
            }
            Some(Action::Webhook(webhook)) if !webhook.on.contains_key(&Disposition::Failed) => {
                let message = "the default asks a web server: when that fails, there is nothing left; give it `on: { failed: … }`";
                self.warn(&at, message);
            }
            _ => {}
        }
    }

    /// Fallbacks of webhooks that ask the same servers again.
    fn fallbacks(&mut self) {
        let table = self.table;
        let section = Path::ROOT.key("webhooks");
        let entries = table.webhooks.entries();
        for entry in entries {
            let Some(fallback) = entry
                .value
                .as_ref()
                .and_then(|value| value.fallback.as_ref())
            else {
                continue;
            };
            let at = section.key(&entry.name);
            let asked = fallback.as_slice().iter().find_map(|action| match action {
                Action::Webhook(webhook) => webhook.name.as_ref(),
                _ => None,
            });
            let Some(asked) = asked else {
                continue;
            };
            let urls = |name: &str| {
                let found = entries.iter().find(|entry| entry.name == name);
                found
                    .and_then(|entry| entry.value.as_ref())
                    .map(|value| &value.urls)
            };
            if let (Some(own), Some(others)) = (urls(&entry.name), urls(asked.as_str()))
                && others.iter().all(|url| own.contains(url))
            {
                let message = format!(
                    "the fallback asks `{asked}`, which is the same servers again; name what is done when they are away, as a voicemail box"
                );
                self.warn_between(
                    &at.key("fallback"),
                    message,
                    (&section.key(asked.as_str()), "these servers"),
                );
            }
        }
    }
}

/// The numbers that a target rings itself, with a member's place.
fn rings(actions: &Actions) -> Vec<(String, Option<usize>)> {
    let mut found = Vec::new();
    // A list has no path of its own in a target of one action.
    if let [Action::Forward(forward)] = actions.as_slice() {
        match &forward.destination {
            Destination::Number(number) => found.push((number.number.to_string(), None)),
            Destination::RingGroup(group) => {
                for (place, member) in group.members.iter().enumerate() {
                    if let Party::Number(number) = &member.to {
                        found.push((number.to_string(), Some(place)));
                    }
                }
            }
            _ => {}
        }
    }
    found
}
