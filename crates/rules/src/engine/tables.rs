//! Everything that rules refer to, by its place.

use std::sync::Arc;

use callroute_schema::number::{Emergency, Region};
use chrono::DateTime;

use super::call::{in_full, plain};
use super::decks::Deck;
use super::forms::{Forms, Written};
use super::lists::Lists;
use super::rotas::Rota;
use crate::hours::{Hours, Offsets, Schedule};
use crate::origin::Origin;
use crate::prefix::Key;
use crate::zone::Zone;

/// What rules refer to.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    pub(crate) schedules: Vec<Schedule>,
    pub(crate) lists: Lists,
    pub(crate) decks: Vec<Deck>,
    pub(crate) lookups: Vec<LookupSpec>,
    pub(crate) switches: Vec<Switch>,
    pub(crate) agents: Vec<OnShift>,
    pub(crate) rotas: Vec<Rota>,
    pub(crate) zones: Vec<ZoneTable>,
    /// Countries and areas that rules ask for.
    pub(crate) origins: Vec<Origin>,
    /// How national numbers are read.
    pub(crate) region: Option<Region>,
    /// Numbers that reach an emergency service of the region, exactly as dialed.
    pub(crate) emergency: &'static [&'static str],
    /// The one of them that a call for help means when it dials the service, and no number.
    pub(crate) for_help: Option<&'static str>,
}

/// Who else is asked about a caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookupSpec {
    /// The name in the routing file.
    pub name: String,
    /// Who is asked.
    pub source: LookupSource,
    /// How long it may take, in milliseconds.
    pub budget_ms: u64,
}

/// Who is asked about a caller.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LookupSource {
    /// A query of one row; `:from`, `:to` and `:call_id` stand for the call's.
    Sql(String),
    /// One of the file's webhooks.
    Webhook(String),
    /// A name that the program knows.
    Custom(String),
}

/// A switch that people turn.
#[derive(Debug)]
pub(crate) struct Switch {
    pub(crate) name: Box<str>,
    /// How it stands until they do.
    pub(crate) on: bool,
}

/// An agent's shifts.
#[derive(Debug)]
pub(crate) struct OnShift {
    pub(crate) name: Box<str>,
    /// Of which one must be open. Empty, with `rotas` empty too: always on shift.
    pub(crate) hours: Box<[u32]>,
    /// Of which one must name the agent.
    pub(crate) rotas: Box<[u32]>,
}

/// A zone, and its offsets.
#[derive(Debug)]
pub(crate) struct ZoneTable {
    pub(crate) name: String,
    pub(crate) zone: Arc<dyn Zone>,
    pub(crate) offsets: Offsets,
}

impl Tables {
    #[inline]
    pub(crate) fn is_open(&self, hours: u32, utc: i64) -> bool {
        let schedule = self.schedules.get(hours as usize);
        schedule.is_some_and(|schedule| schedule.is_open(utc))
    }

    /// Whether a number is of the countries or areas in a place.
    pub(crate) fn is_from(&self, origin: u32, number: Key) -> bool {
        let origin = self.origins.get(origin as usize);
        origin.is_some_and(|origin| origin.holds(number))
    }

    pub(crate) fn hours(&self, hours: u32) -> Option<&Arc<Hours>> {
        self.schedules.get(hours as usize).map(Schedule::hours)
    }

    pub(crate) fn lookup_name(&self, lookup: u32) -> Option<&str> {
        let lookup = self.lookups.get(lookup as usize);
        lookup.map(|lookup| lookup.name.as_str())
    }

    /// The lookups that may know an attribute: of the table `crm` the lookup `crm`, or that of the
    /// list `crm`; without a table any.
    pub(crate) fn lookups_for<'a>(
        &'a self,
        table: Option<&'a str>,
    ) -> impl Iterator<Item = &'a LookupSpec> {
        let list = table.and_then(|table| self.lists.named(table));
        let of_list = list.and_then(|list| self.lookup_name(list.lookup?));
        let asked = move |lookup: &&LookupSpec| {
            table.is_none_or(|table| lookup.name == table || of_list == Some(lookup.name.as_str()))
        };
        self.lookups.iter().filter(asked)
    }

    /// Who is on duty in a rota.
    pub(crate) fn on_duty(&self, rota: u32, utc: i64) -> Option<&str> {
        let rota = self.rotas.get(rota as usize)?;
        rota.turns.at(utc, &self.zones)
    }

    /// When next somebody is on duty in a rota whom `is` means.
    pub(crate) fn next_duty(&self, rota: u32, utc: i64, is: impl Fn(&str) -> bool) -> Option<i64> {
        let rota = self.rotas.get(rota as usize)?;
        rota.turns.next(utc, is, &self.zones)
    }

    /// The emergency number of the region that a dialed text is, in whatever form.
    pub(crate) fn emergency(&self, dialed: &str) -> Option<&'static str> {
        match Emergency::read(dialed, self.emergency)? {
            Emergency::Number(number) => Some(number),
            // A region may have the service and no number that is known.
            Emergency::Service => Some(self.for_help.unwrap_or("")),
        }
    }

    /// A number as it is compared, where that is not as it stands: a national one in full, as far as
    /// a region tells how it is read; others without what is only to be seen.
    pub(crate) fn in_full(&self, text: &str) -> Option<String> {
        self.forms(text).full
    }

    pub(super) fn forms(&self, text: &str) -> Forms {
        match self.region.and_then(|region| in_full(text, region)) {
            Some(full) => Forms {
                full: Some(full),
                written: Some(Written::new(text)),
            },
            None => Forms {
                full: plain(text),
                written: None,
            },
        }
    }
}

/// The table that an attribute's name names, as in `crm.tier`, and its column there.
pub(crate) fn parted(name: &str) -> (Option<&str>, &str) {
    match name.split_once('.') {
        Some((table, column)) => (Some(table), column),
        None => (None, name),
    }
}

impl ZoneTable {
    /// Seconds to add to UTC for the clock on the wall.
    pub(crate) fn offset(&self, utc: i64) -> i32 {
        let asked = || {
            let instant = DateTime::from_timestamp(utc, 0);
            instant.map_or(0, |instant| self.zone.offset_at_utc(instant.naive_utc()))
        };
        self.offsets.at(utc).unwrap_or_else(asked)
    }

    /// The first instant at which the clock on the wall reads so or, where it is put forward over
    /// that, later; both in seconds since 1970.
    pub(crate) fn first_reading(&self, wall: i64) -> i64 {
        const DAY: i64 = 86_400;
        let around = [wall - DAY, wall + DAY].map(|utc| i64::from(self.offset(utc)));
        let reads = |utc: i64| utc + i64::from(self.offset(utc)) >= wall;
        let [mut early, mut late] = [around.iter().max(), around.iter().min()]
            .map(|offset| wall - offset.copied().unwrap_or(0));
        if reads(early) {
            return early;
        }
        while late - early > 1 {
            let between = early + (late - early) / 2;
            match reads(between) {
                true => late = between,
                false => early = between,
            }
        }
        late
    }
}

impl OnShift {
    /// When a shift of theirs begins next, as far as 400 days ahead; for who is off shift.
    pub(crate) fn next_shift(&self, tables: &Tables, utc: i64) -> Option<i64> {
        let now = DateTime::from_timestamp(utc, 0)?;
        let hours = self.hours.iter().filter_map(|hours| tables.hours(*hours));
        let open = hours.filter_map(|hours| Some(hours.answer(now).next_change?.timestamp()));
        let mine = |name: &str| *name == *self.name;
        let rotas = self.rotas.iter();
        let turns = rotas.filter_map(|rota| tables.next_duty(*rota, utc, mine));
        open.chain(turns).min()
    }

    pub(crate) fn is_on_shift(&self, tables: &Tables, utc: i64) -> bool {
        if self.hours.is_empty() && self.rotas.is_empty() {
            return true;
        }
        self.hours.iter().any(|hours| tables.is_open(*hours, utc))
            || self
                .rotas
                .iter()
                .any(|rota| tables.on_duty(*rota, utc) == Some(&*self.name))
    }
}
