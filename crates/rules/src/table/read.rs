//! From the tree to the sections.

use callroute_schema::Actions;
use callroute_schema::number::Region;
use callroute_schema::tree::{Node, Value};
use serde::Deserialize;

use super::{Entry, RuleEntry, Rules, Section, Sections};
use crate::fault::Report;
use crate::path::Path;
use callroute_schema::hint;

/// The version of the routing file's language.
const VERSION: &str = "1";
/// The sections there are, in the order of the documentation.
const SECTIONS: [&str; 16] = [
    "version",
    "default",
    "region",
    "destinations",
    "calendars",
    "hours",
    "callers",
    "lookups",
    "prefixes",
    "overrides",
    "webhooks",
    "targets",
    "agents",
    "rotas",
    "menus",
    "numbers",
];

/// Reads every section; what cannot be read goes to the report.
pub(crate) fn read(root: &Node, report: &mut Report) -> Sections {
    let mut table = Sections::default();
    let Some(entries) = root.entries() else {
        let message = "a routing file is a map with `version`, `default`, `numbers` and so on";
        report.add(root.span, "$".to_owned(), message);
        return table;
    };
    for (key, node) in entries {
        let at = Path::ROOT.key(&key.text);
        let at = &at;
        match key.text.as_str() {
            "version" => version(at, node, report),
            "default" => table.default = typed(at, node, report),
            "region" => table.region = region(at, node, report),
            "destinations" => table.destinations = typed(at, node, report),
            "calendars" => table.calendars = section(at, node, report, typed),
            "hours" => table.hours = section(at, node, report, typed),
            "callers" => table.callers = section(at, node, report, typed),
            "lookups" => table.lookups = section(at, node, report, typed),
            "prefixes" => table.prefixes = section(at, node, report, typed),
            "overrides" => table.overrides = section(at, node, report, typed),
            "rotas" => table.rotas = section(at, node, report, typed),
            "webhooks" => table.webhooks = section(at, node, report, typed),
            "targets" => table.targets = section(at, node, report, typed),
            "agents" => table.agents = section(at, node, report, typed),
            "menus" => table.menus = section(at, node, report, typed),
            "numbers" => table.numbers = section(at, node, report, rules),
            unknown => {
                let name = hint::shorten(unknown);
                let choices = hint::choices(unknown, SECTIONS.into_iter());
                let message = format!("unknown section `{name}`{choices}");
                report.add(key.span, at.to_string(), message);
            }
        }
    }
    for (required, why) in [
        ("version", "write `version: 1` at the top"),
        (
            "default",
            "it says what happens to a call when nothing else does, as in \
                     `default: { action: voicemail, message: general }`",
        ),
    ] {
        if root.get(required).is_none() {
            // What is not there stands nowhere: the file's first entry is shown.
            let span = entries.first().and_then(|(key, _)| key.span);
            report.add(
                span.or(root.span),
                "$".to_owned(),
                format!("`{required}` is missing; {why}"),
            );
        }
    }
    table
}

fn version(at: &Path<'_>, node: &Node, report: &mut Report) {
    if node.text() != Some(VERSION) {
        let found = hint::shorten(node.text().unwrap_or("no number"));
        let message = format!("version {found} is not known; expected {VERSION}");
        report.add(node.span, at.to_string(), message);
    }
}

fn region(at: &Path<'_>, node: &Node, report: &mut Report) -> Option<String> {
    let text = node.text().unwrap_or_default();
    if text.len() != 2 || !text.chars().all(|c| c.is_ascii_uppercase()) {
        let message = "expected a country's two letters in capitals (ISO 3166-1), as in US or IE";
        report.add(node.span, at.to_string(), message);
        return None;
    }
    match Region::new(text) {
        Ok(region) => Some(region.as_str().to_owned()),
        Err(error) => {
            report.add(node.span, at.to_string(), error.to_string());
            None
        }
    }
}

fn typed<T: for<'de> Deserialize<'de>>(
    at: &Path<'_>,
    node: &Node,
    report: &mut Report,
) -> Option<T> {
    match node.read() {
        Ok(value) => Some(value),
        Err(error) => {
            report.unreadable(at, node, &error);
            None
        }
    }
}

fn section<T>(
    at: &Path<'_>,
    node: &Node,
    report: &mut Report,
    read: impl Fn(&Path<'_>, &Node, &mut Report) -> Option<T>,
) -> Section<T> {
    let mut section = Section::default();
    // A section with nothing in it, or with every entry commented out.
    if node.value == Value::Null {
        return section;
    }
    let Some(entries) = node.entries() else {
        report.add(
            node.span,
            at.to_string(),
            "expected a map of names to entries",
        );
        return section;
    };
    for (key, node) in entries {
        section.push(Entry {
            name: key.text.clone(),
            value: read(&at.key(&key.text), node, report),
        });
    }
    section
}

/// A number's rules; or an action, a list of actions or a target's name, which always apply.
fn rules(at: &Path<'_>, node: &Node, report: &mut Report) -> Option<Rules> {
    let is_rule = |item: &Node| item.get("then").is_some() || item.get("when").is_some();
    let items = match node.items() {
        Some(items) if items.iter().any(is_rule) => items,
        Some([]) => {
            let message = "a number needs at least one rule, an action or a target's name";
            report.add(node.span, at.to_string(), message);
            return None;
        }
        _ if is_rule(node) => {
            let message = "rules are a list, even if there is one; begin it with `-`";
            report.add(node.span, at.to_string(), message);
            return None;
        }
        _ => return typed::<Actions>(at, node, report).map(Rules::Always),
    };
    let list = items.iter().enumerate();
    let list = list.map(|(index, item)| rule(&at.index(index), item, report));
    Some(Rules::List(list.collect()))
}

fn rule(at: &Path<'_>, node: &Node, report: &mut Report) -> Option<RuleEntry> {
    if node.entries().is_none() || node.get("action").is_some() {
        let message = "expected a rule, as in `{ when: …, then: … }`; an action or a target's \
                       name goes under `then`";
        report.add(node.span, at.to_string(), message);
        return None;
    }
    typed(at, node, report)
}
