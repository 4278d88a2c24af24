//! Rules after which the next ones may be asked.

use std::collections::HashSet;

use callroute_schema::{Action, Actions};

use crate::check::{self, Sink};
use crate::engine::{NameKind, Named};
use crate::path::Path;

/// Whether a call may come to the rules behind one that does this: it says `continue` somewhere,
/// or asks a server, which may say so.
pub(super) fn may_go_on(named: &Named, actions: &Actions) -> bool {
    let mut found = Found::default();
    check::actions(actions, &Path::ROOT, &mut found);
    // Each name is looked into once, so this ends.
    while let Some((kind, name)) = found.names.pop() {
        if found.goes_on {
            break;
        }
        if let (NameKind::Target, Some(list)) = (kind, named.targets.get(&*name)) {
            check::actions(list, &Path::ROOT, &mut found);
        }
        if let (NameKind::Menu, Some(menu)) = (kind, named.menus.get(&*name)) {
            check::menu(menu, &Path::ROOT, &mut found);
        }
    }
    found.goes_on
}

#[derive(Default)]
struct Found {
    goes_on: bool,
    /// Targets and menus to look into, and those that were met.
    names: Vec<(NameKind, String)>,
    met: HashSet<(NameKind, String)>,
}

impl Sink for Found {
    fn action(&mut self, action: &Action, _at: &Path<'_>) {
        self.goes_on |= matches!(action, Action::Continue(_) | Action::Webhook(_));
    }

    fn name(&mut self, kind: NameKind, name: &str, _at: &Path<'_>) {
        let name = (kind, name.to_owned());
        if self.met.insert(name.clone()) {
            self.names.push(name);
        }
    }
}
