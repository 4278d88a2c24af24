//! What `data/generate.py` wrote, compiled in.

/// Release of Google's libphonenumber that all the data comes from, as in `9.0.43`.
pub const DATA_RELEASE: &str = include_str!("data/release.txt").trim_ascii();

/// Numbering plans: a protobuf `PhoneMetadataCollection`.
pub(crate) const PLANS: &[u8] = include_bytes!("data/metadata.bin");

/// `region,name`, sorted by region.
pub(crate) const REGIONS: &str = include_str!("data/regions.csv");

/// `region;emergency numbers;lengths;general pattern;pattern of short numbers`, sorted by region.
pub(crate) const SHORT: &str = include_str!("data/short.csv");

/// `zones joined by &,prefixes joined by a space`.
pub(crate) const ZONES: &str = include_str!("data/zones.csv");

/// `prefixes joined by a space,place`.
pub(crate) const PLACES: &str = include_str!("data/places.csv");

/// `country,prefixes joined by a space`.
pub(crate) const COUNTRIES: &str = include_str!("data/countries.csv");
