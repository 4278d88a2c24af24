//! A region with a numbering plan of its own: a country's two letters.

use std::{fmt, str::FromStr, sync::LazyLock};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::number::{data, short};

/// A region with a numbering plan: a country or territory by its two letters (ISO 3166-1 alpha-2).
///
/// Lower case is accepted. A reading's country may also be [`Region::WORLD`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region(&'static str);

/// No numbering plan is known for a region.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown region `{found}`, expected a country's two letters, as in {}", .instead.unwrap_or("US or IE"))]
pub struct RegionError {
    /// The text found, at most its first 16 characters.
    pub found: String,
    /// The letters that were probably meant, as GB for UK.
    pub instead: Option<&'static str>,
}

/// Letters that people write for another region's.
const MISTAKEN: [(&str, &str); 4] = [("UK", "GB"), ("EN", "GB"), ("USA", "US"), ("EL", "GR")];

static NAMES: LazyLock<Vec<(&'static str, &'static str)>> = LazyLock::new(|| {
    let rows = data::REGIONS.lines();
    rows.filter_map(|row| row.split_once(',')).collect()
});

impl Region {
    /// Numbers that belong to no country, such as +800 (international freephone); `001` as in
    /// UN M.49. Nobody dials from here, so [`Region::new`] does not take it.
    pub const WORLD: Self = Self("001");

    /// Takes a country's two letters.
    ///
    /// # Errors
    /// [`RegionError`] when no numbering plan is known for them.
    pub fn new(text: &str) -> Result<Self, RegionError> {
        let upper: String = text.chars().take(16).collect::<String>().to_uppercase();
        let found = NAMES.binary_search_by_key(&upper.as_str(), |(code, _)| *code);
        let row = found.ok().and_then(|at| NAMES.get(at));
        row.map(|(code, _)| Self(code)).ok_or_else(|| RegionError {
            found: text.chars().take(16).collect(),
            instead: MISTAKEN
                .iter()
                .find(|(no, _)| *no == upper)
                .map(|(_, yes)| *yes),
        })
    }

    /// Every region, in alphabetical order of the letters.
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        NAMES.iter().map(|(code, _)| Self(code))
    }

    /// The two letters, or `001` for [`Region::WORLD`].
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }

    /// The country's name in English, where the data has one.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        let at = NAMES
            .binary_search_by_key(&self.0, |(code, _)| *code)
            .ok()?;
        NAMES
            .get(at)
            .map(|(_, name)| *name)
            .filter(|name| !name.is_empty())
    }

    /// The emergency numbers that its networks give out, exactly as they are dialed here; empty where
    /// none are known. What calls for help may dial besides is in
    /// [`Emergency::numbers`](crate::number::Emergency::numbers).
    #[must_use]
    pub fn emergency_numbers(self) -> &'static [&'static str] {
        short::emergency_numbers(self)
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Region({})", self.0)
    }
}

impl FromStr for Region {
    type Err = RegionError;

    fn from_str(text: &str) -> Result<Self, RegionError> {
        Self::new(text)
    }
}

impl Serialize for Region {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

impl<'de> Deserialize<'de> for Region {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::Region;

    #[test]
    fn takes_two_letters_in_any_case() {
        assert_eq!(Region::new("ie").unwrap().as_str(), "IE");
        assert_eq!(Region::new("IE").unwrap().name(), Some("Ireland"));
        assert_eq!(Region::all().len(), 245);
        assert!(Region::all().is_sorted());
        for region in Region::all() {
            assert_eq!(Region::new(region.as_str()), Ok(region));
        }
    }

    #[test]
    fn says_what_would_be_right() {
        for (text, wrong) in [
            (
                "UK",
                "unknown region `UK`, expected a country's two letters, as in GB",
            ),
            (
                "",
                "unknown region ``, expected a country's two letters, as in US or IE",
            ),
            (
                "001",
                "unknown region `001`, expected a country's two letters, as in US or IE",
            ),
            (
                "Ireland",
                "unknown region `Ireland`, expected a country's two letters, as in US or IE",
            ),
        ] {
            assert_eq!(Region::new(text).unwrap_err().to_string(), wrong);
        }
    }

    #[test]
    fn json_is_the_two_letters() {
        let region: Region = serde_json::from_str("\"gb\"").unwrap();
        assert_eq!(serde_json::to_string(&region).unwrap(), "\"GB\"");
        assert!(serde_json::from_str::<Region>("\"ZZ\"").is_err());
    }
}
