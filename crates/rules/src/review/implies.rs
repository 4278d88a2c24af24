//! When a condition that holds makes another hold, and when both can never hold.

use crate::engine::{Clause, OneOf};
use crate::prefix::Key;

/// Whether `if_this` holding for a call makes `then_that` hold for it.
pub(super) fn implies(if_this: &Clause, then_that: &Clause) -> bool {
    if if_this == then_that {
        return true;
    }
    match (if_this, then_that) {
        (Clause::Any(any), _) => any.iter().all(|part| implies(part, then_that)),
        (_, Clause::Any(any)) => any.iter().any(|part| implies(if_this, part)),
        (_, Clause::All(all)) => all.iter().all(|part| implies(if_this, part)),
        (Clause::All(all), _) => all.iter().any(|part| implies(part, then_that)),
        (_, Clause::Kind(_, spelled)) => implies(if_this, spelled),
        (Clause::Kind(_, spelled), _) => implies(spelled, then_that),
        (_, Clause::Not(not)) => excludes(if_this, not),
        (
            Clause::Share { from, to },
            Clause::Share {
                from: wide_from,
                to: wide_to,
            },
        ) => wide_from <= from && to <= wide_to,
        (
            Clause::Country {
                subject, countries, ..
            },
            Clause::Country {
                subject: other,
                countries: wide,
                ..
            },
        ) => subject == other && countries.iter().all(|country| wide.contains(country)),
        (Clause::Trunk(trunks), Clause::Trunk(wide)) => {
            trunks.iter().all(|trunk| wide.contains(trunk))
        }
        (_, Clause::HasNumber) => has_number(if_this),
        (_, Clause::Anonymous(false)) => has_number(if_this),
        _ => match (numbers(if_this), numbers(then_that)) {
            (Some(these), Some(those)) => {
                these.subject == those.subject
                    && these.texts.iter().all(|text| those.texts.contains(text))
                    && these
                        .keys
                        .iter()
                        .all(|key| those.keys.iter().any(|wide| wide.begins(*key)))
            }
            _ => false,
        },
    }
}

/// Whether both can never hold for the same call.
pub(super) fn excludes(one: &Clause, other: &Clause) -> bool {
    match (one, other) {
        (Clause::Any(any), other) | (other, Clause::Any(any)) => {
            any.iter().all(|part| excludes(part, other))
        }
        (Clause::All(all), other) | (other, Clause::All(all)) => {
            all.iter().any(|part| excludes(part, other))
        }
        (Clause::Kind(_, spelled), other) | (other, Clause::Kind(_, spelled)) => {
            excludes(spelled, other)
        }
        (Clause::Not(not), other) | (other, Clause::Not(not)) => implies(other, not),
        (
            Clause::Hours { hours, open },
            Clause::Hours {
                hours: same,
                open: other,
            },
        ) => hours == same && open != other,
        (Clause::Anonymous(one), Clause::Anonymous(other)) => one != other,
        (Clause::Anonymous(true), other) | (other, Clause::Anonymous(true)) => has_number(other),
        (
            Clause::Share { from, to },
            Clause::Share {
                from: other_from,
                to: other_to,
            },
        ) => to <= other_from || other_to <= from,
        (Clause::Trunk(these), Clause::Trunk(those)) => {
            !these.iter().any(|one| those.contains(one))
        }
        (
            Clause::Country {
                subject, countries, ..
            },
            Clause::Country {
                subject: other,
                countries: those,
                ..
            },
        ) => subject == other && !countries.iter().any(|country| those.contains(country)),
        _ => match (numbers(one), numbers(other)) {
            (Some(these), Some(those)) => {
                let meets = |a: &Key, b: &Key| a.begins(*b) || b.begins(*a);
                these.subject == those.subject
                    && !these.keys.iter().any(|a| those.keys.iter().any(|b| meets(a, b)))
                    && !these.texts.iter().any(|text| those.texts.contains(text))
                    // A text is no number, unless a prefix is the beginning of one.
                    && (these.texts.is_empty() || !those.prefixes)
                    && (those.texts.is_empty() || !these.prefixes)
            }
            _ => false,
        },
    }
}

/// Whether it only holds for callers whose number is known.
fn has_number(clause: &Clause) -> bool {
    match clause {
        Clause::HasNumber | Clause::Place(_) | Clause::Anonymous(false) => {
            !matches!(clause, Clause::Anonymous(_))
        }
        Clause::Deck { subject, .. } | Clause::Country { subject, .. } => {
            *subject == crate::engine::Subject::Caller
        }
        _ => {
            numbers(clause).is_some_and(|numbers| numbers.subject == crate::engine::Subject::Caller)
        }
    }
}

/// A clause on digits as a list of keys.
fn numbers(clause: &Clause) -> Option<OneOf> {
    match clause {
        Clause::Key { subject, key } => Some(OneOf {
            subject: *subject,
            keys: [*key].into(),
            texts: [].into(),
            prefixes: !key.is_whole(),
        }),
        Clause::OneOf(one_of) => Some(one_of.as_ref().clone()),
        _ => None,
    }
}
