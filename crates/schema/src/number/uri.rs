//! The user part of `sip:`, `sips:` (RFC 3261, section 19.1) and `tel:` (RFC 3966) URIs.

use crate::sip_uri::{strip_scheme, unescape};

/// A URI, taken apart as far as a caller's identity needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Uri {
    pub(crate) scheme: Scheme,
    /// Without password, percent escapes decoded; of a `tel:` URI all after the scheme.
    pub(crate) user: Option<String>,
    /// Lower case, without port; empty in a `tel:` URI.
    pub(crate) host: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    Sip,
    Tel,
}

/// Why a text is no such URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UriFault {
    /// Another scheme, or none.
    Scheme,
    /// Not well formed.
    Malformed,
}

impl Uri {
    pub(crate) fn parse(text: &str) -> Result<Self, UriFault> {
        if let Some(rest) = strip_scheme(text) {
            return sip(rest);
        }
        let (scheme, rest) = text.split_once(':').ok_or(UriFault::Scheme)?;
        if !scheme.eq_ignore_ascii_case("tel") {
            return Err(UriFault::Scheme);
        }
        let user = decode(rest).filter(|user| !user.is_empty());
        let user = Some(user.ok_or(UriFault::Malformed)?);
        Ok(Self {
            scheme: Scheme::Tel,
            user,
            host: String::new(),
        })
    }
}

fn sip(rest: &str) -> Result<Uri, UriFault> {
    let (user, rest) = match rest.split_once('@') {
        Some((user, rest)) => (Some(user), rest),
        None => (None, rest),
    };
    let host = match rest.strip_prefix('[') {
        Some(rest) => rest.split_once(']').ok_or(UriFault::Malformed)?.0,
        None => rest.split([':', ';', '?']).next().unwrap_or_default(),
    };
    let bad = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"' | '@');
    if host.is_empty() || host.contains(bad) {
        return Err(UriFault::Malformed);
    }
    let user = match user.map(|user| user.split(':').next().unwrap_or_default()) {
        None | Some("") => None,
        Some(user) => Some(decode(user).ok_or(UriFault::Malformed)?),
    };
    Ok(Uri {
        scheme: Scheme::Sip,
        user,
        host: host.to_lowercase(),
    })
}

/// Decodes percent escapes. `None` on a broken escape, bad UTF-8, white space, quotes or control
/// characters.
fn decode(text: &str) -> Option<String> {
    let bad = |c: char| c.is_control() || matches!(c, '<' | '>' | '"');
    String::from_utf8(unescape(text.as_bytes())?.into_owned())
        .ok()
        .filter(|text| !text.contains(bad) && !text.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::{Scheme, Uri, UriFault};

    #[test]
    fn takes_uris_apart() {
        for (text, scheme, user, host) in [
            (
                "sip:alice@example.com",
                Scheme::Sip,
                Some("alice"),
                "example.com",
            ),
            (
                "SIPS:al:pw@Example.COM:5061;transport=tls?a=b",
                Scheme::Sip,
                Some("al"),
                "example.com",
            ),
            (
                "sip:%2B14155550123@gw",
                Scheme::Sip,
                Some("+14155550123"),
                "gw",
            ),
            (
                "sip:+1415;ext=3@[2001:db8::1]:5060",
                Scheme::Sip,
                Some("+1415;ext=3"),
                "2001:db8::1",
            ),
            ("sip:gw.example.com;lr", Scheme::Sip, None, "gw.example.com"),
            ("sip:@gw", Scheme::Sip, None, "gw"),
            (
                "tel:+1-415-555-0123;cpc=x",
                Scheme::Tel,
                Some("+1-415-555-0123;cpc=x"),
                "",
            ),
        ] {
            let uri = Uri::parse(text).unwrap();
            assert_eq!(
                (uri.scheme, uri.user.as_deref(), uri.host.as_str()),
                (scheme, user, host)
            );
        }
    }

    #[test]
    fn refuses_what_is_no_uri() {
        for (text, fault) in [
            ("", UriFault::Scheme),
            ("alice", UriFault::Scheme),
            ("mailto:alice@example.com", UriFault::Scheme),
            ("sip:", UriFault::Malformed),
            ("sip:alice@", UriFault::Malformed),
            ("sip:a@b@c", UriFault::Malformed),
            ("sip:a%0d%0ab@c", UriFault::Malformed),
            ("sip:a%00b@c", UriFault::Malformed),
            ("sip:a%2@c", UriFault::Malformed),
            ("sip:a%ff@c", UriFault::Malformed),
            ("sip:a%zz@c", UriFault::Malformed),
            ("sip:a@[::1", UriFault::Malformed),
            ("tel:", UriFault::Malformed),
        ] {
            assert_eq!(Uri::parse(text), Err(fault), "{text}");
        }
    }
}
