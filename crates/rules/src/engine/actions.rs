//! A walk over everything that a table may do.

use std::collections::HashSet;
use std::fmt;

use callroute_schema::{Action, Actions, Menu};

use super::decide::Engine;
use crate::check::{self, Sink};
use crate::path::Path;

impl Engine {
    /// Shows every action of the table once, those in branches and menus too, and where it
    /// stands: for whoever wants to know in advance what a table needs. What webhooks answer is
    /// not known here.
    pub fn each_action(&self, mut visit: impl FnMut(&Action, &dyn fmt::Display)) {
        let mut walk = Walk {
            visit: &mut visit,
            root: "default".to_owned(),
        };
        walk.list(&self.default.list);
        let mut targets: Vec<_> = self.named.targets.iter().collect();
        targets.sort_by_key(|(name, _)| name.as_str());
        for (name, actions) in targets {
            walk.root = format!("targets.{name}");
            walk.list(actions);
        }
        let mut menus: Vec<_> = self.named.menus.iter().collect();
        menus.sort_by_key(|(name, _)| name.as_str());
        for (name, menu) in menus {
            walk.root = format!("menus.{name}");
            walk.menu(menu);
        }
        for (name, spec) in self.webhooks() {
            if let Some(fallback) = &spec.fallback {
                walk.root = format!("webhooks.{name}.fallback");
                walk.list(fallback);
            }
        }
        let mut seen = HashSet::new();
        let count = u32::try_from(self.rule_count()).unwrap_or(u32::MAX);
        for rule in 0..count {
            let Some(place) = self.book.record(rule).map(|record| record.answer()) else {
                continue;
            };
            if let Some(answer) = self.answers.get(place)
                && seen.insert(place)
            {
                walk.root = self.rule_ref(rule).to_string();
                for action in answer.actions.iter() {
                    walk.one(action);
                }
            }
        }
    }
}

struct Walk<'a> {
    visit: &'a mut dyn FnMut(&Action, &dyn fmt::Display),
    root: String,
}

impl Walk<'_> {
    fn list(&mut self, actions: &Actions) {
        check::actions(actions, &Path::ROOT, self);
    }

    fn one(&mut self, action: &Action) {
        check::action(action, &Path::ROOT, self);
    }

    /// A menu of its own: the list that leads to it is shown elsewhere.
    fn menu(&mut self, menu: &Menu) {
        check::menu(menu, &Path::ROOT, self);
    }
}

impl Sink for Walk<'_> {
    fn action(&mut self, action: &Action, at: &Path<'_>) {
        let place = Place {
            root: &self.root,
            at,
        };
        (self.visit)(action, &place);
    }
}

/// A root, and the way from there.
struct Place<'a> {
    root: &'a str,
    at: &'a Path<'a>,
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = self.at.to_string();
        write!(f, "{}{}", self.root, way.strip_prefix('$').unwrap_or(&way))
    }
}

#[cfg(test)]
mod tests {
    use callroute_schema::ActionKind;

    use crate::{ChronoTz, load};

    #[test]
    fn every_action_is_shown_where_it_stands() {
        let table = r#"
version: 1
default: { action: voicemail, message: general, operator: sales }
targets:
  sales: [{ action: say, text: "Hello" }, { action: hangup }]
menus:
  main: { prompt: { say: m }, options: { 1: sales, 2: { action: busy } }, on: { timeout: { action: park } } }
webhooks:
  crm: { urls: ["https://crm.example/"], fallback: { action: conference, name: all } }
numbers:
  "+1":
    - { name: first, when: { caller: { prefix: "+2" } }, then: sales }
    - { name: second, then: { action: redirect, contacts: ["+12"], on: { failed: { action: menu, name: main } } } }
"#;
        let engine = load("routes.yaml", table, &(), &ChronoTz).unwrap();
        let mut found = Vec::new();
        engine.each_action(|action, at| {
            if let Some(kind) = action.kind() {
                found.push(format!("{at}: {}", ActionKind::as_str(kind)));
            }
        });
        assert_eq!(
            found,
            [
                "default: voicemail",
                "targets.sales[0]: say",
                "targets.sales[1]: hangup",
                "menus.main.options.2: busy",
                "menus.main.on.timeout: park",
                "webhooks.crm.fallback: conference",
                "+1 rule 1 \"first\": say",
                "+1 rule 1 \"first\": hangup",
                "+1 rule 2 \"second\": redirect",
                "+1 rule 2 \"second\".on.failed: menu",
            ]
        );
    }
}
