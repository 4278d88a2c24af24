//! How often a call has been forwarded by routers like this one, as its headers say.

use std::collections::BTreeMap;

/// The header that counts: a forward tells one more than came with the call.
pub const HOPS: &str = "X-Callroute-Hops";
/// What is counted at most.
const MAX: u32 = 1_000;

/// How often the call was forwarded before, as these headers say, whatever the case of their names;
/// `None` where they do not say, or say no number.
#[must_use]
pub fn hops(headers: &BTreeMap<String, String>) -> Option<u32> {
    let mut named = headers.iter();
    let (_, value) = named.find(|(name, _)| name.eq_ignore_ascii_case(HOPS))?;
    hops_of(value)
}

/// What one value of [`HOPS`] says; `None` for what is no number.
#[must_use]
pub fn hops_of(value: &str) -> Option<u32> {
    let counted: u32 = value.trim().parse().ok()?;
    Some(counted.min(MAX))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::hops;

    #[test]
    fn only_numbers_count() {
        for (name, value, wanted) in [
            ("X-Callroute-Hops", "4", Some(4)),
            ("x-callroute-hops", " 7 ", Some(7)),
            ("x-callroute-hops", "4000000000", Some(1_000)),
            ("X-Callroute-Hops", "-1", None),
            ("X-Callroute-Hops", "x", None),
            ("X-Hops", "4", None),
        ] {
            let headers = BTreeMap::from([(name.to_owned(), value.to_owned())]);
            assert_eq!(hops(&headers), wanted, "{name}: {value}");
        }
    }
}
