//! What is wrong with a request, whatever it wants; pure. Every header is looked at once: most of
//! what strangers send is refused here, and in redirect mode this is a good part of a call.

use sipx_sip::headers::misc::Expires;
use sipx_sip::headers::{
    CSeq, CallId, ContactValue, ContentType, Date, From, MaxForwards, RecordRoute, To,
};
use sipx_sip::{Header, HeaderName, Method, Request, TypedHeader, Via};

use crate::message::{Reply, SDP_TYPE, is_plain_address, unsupported};

/// What was seen of a request's headers.
#[derive(Debug, Default)]
struct Seen {
    /// How often each of those that must be there once.
    to: usize,
    from: usize,
    call_id: usize,
    sequence: usize,
    max_forwards: usize,
    via: usize,
    /// The topmost of them was read, and could be.
    via_is_read: bool,
    /// No more hops may be made.
    at_end: bool,
    /// The header that cannot be read.
    broken: Option<&'static str>,
    /// What may be answered with; `None` when it does not say.
    accepts_sdp: Option<bool>,
    replaces: bool,
    requires: bool,
}

/// Whether something else stands where a Date has digits (RFC 3261, section 20.17). The parser counts with
/// what it finds there, which overflows.
fn has_other_digits(date: &[u8]) -> bool {
    let date = date.trim_ascii();
    let places = [5, 6, 17, 18, 20, 21, 23, 24];
    let mut found = places.iter().filter_map(|at| date.get(*at));
    found.any(|byte| !byte.is_ascii_digit())
}

/// How a request is refused, whatever it wants (RFC 3261, section 8.2); `None` for most.
#[cfg(any(test, feature = "__fuzz"))]
pub(crate) fn refusal(request: &Request) -> Option<Reply> {
    judged(request, false)
}

/// The same of a request whose topmost Via was read already.
pub(crate) fn refusal_but_via(request: &Request) -> Option<Reply> {
    judged(request, true)
}

fn judged(request: &Request, via_is_read: bool) -> Option<Reply> {
    if !request.version.is_supported() {
        return Some(Reply::new(505));
    }
    let mut seen = Seen {
        via_is_read,
        ..Seen::default()
    };
    for header in request.headers.iter() {
        seen.look(header, &request.method);
    }
    if let Some(fault) = seen.fault(request) {
        tracing::debug!(fault, "a request that is no request");
        return Some(Reply::new(400));
    }
    let invite = request.method == Method::Invite;
    if invite && seen.accepts_sdp == Some(false) {
        return Some(Reply::new(406));
    }
    if invite && seen.at_end {
        return Some(Reply::new(483));
    }
    if request.method != Method::Cancel && !request.uri.scheme().is_sip() {
        return Some(Reply::new(416));
    }
    if !seen.requires {
        return None;
    }
    let extensions = unsupported(request)?;
    Some(Reply::new(420).header(HeaderName::Unsupported, extensions))
}

impl Seen {
    fn look(&mut self, header: &Header, method: &Method) {
        match header.name() {
            HeaderName::To if is_plain_address(&header.value()) => self.to += 1,
            HeaderName::To => self.once::<To>(header, "To", |seen| &mut seen.to),
            HeaderName::From if is_plain_address(&header.value()) => self.from += 1,
            HeaderName::From => self.once::<From>(header, "From", |seen| &mut seen.from),
            HeaderName::CallId => {
                self.once::<CallId>(header, "Call-ID", |seen| &mut seen.call_id);
            }
            HeaderName::CSeq => {
                self.sequence += 1;
                // Who names two methods is not to be trusted with either.
                let sound = CSeq::decode(&header.value()).is_ok_and(|it| it.method == *method);
                self.broken(sound, "CSeq");
            }
            HeaderName::MaxForwards => {
                self.max_forwards += 1;
                let hops = MaxForwards::decode(&header.value());
                self.at_end |= hops.as_ref().is_ok_and(|hops| hops.0 == 0);
                self.broken(hops.is_ok(), "Max-Forwards");
            }
            HeaderName::Via => {
                self.via += 1;
                let read = self.via_is_read && self.via == 1;
                if !read || header.raw_value().contains(&b',') {
                    self.all::<Via>(header, "Via");
                }
            }
            HeaderName::Contact if is_plain_address(&header.value()) => {}
            HeaderName::Contact => self.all::<ContactValue>(header, "Contact"),
            HeaderName::RecordRoute => self.all::<RecordRoute>(header, "Record-Route"),
            HeaderName::Date if has_other_digits(&header.value()) => self.broken(false, "Date"),
            HeaderName::Date => self.all::<Date>(header, "Date"),
            HeaderName::Expires => self.all::<Expires>(header, "Expires"),
            HeaderName::ContentType => self.all::<ContentType>(header, "Content-Type"),
            HeaderName::Accept => {
                *self.accepts_sdp.get_or_insert(false) |= accepts_sdp(&header.value());
            }
            HeaderName::Replaces => self.replaces = true,
            HeaderName::Require => self.requires = true,
            _ => {}
        }
    }

    fn once<H: TypedHeader>(
        &mut self,
        header: &Header,
        name: &'static str,
        count: impl FnOnce(&mut Self) -> &mut usize,
    ) {
        *count(self) += 1;
        self.broken(H::decode(&header.value()).is_ok(), name);
    }

    fn all<H: TypedHeader>(&mut self, header: &Header, name: &'static str) {
        self.broken(H::decode_list(&header.value()).is_ok(), name);
    }

    fn broken(&mut self, sound: bool, name: &'static str) {
        if !sound {
            self.broken.get_or_insert(name);
        }
    }

    /// What makes it no request (RFC 3261, section 8.1.1). Max-Forwards may be missing: proxies add
    /// it (section 16.6).
    fn fault(&self, request: &Request) -> Option<&'static str> {
        let once = [
            ("To", self.to),
            ("From", self.from),
            ("Call-ID", self.call_id),
            ("CSeq", self.sequence),
        ];
        if let Some((name, _)) = once.into_iter().find(|(_, count)| *count != 1) {
            return Some(name);
        }
        if self.via == 0 {
            return Some("Via");
        }
        if self.max_forwards > 1 {
            return Some("Max-Forwards");
        }
        if request.uri.has_headers() {
            return Some("Request-URI");
        }
        // Only an INVITE takes a place (RFC 3891, section 3).
        if self.replaces && request.method != Method::Invite {
            return Some("Replaces");
        }
        self.broken
    }
}

/// Whether what we would answer with may be answered with (RFC 3261, section 20.1).
fn accepts_sdp(value: &[u8]) -> bool {
    let value = String::from_utf8_lossy(value).to_ascii_lowercase();
    value.split(',').any(|kind| {
        let kind = kind.split(';').next().unwrap_or_default().trim();
        [SDP_TYPE, "application/*", "*/*", ""].contains(&kind)
    })
}

#[cfg(test)]
mod tests {
    use super::{Via, refusal, refusal_but_via};
    use proptest::prelude::*;
    use sipx_sip::{Limits, Message, parse_datagram, validate_request};

    const INVITE: &str = "INVITE sip:a@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKa\r\n\
        From: <sip:b@h>;tag=1\r\nTo: <sip:a@h>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n\
        Max-Forwards: 70\r\nContact: <sip:b@h>\r\n";

    fn refused(text: &str) -> Option<String> {
        let text = format!("{text}Content-Length: 0\r\n\r\n");
        let parsed = parse_datagram(text.into(), &Limits::datagram()).unwrap();
        let Message::Request(request) = parsed else {
            panic!("a request");
        };
        let response = refusal(&request)?.to(&request).ok();
        response.map_or(Some(String::new()), |response| {
            Some(response.status.code().to_string())
        })
    }

    #[test]
    fn each_has_its_status() {
        assert_eq!(refused(INVITE), None);
        for (find, replace, status) in [
            ("SIP/2.0\r\n", "SIP/3.0\r\n", "505"),
            ("CSeq: 1 INVITE", "CSeq: 1 BYE", "400"),
            ("CSeq: 1 INVITE", "CSeq: x", "400"),
            ("Contact:", "To: <sip:a@h>\r\nContact:", "400"),
            ("Contact:", "Max-Forwards: 3\r\nContact:", "400"),
            ("Contact: <sip:b@h>", "Contact: <sip:b@h", "400"),
            ("Contact:", "Date: yesterday\r\nContact:", "400"),
            (
                "Contact:",
                "Date: Sat, zz Nov 2010 16:00:00 GMT\r\nContact:",
                "400",
            ),
            ("sip:a@h SIP", "sip:a@h?x=y SIP", "400"),
            ("Contact:", "Accept: text/plain\r\nContact:", "406"),
            ("Max-Forwards: 70", "Max-Forwards: 0", "483"),
            ("sip:a@h SIP", "tel:+1314 SIP", "416"),
            ("Contact:", "Require: frob\r\nContact:", "420"),
        ] {
            let text = INVITE.replacen(find, replace, 1);
            assert_eq!(refused(&text).as_deref(), Some(status), "{replace}");
        }
        for fine in [
            "Max-Forwards: 70\r\n|",
            "Contact:|Accept: text/plain\r\nAccept: application/*\r\nContact:",
            "Contact:|Require: 100rel\r\nContact:",
            "Contact:|Date: Sat, 13 Nov 2010 16:00:00 GMT\r\nContact:",
        ] {
            let (find, replace) = fine.split_once('|').unwrap();
            assert_eq!(refused(&INVITE.replacen(find, replace, 1)), None, "{fine}");
        }
    }

    proptest! {
        /// The parser's own list of findings is the definition; ours looks once.
        #[test]
        fn no_finding_is_missed(lines in proptest::collection::vec(0..12usize, 0..6), at in 0..400usize, byte in any::<u8>()) {
            let more = ["To: <sip:x@h>", "From: x", "CSeq: 9 INVITE", "Call-ID: other", "Max-Forwards: a",
                "Via: SIP/2.0/TCP x", "Via: nonsense", "Contact: *", "Expires: 3", "Expires: soon",
                "Record-Route: <sip:p;lr>", "X: y"];
            let mut text = INVITE.to_owned();
            for line in lines {
                text.push_str(more[line]);
                text.push_str("\r\n");
            }
            text.push_str("Content-Length: 0\r\n\r\n");
            let mut bytes = text.into_bytes();
            if let Some(there) = bytes.get_mut(at) {
                *there = byte;
            }
            if let Ok(Message::Request(request)) = parse_datagram(bytes.into(), &Limits::datagram()) {
                let found = validate_request(&request);
                if found.iter().any(|found| !found.is_repairable()) {
                    prop_assert!(refusal(&request).is_some(), "{found:?}");
                }
                if request.headers.typed::<Via>().is_some_and(|via| via.is_ok()) {
                    let but_via = refusal_but_via(&request).is_some();
                    prop_assert_eq!(refusal(&request).is_some(), but_via);
                }
            }
        }
    }
}
