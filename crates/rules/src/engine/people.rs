//! Who takes the calls of a party: agents by name, by rota and by address, and their shifts.

use std::collections::HashMap;

use callroute_schema::Party;
use chrono::{DateTime, Utc};

use super::Engine;
use super::names::{Agent, Named};
use super::tables::{OnShift, Tables};

/// Agents, found by what is written for them.
#[derive(Debug, Default)]
pub(crate) struct People {
    /// Where each agent stands in the tables.
    places: HashMap<Box<str>, usize>,
    /// Where each rota does.
    rotas: HashMap<Box<str>, u32>,
    /// Whose each number, in full, or URI is; one that several agents share is nobody's.
    addresses: HashMap<String, Option<usize>>,
}

/// Who takes the calls of a party at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResolvedParty<'a> {
    /// This agent, who works now: the one that is named, the one on duty in the rota that is
    /// named, or the only one who is reached at the number or SIP URI. Also a name that the table
    /// does not have.
    Agent(&'a str),
    /// This agent, who is off shift.
    OffShift(&'a str),
    /// Nobody: no one is on duty in the rota.
    Nobody,
    /// Whoever answers at a number or SIP URI that is no agent's.
    Anybody,
}

impl People {
    pub(crate) fn new(named: &Named, tables: &Tables) -> Self {
        let mut people = Self::default();
        for (place, rota) in (0..).zip(&tables.rotas) {
            people.rotas.insert(rota.name.clone(), place);
        }
        for (place, agent) in tables.agents.iter().enumerate() {
            people.places.insert(agent.name.clone(), place);
            if let Some(known) = named.agents.get(&*agent.name) {
                let whose = people.addresses.entry(address(&known.to, tables));
                whose
                    .and_modify(|whose| *whose = None)
                    .or_insert(Some(place));
            }
        }
        people
    }

    fn at<'a>(&self, party: &Party, tables: &'a Tables) -> Option<&'a OnShift> {
        let place = (*self.addresses.get(&address(party, tables))?)?;
        tables.agents.get(place)
    }

    fn named<'a>(&self, name: &str, tables: &'a Tables) -> Option<&'a OnShift> {
        tables.agents.get(*self.places.get(name)?)
    }
}

/// A number in full, a URI as it is written.
fn address(party: &Party, tables: &Tables) -> String {
    let full = match party {
        Party::Number(number) => tables.in_full(number.as_str()),
        Party::Sip(_) | Party::Agent(_) => None,
    };
    full.unwrap_or_else(|| party.as_str().to_owned())
}

impl Engine {
    /// An agent by name.
    #[must_use]
    pub fn agent(&self, name: &str) -> Option<&Agent> {
        self.named.agents.get(name)
    }

    /// Where an agent, or whoever is on duty in a rota, is reached at an instant; `None`: no such
    /// agent, or nobody is on duty.
    #[must_use]
    pub fn reach(&self, name: &str, at: DateTime<Utc>) -> Option<&Party> {
        let agent = match self.rota(name) {
            Some(rota) => self.tables.on_duty(rota, at.timestamp())?,
            None => name,
        };
        self.agent(agent).map(|agent| &agent.to)
    }

    /// Who takes the calls of a party at an instant: by which name an agent's state is asked for
    /// and its calls are counted, however it is written.
    #[must_use]
    pub fn resolve_party<'a>(&'a self, party: &'a Party, at: DateTime<Utc>) -> ResolvedParty<'a> {
        let known = match party {
            Party::Agent(name) => match self.rota(name.as_str()) {
                Some(rota) => match self.tables.on_duty(rota, at.timestamp()) {
                    Some(name) => self.people.named(name, &self.tables),
                    None => return ResolvedParty::Nobody,
                },
                None => match self.people.named(name.as_str(), &self.tables) {
                    Some(known) => Some(known),
                    None => return ResolvedParty::Agent(name.as_str()),
                },
            },
            Party::Number(_) | Party::Sip(_) => self.people.at(party, &self.tables),
        };
        match known {
            None => ResolvedParty::Anybody,
            Some(agent) if agent.is_on_shift(&self.tables, at.timestamp()) => {
                ResolvedParty::Agent(&agent.name)
            }
            Some(agent) => ResolvedParty::OffShift(&agent.name),
        }
    }

    /// Whether [`resolve_party`](Self::resolve_party) may say something else of this party at
    /// another time: it is a rota, or an agent who works in shifts.
    #[must_use]
    pub fn takes_turns(&self, party: &Party) -> bool {
        let known = match party {
            Party::Agent(name) if self.rota(name.as_str()).is_some() => return true,
            Party::Agent(name) => self.people.named(name.as_str(), &self.tables),
            Party::Number(_) | Party::Sip(_) => self.people.at(party, &self.tables),
        };
        known.is_some_and(|agent| !agent.hours.is_empty() || !agent.rotas.is_empty())
    }

    /// Who is on duty in a rota at an instant.
    #[must_use]
    pub fn on_duty(&self, rota: &str, at: DateTime<Utc>) -> Option<&str> {
        self.tables.on_duty(self.rota(rota)?, at.timestamp())
    }

    /// Whether an agent's shifts let them work at an instant; one without shifts always may.
    #[must_use]
    pub fn is_on_shift(&self, agent: &str, at: DateTime<Utc>) -> bool {
        let known = self.people.named(agent, &self.tables);
        known.is_none_or(|known| known.is_on_shift(&self.tables, at.timestamp()))
    }

    fn rota(&self, name: &str) -> Option<u32> {
        self.people.rotas.get(name).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::ResolvedParty;
    use crate::{ChronoTz, load};

    #[test]
    fn an_agent_is_one_person_however_it_is_written() {
        let table = r#"
version: 1
region: US
default: { action: hangup }
hours: { office: { zone: UTC, open: "Mo-Fr 09:00-17:00" } }
agents:
  ann: { to: "sip:ann@pbx.example", shifts: [office] }
  bob: { to: "+12125550111" }
  cid: { to: "sip:desk@pbx.example" }
  dan: { to: "sip:desk@pbx.example" }
rotas:
  duty: { steps: [{ from: "2026-04-21T00:00:00Z", who: bob }, { from: "2026-04-23T00:00:00Z" }, { from: "2026-04-24T00:00:00Z", who: ann }] }
numbers:
  "1": { action: forward, destination: { type: ring_group, members: [ann, duty, cid, dan, bob] } }
"#;
        let engine = load("routes.yaml", table, &(), &ChronoTz).unwrap();
        let resolve_party = |text: &str, at: &str| {
            let party = callroute_schema::Party::new(text).unwrap();
            format!("{:?}", engine.resolve_party(&party, at.parse().unwrap()))
        };
        let (noon, night) = ("2026-04-21T12:00:00Z", "2026-04-21T22:00:00Z");
        let is = |name: &str| format!("{:?}", ResolvedParty::Agent(name));
        assert_eq!(resolve_party("ann", noon), is("ann"));
        let off = format!("{:?}", ResolvedParty::OffShift("ann"));
        assert_eq!(resolve_party("ann", night), off);
        assert_eq!(resolve_party("sip:ann@pbx.example", noon), is("ann"));
        assert_eq!(resolve_party("sip:ann@pbx.example", night), off);
        assert_eq!(resolve_party("duty", noon), is("bob"));
        assert_eq!(resolve_party("duty", "2026-04-23T12:00:00Z"), "Nobody");
        assert_eq!(resolve_party("duty", "2026-04-24T12:00:00Z"), is("ann"));
        assert_eq!(resolve_party("duty", "2026-04-24T22:00:00Z"), off);
        assert_eq!(resolve_party("2125550111", noon), is("bob"));
        assert_eq!(resolve_party("zoe", noon), is("zoe"));
        // A phone that several share is none of theirs.
        assert_eq!(resolve_party("sip:desk@pbx.example", noon), "Anybody");
        assert_eq!(resolve_party("+13145550100", noon), "Anybody");
    }
    #[test]
    fn steps_go_by_the_clock_of_their_zone() {
        let table = |csv: &str| {
            format!(
                r#"
version: 1
default: {{ action: hangup }}
agents: {{ ann: {{ to: "1001" }}, bob: {{ to: "1002" }} }}
rotas:
  steps: {{ zone: Europe/London, steps: [{{ from: "2026-01-05 09:00", who: ann }}, {{ from: "2026-07-06 09:00", who: bob }}, {{ from: "2026-07-13T09:00:00Z" }}] }}
  file: {{ zone: Europe/London, file: {csv} }}
"#
            )
        };
        let file = crate::SourceFile {
            name: "duty.csv".to_owned(),
            // Clocks go forward over the second, and back over the third.
            text: "from,who\n2026-01-05 09:00,ann\n2026-03-29 01:30,bob\n2026-10-25T01:30,ann\n"
                .to_owned(),
        };
        let engine = load("routes.yaml", &table("duty.csv"), &vec![file], &ChronoTz).unwrap();
        for (rota, before, who, at, then) in [
            (
                "steps",
                "2026-01-05T08:59:59Z",
                None,
                "2026-01-05T09:00:00Z",
                Some("ann"),
            ),
            (
                "steps",
                "2026-07-06T07:59:59Z",
                Some("ann"),
                "2026-07-06T08:00:00Z",
                Some("bob"),
            ),
            (
                "steps",
                "2026-07-13T08:59:59Z",
                Some("bob"),
                "2026-07-13T09:00:00Z",
                None,
            ),
            (
                "file",
                "2026-03-29T00:59:59Z",
                Some("ann"),
                "2026-03-29T01:00:00Z",
                Some("bob"),
            ),
            (
                "file",
                "2026-10-25T00:29:59Z",
                Some("bob"),
                "2026-10-25T00:30:00Z",
                Some("ann"),
            ),
        ] {
            assert_eq!(
                engine.on_duty(rota, before.parse().unwrap()),
                who,
                "{before}"
            );
            assert_eq!(engine.on_duty(rota, at.parse().unwrap()), then, "{at}");
        }
    }
}
