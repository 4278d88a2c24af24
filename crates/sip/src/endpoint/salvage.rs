//! What can be answered of a request that cannot be read: 400, if it says to whom (RFC 4475,
//! section 3.1.2); pure.

use bytes::Bytes;

use crate::message::put_line;

/// Longest request that is looked at.
const MAX: usize = 8 * 1024;
/// Most lines that are looked at.
const MAX_LINES: usize = 128;
/// What a response copies from its request, long and short names (RFC 3261, section 8.2.6.2).
const COPIED: [(&str, &str); 5] = [
    ("via", "v"),
    ("from", "f"),
    ("to", "t"),
    ("call-id", "i"),
    ("cseq", "cseq"),
];

/// The 400 for a datagram that is no SIP, but was meant to be a request; `None` when it was not,
/// or does not say what a response must repeat.
pub(crate) fn bad_request(datagram: &[u8]) -> Option<Bytes> {
    let datagram = datagram.get(..MAX).unwrap_or(datagram);
    let lines = unfolded(datagram);
    let mut lines = lines.into_iter();
    let start = lines.next()?;
    let end = start.trim_ascii_end();
    // A response is not answered, and neither is an ACK.
    if !end.ends_with(b"SIP/2.0") || start.starts_with(b"SIP/") || start.starts_with(b"ACK ") {
        return None;
    }
    let mut copied: [Vec<u8>; 5] = Default::default();
    for line in lines.take(MAX_LINES) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            continue;
        };
        let name = line.get(..colon)?.trim_ascii().to_ascii_lowercase();
        let value = line.get(colon + 1..)?.trim_ascii();
        let known = COPIED
            .iter()
            .position(|(long, short)| name == long.as_bytes() || name == short.as_bytes());
        if let Some(slot) = known.and_then(|at| copied.get_mut(at)) {
            if !slot.is_empty() {
                slot.extend_from_slice(b", ");
            }
            slot.extend_from_slice(value);
        }
    }
    let mut response = b"SIP/2.0 400 Bad Request\r\n".to_vec();
    for ((_, _), (name, value)) in COPIED.iter().zip(NAMES.iter().zip(&copied)) {
        if value.is_empty() {
            return None;
        }
        put_line(&mut response, name.as_bytes(), value)?;
    }
    response.extend_from_slice(b"Content-Length: 0\r\n\r\n");
    Some(response.into())
}

const NAMES: [&str; 5] = ["Via", "From", "To", "Call-ID", "CSeq"];

/// The lines of the head, each with those that continue it.
fn unfolded(datagram: &[u8]) -> Vec<Vec<u8>> {
    let mut lines: Vec<Vec<u8>> = Vec::new();
    for line in datagram.split(|byte| *byte == b'\n').take(MAX_LINES) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            if lines.is_empty() {
                continue;
            }
            break;
        }
        match (line.first(), lines.last_mut()) {
            (Some(b' ' | b'\t'), Some(last)) => {
                last.push(b' ');
                last.extend_from_slice(line.trim_ascii());
            }
            _ => lines.push(line.to_vec()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::bad_request;

    const HEAD: &str = "v: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@h>\r\n ;tag=1\r\nt: <sip:b@h>\r\n\
                        Call-ID: x\r\nCSeq: 1 INVITE\r\n";

    #[test]
    fn what_says_to_whom_is_answered() {
        let found = bad_request(format!("INVITE  x SIP/2.0\r\n{HEAD}\r\n").as_bytes()).unwrap();
        let found = String::from_utf8(found.to_vec()).unwrap();
        assert!(found.starts_with("SIP/2.0 400 Bad Request\r\nVia: SIP/2.0/UDP h;branch"));
        assert!(found.contains("From: <sip:a@h> ;tag=1\r\nTo: <sip:b@h>\r\n"));
    }

    #[test]
    fn what_is_no_request_or_says_too_little_is_not() {
        for text in [
            format!("SIP/2.0 200 OK\r\n{HEAD}\r\n"),
            format!("ACK sip:x SIP/2.0\r\n{HEAD}\r\n"),
            format!("INVITE sip:x HTTP/1.1\r\n{HEAD}\r\n"),
            format!("INVITE x SIP/2.0\r\n{}\r\n", HEAD.replace("CSeq", "X")),
            format!(
                "INVITE x SIP/2.0\r\n{}\r\n",
                HEAD.replace("Call-ID: x", "Call-ID: \0")
            ),
            String::new(),
            "\r\n\r\n".to_owned(),
        ] {
            assert_eq!(bad_request(text.as_bytes()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_breaks_it(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let _ = bad_request(&bytes);
            let with_head = [b"A b SIP/2.0\r\n".as_slice(), &bytes, HEAD.as_bytes()].concat();
            if let Some(found) = bad_request(&with_head) {
                prop_assert!(found.len() < 9000);
            }
        }
    }
}
