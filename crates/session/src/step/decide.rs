//! Deciding by the table; a fact that a rule asks for is waited for, and goes without when it does
//! not come.

use std::time::Duration;

use callroute_rules::{Fact, Lookup, Outcome, RuleId};
use callroute_schema::{DecisionRecord, EventKind};

use super::Step;
use crate::call::{Call, kinds};
use crate::note::Note;
use crate::program::Flow;
use crate::shared::{Share, Shared};

/// How long a fact may take.
pub(crate) const FACT: Duration = Duration::from_millis(250);

#[derive(Debug)]
pub(crate) struct Deciding {
    lookup: Lookup,
    after: Option<RuleId>,
    deadline: Duration,
}

impl Deciding {
    /// Decides; `after` is the rule that said to go on with the next one.
    pub(crate) fn begin(call: &mut Call, after: Option<RuleId>) -> (Step, Flow) {
        let engine = call.engine.clone();
        // Switches are never asked for by the table, which knows how each stands until somebody
        // turns it.
        let unknown = engine
            .overrides()
            .map(|(name, _)| Lookup::Override(name.to_owned()))
            .find(|lookup| call.facts.get(lookup).is_none());
        let outcome = match after {
            _ if unknown.is_some() => unknown.map(Outcome::Need),
            None => Some(engine.decide(&call.event, &call.facts)),
            Some(rule) => Some(engine.decide_after(&call.event, &call.facts, rule)),
        };
        let decision = match outcome {
            Some(Outcome::Decided(decision)) => decision,
            None => return (Step::New, Flow::Default("nothing was decided".to_owned())),
            Some(Outcome::Need(lookup)) => {
                call.share(Share::Fact {
                    lookup: lookup.clone(),
                });
                let step = Self {
                    lookup,
                    after,
                    deadline: call.after(FACT),
                };
                return (Step::Deciding(step), Flow::Stay);
            }
        };
        let rule = decision.rule();
        call.note(Note::Decided {
            rule: rule.clone(),
            actions: kinds(decision.actions()),
        });
        call.why = format!("decided by {rule}");
        call.rule = decision.id();
        // Nothing here draws lots: the id is made of the call's own, and counts.
        call.decisions += 1;
        let id = format!("{}.{}", call.event.call_id, call.decisions);
        call.ledger.decision = Some(DecisionRecord {
            id: id.clone(),
            table: engine.fingerprint().to_owned(),
            rule: rule.to_string(),
        });
        let mut event = call.event_now(EventKind::RoutingDecided);
        event.event_id = Some(id);
        call.emit(event);
        let flow = match (decision.id(), decision.unfilled()) {
            (None, _) => Flow::Default("no rule holds".to_owned()),
            (_, Some(error)) => Flow::Default(error.to_string()),
            _ => Flow::Decided(decision.actions().to_vec()),
        };
        (Step::New, flow)
    }

    pub(crate) fn deadline(&self) -> Duration {
        self.deadline
    }

    pub(crate) fn on_shared(&mut self, call: &mut Call, shared: &Shared) -> Flow {
        match shared {
            Shared::Fact { lookup, fact } if *lookup == self.lookup => {
                self.known(call, fact.clone())
            }
            _ => Flow::Stay,
        }
    }

    pub(crate) fn on_wake(&mut self, call: &mut Call) -> Flow {
        if !call.is_due(self.deadline) {
            return Flow::Stay;
        }
        self.known(call, Fact::Missing)
    }

    /// Asks again with the fact; each round asks for another, so that this ends.
    fn known(&mut self, call: &mut Call, mut fact: Fact) -> Flow {
        if let (Lookup::Override(name), Fact::Missing) = (&self.lookup, &fact) {
            let own = call
                .engine
                .overrides()
                .any(|(known, on)| known == name && on);
            fact = if own { Fact::Yes } else { Fact::No };
        }
        if fact == Fact::Missing {
            call.note(Note::Missing {
                fact: self.lookup.to_string(),
            });
        }
        call.facts.add(self.lookup.clone(), fact);
        match Self::begin(call, self.after) {
            (step, Flow::Stay) => Flow::Switch(Box::new(step)),
            (_, flow) => flow,
        }
    }
}
