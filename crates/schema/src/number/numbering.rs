//! The door behind which the numbering plans sit, so that they can be replaced.

use crate::number::{reading::NumberType, region::Region};

/// Knows numbering plans: takes a text apart as Google's libphonenumber does.
pub trait Numbering: std::fmt::Debug + Send + Sync {
    /// Takes a text that has no letters (but for an extension or the parameters of a `tel:` URI)
    /// apart. `region` says how national forms are read.
    ///
    /// # Errors
    /// [`Unparsed`] when no country and number can be told apart.
    fn parse(&self, text: &str, region: Option<Region>) -> Result<Parsed, Unparsed>;
}

/// A text taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// The number in E.164 form, with its plus.
    pub e164: String,
    /// Digits of the extension.
    pub ext: Option<String>,
    /// Country calling code, 1 to 999.
    pub country_code: u16,
    /// The text itself named the country: it began with a plus or an international prefix.
    pub international: bool,
    /// Whether as many digits can be a number at all.
    pub length: Length,
    /// Whether a numbering plan holds it.
    pub valid: bool,
    /// Whose it is; [`Region::WORLD`] for numbers of no country.
    pub country: Option<Region>,
    /// What it is for; [`NumberType::Unknown`] when it is not valid.
    pub number_type: NumberType,
    /// Its first digits name an area.
    pub geographical: bool,
}

/// How a number's length fits its plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// Some numbers of the plan are as long.
    Full,
    /// Only numbers dialed within an area, without its code, are as short.
    Local,
    /// All numbers of the plan are longer.
    TooShort,
    /// All numbers of the plan are shorter.
    TooLong,
    /// Between the shortest and the longest, yet no number of the plan is as long.
    Odd,
    /// The country calling code is nobody's.
    UnknownCountry,
}

/// Why a text could not be taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unparsed {
    /// It has no country calling code that is somebody's, and no region was given.
    #[error("no known country calling code, and no region to read it in")]
    Country,
    /// It is no telephone number.
    #[error("not a telephone number")]
    NotANumber,
    /// Too few digits for any number.
    #[error("too few digits for a number")]
    TooShort,
    /// Too many digits for any number.
    #[error("too many digits for a number")]
    TooLong,
    /// The compiled-in numbering plans could not be decoded.
    #[error("the compiled-in numbering plans could not be decoded")]
    NoPlans,
}
