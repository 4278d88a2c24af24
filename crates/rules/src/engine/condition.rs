//! What a rule asks of a call, and whether it holds.

use std::fmt;
use std::sync::Arc;

use callroute_schema::{Caller, Event};
use chrono::Utc;

use super::index::PatternMap;
use crate::hours::Hours;

/// One clause of a rule, or several combined.
#[derive(Debug)]
pub(crate) enum Condition {
    All(Box<[Self]>),
    Any(Box<[Self]>),
    Not(Box<Self>),
    Open(Arc<Hours>),
    Closed(Arc<Hours>),
    /// The subject is one of these.
    Is(Subject, Box<[Box<str>]>),
    /// The subject begins with one of these.
    Prefix(Subject, Box<[Box<str>]>),
    CallerIn(Arc<CallerList>),
    CallerAnonymous(bool),
}

/// What `is` and `prefix` look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    /// The calling number; a withheld or unavailable one matches nothing.
    Caller,
    /// The dialed number.
    Dialed,
    /// The keys pressed in a menu.
    Digits,
}

impl Subject {
    fn of(self, event: &Event) -> Option<&str> {
        match self {
            Self::Caller => event.from.address().map(|address| address.as_str()),
            Self::Dialed => Some(event.to.as_str()),
            Self::Digits => {
                let menu = event.menu.as_ref()?;
                menu.digits.as_ref().map(|digits| digits.as_str())
            }
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Dialed => "dialed",
            Self::Digits => "digits",
        }
    }
}

/// A named list of callers.
#[derive(Default)]
pub(crate) struct CallerList {
    pub(crate) name: String,
    pub(crate) numbers: PatternMap<()>,
    /// Whether callers who withhold their number are on the list.
    pub(crate) anonymous: bool,
}

/// Without its numbers, which are people's.
impl fmt::Debug for CallerList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallerList")
            .field("name", &self.name)
            .field("anonymous", &self.anonymous)
            .finish_non_exhaustive()
    }
}

impl CallerList {
    pub(crate) fn holds(&self, caller: &Caller) -> bool {
        match caller {
            Caller::Known(address) => self.numbers.find(address.as_str()).is_some(),
            Caller::Withheld => self.anonymous,
            Caller::Unavailable => false,
        }
    }
}

impl Condition {
    /// Whether one clause holds; combinations are the walk's.
    pub(crate) fn holds(&self, event: &Event) -> bool {
        match self {
            Self::Open(hours) => hours.is_open_at(event.timestamp.with_timezone(&Utc)),
            Self::Closed(hours) => !hours.is_open_at(event.timestamp.with_timezone(&Utc)),
            Self::Is(subject, list) => subject
                .of(event)
                .is_some_and(|found| list.iter().any(|wanted| **wanted == *found)),
            Self::Prefix(subject, list) => subject
                .of(event)
                .is_some_and(|found| list.iter().any(|wanted| found.starts_with(&**wanted))),
            Self::CallerIn(list) => list.holds(&event.from),
            Self::CallerAnonymous(wanted) => (event.from == Caller::Withheld) == *wanted,
            Self::All(all) => all.iter().all(|clause| clause.holds(event)),
            Self::Any(any) => any.iter().any(|clause| clause.holds(event)),
            Self::Not(not) => !not.holds(event),
        }
    }

    /// What a clause compares with the call, in words.
    pub(crate) fn compared(&self, event: &Event) -> String {
        match self {
            Self::Open(hours) | Self::Closed(hours) => hours
                .answer(event.timestamp.with_timezone(&Utc))
                .to_string(),
            Self::Is(subject, _) | Self::Prefix(subject, _) => match subject.of(event) {
                Some(found) => found.to_owned(),
                None if *subject == Subject::Caller => event.from.to_string(),
                None => "nothing pressed".to_owned(),
            },
            Self::CallerIn(_) | Self::CallerAnonymous(_) => event.from.to_string(),
            Self::All(_) | Self::Any(_) | Self::Not(_) => String::new(),
        }
    }
}

fn words(list: &[Box<str>]) -> String {
    const SHOWN: usize = 4;
    let mut text = list
        .iter()
        .take(SHOWN)
        .map(|word| word.as_ref())
        .collect::<Vec<_>>()
        .join(" or ");
    if list.len() > SHOWN {
        text.push_str(" or …");
    }
    text
}

impl fmt::Display for Condition {
    /// As it is written in `when`: `closed: office`, `caller.in: blocked`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(hours) => write!(f, "open: {}", hours.name()),
            Self::Closed(hours) => write!(f, "closed: {}", hours.name()),
            Self::Is(Subject::Digits, list) => write!(f, "digits: {}", words(list)),
            Self::Is(subject, list) => write!(f, "{}.is: {}", subject.word(), words(list)),
            Self::Prefix(subject, list) => {
                write!(f, "{}.prefix: {}", subject.word(), words(list))
            }
            Self::CallerIn(list) => write!(f, "caller.in: {}", list.name),
            Self::CallerAnonymous(wanted) => write!(f, "caller.anonymous: {wanted}"),
            Self::All(_) => f.write_str("all"),
            Self::Any(_) => f.write_str("any"),
            Self::Not(_) => f.write_str("not"),
        }
    }
}
