//! Users and hosts that stand for a caller who is not told.

/// A caller who is not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nobody {
    Withheld,
    Unavailable,
}

/// Whether a user, or a host, stands for nobody (RFC 3323, section 4.1.1.3; 3GPP TS 24.229 and
/// 29.163).
pub(crate) fn named(user: &str, host: &str) -> Option<Nobody> {
    let is = |names: &[&str]| names.iter().any(|name| user.eq_ignore_ascii_case(name));
    if is(&["unavailable", "unknown"]) || host == "unknown.invalid" {
        return Some(Nobody::Unavailable);
    }
    (is(&["anonymous", "restricted"]) || host == "anonymous.invalid").then_some(Nobody::Withheld)
}
