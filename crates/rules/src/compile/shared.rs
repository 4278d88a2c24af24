//! What conditions refer to, and its places.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::Compiler;
use callroute_schema::number::Emergency;

use crate::engine::{Rows, Tables, ZoneTable};
use crate::hours::{Hours, Offsets, Schedule};
use crate::origin::Origin;
use crate::path::Path;
use callroute_schema::hint::{choices, shorten};

/// The tables that conditions refer to, and where in them each name is.
#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) tables: Tables,
    pub(super) hours: HashMap<String, u32>,
    pub(super) named_hours: HashMap<String, Arc<Hours>>,
    /// Lists of callers and tables of prefixes whose files could not be read.
    pub(super) unread: HashSet<String>,
    /// Tables of prefixes that rules ask with the caller's number and with the dialed one.
    pub(super) of_two: HashSet<String>,
    /// Dates of `when.date`, by zone and text.
    pub(super) dates: HashMap<(String, String), u32>,
    pub(super) lists: HashMap<String, usize>,
    pub(super) decks: HashMap<String, usize>,
    pub(super) lookups: HashMap<String, usize>,
    pub(super) switches: HashMap<String, usize>,
    pub(super) rotas: HashMap<String, usize>,
    /// What `calls` conditions count calls on.
    pub(super) counted: BTreeSet<String>,
    origins: HashMap<Named, u32>,
}

/// Countries or areas by their names.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Named {
    Countries(Vec<String>),
    Areas(Vec<String>),
}

impl Shared {
    /// The place of hours among those that rules ask.
    pub(super) fn schedule(&mut self, hours: Arc<Hours>, offsets: Offsets) -> u32 {
        let place = self.tables.schedules.len();
        self.tables.schedules.push(Schedule::new(hours, offsets));
        u32::try_from(place).unwrap_or(u32::MAX)
    }

    /// The place of countries or areas among those that rules ask for.
    pub(super) fn origin(&mut self, named: Named) -> u32 {
        let origins = &mut self.tables.origins;
        *self.origins.entry(named).or_insert_with_key(|named| {
            origins.push(match named {
                Named::Countries(names) => Origin::countries(names),
                Named::Areas(names) => Origin::areas(names),
            });
            u32::try_from(origins.len() - 1).unwrap_or(u32::MAX)
        })
    }

    /// The file of a table has faults; whether it was read shows in its columns.
    pub(super) fn note_unread(&mut self, table: &str, rows: &Rows) {
        if rows.columns().next().is_none() {
            self.unread.insert(table.to_owned());
        }
    }

    /// What is wrong with asking for a column of a list or a table of prefixes; `None`: nothing, or
    /// there is no such table.
    pub(super) fn wrong_column(&self, table: &str, column: &str) -> Option<String> {
        // What its file has is not known, and that is told already.
        if self.unread.contains(table) {
            return None;
        }
        let rows = match (self.lists.get(table), self.decks.get(table)) {
            (Some(list), _) => {
                let list = self.tables.lists.all().get(*list)?;
                // What a lookup knows is not written in the file.
                if list.lookup.is_some() {
                    return None;
                }
                &list.rows
            }
            (None, Some(deck)) => &self.tables.decks.get(*deck)?.rows,
            (None, None) => return None,
        };
        if rows.columns().any(|known| known == column) {
            return self.of_which(table);
        }
        let (table, shown) = (shorten(table), shorten(column));
        let choices = choices(column, rows.columns());
        Some(format!("`{table}` has no column `{shown}`{choices}"))
    }
}

impl Compiler<'_> {
    /// Reads everything that conditions refer to.
    pub(super) fn shared(&mut self) -> Shared {
        let mut shared = Shared::default();
        shared.tables.region = self.region;
        shared.tables.emergency = Emergency::numbers(self.region);
        for (name, hours, zone) in self.hours(&mut shared.tables) {
            let offsets = shared
                .tables
                .zones
                .get(zone as usize)
                .map(|zone| zone.offsets.clone());
            if let Some(offsets) = offsets {
                let place = shared.schedule(Arc::clone(&hours), offsets);
                shared.hours.insert(name.clone(), place);
                shared.named_hours.insert(name, hours);
            }
        }
        shared.tables.lookups = self.lookups(&mut shared);
        shared.tables.switches = self.overrides(&mut shared);
        shared.tables.lists = self.callers(&mut shared);
        shared.tables.decks = self.prefixes(&mut shared);
        shared.note_asked(self.table);
        let mut tables = std::mem::take(&mut shared.tables);
        self.rotas(&mut shared, &mut tables);
        shared.tables = tables;
        shared.tables.agents = self.shifts(&shared);
        shared
    }

    /// The place of a zone, whose offsets are worked out once.
    pub(super) fn zone_table(
        &mut self,
        name: &str,
        tables: &mut Tables,
        at: &Path<'_>,
    ) -> Option<u32> {
        if let Some(place) = tables.zones.iter().position(|zone| zone.name == name) {
            return u32::try_from(place).ok();
        }
        let zone = self.zone(name, at)?;
        tables.zones.push(ZoneTable {
            name: name.to_owned(),
            offsets: Offsets::new(&zone),
            zone,
        });
        u32::try_from(tables.zones.len() - 1).ok()
    }
}
