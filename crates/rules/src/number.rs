//! Numbers and prefixes as people write them.

use callroute_schema::number::{Region, is_visual};

use crate::engine::{Dialed, in_full};
use crate::prefix::Key;
use callroute_schema::hint::shorten;

/// Longest number or prefix that is accepted, in characters.
const MAX: usize = 64;

/// Why a text is no number, or no prefix.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NumberError {
    #[error("a number must not be empty")]
    Empty,
    #[error("a number has at most {MAX} characters, found {found}")]
    TooLong { found: usize },
    #[error(
        "`{found}` holds `(0)`, which is not dialed; write the number as it is dialed, as in +442079460000"
    )]
    TrunkZero { found: String },
    #[error("`{found}` is no number: {character:?} is not part of it; write it as in +13146523057")]
    Character { found: String, character: char },
    #[error("`{found}` is no prefix; a prefix is digits, as in +1314")]
    NoPrefix { found: String },
    #[error("a `*` stands for the rest of a number, so it comes last, as in +1314*")]
    Star,
    #[error("`*` would be everybody; leave the condition out instead")]
    Everybody,
    #[error("a prefix has at most 15 digits, as E.164 numbers have; found {found}")]
    LongPrefix { found: usize },
}

/// How a key of a table covers numbers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Pattern {
    /// This number, or this SIP user, and no other.
    Exact(Dialed),
    /// Every number that begins so; written with a `*` at the end. A national prefix has two
    /// keys: as it is written, which is compared with what was dialed, and in full.
    Prefix(Vec<Key>),
    /// Every number; written `*`.
    Any,
}

/// A number as it is compared: visual separators (RFC 3966, section 5.1.1) and spaces are left
/// out of what starts with `+` or a digit; a SIP user stays as it is.
pub(crate) fn number(text: &str) -> Result<String, NumberError> {
    check_length(text)?;
    let begins = |c: char| c == '+' || c == '(' || c.is_ascii_digit();
    if !text.starts_with(begins) {
        return match text.chars().find(|c| c.is_whitespace() || c.is_control()) {
            Some(character) => Err(NumberError::Character {
                found: shorten(text),
                character,
            }),
            None => Ok(text.to_owned()),
        };
    }
    if text.contains("(0)") {
        return Err(NumberError::TrunkZero {
            found: shorten(text),
        });
    }
    let is_user = !text.starts_with('+') && text.chars().any(|c| c.is_ascii_alphabetic());
    if is_user {
        return Ok(text.to_owned());
    }
    let mut plain = String::with_capacity(text.len());
    for (index, character) in text.chars().enumerate() {
        match character {
            c if is_visual(c) => {}
            '+' if index == 0 => plain.push(character),
            '0'..='9' | '*' | '#' if !text.starts_with('+') => plain.push(character),
            '0'..='9' => plain.push(character),
            '*' => return Err(NumberError::Star),
            _ => {
                return Err(NumberError::Character {
                    found: shorten(text),
                    character,
                });
            }
        }
    }
    match plain.as_str() {
        "" | "+" => Err(NumberError::Empty),
        _ => Ok(plain),
    }
}

/// A prefix of numbers, written with or without a `*` at its end.
fn plain_prefix(text: &str) -> Result<String, NumberError> {
    let stem = text.strip_suffix('*').unwrap_or(text);
    check_length(stem)?;
    if stem == "+" {
        return Ok(stem.to_owned());
    }
    let plain = number(stem)?;
    let digits = |c: char| c.is_ascii_digit() || matches!(c, '+' | '*' | '#');
    match plain.chars().all(digits) {
        true => Ok(plain),
        false => Err(NumberError::NoPrefix {
            found: shorten(text),
        }),
    }
}

/// A key of `numbers`, or an entry of a list: `+13146523057`, `+1314*`, or `*` for every number.
pub(crate) fn pattern(text: &str, region: Option<Region>) -> Result<Pattern, NumberError> {
    match text.strip_suffix('*') {
        Some("") => Ok(Pattern::Any),
        Some(_) => Ok(Pattern::Prefix(prefix(text, region)?)),
        None => Ok(Pattern::Exact(exact(text, region)?)),
    }
}

/// A whole number as it is compared: in full where the region tells how it is read.
pub(crate) fn exact(text: &str, region: Option<Region>) -> Result<Dialed, NumberError> {
    // Most numbers of large tables are in full, and nothing has to be left out.
    if let Some(key) = Key::international(text) {
        return Ok(Dialed::Key(key));
    }
    let plain = number(text)?;
    let full = region.and_then(|region| in_full(&plain, region));
    let plain = full.unwrap_or(plain);
    Ok(match Key::number(&plain) {
        Some(key) => Dialed::Key(key),
        None => Dialed::Text(plain.into()),
    })
}

/// The keys of a prefix, written with or without a `*` at its end.
pub(crate) fn prefix(text: &str, region: Option<Region>) -> Result<Vec<Key>, NumberError> {
    if let Some(key) = prefix_as_written(text) {
        return Ok(vec![key]);
    }
    let plain = plain_prefix(text)?;
    let written = Key::prefix(&plain).ok_or(NumberError::LongPrefix { found: plain.len() })?;
    let full = region.and_then(|region| prefix_in_full(&plain, region));
    Ok([Some(written), full].into_iter().flatten().collect())
}

/// The key of a prefix in full, from which nothing has to be left out.
pub(crate) fn prefix_as_written(text: &str) -> Option<Key> {
    let stem = text.strip_suffix('*').unwrap_or(text);
    let digits = stem.strip_prefix('+')?;
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| Key::prefix(stem))?
}

/// A national prefix in full: what is left of a number that begins so when it is read. `None`: too
/// short to tell it from the beginning of an extension or of a code for an outside line, or
/// nothing but the code before all numbers abroad.
fn prefix_in_full(plain: &str, region: Region) -> Option<Key> {
    const FILL: [&str; 4] = ["5555555555", "2222222222", "1234567890", "0000000000"];
    // In full already, or no national number: nothing behind it changes that.
    if !plain.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let lengths = 1..=10_usize;
    let fills = lengths.flat_map(|length| FILL.iter().filter_map(move |fill| fill.get(..length)));
    fills
        .filter_map(|fill| {
            let full = in_full(&format!("{plain}{fill}"), region)?;
            let full = full.strip_suffix(fill)?;
            is_telling(plain, full).then(|| Key::prefix(full))?
        })
        .next()
}

/// Whether a national prefix, which is `full` in full, says enough: it begins with the 0 that is
/// dialed before national numbers, or has as many digits as an area code, the digit that is dialed
/// before it left out.
fn is_telling(plain: &str, full: &str) -> bool {
    const AREA: usize = 3;
    // Where `1` is both dialed first and the country's code, it is no digit of the area.
    let own = match full.starts_with("+1") {
        true => plain.strip_prefix('1').unwrap_or(plain),
        false => (0..plain.len())
            .filter_map(|left_out| plain.get(left_out..))
            .find(|rest| full.ends_with(rest))
            .unwrap_or(""),
    };
    match plain.starts_with('0') {
        true => plain.len() > 1 && !own.is_empty(),
        false => own.len() >= AREA,
    }
}

fn check_length(text: &str) -> Result<(), NumberError> {
    match text.chars().count() {
        0 => Err(NumberError::Empty),
        1..=MAX => Ok(()),
        found => Err(NumberError::TooLong { found }),
    }
}

#[cfg(test)]
mod tests {
    use callroute_schema::number::Region;

    use super::{Pattern, exact, number, pattern, plain_prefix, prefix};
    use crate::engine::Dialed;
    use crate::prefix::Key;

    #[test]
    fn leaves_out_what_is_only_to_be_seen() {
        for (text, plain) in [
            ("+1 (314) 652-3057", "+13146523057"),
            ("+1.314.652.3057", "+13146523057"),
            ("1001", "1001"),
            ("*97", "*97"),
            ("1800flowers", "1800flowers"),
            ("alice.cooper", "alice.cooper"),
        ] {
            assert_eq!(number(text).as_deref(), Ok(plain), "{text}");
        }
    }

    #[test]
    fn refuses_what_would_never_match() {
        for text in [
            "",
            "+",
            "+44 (0) 20 7946 0000",
            "+1800FLOWERS",
            "+13*14",
            "a b",
            "+1+2",
        ] {
            assert!(number(text).is_err(), "{text}");
        }
        assert!(plain_prefix("branches").is_err());
        assert!(plain_prefix("*").is_err());
        assert!(prefix("+1234567890123456", None).is_err());
    }

    #[test]
    fn a_star_at_the_end_is_a_prefix() {
        let key = |text: &str| vec![Key::prefix(text).unwrap()];
        let read = |text| pattern(text, None);
        assert_eq!(read("*"), Ok(Pattern::Any));
        assert_eq!(read("+1900*"), Ok(Pattern::Prefix(key("+1900"))));
        assert_eq!(read("+1 900*"), Ok(Pattern::Prefix(key("+1900"))));
        let whole = Dialed::Key(Key::number("+1900").unwrap());
        assert_eq!(read("+1900"), Ok(Pattern::Exact(whole)));
        assert_eq!(
            read("alice"),
            Ok(Pattern::Exact(Dialed::Text("alice".into())))
        );
    }

    #[test]
    fn a_region_tells_how_national_numbers_are_read() {
        let region = |text| Some(Region::new(text).unwrap());
        let full = |text: &str, at| exact(text, region(at)).unwrap().to_string();
        assert_eq!(full("(314) 652-3057", "US"), "+13146523057");
        assert_eq!(full("01 679 9222", "IE"), "+35316799222");
        assert_eq!(full("1001", "US"), "1001", "an extension");
        assert_eq!(full("911", "US"), "911");
        let keys = |text, at| -> Vec<String> {
            let keys = prefix(text, region(at)).unwrap();
            keys.iter().map(ToString::to_string).collect()
        };
        assert_eq!(keys("01*", "IE"), ["01*", "+3531*"]);
        assert_eq!(keys("+1314*", "US"), ["+1314*"]);
        assert_eq!(keys("*97", "US"), ["*97*"]);
        assert_eq!(keys("314*", "US"), ["314*", "+1314*"]);
        assert_eq!(keys("1314*", "US"), ["1314*", "+1314*"]);
        assert_eq!(keys("020*", "GB"), ["020*", "+4420*"]);
        assert_eq!(keys("07*", "GB"), ["07*", "+447*"]);
        assert_eq!(keys("06*", "IT"), ["06*", "+3906*"]);
        assert_eq!(keys("912*", "ES"), ["912*", "+34912*"]);
    }

    #[test]
    fn a_short_prefix_is_one_of_extensions() {
        let region = |text| Some(Region::new(text).unwrap());
        for (text, at) in [
            ("2*", "US"),
            ("31*", "US"),
            ("9*", "US"),
            ("1*", "US"),
            ("13*", "US"),
            ("2*", "GB"),
            ("20*", "GB"),
            ("0*", "GB"),
            ("2*", "IE"),
            ("9*", "ES"),
            ("91*", "ES"),
            ("0*", "IT"),
        ] {
            assert_eq!(prefix(text, region(at)).unwrap().len(), 1, "{text} in {at}");
        }
    }
}
