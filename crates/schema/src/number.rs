//! Telephone numbers: how a text is read, whose numbering plan it belongs to, and who calls.
//!
//! ```text
//! text + region  ->  read()      ->  Reading        E.164, local digits, emergency, a SIP user, ...
//! From, PAI, ... ->  identify()  ->  CallerIdentity a number, withheld or unavailable
//! ```
//!
//! `read` (feature `numbers`) tells what a dialed or calling text is. It is pure and bounded: the plans are compiled
//! in, and a text of over 250 characters is refused before anything else looks at it.
//!
//! Numbering plans, emergency and short numbers, time zones and places come from Google's
//! libphonenumber, all of one release (`DATA_RELEASE`); `data/generate.py` renews them. [`identify`]
//! needs none of that and is always there.

#[cfg(feature = "numbers")]
mod country;
#[cfg(feature = "numbers")]
mod data;
#[cfg(feature = "numbers")]
mod digits;
#[cfg(feature = "numbers")]
mod emergency;
mod identity;
mod key;
#[cfg(feature = "numbers")]
mod libphonenumber;
mod nobody;
#[cfg(feature = "numbers")]
mod numbering;
#[cfg(feature = "numbers")]
mod place;
#[cfg(feature = "numbers")]
mod prefix;
#[cfg(feature = "numbers")]
mod reader;
#[cfg(feature = "numbers")]
mod reading;
#[cfg(feature = "numbers")]
mod region;
#[cfg(feature = "numbers")]
mod shape;
#[cfg(feature = "numbers")]
mod short;
mod uri;
#[cfg(feature = "numbers")]
mod zone;

#[cfg(feature = "numbers")]
pub use country::{country, country_prefixes};
#[cfg(feature = "numbers")]
pub use data::DATA_RELEASE;
#[cfg(feature = "numbers")]
pub use emergency::Emergency;
pub use identity::{CallerHeaders, CallerIdentity, Header, Ignored, IgnoredWhy, Who, identify};
pub use key::Key;
#[cfg(feature = "numbers")]
pub use libphonenumber::LibPhoneNumber;
#[cfg(feature = "numbers")]
pub use numbering::{Length, Numbering, Parsed, Unparsed};
#[cfg(feature = "numbers")]
pub use place::{area, area_prefixes};
#[cfg(feature = "numbers")]
pub use reader::{MAX_TEXT, read, read_with};
#[cfg(feature = "numbers")]
pub use reading::{Kind, NumberType, Problem, Reading};
#[cfg(feature = "numbers")]
pub use region::{Region, RegionError};

/// Whether a character between a number's digits is only there to be seen: the visual separators of
/// RFC 3966 (section 5.1.1), and a space.
#[must_use]
pub fn is_visual(c: char) -> bool {
    matches!(c, ' ' | '-' | '.' | '(' | ')')
}
