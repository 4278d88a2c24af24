//! A clause in words: as it is written, and what a call brings to it.

use std::fmt;

use callroute_schema::number::area;
use chrono::{DateTime, TimeDelta, Utc};

use super::{Available, Calls, Clause, Field, OneOf, Party, Test};
use crate::engine::call::Call;
use crate::engine::facts::Fact;
use crate::engine::forms::Written as AsWritten;
use crate::engine::subject::Subject;
use crate::engine::tables::Tables;
use crate::hours::HoursAnswer;
use crate::origin::country;
use crate::prefix::Key;
use crate::table::CallerKind;

/// Most values of a list that are shown.
const SHOWN: usize = 4;

/// A clause as it is written in `when`: `closed: office`, `caller.in: blocked`.
pub(crate) struct Written<'a> {
    pub(crate) clause: &'a Clause,
    pub(crate) tables: &'a Tables,
}

fn list<T: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    values: impl Iterator<Item = T>,
) -> fmt::Result {
    for (place, value) in values.enumerate() {
        match place {
            0 => write!(f, "{value}")?,
            SHOWN => return f.write_str(" or …"),
            _ => write!(f, " or {value}")?,
        }
    }
    Ok(())
}

impl fmt::Display for Written<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { clause, tables } = self;
        let name = |found: Option<&str>| found.unwrap_or("?").to_owned();
        match clause {
            Clause::All(_) => f.write_str("all"),
            Clause::Any(_) => f.write_str("any"),
            Clause::Not(_) => f.write_str("not"),
            Clause::Hours { hours, open } => {
                let hours = tables.hours(*hours);
                let word = match (hours.is_some_and(|hours| hours.is_date()), open) {
                    (true, true) => "date",
                    (true, false) => "not date",
                    (false, true) => "open",
                    (false, false) => "closed",
                };
                write!(f, "{word}: {}", name(hours.map(|hours| hours.name())))
            }
            Clause::Key {
                subject: Subject::Digits,
                key,
            } => write!(f, "digits: {key}"),
            Clause::Key { subject, key } => {
                let verb = if key.is_whole() { "is" } else { "prefix" };
                let text = key.to_string();
                let text = if key.is_whole() {
                    &text
                } else {
                    text.trim_end_matches('*')
                };
                write!(f, "{}.{verb}: {text}", subject.word())
            }
            Clause::OneOf(one_of) => one_of.fmt(f),
            Clause::List(list) => {
                let list = tables.lists.all().get(*list as usize);
                write!(
                    f,
                    "caller.in: {}",
                    name(list.map(|list| list.name.as_str()))
                )
            }
            Clause::Found(lookup) => {
                write!(f, "caller.in: lookup {}", name(tables.lookup_name(*lookup)))
            }
            Clause::Deck { subject, deck } => {
                let deck = tables.decks.get(*deck as usize);
                write!(
                    f,
                    "{}.prefix: {}",
                    subject.word(),
                    name(deck.map(|deck| &*deck.name))
                )
            }
            Clause::Anonymous(wanted) => write!(f, "caller.anonymous: {wanted}"),
            Clause::HasNumber => f.write_str("caller has a number"),
            Clause::Kind(kind, _) => write!(f, "caller.type: {}", kind_word(*kind)),
            Clause::Country {
                subject, countries, ..
            } => {
                write!(f, "{}.country: ", subject.word())?;
                list(f, countries.iter())
            }
            Clause::Place(places) => {
                f.write_str("caller.region: ")?;
                list(f, places.names.iter())
            }
            Clause::Attribute(field) => write!(f, "attribute.{field}"),
            Clause::Header(field) => write!(f, "header.{field}"),
            Clause::Trunk(trunks) => {
                f.write_str("trunk: ")?;
                list(f, trunks.iter())
            }
            Clause::Transport(transports) => {
                f.write_str("transport: ")?;
                let words = transports
                    .iter()
                    .map(|transport| format!("{transport:?}").to_lowercase());
                list(f, words)
            }
            Clause::Available(available) => write!(f, "available: {}", available.name),
            Clause::Calls(calls) => calls.fmt(f),
            Clause::Switch(switch) => {
                let switch = tables.switches.get(*switch as usize);
                write!(f, "override: {}", name(switch.map(|switch| &*switch.name)))
            }
            Clause::Duty { rota, who } => {
                let rota = tables.rotas.get(*rota as usize);
                write!(f, "shift.{}: ", name(rota.map(|rota| &*rota.name)))?;
                list(f, who.iter())
            }
            Clause::Share { from, to } => write!(f, "share: {}-{}", Percent(*from), Percent(*to)),
            Clause::Missing(lookup) => write!(f, "missing: {lookup}"),
        }
    }
}

pub(crate) fn kind_word(kind: CallerKind) -> &'static str {
    match kind {
        CallerKind::Known => "known",
        CallerKind::Vip => "vip",
        CallerKind::Blocked => "blocked",
        CallerKind::New => "new",
        CallerKind::Anonymous => "anonymous",
    }
}

impl fmt::Display for OneOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = if self.prefixes { ".prefix" } else { ".is" };
        let verb = if self.subject == Subject::Digits {
            ""
        } else {
            verb
        };
        write!(f, "{}{verb}: ", self.subject.word())?;
        let keys = self
            .keys
            .iter()
            .map(|key| key.to_string().trim_end_matches('*').to_owned());
        list(f, keys.chain(self.texts.iter().map(ToString::to_string)))
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.name)?;
        match &self.test {
            Test::Is(values) => list(f, values.iter()),
            Test::Within {
                exists,
                below,
                at_least,
            } => {
                let exists = exists.map(|exists| format!("exists: {exists}"));
                let below = below.map(|below| format!("below {below}"));
                let least = at_least.map(|least| format!("at least {least}"));
                let parts: Vec<String> = exists.into_iter().chain(least).chain(below).collect();
                f.write_str(&parts.join(" and "))
            }
        }
    }
}

impl fmt::Display for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "calls.{}:", self.on)?;
        if let Some(least) = self.at_least {
            write!(f, " at least {least}")?;
        }
        match self.below {
            Some(below) => write!(f, " below {below}"),
            None => Ok(()),
        }
    }
}

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

/// Hundredths of a percent.
struct Percent(u16);

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0 / 100, self.0 % 100) {
            (whole, 0) => write!(f, "{whole}"),
            (whole, part) => write!(f, "{whole}.{part:02}"),
        }
    }
}

impl Clause {
    /// What a call brings to it, and how near it is: `closed at Tue 2026-04-21 18:00 (weekly),
    /// opens Wed 2026-04-22 09:00, in 15 h`.
    pub(crate) fn compared(&self, call: &Call<'_>) -> String {
        let tables = call.tables;
        let number = |subject: Subject| match call.text(subject) {
            Some(text) => text.to_owned(),
            None if subject == Subject::Digits => "nothing pressed".to_owned(),
            None => match call.view.is_withheld() {
                true => "anonymous".to_owned(),
                false => "unavailable".to_owned(),
            },
        };
        match self {
            Self::All(_) | Self::Any(_) | Self::Not(_) => String::new(),
            Self::Hours { hours, .. } => match (tables.hours(*hours), instant(call.utc())) {
                (Some(hours), Some(now)) => {
                    let answer = hours.answer(now);
                    if hours.is_date() {
                        return date(&answer);
                    }
                    match answer.next_change {
                        Some(next) => format!("{answer}, in {}", Span(next - now)),
                        None => answer.to_string(),
                    }
                }
                _ => String::new(),
            },
            Self::Key { subject, key } => {
                let wanted = key.to_string();
                let wanted = wanted.trim_end_matches('*');
                match call.written(*subject).filter(|_| key.is_as_dialed()) {
                    Some(written) => as_written(&near(&written.text, wanted), *subject),
                    None => near(&number(*subject), wanted),
                }
            }
            Self::OneOf(one_of) => match one_of.written(call) {
                Some(written) => as_written(&written.text, one_of.subject),
                None => number(one_of.subject),
            },
            Self::List(_) | Self::Kind(..) | Self::Anonymous(_) | Self::HasNumber => {
                let lists = &tables.lists;
                let caller = match call.written(Subject::Caller) {
                    Some(written) => format!(
                        "{}, {}",
                        number(Subject::Caller),
                        as_written(&written.text, Subject::Caller)
                    ),
                    None => number(Subject::Caller),
                };
                let on: Vec<&str> = lists
                    .of(call.hits())
                    .filter_map(|list| Some(lists.all().get(list as usize)?.name.as_str()))
                    .collect();
                match on.is_empty() {
                    true => format!("{caller}, on no list"),
                    false => format!("{caller}, on {}", on.join(" and ")),
                }
            }
            Self::Found(lookup) => fact(
                tables
                    .lookup_name(*lookup)
                    .and_then(|name| call.facts.row(name)),
            ),
            Self::Deck { subject, deck } => {
                let deck = tables.decks.get(*deck as usize);
                let row = deck.and_then(|deck| deck.find(call, *subject));
                let label = deck.and_then(|deck| deck.rows.cell(row, "label"));
                let closest = deck.and_then(|deck| call.closest(*subject, &deck.table));
                let found = match call.written(*subject) {
                    Some(written) if closest.is_some_and(|(_, own)| own) => {
                        as_written(&written.text, *subject)
                    }
                    _ => number(*subject),
                };
                match (row, label) {
                    (None, _) => format!("{found}, in no entry"),
                    (Some(_), None) => found,
                    (Some(_), Some(label)) => format!("{found}, {label}"),
                }
            }
            Self::Country { subject, .. } => match country(call.key(*subject)) {
                Some(country) => format!("{}, {country}", number(*subject)),
                None => format!("{}, of no country", number(*subject)),
            },
            Self::Place(_) => {
                let place = call.text(Subject::Caller).and_then(area);
                format!(
                    "{}, {}",
                    number(Subject::Caller),
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
                Some(transport) => format!("{transport:?}").to_lowercase(),
                None => "unknown".to_owned(),
            },
            Self::Available(available) => available.compared(call),
            Self::Calls(calls) => fact(call.facts.calls(&calls.on)),
            Self::Switch(switch) => match tables.switches.get(*switch as usize) {
                Some(switch) => match call.facts.switch(&switch.name) {
                    None => format!("{} by the file", if switch.on { "on" } else { "off" }),
                    known => fact(known),
                },
                None => String::new(),
            },
            Self::Duty { rota, who } => {
                let wanted = |name: &str| who.iter().any(|wanted| **wanted == *name);
                let on_duty = tables.on_duty(*rota, call.utc());
                let next = match on_duty {
                    Some(name) if wanted(name) => None,
                    _ => tables.next_duty(*rota, call.utc(), wanted),
                };
                let name = on_duty.unwrap_or("nobody is on duty");
                match next {
                    Some(next) => format!("{name}, theirs {}", From(next, call.utc())),
                    None => name.to_owned(),
                }
            }
            Self::Share { .. } => format!("this call is at {} %", Percent(call.share())),
            Self::Missing(lookup) => fact(call.facts.get(lookup)),
        }
    }
}

impl OneOf {
    /// The number as it was dialed or came, where one of these begins it so, and none in full.
    fn written<'c>(&self, call: &'c Call<'_>) -> Option<&'c AsWritten> {
        let written = call.written(self.subject)?;
        let begins = |number: Key| self.keys.iter().any(|key| key.begins(number));
        (begins(written.key) && !begins(call.key(self.subject))).then_some(written)
    }
}

impl Available {
    fn compared(&self, call: &Call<'_>) -> String {
        let parts = self.parties.iter().map(|party| match party {
            Party::Other(name) => format!("{name}: {}", fact(call.facts.available(name))),
            Party::Agent(agent) => match call.tables.agents.get(*agent as usize) {
                Some(agent) if !agent.is_on_shift(call.tables, call.utc()) => {
                    match agent.next_shift(call.tables, call.utc()) {
                        Some(next) => {
                            format!("{}: off shift, on {}", agent.name, From(next, call.utc()))
                        }
                        None => format!("{}: off shift", agent.name),
                    }
                }
                Some(agent) => format!(
                    "{}: {}",
                    agent.name,
                    fact(call.facts.available(&agent.name))
                ),
                None => String::new(),
            },
            Party::Rota(rota) => match call.tables.on_duty(*rota, call.utc()) {
                Some(name) => format!("{name} on duty: {}", fact(call.facts.available(name))),
                None => "nobody on duty".to_owned(),
            },
        });
        parts.take(SHOWN).collect::<Vec<_>>().join(", ")
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
struct From(i64, i64);

impl fmt::Display for From {
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
