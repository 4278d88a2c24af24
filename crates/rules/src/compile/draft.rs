//! From the clauses of a rule to its record: the commonest have a place in it.

use callroute_schema::Action;

use crate::engine::{Clause, Draft, LISTS, NAMES, REJECTS, Record, Subject};
use crate::prefix::Key;

/// Places what fits in the record; the rest is compared after it.
pub(super) fn draft(
    clauses: Vec<Clause>,
    answer: u32,
    first: Option<&Action>,
    emergency: &[&str],
) -> Draft {
    let mut record = Record {
        answer,
        ..Record::default()
    };
    if clauses.iter().any(|clause| names(clause, emergency)) {
        record.mask.flags |= NAMES;
    }
    if clauses.iter().any(asks_lists) {
        record.mask.flags |= LISTS;
    }
    if matches!(
        first,
        Some(Action::Reject(_) | Action::Busy(_) | Action::Hangup(_))
    ) {
        record.mask.flags |= REJECTS;
    }
    let mut more = Vec::new();
    // Of several numbers the most telling one is kept at hand.
    let telling = |clause: &Clause| match clause {
        Clause::Key { key, .. } => key.len(),
        _ => 0,
    };
    let best = clauses.iter().map(telling).max().unwrap_or(0);
    for clause in clauses {
        match clause {
            Clause::Key { key, .. } if key.is_empty() => {}
            Clause::Key { subject, key } if record.mask.len == 0 && key.len() == best => {
                record.compare(subject, key);
            }
            Clause::Hours { hours, open } if record.hours == 0 && hours < u32::MAX / 4 => {
                record.hours = hours * 2 + 2 + u32::from(!open);
            }
            Clause::List(list) if record.list == 0 && list < u32::MAX / 4 => {
                record.list = list * 2 + 2;
            }
            Clause::Not(not) => match *not {
                Clause::List(list) if record.list == 0 && list < u32::MAX / 4 => {
                    record.list = list * 2 + 3;
                }
                Clause::Hours { hours, open } if record.hours == 0 && hours < u32::MAX / 4 => {
                    record.hours = hours * 2 + 2 + u32::from(open);
                }
                other => more.push(Clause::Not(Box::new(other))),
            },
            other => more.push(other),
        }
    }
    Draft { record, more }
}

/// Whether a clause names an emergency number as the dialed one.
fn names(clause: &Clause, emergency: &[&str]) -> bool {
    let is = |found: Key| {
        emergency
            .iter()
            .any(|number| Key::number(number) == Some(found))
    };
    match clause {
        Clause::Key {
            subject: Subject::Dialed,
            key,
        } => is(*key),
        Clause::OneOf(one_of) => {
            one_of.subject == Subject::Dialed
                && !one_of.prefixes
                && one_of.keys.iter().any(|key| is(*key))
        }
        Clause::All(all) => all.iter().any(|clause| names(clause, emergency)),
        _ => false,
    }
}

fn asks_lists(clause: &Clause) -> bool {
    match clause {
        Clause::List(_) | Clause::Found(_) | Clause::Kind(..) | Clause::Anonymous(_) => true,
        Clause::All(parts) | Clause::Any(parts) => parts.iter().any(asks_lists),
        Clause::Not(part) => asks_lists(part),
        _ => false,
    }
}
