//! Between the router's words and SIP's: an INVITE becomes an offer, a dial becomes headers.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use callroute_media::{EndCause, OfferedCall};
pub(crate) use callroute_schema::escape_user as escaped;
use callroute_schema::number::{CallerHeaders, CallerIdentity, Who, identify, is_visual};
use callroute_schema::{Address, Caller, Cause, SourceInfo, Transport};
use sipx_sip::headers::To;
use sipx_sip::{
    HeaderName, Headers, PAssertedIdentity, Reason, ReasonValue, Request, StatusCode, TypedHeader,
    Uri,
};
use sipx_transport::TransportKind;

use crate::endpoint::Incoming;

/// Most headers that an offer carries.
pub(crate) const MAX_HEADERS: usize = 32;
/// Longest header value and URI that an offer carries, in bytes.
pub(crate) const MAX_VALUE: usize = 512;
/// Headers that routing may look at, beside those that the parser knows and those that begin with `x-`.
const SHOWN: [&str; 2] = ["diversion", "traceparent"];

/// What an INVITE says about who calls whom; `None` when nothing in it can be dialed. What
/// P-Asserted-Identity says counts when the sender is `trusted`.
pub(crate) fn offer(
    incoming: &Incoming,
    trunk: Option<String>,
    trusted: bool,
) -> Option<OfferedCall> {
    let (invite, source) = (&incoming.request, incoming.flow.addr);
    offer_of(invite, source, incoming.flow.transport, trunk, trusted)
}

/// The same of an INVITE that has no transaction yet.
pub(crate) fn offer_of(
    invite: &Request,
    source: SocketAddr,
    transport: TransportKind,
    trunk: Option<String>,
    trusted: bool,
) -> Option<OfferedCall> {
    let headers = &invite.headers;
    let identity = identity(headers, trusted);
    let from = caller(&identity);
    let shown = !matches!(from, Caller::Withheld);
    let from_uri = match identity.who {
        Who::Known { uri, .. } if shown => Some(clean(uri.as_bytes())),
        _ => None,
    };
    Some(OfferedCall {
        from,
        to: dialed(invite)?,
        from_name: identity
            .display_name
            .map(|name| clean(name.as_bytes()))
            .filter(|name| shown && !name.trim().is_empty()),
        from_uri,
        to_uri: Some(clean(&invite.uri.to_bytes())),
        source: SourceInfo {
            trunk,
            ip: Some(source.to_string()),
            transport: Some(match transport {
                TransportKind::Udp => Transport::Udp,
                TransportKind::Tls => Transport::Tls,
                TransportKind::Ws | TransportKind::Wss => Transport::Ws,
                _ => Transport::Tcp,
            }),
        },
        headers: self::shown(headers),
    })
}

/// Whom an INVITE calls: whom it names, or the host that it was sent to.
pub(crate) fn dialed(invite: &Request) -> Option<Address> {
    let to = || {
        let to = invite.headers.typed::<To>()?.ok();
        to.and_then(|to| address(&to.0.uri))
    };
    address(&invite.uri)
        .or_else(to)
        .or_else(|| Address::new(clean(&host(&invite.uri))).ok())
}

/// Who calls, by From, P-Asserted-Identity and Privacy (RFC 3323, RFC 3325).
fn identity(headers: &Headers, trusted: bool) -> CallerIdentity {
    let values = |name: &HeaderName| -> Vec<String> {
        headers
            .get_all(name)
            .take(MAX_HEADERS)
            .map(|header| String::from_utf8_lossy(&header.value()).into_owned())
            .collect()
    };
    let from = values(&HeaderName::From);
    let asserted = values(&PAssertedIdentity::NAME);
    let privacy = values(&sipx_sip::Privacy::NAME);
    let identity = identify(&CallerHeaders {
        from: from.first().map_or("", String::as_str),
        p_asserted_identity: &asserted.iter().map(String::as_str).collect::<Vec<_>>(),
        privacy: &privacy.iter().map(String::as_str).collect::<Vec<_>>(),
        trusted,
    });
    for ignored in &identity.ignored {
        tracing::debug!(header = ?ignored.header, why = %ignored.why, "left out of the caller's identity");
    }
    identity
}

/// A caller who may not be shown is withheld from rules and webhooks as well: what they are told,
/// they may show.
fn caller(identity: &CallerIdentity) -> Caller {
    match &identity.who {
        Who::Known { user, .. } if identity.presentation_allowed => {
            let user = user.split(';').next().unwrap_or_default();
            Address::new(clean(user.as_bytes())).map_or(Caller::Unavailable, Caller::Known)
        }
        Who::Known { .. } | Who::Withheld => Caller::Withheld,
        _ => Caller::Unavailable,
    }
}

/// The number or user of a URI, decoded and without parameters of the user part.
pub(crate) fn address(uri: &Uri) -> Option<Address> {
    Address::new(user(uri)?).ok()
}

/// The same as text: the number of a `tel:` URI without visual separators, or the user.
pub(crate) fn user(uri: &Uri) -> Option<String> {
    let bytes = match uri.tel_parts() {
        Some(tel) => {
            let digits = tel.subscriber().iter().copied();
            digits.filter(|b| !is_visual(char::from(*b))).collect()
        }
        None => uri.decoded_user()?,
    };
    let mut text = String::from_utf8(bytes).ok()?;
    text.truncate(text.find(';').unwrap_or(text.len()));
    Some(text)
}

/// A URI of a setting, or as we keep it.
pub(crate) fn uri(text: &str) -> Option<Uri> {
    Uri::parse(Bytes::copy_from_slice(text.as_bytes())).ok()
}

/// Whether this is a SIPS URI.
pub(crate) fn is_sips(uri: &str) -> bool {
    let scheme = uri.split_once(':').map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("sips"))
}

/// The same as a SIPS URI.
pub(crate) fn secured(other: &Uri) -> Option<Uri> {
    let text = other.to_string();
    let (_, rest) = text.split_once(':')?;
    uri(&["sips:", rest].concat())
}

pub(crate) fn host(uri: &Uri) -> Vec<u8> {
    uri.host()
        .map(|host| host.to_bytes().to_vec())
        .unwrap_or_default()
}

/// Bytes from the wire as a bounded text without control characters.
pub(crate) fn clean(bytes: &[u8]) -> String {
    let bytes = bytes.get(..MAX_VALUE).unwrap_or(bytes);
    let mut text = String::from_utf8_lossy(bytes).into_owned();
    if !bytes.iter().all(|byte| matches!(byte, b' '..=b'~')) {
        text.retain(|c| !c.is_control());
    }
    text
}

fn shown(headers: &Headers) -> BTreeMap<String, String> {
    let shown = headers.iter().filter(|header| is_shown(header.name()));
    let mut found = BTreeMap::new();
    // Few, one after the other: collected, they would be sorted first.
    for header in shown.take(MAX_HEADERS) {
        let name = clean(header.name().canonical()).to_ascii_lowercase();
        found.insert(name, clean(&header.value()));
    }
    found
}

/// Whether routing may look at a header.
fn is_shown(name: &HeaderName) -> bool {
    use HeaderName as N;
    match name {
        N::CallId | N::UserAgent | N::HistoryInfo | N::Reason => true,
        N::Other(name) => {
            let start = name.get(..2).unwrap_or_default();
            let is = |shown: &&str| name.eq_ignore_ascii_case(shown.as_bytes());
            start.eq_ignore_ascii_case(b"x-") || SHOWN.iter().any(is)
        }
        _ => false,
    }
}

/// `sip:host:port;params` with this user; a user that it had is replaced.
pub(crate) fn with_user(uri: &str, user: &str) -> Option<String> {
    let (scheme, rest) = uri.split_once(':')?;
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    Some(format!("{scheme}:{}@{host}", escaped(user)))
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

pub(crate) fn quoted(name: &str) -> String {
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

/// The Q.850 cause that the BYE of an answered leg tells.
pub(crate) fn parting(cause: EndCause) -> Option<u8> {
    match cause {
        EndCause::Normal | EndCause::AnsweredElsewhere => Cause::normal().q850,
        EndCause::Cleared(q850) => Some(q850),
        other => refusal(other).q850,
    }
}

/// The Reason header of a refusal or a BYE (RFC 3326).
pub(crate) fn q850_reason(cause: u8) -> Bytes {
    ReasonValue::q850(cause, None).to_bytes()
}

/// The Reason of a CANCEL, for a callee that should know why (RFC 3326).
pub(crate) fn cancel_reason(cause: EndCause) -> Option<Reason> {
    match cause {
        EndCause::AnsweredElsewhere => StatusCode::new(200)
            .map(|ok| ReasonValue::sip(ok, Some(b"Call completed elsewhere".to_vec())).into()),
        EndCause::NoAnswer => Some(ReasonValue::q850(19, None).into()),
        EndCause::Cleared(q850) => Some(ReasonValue::q850(q850, None).into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
