//! Which transaction a message belongs to (RFC 3261, sections 17.1.3 and 17.2.3); pure.

use sipx_sip::{HeaderName, Headers, Method, Request, Response, TransactionKey};

use crate::endpoint::hop::Hop;
use crate::named::{Key, Names, add};

/// Makes keys.
#[derive(Debug, Default)]
pub(crate) struct Keys(Names);

impl Keys {
    /// The key of a request that has come; `None` when it has no Via that can be read. An ACK has
    /// that of its INVITE.
    pub(crate) fn of_request(&self, request: &Request) -> Option<Key> {
        let plain = self.plain(&request.headers, method(&request.method));
        plain.or_else(|| TransactionKey::from_request(request).map(|key| self.of(&key)))
    }

    /// The key of the INVITE that a CANCEL is about (section 9.2); `None` for any other request.
    pub(crate) fn of_cancelled(&self, request: &Request) -> Option<Key> {
        TransactionKey::for_cancelled_invite(request).map(|key| self.of(&key))
    }

    /// The key of a request of ours.
    pub(crate) fn of_sent(&self, request: &Request) -> Option<Key> {
        let plain = self.plain(&request.headers, method(&request.method));
        plain.or_else(|| TransactionKey::from_sent_request(request).map(|key| self.of(&key)))
    }

    /// The key of the request of ours that a response answers.
    pub(crate) fn of_response(&self, response: &Response) -> Option<Key> {
        let headers = &response.headers;
        let sequence = headers.value(&HeaderName::CSeq)?;
        let plain = answered(&sequence).and_then(|method| self.plain(headers, method));
        plain.or_else(|| TransactionKey::from_response(response).map(|key| self.of(&key)))
    }

    /// The key by a topmost Via of the plainest form, which need not be taken apart for it.
    fn plain(&self, headers: &Headers, method: &[u8]) -> Option<Key> {
        let via = headers.value(&HeaderName::Via)?;
        let hop = Hop::plain(&via)?;
        Some(self.of_parts(hop.branch, hop.sent_by, method))
    }

    /// The key by any Via.
    fn of(&self, key: &TransactionKey) -> Key {
        match key {
            TransactionKey::Rfc3261 {
                branch,
                sent_by,
                method,
            } => self.of_parts(branch, sent_by, method),
            legacy @ TransactionKey::Legacy { .. } => self.0.of(legacy),
        }
    }

    fn of_parts(&self, branch: &[u8], sent_by: &[u8], method: &[u8]) -> Key {
        let mut compared = Vec::with_capacity(128);
        for part in [branch, method, sent_by] {
            add(&mut compared, part);
        }
        let at = compared.len() - sent_by.len();
        if let Some(sent_by) = compared.get_mut(at..) {
            sent_by.make_ascii_lowercase();
        }
        self.0.of(compared)
    }
}

/// The method by which a request is matched: an ACK to its INVITE.
fn method(method: &Method) -> &[u8] {
    match method {
        Method::Ack => Method::Invite.as_bytes(),
        other => other.as_bytes(),
    }
}

/// The method in a CSeq of the plainest form.
fn answered(sequence: &[u8]) -> Option<&[u8]> {
    let at = sequence.iter().position(|byte| *byte == b' ')?;
    let (number, method) = (sequence.get(..at)?, sequence.get(at + 1..)?);
    let plain = (1..=9).contains(&number.len())
        && number.iter().all(u8::is_ascii_digit)
        && !method.is_empty()
        && method.iter().all(u8::is_ascii_uppercase);
    plain.then_some(match method {
        b"ACK" => b"INVITE",
        method => method,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sipx_sip::{Limits, Message, Method, TransactionKey, parse_datagram};

    use super::{Keys, answered};

    fn message(start: &str, via: &str, cseq: &str) -> Option<Message> {
        let text = format!(
            "{start}\r\nVia: {via}\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\nCall-ID: c\r\n\
             CSeq: {cseq}\r\nContent-Length: 0\r\n\r\n"
        );
        parse_datagram(text.into(), &Limits::datagram()).ok()
    }

    proptest! {
        /// The key is the same whether a Via was taken apart for it or not.
        #[test]
        fn the_plain_way_is_the_other_way(
            transport in "UDP|TCP|udp|X",
            host in r"127\.0\.0\.1|[A-Ca-c0-9.-]{1,5}|\[::1\]|1\.2\.3",
            port in "(:[0-9]{1,6})?",
            rest in r#"(;(branch|BRANCH|rport|received|maddr|x|ttl)(=(z9hG4bK[a-zA-Z.]{1,3}|[a-z0-9.]{1,3}|"a"))?){0,4}"#,
            space in " |  |\t",
            method in "INVITE|ACK|BYE|CANCEL|Foo",
        ) {
            let keys = Keys::default();
            let via = format!("SIP/2.0/{transport}{space}{host}{port}{rest}");
            let cseq = format!("1 {method}");
            let request = message(&format!("{method} sip:b@h SIP/2.0"), &via, &cseq);
            if let Some(Message::Request(request)) = request {
                let apart = TransactionKey::from_request(&request).map(|key| keys.of(&key));
                prop_assert_eq!(keys.of_request(&request), apart);
                let apart = TransactionKey::from_sent_request(&request).map(|key| keys.of(&key));
                prop_assert_eq!(keys.of_sent(&request), apart);
            }
            if let Some(Message::Response(response)) = message("SIP/2.0 200 OK", &via, &cseq) {
                let apart = TransactionKey::from_response(&response).map(|key| keys.of(&key));
                prop_assert_eq!(keys.of_response(&response), apart);
            }
        }
    }

    #[test]
    fn an_ack_is_matched_to_its_invite_and_a_cancel_names_it() {
        let keys = Keys::default();
        let of = |method: &str, cseq: &str| {
            let start = format!("{method} sip:b@h SIP/2.0");
            match message(&start, "SIP/2.0/UDP h;branch=z9hG4bK1", cseq) {
                Some(Message::Request(request)) => request,
                other => panic!("{other:?}"),
            }
        };
        let (invite, ack) = (of("INVITE", "1 INVITE"), of("ACK", "1 ACK"));
        let cancel = of("CANCEL", "1 CANCEL");
        assert_eq!(keys.of_request(&invite), keys.of_request(&ack));
        assert_ne!(keys.of_request(&invite), keys.of_request(&cancel));
        assert_eq!(keys.of_request(&invite), keys.of_cancelled(&cancel));
        assert_eq!(keys.of_cancelled(&invite), None);
        assert_eq!(super::method(&Method::Ack), b"INVITE");
        assert_eq!(answered(b"1 ACK"), Some(b"INVITE".as_slice()));
        assert_eq!(answered(b"1  ACK"), None);
    }
}
