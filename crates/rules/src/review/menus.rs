//! The menus of a file, named or written where they are used, and ways back that there are not.

use std::collections::HashSet;

use callroute_schema::{Action, Menu};

use super::Review;
use super::used::{Used, each_list};
use crate::check::Sink;
use crate::path::Path;
use crate::table::Sections;

/// Gathers what the keys of menus lead to: from there, `back` goes back.
#[derive(Default)]
struct LedTo {
    menus: HashSet<String>,
    targets: HashSet<String>,
}

impl Sink for LedTo {
    fn action(&mut self, action: &Action, at: &Path<'_>) {
        match action {
            Action::Menu(menu) if is_behind_key(at) => {
                let name = menu.name.as_ref();
                self.menus.extend(name.map(|name| name.as_str().to_owned()));
            }
            Action::Target(name) if is_behind_key(at) => {
                self.targets.insert(name.as_str().to_owned());
            }
            _ => {}
        }
    }
}

/// Looks at the menus that are written where they are used.
struct InPlace<'r, 'a> {
    review: &'r mut Review<'a>,
    led_to: Option<&'r LedTo>,
}

impl Sink for InPlace<'_, '_> {
    fn action(&mut self, action: &Action, at: &Path<'_>) {
        let Action::Menu(menu) = action else {
            return;
        };
        if menu.name.is_none() {
            self.review.keys(menu, at);
            let led_to = || is_behind_key(at) || self.led_to.is_none_or(|led| led.is_target(at));
            if menu.back.is_some() && !led_to() {
                self.review.nowhere_back(menu, at);
            }
        }
    }
}

impl LedTo {
    /// Goes through the targets behind keys, and those that they name.
    fn follow(&mut self, table: &Sections) {
        let mut names: Vec<String> = self.targets.iter().cloned().collect();
        // Each name is looked into once, so this ends.
        while let Some(name) = names.pop() {
            let target = table.targets.get(&name);
            let actions = target.and_then(|entry| entry.value.as_ref());
            for action in actions.iter().flat_map(|list| list.as_slice()) {
                match action {
                    Action::Menu(menu) => {
                        let name = menu.name.as_ref();
                        self.menus.extend(name.map(|name| name.as_str().to_owned()));
                    }
                    Action::Target(name) if self.targets.insert(name.as_str().to_owned()) => {
                        names.push(name.as_str().to_owned());
                    }
                    _ => {}
                }
            }
        }
    }

    /// Whether a place is that of a target that some key leads to.
    fn is_target(&self, at: &Path<'_>) -> bool {
        let target = at.entry_of("targets");
        target.is_some_and(|name| self.targets.contains(name))
    }
}

/// Whether it is all that a key of a menu does.
fn is_behind_key(at: &Path<'_>) -> bool {
    at.is_right_below("options") || at.is_right_below("patterns")
}

impl Review<'_> {
    pub(super) fn menus(&mut self, used: &Used) {
        let table = self.table;
        let mut led_to = LedTo::default();
        each_list(table, &mut led_to);
        led_to.follow(table);
        // A server's answer may have menus whose keys lead here.
        let led_to = (!used.answers).then_some(&led_to);
        let section = Path::ROOT.key("menus");
        for entry in table.menus.entries() {
            let at = section.key(&entry.name);
            if let Some(menu) = &entry.value {
                self.keys(menu, &at);
                if led_to.is_some_and(|led| !led.menus.contains(&entry.name)) {
                    self.nowhere_back(menu, &at);
                }
            }
        }
        let mut in_place = InPlace {
            review: self,
            led_to,
        };
        each_list(table, &mut in_place);
    }

    /// A way back in a menu that no key of another leads to.
    fn nowhere_back(&mut self, menu: &Menu, at: &Path<'_>) {
        let Some(back) = menu.back.as_ref() else {
            return;
        };
        if menu.options.contains_key(back) {
            return;
        }
        let message = format!(
            "there is no menu to go back to: no key leads to this one, so {back} only lets it be heard again; call it `repeat`, or take it out"
        );
        self.warn_key(&at.key("back"), message);
    }
}
