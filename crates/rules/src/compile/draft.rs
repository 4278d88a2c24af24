//! From the clauses of a rule to its draft.

use callroute_schema::Action;
use callroute_schema::number::Emergency;

use crate::engine::{Clause, Draft, Lookup, Subject};
use crate::prefix::Key;

/// Takes out the most telling number, and puts first what costs least to compare.
pub(super) fn draft(
    mut clauses: Vec<Clause>,
    answer: u32,
    actions: &[Action],
    emergency: &'static [&'static str],
) -> Draft {
    let rejects = !carry_on(actions) && clauses.iter().any(asks_who);
    let names = clauses.iter().any(|clause| names(clause, emergency));
    let lists = clauses.iter().any(asks_lists);
    // Of several numbers the most telling one is kept at hand.
    let telling = |clause: &Clause| match clause {
        Clause::Key { key, .. } => key.len(),
        _ => 0,
    };
    let best = clauses.iter().map(telling).max().unwrap_or(0);
    let mut found = None;
    clauses.retain_mut(|clause| {
        match clause {
            Clause::Key { key, .. } if key.is_empty() => return false,
            Clause::Key { subject, key } if found.is_none() && key.len() == best => {
                found = Some((*subject, *key));
                return false;
            }
            Clause::Not(not) => {
                if let Clause::Hours { hours, open } = **not {
                    *clause = Clause::Hours { hours, open: !open };
                }
            }
            _ => {}
        }
        true
    });
    clauses.sort_by_key(|clause| match clause {
        Clause::Hours { .. } => 0,
        Clause::List(_) => 1,
        Clause::Not(not) if matches!(**not, Clause::List(_)) => 1,
        _ => 2,
    });
    Draft {
        answer,
        key: found,
        clauses,
        rejects,
        names,
        lists,
    }
}

/// Whether actions bring a call to somebody, or leave that to somebody else. All others (refused,
/// busy, ended, a mailbox, nothing but a text to hear or keys to press) leave a caller who needs
/// help without it.
fn carry_on(actions: &[Action]) -> bool {
    for action in actions {
        match action {
            Action::Forward(_)
            | Action::Queue(_)
            | Action::Webhook(_)
            | Action::Redirect(_)
            | Action::Continue(_)
            | Action::Park(_)
            | Action::Conference(_) => return true,
            // Nothing after these is done.
            Action::Reject(_) | Action::Busy(_) | Action::Hangup(_) | Action::Voicemail(_) => {
                return false;
            }
            _ => {}
        }
    }
    false
}

/// Whether a clause names an emergency number as the dialed one.
fn names(clause: &Clause, emergency: &'static [&'static str]) -> bool {
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
            let mut texts = one_of.texts.iter();
            one_of.subject == Subject::Dialed
                && !one_of.prefixes
                && (one_of.keys.iter().any(|key| is(*key))
                    || texts.any(|text| Emergency::read(text, emergency).is_some()))
        }
        Clause::All(parts) | Clause::Any(parts) => parts.iter().any(|part| names(part, emergency)),
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

/// Whether a clause asks who calls, or for what is known of them.
fn asks_who(clause: &Clause) -> bool {
    match clause {
        Clause::All(parts) | Clause::Any(parts) => parts.iter().any(asks_who),
        Clause::Not(part) => asks_who(part),
        Clause::Key { subject, .. }
        | Clause::Deck { subject, .. }
        | Clause::Country { subject, .. } => *subject == Subject::Caller,
        Clause::OneOf(one_of) => one_of.subject == Subject::Caller,
        Clause::List(_)
        | Clause::Found(_)
        | Clause::Anonymous(_)
        | Clause::HasNumber
        | Clause::Kind(..)
        | Clause::Place(_)
        | Clause::Attribute(_) => true,
        Clause::Missing(lookup) => matches!(**lookup, Lookup::Row(_)),
        _ => false,
    }
}
