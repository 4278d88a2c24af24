//! What people write: the sections of a routing file, each entry read by itself, so that every
//! fault is told at once. No behaviour.

mod entry;
mod hours;
mod people;
mod read;
mod text;
mod when;

pub(crate) use entry::{
    CalendarEntry, DestinationsEntry, RuleEntry, SecretEntry, SecretsEntry, WebhookEntry,
};
pub(crate) use hours::{
    ExceptionEntry, ForceEntry, HoursEntry, NthEntry, OpenOrClosed, SeasonEntry, WeekdayWord,
    WeeklyEntry,
};
pub(crate) use people::{
    AgentEntry, CallersEntry, LookupEntry, OverrideEntry, PrefixesEntry, RotaEntry, StepEntry,
};
pub(crate) use read::read;
#[cfg(feature = "json-schema")]
pub(crate) use text::Places;
pub(crate) use text::Texts;
pub(crate) use when::{
    Bounds, CallerKind, CallerWhen, CallsWhen, DateWhen, Kinds, NumberWhen, ValueWhen, When,
};

use std::collections::HashMap;

use callroute_schema::{Actions, Menu};

/// A routing file. An entry that could not be read keeps its name, so that whoever uses it is
/// not told that it is unknown.
#[derive(Debug, Default)]
pub(crate) struct Sections {
    pub(crate) default: Option<Actions>,
    pub(crate) region: Option<String>,
    pub(crate) destinations: Option<DestinationsEntry>,
    pub(crate) calendars: Section<CalendarEntry>,
    pub(crate) hours: Section<HoursEntry>,
    pub(crate) callers: Section<CallersEntry>,
    pub(crate) lookups: Section<LookupEntry>,
    pub(crate) prefixes: Section<PrefixesEntry>,
    pub(crate) overrides: Section<OverrideEntry>,
    pub(crate) webhooks: Section<WebhookEntry>,
    pub(crate) targets: Section<Actions>,
    pub(crate) agents: Section<AgentEntry>,
    pub(crate) rotas: Section<RotaEntry>,
    pub(crate) menus: Section<Menu>,
    pub(crate) numbers: Section<Rules>,
}

/// The entries of one section, in written order.
#[derive(Debug)]
pub(crate) struct Section<T> {
    entries: Vec<Entry<T>>,
    places: HashMap<String, usize>,
}

/// One entry of a section.
#[derive(Debug)]
pub(crate) struct Entry<T> {
    pub(crate) name: String,
    /// `None`: it could not be read, and the report says why.
    pub(crate) value: Option<T>,
}

/// What stands under a number.
#[derive(Debug)]
pub(crate) enum Rules {
    /// Rules in written order.
    List(Vec<Option<RuleEntry>>),
    /// No rules: always these actions.
    Always(Actions),
}

impl<T> Default for Section<T> {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            places: HashMap::new(),
        }
    }
}

impl<T> Section<T> {
    pub(crate) fn push(&mut self, entry: Entry<T>) {
        let place = self.entries.len();
        self.places.entry(entry.name.clone()).or_insert(place);
        self.entries.push(entry);
    }

    /// The entries, in written order.
    pub(crate) fn entries(&self) -> &[Entry<T>] {
        &self.entries
    }

    /// Whether an entry of this name is given, readable or not.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.places.contains_key(name)
    }

    /// The entry of a name.
    pub(crate) fn get(&self, name: &str) -> Option<&Entry<T>> {
        self.entries.get(*self.places.get(name)?)
    }

    /// Every name that is given, readable or not.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.entries.iter().map(|entry| entry.name.as_str())
    }
}
