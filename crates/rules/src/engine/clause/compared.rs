//! What a call brings to a clause.

use std::fmt;

use callroute_schema::number::area;
use chrono::{DateTime, TimeDelta, Utc};

use super::written::{Percent, SHOWN};
use super::{Available, Clause, OneOf, Party};
use crate::engine::call::Call;
use crate::engine::facts::Fact;
use crate::engine::forms::Written;
use crate::engine::subject::Subject;
use crate::engine::tables::OnShift;
use crate::engine::truth::Truth;
use crate::hours::HoursAnswer;
use crate::origin::country;
use crate::prefix::Key;

/// What a date is compared with: `Tue 2026-04-21, from Fri 2026-12-25 on`.
fn date(answer: &HoursAnswer) -> String {
    const DAY: &str = "%a %Y-%m-%d";
    let today = answer.local.format(DAY);
    let word = if answer.open { "until" } else { "from" };
    match answer.next_local {
        Some(next) => format!("{today}, {word} {}", next.format(DAY)),
        None => today.to_string(),
    }
}

impl Clause {
    /// What a call brings to it, and how near it is: `closed at Tue 2026-04-21 18:00 (weekly),
    /// opens Wed 2026-04-22 09:00, in 15 h`.
    pub(crate) fn compared(&self, call: &Call<'_>) -> String {
        let tables = call.tables;
        match self {
            Self::All(_) | Self::Any(_) | Self::Not(_) => String::new(),
            Self::Hours { hours, .. } => hours_compared(call, *hours),
            Self::Key { subject, key } => {
                let wanted = key.to_string();
                let wanted = wanted.trim_end_matches('*');
                match call.written(*subject).filter(|_| key.is_as_dialed()) {
                    Some(written) => as_written(&near(&written.text, wanted), *subject),
                    None => near(&number(call, *subject), wanted),
                }
            }
            Self::OneOf(one_of) => match one_of.written(call) {
                Some(written) => as_written(&written.text, one_of.subject),
                None => number(call, one_of.subject),
            },
            Self::List(_) | Self::Anonymous(_) | Self::HasNumber => on_lists(call),
            Self::Kind(_, spelled) => {
                let mut told = vec![on_lists(call)];
                spelled.lookups(call, &mut told);
                told.join(", ")
            }
            Self::Found(lookup) => fact(
                tables
                    .lookup_name(*lookup)
                    .and_then(|name| call.facts.row(name)),
            ),
            Self::Deck { subject, deck } => in_deck(call, *subject, *deck),
            Self::Country { subject, .. } => match country(call.key(*subject)) {
                Some(country) => format!("{}, {country}", number(call, *subject)),
                None => format!("{}, of no country", number(call, *subject)),
            },
            Self::Place(_) => {
                let place = call.text(Subject::Caller).and_then(area);
                format!(
                    "{}, {}",
                    number(call, Subject::Caller),
                    place.unwrap_or("of no place")
                )
            }
            Self::Attribute(field) => match call.attribute(&field.name) {
                Ok(Some(value)) => value.to_owned(),
                Ok(None) => "not there".to_owned(),
                Err(_) => "not known".to_owned(),
            },
            Self::Header(field) => call
                .view
                .header(&field.name)
                .unwrap_or("not there")
                .to_owned(),
            Self::Trunk(_) => call.view.trunk().unwrap_or("no trunk").to_owned(),
            Self::Transport(_) => match call.view.transport() {
                Some(transport) => transport.to_string(),
                None => "unknown".to_owned(),
            },
            Self::Available(available) => available.compared(call),
            Self::Calls(calls) => fact(call.facts.calls(&calls.on)),
            Self::Switch(switch) => switched(call, *switch),
            Self::Duty { rota, who } => on_duty(call, *rota, who),
            Self::Share { .. } => format!("this call is at {} %", Percent(call.share())),
            Self::Missing(lookup) => fact(call.facts.get(lookup)),
        }
    }

    /// What lookups said of the caller, where parts of it ask them.
    fn lookups(&self, call: &Call<'_>, told: &mut Vec<String>) {
        match self {
            Self::All(parts) | Self::Any(parts) => {
                parts.iter().for_each(|part| part.lookups(call, told));
            }
            Self::Not(part) => part.lookups(call, told),
            Self::Found(lookup) => {
                let name = call.tables.lookup_name(*lookup);
                told.extend(name.map(|name| format!("lookup {name}: {}", self.compared(call))));
            }
            _ => {}
        }
    }
}

/// Who calls, what was dialed or what was pressed.
fn number(call: &Call<'_>, subject: Subject) -> String {
    match call.text(subject) {
        Some(text) => text.to_owned(),
        None if subject == Subject::Digits => "nothing pressed".to_owned(),
        None if call.view.is_withheld() => "anonymous".to_owned(),
        None => "unavailable".to_owned(),
    }
}

fn hours_compared(call: &Call<'_>, hours: u32) -> String {
    let (Some(hours), Some(now)) = (call.tables.hours(hours), instant(call.utc())) else {
        return String::new();
    };
    let answer = hours.answer(now);
    match answer.next_change {
        _ if hours.is_date() => date(&answer),
        Some(next) => format!("{answer}, in {}", Span(next - now)),
        None => answer.to_string(),
    }
}

fn on_lists(call: &Call<'_>) -> String {
    let lists = &call.tables.lists;
    let on: Vec<&str> = lists
        .of(call.hits())
        .filter_map(|list| Some(lists.all().get(list as usize)?.name.as_str()))
        .collect();
    let number = number(call, Subject::Caller);
    let caller = match call.written(Subject::Caller) {
        Some(written) => {
            let written = as_written(&written.text, Subject::Caller);
            format!("{number}, {written}")
        }
        None => number,
    };
    match on.is_empty() {
        true => format!("{caller}, on no list"),
        false => format!("{caller}, on {}", on.join(" and ")),
    }
}

fn in_deck(call: &Call<'_>, subject: Subject, deck: u32) -> String {
    let deck = call.tables.decks.get(deck as usize);
    let row = deck.and_then(|deck| deck.find(call, subject));
    let label = deck.and_then(|deck| deck.rows.cell(row, "label"));
    let closest = deck.and_then(|deck| call.closest(subject, &deck.table));
    let number = match call.written(subject) {
        Some(written) if closest.is_some_and(|(_, own)| own) => as_written(&written.text, subject),
        _ => number(call, subject),
    };
    match (row, label) {
        (None, _) => format!("{number}, in no entry"),
        (Some(_), None) => number,
        (Some(_), Some(label)) => format!("{number}, {label}"),
    }
}

fn switched(call: &Call<'_>, switch: u32) -> String {
    let Some(switch) = call.tables.switches.get(switch as usize) else {
        return String::new();
    };
    match call.facts.switch(&switch.name) {
        None => format!("{} by the file", if switch.on { "on" } else { "off" }),
        known => fact(known),
    }
}

fn on_duty(call: &Call<'_>, rota: u32, who: &[Box<str>]) -> String {
    let wanted = |name: &str| who.iter().any(|wanted| **wanted == *name);
    let on_duty = call.tables.on_duty(rota, call.utc());
    let next = match on_duty {
        Some(name) if wanted(name) => None,
        _ => call.tables.next_duty(rota, call.utc(), wanted),
    };
    let name = on_duty.unwrap_or("nobody is on duty");
    match next {
        Some(next) => format!("{name}, theirs {}", Since(next, call.utc())),
        None => name.to_owned(),
    }
}

impl OneOf {
    /// The number as it was dialed or came, where one of these begins it so, and none in full.
    fn written<'c>(&self, call: &'c Call<'_>) -> Option<&'c Written> {
        let written = call.written(self.subject)?;
        let begins = |number: Key| self.keys.iter().any(|key| key.begins(number));
        (begins(written.key) && !begins(call.key(self.subject))).then_some(written)
    }
}

impl Available {
    fn compared(&self, call: &Call<'_>) -> String {
        // Who can take the call settled it.
        let mut parties: Vec<&Party> = self.parties.iter().collect();
        parties.sort_by_key(|party| party.truth(call) != Truth::True);
        let shown = parties.iter().take(SHOWN);
        let mut shown: Vec<String> = shown.map(|party| party.compared(call)).collect();
        let more = parties.len().saturating_sub(SHOWN);
        if more > 0 {
            shown.push(format!("and {more} more"));
        }
        shown.join(", ")
    }
}

impl Party {
    fn compared(&self, call: &Call<'_>) -> String {
        let tables = call.tables;
        match self {
            Self::Other(name) => format!("{name}: {}", fact(call.facts.available(name))),
            Self::Agent(agent) => match tables.agents.get(*agent as usize) {
                Some(agent) => format!("{}: {}", agent.name, at_work(agent, call)),
                None => String::new(),
            },
            Self::Rota(rota) => {
                let name = tables.on_duty(*rota, call.utc());
                let mut agents = tables.agents.iter();
                match agents.find(|agent| name == Some(&*agent.name)) {
                    Some(agent) => format!("{} on duty: {}", agent.name, at_work(agent, call)),
                    None => "nobody on duty".to_owned(),
                }
            }
        }
    }
}

/// Whether an agent can take a call, as far as it was asked; or when the next shift begins.
fn at_work(agent: &OnShift, call: &Call<'_>) -> String {
    if agent.is_on_shift(call.tables, call.utc()) {
        return fact(call.facts.available(&agent.name));
    }
    match agent.next_shift(call.tables, call.utc()) {
        Some(next) => format!("off shift, on {}", Since(next, call.utc())),
        None => "off shift".to_owned(),
    }
}

fn instant(utc: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(utc, 0)
}

fn fact(fact: Option<&Fact>) -> String {
    match fact {
        None => "not asked yet".to_owned(),
        Some(Fact::Missing) => "could not be had".to_owned(),
        Some(Fact::Yes) => "yes".to_owned(),
        Some(Fact::No) => "no".to_owned(),
        Some(Fact::Count(count)) => count.to_string(),
        Some(Fact::Row(row)) => match row.len() {
            0 => "found".to_owned(),
            _ => {
                let columns: Vec<&str> = row.keys().map(String::as_str).collect();
                format!("found, with {}", columns.join(", "))
            }
        },
    }
}

/// A number that is compared in the form that it was dialed or came in.
fn as_written(number: &str, subject: Subject) -> String {
    match subject {
        Subject::Dialed => format!("{number}, as dialed"),
        Subject::Caller | Subject::Digits => format!("{number}, as it came"),
    }
}

/// A number, and how many of its first digits are as wanted when not all are.
fn near(found: &str, wanted: &str) -> String {
    let same = found
        .chars()
        .zip(wanted.chars())
        .take_while(|(a, b)| a == b)
        .count();
    let count = wanted.chars().count();
    if found.starts_with(['+', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
        && same > 1
        && same < count
    {
        return format!("{found}, the first {same} of {count} are the same");
    }
    found.to_owned()
}

/// From when on, and how long that is from now: both in seconds since 1970.
struct Since(i64, i64);

impl fmt::Display for Since {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(then, now) = *self;
        match instant(then) {
            Some(at) => write!(
                f,
                "from {}, in {}",
                at.format("%a %Y-%m-%d %H:%M UTC"),
                Span(TimeDelta::seconds(then - now))
            ),
            None => Ok(()),
        }
    }
}

/// A stretch of time in its largest unit or two.
struct Span(TimeDelta);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = self.0.num_minutes();
        match (minutes / 1_440, minutes / 60 % 24, minutes % 60) {
            (0, 0, 0) => write!(f, "{} s", self.0.num_seconds()),
            (0, 0, minutes) => write!(f, "{minutes} min"),
            (0, hours, 0) => write!(f, "{hours} h"),
            (0, hours, minutes) => write!(f, "{hours} h {minutes} min"),
            (1, 0, _) => f.write_str("1 day"),
            (1, hours, _) => write!(f, "1 day {hours} h"),
            (days, ..) => write!(f, "{days} days"),
        }
    }
}
