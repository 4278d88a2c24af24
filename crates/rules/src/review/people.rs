//! Rotas of nobody, and people who never work.

use callroute_schema::Party;

use super::Review;
use crate::path::Path;

impl Review<'_> {
    pub(super) fn people(&mut self) {
        let engine = self.engine;
        let section = Path::ROOT.key("rotas");
        for rota in &engine.tables.rotas {
            if rota.turns.agents().is_empty() {
                let message = "nobody is ever on duty in this rota; name somebody under `who`";
                self.warn_key(&section.key(&rota.name), message);
            }
        }
        let section = Path::ROOT.key("agents");
        for agent in &engine.tables.agents {
            if let Ok(Party::Number(_)) = Party::new(&agent.name) {
                let message = format!(
                    "`{}` is a number among `members`, and rings that number, not this agent; begin the name with a letter",
                    agent.name
                );
                self.warn_key(&section.key(&agent.name), message);
            }
            let mut rotas = agent.rotas.iter();
            let turns_of = |rota: &u32| {
                let rota = engine.tables.rotas.get(*rota as usize);
                rota.map_or_else(Vec::new, |rota| rota.turns.agents())
            };
            let has_turn = rotas.any(|rota| turns_of(rota).contains(&&*agent.name));
            if agent.hours.is_empty() && !agent.rotas.is_empty() && !has_turn {
                let message = format!(
                    "`{}` never works: no rota under `shifts` has a turn of theirs; name them under its `who`, or give them hours",
                    agent.name
                );
                let at = section.key(&agent.name);
                self.warn(&at.key("shifts"), message);
            }
        }
    }
}
