//! Rules after which the next ones may be asked.

use callroute_schema::{Action, Actions};

use super::through::finds;
use crate::engine::Named;

/// Whether a call may come to the rules behind one that does this: it says `continue` somewhere,
/// or asks a server, which may say so.
pub(super) fn may_go_on(named: &Named, actions: &Actions) -> bool {
    finds(named, actions, |action| {
        matches!(action, Action::Continue(_) | Action::Webhook(_))
    })
}
