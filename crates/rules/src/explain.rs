//! Why a call goes where it goes: the walk, watched.

use std::fmt;

use callroute_schema::{Event, Masked};
use serde::Serialize;

use crate::engine::{Condition, Decision, Engine, Observer, Rule, walk};

/// Every rule that was looked at, and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// The dialed number.
    pub dialed: String,
    /// The block that covers it; `None` when none does.
    pub block: Option<String>,
    /// The rules of that block that were looked at, in written order; the last of them held,
    /// unless the default decided.
    pub rules: Vec<RuleTrace>,
    /// What was decided: the same as [`Engine::decide`] says.
    pub decision: Decision,
}

/// One rule that was looked at.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RuleTrace {
    /// Its position in the block, from 0.
    pub index: usize,
    /// Its name, when it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether it held.
    pub holds: bool,
    /// The clauses that were looked at, in order; the rest could no longer change anything.
    pub clauses: Vec<ClauseTrace>,
}

/// One clause of a rule that was looked at.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct ClauseTrace {
    /// The clause as in `when`, as in `closed: office`; `not` is written in front.
    pub clause: String,
    /// Whether it held, with its `not`.
    pub holds: bool,
    /// What the call brought, as in `+14155550123` or `open since …`.
    pub compared: String,
}

/// With numbers masked, unlike what is shown to whoever asks why.
impl fmt::Debug for ClauseTrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClauseTrace")
            .field("clause", &self.clause)
            .field("holds", &self.holds)
            .field("compared", &Masked(&self.compared))
            .finish()
    }
}

struct Watch<'a> {
    event: &'a Event,
    rules: Vec<RuleTrace>,
}

impl Observer for Watch<'_> {
    fn rule(&mut self, index: usize, rule: &Rule) {
        self.rules.push(RuleTrace {
            index,
            name: rule.name.clone(),
            holds: false,
            clauses: Vec::new(),
        });
    }

    fn clause(&mut self, clause: &Condition, holds: bool, negated: bool) {
        let Some(rule) = self.rules.last_mut() else {
            return;
        };
        let not = if negated { "not " } else { "" };
        rule.clauses.push(ClauseTrace {
            clause: format!("{not}{clause}"),
            holds: holds != negated,
            compared: clause.compared(self.event),
        });
    }

    fn verdict(&mut self, holds: bool) {
        if let Some(rule) = self.rules.last_mut() {
            rule.holds = holds;
        }
    }
}

/// See [`Engine::explain`].
pub(crate) fn explain(engine: &Engine, event: &Event) -> Explanation {
    let mut watch = Watch {
        event,
        rules: Vec::new(),
    };
    let block = engine.block(event.to.as_str());
    let held = block.and_then(|block| Some((block, walk(block, event, &mut watch)?)));
    Explanation {
        dialed: event.to.to_string(),
        block: block.map(|block| block.number.clone()),
        rules: watch.rules,
        decision: match held {
            Some((block, (index, rule))) => block.decision(index, rule),
            None => engine.default_decision(),
        },
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.block {
            Some(block) => writeln!(f, "dialed {}, rules of {block}", self.dialed)?,
            None => writeln!(f, "dialed {}, which no block of rules covers", self.dialed)?,
        }
        for rule in &self.rules {
            let mark = if rule.holds { "=>" } else { "  " };
            write!(f, "{mark} rule {}", rule.index.saturating_add(1))?;
            if let Some(name) = &rule.name {
                write!(f, " {name:?}")?;
            }
            writeln!(
                f,
                "{}",
                if rule.holds {
                    ": holds"
                } else {
                    ": does not hold"
                }
            )?;
            for clause in &rule.clauses {
                let verdict = if clause.holds { "yes" } else { "no " };
                writeln!(f, "     {verdict}  {} ({})", clause.clause, clause.compared)?;
            }
        }
        writeln!(f, "decided by {}", self.decision.rule)?;
        for action in self.decision.actions.iter() {
            // The contract's own types have no failing serialisers.
            let text = serde_json::to_string(action).map_err(|_| fmt::Error)?;
            writeln!(f, "   {text}")?;
        }
        Ok(())
    }
}
