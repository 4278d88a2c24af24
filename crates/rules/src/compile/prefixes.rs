//! Tables of prefixes, written in the file or in a CSV beside it.

use std::collections::{BTreeMap, HashSet};

use callroute_schema::number::Region;

use super::records::{Columns, Wrong, fits};
use super::{Compiler, Shared};
use crate::csv::{Field, Records};
use crate::engine::{Deck, Place, Rows};
use crate::number;
use crate::path::{Path, Spot};
use crate::prefix::Key;
use crate::table::PrefixesEntry;
use callroute_schema::hint::shorten;

/// The name of the column that holds prefixes.
pub(crate) const COLUMN: &str = "prefix";

impl Compiler<'_> {
    /// The tables in written order; one that is faulty keeps its place.
    pub(super) fn prefixes(&mut self, shared: &mut Shared) -> Vec<Deck> {
        let table = self.table;
        let section = Path::ROOT.key("prefixes");
        let mut all = Vec::new();
        for entry in table.prefixes.entries() {
            let before = self.report.len();
            let deck = match &entry.value {
                Some(value) => self.deck(&entry.name, value, &section.key(&entry.name)),
                None => Deck::default(),
            };
            let file = entry.value.as_ref().and_then(|value| value.file.as_ref());
            if file.is_some() && self.report.len() > before {
                shared.note_unread(&entry.name, &deck.rows);
            }
            shared.decks.insert(entry.name.clone(), all.len());
            all.push(deck);
        }
        self.connect(&mut all, shared);
        all.iter_mut().for_each(Deck::finish);
        all
    }

    fn deck(&mut self, name: &str, entry: &PrefixesEntry, at: &Path<'_>) -> Deck {
        let mut deck = Deck {
            name: name.into(),
            ..Deck::default()
        };
        match (&entry.file, entry.entries.is_empty()) {
            (Some(file), true) => self.deck_file(file, &mut deck, &at.key("file")),
            (None, false) => self.deck_entries(&entry.entries, &mut deck, &at.key("entries")),
            (Some(_), false) => self.fault(at, "prefixes have `entries` or a `file`, not both"),
            (None, true) => self.fault(
                at,
                "prefixes need `entries`, as in { \"+1314\": { label: St. Louis } }, or a `file`",
            ),
        }
        deck
    }

    fn deck_entries(
        &mut self,
        entries: &BTreeMap<String, BTreeMap<String, String>>,
        deck: &mut Deck,
        at: &Path<'_>,
    ) {
        let names = entries.values().flat_map(BTreeMap::keys);
        let mut known = HashSet::new();
        let columns = names.filter(|name| known.insert(name.as_str()));
        deck.rows = Rows::new(columns.map(|name| name.as_str().into()).collect());
        for (prefix, values) in entries {
            let value = |name: &str| values.get(name).map_or("", String::as_str).into();
            match add(deck, prefix, &value, self.region) {
                Ok(()) => {}
                Err(Refused::Wrong(message)) => self.fault(&at.key(prefix), message),
                Err(Refused::Twice(key)) => self.prefix_twice(entries, prefix, key, at),
            }
        }
    }

    /// An entry that is the same prefix as another, whatever they look like.
    fn prefix_twice(
        &mut self,
        entries: &BTreeMap<String, BTreeMap<String, String>>,
        prefix: &str,
        key: Key,
        at: &Path<'_>,
    ) {
        let region = self.region;
        let is_same = |other: &&String| *other != prefix && is_prefix(other, key, region);
        let other = entries.keys().find(is_same).map_or(prefix, String::as_str);
        let mut both = [prefix, other].map(|name| (Spot::of_key(self.root, &at.key(name)), name));
        // They come sorted by name; the first that is written counts as the first.
        both.sort_by_key(|(spot, _)| std::cmp::Reverse(spot.span.map(|span| span.start)));
        let [(here, prefix), (there, first)] = &both;
        let message = same(prefix, first);
        self.report
            .between_spots(here, message, (there, "first given here"));
    }

    fn deck_file(&mut self, file: &str, deck: &mut Deck, at: &Path<'_>) {
        let Some(text) = self.read(file, at) else {
            return;
        };
        let region = self.region;
        let mut columns = Columns::default();
        let mut column = 0;
        self.records(file, &text, |index, record| {
            if index == 0 {
                let Some(found) = record.iter().position(|field| field.text == COLUMN) else {
                    let message =
                        format!("this heading has no `{COLUMN}`; write it as in `prefix,label,…`");
                    return Err(Wrong::stop(record.first(), message));
                };
                column = found;
                columns = Columns::of(record);
                deck.rows = columns.rows(COLUMN);
                return Ok(());
            }
            fits(columns.count(), record)?;
            let field: Option<&Field> = record.get(column);
            let prefix = field.map_or("", |field| field.text.as_str());
            let value = |name: &str| columns.cell(record, name);
            let wrong = |message| Wrong::line(field.or(record.first()), message);
            add(deck, prefix, &value, region).map_err(|refused| match refused {
                Refused::Wrong(message) => wrong(message),
                Refused::Twice(key) => {
                    let mut others = Records::new(&text).skip(1).map_while(Result::ok);
                    let first = others.find_map(|record| {
                        let field = record.into_iter().nth(column)?;
                        is_prefix(&field.text, key, region).then_some(field)
                    });
                    match first {
                        Some(first) => {
                            wrong(same(prefix, &first.text)).between(first.span, "first given here")
                        }
                        None => wrong(same(prefix, prefix)),
                    }
                }
            })
        });
    }

    /// Tables that fall back on the nearest of their places.
    fn connect(&mut self, all: &mut [Deck], shared: &Shared) {
        let table = self.table;
        let section = Path::ROOT.key("prefixes");
        for (place, entry) in table.prefixes.entries().iter().enumerate() {
            let near = entry.value.as_ref().and_then(|value| value.near.as_ref());
            let Some(near) = near else {
                continue;
            };
            let at = section.key(&entry.name);
            let at = at.key("near");
            let Some(other) = self.place("prefixes", near, &shared.decks, &at) else {
                continue;
            };
            let Some(places) = all.get_mut(other as usize).map(std::mem::take) else {
                continue;
            };
            let own = all.get_mut(place);
            match own {
                Some(own) if other as usize != place => {
                    if own.places.is_empty() || places.places.is_empty() {
                        let message = format!(
                            "both `{}` and `{}` need columns `latitude` and `longitude`",
                            shorten(&entry.name),
                            shorten(near)
                        );
                        self.fault(&at, message);
                    }
                    own.connect(&places);
                }
                _ => self.fault(&at, "a table is not near itself; name another"),
            }
            if let Some(slot) = all.get_mut(other as usize) {
                *slot = places;
            }
        }
    }
}

/// Why an entry is not taken.
enum Refused {
    Wrong(String),
    /// This prefix is there already.
    Twice(Key),
}

fn add(
    deck: &mut Deck,
    prefix: &str,
    value: &dyn Fn(&str) -> Box<str>,
    region: Option<Region>,
) -> Result<(), Refused> {
    let keys = number::prefix(prefix, region).map_err(|error| Refused::Wrong(error.to_string()))?;
    let row = deck.rows.push(value);
    if let Some(place) = place(value).map_err(Refused::Wrong)? {
        deck.places.push((row, place));
    }
    for key in keys {
        if deck.table.insert(key, row).is_some() {
            return Err(Refused::Twice(key));
        }
        deck.entries.push((key, row));
    }
    Ok(())
}

/// Whether a text is this prefix, as it is written or in full.
fn is_prefix(text: &str, key: Key, region: Option<Region>) -> bool {
    number::prefix(text, region).is_ok_and(|keys| keys.contains(&key))
}

fn same(prefix: &str, first: &str) -> String {
    let (prefix, first) = (shorten(prefix), shorten(first));
    match prefix == first {
        true => format!("`{prefix}` stands here twice; take one of them out"),
        false => format!("`{prefix}` is the same prefix as `{first}`; take one of them out"),
    }
}

/// Where a row is, when it says so.
fn place(value: &dyn Fn(&str) -> Box<str>) -> Result<Option<Place>, String> {
    let degrees = |name: &str, most: f64| {
        let text = value(name);
        if text.is_empty() {
            return Ok(None);
        }
        let read = text
            .parse::<f64>()
            .ok()
            .filter(|degrees| degrees.abs() <= most);
        read.map(Some).ok_or_else(|| {
            format!(
                "`{}` is no {name}; expected degrees from -{most} to {most}",
                shorten(&text)
            )
        })
    };
    match (degrees("latitude", 90.0)?, degrees("longitude", 180.0)?) {
        (Some(latitude), Some(longitude)) => Ok(Some(Place {
            latitude,
            longitude,
        })),
        (None, None) => Ok(None),
        _ => Err("a place has both `latitude` and `longitude`".to_owned()),
    }
}
