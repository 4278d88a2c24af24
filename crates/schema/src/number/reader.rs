//! Reads a text as a number.

use std::sync::LazyLock;

use crate::number::{
    digits::dialed,
    libphonenumber::LibPhoneNumber,
    numbering::{Length, Numbering, Parsed, Unparsed},
    place::place,
    reading::{Kind, Problem, Reading},
    region::Region,
    shape::{Shape, shape},
    short,
    zone::zones,
};

/// Most characters of a text that is read.
pub const MAX_TEXT: usize = 250;

static PLANS: LazyLock<LibPhoneNumber> = LazyLock::new(LibPhoneNumber::new);

/// Reads a text as a number: local, national or international, a `tel:` or `sip:` URI, a SIP
/// user, a feature code, or the word for a caller who is not known.
///
/// `region` says whose national forms, emergency and short numbers are meant; without it only
/// numbers that name their country are found. The same text and region always give the same
/// reading. Emergency numbers are tested before anything else about digits.
///
/// The first call decodes the numbering plans, which takes some milliseconds.
///
/// ```
/// use callroute_schema::number::{Kind, Region, read};
///
/// let ireland = Region::new("IE")?;
/// let reading = read("(01) 679 9222 ext. 12", Some(ireland));
/// assert_eq!(reading.e164.as_deref(), Some("+35316799222"));
/// assert_eq!(reading.ext.as_deref(), Some("12"));
/// assert_eq!(reading.place.as_deref(), Some("Dublin"));
///
/// assert!(read("999", Some(ireland)).emergency);
/// assert!(!read("+353999", Some(ireland)).emergency);
/// assert_eq!(read("1800flowers", Some(ireland)).kind, Kind::User);
/// # Ok::<(), callroute_schema::number::RegionError>(())
/// ```
#[must_use]
pub fn read(text: &str, region: Option<Region>) -> Reading {
    read_with(&*PLANS, text, region)
}

/// As [`read`], with other numbering plans.
#[must_use]
pub fn read_with(plans: &dyn Numbering, text: &str, region: Option<Region>) -> Reading {
    if let Some((end, _)) = text.char_indices().nth(MAX_TEXT) {
        let start = text.get(..end).unwrap_or_default();
        return Reading::new(start, Kind::Invalid(Problem::TextTooLong));
    }
    let plain = |kind| Reading::new(text, kind);
    match shape(text) {
        Shape::Empty => plain(Kind::Invalid(Problem::Empty)),
        Shape::NotANumber => plain(Kind::Invalid(Problem::NotANumber)),
        Shape::Withheld => plain(Kind::Withheld),
        Shape::Unavailable => plain(Kind::Unavailable),
        Shape::FeatureCode => plain(Kind::FeatureCode),
        Shape::User => plain(Kind::User),
        Shape::EmergencyService => emergency(text, region),
        Shape::Number {
            dialed: as_dialed,
            text: number,
        } => {
            let digits = dialed(&as_dialed);
            match (&digits, region) {
                (Some(digits), Some(at)) if short::is_emergency(digits, at) => {
                    return emergency(text, region);
                }
                _ => {}
            }
            match plans.parse(&number, region) {
                Ok(parsed) => of_parsed(plans, text, digits.as_deref(), region, parsed),
                Err(unparsed) => plain(of_unparsed(unparsed, digits.is_some(), region)),
            }
        }
    }
}

fn emergency(text: &str, region: Option<Region>) -> Reading {
    Reading {
        valid: true,
        emergency: true,
        country: region,
        ..Reading::new(text, Kind::Emergency)
    }
}

/// What digits are that no plan could take apart.
const fn of_unparsed(unparsed: Unparsed, only_digits: bool, region: Option<Region>) -> Kind {
    match unparsed {
        Unparsed::Country if only_digits && region.is_none() => Kind::National,
        Unparsed::NotANumber | Unparsed::TooShort if only_digits => Kind::Local,
        Unparsed::Country => Kind::Invalid(Problem::UnknownCountry),
        Unparsed::NotANumber => Kind::Invalid(Problem::NotANumber),
        Unparsed::TooShort => Kind::Invalid(Problem::TooShort),
        Unparsed::TooLong => Kind::Invalid(Problem::TooLong),
        Unparsed::NoPlans => Kind::Invalid(Problem::NoPlans),
    }
}

fn of_parsed(
    plans: &dyn Numbering,
    text: &str,
    digits: Option<&str>,
    region: Option<Region>,
    parsed: Parsed,
) -> Reading {
    if parsed.valid {
        return Reading {
            valid: true,
            zones: zones(&parsed),
            place: place(&parsed, parsed.country),
            e164: Some(parsed.e164),
            ext: parsed.ext,
            country: parsed.country,
            number_type: Some(parsed.number_type),
            ..Reading::new(text, Kind::E164)
        };
    }
    if let (Some(digits), Some(at)) = (digits, region)
        && short::is_short(digits, at)
    {
        return Reading {
            valid: true,
            country: region,
            ..Reading::new(text, Kind::Short)
        };
    }
    let kind = match parsed.length {
        Length::Full if parsed.international && is_stable(plans, &parsed) => {
            return Reading {
                e164: Some(parsed.e164),
                ext: parsed.ext,
                country: parsed.country,
                number_type: Some(parsed.number_type),
                ..Reading::new(text, Kind::E164)
            };
        }
        Length::Local | Length::TooShort if digits.is_some() && !parsed.international => {
            Kind::Local
        }
        Length::Full => Kind::Invalid(Problem::NotInPlan),
        Length::Local | Length::TooShort => Kind::Invalid(Problem::TooShort),
        Length::TooLong => Kind::Invalid(Problem::TooLong),
        Length::Odd => Kind::Invalid(Problem::Length),
        Length::UnknownCountry => Kind::Invalid(Problem::UnknownCountry),
    };
    Reading {
        ext: parsed.ext,
        country: parsed.country,
        ..Reading::new(text, kind)
    }
}

/// Whether the E.164 form is read as itself. Of numbers outside a plan not every form is: each
/// reading may take another digit for a national prefix.
fn is_stable(plans: &dyn Numbering, parsed: &Parsed) -> bool {
    plans
        .parse(&parsed.e164, None)
        .is_ok_and(|again| again.e164 == parsed.e164)
}

#[cfg(test)]
mod tests;
