//! What `calls` conditions count.

use std::collections::BTreeSet;

use callroute_schema::{Action, TargetName};

use super::names::Named;
use super::resolve::{MAX_DEPTH, flatten};
use super::tables::Tables;

/// The names that `calls` conditions of a table ask for.
#[derive(Debug, Default)]
pub(crate) struct Counted(Vec<Name>);

#[derive(Debug)]
struct Name {
    name: Box<str>,
    /// As a number in full.
    number: Option<String>,
    /// What a target of this name does, targets followed.
    actions: Vec<Action>,
}

impl Counted {
    pub(crate) fn new(names: &BTreeSet<String>, named: &Named, tables: &Tables) -> Self {
        let read = |name: &String| {
            let mut actions = Vec::new();
            let target = TargetName::new(name.as_str()).ok();
            if let Some(list) = target.and_then(|target| named.targets.get(&target)) {
                flatten(named, list, MAX_DEPTH, &mut actions);
            }
            actions.retain(keeps);
            Name {
                name: name.as_str().into(),
                number: tables.in_full(name),
                actions,
            }
        };
        Self(names.iter().map(read).collect())
    }

    /// See [`Engine::counted`](crate::Engine::counted).
    pub(crate) fn of(&self, dialed: &str, doing: &Action, tables: &Tables) -> Vec<&str> {
        if self.0.is_empty() {
            return Vec::new();
        }
        let full = tables.in_full(dialed);
        let dialed = full.as_deref().unwrap_or(dialed);
        let is_on = |name: &&Name| {
            *name.name == *dialed
                || name.number.as_deref() == Some(dialed)
                || name.actions.contains(doing)
        };
        let found = self.0.iter().filter(is_on);
        found.map(|name| &*name.name).collect()
    }
}

/// Whether a call stays with this action, so that it is on the target; what is said on the way to
/// several targets is on none.
fn keeps(action: &Action) -> bool {
    matches!(
        action,
        Action::Forward(_)
            | Action::Voicemail(_)
            | Action::Menu(_)
            | Action::Collect(_)
            | Action::Queue(_)
            | Action::Park(_)
            | Action::Conference(_)
    )
}
