//! The topmost Via of almost every message: read at one glance, where it is of the plainest form;
//! pure.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::Range;

use sipx_sip::{Header, HeaderName, Headers};

use crate::message::is_word;

/// What every branch begins with since RFC 3261 (section 8.1.1.7).
const COOKIE: &[u8] = b"z9hG4bK";
/// Where answers go when no port is named (RFC 3261, section 18.2.2).
const PORT: u16 = 5060;

/// A Via of the plainest form: `SIP/2.0/UDP host:port;name=token`, one hop, no blanks or quotes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Hop<'a> {
    /// Host and port as they are written.
    pub(crate) sent_by: &'a [u8],
    pub(crate) branch: &'a [u8],
    /// The host, when it is an address.
    ip: Option<Ipv4Addr>,
    port: Option<u16>,
    /// Where `;rport` stands; it asks for the port that we have seen (RFC 3581).
    rport: Option<Range<usize>>,
    /// Where `;branch` begins.
    branch_at: usize,
    /// It says something else of where answers go.
    led_elsewhere: bool,
}

impl<'a> Hop<'a> {
    /// Reads a Via; `None` for what has to be taken apart, be it right or wrong.
    pub(crate) fn plain(via: &'a [u8]) -> Option<Self> {
        let rest = via.strip_prefix(b"SIP/2.0/")?;
        let blank = rest.iter().position(|byte| *byte == b' ')?;
        let (transport, rest) = (rest.get(..blank)?, rest.get(blank + 1..)?);
        if !is_word(transport, b"") {
            return None;
        }
        let mut at = via.len() - rest.len();
        let mut parts = rest.split(|byte| *byte == b';');
        let sent_by = parts.next()?;
        let (ip, port) = named(sent_by)?;
        at += sent_by.len();
        let (mut branch, mut rport, mut led_elsewhere) = (None, None, false);
        for part in parts {
            let whole = at..at + 1 + part.len();
            at = whole.end;
            let mut halves = part.splitn(2, |byte| *byte == b'=');
            let (name, value) = (halves.next()?, halves.next());
            let token = |text: &[u8]| is_word(text, b"-._+~");
            if !token(name) || !value.is_none_or(token) {
                return None;
            }
            if name.eq_ignore_ascii_case(b"branch") {
                let found = value.filter(|value| value.starts_with(COOKIE))?;
                if branch.replace((found, whole.start)).is_some() {
                    return None;
                }
            } else if name.eq_ignore_ascii_case(b"rport") {
                led_elsewhere |= value.is_some();
                if rport.replace(whole).is_some() {
                    return None;
                }
            } else if name.eq_ignore_ascii_case(b"received") || name.eq_ignore_ascii_case(b"maddr")
            {
                led_elsewhere = true;
            }
        }
        let (branch, branch_at) = branch?;
        Some(Self {
            sent_by,
            branch,
            ip,
            port,
            rport,
            branch_at,
            led_elsewhere,
        })
    }

    /// The Via with what we have seen of its sender (RFC 3261, section 18.2.1; RFC 3581, section 4),
    /// `None` when there is nothing to say, and where answers to a datagram go; `None` for a Via
    /// that says something of that itself.
    fn seen(&self, via: &[u8], source: SocketAddr) -> Option<(Option<Vec<u8>>, SocketAddr)> {
        if self.led_elsewhere {
            return None;
        }
        let to = match self.rport {
            Some(_) => source,
            None => SocketAddr::new(source.ip(), self.port.unwrap_or(PORT)),
        };
        let as_said = self.ip.is_some_and(|ip| source.ip() == IpAddr::V4(ip));
        if self.rport.is_none() && as_said {
            return Some((None, to));
        }
        let received = format!(";received={}", source.ip());
        let received = (self.branch_at..self.branch_at, received);
        let port = |rport| (rport, format!(";rport={}", source.port()));
        let mut said = [Some(received), self.rport.clone().map(port)];
        said.sort_unstable_by_key(|part| part.as_ref().map(|(range, _)| range.start));
        let (mut seen, mut at) = (Vec::with_capacity(via.len() + 40), 0);
        for (range, text) in said.into_iter().flatten() {
            seen.extend_from_slice(via.get(at..range.start)?);
            seen.extend_from_slice(text.as_bytes());
            at = range.end;
        }
        seen.extend_from_slice(via.get(at..)?);
        Some((Some(seen), to))
    }
}

/// Puts what we have seen of a datagram's sender into the topmost Via, and gives back where answers
/// go; `None`, with nothing changed, for a Via that has to be taken apart.
pub(crate) fn see(headers: &mut Headers, source: SocketAddr) -> Option<SocketAddr> {
    let via = headers.value(&HeaderName::Via)?;
    let (seen, to) = Hop::plain(&via)?.seen(&via, source)?;
    if let Some(seen) = seen {
        let header = Header::build(HeaderName::Via, seen).ok()?;
        headers.remove_first(&HeaderName::Via);
        headers.push_front(header);
    }
    Some(to)
}

/// The address, if it is one, and the port of a host that is written plainly.
fn named(sent_by: &[u8]) -> Option<(Option<Ipv4Addr>, Option<u16>)> {
    let text = std::str::from_utf8(sent_by).ok()?;
    let (host, port) = match text.split_once(':') {
        Some((host, port)) => {
            let plain = !port.starts_with('0') && port.bytes().all(|byte| byte.is_ascii_digit());
            (host, Some(port.parse().ok().filter(|_| plain)?))
        }
        None => (text, None),
    };
    if let Ok(ip) = host.parse() {
        return Some((Some(ip), port));
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
    let is_name = host.bytes().all(plain) && host.bytes().any(|byte| byte.is_ascii_alphabetic());
    is_name.then_some((None, port))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sipx_sip::{Header, HeaderName, Limits, Message, Request, parse_datagram};
    use sipx_transport::TransportKind;
    use sipx_transport::nat::apply_received_and_rport;
    use sipx_transport::target::response_destination;

    use super::Hop;

    fn request(via: &str) -> Option<Request> {
        let text = format!(
            "OPTIONS sip:h SIP/2.0\r\nVia: {via}\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\n\
             Call-ID: c\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
        );
        match parse_datagram(text.into(), &Limits::datagram()) {
            Ok(Message::Request(request)) => Some(request),
            _ => None,
        }
    }

    proptest! {
        /// What is seen of a sender, and where its answer goes, are what taking the Via apart says.
        #[test]
        fn a_glance_sees_the_same(
            host in r"127\.0\.0\.1|10\.0\.0\.7|[a-c.]{1,5}|1\.2",
            port in "(:[0-9]{1,6})?",
            rest in r"(;(branch|Branch|rport|RPORT|received|maddr|ttl)(=(z9hG4bK[a-z.]{1,3}|[0-9.]{1,3}))?){0,4}",
        ) {
            let via = format!("SIP/2.0/UDP {host}{port}{rest}");
            let source = "127.0.0.1:7000".parse().unwrap();
            let hop = Hop::plain(via.as_bytes());
            let seen = hop.and_then(|hop| hop.seen(via.as_bytes(), source));
            let Some(((seen, to), mut request)) = seen.zip(request(&via)) else {
                return Ok(());
            };
            let changed = apply_received_and_rport(&mut request, source);
            let value = request.headers.value(&HeaderName::Via).unwrap().into_owned();
            prop_assert_eq!(changed, seen.is_some(), "{}", via);
            prop_assert_eq!(&value, &seen.unwrap_or_else(|| via.clone().into_bytes()));
            prop_assert!(Header::build(HeaderName::Via, value).is_ok());
            let parsed = request.headers.typed::<sipx_sip::headers::Via>().unwrap().unwrap();
            let found = response_destination(&parsed, source, TransportKind::Udp);
            prop_assert_eq!(found.addr, to, "{}", via);
        }
    }

    #[test]
    fn most_are_of_the_plainest_form() {
        for plain in [
            "SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z9hG4bKa.b-c",
            "SIP/2.0/TCP pc33.example.com;branch=z9hG4bK776asdhds",
        ] {
            assert!(Hop::plain(plain.as_bytes()).is_some(), "{plain}");
        }
        for other in [
            "SIP/2.0/UDP h;branch=1",
            "SIP/2.0/UDP h;branch=z9hG4bK1, SIP/2.0/UDP g;branch=z9hG4bK2",
            "SIP / 2.0 / UDP h;branch=z9hG4bK1",
            "SIP/2.0/UDP [::1];branch=z9hG4bK1",
            "SIP/2.0/UDP h;branch=z9hG4bK1;branch=z9hG4bK2",
            "SIP/2.0/UDP h:0;branch=z9hG4bK1",
            "",
        ] {
            assert_eq!(Hop::plain(other.as_bytes()), None, "{other}");
        }
    }
}
