//! The words of opening_hours, and what to say about any other.

use super::super::lexer::{HoursError, Lexer};

pub(super) const WEEKDAYS: [&str; 7] = ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"];
pub(super) const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
/// How a rule may begin.
pub(super) const DATES: &str = "a date (Dec 25), a month (Jan-Mar), a weekday (Mo, Mo[1]), `week` or \
                                `easter`";
pub(super) const EXPECTED: &str = "a weekday (Mo, Tu, …), PH, a month (Jan-Mar), a date (Dec 25), \
                                   `week`, `easter`, a time (09:00-17:30), `off` or 24/7";
const OTHERS: [&str; 5] = ["PH", "off", "easter", "week", "closed"];
const FULL: [&str; 24] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "ph",
    "off",
    "easter",
    "weeks",
    "closed",
];

/// A weekday from 0, Monday.
pub(super) fn weekday(word: &str) -> Option<u8> {
    (0..)
        .zip(WEEKDAYS)
        .find(|(_, known)| *known == word)
        .map(|(number, _)| number)
}

/// A month from 1.
pub(super) fn month(word: &str) -> Option<u32> {
    (1..)
        .zip(MONTHS)
        .find(|(_, known)| *known == word)
        .map(|(number, _)| number)
}

/// What to say about a word that is not known, or not in its place.
pub(super) fn unknown(word: &str) -> String {
    let mut names = WEEKDAYS.iter().chain(&MONTHS).chain(&OTHERS);
    if names.clone().any(|known| *known == word) {
        return format!("`{word}` does not belong here");
    }
    let folded = word.to_lowercase();
    let abbreviates = |(full, name): &(&str, &&str)| {
        full.starts_with(&folded) && folded.starts_with(&name.to_lowercase())
    };
    match FULL.into_iter().zip(&mut names).find(abbreviates) {
        Some((_, name)) => format!("`{word}` is not understood; write `{name}`"),
        None if word == "SH" => "school holidays (SH) are not supported; give their dates, as in \
                                 Jul 1-Aug 31"
            .to_owned(),
        None => format!("`{word}` is not understood; expected {EXPECTED}"),
    }
}

/// A number of one or two digits, within bounds.
pub(super) fn number(
    lexer: &mut Lexer<'_>,
    bounds: std::ops::RangeInclusive<u32>,
    expected: &str,
) -> Result<u32, HoursError> {
    let start = lexer.at();
    let digits = lexer.digits();
    if digits.is_empty() {
        return Err(lexer.unexpected(expected));
    }
    let number = digits.parse().ok().filter(|number| bounds.contains(number));
    number.ok_or_else(|| lexer.wrong_since(start, format!("expected {expected}")))
}
