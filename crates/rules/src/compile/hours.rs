//! Hours, with their zones and calendars.

mod plain;

use std::collections::HashMap;
use std::sync::Arc;

use callroute_schema::tree::Span;

use super::Compiler;
use crate::engine::Tables;
use crate::hours::{self, Calendar, Days, Hours, HoursError, On, Plan, Rank, Rule, Spans};
use crate::path::Path;
use crate::table::HoursEntry;
use crate::zone::{Zone, nearest_zone};
use callroute_schema::hint::shorten;

impl Compiler<'_> {
    /// Hours that are right, each with its name and the place of its zone.
    pub(super) fn hours(&mut self, tables: &mut Tables) -> Vec<(String, Arc<Hours>, u32)> {
        let calendars = self.calendars();
        let table = self.table;
        let section = Path::ROOT.key("hours");
        let mut all = Vec::new();
        for entry in table.hours.entries() {
            let Some(value) = &entry.value else {
                continue;
            };
            let at = section.key(&entry.name);
            let place = self.zone_table(&value.zone, tables, &at.key("zone"));
            let plan = self.plan(value, &calendars, &at);
            if let (Some(place), Some(plan)) = (place, plan)
                && let Some(zone) = tables.zones.get(place as usize)
            {
                let hours = Hours::new(entry.name.clone(), plan, Arc::clone(&zone.zone));
                all.push((entry.name.clone(), Arc::new(hours), place));
            }
        }
        all
    }

    pub(super) fn zone(&mut self, name: &str, at: &Path<'_>) -> Option<Arc<dyn Zone>> {
        let zone = self.zones.zone(name);
        if zone.is_none() {
            let hint = match nearest_zone(name) {
                Some(near) => format!("; did you mean `{near}`?"),
                None => "; expected an IANA name, as in America/New_York".to_owned(),
            };
            self.fault(at, format!("unknown time zone `{}`{hint}", shorten(name)));
        }
        zone
    }

    fn plan(
        &mut self,
        entry: &HoursEntry,
        calendars: &HashMap<String, Arc<Calendar>>,
        at: &Path<'_>,
    ) -> Option<Plan> {
        let mut plan = match (&entry.open, &entry.weekly) {
            (Some(text), None) => self.text(text, &at.key("open"))?,
            (None, Some(weekly)) => self.plain(entry, weekly, at)?,
            (None, None) => {
                let message = "hours need `open`, as in \"Mo-Fr 09:00-17:30\", or `weekly`";
                self.fault(at, message);
                return None;
            }
            (Some(_), Some(_)) => {
                self.fault(at, "hours have `open` or `weekly`, not both");
                return None;
            }
        };
        if entry.open.is_some() {
            for (key, used, text) in [
                (
                    "seasons",
                    !entry.seasons.is_empty(),
                    "Jun-Aug Mo-Fr 08:00-14:00",
                ),
                ("nth", !entry.nth.is_empty(), "Fr[-1] 09:00-12:00"),
            ] {
                if used {
                    let message =
                        format!("`{key}` goes with `weekly`; in `open`, write it as in {text}");
                    self.fault(&at.key(key), message);
                }
            }
        }
        self.exceptions(entry, &mut plan, at);
        if let Some(force) = &entry.force {
            plan.force = self.force(force, &at.key("force"));
        }
        self.holidays(entry, &mut plan, calendars, at);
        Some(plan)
    }

    fn holidays(
        &mut self,
        entry: &HoursEntry,
        plan: &mut Plan,
        calendars: &HashMap<String, Arc<Calendar>>,
        at: &Path<'_>,
    ) {
        let table = self.table;
        let in_text = plan.has_holidays();
        let Some(name) = &entry.holidays else {
            if in_text {
                let message = "PH needs `holidays`: the name of one of the file's calendars";
                self.fault(&at.key("open"), message);
            }
            return;
        };
        let at = at.key("holidays");
        if !table.calendars.has(name) {
            self.unknown("calendar", name, &table.calendars, &at);
        }
        if let Some(dates) = calendars.get(name) {
            plan.holidays = Arc::clone(dates);
        }
        match (&entry.open, in_text) {
            (Some(_), false) => {
                let message = "`holidays` counts only where `open` says what they are like, as in \
                               `PH off`";
                self.fault(&at, message);
            }
            (Some(_), true) => {}
            // In plain data, holidays are closed.
            (None, _) => plan.add(Rule {
                rank: Rank::Holiday,
                days: Days {
                    dates: None,
                    on: On::Holidays,
                },
                spans: Spans::CLOSED,
                adds: false,
                reason: None,
            }),
        }
    }

    pub(super) fn text(&mut self, text: &str, at: &Path<'_>) -> Option<Plan> {
        self.understood(text, hours::parse(text), at)
    }

    /// What a text says; `None`: it is not understood, and the report says where.
    pub(super) fn understood(
        &mut self,
        text: &str,
        read: Result<Plan, HoursError>,
        at: &Path<'_>,
    ) -> Option<Plan> {
        match read {
            Ok(plan) => Some(plan),
            Err(error) => {
                self.inside(text, &error, at);
                None
            }
        }
    }

    /// A fault inside a text: at its own characters where they stand as they are, else at the
    /// text, with the position in words.
    fn inside(&mut self, text: &str, error: &HoursError, at: &Path<'_>) {
        let before = text.get(..error.at).unwrap_or_default();
        let column = before.chars().count();
        let message = format!(
            "{} (at character {})",
            error.message,
            column.saturating_add(1)
        );
        let whole = at.span(self.root);
        let quotes =
            whole.and_then(|span| span.end.checked_sub(span.start)?.checked_sub(text.len()));
        let (Some(whole), Some(quotes @ (0 | 2))) = (whole, quotes) else {
            self.fault(at, message);
            return;
        };
        let inset = quotes / 2;
        let start = whole.start + inset + error.at;
        let column = u32::try_from(column + inset).unwrap_or(u32::MAX);
        let span = Span {
            column: whole.column.saturating_add(column),
            start,
            end: start + error.len,
            ..whole
        };
        self.report.add(Some(span), at.to_string(), message);
    }
}

#[cfg(test)]
pub(crate) mod tests;
