//! Country of a number, by its first digits alone.

use std::sync::LazyLock;

use crate::number::{data, prefix::Prefixes};

static COUNTRIES: LazyLock<Prefixes> = LazyLock::new(|| {
    let rows = data::COUNTRIES.lines();
    let rows = rows.filter_map(|row| row.split_once(','));
    Prefixes::new(rows.map(|(country, prefixes)| (prefixes, country)))
});

/// The country that a number's first digits belong to: `001` for those of no country (+800).
///
/// `e164` is a number with its plus. It is not asked whether it is valid, so that this is quick;
/// where it is, [`read`](crate::number::read) says the same.
#[must_use]
pub fn country(e164: &str) -> Option<&'static str> {
    let digits = e164.strip_prefix('+')?;
    let digits = digits.get(..digits.len().min(15))?;
    COUNTRIES.longest(digits)
}

/// Every prefix of numbers (E.164 without its plus) that names a country, with the country: the
/// longest that a number begins with counts, as [`country()`] finds it.
pub fn country_prefixes() -> impl Iterator<Item = (u64, &'static str)> {
    COUNTRIES.rows()
}

#[cfg(test)]
mod tests {
    use super::{COUNTRIES, country};
    use crate::number::{Kind, read};

    #[test]
    fn countries_that_share_a_code_are_told_apart() {
        assert!(COUNTRIES.len() > 1_000, "{}", COUNTRIES.len());
        for (number, expected) in [
            ("+13146523057", Some("US")),
            ("+14165550123", Some("CA")),
            ("+18765550123", Some("JM")),
            ("+35316799222", Some("IE")),
            ("+442079460000", Some("GB")),
            ("+441481960194", Some("GG")),
            ("+441534960194", Some("JE")),
            ("+77172123456", Some("KZ")),
            ("+74951234567", Some("RU")),
            ("+390669812345", Some("VA")),
            ("+80012345678", Some("001")),
            ("+999", None),
            ("1314", None),
            ("", None),
        ] {
            assert_eq!(country(number), expected, "{number}");
        }
    }

    /// Numbers spread over every calling code: wherever the plans hold one, both say the same.
    #[test]
    fn agrees_with_reading_the_number() {
        let mut compared = 0;
        for code in 1..1_000_u32 {
            for fill in [
                "2012345678",
                "3012345",
                "71234567",
                "2212345678",
                "501234567",
                "9123456789",
            ] {
                let number = format!("+{code}{fill}");
                let read = read(&number, None);
                if read.valid && read.kind == Kind::E164 && read.e164.as_deref() == Some(&*number) {
                    compared += 1;
                    assert_eq!(
                        country(&number),
                        read.country.map(crate::number::Region::as_str),
                        "{number}"
                    );
                }
            }
        }
        assert!(compared > 250, "{compared}");
    }
}
