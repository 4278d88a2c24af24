//! Rules after which the next ones may be asked.

use callroute_schema::{Action, Actions};

use super::through::finds;
use crate::engine::{MAX_DEPTH, Named, flatten};

/// Whether a call may come to the rules behind one that does this: it says `continue` somewhere,
/// or asks a server, which may say so.
pub(super) fn may_go_on(named: &Named, actions: &Actions) -> bool {
    finds(named, actions, |action| {
        matches!(action, Action::Continue(_) | Action::Webhook(_))
    })
}

/// Whether every call comes to the rules behind one that does this: it comes to `continue`, and what
/// is before that settles nothing.
pub(super) fn passes_on(named: &Named, actions: &Actions) -> bool {
    let mut flat = Vec::new();
    flatten(named, actions, MAX_DEPTH, &mut flat);
    let settles = |action: &&Action| {
        let passes = matches!(action, Action::Set(_) | Action::Say(_) | Action::Play(_));
        !passes
    };
    matches!(flat.iter().find(settles), Some(Action::Continue(_)))
}
