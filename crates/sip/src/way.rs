//! What of a caller's INVITE goes on to whom is dialed for it, and what is added on the way: who
//! calls (RFC 3325), by whom the call was diverted (RFC 5806, RFC 7044); pure.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use callroute_media::HOPS;
use callroute_schema::{Address, Caller, Disposition, check_header};
use sipx_sip::{HeaderName, PAssertedIdentity, Request, TypedHeader};

use crate::convert::{MAX_HEADERS, MAX_VALUE, clean, escaped, host, quoted};
use crate::message::hops;

/// A header, name and value.
pub(crate) type Line = (HeaderName, Vec<u8>);

/// What of a caller's INVITE goes on to those who are dialed for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Way {
    /// Max-Forwards: one less than we were given, so that no ring of switches lasts.
    pub(crate) max_forwards: u8,
    /// How often the call was forwarded, this time included, unless the routing says otherwise.
    pub(crate) hops: u32,
    /// Diversion and History-Info as they came (RFC 5806, RFC 7044).
    history: Vec<Line>,
    /// Who calls, as asserted by somebody whom we trust: for those whom we trust as well.
    asserted: Vec<Vec<u8>>,
    /// Who calls, where nobody but the caller says so.
    claimed: Option<Address>,
    /// Whom the caller dialed: the user part, and the host that it was dialed at.
    dialed: Option<(String, String)>,
}

impl Default for Way {
    /// Of a call that begins here.
    fn default() -> Self {
        Self {
            max_forwards: 70,
            hops: 1,
            history: Vec::new(),
            asserted: Vec::new(),
            claimed: None,
            dialed: None,
        }
    }
}

impl Way {
    /// What goes on of this INVITE; `trusted` when its sender's assertions are believed.
    pub(crate) fn of(invite: &Request, trusted: bool) -> Self {
        let headers = &invite.headers;
        let left = headers.typed::<sipx_sip::headers::MaxForwards>();
        let left = left.and_then(Result::ok).map_or(70, |left| left.0);
        let bounded = |value: &[u8]| value.get(..MAX_VALUE).unwrap_or(value).to_vec();
        let history = headers
            .iter()
            .filter(|header| is(header.name(), "diversion") || is(header.name(), "history-info"));
        let history = history
            .take(MAX_HEADERS)
            .map(|header| (header.name().clone(), bounded(&header.value())));
        let name = PAssertedIdentity::NAME;
        let asserted = headers.get_all(&name).filter(|_| trusted).take(2);
        let user = invite.uri.decoded_user();
        let dialed = user.map(|user| (clean(&user), clean(&host(&invite.uri))));
        Self {
            max_forwards: left.saturating_sub(1).min(70),
            hops: hops(headers).saturating_add(1),
            history: history.collect(),
            asserted: asserted.map(|header| bounded(&header.value())).collect(),
            claimed: None,
            dialed,
        }
    }

    /// Nobody but the caller says that it is he: neither somebody whom we trust, nor his password.
    pub(crate) fn doubt(&mut self, claimed: &Caller) {
        self.claimed = match claimed {
            Caller::Known(address) => Some(address.clone()),
            _ => None,
        };
    }

    /// The host at which the caller dialed.
    pub(crate) fn host(&self) -> Option<&str> {
        self.dialed.as_ref().map(|(_, host)| host.as_str())
    }

    /// The headers that say by whom the call was diverted to `uri`: those that came, and ours when
    /// it is not who was dialed. `after` is how the attempt before ended.
    pub(crate) fn history(&self, uri: &str, after: Option<Disposition>) -> Vec<Line> {
        let mut lines = self.history.clone();
        let Some((user, host)) = &self.dialed else {
            return lines;
        };
        let target = uri.split_once(':').map_or(uri, |(_, rest)| rest);
        let escaped = escaped(user);
        if target.split('@').next() == Some(&escaped) || lines.len() + 3 > MAX_HEADERS {
            return lines;
        }
        let (reason, status) = match after {
            Some(Disposition::Busy) => ("user-busy", Some(486)),
            Some(Disposition::NoAnswer) => ("no-answer", Some(408)),
            Some(Disposition::Unreachable | Disposition::Congestion) => ("unavailable", Some(503)),
            Some(Disposition::Declined) => ("deflection", Some(480)),
            _ => ("unconditional", None),
        };
        let from = ["sip:", &escaped, "@", host].concat();
        // The latest diversion is the first (RFC 5806, section 4).
        let ours = format!("<{from}>;reason={reason};counter=1");
        lines.insert(0, (DIVERSION.clone(), ours.into_bytes()));
        let why = status.map_or_else(String::new, |status| {
            format!("?Reason=SIP%3Bcause%3D{status}")
        });
        let index = match self.last_index() {
            Some(index) => index,
            None => {
                let first = format!("<{from}{why}>;index=1");
                lines.push((HISTORY.clone(), first.into_bytes()));
                "1".to_owned()
            }
        };
        let uri = uri.split(['?', '>']).next().unwrap_or(uri);
        let next = format!("<{uri}>;index={index}.1;mp={index}");
        lines.push((HISTORY.clone(), next.into_bytes()));
        lines
    }

    /// The index of the last entry of History-Info.
    fn last_index(&self) -> Option<String> {
        let infos = self
            .history
            .iter()
            .filter(|(name, _)| is(name, "history-info"));
        let last = infos
            .last()
            .map(|(_, value)| String::from_utf8_lossy(value).into_owned())?;
        let (_, index) = last.rsplit_once("index=")?;
        let end = |c: char| !(c.is_ascii_digit() || c == '.');
        let index = index.split(end).next().unwrap_or_default();
        (!index.is_empty() && index.len() <= 64).then(|| index.to_owned())
    }

    /// Who calls, for somebody whom we trust (RFC 3325, section 9.1): what was asserted to us of a
    /// caller who hides, else what we show, unless that is what only the caller says (section 5).
    pub(crate) fn asserted(&self, from: &Caller, name: Option<&str>, host: &str) -> Vec<Line> {
        let values = match from {
            Caller::Known(address) if self.claimed.as_ref() == Some(address) => Vec::new(),
            Caller::Known(address) => {
                let uri = format!("<sip:{}@{host}>", escaped(address.as_str()));
                vec![match name {
                    Some(name) => format!("{} {uri}", quoted(name)).into_bytes(),
                    None => uri.into_bytes(),
                }]
            }
            Caller::Withheld => self.asserted.clone(),
            Caller::Unavailable => Vec::new(),
        };
        let values = values.into_iter();
        values
            .map(|value| (PAssertedIdentity::NAME, value))
            .collect()
    }
}

/// The headers of the routing's choice that may be sent; others are left out, and told in the log.
pub(crate) fn chosen(headers: &BTreeMap<String, String>) -> Vec<Line> {
    let mut lines = Vec::new();
    for (name, value) in headers {
        // It goes by itself.
        if name.eq_ignore_ascii_case(HOPS) {
            continue;
        }
        let left_out = |reason: &dyn std::fmt::Display| {
            tracing::warn!(header = %clean(name.as_bytes()), %reason, "a header that is not sent");
        };
        match check_header(name, value) {
            Err(error) => left_out(&error),
            Ok(()) if lines.len() >= callroute_schema::MAX_HEADERS => left_out(&"too many headers"),
            Ok(()) => lines.push((named(name), value.trim().as_bytes().to_vec())),
        }
    }
    lines
}

/// That whoever was called at this URI has sent the call on (RFC 5806).
pub(crate) fn deflected(by: &str) -> Line {
    let by = by.split(['?', '>']).next().unwrap_or(by);
    let value = format!("<{by}>;reason=deflection;counter=1");
    (DIVERSION.clone(), value.into_bytes())
}

/// The privacy that a withheld caller asks for (RFC 3323, RFC 3325, section 9.3).
pub(crate) fn privacy() -> Line {
    (sipx_sip::Privacy::NAME, b"id".to_vec())
}

static DIVERSION: LazyLock<HeaderName> = LazyLock::new(|| named("Diversion"));
static HISTORY: LazyLock<HeaderName> = LazyLock::new(|| named("History-Info"));

fn named(name: &str) -> HeaderName {
    HeaderName::parse(&bytes::Bytes::copy_from_slice(name.as_bytes()))
}

fn is(name: &HeaderName, wanted: &str) -> bool {
    name.canonical().eq_ignore_ascii_case(wanted.as_bytes())
}

#[cfg(test)]
mod tests;
