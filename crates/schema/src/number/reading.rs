//! What a text was read as, and its JSON.

use serde::{Serialize, Serializer, ser::SerializeStruct as _};

use crate::number::region::Region;

/// How a text is read.
///
/// In JSON it has always the same nine keys, in this order: `text`, `valid`, `e164`, `ext`,
/// `country`, `type`, `emergency`, `zones`, `place`. What is not known is `null` (no zones: an
/// empty list), so that a consumer need not ask whether a key is there.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reading {
    /// The text as given; of a text that is too long only its first 250 characters.
    pub text: String,
    /// What it is.
    pub kind: Kind,
    /// It is a number that can be dialed: one that a numbering plan holds, or a short or
    /// emergency number of the region. A SIP user or a feature code may be dialed as well, but is
    /// no number.
    pub valid: bool,
    /// The number with its plus. Present whenever `valid` is true and `kind` is [`Kind::E164`];
    /// also for a number that the text wrote in full, with its country and a right length, but
    /// that the numbering plan does not hold (yet). Never guessed from a national form.
    pub e164: Option<String>,
    /// Digits of the extension.
    pub ext: Option<String>,
    /// Whose number it is: a country's two letters, or `001` for numbers of no country (+800).
    /// Of a short or emergency number, the region it was read in.
    pub country: Option<Region>,
    /// What the number is for. `None` when it is not of [`Kind::E164`]. In JSON `type` then tells
    /// the kind: `emergency`, `short_code`, `feature_code`, `local`, `national`, `user`,
    /// `withheld`, `unavailable`; and `unknown` for what is none of them.
    pub number_type: Option<NumberType>,
    /// It reaches an emergency service when dialed exactly like this in the region, or is the
    /// URN of one (RFC 5031). Without a region no number is known to.
    pub emergency: bool,
    /// IANA names of the time zones in which a valid number may be.
    pub zones: Vec<String>,
    /// Where a valid number was given out, in English: a town or district, under +1 a state,
    /// province or country; else the country.
    pub place: Option<String>,
}

/// What a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A number with its country: `e164` has it.
    E164,
    /// Digits that may be a national number, of a country that the text does not say and no
    /// region was given.
    National,
    /// Digits too few for a national number: one dialed within its area, or an extension.
    Local,
    /// A short number of the region, such as a directory enquiry. Extensions of a switch may look
    /// the same (2001 in the US): ask the dial plan first.
    Short,
    /// An emergency number of the region, or `urn:service:sos` (RFC 5031).
    Emergency,
    /// Digits with `*` or `#` in front, as in `*97`: it has the meaning that a switch gives it.
    FeatureCode,
    /// A SIP user that is no number, such as `alice` or `1800flowers`. Letters are never turned
    /// into digits.
    User,
    /// The caller asked not to be shown: `anonymous` (RFC 3323).
    Withheld,
    /// The network did not say who calls: `unavailable`.
    Unavailable,
    /// None of these.
    Invalid(Problem),
}

/// Why a text is nothing that can be dialed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// Nothing was given.
    #[error("an empty text; a caller without a number is `anonymous` or `unavailable`")]
    Empty,
    /// Over 250 characters.
    #[error("over 250 characters; a number has at most 15 digits")]
    TextTooLong,
    /// Characters that neither a number nor a SIP user may hold.
    #[error("neither a number nor a SIP user; write a number with its plus, as in +14155550123")]
    NotANumber,
    /// After the plus no country calling code follows.
    #[error("no country has this calling code; write a number with its plus, as in +14155550123")]
    UnknownCountry,
    /// Fewer digits than any number of the country has.
    #[error("too few digits for a number of this country")]
    TooShort,
    /// More digits than any number of the country has.
    #[error("too many digits for a number of this country")]
    TooLong,
    /// No number of the country has as many digits.
    #[error("no number of this country has as many digits")]
    Length,
    /// As long as a number of the region, but its numbering plan does not hold it.
    #[error("the region's numbering plan has no such number")]
    NotInPlan,
    /// The numbering plans of this program are broken.
    #[error("the compiled-in numbering plans could not be decoded")]
    NoPlans,
}

/// What a number is for, as far as its digits tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NumberType {
    /// A landline.
    FixedLine,
    /// A mobile phone.
    Mobile,
    /// Either: the plan does not tell them apart, as in the US.
    FixedLineOrMobile,
    /// The called party pays.
    TollFree,
    /// The caller pays extra.
    PremiumRate,
    /// Both pay.
    SharedCost,
    /// Voice over IP.
    Voip,
    /// Follows a person.
    PersonalNumber,
    /// A pager.
    Pager,
    /// One number for a company's many offices (universal access number).
    Uan,
    /// Access to a voice mailbox.
    Voicemail,
    /// The plan does not hold the number.
    Unknown,
}

impl Kind {
    /// The kind's name in JSON, where no [`NumberType`] says more.
    const fn name(self) -> &'static str {
        match self {
            Self::E164 | Self::Invalid(_) => "unknown",
            Self::National => "national",
            Self::Local => "local",
            Self::Short => "short_code",
            Self::Emergency => "emergency",
            Self::FeatureCode => "feature_code",
            Self::User => "user",
            Self::Withheld => "withheld",
            Self::Unavailable => "unavailable",
        }
    }
}

impl Reading {
    /// A reading of which nothing but the kind is known.
    pub(crate) fn new(text: &str, kind: Kind) -> Self {
        Self {
            text: text.to_owned(),
            kind,
            valid: false,
            e164: None,
            ext: None,
            country: None,
            number_type: None,
            emergency: false,
            zones: Vec::new(),
            place: None,
        }
    }
}

impl Serialize for Reading {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut json = serializer.serialize_struct("Reading", 9)?;
        json.serialize_field("text", &self.text)?;
        json.serialize_field("valid", &self.valid)?;
        json.serialize_field("e164", &self.e164)?;
        json.serialize_field("ext", &self.ext)?;
        json.serialize_field("country", &self.country)?;
        match &self.number_type {
            Some(number_type) => json.serialize_field("type", number_type)?,
            None => json.serialize_field("type", self.kind.name())?,
        }
        json.serialize_field("emergency", &self.emergency)?;
        json.serialize_field("zones", &self.zones)?;
        json.serialize_field("place", &self.place)?;
        json.end()
    }
}
