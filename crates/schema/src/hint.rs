//! "Did you mean …?", and texts from outside in messages.

/// Longest text that is compared or quoted in full, in characters.
const SHOWN: usize = 64;
/// Most letters that are other in a name that was probably meant.
const NEAR: usize = 2;
/// Most names that a list in a message holds.
const LISTED: usize = 12;

/// The name that a text was probably meant to be.
#[must_use]
pub fn nearest<'a>(text: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let found = shorten(text).to_lowercase();
    let length = found.chars().count();
    let near = names.filter_map(|name| {
        let known = name.to_lowercase();
        let most = NEAR.min(name.chars().count() / 2);
        // Each character too many is one step, which is counted faster than steps are.
        if known.chars().count().abs_diff(length) > most {
            return None;
        }
        let distance = strsim::damerau_levenshtein(&found, &known);
        (distance <= most).then_some((distance, name))
    });
    let nearest = near.min_by_key(|(distance, _)| *distance);
    nearest.map(|(_, name)| name)
}

/// That a name of this kind is not given, and which ones are.
///
/// ```
/// let said = callroute_schema::hint::unknown("agent", "an", ["ann"].into_iter());
/// assert_eq!(said, "unknown agent `an`; did you mean `ann`? (there are `ann`)");
/// ```
#[must_use]
pub fn unknown<'a>(kind: &str, name: &str, names: impl Iterator<Item = &'a str> + Clone) -> String {
    format!("unknown {kind} `{}`{}", shorten(name), choices(name, names))
}

/// What to say after "unknown …": the nearest name, and which ones there are.
///
/// ```
/// let said = callroute_schema::hint::choices("nigth", ["night", "day"].into_iter());
/// assert_eq!(said, "; did you mean `night`? (there are `day`, `night`)");
/// ```
#[must_use]
pub fn choices<'a>(text: &str, names: impl Iterator<Item = &'a str> + Clone) -> String {
    let nearest = match nearest(text, names.clone()) {
        Some(name) => format!("; did you mean `{name}`?"),
        None => String::new(),
    };
    let mut sorted: Vec<&str> = names.collect();
    sorted.sort_unstable();
    if sorted.is_empty() {
        return "; this file has none".to_owned();
    }
    let more = sorted.len().saturating_sub(LISTED);
    sorted.truncate(LISTED);
    let quoted: Vec<String> = sorted.iter().map(|name| format!("`{name}`")).collect();
    let list = quoted.join(", ");
    match more {
        0 => format!("{nearest} (there are {list})"),
        _ => format!("{nearest} (there are {list} and {more} more)"),
    }
}

/// A text from outside, fit to be quoted: never at full length, no control characters.
#[must_use]
pub fn shorten(text: &str) -> String {
    let mut short: String = text.chars().take(SHOWN).map(harmless).collect();
    if text.chars().nth(SHOWN).is_some() {
        short.push('…');
    }
    short
}

/// A text without control characters, which would move a terminal's cursor.
pub(crate) fn clean(text: &str) -> String {
    text.chars().map(harmless).collect()
}

fn harmless(c: char) -> char {
    if c.is_control() { '\u{fffd}' } else { c }
}

#[cfg(test)]
mod tests {
    use super::{choices, nearest, shorten};

    #[test]
    fn hints_at_the_nearest_name_only_when_it_is_near() {
        let names = ["sales_group", "support"];
        assert_eq!(
            nearest("sales_gruop", names.into_iter()),
            Some("sales_group")
        );
        assert_eq!(nearest("billing", names.into_iter()), None);
        for (found, near) in [
            ("supp", None),
            ("suppo", Some("support")),
            ("supportxx", Some("support")),
            ("supportxxx", None),
            ("SUPPORT", Some("support")),
        ] {
            assert_eq!(nearest(found, names.into_iter()), near, "{found}");
        }
        assert_eq!(
            choices("suport", names.into_iter()),
            "; did you mean `support`? (there are `sales_group`, `support`)"
        );
        assert_eq!(choices("x", [].into_iter()), "; this file has none");
    }

    #[test]
    fn shortens_long_texts() {
        assert_eq!(shorten(&"x".repeat(70)), format!("{}…", "x".repeat(64)));
        assert_eq!(shorten("a\u{0}b"), "a\u{fffd}b");
    }
}
