//! Why a call goes where it goes: the walk, watched, and told in words.

use std::fmt;

use callroute_schema::{Event, Masked};
use serde::{Serialize, Serializer, ser::SerializeStruct};

use crate::engine::{
    Best, Call, Clause, Decision, Engine, Facts, Lookup, Observer, Outcome, Part, Truth, View,
    Written,
};

/// Most rules that are told though the index passed them over.
const PASSED_OVER: usize = 64;

/// Every rule that was looked at, and what came of it. It borrows the engine and the event:
/// clauses are put into words when they are shown, and rules that the index passed over are
/// looked at only then.
#[derive(Clone)]
pub struct Explanation<'e> {
    engine: &'e Engine,
    event: &'e Event,
    facts: &'e Facts,
    best: Best,
    looked: Vec<(u32, Truth)>,
}

/// One rule that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleTrace {
    /// Its position in the block, from 0.
    pub index: usize,
    /// Its name, when it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether it held.
    pub holds: bool,
    /// Whether that depends on a fact that is not known: not asked for yet, or not to be had.
    /// Such a rule does not hold.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unknown: bool,
    /// Its clauses up to the one that settled it.
    pub clauses: Vec<ClauseTrace>,
}

/// One clause of a rule that was looked at.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct ClauseTrace {
    /// The clause as in `when`, as in `closed: office`; `not` is written in front.
    pub clause: String,
    /// Whether it held, with its `not`; `None`: that is not known.
    pub holds: Option<bool>,
    /// What the call brought and how near it was, as in `open at …, closes …, in 3 h`.
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

impl fmt::Debug for Explanation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Explanation")
            .field("event", &self.event)
            .field("rules", &self.rules())
            .finish_non_exhaustive()
    }
}

struct Watch(Vec<(u32, Truth)>);

impl Observer for Watch {
    const WATCHES: bool = true;

    fn rule(&mut self, rule: u32, truth: Truth) {
        self.0.push((rule, truth));
    }
}

/// See [`Engine::explain`].
pub(crate) fn explain<'e>(
    engine: &'e Engine,
    event: &'e Event,
    facts: &'e Facts,
) -> Explanation<'e> {
    let call = Call::new(View::Event(event), &engine.tables, facts);
    let mut watch = Watch(Vec::with_capacity(16));
    let best = engine.book.find(&call, None, &mut watch);
    let mut looked = watch.0;
    // The index looks at runs one after the other; people read rules in their order.
    looked.sort_unstable_by_key(|(rule, _)| *rule);
    looked.dedup_by_key(|(rule, _)| *rule);
    looked.retain(|(rule, _)| *rule <= best.rule());
    Explanation {
        engine,
        event,
        facts,
        best,
        looked,
    }
}

impl<'e> Explanation<'e> {
    fn call(&self) -> Call<'e> {
        Call::new(View::Event(self.event), &self.engine.tables, self.facts)
    }

    /// The dialed number.
    #[must_use]
    pub fn dialed(&self) -> &'e str {
        self.event.to.as_str()
    }

    /// The block that covers it, as it is compared; `None` when none does.
    #[must_use]
    pub fn block(&self) -> Option<String> {
        let block = self.engine.book.block_for(&self.call());
        block.map(|block| block.dialed.to_string())
    }

    /// What was decided: the same as [`Engine::decide`] says.
    #[must_use]
    pub fn outcome(&self) -> Outcome<'e> {
        self.engine.outcome(&self.call(), self.best)
    }

    /// The decision; `None`: a fact is needed first.
    #[must_use]
    pub fn decision(&self) -> Option<Decision<'e>> {
        match self.outcome() {
            Outcome::Decided(decision) => Some(decision),
            Outcome::Need(_) => None,
        }
    }

    /// The fact that is needed first.
    #[must_use]
    pub fn need(&self) -> Option<Lookup> {
        match self.outcome() {
            Outcome::Decided(_) => None,
            Outcome::Need(lookup) => Some(lookup),
        }
    }

    /// How many rules of the block, before the one that decided, are not among
    /// [`rules`](Self::rules): the index passed them over, because they ask for another caller,
    /// number, digits or list, and there are too many to tell.
    #[must_use]
    pub fn ruled_out(&self) -> usize {
        let rules = self.before().len();
        rules
            .saturating_sub(self.looked.len())
            .saturating_sub(PASSED_OVER)
    }

    /// The rules that were looked at, and the first 64 of those that the index passed over, each
    /// with the clause that ruled it out; in written order. The last of them decided, unless the
    /// default did.
    #[must_use]
    pub fn rules(&self) -> Vec<RuleTrace> {
        let call = self.call();
        let mut looked = self.looked.iter().peekable();
        let mut passed_over = 0;
        let mut rules = Vec::new();
        for rule in self.before() {
            if let Some((_, truth)) = looked.next_if(|(looked, _)| *looked == rule) {
                rules.extend(self.rule(rule, *truth, &call));
            } else if passed_over < PASSED_OVER {
                passed_over += 1;
                rules.extend(self.passed_over(rule, &call));
            } else {
                // Behind these, only what was looked at is told.
                let rest = looked.filter_map(|(rule, truth)| self.rule(*rule, *truth, &call));
                rules.extend(rest);
                break;
            }
        }
        rules
    }

    /// The rules of the block up to the one that decided.
    fn before(&self) -> std::ops::Range<u32> {
        let book = &self.engine.book;
        let block = book.block_for(&self.call());
        let rules = block.map_or(0..0, |block| book.rules_of(block));
        rules.start..rules.end.min(self.best.rule().saturating_add(1))
    }

    /// A rule that was not looked at: the index told that it does not hold, or it may not decide
    /// a call for help.
    fn passed_over(&self, rule: u32, call: &Call<'_>) -> Option<RuleTrace> {
        let book = &self.engine.book;
        let record = book.record(rule)?;
        if !call.emergency {
            return self.rule(rule, record.truth(call, &book.clauses), call);
        }
        let why = match record.rejects() {
            true => "it asks who calls, and does not carry the call on".to_owned(),
            false => format!("it does not name {}", self.dialed()),
        };
        let clause = ClauseTrace {
            clause: "for emergency calls".to_owned(),
            holds: Some(false),
            compared: why,
        };
        Some(RuleTrace {
            clauses: vec![clause],
            ..self.rule(rule, Truth::False, call)?
        })
    }

    fn rule(&self, rule: u32, truth: Truth, call: &Call<'_>) -> Option<RuleTrace> {
        let book = &self.engine.book;
        let block = book.block_of(rule)?;
        let mut clauses = Vec::new();
        for part in book.record(rule)?.parts(&book.clauses) {
            if self.clauses(&part, call, &mut clauses) == Truth::False {
                break;
            }
        }
        Some(RuleTrace {
            index: rule.saturating_sub(block.first) as usize,
            name: book.names.get(rule).map(str::to_owned),
            holds: truth == Truth::True,
            unknown: matches!(truth, Truth::Missing | Truth::Need),
            clauses,
        })
    }

    fn clauses(&self, part: &Part<'_>, call: &Call<'_>, seen: &mut Vec<ClauseTrace>) -> Truth {
        trace(part.clause(), call, false, seen)
    }
}

/// Looks at a clause as the walk does, and notes each part up to the one that settles it.
fn trace(clause: &Clause, call: &Call<'_>, negated: bool, seen: &mut Vec<ClauseTrace>) -> Truth {
    let through = |parts: &[Clause], settles: Truth, seen: &mut Vec<ClauseTrace>| {
        for part in parts {
            if trace(part, call, negated, seen) == settles {
                return;
            }
        }
    };
    let truth = clause.truth(call);
    match clause {
        Clause::All(all) => through(all, Truth::False, seen),
        Clause::Any(any) => through(any, Truth::True, seen),
        Clause::Not(not) => {
            trace(not, call, !negated, seen);
        }
        leaf => {
            let not = if negated { "not " } else { "" };
            let tables = call.tables;
            let held = if negated { truth.not() } else { truth };
            seen.push(ClauseTrace {
                clause: format!(
                    "{not}{}",
                    Written {
                        clause: leaf,
                        tables
                    }
                ),
                holds: match held {
                    Truth::True => Some(true),
                    Truth::False => Some(false),
                    Truth::Missing | Truth::Need => None,
                },
                compared: leaf.compared(call),
            });
        }
    }
    truth
}

impl Serialize for Explanation<'_> {
    /// `{"dialed", "block", "rules", "ruled_out", "decision" or "need"}`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ruled_out = self.ruled_out();
        let fields = if ruled_out > 0 { 5 } else { 4 };
        let mut object = serializer.serialize_struct("Explanation", fields)?;
        object.serialize_field("dialed", self.dialed())?;
        object.serialize_field("block", &self.block())?;
        object.serialize_field("rules", &self.rules())?;
        if ruled_out > 0 {
            object.serialize_field("ruled_out", &ruled_out)?;
        }
        match self.outcome() {
            Outcome::Decided(decision) => object.serialize_field("decision", &decision)?,
            Outcome::Need(lookup) => object.serialize_field("need", &lookup)?,
        }
        object.end()
    }
}

impl fmt::Display for Explanation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.block() {
            Some(block) => writeln!(f, "dialed {}, rules of {block}", self.dialed())?,
            None => writeln!(
                f,
                "dialed {}, which no block of rules covers",
                self.dialed()
            )?,
        }
        let emergency = self.engine.is_emergency(self.dialed());
        if emergency {
            writeln!(f, "an emergency number: only rules that name it may decide")?;
        }
        for rule in self.rules() {
            rule.fmt(f)?;
        }
        match self.ruled_out() {
            0 => {}
            _ if emergency => writeln!(f, "   more rules do not name it")?,
            1 => writeln!(f, "   1 more rule asks for another caller, number or list")?,
            more => writeln!(
                f,
                "   {more} more rules ask for another caller, number or list"
            )?,
        }
        let decision = match self.outcome() {
            Outcome::Decided(decision) => decision,
            Outcome::Need(lookup) => return writeln!(f, "not decided: {lookup} has to be asked"),
        };
        writeln!(f, "decided by {}", decision.rule())?;
        if let Some(error) = decision.unfilled() {
            writeln!(
                f,
                "   its actions could not be done: {error}; the default is"
            )?;
        }
        for action in decision.actions() {
            // The contract's own types have no failing serialisers.
            let text = serde_json::to_string(action).map_err(|_| fmt::Error)?;
            writeln!(f, "   {text}")?;
        }
        Ok(())
    }
}

impl fmt::Display for RuleTrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.holds { "=>" } else { "  " };
        write!(f, "{mark} rule {}", self.index.saturating_add(1))?;
        if let Some(name) = &self.name {
            write!(f, " {name:?}")?;
        }
        let verdict = match (self.holds, self.unknown) {
            (true, _) => "holds",
            (false, true) => "cannot be told",
            (false, false) => "does not hold",
        };
        writeln!(f, ": {verdict}")?;
        for clause in &self.clauses {
            let verdict = match clause.holds {
                Some(true) => "yes",
                Some(false) => "no ",
                None => "?  ",
            };
            writeln!(f, "     {verdict}  {} ({})", clause.clause, clause.compared)?;
        }
        Ok(())
    }
}
