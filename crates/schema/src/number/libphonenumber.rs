//! The numbering plans of Google's libphonenumber, read by its Rust port.

use std::fmt;

use prost::Message as _;
use rlibphonenumber::{
    CountryCodeSource, NumberLengthType, ParseError, PhoneMetadataCollection, PhoneNumber,
    PhoneNumberFormat, PhoneNumberType, PhoneNumberUtil, ValidationError,
};

use crate::number::{
    data,
    numbering::{Length, Numbering, Parsed, Unparsed},
    reading::NumberType,
    region::Region,
};

/// [`Numbering`] by Google's libphonenumber, with the plans compiled into this crate.
///
/// Costs some milliseconds and megabytes to make: [`crate::number::read`] shares one.
pub struct LibPhoneNumber(Option<PhoneNumberUtil>);

impl LibPhoneNumber {
    /// Decodes the compiled-in plans.
    #[must_use]
    pub fn new() -> Self {
        let plans = PhoneMetadataCollection::decode(data::PLANS).ok();
        Self(plans.and_then(|plans| PhoneNumberUtil::new_for_metadata(plans).ok()))
    }
}

impl Default for LibPhoneNumber {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for LibPhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LibPhoneNumber({})", data::DATA_RELEASE)
    }
}

impl Numbering for LibPhoneNumber {
    fn parse(&self, text: &str, region: Option<Region>) -> Result<Parsed, Unparsed> {
        let util = self.0.as_ref().ok_or(Unparsed::NoPlans)?;
        let region = region.and_then(|r| rlibphonenumber::Region::from_code(r.as_str()).ok());
        let number = util
            .parse_and_keep_raw_input(text, region)
            .map_err(|e| unparsed(&e))?;
        let number_type = util.get_number_type(&number);
        Ok(Parsed {
            e164: e164(util, &number),
            country_code: u16::try_from(number.country_code).map_err(|_| Unparsed::Country)?,
            international: matches!(
                number.country_code_source(),
                CountryCodeSource::FromNumberWithPlusSign | CountryCodeSource::FromNumberWithIdd
            ),
            length: length(util.is_possible_number_with_reason(&number)),
            valid: util.is_valid_number(&number),
            country: util.get_region_for_number(&number).and_then(own_region),
            geographical: util.is_number_geographical(&number),
            number_type: own_type(number_type),
            ext: number.extension.filter(|ext| !ext.is_empty()),
        })
    }
}

fn e164(util: &PhoneNumberUtil, number: &PhoneNumber) -> String {
    // The format for E.164 leaves the extension out, and without one there is nothing to format.
    util.format(number, PhoneNumberFormat::E164).into_owned()
}

fn own_region(region: rlibphonenumber::Region) -> Option<Region> {
    if region == rlibphonenumber::Region::World {
        return Some(Region::WORLD);
    }
    Region::new(&region.as_region_str()).ok()
}

const fn unparsed(error: &ParseError) -> Unparsed {
    match error {
        ParseError::InvalidCountryCode => Unparsed::Country,
        ParseError::NotANumber(_) => Unparsed::NotANumber,
        ParseError::TooShortAfterIdd | ParseError::TooShortNsn => Unparsed::TooShort,
        ParseError::TooLongNsn => Unparsed::TooLong,
    }
}

fn length(possible: Result<NumberLengthType, ValidationError>) -> Length {
    match possible {
        Ok(NumberLengthType::IsPossible) => Length::Full,
        Ok(NumberLengthType::IsPossibleLocalOnly) => Length::Local,
        Err(ValidationError::TooShort) => Length::TooShort,
        Err(ValidationError::TooLong) => Length::TooLong,
        Err(ValidationError::InvalidLength) => Length::Odd,
        Err(ValidationError::InvalidCountryCode) => Length::UnknownCountry,
    }
}

fn own_type(number_type: PhoneNumberType) -> NumberType {
    match number_type {
        PhoneNumberType::FixedLine => NumberType::FixedLine,
        PhoneNumberType::Mobile => NumberType::Mobile,
        PhoneNumberType::FixedLineOrMobile => NumberType::FixedLineOrMobile,
        PhoneNumberType::TollFree => NumberType::TollFree,
        PhoneNumberType::PremiumRate => NumberType::PremiumRate,
        PhoneNumberType::SharedCost => NumberType::SharedCost,
        PhoneNumberType::VoIP => NumberType::Voip,
        PhoneNumberType::PersonalNumber => NumberType::PersonalNumber,
        PhoneNumberType::Pager => NumberType::Pager,
        PhoneNumberType::UAN => NumberType::Uan,
        PhoneNumberType::VoiceMail => NumberType::Voicemail,
        PhoneNumberType::Unknown => NumberType::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use prost::Message as _;
    use rlibphonenumber::{PhoneMetadataCollection, metadata_validator::validate_metadata};

    use crate::number::data;

    /// The port panics on a pattern that does not compile, so each one is compiled here.
    #[test]
    fn every_pattern_of_the_plans_compiles() {
        let plans = PhoneMetadataCollection::decode(data::PLANS).unwrap();
        assert!(plans.metadata.len() > 250, "{}", plans.metadata.len());
        if let Err(error) = validate_metadata(plans, false) {
            panic!("{error}");
        }
    }
}
