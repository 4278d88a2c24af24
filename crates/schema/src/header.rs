//! SIP headers of the routing's choice.

/// Most headers that one leg is given.
pub const MAX_HEADERS: usize = 32;
/// Longest name, in bytes.
const MAX_NAME: usize = 64;
/// Longest value, in bytes.
const MAX_VALUE: usize = 512;

/// Why a header may not be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// Signalling needs others for itself, and what begins another line is no name.
    #[error(
        "a header's name begins with `X-` and goes on with letters, digits, `-`, `_` and `.`, at \
         most {MAX_NAME} in all; or it is `Alert-Info`"
    )]
    Name,
    /// It would begin another line, or is too long.
    #[error("a header's value has one line of at most {MAX_VALUE} bytes")]
    Value,
}

/// Whether the routing may have this header sent (RFC 3261, section 25.1): `X-…`, or `Alert-Info`
/// (section 20.4).
///
/// # Errors
/// [`HeaderError`] says what is wrong with its name or its value.
pub fn check_header(name: &str, value: &str) -> Result<(), HeaderError> {
    let sound = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let ours = name
        .split_at_checked(2)
        .is_some_and(|(start, rest)| start.eq_ignore_ascii_case("x-") && !rest.is_empty());
    let known = ours || name.eq_ignore_ascii_case("alert-info");
    if !known || name.len() > MAX_NAME || !name.chars().all(sound) {
        return Err(HeaderError::Name);
    }
    if value.len() > MAX_VALUE || value.chars().any(char::is_control) {
        return Err(HeaderError::Value);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{HeaderError, check_header};

    #[test]
    fn only_harmless_headers_may_be_sent() {
        let long = format!("X-{}", "a".repeat(62));
        for name in ["X-A", "x-a_b.c-1", "Alert-Info", "alert-info", &long] {
            assert_eq!(check_header(name, "<urn:a>; b=c"), Ok(()), "{name}");
        }
        let longer = format!("{long}a");
        for name in [
            "",
            "X",
            "X-",
            "Via",
            "Subject",
            "X-a!",
            "X-é",
            "X-a\r\nVia",
            "éX-a",
            &longer,
        ] {
            assert_eq!(check_header(name, "a"), Err(HeaderError::Name), "{name}");
        }
        for value in ["a\r\nVia: b", "\u{7f}", &"a".repeat(513)] {
            assert_eq!(check_header("X-A", value), Err(HeaderError::Value));
        }
        assert_eq!(check_header("X-A", &"a".repeat(512)), Ok(()));
    }
}
