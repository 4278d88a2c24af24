//! The rules of a block that come first, found by what they ask: a rule is compared with those
//! that could decide in its place, and not with all.

use std::collections::{BTreeSet, HashMap};

use super::Compared;
use super::implies::Logic;
use crate::engine::{Clause, Subject};
use crate::prefix::Key;

/// Rules without a number that are compared with each rule below them; of more only the first.
/// Where there are so many, that every call compares them is told anyway.
const MAX_COMPARED: usize = 2_000;

/// Rules above the one that is looked at.
#[derive(Default)]
pub(super) struct Above<'r> {
    /// The first that always holds.
    always: Option<&'r Compared>,
    /// By a key that they ask for.
    keyed: HashMap<(Subject, Key), Vec<&'r Compared>>,
    others: Vec<&'r Compared>,
}

/// Who decides in a rule's place.
pub(super) enum Decides<'r> {
    /// One whose conditions hold whenever the rule's do.
    One(&'r Compared),
    /// Several, of which one always holds then; whether for every call.
    Together(Vec<&'r Compared>, bool),
}

impl<'r> Above<'r> {
    /// The next rule goes above those that come.
    pub(super) fn push(&mut self, rule: &'r Compared) {
        let key = rule.clauses.iter().find_map(|clause| match clause {
            Clause::Key { subject, key } => Some((*subject, *key)),
            _ => None,
        });
        match key {
            _ if rule.clauses.is_empty() => self.always = self.always.or(Some(rule)),
            Some(key) => self.keyed.entry(key).or_default().push(rule),
            None if self.others.len() < MAX_COMPARED => self.others.push(rule),
            None => {}
        }
    }

    /// Who decides in place of a rule that asks this.
    pub(super) fn decides(&self, own: &[Clause], logic: &Logic<'_>) -> Option<Decides<'r>> {
        let mut near: Vec<&'r Compared> = self.others.clone();
        let keys: BTreeSet<_> = own.iter().flat_map(|own| keys_of(own, logic)).collect();
        let found = keys.into_iter().filter_map(|key| self.keyed.get(&key));
        near.extend(found.flatten());
        near.sort_by_key(|rule| rule.index);
        let implied = |wanted: &Clause| own.iter().any(|own| logic.implies(own, wanted));
        let mut left: Vec<(&Clause, &'r Compared)> = Vec::new();
        for rule in near {
            if self.always.is_some_and(|always| always.index < rule.index) {
                break;
            }
            let mut open = rule.clauses.iter().filter(|clause| !implied(clause));
            match (open.next(), open.next()) {
                (None, _) => return Some(Decides::One(rule)),
                (Some(one), None) => left.push((one, rule)),
                _ => {}
            }
        }
        if let Some(always) = self.always {
            return Some(Decides::One(always));
        }
        together(own, &left, logic)
    }
}

/// Rules that are each short of one condition, where one of these conditions always holds.
fn together<'r>(
    own: &[Clause],
    left: &[(&Clause, &'r Compared)],
    logic: &Logic<'_>,
) -> Option<Decides<'r>> {
    let kinds: [fn(&Clause) -> bool; 4] = [
        |clause| matches!(clause, Clause::Share { .. }),
        |clause| matches!(clause, Clause::Hours { .. }),
        |clause| !matches!(clause, Clause::Share { .. } | Clause::Hours { .. }),
        // A share beside what is none of it.
        |_| true,
    ];
    kinds.into_iter().find_map(|is_kind| {
        let kind: Vec<_> = left.iter().filter(|(clause, _)| is_kind(clause)).collect();
        let clauses: Vec<&Clause> = kind.iter().map(|(clause, _)| *clause).collect();
        if !logic.cover(own, &clauses) {
            return None;
        }
        let kept = fewest(&clauses, |clauses| logic.cover(own, clauses));
        let kept: Vec<_> = kept.iter().filter_map(|place| kind.get(*place)).collect();
        let every =
            kept.iter().all(|(_, rule)| rule.clauses.len() == 1) && logic.cover(&[], &clauses);
        Some(Decides::Together(
            kept.into_iter().map(|(_, rule)| *rule).collect(),
            every,
        ))
    })
}

/// The places of as few of several as are enough, and the first of them; all of them are. What
/// more are enough for, fewer are looked for in halves.
fn fewest<T: Copy>(all: &[T], enough: impl Fn(&[T]) -> bool) -> Vec<usize> {
    let mut kept: Vec<usize> = Vec::new();
    let mut rest = all.len();
    loop {
        let with = |first: usize| {
            let kept = kept.iter().filter_map(|place| all.get(*place));
            let first = all.iter().take(first);
            first.chain(kept).copied().collect::<Vec<T>>()
        };
        if enough(&with(0)) {
            break;
        }
        let (mut few, mut most) = (0, rest);
        while few + 1 < most {
            let half = few.midpoint(most);
            match enough(&with(half)) {
                true => most = half,
                false => few = half,
            }
        }
        // Each round keeps one that is further in front, so that this ends.
        let Some(last) = most.checked_sub(1) else {
            break;
        };
        kept.push(last);
        rest = last;
    }
    kept.reverse();
    kept
}

/// Every key that a clause's number may begin with, where that is all that could be asked above.
fn keys_of(clause: &Clause, logic: &Logic<'_>) -> Vec<(Subject, Key)> {
    let beginnings = |subject: Subject, key: Key| {
        (1..=16_u32).map(move |symbols| {
            let shift = 64 - 4 * symbols;
            (subject, Key::of(key.word() >> shift << shift))
        })
    };
    match clause {
        Clause::Key { subject, key } => beginnings(*subject, *key).collect(),
        Clause::OneOf(_) | Clause::List(_) => {
            let one_of = logic.numbers(clause);
            let first = one_of.and_then(|one_of| Some((one_of.subject, *one_of.keys.first()?)));
            first
                .into_iter()
                .flat_map(|(subject, key)| beginnings(subject, key))
                .collect()
        }
        // What follows from any of them follows from the first.
        Clause::Any(any) => {
            let first = any.first().map(|first| keys_of(first, logic));
            first.unwrap_or_default()
        }
        Clause::All(all) => all.iter().flat_map(|part| keys_of(part, logic)).collect(),
        Clause::Kind(_, spelled) => keys_of(spelled, logic),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use proptest::prelude::*;

    use super::fewest;

    proptest! {
        /// Without any of them they are not enough, and with those alone they are.
        #[test]
        fn none_of_the_fewest_may_be_left_out(
            all in prop::collection::vec(0..6_u8, 1..40),
            wanted in prop::collection::btree_set(0..6_u8, 1..4),
        ) {
            let enough = |some: &[u8]| wanted.iter().all(|wanted| some.contains(wanted));
            prop_assume!(enough(&all));
            let kept = fewest(&all, enough);
            let firsts = wanted.iter().map(|wanted| all.iter().position(|one| one == wanted));
            let mut firsts: Vec<usize> = firsts.flatten().collect();
            firsts.sort_unstable();
            prop_assert_eq!(kept, firsts);
        }
    }

    #[test]
    fn two_of_many_are_found_in_few_steps() {
        let all: Vec<usize> = (0..2_000).collect();
        let asked = Cell::new(0);
        let enough = |some: &[usize]| {
            asked.set(asked.get() + 1);
            [1_000, 1_999].iter().all(|wanted| some.contains(wanted))
        };
        assert_eq!(fewest(&all, enough), [1_000, 1_999]);
        assert!(asked.get() < 30, "{}", asked.get());
    }
}
