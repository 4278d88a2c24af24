//! SIP URIs, as the grammar of RFC 3261 (section 25.1) has them: what is accepted here is written
//! into requests as it stands.

mod escape;

use std::fmt;
use std::net::Ipv6Addr;

use serde::{Deserialize, Deserializer, Serialize};

pub use self::escape::{escape_user, escape_value, unescape, unescape_lossy};
use crate::mask::Masked;
use crate::variable::fixed;

/// Longest SIP URI that is accepted, in bytes.
const MAX_URI: usize = 512;
/// `unreserved`, beside letters and digits.
const MARK: &str = "-_.!~*'()";
/// `user-unreserved`.
const USER: &str = "&=+$,;?/";
/// What a password has beside `unreserved`.
const PASSWORD: &str = "&=+$,";
/// `param-unreserved`, and what stands between parameters.
const PARAMETERS: &str = "[]/:&+$;=";
/// What a host has beside letters and digits: `_` is in no name of RFC 3261, and in many of DNS.
const HOST: &str = "-._";

/// A SIP or SIPS URI that can be called (RFC 3261, section 19.1): by its grammar, and without the
/// headers that a Request-URI must not have (table 1). Braces are for variables only.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct SipUri(String);

impl fmt::Debug for SipUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SipUri({:?})", Masked(&self.0))
    }
}

/// Why a text is no SIP URI.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SipUriError {
    /// Neither `sip:` nor `sips:` at the front.
    #[error("a SIP URI starts with `sip:` or `sips:`, found `{found}`; write `sip:{found}`")]
    Scheme {
        /// The text found.
        found: String,
    },
    /// Nothing before the `@`.
    #[error("a SIP URI needs a user before its `@`, as in sip:ann@pbx.example")]
    User,
    /// No host part, or none that is a name or an address.
    #[error("a SIP URI needs a host, as in sip:ann@pbx.example")]
    Host,
    /// A port that is none.
    #[error("`{found}` is no port of a SIP URI; expected 1 to 65535")]
    Port {
        /// What stands there.
        found: String,
    },
    /// Headers, which no URI has that is called.
    #[error("a SIP URI that is called has no headers; leave out `?` and what follows")]
    Headers,
    /// Longer than any URI may be.
    #[error("a SIP URI has at most {MAX_URI} bytes, found {found}")]
    TooLong {
        /// Length found, in bytes.
        found: usize,
    },
    /// A character that cannot stand where it stands.
    #[error("a SIP URI must not hold {found:?}")]
    Character {
        /// The character found.
        found: char,
    },
    /// A `%` without its two digits.
    #[error("a `%` in a SIP URI has two hexadecimal digits after it, as in %23")]
    Escape,
}

crate::text::text!(SipUri, SipUriError);

impl SipUri {
    /// Takes a text as a SIP URI.
    ///
    /// # Errors
    /// [`SipUriError`] says what is missing or wrong.
    pub fn new(text: impl Into<String>) -> Result<Self, SipUriError> {
        let text = text.into();
        if text.len() > MAX_URI {
            return Err(SipUriError::TooLong { found: text.len() });
        }
        let Some(rest) = strip_scheme(&text) else {
            return Err(SipUriError::Scheme { found: text });
        };
        let whole = fixed(rest);
        let (user, place) = match whole.rsplit_once('@') {
            Some((user, place)) => (Some(user), place),
            None => (None, &*whole),
        };
        let (place, parameters) = place.split_once(';').unwrap_or((place, ""));
        if place.contains('?') || parameters.contains('?') {
            return Err(SipUriError::Headers);
        }
        check_place(place, text.contains('{'))?;
        check(parameters, PARAMETERS)?;
        if let Some(user) = user {
            let (user, password) = user.split_once(':').unwrap_or((user, ""));
            if user.is_empty() {
                return Err(SipUriError::User);
            }
            check(user, USER)?;
            check(password, PASSWORD)?;
        }
        Ok(Self(text))
    }

    /// The URI as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What follows `sip:` or `sips:`, in any case (RFC 3261, section 19.1); `None`: it is another URI, or
/// none.
#[must_use]
pub fn strip_scheme(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once(':')?;
    ["sip", "sips"]
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known))
        .then_some(rest)
}

/// `unreserved`, `escaped` and these.
fn check(text: &str, also: &str) -> Result<(), SipUriError> {
    let mut rest = text.chars();
    while let Some(found) = rest.next() {
        if found == '%' {
            let hex = |c: Option<char>| c.is_some_and(|c| c.is_ascii_hexdigit());
            if !(hex(rest.next()) && hex(rest.next())) {
                return Err(SipUriError::Escape);
            }
        } else if !found.is_ascii_alphanumeric() && !MARK.contains(found) && !also.contains(found) {
            return Err(SipUriError::Character { found });
        }
    }
    Ok(())
}

/// A host and its port; where there are variables, those are not judged by their value.
fn check_place(place: &str, variables: bool) -> Result<(), SipUriError> {
    let port = match place.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']').ok_or(SipUriError::Host)?;
            if !variables && address.parse::<Ipv6Addr>().is_err() {
                return Err(SipUriError::Host);
            }
            match port.strip_prefix(':') {
                None if !port.is_empty() => return Err(SipUriError::Host),
                port => port,
            }
        }
        None => {
            let (host, port) = match place.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (place, None),
            };
            if host.is_empty() {
                return Err(SipUriError::Host);
            }
            let allowed = |c: char| c.is_ascii_alphanumeric() || HOST.contains(c);
            if let Some(found) = host.chars().find(|c| !allowed(*c)) {
                return Err(SipUriError::Character { found });
            }
            port
        }
    };
    let digits = |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let number = |port: &str| variables || port.parse::<u16>().is_ok_and(|port| port > 0);
    match port {
        Some(port) if !digits(port) || !number(port) => Err(SipUriError::Port {
            found: port.to_owned(),
        }),
        _ => Ok(()),
    }
}

impl fmt::Display for SipUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for SipUri {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::SipUri;

    #[test]
    fn takes_what_the_grammar_has() {
        for text in [
            "sip:ann@pbx.example",
            "SIPS:ann@PBX.example:5061;transport=tcp;lr",
            "sip:10.0.0.1:5070",
            "sip:[2001:db8::1]:5060;maddr=[::1]",
            "sip:+1-314-652.3057;phone-context=x;ext=5@my_gw;user=phone",
            "sip:ann:se&cret@h",
            "sip:a?b/c@h",
            "sip:%2397*1@h",
            "sip:{to}@{attributes.host}:{attributes.port}",
            "sip:{to}@[{attributes.host}]",
        ] {
            assert!(SipUri::new(text).is_ok(), "{text}");
        }
    }

    /// RFC 3261, sections 19.1.1 (table 1) and 25.1.
    #[test]
    fn takes_nothing_else() {
        for (text, wrong) in [
            ("sip:+442079460000#@h", "must not hold '#'"),
            ("sip:\u{661}\u{669}@h", "must not hold '\u{661}'"),
            ("sip:zo\u{eb}@h", "must not hold '\u{eb}'"),
            ("sip:a b@h", "must not hold ' '"),
            ("sip:a\r\nX: y@h", "must not hold '\\r'"),
            ("sip:ann@b\u{fc}cher.example", "must not hold '\u{fc}'"),
            ("sip:ann@pbx.example@h", "must not hold '@'"),
            ("sip:ann:a:b@h", "must not hold ':'"),
            ("sip:a{b@h", "must not hold '{'"),
            ("sip:a{}@h", "must not hold '{'"),
            ("sip:ann@h;x=<y>", "must not hold '<'"),
            ("sip:+44%2@h", "two hexadecimal digits"),
            ("sip:+44%zz@h", "two hexadecimal digits"),
            ("sip:ann@h;x=%", "two hexadecimal digits"),
            ("sip:ann@h?Route=%3Csip:g%3Blr%3E", "has no headers"),
            ("sip:ann@h;lr?X-A=b", "has no headers"),
            ("sip:@h", "needs a user"),
            ("sip::x@h", "needs a user"),
            ("sip:", "needs a host"),
            ("sip:ann@:5060", "needs a host"),
            ("sip:ann@;lr", "needs a host"),
            ("sip:ann@[::1", "needs a host"),
            ("sip:ann@[::1]5060", "needs a host"),
            ("sip:ann@[h]", "needs a host"),
            ("sip:ann@h:99999", "`99999` is no port"),
            ("sip:ann@h:0", "`0` is no port"),
            ("sip:ann@h:", "`` is no port"),
            ("sip:ann@h:+80", "`+80` is no port"),
            ("sip:ann@::1", "needs a host"),
        ] {
            let said = SipUri::new(text).unwrap_err().to_string();
            assert!(said.contains(wrong), "{text}: {said}");
        }
    }
}
