//! The headers that more than one place asks for, or sets.

use callroute_media::hops_of;
use sipx_sip::headers::{Contact, From, Reason, RecordRoute, To};
use sipx_sip::{BuildError, Header, HeaderName, Headers, Method, Request, Uri};

use crate::message::{HOPS_NAME, SUPPORTED};

/// The tag of From.
pub(crate) fn from_tag(headers: &Headers) -> Option<Vec<u8>> {
    tag(headers, &HeaderName::From, || {
        headers.typed::<From>()?.ok()?.tag().map(<[u8]>::to_vec)
    })
}

/// The tag of To.
pub(crate) fn to_tag(headers: &Headers) -> Option<Vec<u8>> {
    tag(headers, &HeaderName::To, || {
        headers.typed::<To>()?.ok()?.tag().map(<[u8]>::to_vec)
    })
}

/// The tag of a header, which is taken apart for it only where it is not of the plainest form.
fn tag(
    headers: &Headers,
    name: &HeaderName,
    apart: impl FnOnce() -> Option<Vec<u8>>,
) -> Option<Vec<u8>> {
    let value = headers.value(name)?;
    sole_tag(&value).map(<[u8]>::to_vec).or_else(apart)
}

/// The tag of an address of the plainest form, `name <uri>;tag=token`, which almost all have and which
/// need not be taken apart for it; `None` for any other.
fn sole_tag(value: &[u8]) -> Option<&[u8]> {
    let end = value.iter().rposition(|byte| *byte == b'>')?;
    let (address, rest) = value.split_at_checked(end + 1)?;
    let plain = !address.iter().any(|byte| b"\",\\".contains(byte))
        && address.iter().filter(|byte| b"<>".contains(byte)).count() == 2;
    let tag = rest.strip_prefix(b";tag=")?;
    (plain && is_word(tag, b"-.!%*_+`'~")).then_some(tag)
}

/// Whether a text is made of letters, digits and these signs, and is not empty.
pub(crate) fn is_word(text: &[u8], signs: &[u8]) -> bool {
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || signs.contains(byte);
    !text.is_empty() && text.iter().all(fits)
}

/// Whether an address is of the plainest form, `<sip:user@host:port>;tag=token`, which need not be
/// taken apart to know that it is right.
pub(crate) fn is_plain_address(value: &[u8]) -> bool {
    let plain = || {
        let rest = value.strip_prefix(b"<sip:")?;
        let end = rest.iter().position(|byte| *byte == b'>')?;
        let (uri, tag) = (rest.get(..end)?, rest.get(end + 1..)?);
        let at = uri.iter().position(|byte| *byte == b'@')?;
        let (user, host) = (uri.get(..at)?, uri.get(at + 1..)?);
        let host = std::str::from_utf8(host).ok()?;
        let (host, port) = host.split_once(':').unwrap_or((host, "5060"));
        let is_port = port.parse::<u16>().is_ok() && is_word(port.as_bytes(), b"");
        let is_name = || {
            let label = |label: &str| {
                let ends = !label.starts_with('-') && !label.ends_with('-');
                ends && is_word(label.as_bytes(), b"-")
            };
            host.split('.').all(label) && host.bytes().any(|byte| byte.is_ascii_alphabetic())
        };
        let is_host = host.parse::<std::net::Ipv4Addr>().is_ok() || is_name();
        let tagged = |tag| is_word(tag, b"-._~");
        let is_tag = tag.is_empty() || tag.strip_prefix(b";tag=").is_some_and(tagged);
        Some(is_word(user, b"+-._") && is_host && is_port && is_tag)
    };
    plain().unwrap_or(false)
}

/// Whether To has a tag. Most that have none do not look so either, and are not taken apart.
pub(crate) fn has_to_tag(headers: &Headers) -> bool {
    let value = headers.value(&HeaderName::To).unwrap_or_default();
    let like = value
        .windows(3)
        .any(|three| three.eq_ignore_ascii_case(b"tag"));
    like && to_tag(headers).is_some()
}

/// The Call-ID.
pub(crate) fn call_id(headers: &Headers) -> Vec<u8> {
    headers
        .value(&HeaderName::CallId)
        .unwrap_or_default()
        .into_owned()
}

/// The number of CSeq.
pub(crate) fn sequence(headers: &Headers) -> Option<u32> {
    headers
        .typed::<sipx_sip::CSeq>()?
        .ok()
        .map(|cseq| cseq.sequence)
}

/// Gives a request this number, in place of the one that it has.
pub(crate) fn set_sequence(request: &mut Request, number: u32) -> Result<(), BuildError> {
    let method = String::from_utf8_lossy(request.method.as_bytes());
    let value = format!("{number} {method}");
    request.headers.remove_all(&HeaderName::CSeq);
    request
        .headers
        .push(Header::build(HeaderName::CSeq, value)?);
    Ok(())
}

/// Gives a request that is sent once more, with something else in it, the next number.
pub(crate) fn next_sequence(request: &mut Request) -> Result<(), BuildError> {
    let number = sequence(&request.headers).unwrap_or(1);
    set_sequence(request, number.saturating_add(1))
}

/// The preference that a `q` states, in thousandths: 0 to 1 with at most three decimals (RFC 3261,
/// section 25.1, `qvalue`); `None` for anything else.
pub(crate) fn qvalue(q: &[u8]) -> Option<u16> {
    let text = std::str::from_utf8(q).ok()?;
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let digits = decimals.bytes().all(|byte| byte.is_ascii_digit()) && decimals.len() <= 3;
    let decimals: u16 = format!("{decimals:0<3}").parse().ok().filter(|_| digits)?;
    match (whole, decimals) {
        ("0", decimals) => Some(decimals),
        ("1", 0) => Some(1000),
        _ => None,
    }
}

/// The URI of the first Contact.
pub(crate) fn contact(headers: &Headers) -> Option<Uri> {
    headers
        .typed::<Contact>()?
        .ok()
        .map(|contact| contact.0.uri)
}

/// Whether an INVITE wants a SIPS URI of ours (RFC 3261, section 12.1.1): by its Request-URI, the nearest
/// Record-Route, or its Contact where it has none.
pub(crate) fn is_of_sips(invite: &Request) -> bool {
    let route = invite.headers.typed_all::<RecordRoute>().next();
    let named = match route {
        Some(route) => route.ok().map(|route| route.0.uri),
        None => contact(&invite.headers),
    };
    let mut both = [Some(&invite.uri), named.as_ref()].into_iter().flatten();
    both.any(|uri| uri.scheme().is_secure())
}

/// The Q.850 cause of a Reason header, if one says it (RFC 3326).
pub(crate) fn q850(headers: &Headers) -> Option<u8> {
    reasons(headers)
        .find(|reason| reason.protocol().eq_ignore_ascii_case(b"Q.850"))
        .and_then(|reason| u8::try_from(reason.cause()).ok())
}

/// Whether a Reason header says that the call was answered elsewhere (RFC 3326, section 3.1).
pub(crate) fn answered_elsewhere(headers: &Headers) -> bool {
    reasons(headers)
        .any(|reason| reason.protocol().eq_ignore_ascii_case(b"SIP") && reason.cause() == 200)
}

/// The Reason header as text.
pub(crate) fn reason_text(headers: &Headers) -> Option<String> {
    let value = headers.value(&HeaderName::Reason)?;
    Some(String::from_utf8_lossy(&value).into_owned())
}

fn reasons(headers: &Headers) -> impl Iterator<Item = sipx_sip::ReasonValue> {
    headers
        .typed_all::<Reason>()
        .filter_map(Result::ok)
        .flat_map(|reason| reason.0)
}

/// Whether the body, if there is one, is a session description.
pub(crate) fn body_is_sdp(request: &Request) -> bool {
    request.body().is_empty()
        || request
            .headers
            .typed::<sipx_sip::headers::ContentType>()
            .is_some_and(|kind| kind.is_ok_and(|kind| kind.is("application", "sdp")))
}

/// Whether the body is packed in a way that we do not know, and so cannot be read.
pub(crate) fn is_encoded(request: &Request) -> bool {
    let encoding = request.headers.value(&HeaderName::ContentEncoding);
    let plain = |encoding: &[u8]| encoding.trim_ascii().eq_ignore_ascii_case(b"identity");
    encoding.is_some_and(|encoding| !request.body().is_empty() && !plain(&encoding))
}

/// The option tags that a request requires of us and that we do not have (RFC 3261, section
/// 8.2.2.3).
pub(crate) fn unsupported(request: &Request) -> Option<String> {
    if matches!(request.method, Method::Ack | Method::Cancel) {
        return None;
    }
    let missing: Vec<String> = tags(&request.headers, &HeaderName::Require)
        .filter(|tag| !SUPPORTED.split(", ").any(|known| known == tag))
        .collect();
    (!missing.is_empty()).then(|| missing.join(", "))
}

/// The option tags of a header, in lower case.
pub(crate) fn tags(headers: &Headers, name: &HeaderName) -> impl Iterator<Item = String> {
    let values: Vec<String> = headers
        .get_all(name)
        .map(|header| String::from_utf8_lossy(&header.value()).to_ascii_lowercase())
        .collect();
    values
        .into_iter()
        .flat_map(|value| {
            let tags: Vec<String> = value.split(',').map(|tag| tag.trim().to_owned()).collect();
            tags
        })
        .filter(|tag| !tag.is_empty())
}

/// How often a call was forwarded before it came, as far as it says.
pub(crate) fn hops(headers: &Headers) -> u32 {
    let value = headers.value(&HOPS_NAME);
    value
        .and_then(|value| hops_of(std::str::from_utf8(&value).ok()?))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sipx_sip::TypedHeader;
    use sipx_sip::headers::{ContactValue, From, To};

    use super::{is_plain_address, sole_tag};

    proptest! {
        /// What looks plain is right.
        #[test]
        fn a_plain_address_can_be_taken_apart(
            start in "<sip:|<sips:|sip:|\"a\" <sip:|<SIP:",
            user in "([a-c0-9+._-]{1,4}@|@|[a-c%:;]{1,3}@|)",
            host in r"127\.0\.0\.1|[A-Ca-c0-9.-]{1,5}|\[::1\]|1\.2\.3|",
            port in "(:[0-9]{0,6}|:[+]5)?",
            rest in r"(>|)(;tag=[a-c.%~-]{0,3}|;[a-c]=[a-c]|,|>| ){0,2}",
        ) {
            let value = format!("{start}{user}{host}{port}{rest}");
            if is_plain_address(value.as_bytes()) {
                prop_assert!(To::decode(value.as_bytes()).is_ok(), "{}", value);
                prop_assert!(From::decode(value.as_bytes()).is_ok(), "{}", value);
                prop_assert!(ContactValue::decode_list(value.as_bytes()).is_ok(), "{}", value);
            }
        }

        /// What is found without taking an address apart is what taking it apart finds.
        #[test]
        fn a_sole_tag_is_the_tag(
            name in r#"("a" |a b |)"#,
            uri in r#"sip:[a-c;=]{0,4}@h(;[a-c]=[a-c])?"#,
            rest in r#"(;tag=[a-c.%~]{0,3}|;[a-c]=[a-c]|;TAG=a|"|,|>| ){0,3}"#,
        ) {
            let value = format!("{name}<{uri}>{rest}");
            let parsed = To::decode(value.as_bytes());
            if let (Some(tag), Ok(parsed)) = (sole_tag(value.as_bytes()), parsed) {
                prop_assert_eq!(parsed.tag(), Some(tag), "{}", value);
            }
        }
    }

    #[test]
    fn most_addresses_are_plain() {
        assert!(is_plain_address(
            b"<sip:+14155550123@192.0.2.1:5070>;tag=a-1"
        ));
        assert!(is_plain_address(b"<sip:ann@pbx.example>"));
        for other in [
            "*",
            "",
            "<sip:h>",
            "<sip:a@h>;expires=1",
            "<sip:a@1.2>",
            "<sip:a@h:99999>",
        ] {
            assert!(!is_plain_address(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn most_tags_are_found_so() {
        assert_eq!(
            sole_tag(b"Ann <sip:a@h;x=y>;tag=1-a.b"),
            Some(b"1-a.b".as_slice())
        );
        for other in [
            "sip:a@h;tag=1",
            "\"<x>\" <sip:a@h>;tag=1",
            "<sip:a@h>;tag=1;x",
            "<sip:a@h>",
            "",
        ] {
            assert_eq!(sole_tag(other.as_bytes()), None, "{other}");
        }
    }

    /// RFC 3261, section 25.1: `qvalue`.
    #[test]
    fn a_q_is_a_q() {
        for (text, wanted) in [
            ("1", Some(1000)),
            ("1.0", Some(1000)),
            ("0.7", Some(700)),
            ("0", Some(0)),
            ("0.", Some(0)),
            ("0.125", Some(125)),
            ("0.1255", None),
            ("1.1", None),
            ("2", None),
            ("", None),
            ("0.x", None),
            ("-1", None),
        ] {
            assert_eq!(super::qvalue(text.as_bytes()), wanted, "{text:?}");
        }
    }
}
