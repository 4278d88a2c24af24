//! Conditions on time, texts, switches and shares.

use std::collections::BTreeMap;
use std::sync::Arc;

use callroute_schema::number::Region;
use callroute_schema::{Party, Transport};

use super::super::shared::Named;
use super::super::{Compiler, Shared};
use super::Clauses;
use crate::engine::{Calls, Clause, Field, Places, Subject, Test, WHOLE};
use crate::hours::{self, Hours};
use crate::number;
use crate::origin::{is_area, nearest_area};
use crate::path::Path;
use crate::table::{Bounds, CallsWhen, DateWhen, Texts, ValueWhen, When};
use callroute_schema::hint::shorten;

impl Compiler<'_> {
    /// Everything of a `when` that is neither hours nor numbers.
    pub(super) fn values(
        &mut self,
        when: &When,
        shared: &mut Shared,
        at: &Path<'_>,
        all: &mut Clauses,
    ) {
        if let Some(fields) = &when.attribute {
            let at = at.key("attribute");
            for name in fields.keys() {
                self.known_column(name, shared, &at.key(name));
            }
            self.fields(fields, &at, all, Clause::Attribute);
        }
        if let Some(fields) = &when.header {
            self.fields(fields, &at.key("header"), all, Clause::Header);
        }
        if let Some(Texts(trunks)) = &when.trunk {
            let trunks = trunks.iter().map(|trunk| trunk.as_str().into());
            all.push(Some(Clause::Trunk(trunks.collect())));
        }
        if let Some(Texts(list)) = &when.transport {
            let read = self.each(list, &at.key("transport"), transport);
            all.push(read.map(|list| Clause::Transport(list.into())));
        }
        if let Some(names) = &when.available {
            all.push(self.available(names, shared, &at.key("available")));
        }
        if let Some(Texts(shares)) = &when.share {
            let read = self.each(shares, &at.key("share"), share);
            all.push(read.and_then(super::either));
        }
        if let Some(calls) = &when.calls {
            all.push(self.calls(calls, shared, &at.key("calls")));
        }
        if let Some(Texts(names)) = &when.switch {
            let at = at.key("override");
            let read: Vec<_> = names
                .iter()
                .enumerate()
                .map(|(index, name)| {
                    let place = self.place("override", name, &shared.switches, &at.index(index));
                    place.map(Clause::Switch)
                })
                .collect();
            all.push(
                read.into_iter()
                    .collect::<Option<_>>()
                    .and_then(super::either),
            );
        }
        if let Some(rotas) = &when.shift {
            for (rota, who) in rotas {
                let at = at.key("shift");
                all.push(self.duty(rota, who, shared, &at.key(rota)));
            }
        }
        if let Some(names) = &when.missing {
            all.push(self.missing(names, shared, &at.key("missing")));
        }
    }

    pub(super) fn date(
        &mut self,
        date: &DateWhen,
        shared: &mut Shared,
        at: &Path<'_>,
    ) -> Option<Clause> {
        let written = (date.zone.clone(), date.on.clone());
        if let Some(known) = shared.dates.get(&written) {
            return Some(Clause::Hours {
                hours: *known,
                open: true,
            });
        }
        let zone = self.zone_table(&date.zone, &mut shared.tables, &at.key("zone"));
        if date.on.contains(':') {
            self.fault(
                &at.key("on"),
                "dates have no times; ask `open` of hours for these",
            );
            return None;
        }
        let plan = self.understood(&date.on, hours::parse_dates(&date.on), &at.key("on"))?;
        if plan.has_holidays() {
            let message = "PH is for hours, which name a calendar; ask `closed` of such hours";
            self.fault(&at.key("on"), message);
            return None;
        }
        let table = shared.tables.zones.get(zone? as usize)?;
        let name = format!("{} in {}", date.on, date.zone);
        let hours = Arc::new(Hours::of_date(name, plan, Arc::clone(&table.zone)));
        let place = shared.schedule(hours, table.offsets.clone());
        shared.dates.insert(written, place);
        Some(Clause::Hours {
            hours: place,
            open: true,
        })
    }

    fn fields(
        &mut self,
        fields: &BTreeMap<String, ValueWhen>,
        at: &Path<'_>,
        all: &mut Clauses,
        clause: fn(Box<Field>) -> Clause,
    ) {
        for (name, value) in fields {
            let at = at.key(name);
            if name.trim().is_empty() {
                self.fault(&at, "a name must not be empty");
            }
            let test = match value {
                ValueWhen::Is(list) => {
                    Test::Is(list.iter().map(|text| text.as_str().into()).collect())
                }
                ValueWhen::Within(bounds) => self.bounds(bounds, &at),
            };
            all.push(Some(clause(Box::new(Field {
                name: name.as_str().into(),
                test,
            }))));
        }
    }

    /// `vip.tier` has to be a column of `vip`, when that is a list or a table of prefixes.
    fn known_column(&mut self, name: &str, shared: &Shared, at: &Path<'_>) {
        let column = name.split_once('.');
        if let Some(message) = column.and_then(|(table, name)| shared.wrong_column(table, name)) {
            self.fault(at, message);
        }
    }

    fn bounds(&mut self, bounds: &Bounds, at: &Path<'_>) -> Test {
        let empty = bounds.exists.is_none() && bounds.below.is_none() && bounds.at_least.is_none();
        if empty {
            self.fault(at, "expected one of `exists`, `below` and `at_least`");
        }
        for (key, bound) in [("below", bounds.below), ("at_least", bounds.at_least)] {
            if let Some(found) = bound.filter(|bound| !bound.is_finite()) {
                let message = format!("expected a number, found {found}");
                self.fault(&at.key(key), message);
            }
        }
        if let (Some(below), Some(least)) = (bounds.below, bounds.at_least)
            && least >= below
        {
            let message = format!("nothing is at least {least} and below {below}");
            self.fault(at, message);
        }
        if bounds.exists == Some(false) && (bounds.below.is_some() || bounds.at_least.is_some()) {
            let message = "what is not there is no number: leave out `exists`, or the bounds";
            self.fault(at, message);
        }
        Test::Within {
            exists: bounds.exists,
            below: bounds.below,
            at_least: bounds.at_least,
        }
    }

    fn calls(&mut self, calls: &CallsWhen, shared: &mut Shared, at: &Path<'_>) -> Option<Clause> {
        match (calls.below, calls.at_least) {
            (None, None) => {
                self.fault(at, "`calls` needs `below` or `at_least`");
                return None;
            }
            (Some(below), Some(least)) if least >= below => {
                let message = format!("nothing is at least {least} and below {below}");
                self.fault(at, message);
                return None;
            }
            (Some(0), _) => {
                self.fault(&at.key("below"), "there are never fewer than 0 calls");
                return None;
            }
            _ => {}
        }
        // A number may be written as people write it.
        let on = number::number(&calls.on).unwrap_or_else(|_| calls.on.clone());
        if !self.is_counted(&on) {
            let table = self.table;
            let known = table.targets.names().chain(table.agents.names());
            let message = self
                .report
                .unknown("target, agent or number", &calls.on, known);
            self.fault(&at.key("on"), message);
            return None;
        }
        shared.counted.insert(on.clone());
        Some(Clause::Calls(Box::new(Calls {
            on: on.into(),
            below: calls.below,
            at_least: calls.at_least,
        })))
    }

    /// Whether calls on it are counted under this name.
    fn is_counted(&self, name: &str) -> bool {
        let table = self.table;
        table.targets.has(name)
            || table.agents.has(name)
            || table.rotas.has(name)
            || matches!(Party::new(name), Ok(Party::Number(_) | Party::Sip(_)))
    }

    pub(super) fn places(
        &mut self,
        Texts(places): &Texts,
        shared: &mut Shared,
        at: &Path<'_>,
    ) -> Option<Clause> {
        let names = self.each(places, at, |place| match is_area(place) {
            true => Ok(place.into()),
            false => {
                let hint = match nearest_area(place) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "write a state or province under +1, else a town or district as \
                             `callroute number` tells it"
                        .to_owned(),
                };
                let place = shorten(place);
                Err(format!("no numbers are given out in `{place}`; {hint}"))
            }
        })?;
        Some(Clause::Place(Box::new(Places {
            names: names.into(),
            origin: shared.origin(Named::Areas(places.clone())),
        })))
    }

    pub(super) fn country(
        &mut self,
        subject: Subject,
        Texts(texts): &Texts,
        shared: &mut Shared,
        at: &Path<'_>,
    ) -> Option<Clause> {
        let countries = self.each(texts, at, |text| {
            let region = Region::new(text).map_err(|error| error.to_string())?;
            Ok(region.as_str().to_owned())
        })?;
        Some(Clause::Country {
            subject,
            countries: countries.iter().map(|name| name.as_str().into()).collect(),
            origin: shared.origin(Named::Countries(countries)),
        })
    }

    fn duty(
        &mut self,
        rota: &str,
        Texts(who): &Texts,
        shared: &Shared,
        at: &Path<'_>,
    ) -> Option<Clause> {
        let place = self.place("rota", rota, &shared.rotas, at)?;
        for (index, agent) in who.iter().enumerate() {
            if !self.table.agents.has(agent) {
                self.unknown("agent", agent, &self.table.agents, &at.index(index));
            }
        }
        Some(Clause::Duty {
            rota: place,
            who: who.iter().map(|agent| agent.as_str().into()).collect(),
        })
    }
}

fn transport(text: &str) -> Result<Transport, String> {
    let mut words = Transport::WORDS.iter();
    let found = words.find(|word| word.word == text);
    found.map(|word| word.value).ok_or_else(|| {
        let known: Vec<_> = Transport::WORDS.iter().map(|word| word.word).collect();
        let (text, known) = (shorten(text), known.join(", "));
        format!("`{text}` is no transport; expected one of {known}")
    })
}

/// `30`, `12.5`, `30-50`, in percent; a `%` at the end is left out.
fn share(text: &str) -> Result<Clause, String> {
    let percent = |text: &str| {
        let (whole, part) = text.trim().split_once('.').unwrap_or((text.trim(), "0"));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || part.len() > 2 || !digits(whole) || !digits(part) {
            return None;
        }
        let part: u16 = format!("{part:0<2}").parse().ok()?;
        let hundredths = whole
            .parse::<u16>()
            .ok()?
            .checked_mul(100)?
            .checked_add(part)?;
        (hundredths <= WHOLE).then_some(hundredths)
    };
    let plain = text.strip_suffix('%').unwrap_or(text);
    let bounds = match plain.split_once('-') {
        Some((from, to)) => percent(from).zip(percent(to)),
        None => percent(plain).map(|to| (0, to)),
    };
    match bounds {
        Some((from, to)) if from < to => Ok(Clause::Share { from, to }),
        _ => Err(format!(
            "`{}` is no share of all calls; write it in percent, as in 30, 12.5 or 30-50",
            shorten(text)
        )),
    }
}
