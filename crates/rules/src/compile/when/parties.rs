//! Conditions on kinds of callers, and on who can take a call.

use callroute_schema::{Action, Destination, Party as Written, variables};

use super::super::{Compiler, Shared};
use super::{either, together};
use crate::engine::{Available, Clause, Lookup, Party};
use crate::path::Path;
use crate::table::{CallerKind, Kinds, Texts};
use callroute_schema::hint::shorten;

impl Compiler<'_> {
    pub(super) fn kinds(
        &mut self,
        Kinds(kinds): &Kinds,
        shared: &Shared,
        at: &Path<'_>,
    ) -> Option<Clause> {
        let read: Vec<_> = kinds
            .iter()
            .enumerate()
            .map(|(index, kind)| {
                let spelled = self.kind(*kind, shared, &at.index(index))?;
                Some(Clause::Kind(*kind, Box::new(spelled)))
            })
            .collect();
        either(read.into_iter().collect::<Option<_>>()?)
    }

    /// What a kind of caller means in this file.
    fn kind(&mut self, kind: CallerKind, shared: &Shared, at: &Path<'_>) -> Option<Clause> {
        let named = |compiler: &mut Self, name: &str| match shared.lists.get(name) {
            Some(place) => {
                let place = u32::try_from(*place).unwrap_or(u32::MAX);
                Some(compiler.on_list(name, place, shared))
            }
            None => {
                let message = format!(
                    "callers of type `{name}` are those on the list `{name}` of `callers`, which this file does not have"
                );
                compiler.fault(at, message);
                None
            }
        };
        let every = |blocked: bool| {
            let lists = self.table.callers.entries().iter();
            let lists = lists.filter(|entry| blocked || entry.name != "blocked");
            let clauses = lists.filter_map(|entry| {
                let place = u32::try_from(*shared.lists.get(&entry.name)?).ok()?;
                Some(self.on_list(&entry.name, place, shared))
            });
            clauses.collect::<Vec<_>>()
        };
        match kind {
            CallerKind::Anonymous => Some(Clause::Anonymous(true)),
            CallerKind::Vip => named(self, "vip"),
            CallerKind::Blocked => named(self, "blocked"),
            CallerKind::Known => {
                let on = every(false);
                if on.is_empty() {
                    let message = "nobody is known: this file has no list of `callers`";
                    self.fault(at, message);
                }
                either(on)
            }
            CallerKind::New => {
                let strangers = either(every(true)).map(|on| Clause::Not(Box::new(on)));
                Some(together(
                    [Some(Clause::HasNumber), strangers]
                        .into_iter()
                        .flatten()
                        .collect(),
                ))
            }
        }
    }

    /// Agents, rotas, and targets whose first destination is asked.
    pub(super) fn available(
        &mut self,
        Texts(names): &Texts,
        shared: &Shared,
        at: &Path<'_>,
    ) -> Option<Clause> {
        let read: Vec<_> = names
            .iter()
            .enumerate()
            .map(|(index, name)| {
                let parties = self.parties(name, shared, &at.index(index))?;
                Some(Clause::Available(Box::new(Available {
                    name: name.as_str().into(),
                    parties: parties.into(),
                })))
            })
            .collect();
        either(read.into_iter().collect::<Option<_>>()?)
    }

    /// Lookups, and whoever may not have answered whether they can take a call.
    pub(super) fn missing(
        &mut self,
        Texts(names): &Texts,
        shared: &Shared,
        at: &Path<'_>,
    ) -> Option<Clause> {
        let mut all = Vec::new();
        for (index, name) in names.iter().enumerate() {
            if shared.lookups.contains_key(name) {
                all.push(Lookup::Row(name.clone()));
                continue;
            }
            let table = self.table;
            let party = Written::new(name).ok();
            let is_named =
                table.agents.has(name) || table.rotas.has(name) || table.targets.has(name);
            match party {
                Some(Written::Number(_) | Written::Sip(_)) => {
                    all.push(Lookup::Available(name.clone()));
                }
                _ if is_named => {
                    let parties = self.parties(name, shared, &at.index(index))?;
                    all.extend(
                        parties
                            .iter()
                            .flat_map(|party| self.asked_as(party, shared)),
                    );
                }
                _ => {
                    let known = table
                        .lookups
                        .names()
                        .chain(table.agents.names())
                        .chain(table.rotas.names())
                        .chain(table.targets.names());
                    let message = self
                        .report
                        .unknown("lookup, agent, rota or target", name, known);
                    self.fault(&at.index(index), message);
                    return None;
                }
            }
        }
        if all.is_empty() {
            let message = "nobody is ever on duty there, so that nobody is asked; name somebody under `who` of the rota";
            self.fault(at, message);
        }
        let missing = all.into_iter();
        let missing = missing.map(|lookup| Clause::Missing(Box::new(lookup)));
        either(missing.collect())
    }

    /// The names by which a party is asked whether it can take a call: all of a rota's, as time
    /// goes on.
    fn asked_as(&self, party: &Party, shared: &Shared) -> Vec<Lookup> {
        let names: Vec<&str> = match party {
            Party::Agent(place) => {
                let agent = self.table.agents.names().nth(*place as usize);
                agent.into_iter().collect()
            }
            Party::Rota(place) => {
                let rota = shared.tables.rotas.get(*place as usize);
                rota.map(|rota| rota.turns.agents()).unwrap_or_default()
            }
            Party::Other(name) => vec![name],
        };
        let asked = names
            .into_iter()
            .map(|name| Lookup::Available(name.to_owned()));
        asked.collect()
    }

    fn parties(&mut self, name: &str, shared: &Shared, at: &Path<'_>) -> Option<Vec<Party>> {
        if let Some(party) = self.agent_party(name, shared) {
            return Some(vec![party]);
        }
        let table = self.table;
        let Some(target) = table.targets.get(name) else {
            let known = table
                .agents
                .names()
                .chain(table.rotas.names())
                .chain(table.targets.names());
            let message = self.report.unknown("agent, rota or target", name, known);
            self.fault(at, message);
            return None;
        };
        let actions = target.value.as_ref()?.as_slice();
        let forward = actions.iter().find_map(|action| match action {
            Action::Forward(forward) => Some(forward),
            _ => None,
        });
        let parties = match forward.map(|forward| &forward.destination) {
            Some(Destination::RingGroup(group)) => {
                let members = group.members.iter();
                members.map(|member| Rung::of(&member.to)).collect()
            }
            Some(Destination::Agent(agent)) => vec![Rung::Agent(agent.name.as_str())],
            Some(Destination::Number(number)) => vec![Rung::Address(number.number.as_str())],
            Some(Destination::Sip(sip)) => vec![Rung::Address(sip.uri.as_str())],
            _ => {
                let name = shorten(name);
                let message = format!(
                    "`{name}` forwards to nobody who could be asked; name an agent, or a target that forwards to one or to a group"
                );
                self.fault(at, message);
                return None;
            }
        };
        if parties
            .iter()
            .any(|rung| variables(rung.text()).next().is_some())
        {
            let message = format!(
                "who `{}` rings is known only when it is called; name an agent, or a target without variables in its destination",
                shorten(name)
            );
            self.fault(at, message);
            return None;
        }
        let parties = parties.into_iter();
        let parties = parties.map(|rung| self.party(rung, shared));
        Some(parties.collect())
    }

    /// An agent or a rota that this file does not have is a fault where it is forwarded to.
    fn party(&self, rung: Rung<'_>, shared: &Shared) -> Party {
        let agent = match rung {
            Rung::Agent(name) => self.agent_party(name, shared),
            Rung::Address(_) => None,
        };
        agent.unwrap_or_else(|| Party::Other(rung.text().into()))
    }

    fn agent_party(&self, name: &str, shared: &Shared) -> Option<Party> {
        let mut agents = self.table.agents.names();
        if let Some(place) = agents.position(|known| known == name) {
            return Some(Party::Agent(u32::try_from(place).ok()?));
        }
        let rota = shared.rotas.get(name)?;
        Some(Party::Rota(u32::try_from(*rota).ok()?))
    }
}

/// Whom a target rings. A number stays one, also where an agent's name has its digits.
#[derive(Clone, Copy)]
enum Rung<'a> {
    Agent(&'a str),
    Address(&'a str),
}

impl<'a> Rung<'a> {
    fn of(party: &'a callroute_schema::Party) -> Self {
        match party {
            callroute_schema::Party::Agent(name) => Self::Agent(name.as_str()),
            other => Self::Address(other.as_str()),
        }
    }

    fn text(self) -> &'a str {
        match self {
            Self::Agent(text) | Self::Address(text) => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use callroute_schema::Event;

    use crate::engine::{Facts, Outcome};
    use crate::{ChronoTz, load};

    /// The first thing that is asked at night.
    fn asked(rung: &str) -> String {
        let table = format!(
            r#"
version: 1
default: {{ action: busy }}
hours: {{ office: {{ zone: UTC, open: "Mo-Fr 09:00-17:00" }} }}
agents: {{ "101": {{ to: "sip:101@pbx.example", shifts: [office] }} }}
targets: {{ front: {{ action: forward, destination: {rung} }} }}
numbers: {{ "1": [{{ when: {{ available: front }}, then: front }}, {{ then: {{ action: hangup }} }}] }}
"#
        );
        let engine = load("routes.yaml", &table, &(), &ChronoTz).unwrap();
        let event = r#"{"event":"incoming_call","from":"+14155550123","to":"1","timestamp":"2026-04-21T22:00:00Z","call_id":"a"}"#;
        let event: Event = serde_json::from_str(event).unwrap();
        match engine.decide(&event, &Facts::default()) {
            Outcome::Need(lookup) => lookup.to_string(),
            Outcome::Decided(decision) => decision.to_json().into_owned(),
        }
    }

    #[test]
    fn a_number_is_not_the_agent_of_its_digits() {
        let away = r#"{"action":"hangup"}"#;
        for (rung, first) in [
            ("{ type: ring_group, members: [\"101\"] }", "available 101"),
            ("{ type: number, number: \"101\" }", "available 101"),
            ("{ type: agent, name: \"101\" }", away),
        ] {
            assert_eq!(asked(rung), first, "{rung}");
        }
    }
}
