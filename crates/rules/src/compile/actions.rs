//! Checks lists of actions against the names of the file and the bounds of the contract.

use callroute_schema::tree::Node;
use callroute_schema::{Actions, Menu, variables};

use super::Compiler;
use crate::check::{self, Sink};
use crate::engine::{NameKind, holds_queue};
use crate::fault::Report;
use crate::path::Path;
use crate::policy::Policy;
use crate::table::{Section, Sections};
use callroute_schema::hint::shorten;

/// Turns what the walk comes across into faults.
struct Checker<'a> {
    root: &'a Node,
    table: &'a Sections,
    policy: &'a Policy,
    report: &'a mut Report,
}

impl Sink for Checker<'_> {
    fn party(&mut self, party: &str, at: &Path<'_>) {
        if let Some(message) = self.policy.refuse(party) {
            let message = format!("{message}; see `destinations`");
            self.report.at(self.root, at, message);
        }
    }

    fn name(&mut self, kind: NameKind, name: &str, at: &Path<'_>) {
        let table = self.table;
        match kind {
            NameKind::Target => self.known(kind, name, &table.targets, at),
            // Each call says which, as in `{attributes.queue}`; what is no queue cannot be joined.
            NameKind::Queue if variables(name).next().is_some() => {}
            NameKind::Queue => self.queue(name, at),
            NameKind::Menu => self.known(kind, name, &table.menus, at),
            NameKind::Webhook => self.known(kind, name, &table.webhooks, at),
            NameKind::Agent if table.rotas.has(name) => {}
            // Each call says who it is, as in `{crm.owner}`; who is nobody cannot be reached.
            NameKind::Agent if variables(name).next().is_some() => {}
            NameKind::Agent => self.known(kind, name, &table.agents, at),
        }
    }

    fn wrong(&mut self, at: &Path<'_>, message: String) {
        self.report.at(self.root, at, message);
    }
}

impl Checker<'_> {
    fn queue(&mut self, name: &str, at: &Path<'_>) {
        let targets = &self.table.targets;
        match targets.get(name) {
            None => self.known(NameKind::Target, name, targets, at),
            // One that could not be read has its fault already.
            Some(target) => {
                let target = target.value.as_ref();
                if target.is_some_and(|target| !holds_queue(target, name)) {
                    let name = shorten(name);
                    let message = format!(
                        "target `{name}` holds no queue `{name}` with `members`; give it one, or name a target that has"
                    );
                    self.report.at(self.root, at, message);
                }
            }
        }
    }

    fn known<T>(&mut self, kind: NameKind, name: &str, section: &Section<T>, at: &Path<'_>) {
        if !section.has(name) {
            let message = self.report.unknown(kind.as_str(), name, section.names());
            self.report.at(self.root, at, message);
        }
    }
}

impl Compiler<'_> {
    fn checker(&mut self) -> Checker<'_> {
        Checker {
            root: self.root,
            table: self.table,
            policy: &self.policy,
            report: self.report,
        }
    }

    /// A number that is no action's is in its bounds.
    pub(super) fn bounded(&mut self, found: u64, bounds: (u64, u64), unit: &str, at: &Path<'_>) {
        check::bounded(Some(found), bounds, unit, at, &mut self.checker());
    }

    /// Every name exists, every number is in its bounds.
    pub(super) fn check(&mut self, actions: &Actions, at: &Path<'_>) {
        check::actions(actions, at, &mut self.checker());
    }

    /// As for actions; a named menu is written out, and names no other.
    pub(super) fn check_menu(&mut self, menu: &Menu, at: &Path<'_>) {
        if menu.name.is_some() {
            let message = "a menu of the file is written out: it has a `prompt` and `options`, \
                           and no `name`";
            self.fault(&at.key("name"), message);
            return;
        }
        check::menu(menu, at, &mut self.checker());
    }
}

#[cfg(test)]
mod tests {
    use crate::zone::ChronoTz;

    /// Each hint is looked for among all names.
    #[test]
    fn of_many_faults_the_first_have_hints() {
        let rules: Vec<_> = (0..150)
            .map(|rule| format!("  \"+1314555{rule:04}\": costumer\n"))
            .collect();
        let text = format!(
            "version: 1\ndefault: {{ action: busy }}\ntargets: {{ customer: {{ action: busy }} }}\nnumbers:\n{}",
            rules.concat()
        );
        let faults = crate::load("routes.yaml", &text, &(), &ChronoTz).unwrap_err();
        let messages: Vec<_> = faults.iter().map(|fault| fault.message.as_str()).collect();
        assert_eq!(messages.len(), 150);
        let hint = "unknown target `costumer`; did you mean `customer`? (there are `customer`)";
        assert_eq!(messages[..100], [hint; 100]);
        assert_eq!(messages[100..], ["unknown target `costumer`"; 50]);
    }
}
