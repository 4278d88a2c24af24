//! From what people write to what the machine walks.

mod actions;
mod asked;
mod calendars;
mod callers;
mod cycles;
mod draft;
mod hours;
mod last;
mod long_json;
mod numbers;
mod people;
mod prefixes;
mod reach;
mod records;
mod services;
mod shared;
mod variables;
mod when;

pub(crate) use self::callers::{ANONYMOUS, COLUMN as CALLERS_COLUMN, is_heading};
pub(crate) use self::prefixes::COLUMN as PREFIXES_COLUMN;

use std::sync::Arc;

use callroute_schema::number::Region;
use callroute_schema::tree::{Node, Span};
use callroute_schema::{Actions, AgentName, MenuName, TargetName, variables};

use self::shared::Shared;
use crate::engine::{Counted, DefaultActions, Engine, Named, People, json};
use crate::fault::{Faults, Report};
use crate::path::Path;
use crate::policy::Policy;
use crate::source::{Files, SourceFile, fingerprint};
use crate::table::{Section, Sections};
use crate::zone::Zones;

/// Longest JSON whose lines are told in faults, in bytes. Longer documents are written by
/// programs, which go by paths, and are read many times faster.
const MAX_LINES: usize = 1024 * 1024;

/// Reads a routing file, in YAML, TOML or JSON, and compiles it.
///
/// `name` stands in messages, as in `routes.yaml`, and tells the format; `files` gives what
/// `file:` entries name, and `zones` the time zones.
///
/// # Errors
/// [`Faults`]: everything that is wrong with the file, each with its place.
pub fn load(
    name: &str,
    text: &str,
    files: &dyn Files,
    zones: &dyn Zones,
) -> Result<Engine, Faults> {
    Table::read(name, text).compile(files, zones)
}

/// A routing file that was read, and not compiled yet: [`load`] in two steps.
#[derive(Debug)]
pub struct Table {
    /// The routing file, which engines keep too.
    source: Arc<[SourceFile]>,
    fingerprint: String,
    read: Option<(Node, Sections)>,
    report: Report,
}

impl Table {
    /// Reads a routing file. What is wrong with it is told by [`compile`](Self::compile), with
    /// everything else.
    #[must_use]
    pub fn read(name: &str, text: &str) -> Self {
        let source = SourceFile {
            name: name.to_owned(),
            text: text.to_owned(),
        };
        let mut report = Report::new(name);
        let read = root(name, text, &mut report).map(|root| {
            let entries = crate::table::read(&root, &mut report);
            (root, entries)
        });
        Self {
            fingerprint: fingerprint(std::slice::from_ref(&source)),
            source: Arc::new([source]),
            read,
            report,
        }
    }

    /// Compiles it: `files` gives what `file:` entries name, and `zones` the time zones.
    ///
    /// # Errors
    /// [`Faults`]: everything that is wrong with the file, each with its place.
    pub fn compile(&self, files: &dyn Files, zones: &dyn Zones) -> Result<Engine, Faults> {
        let mut further = Vec::new();
        let mut report = self.report.clone();
        let engine = self.read.as_ref().and_then(|(root, entries)| {
            compile(root, entries, files, zones, &mut further, &mut report)
        });
        let sources: Arc<[SourceFile]> = match further.is_empty() {
            true => Arc::clone(&self.source),
            false => self.source.iter().cloned().chain(further).collect(),
        };
        match engine {
            Some(mut engine) if report.is_empty() => {
                engine.fingerprint = match sources.len() {
                    1 => self.fingerprint.clone(),
                    _ => fingerprint(&sources),
                };
                engine.sources = sources;
                Ok(engine)
            }
            _ => Err(report.finish(&sources)),
        }
    }
}

/// What a routing file says, in the format that its name tells.
pub(crate) fn root(name: &str, text: &str, report: &mut Report) -> Option<Node> {
    let mut root = document(name, text, report)?;
    crate::written::tidy(&mut root);
    Some(root)
}

fn document(name: &str, text: &str, report: &mut Report) -> Option<Node> {
    let json = name.to_ascii_lowercase().ends_with(".json");
    if crate::toml::is_toml(name) {
        crate::toml::read(text, report)
    } else if json && text.len() > MAX_LINES {
        long_json::long_json(text, report)
    } else if json && !is_json(text, report) {
        None
    } else {
        // JSON is YAML too, which knows where everything stands.
        crate::yaml::read(text, report)
    }
}

/// Whether a text is JSON to the letter; a fault if not.
fn is_json(text: &str, report: &mut Report) -> bool {
    let plain = text.trim_start_matches('\u{feff}');
    let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(plain) else {
        return true;
    };
    let small = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let lines = plain.split_inclusive('\n');
    let before: usize = lines
        .take(error.line().saturating_sub(1))
        .map(str::len)
        .sum();
    // Columns are counted in bytes, and there is none before the first.
    let mut start = (before + error.column().saturating_sub(1)).min(plain.len());
    while !plain.is_char_boundary(start) {
        start -= 1;
    }
    let line = plain.get(before..start).unwrap_or_default();
    let rest = plain.get(start..).unwrap_or_default().chars();
    let width = rest
        .take(1)
        .filter(|c| *c != '\n')
        .map(char::len_utf8)
        .sum::<usize>();
    let bom = text.len() - plain.len();
    let span = Span {
        line: small(error.line()),
        column: small(line.chars().count().saturating_add(1)),
        start: start + bom,
        end: start + bom + width,
    };
    let message = error.to_string();
    let what = message.split(" at line ").next().unwrap_or_default();
    report.add(
        Some(span),
        String::new(),
        format!("this is not valid JSON: {what}"),
    );
    false
}

/// What every part of the compiler needs.
struct Compiler<'a> {
    root: &'a Node,
    table: &'a Sections,
    report: &'a mut Report,
    files: &'a dyn Files,
    zones: &'a dyn Zones,
    /// What `file:` entries name.
    further: &'a mut Vec<SourceFile>,
    policy: Policy,
    region: Option<Region>,
}

fn compile(
    root: &Node,
    table: &Sections,
    files: &dyn Files,
    zones: &dyn Zones,
    further: &mut Vec<SourceFile>,
    report: &mut Report,
) -> Option<Engine> {
    let region = table
        .region
        .as_deref()
        .and_then(|text| Region::new(text).ok());
    let mut compiler = Compiler {
        root,
        table,
        report,
        files,
        zones,
        further,
        policy: Policy::default(),
        region,
    };
    compiler.policy();
    let mut shared = compiler.shared();
    let named = compiler.named();
    compiler.cycles(&named);
    let mut resolved = numbers::Resolver::new(&named, &shared.tables);
    if let Some(default) = &table.default {
        let at = Path::ROOT.key("default");
        compiler.check(default, &at);
        compiler.variables(default, &shared, &at);
        // A way round that never ends is a fault already.
        if compiler.report.is_empty() {
            compiler.last_is_known(&named);
        }
    }
    compiler.named_variables(&shared);
    let book = compiler.numbers(&mut shared, &mut resolved);
    let policy = std::mem::take(&mut compiler.policy);
    if !compiler.report.is_empty() {
        return None;
    }
    let default = default(root, table.default.as_ref()?, &mut resolved, report)?;
    let answers = resolved.finish();
    shared.tables.lists.asked = book.asks_for_lists;
    let counted = Counted::new(&shared.counted, &named, &shared.tables);
    shared.tables.for_help = book.number_for_help(&shared.tables);
    let people = People::new(&named, &shared.tables);
    Some(Engine {
        book,
        answers,
        tables: shared.tables,
        default,
        policy,
        counted,
        hours: shared.named_hours,
        named,
        people,
        sources: Arc::new([]),
        fingerprint: String::new(),
        zone_release: zones.release(),
    })
}

fn default(
    root: &Node,
    written: &Actions,
    resolved: &mut numbers::Resolver<'_>,
    report: &mut Report,
) -> Option<DefaultActions> {
    let at = Path::ROOT.key("default");
    let actions = resolved.flat(root, written, &at, report)?;
    match Actions::new(actions.clone()) {
        Ok(list) => {
            let json = json(&actions);
            let varies = variables(&json).next().is_some();
            let asks = resolved.asks(&actions);
            Some(DefaultActions {
                list,
                varies,
                opens: varies || !asks.is_empty(),
                asks,
                json: json.into(),
                actions: Arc::from(actions),
            })
        }
        Err(error) => {
            report.at(root, &at, error.to_string());
            None
        }
    }
}

impl Compiler<'_> {
    /// A fault at a place of the file.
    fn fault(&mut self, at: &Path<'_>, message: impl Into<String>) {
        self.report.at(self.root, at, message);
    }

    /// A name that is used and not given.
    fn unknown<T>(&mut self, kind: &str, name: &str, section: &Section<T>, at: &Path<'_>) {
        let message = self.report.unknown(kind, name, section.names());
        self.fault(at, message);
    }

    /// The place of something with a name; one that is not there is a fault.
    fn place(
        &mut self,
        kind: &str,
        name: &str,
        places: &std::collections::HashMap<String, usize>,
        at: &Path<'_>,
    ) -> Option<u32> {
        if let Some(place) = places.get(name) {
            return u32::try_from(*place).ok();
        }
        let mut names: Vec<&str> = Vec::new();
        if self.report.has_hints() {
            names.extend(places.keys().map(String::as_str));
            names.sort_unstable();
        }
        let message = self.report.unknown(kind, name, names.into_iter());
        self.fault(at, message);
        None
    }

    /// Everything with a name, but hours and callers.
    fn named(&mut self) -> Named {
        let table = self.table;
        let mut named = Named::default();
        let targets = Path::ROOT.key("targets");
        for entry in table.targets.entries() {
            let at = targets.key(&entry.name);
            let name = self.name(TargetName::new(entry.name.as_str()), &at);
            if let Some(actions) = &entry.value {
                self.check(actions, &at);
                if let Some(name) = name {
                    named.targets.insert(name, actions.clone());
                }
            }
        }
        let menus = Path::ROOT.key("menus");
        for entry in table.menus.entries() {
            let at = menus.key(&entry.name);
            let name = self.name(MenuName::new(entry.name.as_str()), &at);
            if let Some(menu) = &entry.value {
                self.check_menu(menu, &at);
                if let Some(name) = name {
                    named.menus.insert(name, menu.clone());
                }
            }
        }
        let agents = Path::ROOT.key("agents");
        for entry in table.agents.entries() {
            let at = agents.key(&entry.name);
            let name = self.name(AgentName::new(entry.name.as_str()), &at);
            if let (Some(name), Some(value)) = (name, &entry.value)
                && let Some(agent) = self.agent(value, &at)
            {
                named.agents.insert(name, agent);
            }
        }
        for name in table.rotas.names() {
            named.rotas.extend(AgentName::new(name).ok());
        }
        self.webhooks(&mut named);
        named
    }

    fn name<T>(
        &mut self,
        name: Result<T, callroute_schema::NameError>,
        at: &Path<'_>,
    ) -> Option<T> {
        match name {
            Ok(name) => Some(name),
            Err(error) => {
                self.fault(at, error.to_string());
                None
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
