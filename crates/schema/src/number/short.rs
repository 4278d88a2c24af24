//! Numbers of a few digits: emergency numbers and short codes, which only mean something within a
//! region.

use std::sync::{LazyLock, OnceLock};

use regex_lite::Regex;

use crate::number::{data, region::Region};

/// A region's short numbers.
#[derive(Debug)]
struct Plan {
    region: &'static str,
    emergency: Vec<&'static str>,
    /// These and 112.
    protected: Vec<&'static str>,
    lengths: Vec<usize>,
    patterns: [&'static str; 2],
    /// Compiled when the region is first asked for.
    compiled: OnceLock<Option<[Regex; 2]>>,
}

const EVERYWHERE: &str = "112";

static PLANS: LazyLock<Vec<Plan>> =
    LazyLock::new(|| data::SHORT.lines().filter_map(Plan::new).collect());

/// The emergency numbers of a region, exactly as dialed.
pub(crate) fn emergency_numbers(region: Region) -> &'static [&'static str] {
    plan(region).map_or(&[], |plan| &plan.emergency)
}

/// The same with 112, which mobile phones dial for help in every region
/// (3GPP TS 22.101, section 10.1).
pub(crate) fn protected_numbers(region: Region) -> &'static [&'static str] {
    plan(region).map_or(&[EVERYWHERE], |plan| &plan.protected)
}

/// Whether digits, exactly as dialed, reach an emergency service of the region.
pub(crate) fn is_emergency(digits: &str, region: Region) -> bool {
    emergency_numbers(region).contains(&digits)
}

/// Whether digits, exactly as dialed, are a short number of the region.
pub(crate) fn is_short(digits: &str, region: Region) -> bool {
    plan(region).is_some_and(|plan| plan.holds(digits))
}

fn plan(region: Region) -> Option<&'static Plan> {
    let at = PLANS.binary_search_by_key(&region.as_str(), |plan| plan.region);
    PLANS.get(at.ok()?)
}

impl Plan {
    fn new(row: &'static str) -> Option<Self> {
        let mut fields = row.splitn(5, ';');
        let region = fields.next()?;
        let emergency: Vec<_> = fields.next()?.split_ascii_whitespace().collect();
        let mut protected = emergency.clone();
        if !protected.contains(&EVERYWHERE) {
            protected.push(EVERYWHERE);
        }
        Some(Self {
            region,
            emergency,
            protected,
            lengths: fields
                .next()?
                .split(' ')
                .filter_map(|n| n.parse().ok())
                .collect(),
            patterns: [fields.next()?, fields.next()?],
            compiled: OnceLock::new(),
        })
    }

    fn holds(&self, digits: &str) -> bool {
        let compiled = self.compiled.get_or_init(|| self.compile());
        self.lengths.contains(&digits.len())
            && compiled
                .as_ref()
                .is_some_and(|both| both.iter().all(|p| p.is_match(digits)))
    }

    fn compile(&self) -> Option<[Regex; 2]> {
        let [general, short] = self
            .patterns
            .map(|p| Regex::new(&format!("^(?:{p})$")).ok());
        Some([general?, short?])
    }
}

#[cfg(test)]
mod tests {
    use super::{PLANS, is_emergency, is_short};
    use crate::number::region::Region;

    #[test]
    fn every_row_is_read_and_compiles() {
        assert_eq!(PLANS.len(), 241);
        for plan in PLANS.iter() {
            assert!(Region::new(plan.region).is_ok(), "{}", plan.region);
            assert!(!plan.lengths.is_empty(), "{}", plan.region);
            assert!(plan.compile().is_some(), "{}", plan.region);
        }
        let without: Vec<_> = PLANS.iter().filter(|p| p.emergency.is_empty()).collect();
        assert_eq!(without.len(), 1, "only Guinea: {without:?}");
    }

    #[test]
    fn emergency_numbers_are_exact_and_of_their_region() {
        for (digits, region, emergency) in [
            ("911", "US", true),
            ("112", "US", true),
            ("999", "US", false),
            ("9110", "US", false),
            ("91", "US", false),
            ("999", "IE", true),
            ("911", "IE", false),
            ("000", "AU", true),
            ("110", "DE", true),
            ("112", "DE", true),
            ("", "DE", false),
        ] {
            let region = Region::new(region).unwrap();
            assert_eq!(is_emergency(digits, region), emergency, "{digits} {region}");
        }
    }

    #[test]
    fn short_codes_are_of_their_region() {
        for (digits, region, short) in [
            ("611", "US", true),
            ("24280", "US", true),
            ("116117", "IE", true),
            ("1001", "US", false),
            ("0", "US", false),
        ] {
            assert_eq!(
                is_short(digits, Region::new(region).unwrap()),
                short,
                "{digits} {region}"
            );
        }
    }
}
