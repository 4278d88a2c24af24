//! What runs of keys two patterns have in common.

use callroute_schema::DigitPattern;

/// Most runs of keys that a pattern is spelled out into.
const MAX_RUNS: usize = 10_000;

/// Whether some run of keys fits both.
pub(super) fn meet(one: &DigitPattern, other: &DigitPattern) -> bool {
    let (mut one, mut other) = (one.as_str().chars(), other.as_str().chars());
    loop {
        match (one.next(), other.next()) {
            (None, None) => return true,
            // A dot takes one key or more.
            (Some('.'), Some(_)) | (Some(_), Some('.')) => return true,
            (Some(a), Some(b)) if keys(a).any(|key| takes(b, key)) => {}
            _ => return false,
        }
    }
}

/// Whether every run of keys that fits one fits the other.
pub(super) fn within(one: &DigitPattern, other: &DigitPattern) -> bool {
    let (mut one, mut other) = (one.as_str().chars(), other.as_str().chars());
    loop {
        match (one.next(), other.next()) {
            (None, None) => return true,
            (Some(_), Some('.')) => return true,
            (Some('.'), _) => return false,
            (Some(a), Some(b)) if keys(a).all(|key| takes(b, key)) => {}
            _ => return false,
        }
    }
}

/// Every run of keys that fits; `None`: too many to look at.
pub(super) fn runs(pattern: &DigitPattern) -> Option<Vec<String>> {
    let mut all = vec![String::new()];
    for c in pattern.as_str().chars() {
        let count = keys(c).count();
        if c == '.' || all.len().saturating_mul(count) > MAX_RUNS {
            return None;
        }
        let longer = all
            .iter()
            .flat_map(|run| keys(c).map(move |key| format!("{run}{key}")));
        all = longer.collect();
    }
    Some(all)
}

/// The keys that a pattern's character stands for.
fn keys(c: char) -> impl Iterator<Item = char> {
    "0123456789*#".chars().filter(move |key| takes(c, *key))
}

fn takes(c: char, key: char) -> bool {
    match c {
        'X' => key.is_ascii_digit(),
        'Z' => matches!(key, '1'..='9'),
        'N' => matches!(key, '2'..='9'),
        same => same == key,
    }
}

#[cfg(test)]
mod tests {
    use callroute_schema::DigitPattern;

    use super::{meet, runs, within};

    fn pattern(text: &str) -> DigitPattern {
        DigitPattern::new(text).unwrap()
    }

    #[test]
    fn patterns_are_compared_key_by_key() {
        let both = |a: &str, b: &str| {
            (
                meet(&pattern(a), &pattern(b)),
                within(&pattern(a), &pattern(b)),
            )
        };
        assert_eq!(both("2X0", "20X"), (true, false));
        assert_eq!(both("20X", "2XX"), (true, true));
        assert_eq!(both("2XX", "20X"), (true, false));
        assert_eq!(both("1XX", "2XX"), (false, false));
        assert_eq!(both("1X", "1XX"), (false, false));
        assert_eq!(both("9.", "91X"), (true, false));
        assert_eq!(both("91X", "9."), (true, true));
        assert_eq!(both("9", "9."), (false, false));
        assert_eq!(both("N", "Z"), (true, true));
        assert_eq!(both("*X", "XX"), (false, false));
    }

    #[test]
    fn runs_are_spelled_out_while_they_are_few() {
        assert_eq!(runs(&pattern("Z")).unwrap().len(), 9);
        assert_eq!(runs(&pattern("2X#")).unwrap().len(), 10);
        assert!(runs(&pattern("9.")).is_none());
        assert!(runs(&pattern("XXXXX")).is_none());
    }
}
