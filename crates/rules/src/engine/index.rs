//! Digits to a value: exact first, then the longest prefix, then whatever covers everything.

use std::collections::HashMap;

/// How a key of a table covers numbers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Pattern {
    /// This number and no other.
    Exact(Box<str>),
    /// Every number that begins so; written with a `*` at the end.
    Prefix(Box<str>),
    /// Every number; written `*`.
    Any,
}

/// Numbers and prefixes to values, most specific first.
#[derive(Debug)]
pub(crate) struct PatternMap<T> {
    exact: HashMap<Box<str>, T>,
    prefixes: HashMap<Box<str>, T>,
    /// The lengths of prefixes that exist, in bytes, longest first.
    lengths: Vec<usize>,
    any: Option<T>,
}

impl<T> Default for PatternMap<T> {
    fn default() -> Self {
        Self {
            exact: HashMap::new(),
            prefixes: HashMap::new(),
            lengths: Vec::new(),
            any: None,
        }
    }
}

impl<T> PatternMap<T> {
    /// Adds a pattern; gives back what stood there before.
    pub(crate) fn insert(&mut self, pattern: Pattern, value: T) -> Option<T> {
        match pattern {
            Pattern::Exact(number) => self.exact.insert(number, value),
            Pattern::Any => self.any.replace(value),
            Pattern::Prefix(prefix) => {
                let length = prefix.len();
                if let Err(place) = self.lengths.binary_search_by(|seen| length.cmp(seen)) {
                    self.lengths.insert(place, length);
                }
                self.prefixes.insert(prefix, value)
            }
        }
    }

    /// The value of the most specific pattern that covers a number.
    pub(crate) fn find(&self, number: &str) -> Option<&T> {
        if let Some(value) = self.exact.get(number) {
            return Some(value);
        }
        self.lengths
            .iter()
            .filter_map(|length| number.get(..*length))
            .find_map(|prefix| self.prefixes.get(prefix))
            .or(self.any.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Pattern, PatternMap};

    fn pattern(text: &str) -> Pattern {
        match text.strip_suffix('*') {
            Some("") => Pattern::Any,
            Some(prefix) => Pattern::Prefix(prefix.into()),
            None => Pattern::Exact(text.into()),
        }
    }

    #[test]
    fn the_most_specific_wins() {
        let mut map = PatternMap::default();
        for text in ["*", "+1*", "+1314*", "+13146523057", "+13*"] {
            map.insert(pattern(text), text);
        }
        for (number, expected) in [
            ("+13146523057", "+13146523057"),
            ("+13146523058", "+1314*"),
            ("+1314", "+1314*"),
            ("+1399", "+13*"),
            ("+1", "+1*"),
            ("+44", "*"),
            ("é", "*"),
        ] {
            assert_eq!(map.find(number), Some(&expected), "{number}");
        }
    }

    proptest! {
        #[test]
        fn agrees_with_a_linear_search(
            patterns in proptest::collection::vec("[12]{0,4}\\*?", 0..12),
            number in "[12]{1,5}",
        ) {
            let mut map = PatternMap::default();
            for text in patterns.iter().filter(|text| !text.is_empty()) {
                map.insert(pattern(text), text.clone());
            }
            let covers = |text: &&String| match text.strip_suffix('*') {
                Some(prefix) => number.starts_with(prefix),
                None => **text == number,
            };
            // An exact number has no star, so it outranks a prefix of the same length.
            let rank = |text: &&String| text.len() * 2 - 3 * usize::from(text.ends_with('*'));
            let best = patterns.iter().filter(|text| !text.is_empty()).filter(covers).max_by_key(
                |text| if text.ends_with('*') { (0, text.len()) } else { (1, rank(text)) },
            );
            prop_assert_eq!(map.find(&number), best);
        }
    }
}
