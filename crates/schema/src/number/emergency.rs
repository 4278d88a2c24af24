//! Whether a dialed text is a call for help, whatever form it has.

use crate::number::{
    digits::{dialed, is_separator},
    region::Region,
    shape::{Shape, shape},
    short::protected_numbers,
};

/// Emergency numbers where no region is known: mobile phones know these two
/// (3GPP TS 22.101, section 10.1).
const ANYWHERE: &[&str] = &["112", "911"];

/// What a call for help dials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Emergency {
    /// This number.
    Number(&'static str),
    /// No number, but the service: `urn:service:sos`, `urn:service:sos.police`, … (RFC 5031).
    Service,
}

impl Emergency {
    /// The emergency numbers of a region, exactly as they are dialed, and 112, which mobile phones
    /// dial for help everywhere; without a region 112 and 911 (3GPP TS 22.101, section 10.1).
    #[must_use]
    pub fn numbers(region: Option<Region>) -> &'static [&'static str] {
        region.map_or(ANYWHERE, protected_numbers)
    }

    /// Whether a dialed text is one of these numbers, with or without punctuation, as a `tel:` or
    /// `sip:` URI too, or the URN of an emergency service.
    ///
    /// Of digits, and of names without any, it allocates nothing.
    #[must_use]
    pub fn read(text: &str, numbers: &'static [&'static str]) -> Option<Self> {
        let of = |digits: &str| {
            let number = numbers.iter().find(|number| ***number == *digits)?;
            Some(Self::Number(number))
        };
        let plain = text.strip_prefix('+').unwrap_or(text);
        if plain.bytes().all(|byte| byte.is_ascii_digit()) {
            // After a plus it is a country's number, which 911 is not.
            return of(text);
        }
        let begin = text.trim_start().get(..4);
        let is_urn = begin.is_some_and(|begin| begin.eq_ignore_ascii_case("urn:"));
        let names_nothing = text.is_ascii() && !text.bytes().any(|byte| byte.is_ascii_digit());
        if names_nothing && !is_urn || is_too_long(text) {
            return None;
        }
        match shape(text) {
            Shape::EmergencyService => Some(Self::Service),
            Shape::Number { dialed: number, .. } => of(&dialed(&number)?),
            _ => None,
        }
    }
}

/// More digits, with nothing but punctuation between them, than an emergency number has.
fn is_too_long(text: &str) -> bool {
    const MOST: usize = 6;
    let is_part = |c: char| c.is_ascii_digit() || c == '+' || is_separator(c);
    text.chars().all(is_part) && text.chars().filter(char::is_ascii_digit).count() > MOST
}

#[cfg(test)]
mod tests {
    use super::{Emergency, is_too_long};
    use crate::number::{Region, read};

    #[test]
    fn every_form_of_a_number_is_it() {
        let us = Region::new("US").ok();
        for (text, expected) in [
            ("911", Some(Emergency::Number("911"))),
            ("9-1-1", Some(Emergency::Number("911"))),
            (" 112", Some(Emergency::Number("112"))),
            ("９１１", Some(Emergency::Number("911"))),
            ("tel:911", Some(Emergency::Number("911"))),
            ("911;phone-context=+1", Some(Emergency::Number("911"))),
            ("sip:911@pbx.example", Some(Emergency::Number("911"))),
            (
                "sips:911;phone-context=+1@h;user=phone",
                Some(Emergency::Number("911")),
            ),
            ("urn:service:sos", Some(Emergency::Service)),
            ("URN:service:SOS.police", Some(Emergency::Service)),
            ("", None),
            ("+911", None),
            ("+1911", None),
            ("tel:+911", None),
            ("9110", None),
            ("*911", None),
            ("911flowers", None),
            ("999", None),
            ("alice", None),
            ("urgent", None),
            ("urn:service:counseling", None),
            ("sip:alice@911.example", None),
            ("(911) 911-9110", None),
        ] {
            let numbers = Emergency::numbers(us);
            assert_eq!(Emergency::read(text, numbers), expected, "{text}");
            assert_eq!(read(text, us).emergency, expected.is_some(), "{text}");
        }
    }

    #[test]
    fn without_a_region_the_numbers_of_everywhere_count() {
        let numbers = Emergency::numbers(None);
        for (text, is) in [
            ("112", true),
            ("911", true),
            ("tel:911", true),
            ("999", false),
        ] {
            assert_eq!(Emergency::read(text, numbers).is_some(), is, "{text}");
        }
    }

    /// Also where the country's own are others, or none are known.
    #[test]
    fn every_region_has_112() {
        for region in Region::all() {
            let numbers = Emergency::numbers(Some(region));
            let own = region.emergency_numbers();
            let count = own.len() + usize::from(!own.contains(&"112"));
            assert_eq!(numbers.len(), count, "{region}");
            assert!(numbers.contains(&"112"), "{region}");
            assert!(
                own.iter().all(|number| numbers.contains(number)),
                "{region}"
            );
        }
    }

    #[test]
    fn no_emergency_number_is_longer_than_what_is_looked_at() {
        for region in Region::all() {
            for number in region.emergency_numbers() {
                assert!(!is_too_long(number), "{number} {region}");
                let found = Emergency::read(&format!("tel:{number}"), region.emergency_numbers());
                assert_eq!(found, Some(Emergency::Number(number)));
            }
        }
    }
}
