//! Where a callee is that says by a 3xx that it is elsewhere (RFC 3261, section 8.1.3.4).

use callroute_media::DialTarget;
use callroute_schema::{SipUri, mask};
use sipx_sip::headers::Address;
use sipx_sip::{HeaderName, Response, Uri, UriTransportError};

use crate::admit::redirects::Redirects;
use crate::convert;
use crate::message::qvalue;
use crate::reach::registrar::MOST_WANTED;
use crate::reach::ways::{Diverted, Route};
use crate::stack::Stack;

/// Most Contacts that are called for one dial.
const MOST: usize = 8;
/// How often a call may be sent on.
const TIMES: usize = 5;
/// Most Contact headers, and longest URI in bytes, that are read of one response.
const MAX_HEADERS: usize = 16;
const MAX_URI: usize = 512;

/// Where one dial has been, so that it goes nowhere twice.
#[derive(Debug)]
pub(super) struct Elsewhere {
    been: Vec<Uri>,
    left: usize,
}

impl Elsewhere {
    /// For these ways.
    pub(super) fn of<'a>(ways: impl IntoIterator<Item = &'a Vec<Route>>) -> Self {
        let been = ways.into_iter().flatten();
        Self {
            been: been.filter_map(|route| convert::uri(&route.uri)).collect(),
            left: MOST,
        }
    }

    /// The ways to where a response says that the callee is, the best first; none when it says
    /// nothing of the kind, or nothing that is followed.
    pub(super) fn named(&mut self, stack: &Stack, by: &Route, response: &Response) -> Vec<Route> {
        let (300..=302, Redirects::Follow(permit)) =
            (response.status.code(), &stack.config.redirects)
        else {
            return Vec::new();
        };
        let times = by.diverted.as_ref().map_or(0, |diverted| diverted.times) + 1;
        if times > TIMES {
            tracing::info!("a call that is sent on and on; it is not followed any further");
            return Vec::new();
        }
        let diverted = Diverted {
            first: by
                .diverted
                .as_ref()
                .map_or(&by.uri, |diverted| &diverted.first)
                .clone(),
            by: by.uri.clone(),
            times,
        };
        let mut ways = Vec::new();
        for uri in contacts(response) {
            let text = uri.to_string();
            let why = if self.left == 0 {
                "there are too many"
            } else if by.secure && !uri.scheme().is_secure()
                || uri.selected_transport() == Err(UriTransportError::SecureDatagram)
            {
                "it would be called without TLS"
            } else if self.been.iter().any(|been| been.equivalent(&uri)) {
                "it was called already"
            } else if !permit.lets(&text) {
                "it may not be called"
            } else {
                let found = leading_to(stack, &uri, &text);
                self.been.push(uri);
                if !found.is_empty() {
                    self.left -= 1;
                    ways.extend(found.into_iter().map(|route| Route {
                        diverted: Some(diverted.clone()),
                        ..route
                    }));
                    continue;
                }
                "there is no way to it, or it is here"
            };
            tracing::info!(to = %mask(&text), why, "a callee's Contact is not followed");
        }
        ways
    }
}

/// The telephones of a user of ours, or the URI itself. What is at our own address and is no user
/// of ours would only come round.
fn leading_to(stack: &Stack, uri: &Uri, text: &str) -> Vec<Route> {
    let Ok(target) = SipUri::new(text) else {
        return Vec::new();
    };
    let ways = stack.routes_to(&DialTarget::Sip(target));
    let mut ways: Vec<Route> = ways.into_iter().flatten().collect();
    ways.retain(|route| route.flow.is_some() || !stack.is_ours(uri));
    ways
}

/// The URIs of a response's Contacts, the greatest `q` first, those of the same as written (RFC 3261,
/// section 20.10). Headers within a URI are left out: they are the callee's, not ours.
fn contacts(response: &Response) -> Vec<Uri> {
    let headers = response.headers.get_all(&HeaderName::Contact);
    let mut found: Vec<(u16, Uri)> = headers
        .take(MAX_HEADERS)
        .filter_map(|header| Address::parse_list(&header.value(), "Contact").ok())
        .flatten()
        .take(MAX_HEADERS)
        .filter_map(|address| {
            let q = address.param("q").map_or(Some(MOST_WANTED), qvalue)?;
            let text = address.uri.to_string();
            let uri = convert::uri(text.split('?').next()?)?;
            (uri.scheme().is_sip() && uri.host().is_some() && text.len() <= MAX_URI)
                .then_some((q, uri))
        })
        .collect();
    found.sort_by_key(|(q, _)| std::cmp::Reverse(*q));
    found.into_iter().map(|(_, uri)| uri).collect()
}

#[cfg(test)]
mod tests {
    use super::contacts;

    #[test]
    fn contacts_are_read_in_their_order() {
        let text = "SIP/2.0 302 Moved\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa\r\n\
            From: <sip:a@h>;tag=1\r\nTo: <sip:b@h>;tag=2\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n\
            Contact: <sip:low@h>;q=0.1, <sip:high@h;transport=tcp>;q=0.9\r\n\
            Contact: <tel:+14155550123>, <http://h/>, \"x\" <sip:first@h?Replaces=x>\r\n\
            Contact: <sip:odd@h>;q=7\r\nContact: nonsense <\r\nContent-Length: 0\r\n\r\n";
        let parsed = sipx_sip::parse_datagram(text.into(), &sipx_sip::Limits::datagram()).unwrap();
        let sipx_sip::Message::Response(response) = parsed else {
            panic!("a response");
        };
        let found: Vec<String> = contacts(&response)
            .iter()
            .map(|uri| uri.to_string())
            .collect();
        assert_eq!(
            found,
            ["sip:first@h", "sip:high@h;transport=tcp", "sip:low@h"]
        );
    }
}
