//! Deciding by the table; a fact that a rule asks for is waited for, and goes without when it does
//! not come.

use std::time::Duration;

use callroute_rules::{Engine, Fact, Lookup, Outcome, RuleId};
use callroute_schema::{DecisionRecord, EventKind, Party};

use super::Step;
use super::ring::{counted_as, who};
use crate::call::{Call, kinds};
use crate::note::Note;
use crate::program::Flow;
use crate::shared::{HubReply, HubRequest};

/// How long a fact may take that calls share; and how much longer than its budget a lookup may,
/// before the session stops believing that the driver answers.
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
                let budget = match budget(&engine, &lookup) {
                    // What calls share is there at once.
                    Duration::ZERO => Some(Duration::ZERO),
                    own => call.patience.look_up(call.now.mono, own),
                };
                let mut step = Self {
                    lookup,
                    after,
                    deadline: call.after(budget.unwrap_or_default() + FACT),
                };
                if budget.is_none() {
                    // Enough was waited for: the rules go on without.
                    let why = Some("too long was waited for others".to_owned());
                    let flow = step.known(call, Fact::Missing, why);
                    return (Step::New, flow);
                }
                call.share(HubRequest::Fact {
                    who: asked_about(call, &step.lookup),
                    lookup: step.lookup.clone(),
                });
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
            _ => Flow::Decided(decision.written().to_vec(), decision.has_variables()),
        };
        (Step::New, flow)
    }

    pub(crate) fn deadline(&self) -> Duration {
        self.deadline
    }

    pub(crate) fn on_shared(&mut self, call: &mut Call, shared: &HubReply) -> Flow {
        match shared {
            HubReply::Fact { lookup, fact, why } if *lookup == self.lookup => {
                self.known(call, fact.clone(), why.clone())
            }
            _ => Flow::Stay,
        }
    }

    pub(crate) fn on_wake(&mut self, call: &mut Call) -> Flow {
        if !call.is_due(self.deadline) {
            return Flow::Stay;
        }
        self.known(call, Fact::Missing, Some("no answer in time".to_owned()))
    }

    /// Asks again with the fact; each round asks for another, so that this ends.
    fn known(&mut self, call: &mut Call, mut fact: Fact, why: Option<String>) -> Flow {
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
                why,
            });
        }
        // Servers that are asked later are told what was looked up, by the names that rules use;
        // what the event says already outranks it, as it does in rules.
        if let (Lookup::Row(name), Fact::Row(row)) = (&self.lookup, &fact) {
            for (column, value) in row {
                let attribute = format!("{name}.{column}");
                let known = call.event.attributes.entry(attribute);
                known.or_insert_with(|| value.clone());
            }
        }
        call.facts.add(self.lookup.clone(), fact);
        match Self::begin(call, self.after) {
            (step, Flow::Stay) => Flow::Switch(Box::new(step)),
            (_, flow) => flow,
        }
    }
}

/// Who a lookup asks about.
fn asked_about(call: &Call, lookup: &Lookup) -> Option<String> {
    let (Lookup::Available(name) | Lookup::Calls(name)) = lookup else {
        return None;
    };
    match (lookup, Party::new(name)) {
        (Lookup::Available(_), Ok(party)) => who(call, &party),
        // Who is off shift may still talk.
        (_, Ok(party)) => Some(counted_as(call, &party)),
        (_, Err(_)) => Some(name.clone()),
    }
}

/// How long the table gives a lookup; nothing beside what calls share.
fn budget(engine: &Engine, lookup: &Lookup) -> Duration {
    let Lookup::Row(name) = lookup else {
        return Duration::ZERO;
    };
    let spec = engine.lookups().iter().find(|spec| spec.name == *name);
    Duration::from_millis(spec.map_or(0, |spec| spec.budget_ms))
}
