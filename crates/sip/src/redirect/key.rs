//! Which transaction a request belongs to; pure.

use sipx_sip::headers::Via;
use sipx_sip::{HeaderName, Request};

use crate::endpoint::hop::Hop;
use crate::message::{call_id, from_tag, sequence};
use crate::named::{Key, Names, add};

/// Makes keys.
#[derive(Debug, Default)]
pub(super) struct Keys {
    names: Names,
    compared: Vec<u8>,
}

impl Keys {
    /// The key of a request, and whether its sender knows RFC 3261; `None` when its Via cannot be
    /// read. ACK and CANCEL have the key of their INVITE.
    pub(super) fn of(&mut self, request: &Request) -> Option<(Key, bool)> {
        let via = request.headers.value(&HeaderName::Via)?;
        if let Some(hop) = Hop::plain(&via) {
            return Some((self.of_parts(hop.branch, hop.sent_by), true));
        }
        let via = request.headers.typed::<Via>()?.ok()?;
        Some((self.apart(request, &via), via.has_rfc3261_branch()))
    }

    /// The key by a Via that was taken apart.
    fn apart(&mut self, request: &Request, via: &Via) -> Key {
        match via.branch().filter(|_| via.has_rfc3261_branch()) {
            Some(branch) => {
                let mut sent_by = via.host.to_bytes().to_vec();
                if let Some(port) = via.port {
                    sent_by.extend_from_slice(format!(":{port}").as_bytes());
                }
                self.of_parts(branch, &sent_by)
            }
            // Who does not know RFC 3261 is told apart by all that a transaction keeps.
            None => {
                let (compared, headers) = (&mut self.compared, &request.headers);
                compared.clear();
                add(compared, &request.uri.to_bytes());
                add(
                    compared,
                    &headers.value(&HeaderName::Via).unwrap_or_default(),
                );
                add(compared, &from_tag(headers).unwrap_or_default());
                add(compared, &call_id(headers));
                add(
                    compared,
                    &sequence(headers).unwrap_or_default().to_be_bytes(),
                );
                self.names.of(&*compared)
            }
        }
    }

    fn of_parts(&mut self, branch: &[u8], sent_by: &[u8]) -> Key {
        let compared = &mut self.compared;
        compared.clear();
        add(compared, branch);
        let from = compared.len();
        compared.extend_from_slice(sent_by);
        if let Some(sent_by) = compared.get_mut(from..) {
            sent_by.make_ascii_lowercase();
        }
        self.names.of(&*compared)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sipx_sip::headers::Via;
    use sipx_sip::{Limits, Message, parse_datagram};

    use super::Keys;

    proptest! {
        /// The key is the same whether the Via was taken apart for it or not.
        #[test]
        fn a_glance_makes_the_same_key(
            host in r"127\.0\.0\.1|[A-Ca-c0-9.-]{1,5}|1\.2\.3",
            port in "(:[0-9]{1,6})?",
            rest in "(;(branch|BRANCH|rport|ttl)(=(z9hG4bK[a-zA-Z.]{1,3}|[a-z0-9.]{1,3}))?){0,3}",
        ) {
            let via = format!("SIP/2.0/UDP {host}{port}{rest}");
            let text = format!(
                "ACK sip:b@h SIP/2.0\r\nVia: {via}\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\n\
                 Call-ID: c\r\nCSeq: 1 ACK\r\nContent-Length: 0\r\n\r\n"
            );
            let parsed = parse_datagram(text.into(), &Limits::datagram());
            if let Ok(Message::Request(request)) = parsed
                && let Some(Ok(taken)) = request.headers.typed::<Via>()
            {
                let mut keys = Keys::default();
                let apart = (keys.apart(&request, &taken), taken.has_rfc3261_branch());
                prop_assert_eq!(keys.of(&request), Some(apart), "{}", via);
            }
        }
    }
}
