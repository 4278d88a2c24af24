//! Between the router's words and SIP's: an INVITE becomes an offer, a dial becomes headers.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use callroute_media::{DialTarget, EndCause, Offer};
use callroute_schema::{Address, Caller, Cause, SourceInfo, Transport};
use sipx_sip::headers::{From, To};
use sipx_sip::{
    HeaderName, Headers, PAssertedIdentity, PrivacyValue, Reason, ReasonValue, Request, StatusCode,
    TypedHeader, Uri,
};
use sipx_transport::TransportKind;

use crate::config::Config;

/// Most headers that an offer carries.
const MAX_HEADERS: usize = 32;
/// Longest header value and URI that an offer carries, in bytes.
const MAX_VALUE: usize = 512;
/// Headers that routing may look at, beside those that begin with `x-`.
const SHOWN: [&str; 3] = ["call-id", "user-agent", "diversion"];

/// What an INVITE says about who calls whom; `None` when nothing in it can be dialed.
pub(crate) fn offer(
    invite: &Request,
    source: SocketAddr,
    transport: TransportKind,
) -> Option<Offer> {
    let headers = &invite.headers;
    let from = headers
        .typed::<From>()
        .and_then(Result::ok)
        .map(|from| from.0);
    let to = headers.typed::<To>().and_then(Result::ok).map(|to| to.0);
    let asserted = headers
        .typed_all::<PAssertedIdentity>()
        .find_map(Result::ok);
    let caller = caller(
        headers,
        asserted.as_ref(),
        from.as_ref().map(|from| &from.uri),
    );
    let hidden = matches!(caller, Caller::Withheld);
    let dialed = address(&invite.uri)
        .or_else(|| to.as_ref().and_then(|to| address(&to.uri)))
        .or_else(|| Address::new(clean(&host(&invite.uri))).ok());
    let name = asserted
        .as_ref()
        .and_then(|asserted| asserted.address().display_name.as_ref())
        .or(from.as_ref().and_then(|from| from.display_name.as_ref()))
        .map(|name| clean(name))
        .filter(|name| !name.trim().is_empty() && !hidden);
    Some(Offer {
        from: caller,
        to: dialed?,
        from_name: name,
        from_uri: from
            .map(|from| clean(&from.uri.to_bytes()))
            .filter(|_| !hidden),
        to_uri: Some(clean(&invite.uri.to_bytes())),
        source: SourceInfo {
            trunk: None,
            ip: Some(source.to_string()),
            transport: Some(match transport {
                TransportKind::Udp => Transport::Udp,
                _ => Transport::Tcp,
            }),
        },
        headers: shown(headers),
    })
}

fn caller(headers: &Headers, asserted: Option<&PAssertedIdentity>, from: Option<&Uri>) -> Caller {
    let private = headers
        .typed_all::<sipx_sip::Privacy>()
        .filter_map(Result::ok)
        .any(|privacy| {
            [PrivacyValue::Id, PrivacyValue::User, PrivacyValue::Header]
                .iter()
                .any(|wanted| privacy.is(wanted))
        });
    // RFC 3323, section 4.1.1.3: sip:anonymous@anonymous.invalid.
    let anonymous = from.is_some_and(|from| {
        from.user()
            .is_some_and(|user| user.eq_ignore_ascii_case(b"anonymous"))
            || host(from).eq_ignore_ascii_case(b"anonymous.invalid")
    });
    // An identity that the network asserts, without asking for privacy, may be shown even when
    // the caller's own From hides it.
    let asserted = asserted.and_then(|asserted| address(&asserted.address().uri));
    match asserted {
        _ if private => Caller::Withheld,
        Some(address) => Caller::Known(address),
        None if anonymous => Caller::Withheld,
        None => from
            .filter(|from| !host(from).eq_ignore_ascii_case(b"unknown.invalid"))
            .and_then(address)
            .map_or(Caller::Unavailable, Caller::Known),
    }
}

/// The number or user of a URI, decoded and without parameters of the user part.
fn address(uri: &Uri) -> Option<Address> {
    let bytes = match uri.tel_parts() {
        Some(tel) => tel
            .subscriber()
            .iter()
            .filter(|b| !b"-.() ".contains(b))
            .copied()
            .collect(),
        None => uri.decoded_user()?,
    };
    let text = String::from_utf8(bytes).ok()?;
    let user = text.split(';').next().unwrap_or_default();
    Address::new(user).ok()
}

fn host(uri: &Uri) -> Vec<u8> {
    uri.host()
        .map(|host| host.to_bytes().to_vec())
        .unwrap_or_default()
}

/// Bytes from the wire as a bounded text without control characters.
fn clean(bytes: &[u8]) -> String {
    let bytes = bytes.get(..MAX_VALUE).unwrap_or(bytes);
    String::from_utf8_lossy(bytes)
        .chars()
        .filter(|c| !c.is_control())
        .collect()
}

fn shown(headers: &Headers) -> BTreeMap<String, String> {
    headers
        .iter()
        .filter_map(|header| {
            let name = clean(header.name().canonical()).to_ascii_lowercase();
            (SHOWN.contains(&name.as_str()) || name.starts_with("x-"))
                .then(|| (name, clean(&header.value())))
        })
        .take(MAX_HEADERS)
        .collect()
}

/// The URI to dial; `None` when there is no way to such a number.
pub(crate) fn dialed_uri(config: &Config, to: &DialTarget) -> Option<String> {
    match to {
        DialTarget::Sip(uri) => Some(uri.as_str().to_owned()),
        DialTarget::Number(number) => match config.contacts.get(number.as_str()) {
            Some(uri) => Some(uri.clone()),
            None => config
                .trunk
                .as_deref()
                .and_then(|trunk| with_user(trunk, number.as_str())),
        },
        _ => None,
    }
}

/// `sip:host:port;params` with this user; a user that it had is replaced.
fn with_user(uri: &str, user: &str) -> Option<String> {
    let (scheme, rest) = uri.split_once(':')?;
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    Some(format!("{scheme}:{}@{host}", escaped(user)))
}

/// A user part with all that the grammar does not allow escaped (RFC 3261, section 25.1).
pub(crate) fn escaped(user: &str) -> String {
    let mut out = String::with_capacity(user.len());
    for byte in user.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()&=+$,?/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// From, without its tag, and whether privacy must be asked for.
pub(crate) fn from_header(from: &Caller, name: Option<&str>, host: &str) -> (String, bool) {
    match from {
        Caller::Known(address) => {
            let uri = format!("<sip:{}@{host}>", escaped(address.as_str()));
            (
                name.map_or_else(|| uri.clone(), |name| format!("{} {uri}", quoted(name))),
                false,
            )
        }
        Caller::Withheld => (
            "\"Anonymous\" <sip:anonymous@anonymous.invalid>".to_owned(),
            true,
        ),
        Caller::Unavailable => ("<sip:unavailable@unknown.invalid>".to_owned(), false),
    }
}

fn quoted(name: &str) -> String {
    let mut out = String::from('"');
    for c in name.chars().filter(|c| !c.is_control()).take(128) {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
    out
}

/// An IP address as URIs and Via write it.
pub(crate) fn bracketed(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
}

/// The final failure that refuses a caller, and the cause that is reported.
pub(crate) fn refusal(cause: EndCause) -> Cause {
    let refused = |status, q850| Cause {
        q850: Some(q850),
        ..Cause::from_sip(status)
    };
    match cause {
        EndCause::Normal | EndCause::AnsweredElsewhere => Cause::from_sip(603),
        EndCause::Rejected(why) => {
            let (status, q850) = why.codes();
            refused(status, q850)
        }
        EndCause::Shutdown => Cause::from_sip(503),
        _ => Cause::from_sip(480),
    }
}

/// The Reason header of a refusal or a BYE (RFC 3326).
pub(crate) fn q850_reason(cause: u8) -> bytes::Bytes {
    ReasonValue::q850(cause, None).to_bytes()
}

/// The Reason of a CANCEL, for a callee that should know why (RFC 3326).
pub(crate) fn cancel_reason(cause: EndCause) -> Option<Reason> {
    match cause {
        EndCause::AnsweredElsewhere => StatusCode::new(200)
            .map(|ok| ReasonValue::sip(ok, Some(b"Call completed elsewhere".to_vec())).into()),
        EndCause::NoAnswer => Some(ReasonValue::q850(19, None).into()),
        _ => None,
    }
}

/// The privacy that a withheld caller asks for (RFC 3323).
pub(crate) fn privacy() -> (HeaderName, &'static str) {
    (sipx_sip::Privacy::NAME, "id")
}

#[cfg(test)]
mod tests;
