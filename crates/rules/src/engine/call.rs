//! A call, ready to be compared: its numbers as keys, and what is worked out when first asked.

use std::cell::OnceCell;

use callroute_schema::number::{self, Kind, Region};

use super::facts::{Fact, Facts};
use super::lists::Hits;
use super::subject::Subject;
use super::tables::Tables;
use super::truth::Truth;
use super::view::View;
use crate::prefix::Key;
use crate::waves::seed;

/// Shares are counted in hundredths of a percent.
pub(crate) const WHOLE: u16 = 10_000;
/// Fewer digits than these are never a national number: they are an extension, or a short code.
const SHORTEST_NATIONAL: usize = 7;

/// One call, while it is decided.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) view: View<'a>,
    pub(crate) tables: &'a Tables,
    pub(crate) facts: &'a Facts,
    pub(crate) utc: i64,
    keys: [Key; 3],
    /// The numbers in full, where the event has them in a national form.
    full: [Option<Box<str>>; 2],
    /// Whether an emergency number of the region was dialed, exactly.
    pub(crate) emergency: bool,
    hits: OnceCell<Hits>,
    share: OnceCell<u16>,
    countries: [OnceCell<Option<&'static str>>; 2],
}

impl<'a> Call<'a> {
    #[inline]
    pub(crate) fn new(view: View<'a>, tables: &'a Tables, facts: &'a Facts) -> Self {
        let emergency = tables.is_emergency(view.to);
        let caller = view.caller().unwrap_or("");
        let full = [
            tables.in_full(caller),
            if emergency {
                None
            } else {
                tables.in_full(view.to)
            },
        ];
        let [from, to] = &full;
        let caller_key = match view.caller() {
            Some(_) => Key::call(from.as_deref().unwrap_or(caller)),
            // No number: nothing may match it, not even what begins with nothing.
            None => Key::NOBODY,
        };
        Self {
            keys: [
                caller_key,
                Key::call(to.as_deref().unwrap_or(view.to)),
                Key::call(view.digits),
            ],
            full,
            utc: view.utc,
            view,
            tables,
            facts,
            emergency,
            hits: OnceCell::new(),
            share: OnceCell::new(),
            countries: [const { OnceCell::new() }; 2],
        }
    }

    #[inline]
    pub(crate) fn key(&self, subject: Subject) -> Key {
        self.key_at(subject.place())
    }

    #[inline]
    pub(crate) fn key_at(&self, place: usize) -> Key {
        self.keys.get(place).copied().unwrap_or(Key::NOBODY)
    }

    /// A number as rules compare it: in full where the region tells how it is read.
    pub(crate) fn text(&self, subject: Subject) -> Option<&str> {
        let full = |place: usize| self.full.get(place)?.as_deref();
        match subject {
            Subject::Caller => full(0).or(self.view.caller()),
            Subject::Dialed => full(1).or(Some(self.view.to)),
            Subject::Digits => Some(self.view.digits).filter(|digits| !digits.is_empty()),
        }
    }

    pub(crate) fn hits(&self) -> &Hits {
        self.hits.get_or_init(|| {
            let lists = &self.tables.lists;
            match (self.view.is_withheld(), self.text(Subject::Caller)) {
                (true, _) => lists.anonymous(),
                (false, Some(text)) => lists.hits(self.key(Subject::Caller), text),
                (false, None) => Hits::default(),
            }
        })
    }

    /// Whether the caller is on a list.
    #[inline]
    pub(crate) fn is_on(&self, list: u32) -> bool {
        self.tables.lists.holds(self.hits(), list)
    }

    /// Where the call stands among all calls, in hundredths of a percent.
    pub(crate) fn share(&self) -> u16 {
        *self.share.get_or_init(|| {
            let wide = u128::from(seed(self.view.call_id)) * u128::from(WHOLE);
            u16::try_from(wide >> 64).unwrap_or(0)
        })
    }

    pub(crate) fn country(&self, subject: Subject) -> Option<&'static str> {
        let cell = self.countries.get(subject.place())?;
        *cell.get_or_init(|| number::country(self.text(subject)?))
    }

    /// Whether the caller's number was given out in one of some places.
    pub(crate) fn is_in(&self, places: &[Box<str>]) -> bool {
        let Some(text) = self.text(Subject::Caller) else {
            return false;
        };
        let Some(place) = number::area(text) else {
            return false;
        };
        let is = |part: &str, wanted: &str| part.eq_ignore_ascii_case(wanted);
        let state = place.rsplit_once(", ").map(|(_, state)| state);
        let town = place.split_once(", ").map(|(town, _)| town);
        places.iter().any(|wanted| {
            is(place, wanted)
                || state.is_some_and(|state| is(state, wanted))
                || town.is_some_and(|town| is(town, wanted))
        })
    }

    /// What the event, a list's row or a lookup says. `Err`: it is not known yet, or cannot be.
    pub(crate) fn attribute(&self, name: &str) -> Result<Option<&str>, Truth> {
        if let Some(value) = self.view.attribute(name) {
            return Ok(Some(value));
        }
        if let Some((table, column)) = name.split_once('.')
            && let Some(found) = self.column(table, column)
        {
            return Ok(Some(found));
        }
        let column = name.split_once('.').map_or(name, |(_, column)| column);
        let mut missing = false;
        for lookup in self.tables.lookups_for(name) {
            match self.facts.row(&lookup.name) {
                None => return Err(Truth::Need),
                Some(Fact::Missing) => missing = true,
                Some(Fact::Row(row)) => {
                    if let Some(value) = row.get(column) {
                        return Ok(Some(value));
                    }
                }
                Some(_) => {}
            }
        }
        match missing {
            true => Err(Truth::Missing),
            false => Ok(None),
        }
    }

    /// What a list's or a deck's entry for the caller says.
    fn column(&self, table: &str, column: &str) -> Option<&str> {
        let tables = self.tables;
        let key = self.key(Subject::Caller);
        if let Some(list) = tables.lists.named(table) {
            let text = self.text(Subject::Caller).unwrap_or("");
            return list.rows.cell(list.row(key, text), column);
        }
        let deck = tables.decks.iter().find(|deck| *deck.name == *table)?;
        deck.rows.cell(deck.find(key), column)
    }

    pub(crate) fn is_switched_on(&self, switch: u32) -> Truth {
        let Some(switch) = self.tables.switches.get(switch as usize) else {
            return Truth::False;
        };
        match self.facts.switch(&switch.name) {
            None => switch.on.into(),
            Some(Fact::Yes) => Truth::True,
            Some(Fact::No) => Truth::False,
            Some(_) => Truth::Missing,
        }
    }
}

/// A national number in full, read with a region; `None`: it is no national number.
pub(crate) fn in_full(text: &str, region: Region) -> Option<String> {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let plain = |c: char| c.is_ascii_digit() || matches!(c, ' ' | '-' | '.' | '(' | ')');
    if digits < SHORTEST_NATIONAL || text.starts_with('+') || !text.chars().all(plain) {
        return None;
    }
    let read = number::read(text, Some(region));
    (read.valid && read.kind == Kind::E164).then_some(read.e164)?
}
