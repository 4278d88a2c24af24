//! When a value that is right for one test is right for another.

use crate::engine::{Calls, Test};

/// Whether every value that is right for one is right for the other.
pub(super) fn narrower(one: &Test, wide: &Test) -> bool {
    match (one, wide) {
        (Test::Is(list), Test::Is(wide)) => list
            .iter()
            .all(|text| wide.iter().any(|wide| begins_so(text, wide))),
        // Whatever is compared is there.
        (
            Test::Is(_),
            Test::Within {
                exists,
                below: None,
                at_least: None,
            },
        ) => *exists != Some(false),
        (
            Test::Within {
                exists,
                below,
                at_least,
            },
            Test::Within {
                exists: wanted,
                below: most,
                at_least: least,
            },
        ) => {
            let compares = below.is_some() || at_least.is_some();
            let there = match wanted {
                None => true,
                Some(true) => *exists == Some(true) || compares && *exists != Some(false),
                Some(false) => *exists == Some(false) && !compares,
            };
            there
                && most.is_none_or(|most| below.is_some_and(|below| below <= most))
                && least.is_none_or(|least| at_least.is_some_and(|found| found >= least))
        }
        _ => false,
    }
}

/// Whether a test only asks for a value to be there, or for none.
pub(super) fn is_there(test: &Test) -> Option<bool> {
    match test {
        Test::Within {
            exists,
            below: None,
            at_least: None,
        } => *exists,
        _ => None,
    }
}

/// Whether whatever a text stands for, another stands for too; a `*` at the end is the rest.
fn begins_so(text: &str, wide: &str) -> bool {
    match wide.strip_suffix('*') {
        Some(begin) => text.strip_suffix('*').unwrap_or(text).starts_with(begin),
        None => text == wide,
    }
}

/// Whether no value is right for both: each is one of some, and they have none in common.
pub(super) fn differ(one: &Test, other: &Test) -> bool {
    match (one, other) {
        (Test::Is(these), Test::Is(those)) => {
            let meet = |a: &str, b: &str| begins_so(a, b) || begins_so(b, a);
            !these.iter().any(|a| those.iter().any(|b| meet(a, b)))
        }
        _ => false,
    }
}

/// Whether every count that is right for one is right for the other.
pub(super) fn fewer(one: &Calls, wide: &Calls) -> bool {
    wide.below
        .is_none_or(|most| one.below.is_some_and(|below| below <= most))
        && wide
            .at_least
            .is_none_or(|least| one.at_least.is_some_and(|found| found >= least))
}
