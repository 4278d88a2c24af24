//! Where numbers come from, by their first digits, in tables that a decision can afford.

mod states;

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use callroute_schema::number::{area_prefixes, country_prefixes};

use self::states::names_of;
use crate::prefix::{Key, PrefixTable};
use callroute_schema::hint::nearest;

static COUNTRIES: LazyLock<Origins> = LazyLock::new(|| Origins::new(country_prefixes()));
static COUNTRY_OF: LazyLock<PrefixTable> = LazyLock::new(|| COUNTRIES.table());
static AREAS: LazyLock<Origins> = LazyLock::new(|| Origins::new(area_prefixes()));
static NAMED: LazyLock<HashMap<String, Vec<u32>>> = LazyLock::new(named);

/// Prefixes of numbers in full, to names.
#[derive(Debug)]
struct Origins {
    /// Each before what begins with it, with the places of their names.
    rows: Vec<(Key, u32)>,
    /// Each once.
    names: Vec<&'static str>,
}

impl Origins {
    fn new(rows: impl Iterator<Item = (u64, &'static str)>) -> Self {
        let rows: Vec<_> = rows.collect();
        let mut keys = Vec::with_capacity(rows.len());
        let mut names = Vec::new();
        let mut known: HashMap<&str, u32> = HashMap::new();
        for (prefix, name) in rows {
            let next = u32::try_from(names.len()).unwrap_or(u32::MAX);
            let place = *known.entry(name).or_insert_with(|| {
                names.push(name);
                next
            });
            if let Some(key) = Key::prefix(&format!("+{prefix}")) {
                keys.push((key, place));
            }
        }
        keys.sort_unstable();
        Self { rows: keys, names }
    }

    /// The places of names by the prefixes of numbers.
    fn table(&self) -> PrefixTable {
        let mut table = PrefixTable::with_capacity(self.rows.len());
        for (prefix, place) in &self.rows {
            table.insert(*prefix, *place);
        }
        table
    }
}

/// The country of a number in full; as [`callroute_schema::number::country`].
pub(crate) fn country(number: Key) -> Option<&'static str> {
    let place = COUNTRY_OF.longest(number)?;
    COUNTRIES.names.get(place as usize).copied()
}

/// Every country that numbers may have which begin so, in full; `None` among them: of no country.
pub(crate) fn countries_under(prefix: Key) -> HashSet<Option<&'static str>> {
    let name = |place: u32| COUNTRIES.names.get(place as usize).copied();
    let own = COUNTRY_OF.longest(prefix).and_then(name);
    let rows = &COUNTRIES.rows;
    let from = rows.partition_point(|(key, _)| *key < prefix);
    let below = rows.iter().skip(from);
    let below = below.take_while(|(key, _)| prefix.begins(*key));
    let mut found: HashSet<_> = below.map(|(_, place)| name(*place)).collect();
    found.insert(own);
    found
}

/// Numbers of some countries, or of some areas: a small table, so that it is near when it is
/// asked, where the one of all the world is not.
#[derive(Debug, Clone)]
pub(crate) struct Origin(PrefixTable);

impl Origin {
    /// Numbers of these countries.
    pub(crate) fn countries(names: &[String]) -> Self {
        let is_one = |place: u32| {
            let name = COUNTRIES.names.get(place as usize);
            name.is_some_and(|name| names.iter().any(|wanted| wanted == name))
        };
        Self::new(&COUNTRIES, is_one)
    }

    /// Numbers that were given out in places of these names.
    pub(crate) fn areas(names: &[String]) -> Self {
        let mut areas: Vec<u32> = names.iter().flat_map(|name| areas_named(name)).collect();
        areas.sort_unstable();
        Self::new(&AREAS, |place| areas.binary_search(&place).is_ok())
    }

    /// The prefixes at which a number comes in, and those at which it is out again.
    fn new(origins: &Origins, is_in: impl Fn(u32) -> bool) -> Self {
        let mut kept = PrefixTable::new();
        let mut above: Vec<(Key, bool)> = Vec::new();
        for (key, place) in &origins.rows {
            while above.pop_if(|(prefix, _)| !prefix.begins(*key)).is_some() {}
            let inside = is_in(*place);
            if above.last().is_some_and(|(_, inside)| *inside) != inside {
                kept.insert(*key, inside.into());
                above.push((*key, inside));
            }
        }
        Self(kept)
    }

    /// Whether a number in full is one of them.
    pub(crate) fn holds(&self, number: Key) -> bool {
        self.0.longest(number) == Some(1)
    }
}

/// The areas that a name of a state, a town or both means, in any case; sorted.
fn areas_named(wanted: &str) -> Vec<u32> {
    let named = NAMED.get(&wanted.to_ascii_lowercase());
    named.cloned().unwrap_or_default()
}

/// Whether numbers are given out in a place of this name.
pub(crate) fn is_area(name: &str) -> bool {
    NAMED.contains_key(&name.to_ascii_lowercase())
}

/// The place whose name is nearest to a text, in its usual spelling.
pub(crate) fn nearest_area(text: &str) -> Option<&'static str> {
    let states = AREAS.names.iter().flat_map(|area| names_of(area));
    let names = AREAS.names.iter().flat_map(|area| {
        let town = area.split_once(", ").map(|(town, _)| town);
        [Some(*area), town].into_iter().flatten()
    });
    nearest(text, states.chain(names))
}

/// Areas by each of their names, in small letters.
fn named() -> HashMap<String, Vec<u32>> {
    let in_north_america = |(key, place): &(Key, u32)| {
        let inside = Key::prefix("+1").is_some_and(|prefix| prefix.begins(*key));
        inside.then_some(*place)
    };
    let with_states: HashSet<u32> = AREAS.rows.iter().filter_map(in_north_america).collect();
    let mut named: HashMap<String, Vec<u32>> = HashMap::new();
    for (area, place) in AREAS.names.iter().zip(0..) {
        let state = area.rsplit_once(", ").map(|(_, state)| state);
        let town = area.split_once(", ").map(|(town, _)| town);
        let states = names_of(state.unwrap_or(area)).filter(|_| with_states.contains(&place));
        for name in [Some(*area), state, town]
            .into_iter()
            .flatten()
            .chain(states)
        {
            let places = named.entry(name.to_ascii_lowercase()).or_default();
            if places.last() != Some(&place) {
                places.push(place);
            }
        }
    }
    named
}

#[cfg(test)]
mod tests {
    use callroute_schema::number;
    use proptest::prelude::*;

    use std::sync::LazyLock;

    use super::{AREAS, Origin, areas_named, countries_under, country, is_area, nearest_area};
    use crate::prefix::{Key, PrefixTable};

    static AREA_OF: LazyLock<PrefixTable> = LazyLock::new(|| AREAS.table());

    fn area(number: Key) -> Option<u32> {
        AREA_OF.longest(number)
    }

    fn name_of(digits: &str) -> Option<&'static str> {
        let place = area(Key::call(digits))?;
        AREAS.names.get(place as usize).copied()
    }

    #[test]
    fn mobile_numbers_of_argentina_are_where_their_area_code_is() {
        let expected = number::area("+5492345123456");
        assert_eq!(expected, Some("25 de Mayo, Buenos Aires"));
        assert_eq!(name_of("+5492345123456"), expected);
    }

    #[test]
    fn a_state_and_a_town_are_found() {
        let state = areas_named("ca");
        let place = area(Key::call("+14155550123")).unwrap();
        assert!(state.contains(&place) && state.len() > 1);
        let town = areas_named("San Francisco");
        assert!(town.contains(&place) && town.len() < state.len());
        let is_it = |place: &u32| AREAS.names[*place as usize].contains("San Francisco");
        assert!(town.iter().all(is_it));
        assert!(areas_named("nowhere at all").is_empty());
    }

    #[test]
    fn a_state_is_its_letters_its_name_and_its_towns() {
        let within =
            |name: &str, number: &str| Origin::areas(&[name.to_owned()]).holds(Key::call(number));
        for name in ["MO", "Missouri", "missouri"] {
            assert!(within(name, "+13146523057"), "the area code is the state's");
            assert!(within(name, "+13143812345"), "St. Louis, MO");
            assert!(!within(name, "+14155550123"));
        }
        assert!(within("Washington", "+12065550123"));
        assert!(within("PE", "+19025550123"));
        assert!(is_area("Dublin") && is_area("mo") && !is_area("Misouri"));
        assert_eq!(nearest_area("Misouri"), Some("Missouri"));
        assert_eq!(nearest_area("Xyzzyplugh"), None);
    }

    #[test]
    fn a_prefix_has_the_countries_of_its_numbers() {
        let under = |prefix: &str| {
            let found = countries_under(Key::prefix(prefix).unwrap());
            let mut found: Vec<_> = found.into_iter().collect();
            found.sort_unstable();
            found
        };
        assert_eq!(under("+1314"), [Some("US")]);
        assert_eq!(under("+3531"), [Some("IE")]);
        assert!(under("+1").contains(&Some("CA")) && under("+1").contains(&Some("US")));
        assert!(under("+44").contains(&Some("JE")));
        assert!(under("+3").contains(&None) && under("+3").contains(&Some("IE")));
        assert_eq!(under("314"), [None], "not in full");
    }

    proptest! {
        #[test]
        fn no_number_is_of_another_country_than_its_prefix(begin in "[1-9][0-9]{0,6}", rest in "[0-9]{6,8}") {
            let found = countries_under(Key::prefix(&format!("+{begin}")).unwrap());
            let number = format!("+{begin}{rest}");
            prop_assert!(found.contains(&country(Key::call(&number))));
        }

        #[test]
        fn as_the_schema_says(digits in prop_oneof!["[1-9][0-9]{6,14}", "1[2-9][0-9]{9}", "54[0-9]{8,12}", "549[0-9]{8,11}"]) {
            let number = format!("+{digits}");
            prop_assert_eq!(country(Key::call(&number)), number::country(&number));
            prop_assert_eq!(name_of(&number), number::area(&number));
            let key = Key::call(&number);
            let within = Origin::countries(&["US", "RU", "GB"].map(str::to_owned)).holds(key);
            let found = number::country(&number);
            prop_assert_eq!(within, matches!(found, Some("US" | "RU" | "GB")));
            let within = Origin::areas(&["ca", "Dublin", "Buenos Aires"].map(str::to_owned)).holds(key);
            let named = |area: &str| {
                let parts = [Some(area), area.split_once(", ").map(|(town, _)| town),
                    area.rsplit_once(", ").map(|(_, state)| state)];
                parts.into_iter().flatten().any(|part| ["CA", "California", "Dublin", "Buenos Aires"].contains(&part))
            };
            prop_assert_eq!(within, number::area(&number).is_some_and(named));
        }
    }
}
