//! A clause as it is written.

use std::fmt;

use super::{Calls, Clause, Field, OneOf, Test};
use crate::engine::subject::Subject;
use crate::engine::tables::Tables;
use crate::prefix::Key;
use crate::table::CallerKind;

/// Most values of a list that are shown.
pub(super) const SHOWN: usize = 4;

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

/// `trunk: one or two`.
fn listed<T: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    word: impl fmt::Display,
    values: impl Iterator<Item = T>,
) -> fmt::Result {
    write!(f, "{word}: ")?;
    list(f, values)
}

impl fmt::Display for Written<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { clause, tables } = self;
        match clause {
            Clause::All(_) => f.write_str("all"),
            Clause::Any(_) => f.write_str("any"),
            Clause::Not(_) => f.write_str("not"),
            Clause::Hours { hours, open } => self.hours(f, *hours, *open),
            Clause::Key { subject, key } => written_key(f, *subject, key),
            Clause::OneOf(one_of) => one_of.fmt(f),
            Clause::List(list) => {
                let list = tables.lists.all().get(*list as usize);
                let name = list.map_or("?", |list| list.name.as_str());
                write!(f, "caller.in: {name}")
            }
            Clause::Found(lookup) => {
                let name = tables.lookup_name(*lookup).unwrap_or("?");
                write!(f, "caller.in: lookup {name}")
            }
            Clause::Deck { subject, deck } => {
                let deck = tables.decks.get(*deck as usize);
                let name = deck.map_or("?", |deck| &*deck.name);
                write!(f, "{}.prefix: {name}", subject.word())
            }
            Clause::Anonymous(wanted) => write!(f, "caller.anonymous: {wanted}"),
            Clause::HasNumber => f.write_str("caller has a number"),
            Clause::Kind(kind, _) => write!(f, "caller.type: {}", kind_word(*kind)),
            Clause::Country {
                subject, countries, ..
            } => listed(
                f,
                format_args!("{}.country", subject.word()),
                countries.iter(),
            ),
            Clause::Place(places) => listed(f, "caller.region", places.names.iter()),
            Clause::Attribute(field) => write!(f, "attribute.{field}"),
            Clause::Header(field) => write!(f, "header.{field}"),
            Clause::Trunk(trunks) => listed(f, "trunk", trunks.iter()),
            Clause::Transport(transports) => listed(f, "transport", transports.iter()),
            Clause::Available(available) => write!(f, "available: {}", available.name),
            Clause::Calls(calls) => calls.fmt(f),
            Clause::Switch(switch) => {
                let switch = tables.switches.get(*switch as usize);
                let name = switch.map_or("?", |switch| &*switch.name);
                write!(f, "override: {name}")
            }
            Clause::Duty { rota, who } => {
                let rota = tables.rotas.get(*rota as usize);
                let name = rota.map_or("?", |rota| &*rota.name);
                listed(f, format_args!("shift.{name}"), who.iter())
            }
            Clause::Share { from, to } => write!(f, "share: {}-{}", Percent(*from), Percent(*to)),
            Clause::Missing(lookup) => write!(f, "missing: {lookup}"),
        }
    }
}

impl Written<'_> {
    fn hours(&self, f: &mut fmt::Formatter<'_>, hours: u32, open: bool) -> fmt::Result {
        let hours = self.tables.hours(hours);
        let word = match (hours.is_some_and(|hours| hours.is_date()), open) {
            (true, true) => "date",
            (true, false) => "not date",
            (false, true) => "open",
            (false, false) => "closed",
        };
        write!(f, "{word}: {}", hours.map_or("?", |hours| hours.name()))
    }
}

fn written_key(f: &mut fmt::Formatter<'_>, subject: Subject, key: &Key) -> fmt::Result {
    if subject == Subject::Digits {
        return write!(f, "digits: {key}");
    }
    let text = key.to_string();
    match key.is_whole() {
        true => write!(f, "{}.is: {text}", subject.word()),
        false => write!(
            f,
            "{}.prefix: {}",
            subject.word(),
            text.trim_end_matches('*')
        ),
    }
}

fn kind_word(kind: CallerKind) -> &'static str {
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

/// Hundredths of a percent.
pub(super) struct Percent(pub(super) u16);

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0 / 100, self.0 % 100) {
            (whole, 0) => write!(f, "{whole}"),
            (whole, part) => write!(f, "{whole}.{part:02}"),
        }
    }
}
