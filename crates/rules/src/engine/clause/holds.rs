//! Whether a clause holds for a call.

use super::{Available, Calls, Clause, Field, OneOf, Party, Test};
use crate::engine::call::Call;
use crate::engine::facts::{Fact, Lookup};
use crate::engine::subject::Subject;
use crate::engine::truth::Truth;

impl Clause {
    /// What it comes to for a call.
    pub(crate) fn truth(&self, call: &Call<'_>) -> Truth {
        let tables = call.tables;
        match self {
            Self::All(all) => Truth::all(all.iter().map(|clause| clause.truth(call))),
            Self::Any(any) => Truth::any(any.iter().map(|clause| clause.truth(call))),
            Self::Not(not) => not.truth(call).not(),
            Self::Hours { hours, open } => (tables.is_open(*hours, call.utc()) == *open).into(),
            Self::Key { subject, key } => call.begins(*subject, *key).into(),
            Self::OneOf(one_of) => one_of.holds(call).into(),
            Self::List(list) => call.is_on(*list).into(),
            Self::Found(lookup) => match tables.lookup_name(*lookup) {
                Some(name) => known(call.facts.row(name), |fact| matches!(fact, Fact::Row(_))),
                None => Truth::False,
            },
            Self::Deck { subject, deck } => {
                let deck = tables.decks.get(*deck as usize);
                deck.is_some_and(|deck| deck.find(call, *subject).is_some())
                    .into()
            }
            Self::Anonymous(wanted) => (call.view.is_withheld() == *wanted).into(),
            Self::HasNumber => call.view.caller().is_some().into(),
            Self::Kind(_, spelled) => spelled.truth(call),
            Self::Country {
                subject, origin, ..
            } => tables.is_from(*origin, call.key(*subject)).into(),
            Self::Place(places) => tables
                .is_from(places.origin, call.key(Subject::Caller))
                .into(),
            Self::Attribute(field) => field.attribute(call),
            Self::Header(field) => field.header(call).into(),
            Self::Trunk(trunks) => call
                .view
                .trunk()
                .is_some_and(|found| trunks.iter().any(|trunk| **trunk == *found))
                .into(),
            Self::Transport(list) => call
                .view
                .transport()
                .is_some_and(|found| list.contains(&found))
                .into(),
            Self::Available(available) => available.truth(call),
            Self::Calls(calls) => calls.truth(call),
            Self::Switch(switch) => call.is_switched_on(*switch),
            Self::Duty { rota, who } => {
                let on_duty = tables.on_duty(*rota, call.utc());
                on_duty
                    .is_some_and(|agent| who.iter().any(|wanted| **wanted == *agent))
                    .into()
            }
            Self::Share { from, to } => (*from..*to).contains(&call.share()).into(),
            Self::Missing(lookup) => match call.facts.get(lookup) {
                Some(fact) => (*fact == Fact::Missing).into(),
                None => Truth::Need,
            },
        }
    }

    /// The first fact that it needs and that was not asked for.
    pub(crate) fn need(&self, call: &Call<'_>) -> Option<Lookup> {
        let unasked = |lookup: Lookup| call.facts.get(&lookup).is_none().then_some(lookup);
        match self {
            Self::All(parts) | Self::Any(parts) => {
                let open = parts.iter().filter(|part| part.truth(call) == Truth::Need);
                open.filter_map(|part| part.need(call)).next()
            }
            Self::Not(part) | Self::Kind(_, part) => part.need(call),
            Self::Found(lookup) => {
                let name = call.tables.lookup_name(*lookup)?;
                unasked(Lookup::Row(name.to_owned()))
            }
            Self::Attribute(field) => call.asks(&field.name),
            Self::Available(available) => available.parties.iter().find_map(|party| {
                let name = party.asked_as(call)?;
                unasked(Lookup::Available(name.to_owned()))
            }),
            Self::Calls(calls) => unasked(Lookup::Calls(calls.on.to_string())),
            Self::Missing(lookup) => unasked(lookup.as_ref().clone()),
            _ => None,
        }
    }
}

/// What an answer comes to: not asked yet, not to be had, or what `is` says.
fn known(fact: Option<&Fact>, is: impl Fn(&Fact) -> bool) -> Truth {
    match fact {
        None => Truth::Need,
        Some(Fact::Missing) => Truth::Missing,
        Some(fact) => is(fact).into(),
    }
}

impl OneOf {
    fn holds(&self, call: &Call<'_>) -> bool {
        let listed = match self.prefixes {
            true => self.keys.iter().any(|key| call.begins(self.subject, *key)),
            false => self.keys.binary_search(&call.key(self.subject)).is_ok(),
        };
        listed
            || (!self.texts.is_empty()
                && call
                    .text(self.subject)
                    .is_some_and(|text| self.texts.iter().any(|known| **known == *text)))
    }
}

impl Field {
    fn header(&self, call: &Call<'_>) -> bool {
        self.test.holds(call.view.header(&self.name))
    }

    /// What the event says, else what lists and lookups say.
    fn attribute(&self, call: &Call<'_>) -> Truth {
        match call.attribute(&self.name) {
            Ok(value) => self.test.holds(value).into(),
            Err(open) => open,
        }
    }
}

impl Test {
    fn holds(&self, value: Option<&str>) -> bool {
        match self {
            Self::Is(list) => value.is_some_and(|value| {
                list.iter().any(|wanted| match wanted.strip_suffix('*') {
                    Some(begin) => value.starts_with(begin),
                    None => **wanted == *value,
                })
            }),
            Self::Within {
                exists,
                below,
                at_least,
            } => {
                let there = exists.is_none_or(|wanted| wanted == value.is_some());
                if below.is_none() && at_least.is_none() {
                    return there;
                }
                let number = value.and_then(number);
                there
                    && number.is_some_and(|number| {
                        below.is_none_or(|below| number < below)
                            && at_least.is_none_or(|least| number >= least)
                    })
            }
        }
    }
}

/// A value as a number. Most are short and whole, and are read without all that reads a fraction,
/// which is far away when it is needed: that took longer than the rest of a decision.
fn number(value: &str) -> Option<f64> {
    /// Of so many digits a `u32` has room for each number.
    const SHORT: usize = 9;
    if (1..=SHORT).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_digit()) {
        let digits = value.bytes().map(|byte| u32::from(byte - b'0'));
        return Some(digits.fold(0, |number, digit| number * 10 + digit).into());
    }
    value.trim().parse().ok()
}

impl Available {
    fn truth(&self, call: &Call<'_>) -> Truth {
        Truth::any(self.parties.iter().map(|party| party.truth(call)))
    }
}

impl Party {
    pub(super) fn truth(&self, call: &Call<'_>) -> Truth {
        match self.asked_as(call) {
            // Off shift, or nobody is on duty: no need to ask.
            None => Truth::False,
            Some(name) => known(call.facts.available(name), |fact| *fact == Fact::Yes),
        }
    }

    /// The name by which it is asked whether it can take a call; `None`: it cannot.
    fn asked_as<'c>(&'c self, call: &Call<'c>) -> Option<&'c str> {
        let tables = call.tables;
        match self {
            Self::Other(name) => Some(name),
            Self::Agent(agent) => {
                let agent = tables.agents.get(*agent as usize)?;
                agent
                    .is_on_shift(tables, call.utc())
                    .then_some(&*agent.name)
            }
            Self::Rota(rota) => {
                let name = tables.on_duty(*rota, call.utc())?;
                let agent = tables.agents.iter().find(|agent| *agent.name == *name)?;
                agent
                    .is_on_shift(tables, call.utc())
                    .then_some(&*agent.name)
            }
        }
    }
}

impl Calls {
    fn truth(&self, call: &Call<'_>) -> Truth {
        match call.facts.calls(&self.on) {
            None => Truth::Need,
            Some(Fact::Count(count)) => (self.below.is_none_or(|below| *count < below)
                && self.at_least.is_none_or(|least| *count >= least))
            .into(),
            // Anything else is no count: whoever answered so does not know.
            Some(_) => Truth::Missing,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::number;

    proptest! {
        #[test]
        fn short_numbers_are_read_as_all_are(value in "[0-9]{0,11}|[-+ .e0-9]{0,6}") {
            prop_assert_eq!(number(&value), value.trim().parse().ok());
        }
    }
}
