//! Calls for help that a table which dials out does not carry on.

use callroute_schema::number::{Emergency, Region};
use callroute_schema::{Action, Actions, Destination};

use super::Review;
use super::through::finds;
use crate::number::{Pattern, pattern};
use crate::path::Path;
use crate::prefix::Key;
use crate::table::{Rules, When};

impl Review<'_> {
    /// A block of many numbers dials what was dialed, and no rule names one of the country's emergency
    /// numbers, which no such block decides.
    pub(super) fn help(&mut self) {
        let tables = &self.engine.tables;
        let named = &self.engine.named;
        let entries = self.table.numbers.entries();
        let names = |number: &str| {
            let of_text = |text: &str| {
                let found = Emergency::read(text, tables.emergency);
                matches!(found, Some(Emergency::Number(read)) if read == number)
            };
            let key = Key::number(number);
            entries.iter().any(|entry| of_text(&entry.name))
                || key.is_some_and(|key| self.engine.book.has_named(key))
        };
        let own = tables.region.map_or(&[][..], Region::emergency_numbers);
        let left: Vec<&str> = match own {
            // Nobody knows the country's own: one of all is enough.
            [] if tables.emergency.iter().any(|number| names(number)) => Vec::new(),
            [] => tables.emergency.to_vec(),
            own => own
                .iter()
                .copied()
                .filter(|number| !names(number))
                .collect(),
        };
        let numbers: Vec<String> = left.iter().map(|one| format!("`{one}`")).collect();
        // The country's own is better known than the one of all.
        let example = left.iter().find(|number| **number != "112");
        let Some(example) = example.or(left.first()) else {
            return;
        };
        if finds(named, self.engine.default_actions(), dials_on) {
            return;
        }
        let dials = |list: &Actions| finds(named, list, dials_on);
        let out = entries.iter().find(|entry| {
            let is_whole = matches!(
                pattern(&entry.name, tables.region),
                Ok(Pattern::Exact(_)) | Err(_)
            );
            !is_whole
                && match &entry.value {
                    Some(Rules::Always(actions)) => dials(actions),
                    Some(Rules::List(rules)) => {
                        let rules = rules.iter().flatten();
                        let mut many =
                            rules.filter(|rule| !rule.when.as_deref().is_some_and(names_numbers));
                        many.any(|rule| dials(&rule.then))
                    }
                    None => false,
                }
        });
        if let Some(out) = out {
            let message = format!(
                "a call to {} is not carried on by this: emergency numbers are decided only where they are named, else the file's default takes the call; add a block, as in \"{example}\": …",
                numbers.join(" or ")
            );
            self.warn_key(&Path::ROOT.key("numbers").key(&out.name), message);
        }
    }
}

/// Whether a rule is only for dialed numbers that it names.
fn names_numbers(when: &When) -> bool {
    let own = when
        .dialed
        .as_ref()
        .is_some_and(|dialed| dialed.is.is_some());
    own || when.all.iter().flatten().any(names_numbers)
        || (when.any.iter()).any(|parts| parts.iter().all(names_numbers))
}

/// Whether it dials what was dialed.
fn dials_on(action: &Action) -> bool {
    let Action::Forward(forward) = action else {
        return false;
    };
    let number = match &forward.destination {
        Destination::Trunk(trunk) => match &trunk.number {
            Some(number) => number,
            None => return true,
        },
        Destination::Number(number) => &number.number,
        _ => return false,
    };
    number.as_str().contains("{to}")
}
