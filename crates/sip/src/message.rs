//! Building responses, and reading the headers that more than one place asks for.

mod plain;

pub(crate) use self::plain::put_line;

use std::sync::LazyLock;

use bytes::Bytes;
use sipx_sip::headers::{Contact, From, Reason, To};
use sipx_sip::{
    BuildError, Header, HeaderName, Headers, Method, Request, Response, ResponseBuilder,
    StatusCode, Uri,
};

/// The same where there are no calls, only redirections.
pub(crate) const ALLOW_REDIRECTING: &str = "INVITE, ACK, CANCEL, OPTIONS";
/// The methods that are answered with something else than 405.
pub(crate) const ALLOW: &str =
    "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, PRACK, INFO, REFER, NOTIFY";
/// The extensions that we know.
pub(crate) const SUPPORTED: &str = "100rel, timer, replaces";
/// Counts how often a call has been through us.
pub(crate) const HOPS: &[u8] = b"X-Callroute-Hops";
/// The same as a name.
pub(crate) static HOPS_NAME: LazyLock<HeaderName> =
    LazyLock::new(|| HeaderName::parse(&Bytes::from_static(HOPS)));
/// Most Contacts of one 302.
const MAX_CONTACTS: usize = 16;
/// The media type of session descriptions.
pub(crate) const SDP_TYPE: &str = "application/sdp";

/// More than the rest of a request takes beside what is counted: its version, the line that tells its
/// length, and a blank one.
const MARGIN: usize = 64;

/// A response in the making: status and headers, later perhaps a body.
#[derive(Debug, Default)]
pub(crate) struct Reply {
    status: u16,
    tag: Option<String>,
    headers: Vec<(HeaderName, Bytes)>,
    body: Option<String>,
}

impl Reply {
    /// A response with this status.
    pub(crate) fn new(status: u16) -> Self {
        Self {
            status,
            ..Self::default()
        }
    }

    /// With our tag in To, unless the request has one there already.
    pub(crate) fn tag(mut self, tag: &str) -> Self {
        self.tag = Some(tag.to_owned());
        self
    }

    /// With a header.
    pub(crate) fn header(mut self, name: HeaderName, value: impl Into<Bytes>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// With a session description.
    pub(crate) fn sdp(self, body: String) -> Self {
        let mut reply = self.header(HeaderName::ContentType, SDP_TYPE);
        reply.body = Some(body);
        reply
    }

    /// The same with one Contact, and without what can be left out; `None` when it is that already.
    pub(crate) fn shorter(&self) -> Option<Self> {
        let mut contacts = 0;
        let headers = self.headers.iter().filter(|(name, _)| {
            contacts += usize::from(*name == HeaderName::Contact);
            *name != HeaderName::Accept && (*name != HeaderName::Contact || contacts == 1)
        });
        let headers: Vec<_> = headers.cloned().collect();
        (headers.len() < self.headers.len()).then(|| Self {
            status: self.status,
            tag: self.tag.clone(),
            headers,
            body: self.body.clone(),
        })
    }

    /// Whether it brings a description.
    pub(crate) fn has_body(&self) -> bool {
        self.body.is_some()
    }

    /// Whether it is a 2xx.
    pub(crate) fn is_success(&self) -> bool {
        self.status / 100 == 2
    }

    /// A 100 brings back by what time its request was sent (RFC 3261, section 8.2.6.1).
    fn timestamp(&self, request: &Request) -> Option<Vec<u8>> {
        let value = request.headers.value(&HeaderName::Timestamp)?;
        let fits = self.status == 100 && !value.iter().any(u8::is_ascii_control);
        fits.then(|| value.into_owned())
    }

    /// The response to this request.
    pub(crate) fn to(self, request: &Request) -> Result<Response, BuildError> {
        let status = StatusCode::new(self.status).ok_or(BuildError::NotAToken {
            field: "status code",
        })?;
        let mut builder = ResponseBuilder::to_request(request, status, phrase(self.status))?;
        if let Some(value) = self.timestamp(request) {
            builder = builder.header(HeaderName::Timestamp, value)?;
        }
        for (name, value) in self.headers {
            builder = builder.header(name, value)?;
        }
        if let Some(tag) = self.tag.filter(|_| !has_to_tag(&request.headers)) {
            let to = request.headers.value(&HeaderName::To).unwrap_or_default();
            let value = [to.as_ref(), b";tag=", tag.as_bytes()].concat();
            // A quoted name may hold NUL (RFC 4475, section 3.1.1.2), which is only written as it
            // was read.
            if value.iter().any(u8::is_ascii_control)
                && let Err(error) = Header::build(HeaderName::To, value.clone())
            {
                return tagged(builder.build(), &value).ok_or(error);
            }
            builder = builder.set_header(&HeaderName::To, value)?;
        }
        Ok(match self.body {
            Some(body) => builder.body(body).build(),
            None => builder.build(),
        })
    }
}

/// 302 to these URIs, the preferred first (RFC 3261, sections 8.3 and 20.10).
pub(crate) fn moved<'a>(contacts: impl Iterator<Item = &'a str>) -> Reply {
    contacts
        .take(MAX_CONTACTS)
        .enumerate()
        .fold(Reply::new(302), |reply, (at, uri)| {
            let value = match 10 - at.min(9) {
                10 => format!("<{uri}>;q=1.0"),
                q => format!("<{uri}>;q=0.{q}"),
            };
            reply.header(HeaderName::Contact, value)
        })
}

/// A response whose To is replaced by one that cannot be built, only read.
fn tagged(mut response: Response, to: &[u8]) -> Option<Response> {
    let line = [b"To: ".as_slice(), to, b"\r\n"].concat();
    response.headers.remove_all(&HeaderName::To);
    let bytes = sipx_sip::Message::Response(response).to_bytes();
    let end = bytes.windows(2).position(|pair| pair == b"\r\n")? + 2;
    let (start, rest) = bytes.split_at_checked(end)?;
    let whole = [start, &line, rest].concat();
    match sipx_sip::parse_datagram(whole.into(), &sipx_sip::Limits::datagram()) {
        Ok(sipx_sip::Message::Response(response)) => Some(response),
        _ => None,
    }
}

/// Whether a request is longer than that on the wire. Most are so much shorter that they need not
/// be written to know it.
pub(crate) fn is_longer(request: &Request, most: usize) -> bool {
    let headers = request.headers.iter();
    // A header may be written by another name than it was read by; none has one so much longer.
    let headers = headers
        .map(|header| header.name().canonical().len() + header.raw_value().len() + ": \r\n".len());
    let start = request.method.as_bytes().len() + request.uri.to_bytes().len() + MARGIN;
    let about = start + headers.sum::<usize>() + request.body().len();
    about > most && sipx_sip::Message::Request(request.clone()).to_bytes().len() > most
}

/// The reason phrase of a status (RFC 3261, section 21).
pub(crate) fn phrase(status: u16) -> &'static str {
    match status {
        100 => "Trying",
        180 => "Ringing",
        183 => "Session Progress",
        200 => "OK",
        202 => "Accepted",
        302 => "Moved Temporarily",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        415 => "Unsupported Media Type",
        416 => "Unsupported URI Scheme",
        420 => "Bad Extension",
        422 => "Session Interval Too Small",
        423 => "Interval Too Brief",
        480 => "Temporarily Unavailable",
        481 => "Call/Transaction Does Not Exist",
        482 => "Loop Detected",
        483 => "Too Many Hops",
        484 => "Address Incomplete",
        486 => "Busy Here",
        487 => "Request Terminated",
        488 => "Not Acceptable Here",
        489 => "Bad Event",
        491 => "Request Pending",
        500 => "Server Internal Error",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        505 => "Version Not Supported",
        600 => "Busy Everywhere",
        603 => "Decline",
        status if status < 200 => "Progress",
        status if status < 300 => "OK",
        status if status < 400 => "Redirection",
        status if status < 500 => "Request Failure",
        status if status < 600 => "Server Failure",
        _ => "Global Failure",
    }
}

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

/// The URI of the first Contact.
pub(crate) fn contact(headers: &Headers) -> Option<Uri> {
    headers
        .typed::<Contact>()?
        .ok()
        .map(|contact| contact.0.uri)
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

/// How often a call has been through us, as far as it says.
pub(crate) fn hops(headers: &Headers) -> u32 {
    let found = headers
        .iter()
        .find(|header| header.name().canonical().eq_ignore_ascii_case(HOPS));
    found
        .and_then(|header| {
            std::str::from_utf8(&header.value())
                .ok()?
                .trim()
                .parse()
                .ok()
        })
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
}
