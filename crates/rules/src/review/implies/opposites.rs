//! Conditions of which one always holds.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::values;
use crate::engine::Clause;

/// Whether two of these are such that one of them holds for every call.
pub(super) fn among<'c>(clauses: impl Iterator<Item = &'c Clause> + Clone) -> bool {
    // Most are none's opposite, and need not be compared.
    if !clauses.clone().any(is_opposite) {
        return false;
    }
    // Only those that ask the same are: each is compared with the few others that do.
    let mut asked: HashMap<u64, Vec<&Clause>> = HashMap::new();
    for clause in clauses {
        let same = asked.entry(question(clause)).or_default();
        if same.iter().any(|other| opposites(clause, other)) {
            return true;
        }
        if !same.contains(&clause) {
            same.push(clause);
        }
    }
    false
}

/// Whether it is another condition's opposite as it is written.
fn is_opposite(clause: &Clause) -> bool {
    match clause {
        Clause::Hours { .. } | Clause::Anonymous(_) | Clause::Not(_) => true,
        Clause::Header(field) => values::is_there(&field.test).is_some(),
        _ => false,
    }
}

/// What a condition asks, whatever it wants to hear: opposites ask the same.
fn question(clause: &Clause) -> u64 {
    let mut hasher = DefaultHasher::new();
    match clause {
        Clause::Not(not) => return question(not),
        Clause::Hours { hours, .. } => ("hours", hours).hash(&mut hasher),
        Clause::Anonymous(_) => "anonymous".hash(&mut hasher),
        Clause::Header(field) if values::is_there(&field.test).is_some() => {
            ("header", field.name.to_ascii_lowercase()).hash(&mut hasher);
        }
        other => other.hash(&mut hasher),
    }
    hasher.finish()
}

/// Whether one of two holds for every call.
fn opposites(one: &Clause, other: &Clause) -> bool {
    match (one, other) {
        (
            Clause::Hours { hours, open },
            Clause::Hours {
                hours: same,
                open: other,
            },
        ) => hours == same && open != other,
        (Clause::Anonymous(one), Clause::Anonymous(other)) => one != other,
        // A header is there or is not, where an attribute may not be known.
        (Clause::Header(one), Clause::Header(other)) => {
            one.name.eq_ignore_ascii_case(&other.name)
                && values::is_there(&one.test)
                    .zip(values::is_there(&other.test))
                    .is_some_and(|(one, other)| one != other)
        }
        // What may not be known is no opposite of itself.
        (Clause::Not(not), other) | (other, Clause::Not(not)) if **not == *other => settles(other),
        _ => false,
    }
}

/// Whether it always comes out one way or the other, without a fact.
fn settles(clause: &Clause) -> bool {
    match clause {
        Clause::Attribute(_)
        | Clause::Found(_)
        | Clause::Available(_)
        | Clause::Calls(_)
        | Clause::Missing(_) => false,
        Clause::All(parts) | Clause::Any(parts) => parts.iter().all(settles),
        Clause::Not(part) | Clause::Kind(_, part) => settles(part),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{among, opposites};
    use crate::engine::{Clause, Field, Test};

    fn clause() -> impl Strategy<Value = Clause> {
        let there = |name: &str, exists| {
            let test = Test::Within {
                exists: Some(exists),
                below: None,
                at_least: None,
            };
            let name = name.into();
            Clause::Header(Box::new(Field { name, test }))
        };
        let leaf = prop_oneof![
            (0..2_u32, any::<bool>()).prop_map(|(hours, open)| Clause::Hours { hours, open }),
            any::<bool>().prop_map(Clause::Anonymous),
            (0..3_u32).prop_map(Clause::List),
            (0..2_u32).prop_map(Clause::Found),
            (prop_oneof!["X-A", "x-a", "X-B"], any::<bool>())
                .prop_map(move |(name, exists)| there(&name, exists)),
        ];
        leaf.prop_recursive(2, 4, 1, |inner| {
            inner.prop_map(|not| Clause::Not(Box::new(not)))
        })
    }

    proptest! {
        /// As by comparing each with all others.
        #[test]
        fn opposites_are_found_by_what_they_ask(clauses in prop::collection::vec(clause(), 0..6)) {
            let pairs = clauses.iter().enumerate().any(|(place, one)| {
                clauses.iter().skip(place + 1).any(|other| opposites(one, other))
            });
            prop_assert_eq!(among(clauses.iter()), pairs);
        }
    }
}
