//! Lookups, overrides, agents' shifts and rotas.

use callroute_schema::AgentName;
use chrono::{DateTime, NaiveDateTime};

use super::records::{Wrong, fits};
use super::{Compiler, Shared};
use crate::engine::{LookupSource, LookupSpec, OnShift, Rota, Switch, Tables, Turns, ZoneTable};
use crate::path::Path;
use crate::table::{LookupEntry, OverrideEntry, RotaEntry, StepEntry};
use callroute_schema::hint::{shorten, unknown};

/// How long a lookup may take when the file does not say, in milliseconds, and the bounds.
const BUDGET_MS: u64 = 50;
const BUDGETS_MS: (u64, u64) = (1, 5_000);
/// Most agents who take turns, and most steps of a rota.
const MAX_TURNS: usize = 1_000;
const MAX_STEPS: usize = 100_000;
/// Longest query, in characters.
const MAX_SQL: usize = 10_000;

impl Compiler<'_> {
    pub(super) fn lookups(&mut self, shared: &mut Shared) -> Vec<LookupSpec> {
        let table = self.table;
        let section = Path::ROOT.key("lookups");
        let mut all = Vec::new();
        for entry in table.lookups.entries() {
            let at = section.key(&entry.name);
            shared.lookups.insert(entry.name.clone(), all.len());
            let spec = entry
                .value
                .as_ref()
                .and_then(|value| self.lookup(&entry.name, value, &at));
            // A faulty one keeps its place: the table does not load.
            all.push(spec.unwrap_or_else(|| LookupSpec {
                name: entry.name.clone(),
                source: LookupSource::Custom(String::new()),
                budget_ms: BUDGET_MS,
            }));
        }
        all
    }

    fn lookup(&mut self, name: &str, entry: &LookupEntry, at: &Path<'_>) -> Option<LookupSpec> {
        let budget_ms = entry.budget_ms.unwrap_or(BUDGET_MS);
        self.bounded(budget_ms, BUDGETS_MS, "milliseconds", &at.key("budget_ms"));
        let source = match (&entry.sql, &entry.webhook, &entry.custom) {
            (Some(sql), None, None) => {
                if sql.trim().is_empty() || sql.chars().count() > MAX_SQL {
                    let message = format!("expected a query of 1 to {MAX_SQL} characters");
                    self.fault(&at.key("sql"), message);
                }
                LookupSource::Sql(sql.clone())
            }
            (None, Some(webhook), None) => {
                if !self.table.webhooks.has(webhook) {
                    self.unknown("webhook", webhook, &self.table.webhooks, &at.key("webhook"));
                }
                LookupSource::Webhook(webhook.clone())
            }
            (None, None, Some(custom)) => LookupSource::Custom(custom.clone()),
            _ => {
                self.fault(at, "a lookup has one of `sql`, `webhook` and `custom`");
                return None;
            }
        };
        Some(LookupSpec {
            name: name.to_owned(),
            source,
            budget_ms,
        })
    }

    pub(super) fn overrides(&mut self, shared: &mut Shared) -> Vec<Switch> {
        let mut all = Vec::new();
        for entry in self.table.overrides.entries() {
            shared.switches.insert(entry.name.clone(), all.len());
            all.push(Switch {
                name: entry.name.as_str().into(),
                on: entry.value == Some(OverrideEntry(true)),
            });
        }
        all
    }

    pub(super) fn rotas(&mut self, shared: &mut Shared, tables: &mut Tables) {
        let table = self.table;
        let section = Path::ROOT.key("rotas");
        for entry in table.rotas.entries() {
            let at = section.key(&entry.name);
            shared.rotas.insert(entry.name.clone(), tables.rotas.len());
            if table.agents.has(&entry.name) {
                let name = shorten(&entry.name);
                let message = format!("`{name}` is an agent too; a rota needs a name of its own");
                self.fault(&at, message);
            }
            if let Err(error) = AgentName::new(entry.name.as_str()) {
                self.fault(&at, error.to_string());
            }
            let turns = entry
                .value
                .as_ref()
                .and_then(|value| self.turns(value, tables, &at));
            tables.rotas.push(Rota {
                name: entry.name.as_str().into(),
                turns: turns.unwrap_or_else(|| Turns::Steps([].into())),
            });
        }
    }

    fn turns(&mut self, entry: &RotaEntry, tables: &mut Tables, at: &Path<'_>) -> Option<Turns> {
        match (&entry.who, &entry.steps, &entry.file) {
            (Some(who), None, None) => return self.turn_about(entry, who, tables, at),
            (None, Some(_), None) | (None, None, Some(_)) => {}
            _ => {
                let message =
                    "a rota has one of `who` (with `from`, `every` and `zone`), `steps` and `file`";
                self.fault(at, message);
                return None;
            }
        }
        for (key, given) in [("from", &entry.from), ("every", &entry.every)] {
            if given.is_some() {
                let message = format!(
                    "`{key}` belongs to turns (`who`); each step has a time of its own: take it out"
                );
                self.fault(&at.key(key), message);
            }
        }
        let zone = match &entry.zone {
            Some(zone) => Some(self.zone_table(zone, tables, &at.key("zone"))?),
            None => None,
        };
        let zone = zone.and_then(|zone| tables.zones.get(zone as usize));
        match (&entry.steps, &entry.file) {
            (Some(steps), _) => self.steps(steps, zone, &at.key("steps")),
            (None, Some(file)) => self.steps_file(file, zone, &at.key("file")),
            (None, None) => None,
        }
    }

    fn turn_about(
        &mut self,
        entry: &RotaEntry,
        who: &[AgentName],
        tables: &mut Tables,
        at: &Path<'_>,
    ) -> Option<Turns> {
        let (Some(from), Some(every), Some(zone)) = (&entry.from, &entry.every, &entry.zone) else {
            self.fault(at, "with `who` a rota needs `from`, `every` and `zone`");
            return None;
        };
        let list = at.key("who");
        if who.is_empty() || who.len() > MAX_TURNS {
            let message = format!("expected 1 to {MAX_TURNS} agents, found {}", who.len());
            self.fault(&list, message);
        }
        for (index, agent) in who.iter().enumerate() {
            self.known_agent(agent, &list.index(index));
        }
        let begins = wall(from);
        if begins.is_none() {
            let message = format!(
                "`{}` is no date and time; write it as in 2026-01-05 09:00",
                shorten(from)
            );
            self.fault(&at.key("from"), message);
        }
        let length = length(every);
        if length.is_none() {
            let message = format!(
                "`{}` is no length of a turn; expected 1h to 52w, as in 12h, 1d or 1w",
                shorten(every)
            );
            self.fault(&at.key("every"), message);
        }
        let zone = self.zone_table(zone, tables, &at.key("zone"))?;
        Some(Turns::Cycle {
            who: who.iter().map(|agent| agent.as_str().into()).collect(),
            from: begins?.and_utc().timestamp(),
            every: length?,
            zone,
        })
    }

    fn known_agent(&mut self, agent: &AgentName, at: &Path<'_>) {
        if !self.table.agents.has(agent.as_str()) {
            self.unknown("agent", agent.as_str(), &self.table.agents, at);
        }
    }

    fn steps(
        &mut self,
        steps: &[StepEntry],
        zone: Option<&ZoneTable>,
        at: &Path<'_>,
    ) -> Option<Turns> {
        let mut read = Vec::new();
        for (index, step) in steps.iter().enumerate() {
            let at = at.index(index);
            if let Some(agent) = &step.who {
                self.known_agent(agent, &at.key("who"));
            }
            match instant(&step.from, zone) {
                Ok(from) => read.push((from, step.who.as_ref().map(|agent| agent.as_str().into()))),
                Err(message) => self.fault(&at.key("from"), message),
            }
        }
        let sorted = read.is_sorted_by(|(one, _), (next, _)| one < next);
        if !sorted || read.len() > MAX_STEPS {
            let message =
                format!("steps come in the order of time, each once, at most {MAX_STEPS}");
            self.fault(at, message);
        }
        (read.len() == steps.len()).then(|| Turns::Steps(read.into()))
    }

    fn steps_file(&mut self, file: &str, zone: Option<&ZoneTable>, at: &Path<'_>) -> Option<Turns> {
        let text = self.read(file, at)?;
        let agents = &self.table.agents;
        let mut read: Vec<(i64, Option<Box<str>>)> = Vec::new();
        self.records(file, &text, |index, record| {
            let field = |place: usize| record.get(place).map_or("", |field| field.text.as_str());
            if index == 0 {
                return match (field(0), field(1)) {
                    ("from", "who") => Ok(()),
                    _ => Err(Wrong::stop(
                        record.first(),
                        "the heading is `from,who`".to_owned(),
                    )),
                };
            }
            fits(2, record)?;
            let from =
                instant(field(0), zone).map_err(|message| Wrong::line(record.first(), message))?;
            if read.last().is_some_and(|(before, _)| *before >= from) {
                let message = "steps come in the order of time, each once".to_owned();
                return Err(Wrong::line(record.first(), message));
            }
            let who = Some(field(1)).filter(|who| !who.is_empty());
            if let Some(who) = who
                && !agents.has(who)
            {
                let message = unknown("agent", who, agents.names());
                return Err(Wrong::line(record.get(1), message));
            }
            if read.len() == MAX_STEPS {
                let message = format!("a rota has at most {MAX_STEPS} steps");
                return Err(Wrong::stop(record.first(), message));
            }
            read.push((from, who.map(Into::into)));
            Ok(())
        });
        Some(Turns::Steps(read.into()))
    }

    /// Agents with their shifts, in written order.
    pub(super) fn shifts(&mut self, shared: &Shared) -> Vec<OnShift> {
        let table = self.table;
        let section = Path::ROOT.key("agents");
        let mut all = Vec::new();
        for entry in table.agents.entries() {
            let at = section.key(&entry.name);
            let at = at.key("shifts");
            let shifts = entry.value.as_ref().map_or(&[][..], |value| &value.shifts);
            let (mut hours, mut rotas) = (Vec::new(), Vec::new());
            for (index, shift) in shifts.iter().enumerate() {
                if let Some(place) = shared.hours.get(shift) {
                    hours.push(*place);
                } else if let Some(place) = shared.rotas.get(shift) {
                    rotas.push(u32::try_from(*place).unwrap_or(u32::MAX));
                } else if !table.hours.has(shift) {
                    let names = table.hours.names().chain(table.rotas.names());
                    let message = self.report.unknown("hours or rota", shift, names);
                    self.fault(&at.index(index), message);
                }
            }
            all.push(OnShift {
                name: entry.name.as_str().into(),
                hours: hours.into(),
                rotas: rotas.into(),
            });
        }
        all
    }
}

/// A time by a clock on the wall.
fn wall(text: &str) -> Option<NaiveDateTime> {
    let mut forms = ["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"].iter();
    forms.find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
}

/// An instant with its offset; of a rota with a zone by the clock on its wall, too.
fn instant(text: &str, zone: Option<&ZoneTable>) -> Result<i64, String> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Ok(at.timestamp());
    }
    let found = shorten(text);
    match (wall(text), zone) {
        (Some(wall), Some(zone)) => Ok(zone.first_reading(wall.and_utc().timestamp())),
        (Some(_), None) => Err(format!(
            "whose clock reads `{found}`, nobody says; give the rota a `zone`, or write the time with its offset, as in 2026-04-21T09:00:00-04:00"
        )),
        (None, Some(_)) => Err(format!(
            "`{found}` is no date and time; write it as in 2026-01-05 09:00"
        )),
        (None, None) => Err(format!(
            "`{found}` is no instant; write it with its offset, as in 2026-04-21T09:00:00-04:00"
        )),
    }
}

/// `12h`, `1d`, `1w` in seconds, from an hour to a year.
fn length(text: &str) -> Option<i64> {
    let (count, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let unit = match unit {
        "h" => 3_600,
        "d" => 86_400,
        "w" => 604_800,
        _ => return None,
    };
    let seconds = count.parse::<i64>().ok()?.checked_mul(unit)?;
    (3_600..=52 * 604_800).contains(&seconds).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::MAX_STEPS;
    use crate::{ChronoTz, load};

    #[test]
    fn the_steps_of_a_file_are_bounded() {
        let mut csv = String::from("from,who\n");
        for hour in 0_i64..=MAX_STEPS.try_into().unwrap() {
            let from = DateTime::from_timestamp(hour * 3_600, 0).unwrap();
            csv.push_str(&from.to_rfc3339());
            csv.push_str(",ann\n");
        }
        let text = "version: 1\ndefault: { action: hangup }\nagents: { ann: { to: \"1001\" } }\n\
                    rotas: { duty: { file: duty.csv } }\n";
        let files = |csv: &str| {
            vec![crate::SourceFile {
                name: "duty.csv".to_owned(),
                text: csv.to_owned(),
            }]
        };
        let faults = load("routes.yaml", text, &files(&csv), &ChronoTz).unwrap_err();
        let [fault] = faults.as_slice() else {
            panic!("{faults}");
        };
        assert_eq!(fault.message, "a rota has at most 100000 steps");
        assert_eq!(fault.span.unwrap().line, 100_002);
        let (fits, _) = csv.trim_end().rsplit_once('\n').unwrap();
        assert!(load("routes.yaml", text, &files(fits), &ChronoTz).is_ok());
    }
}
