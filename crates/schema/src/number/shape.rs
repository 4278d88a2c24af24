//! What kind of text it is, before any numbering plan is asked.

use crate::number::{
    digits::{count, digit},
    nobody::{Nobody, named},
    uri::{Scheme, Uri, UriFault},
};

/// The shape of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shape {
    Empty,
    Withheld,
    Unavailable,
    /// `urn:service:sos` (RFC 5031).
    EmergencyService,
    FeatureCode,
    User,
    /// Something for a numbering plan.
    Number {
        /// As it may be dialed, without parameters or extension of a URI.
        dialed: String,
        /// As a numbering plan reads it.
        text: String,
    },
    NotANumber,
}

/// What stands in front of an extension's digits (the words that libphonenumber knows).
const EXTENSIONS: [&str; 15] = [
    "x",
    "ext",
    "extn",
    "extension",
    "extensión",
    "extensio",
    "xt",
    "xtn",
    "int",
    "anexo",
    "доб",
    "ｘ",
    "ｅｘｔ",
    "ｅｘｔｎ",
    "ｉｎｔ",
];
/// Fewer digits in front of an extension are no number but part of a name, as in `4x4`.
const DIGITS_BEFORE_EXTENSION: usize = 4;

/// Tells the shape of a text.
pub(crate) fn shape(text: &str) -> Shape {
    let text = text.trim();
    if text.is_empty() {
        return Shape::Empty;
    }
    if is_sos(text) {
        return Shape::EmergencyService;
    }
    match Uri::parse(text) {
        Ok(Uri {
            scheme: Scheme::Tel,
            user: Some(user),
            ..
        }) => subscriber(&user),
        Ok(Uri {
            user: Some(user),
            host,
            ..
        }) => match named(&user, &host) {
            Some(shape) => shape.into(),
            None => of_user(&user),
        },
        Ok(Uri { user: None, .. }) | Err(UriFault::Malformed) => Shape::NotANumber,
        Err(UriFault::Scheme) => named(text, "").map_or_else(|| of_user(text), Shape::from),
    }
}

impl From<Nobody> for Shape {
    fn from(nobody: Nobody) -> Self {
        match nobody {
            Nobody::Withheld => Self::Withheld,
            Nobody::Unavailable => Self::Unavailable,
        }
    }
}

fn is_sos(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let rest = text.strip_prefix("urn:service:sos");
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The shape of a SIP user or of a text without a scheme.
fn of_user(text: &str) -> Shape {
    let number_first = text.starts_with(|c: char| c == '+' || digit(c).is_some());
    match text.split_once(';') {
        Some((_, rest)) if number_first && rest.contains('=') => subscriber(text),
        _ => plain(text),
    }
}

fn plain(text: &str) -> Shape {
    if text.starts_with(['*', '#']) && text.chars().all(is_key) {
        return Shape::FeatureCode;
    }
    let number = without_extension(text).unwrap_or(text);
    if !number.contains(char::is_alphabetic) {
        return if number.contains('*') || count(number) == 0 {
            Shape::NotANumber
        } else {
            Shape::Number {
                dialed: number.to_owned(),
                text: text.to_owned(),
            }
        };
    }
    let allowed = |c: char| c.is_alphanumeric() || "-_.!~*'()&=+$,;?/%".contains(c);
    if text.chars().all(allowed) {
        Shape::User
    } else {
        Shape::NotANumber
    }
}

const fn is_key(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, '*' | '#')
}

/// A telephone-subscriber of RFC 3966: a number and its parameters, of which `ext` and
/// `phone-context` matter and all others are dropped.
fn subscriber(text: &str) -> Shape {
    let mut parts = text.split(';');
    let number = parts.next().unwrap_or_default();
    let (mut ext, mut context) = (None, None);
    for (name, value) in parts.filter_map(|part| part.split_once('=')) {
        if name.eq_ignore_ascii_case("ext") {
            ext = Some(value);
        } else if name.eq_ignore_ascii_case("phone-context") {
            context = Some(value);
        }
    }
    match plain(number) {
        Shape::Number { dialed, .. } => {
            let ext = ext.map_or_else(String::new, |ext| format!(";ext={ext}"));
            let context = context.map_or_else(String::new, |at| format!(";phone-context={at}"));
            Shape::Number {
                dialed,
                text: format!("tel:{number}{ext}{context}"),
            }
        }
        other => other,
    }
}

/// The text in front of an extension that a word announces, as in `01 679 9222 ext. 12`.
fn without_extension(text: &str) -> Option<&str> {
    let is_digit = |c: char| digit(c).is_some();
    let label = text.trim_end_matches('#').trim_end_matches(is_digit);
    if label.len() == text.trim_end_matches('#').len() {
        return None;
    }
    let label = label.trim_end_matches([' ', '\u{a0}', '\t', ',', '-', ':', '.', '．', '=']);
    let number = label.trim_end_matches(char::is_alphabetic);
    let word = label.get(number.len()..)?.to_lowercase();
    let known = EXTENSIONS.contains(&word.as_str());
    (known && count(number) >= DIGITS_BEFORE_EXTENSION).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::{Shape, shape};

    #[test]
    fn tells_shapes_apart() {
        for (text, expected) in [
            ("", Shape::Empty),
            (" \t", Shape::Empty),
            ("anonymous", Shape::Withheld),
            ("sip:Anonymous@anonymous.invalid", Shape::Withheld),
            ("sip:x@anonymous.invalid", Shape::Withheld),
            ("unavailable", Shape::Unavailable),
            ("sip:unavailable@unknown.invalid", Shape::Unavailable),
            ("urn:service:sos", Shape::EmergencyService),
            ("urn:service:sos.fire", Shape::EmergencyService),
            ("urn:service:sosx", Shape::NotANumber),
            ("*97", Shape::FeatureCode),
            ("#31#0123", Shape::FeatureCode),
            ("sip:*97@pbx", Shape::FeatureCode),
            ("sip:%2397@pbx", Shape::FeatureCode),
            ("12*34", Shape::NotANumber),
            ("alice", Shape::User),
            ("1800flowers", Shape::User),
            ("1-800-FLOWERS", Shape::User),
            ("tel:1800flowers", Shape::User),
            ("sip:alice.b@example.com", Shape::User),
            ("ext101", Shape::User),
            ("4x4", Shape::User),
            ("müller", Shape::User),
            ("Call 415 555 0123", Shape::NotANumber),
            ("alice@example.com", Shape::NotANumber),
            ("sip:gw.example.com", Shape::NotANumber),
            ("()", Shape::NotANumber),
            ("+", Shape::NotANumber),
        ] {
            assert_eq!(shape(text), expected, "{text}");
        }
    }

    #[test]
    fn keeps_what_a_numbering_plan_needs() {
        for (given, number, plan) in [
            ("+14155550123", "+14155550123", "+14155550123"),
            (" 01 679 9222 ", "01 679 9222", "01 679 9222"),
            ("016799222 ext. 12", "016799222 ", "016799222 ext. 12"),
            ("016799222x12#", "016799222", "016799222x12#"),
            (
                "tel:911;phone-context=+1",
                "911",
                "tel:911;phone-context=+1",
            ),
            ("+1415;npdi;rn=+12;EXT=3", "+1415", "tel:+1415;ext=3"),
            ("sip:+1415;cpc=ordinary@gw;user=phone", "+1415", "tel:+1415"),
            ("sip:911@gw", "911", "911"),
        ] {
            let expected = Shape::Number {
                dialed: number.to_owned(),
                text: plan.to_owned(),
            };
            assert_eq!(shape(given), expected, "{given}");
        }
    }
}
