//! Everything that a list of actions may come to: what it says, and the targets and menus in it.

use std::collections::HashSet;

use callroute_schema::{Action, Actions};

use crate::check::{self, Sink};
use crate::engine::{NameKind, Named};
use crate::path::Path;

/// Whether somewhere in it, targets and menus included, something is found.
pub(super) fn finds(named: &Named, actions: &Actions, is: fn(&Action) -> bool) -> bool {
    let mut through = Through {
        is,
        found: false,
        names: Vec::new(),
        met: HashSet::new(),
    };
    check::actions(actions, &Path::ROOT, &mut through);
    // Each name is looked into once, so this ends.
    while let Some((kind, name)) = through.names.pop() {
        if through.found {
            break;
        }
        if let (NameKind::Target | NameKind::Queue, Some(list)) = (kind, named.targets.get(&*name))
        {
            check::actions(list, &Path::ROOT, &mut through);
        }
        if let (NameKind::Menu, Some(menu)) = (kind, named.menus.get(&*name)) {
            check::menu(menu, &Path::ROOT, &mut through);
        }
    }
    through.found
}

struct Through {
    is: fn(&Action) -> bool,
    found: bool,
    /// Targets and menus to look into, and those that were met.
    names: Vec<(NameKind, String)>,
    met: HashSet<(NameKind, String)>,
}

impl Sink for Through {
    fn action(&mut self, action: &Action, _at: &Path<'_>) {
        self.found |= (self.is)(action);
    }

    fn name(&mut self, kind: NameKind, name: &str, _at: &Path<'_>) {
        let name = (kind, name.to_owned());
        if self.met.insert(name.clone()) {
            self.names.push(name);
        }
    }
}
