//! Where a call goes by itself: by what fails, what is silent, and what a list goes on to.
//!
//! Nothing that a caller presses is an arrow, and nothing that needs an answered party.

use callroute_schema::{Action, Actions, Branch, Destination, Disposition, Menu, MenuBranches, On};

use crate::engine::Named;
use crate::path::Path;

/// Something with a name that a call may come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Place<'a> {
    Target(&'a str),
    Webhook(&'a str),
    Menu(&'a str),
}

impl<'a> Place<'a> {
    /// Its section of the file, and its name.
    pub(crate) fn entry(self) -> (&'static str, &'a str) {
        match self {
            Self::Target(name) => ("targets", name),
            Self::Webhook(name) => ("webhooks", name),
            Self::Menu(name) => ("menus", name),
        }
    }
}

impl std::fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Target(name) => write!(f, "{name}"),
            Self::Webhook(name) => write!(f, "webhook {name}"),
            Self::Menu(name) => write!(f, "menu {name}"),
        }
    }
}

/// Takes what a walk comes across.
pub(crate) trait Visitor<'a> {
    /// An action, before what comes of it.
    fn action(&mut self, _action: &'a Action, _at: &Path<'_>) {}
    /// The call goes on at something with a name.
    fn place(&mut self, place: Place<'a>, at: &Path<'_>);
}

/// Visits what a list comes to.
pub(crate) fn list<'a>(
    list: &'a Actions,
    at: &Path<'_>,
    named: &'a Named,
    visitor: &mut dyn Visitor<'a>,
) {
    Walk { named, visitor }.list(list, at);
}

/// Visits what a place comes to, as far as the next places.
pub(crate) fn leaving<'a>(place: Place<'a>, named: &'a Named, visitor: &mut dyn Visitor<'a>) {
    let mut walk = Walk { named, visitor };
    let (section, name) = place.entry();
    let section = Path::ROOT.key(section);
    let at = section.key(name);
    match place {
        Place::Target(name) => {
            if let Some(list) = named.targets.get(name) {
                walk.list(list, &at);
            }
        }
        Place::Webhook(name) => {
            let fallback = named.webhook(name).and_then(|spec| spec.fallback.as_ref());
            if let Some(list) = fallback {
                walk.list(list, &at.key("fallback"));
            }
        }
        Place::Menu(name) => {
            if let Some(menu) = named.menus.get(name) {
                walk.silence(menu, &at);
            }
        }
    }
}

struct Walk<'a, 's> {
    named: &'a Named,
    visitor: &'s mut dyn Visitor<'a>,
}

impl<'a> Walk<'a, '_> {
    fn list(&mut self, list: &'a Actions, at: &Path<'_>) {
        match list.as_slice() {
            [one] => self.action(one, at),
            many => {
                for (index, one) in many.iter().enumerate() {
                    self.action(one, &at.index(index));
                }
            }
        }
    }

    fn action(&mut self, one: &'a Action, at: &Path<'_>) {
        self.visitor.action(one, at);
        let on = at.key("on");
        match one {
            Action::Target(name) => self.visitor.place(Place::Target(name.as_str()), at),
            Action::Forward(forward) => {
                if let Destination::Queue(queue) = &forward.destination {
                    let to = at.key("destination");
                    self.queue_named(queue.name.as_str(), &forward.on, &to.key("name"));
                    self.queue(&forward.on, &on);
                } else {
                    self.failures(&forward.on, &on);
                }
            }
            Action::Queue(queue) => {
                if queue.members.is_empty() {
                    self.queue_named(queue.name.as_str(), &queue.on, &at.key("name"));
                }
                self.queue(&queue.on, &on);
            }
            Action::Menu(menu) => match &menu.name {
                Some(name) => self
                    .visitor
                    .place(Place::Menu(name.as_str()), &at.key("name")),
                None => self.silence(menu, at),
            },
            Action::Collect(collect) => self.timeout(&collect.on, &on),
            Action::Webhook(webhook) => match (webhook.on.get(&Disposition::Failed), &webhook.name)
            {
                (Some(branch), _) => self.list(branch, &on.key(Disposition::Failed.as_str())),
                (None, Some(name)) => {
                    self.visitor
                        .place(Place::Webhook(name.as_str()), &at.key("name"));
                }
                (None, None) => {}
            },
            Action::Say(_)
            | Action::Play(_)
            | Action::Park(_)
            | Action::Conference(_)
            | Action::Record(_)
            | Action::Voicemail(_)
            | Action::Redirect(_) => {
                if let Some(branches) = one.on() {
                    self.failures(branches, &on);
                }
            }
            // These never fail, so that no branch of theirs is taken.
            _ => {}
        }
    }

    fn failures(&mut self, branches: &'a On, at: &Path<'_>) {
        for (on, branch) in branches.iter().filter(|(on, _)| on.is_failure()) {
            self.list(branch, &at.key(on.as_str()));
        }
    }

    fn queue(&mut self, branches: &'a On, at: &Path<'_>) {
        for (on, branch) in branches.iter().filter(|(on, _)| leaves_by_itself(**on)) {
            self.list(branch, &at.key(on.as_str()));
        }
    }

    /// A queue that the target of its name writes out: its branches, but for those given here.
    fn queue_named(&mut self, name: &str, given: &On, at: &Path<'_>) {
        let target = self.named.targets.get(name).map(Actions::as_slice);
        let section = Path::ROOT.key("targets");
        let there = section.key(name);
        for (index, action) in target.into_iter().flatten().enumerate() {
            let Action::Queue(queue) = action else {
                continue;
            };
            if queue.members.is_empty() {
                continue;
            }
            self.visitor.action(action, &there.index(index));
            for (on, branch) in &queue.on {
                if leaves_by_itself(*on) && !given.contains_key(on) {
                    self.list(branch, at);
                }
            }
            return;
        }
    }

    /// What a menu does when nobody presses anything. Before its PIN is right, that is a wrong PIN.
    fn silence(&mut self, menu: &'a Menu, at: &Path<'_>) {
        match &menu.pin {
            None => self.timeout(&menu.on, &at.key("on")),
            Some(pin) => {
                if let Some(failed) = &pin.failed {
                    let at = at.key("pin");
                    self.list(failed, &at.key("failed"));
                }
            }
        }
    }

    fn timeout(&mut self, branches: &'a MenuBranches, at: &Path<'_>) {
        let at = at.key("timeout");
        match &branches.timeout {
            Some(Branch::Actions(list)) => self.list(list, &at),
            Some(Branch::Repeat(repeat)) => self.list(&repeat.then, &at.key("then")),
            _ => {}
        }
    }
}

/// Whether a caller that a queue has not helped leaves it without pressing the key for that.
fn leaves_by_itself(on: Disposition) -> bool {
    on.is_failure() && on != Disposition::Canceled
}
