//! Chains of fallbacks that end nowhere, or where they began.

use std::collections::HashSet;

use callroute_schema::{Action, Actions, Branch, Disposition, Menu, MenuBranches, On};

use super::Review;
use crate::path::{Path, Spot};

/// How deep branches and targets in each other are followed.
const MAX_DEPTH: usize = 32;

const NOBODY: &str = "nobody may answer, and after the default there is nothing: end it with `{ action: voicemail, message: … }`";
const QUEUE: &str =
    "nobody may have time, and after the default there is nothing: give it `on: { failed: … }`";
const SILENT: &str =
    "nobody may press a key, and after the default there is nothing: give it `on: { timeout: … }`";
const WEBHOOK: &str = "the default asks a web server: when that fails, there is nothing left; give it `on: { failed: … }`";
const UNSAID: &str = "the default does not say where the call ends; end it with `{ action: voicemail, message: … }` or `{ action: hangup }`";

impl Review<'_> {
    pub(super) fn chains(&mut self) {
        let table = self.table;
        if let Some(default) = &table.default {
            self.ends(default, &Path::ROOT.key("default"), 0);
        }
        self.fallbacks();
    }

    /// After the default there is nothing: its last action must not depend on anybody. In doubt
    /// nothing is told.
    fn ends(&mut self, list: &Actions, at: &Path<'_>, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        match list.as_slice() {
            [one] => self.action_ends(one, at, depth),
            many => {
                if let Some((last, before)) = many.split_last() {
                    self.action_ends(last, &at.index(before.len()), depth);
                }
            }
        }
    }

    fn action_ends(&mut self, last: &Action, at: &Path<'_>, depth: usize) {
        let table = self.table;
        let on = at.key("on");
        match last {
            Action::Target(name) => {
                let mut targets = table.targets.entries().iter();
                let target = targets.find(|entry| entry.name == name.as_str());
                let section = Path::ROOT.key("targets");
                if let Some(list) = target.and_then(|entry| entry.value.as_ref()) {
                    self.ends(list, &section.key(name.as_str()), depth + 1);
                }
            }
            Action::Forward(forward) => self.failure_ends(&forward.on, &on, depth, (at, NOBODY)),
            Action::Queue(queue) if queue.members.is_empty() => {}
            // Which of its ends a queue may come to is not always plain.
            Action::Queue(queue) if queue.on.keys().any(|on| *on != Disposition::Failed) => {}
            Action::Queue(queue) => self.failure_ends(&queue.on, &on, depth, (at, QUEUE)),
            Action::Menu(menu) => match &menu.name {
                None => self.menu_ends(menu, at, depth),
                Some(name) => {
                    let mut menus = table.menus.entries().iter();
                    let menu = menus.find(|entry| entry.name == name.as_str());
                    let section = Path::ROOT.key("menus");
                    if let Some(menu) = menu.and_then(|entry| entry.value.as_ref()) {
                        self.menu_ends(menu, &section.key(name.as_str()), depth + 1);
                    }
                }
            },
            Action::Webhook(webhook) => match (webhook.on.get(&Disposition::Failed), &webhook.name)
            {
                (None, Some(name)) => {
                    let mut webhooks = table.webhooks.entries().iter();
                    let entry = webhooks.find(|entry| entry.name == name.as_str());
                    let value = entry.and_then(|entry| entry.value.as_ref());
                    let section = Path::ROOT.key("webhooks");
                    let there = section.key(name.as_str());
                    match value.and_then(|value| value.fallback.as_ref()) {
                        Some(list) => self.ends(list, &there.key("fallback"), depth + 1),
                        None => self.warn(at, WEBHOOK),
                    }
                }
                _ => self.failure_ends(&webhook.on, &on, depth, (at, WEBHOOK)),
            },
            Action::Set(_) | Action::Continue(_) | Action::Record(_) | Action::Collect(_) => {
                self.warn(at, UNSAID);
            }
            _ => {}
        }
    }

    /// What comes of a failure; `else_`: where there is nothing, and what that means.
    fn failure_ends(
        &mut self,
        branches: &On,
        on: &Path<'_>,
        depth: usize,
        else_: (&Path<'_>, &str),
    ) {
        match branches.get(&Disposition::Failed) {
            Some(branch) => {
                let at = on.key(Disposition::Failed.as_str());
                self.ends(branch, &at, depth + 1);
            }
            None => self.warn(else_.0, else_.1),
        }
    }

    fn menu_ends(&mut self, menu: &Menu, at: &Path<'_>, depth: usize) {
        let MenuBranches { timeout, .. } = &menu.on;
        let on = at.key("on");
        let then = on.key("timeout");
        match timeout {
            // A wrong PIN ends the call as it should.
            _ if menu.pin.is_some() => {}
            Some(Branch::Actions(list)) => self.ends(list, &then, depth + 1),
            Some(Branch::Repeat(repeat)) => self.ends(&repeat.then, &then.key("then"), depth + 1),
            _ => self.warn(at, SILENT),
        }
    }

    /// Fallbacks of webhooks that come to ask the same servers again.
    fn fallbacks(&mut self) {
        let table = self.table;
        let section = Path::ROOT.key("webhooks");
        let entries = table.webhooks.entries();
        let value_of = |name: &str| {
            let found = entries.iter().find(|entry| entry.name == name);
            found.and_then(|entry| entry.value.as_ref())
        };
        let mut told = HashSet::new();
        for entry in entries {
            let mut seen = vec![entry.name.as_str()];
            while let Some(last) = seen.last().copied()
                && let Some(fallback) = value_of(last).and_then(|value| value.fallback.as_ref())
                && let Some(next) = asked(fallback)
                && !seen.contains(&next)
            {
                let urls = value_of(next).map(|value| value.urls.as_slice());
                let again = seen.iter().find(|before| {
                    let known = value_of(before).map(|value| value.urls.as_slice());
                    let both = urls.zip(known);
                    both.is_some_and(|(urls, known)| urls.iter().all(|url| known.contains(url)))
                });
                if let Some(again) = again
                    && told.insert((last, next))
                {
                    let message = format!(
                        "the fallback asks `{next}`, which is the same servers again as `{again}`; name what is done when they are away, as a voicemail box"
                    );
                    let at = section.key(last);
                    let here = Spot::of(self.root, &at.key("fallback"));
                    let there = Spot::of_key(self.root, &section.key(again));
                    self.report
                        .between_spots(&here, message, (&there, "these servers"));
                }
                seen.push(next);
            }
        }
    }
}

/// The webhook that a list asks first.
fn asked(list: &Actions) -> Option<&str> {
    list.as_slice().iter().find_map(|action| match action {
        Action::Webhook(webhook) => webhook.name.as_ref().map(|name| name.as_str()),
        _ => None,
    })
}
