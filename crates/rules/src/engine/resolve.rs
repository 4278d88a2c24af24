//! Lists of actions with their targets followed.

use callroute_schema::{Action, Actions, variables};

use super::names::Named;
use crate::check::{self, Sink};
use crate::path::Path;

/// How deep targets may name targets.
pub(crate) const MAX_DEPTH: usize = 32;
/// Most actions that one target, or one rule, may come to.
pub(crate) const MAX_EXPANDED: usize = 1_024;

/// What kind of thing a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NameKind {
    /// A target.
    Target,
    /// A queue that a target holds.
    Queue,
    /// A menu.
    Menu,
    /// A webhook.
    Webhook,
    /// An agent.
    Agent,
}

impl NameKind {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Target => "target",
            Self::Queue => "queue",
            Self::Menu => "menu",
            Self::Webhook => "webhook",
            Self::Agent => "agent",
        }
    }
}

impl std::fmt::Display for NameKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A list of actions uses a name that the table does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: unknown {kind} `{name}`")]
pub struct UnknownName {
    /// What it should be.
    pub kind: NameKind,
    /// The name found.
    pub name: String,
    /// Where it stands, as in `$[1].on.failed`.
    pub path: String,
}

/// Keeps the first unknown name.
struct Known<'a> {
    named: &'a Named,
    unknown: Option<UnknownName>,
}

impl Sink for Known<'_> {
    fn name(&mut self, kind: NameKind, name: &str, at: &Path<'_>) {
        let known = match kind {
            // Each call says who it is; an answer with variables is refused elsewhere.
            NameKind::Queue | NameKind::Agent if variables(name).next().is_some() => true,
            NameKind::Target => self.named.targets.contains_key(name),
            NameKind::Queue => {
                let target = self.named.targets.get(name);
                target.is_some_and(|target| holds_queue(target, name))
            }
            NameKind::Menu => self.named.menus.contains_key(name),
            NameKind::Webhook => self.named.webhook(name).is_some(),
            NameKind::Agent => {
                self.named.agents.contains_key(name) || self.named.rotas.contains(name)
            }
        };
        if !known && self.unknown.is_none() {
            self.unknown = Some(UnknownName {
                kind,
                name: callroute_schema::hint::shorten(name),
                path: at.to_string(),
            });
        }
    }
}

/// A value in a list of actions breaks a rule of the contract.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {message}")]
pub struct WrongValue {
    /// Where it stands, as in `$[1].ring_s`.
    pub path: String,
    /// What was found, and what would be right.
    pub message: String,
}

/// Why a list of actions from outside is not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
#[non_exhaustive]
pub enum AnswerError {
    /// It uses a name that the table does not have.
    Unknown(#[from] UnknownName),
    /// A value breaks a rule of the contract.
    Invalid(WrongValue),
    /// It dials what `destinations` of the table does not allow.
    NotAllowed(WrongValue),
}

/// Keeps the first wrong value.
#[derive(Default)]
struct FirstWrong(Option<WrongValue>);

impl Sink for FirstWrong {
    fn name(&mut self, _kind: NameKind, _name: &str, _at: &Path<'_>) {}

    fn wrong(&mut self, at: &Path<'_>, message: String) {
        self.0.get_or_insert_with(|| WrongValue {
            path: at.to_string(),
            message,
        });
    }
}

/// Whether a list from outside keeps the bounds that a routing file must keep: seconds and
/// repeats in their ranges, URLs with a scheme, menus either named or written out. Where there is a
/// table, [`Engine::accept`](crate::Engine::accept) asks this and more.
///
/// # Errors
/// [`WrongValue`]: the first that does not.
pub fn check(actions: &Actions) -> Result<(), WrongValue> {
    let mut first = FirstWrong::default();
    check::actions(actions, &Path::ROOT, &mut first);
    if let Some(name) = variables(&actions.to_json()).next() {
        let message =
            format!("`{{{name}}}`: variables belong to the routing file; an answer has values");
        first.wrong(&Path::ROOT, message);
    }
    first.0.map_or(Ok(()), Err)
}

/// See [`Engine::resolve`](crate::Engine::resolve).
pub(super) fn resolve(named: &Named, actions: &Actions) -> Result<Vec<Action>, UnknownName> {
    let mut known = Known {
        named,
        unknown: None,
    };
    check::actions(actions, &Path::ROOT, &mut known);
    match known.unknown {
        Some(unknown) => Err(unknown),
        None => {
            let mut flat = Vec::with_capacity(actions.as_slice().len());
            flatten(named, actions, MAX_DEPTH, &mut flat);
            Ok(flat)
        }
    }
}

/// Whether a target is one whose queue may be named alone: the rest of it stands there.
pub(crate) fn holds_queue(target: &Actions, name: &str) -> bool {
    target.as_slice().iter().any(|action| match action {
        Action::Queue(queue) => queue.name.as_str() == name && !queue.members.is_empty(),
        _ => false,
    })
}

/// Appends what a list stands for. Names are known, and cycles and size were ruled out when the
/// table was compiled: the bounds only make sure that this ends.
pub(crate) fn flatten(named: &Named, actions: &Actions, depth: usize, flat: &mut Vec<Action>) {
    for action in actions.as_slice() {
        match action {
            Action::Target(name) => {
                if let (Some(list), Some(depth)) = (named.targets.get(name), depth.checked_sub(1)) {
                    flatten(named, list, depth, flat);
                }
            }
            other => flat.push(other.clone()),
        }
    }
}
