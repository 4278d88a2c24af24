//! Longest prefix of a number's digits, in a sorted table.

/// A table of prefixes of E.164 numbers, each with the text that belongs to it.
#[derive(Debug)]
pub(crate) struct Prefixes {
    /// Prefixes as numbers, sorted. E.164 digits never begin with 0, so none is ambiguous.
    rows: Vec<(u64, &'static str)>,
    longest: usize,
}

impl Prefixes {
    /// Takes `(prefixes joined by a space, text)`.
    pub(crate) fn new(rows: impl Iterator<Item = (&'static str, &'static str)>) -> Self {
        let mut longest = 0;
        let mut table = Vec::new();
        for (prefixes, text) in rows {
            for prefix in prefixes.split(' ') {
                if let Ok(key) = prefix.parse() {
                    longest = longest.max(prefix.len());
                    table.push((key, text));
                }
            }
        }
        table.sort_unstable();
        Self {
            rows: table,
            longest,
        }
    }

    /// The text of the longest prefix of `digits` (E.164 without its plus).
    pub(crate) fn longest(&self, digits: &str) -> Option<&'static str> {
        (1..=self.longest.min(digits.len()))
            .rev()
            .find_map(|length| {
                let key: u64 = digits.get(..length)?.parse().ok()?;
                let at = self
                    .rows
                    .binary_search_by_key(&key, |(prefix, _)| *prefix)
                    .ok()?;
                self.rows.get(at).map(|(_, text)| *text)
            })
    }

    /// Every prefix (E.164 without its plus) with its text, in no order of meaning.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (u64, &'static str)> + '_ {
        self.rows.iter().copied()
    }

    /// How many prefixes there are.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }
}

#[cfg(test)]
mod tests {
    use super::Prefixes;

    #[test]
    fn finds_the_longest() {
        let table = Prefixes::new([("1 44", "a"), ("1415", "b"), ("441", "c")].into_iter());
        assert_eq!(table.len(), 4);
        for (digits, found) in [
            ("14155550123", Some("b")),
            ("1416", Some("a")),
            ("1", Some("a")),
            ("4420", Some("a")),
            ("4412", Some("c")),
            ("4", None),
            ("", None),
            ("99", None),
        ] {
            assert_eq!(table.longest(digits), found, "{digits}");
        }
    }
}
