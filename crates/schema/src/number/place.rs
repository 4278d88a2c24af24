//! Place of a number.

use std::sync::LazyLock;

use crate::number::{data, numbering::Parsed, prefix::Prefixes, region::Region};

static PLACES: LazyLock<Prefixes> =
    LazyLock::new(|| Prefixes::new(data::PLACES.lines().filter_map(|row| row.split_once(','))));

/// Country calling code of Argentina, whose mobile numbers carry a 9 in front of the area code.
const ARGENTINA: u16 = 54;

/// Where a valid number is, in English: the area that its first digits name (a town or district;
/// under +1 a state, province or country), else its country.
///
/// Numbers move between places and carriers: this is where the digits were given out.
pub(crate) fn place(parsed: &Parsed, country: Option<Region>) -> Option<String> {
    let digits = parsed.e164.trim_start_matches('+');
    let mobile = match digits.strip_prefix("549") {
        Some(rest) if parsed.country_code == ARGENTINA => Some(format!("54{rest}")),
        _ => None,
    };
    let area = || PLACES.longest(mobile.as_deref().unwrap_or(digits));
    let area = if parsed.geographical { area() } else { None };
    area.or_else(|| country?.name()).map(str::to_owned)
}

/// Where the digits of a number were given out, in English, as in `San Francisco, CA`; `None`:
/// its first digits name no area.
///
/// `e164` is a number with its plus. It is not asked whether it is valid.
#[must_use]
pub fn area(e164: &str) -> Option<&'static str> {
    let digits = e164.strip_prefix('+')?;
    let mobile = digits.strip_prefix("549").map(|rest| format!("54{rest}"));
    PLACES.longest(mobile.as_deref().unwrap_or(digits))
}

/// Every prefix of numbers (E.164 without its plus) that names an area, with the area: the
/// longest that a number begins with counts, as [`area()`] finds it.
pub fn area_prefixes() -> impl Iterator<Item = (u64, &'static str)> {
    let rows = || PLACES.rows();
    let written = |prefix: u64| prefix.to_string();
    // Mobile numbers of Argentina have a 9 before the area code, and are found by it without.
    let mobile = move |(prefix, area): (u64, &'static str)| {
        let rest = written(prefix);
        let rest = rest.strip_prefix("54")?;
        Some((format!("549{rest}").parse().ok()?, area))
    };
    let other = move |(prefix, _): &(u64, &str)| !written(*prefix).starts_with("549");
    rows().filter(other).chain(rows().filter_map(mobile))
}

#[cfg(test)]
mod tests {
    use super::PLACES;

    #[test]
    fn every_row_is_read() {
        assert!(PLACES.len() > 20_000, "{}", PLACES.len());
        assert_eq!(PLACES.longest("35316799222"), Some("Dublin"));
        assert_eq!(PLACES.longest("14155550123"), Some("San Francisco, CA"));
        assert_eq!(
            PLACES.longest("542345123456"),
            Some("25 de Mayo, Buenos Aires")
        );
    }
}
