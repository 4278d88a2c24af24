//! Time zones of a number.

use std::sync::LazyLock;

use crate::number::{data, numbering::Parsed, prefix::Prefixes};

static ZONES: LazyLock<Prefixes> = LazyLock::new(|| {
    let rows = data::ZONES.lines().filter_map(|row| row.split_once(','));
    Prefixes::new(rows.map(|(zones, prefixes)| (prefixes, zones)))
});

/// The IANA names of the zones in which a valid number may be; empty where none is known.
///
/// A geographical number has the zones of its longest prefix, any other those of its country.
pub(crate) fn zones(parsed: &Parsed) -> Vec<String> {
    let code = parsed.country_code.to_string();
    let digits = if parsed.geographical {
        parsed.e164.trim_start_matches('+')
    } else {
        code.as_str()
    };
    let zones = ZONES.longest(digits).unwrap_or_default().split('&');
    zones
        .filter(|zone| !zone.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::ZONES;

    #[test]
    fn every_row_is_read() {
        assert!(ZONES.len() > 3_000, "{}", ZONES.len());
        assert_eq!(ZONES.longest("498912345"), Some("Europe/Berlin"));
        assert_eq!(ZONES.longest("12125550123"), Some("America/New_York"));
    }
}
