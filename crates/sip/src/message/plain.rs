//! A response that is written at once, without being put together first; pure.

use bytes::Bytes;
use sipx_sip::{BuildError, HeaderName, Message, Request};

use super::{Reply, has_to_tag, phrase};

/// Bytes that most responses do not exceed.
const ROOM: usize = 512;

impl Reply {
    /// The response to this request, as it is sent.
    pub(crate) fn bytes(self, request: &Request) -> Result<Bytes, BuildError> {
        match self.plain(request) {
            Some(bytes) => Ok(bytes),
            None => Ok(Message::Response(self.to(request)?).to_bytes()),
        }
    }

    /// The same, where nothing in it needs care: one of each header that goes back to the sender, no
    /// body, no History-Info.
    fn plain(&self, request: &Request) -> Option<Bytes> {
        let digits = [self.status / 100, self.status / 10 % 10, self.status % 10];
        let digits = digits.map(|digit| u8::try_from(digit).map_or(0, |digit| b'0' + digit));
        if self.body.is_some() || !(100..700).contains(&self.status) {
            return None;
        }
        let mut out = Vec::with_capacity(ROOM);
        out.extend_from_slice(b"SIP/2.0 ");
        out.extend_from_slice(&digits);
        out.push(b' ');
        out.extend_from_slice(phrase(self.status).as_bytes());
        out.extend_from_slice(b"\r\n");
        let (mut vias, mut others) = (0, [0; 4]);
        for header in request.headers.iter() {
            let [from, to, call_id, sequence] = &mut others;
            let count = match header.name() {
                HeaderName::Via => &mut vias,
                HeaderName::From => from,
                HeaderName::To => to,
                HeaderName::CallId => call_id,
                HeaderName::CSeq => sequence,
                HeaderName::HistoryInfo => return None,
                HeaderName::Timestamp if self.status == 100 => return None,
                // Who knows of it wants one back (RFC 7044, section 9.4).
                HeaderName::Supported if names_history(header.raw_value()) => return None,
                _ => continue,
            };
            *count += 1;
            header.write_to(&mut out);
            if *header.name() == HeaderName::To
                && let Some(tag) = &self.tag
                && !has_to_tag(&request.headers)
            {
                out.extend_from_slice(b";tag=");
                out.extend_from_slice(tag.as_bytes());
            }
            out.extend_from_slice(b"\r\n");
        }
        if vias == 0 || others != [1; 4] {
            return None;
        }
        for (name, value) in &self.headers {
            put_line(&mut out, name.canonical(), value)?;
        }
        out.extend_from_slice(b"Content-Length: 0\r\n\r\n");
        Some(out.into())
    }
}

/// Appends a header's line; `None` for a value whose control characters would end the line, or the
/// peer.
pub(crate) fn put_line(out: &mut Vec<u8>, name: &[u8], value: &[u8]) -> Option<()> {
    if value.iter().any(u8::is_ascii_control) {
        return None;
    }
    for part in [name, b": ", value, b"\r\n"] {
        out.extend_from_slice(part);
    }
    Some(())
}

/// Whether a list of extensions may have `histinfo` in it.
fn names_history(value: &[u8]) -> bool {
    let name = b"histinfo";
    let mut parts = value.windows(name.len());
    parts.any(|part| part.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sipx_sip::{HeaderName, Limits, Message, parse_datagram};

    use super::Reply;

    /// Its lines: those that go back to the sender stand in the order of the request.
    fn lines(bytes: &[u8]) -> Vec<&[u8]> {
        let mut lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
        lines.sort_unstable();
        lines
    }

    proptest! {
        /// What is written at once says what is put together says.
        #[test]
        fn both_say_the_same(
            more in proptest::collection::vec(0..10_usize, 0..4),
            tagged in any::<bool>(),
            status in prop_oneof![Just(302_u16), Just(480), Just(100), Just(99)],
            value in "[ -~\r]{0,3}",
        ) {
            let all = ["Via: SIP/2.0/UDP g;branch=z9hG4bKb", "Supported: histinfo", "Supported: timer",
                "v: SIP/2.0/UDP f;branch=z9hG4bKc", "History-Info: <sip:a@h>;index=1", "To: <sip:x@h>",
                "Max-Forwards: 70", "Privacy: id", "X: y", "Timestamp: 5"];
            let tag = if tagged { ";tag=2" } else { "" };
            let mut text = format!("INVITE sip:a@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKa\r\n\
                From: <sip:b@h>;tag=1\r\nTo: <sip:a@h>{tag}\r\ni: c\r\nCSeq: 1 INVITE\r\n");
            for line in more {
                text.push_str(all[line]);
                text.push_str("\r\n");
            }
            text.push_str("Content-Length: 0\r\n\r\n");
            let Message::Request(request) = parse_datagram(text.into(), &Limits::datagram()).unwrap() else {
                panic!("a request");
            };
            let reply = || Reply::new(status).tag("mine").header(HeaderName::Contact, value.clone());
            let built = reply().to(&request).map(|response| Message::Response(response).to_bytes());
            if let Some(plain) = reply().plain(&request) {
                let built = built.unwrap();
                prop_assert_eq!(lines(&plain), lines(&built));
            }
        }
    }
}
