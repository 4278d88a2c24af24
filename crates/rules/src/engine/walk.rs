//! The one walk that decides and explains: first block, then first rule that holds.

use callroute_schema::Event;

use super::condition::Condition;
use super::decide::{Block, Rule};

/// Watches a walk. Every method does nothing unless it is written out, so that a walk without a
/// watcher compiles to the bare decision.
pub(crate) trait Observer {
    /// A rule is looked at.
    fn rule(&mut self, _index: usize, _rule: &Rule) {}
    /// A clause was looked at: whether it holds, and whether it stands under a `not`.
    fn clause(&mut self, _clause: &Condition, _holds: bool, _negated: bool) {}
    /// The rule looked at last came out so.
    fn verdict(&mut self, _holds: bool) {}
}

/// Nobody watches.
impl Observer for () {}

/// The first rule of a block, in written order, that holds.
pub(crate) fn walk<'b, O: Observer>(
    block: &'b Block,
    event: &Event,
    observer: &mut O,
) -> Option<(usize, &'b Rule)> {
    for (index, rule) in block.rules.iter().enumerate() {
        observer.rule(index, rule);
        let holds = match &rule.when {
            Some(when) => check(when, event, false, observer),
            None => true,
        };
        observer.verdict(holds);
        if holds {
            return Some((index, rule));
        }
    }
    None
}

fn check<O: Observer>(
    condition: &Condition,
    event: &Event,
    negated: bool,
    observer: &mut O,
) -> bool {
    match condition {
        Condition::All(all) => all.iter().all(|one| check(one, event, negated, observer)),
        Condition::Any(any) => any.iter().any(|one| check(one, event, negated, observer)),
        Condition::Not(not) => !check(not, event, !negated, observer),
        clause => {
            let holds = clause.holds(event);
            observer.clause(clause, holds, negated);
            holds
        }
    }
}
