//! One shard: its transactions and timers, without a socket; pure.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use callroute_media::OfferedCall;
use sipx_sip::headers::Via;
use sipx_sip::{BuildError, HeaderName, Limits, Message, Method, Request, parse_datagram};
use sipx_transport::TransportKind;
use sipx_transport::nat::apply_received_and_rport;

use crate::admit::guard::Guard;
use crate::convert::{offer_of, q850_reason};
use crate::endpoint::bad_request;
use crate::endpoint::hop::see;
use crate::message::{ALLOW_REDIRECTING, Reply, SDP_TYPE, has_to_tag, moved, to_tag};
use crate::named::Key;
use crate::redirect::key::Keys;
use crate::redirect::transactions::Transactions;
use crate::redirect::{Config, Verdict};
use crate::screen::refusal_but_via;

/// The port of SIP (RFC 3261, section 19.1.2).
const DEFAULT_PORT: u16 = 5060;
/// How many bytes an answer may be longer than a 100.
const ANSWER: usize = 256;

/// A datagram to send.
pub(super) type Datagram = (Bytes, SocketAddr);

/// An INVITE that waits for its verdict.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) key: Key,
    pub(super) offer: OfferedCall,
}

/// Transactions and timers of one socket.
#[derive(Debug)]
pub(super) struct Shard {
    keys: Keys,
    open: Transactions,
    /// Without transactions: the INVITE that is being decided over.
    current: Option<(Key, Request, SocketAddr)>,
    guard: Guard,
    stateful: bool,
    max: usize,
    limits: Limits,
    out: Vec<Datagram>,
}

impl Shard {
    /// Without transactions yet.
    pub(super) fn new(config: &Config) -> Self {
        Self {
            keys: Keys::default(),
            open: Transactions::new(config.t1),
            current: None,
            guard: Guard::new(config.protection.clone()),
            stateful: config.stateful,
            max: config.max_transactions,
            limits: Limits::datagram(),
            out: Vec::new(),
        }
    }

    /// How many transactions there are.
    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    /// What is to be sent.
    pub(super) fn out(&mut self) -> std::vec::Drain<'_, Datagram> {
        self.out.drain(..)
    }

    /// When the next timer fires.
    pub(super) fn next(&mut self) -> Option<Duration> {
        self.open.next()
    }

    /// Fires what is due.
    pub(super) fn fire(&mut self, now: Duration) {
        while let Some(sent) = self.open.fire(now) {
            if let Some((bytes, to)) = sent {
                self.send(now, bytes, to);
            }
        }
    }

    /// A datagram has come; what is to be decided because of it.
    pub(super) fn datagram(
        &mut self,
        now: Duration,
        bytes: &Bytes,
        source: SocketAddr,
    ) -> Option<Asked> {
        if !self.guard.message(now, source.ip(), bytes.len())
            || bytes.iter().all(|byte| b"\r\n\0 ".contains(byte))
        {
            return None;
        }
        if !self.stateful && bytes.starts_with(b"ACK ") {
            // It acknowledges what is forgotten.
            return None;
        }
        let mut request = match parse_datagram(bytes.clone(), &self.limits) {
            Ok(Message::Request(request)) => request,
            Ok(Message::Response(_)) => return None,
            Err(error) => {
                self.guard.dropped.malformed += 1;
                tracing::debug!(%error, %source, "a datagram that is no SIP");
                self.salvage(now, bytes, source);
                return None;
            }
        };
        let Some((key, knows_rfc3261)) = self.keys.of(&request) else {
            // Its Via cannot be read.
            self.guard.dropped.malformed += 1;
            self.salvage(now, bytes, source);
            return None;
        };
        if self.stateful {
            match request.method {
                Method::Ack => {
                    // Who does not know RFC 3261 shows by our tag which answer it has heard.
                    let heard =
                        || to_tag(&request.headers).is_some_and(|tag| tag == key.tag().as_bytes());
                    if knows_rfc3261 || heard() {
                        self.open.acknowledged(now, key);
                    }
                    return None;
                }
                Method::Invite if self.open.has(key) => {
                    if let Some((bytes, to)) = self.open.copied(key) {
                        self.send(now, bytes, to);
                    }
                    return None;
                }
                _ => {}
            }
        }
        let to = seen(&mut request, source)?;
        if let Some(reply) = self.judged(now, &request, key, source.ip())? {
            self.reply(now, &request, to, reply.tag(&key.tag()));
            return None;
        }
        // Who calls is asserted by the switches, not by whoever reaches us (RFC 3325, section 5).
        let trusted = self.guard.is_exempt(source.ip());
        let offer = offer_of(&request, source, TransportKind::Udp, None, trusted);
        if self.stateful {
            self.open.begin(now, key, request, to);
        } else {
            self.current = Some((key, request, to));
        }
        if offer.is_none() {
            self.finish(now, key, Reply::new(484));
        }
        Some(Asked { key, offer: offer? })
    }

    /// Answers 400 to what cannot be read, if it says enough.
    fn salvage(&mut self, now: Duration, bytes: &[u8], source: SocketAddr) {
        if let Some(response) = bad_request(bytes) {
            self.send(now, response, source);
        }
    }

    /// An answer to what was asked.
    pub(super) fn answer(&mut self, now: Duration, key: Key, verdict: &Verdict) {
        self.finish(now, key, reply(verdict));
    }

    /// What a new request is answered without a transaction; inside nothing when it is an INVITE
    /// to be decided over, outside when it gets no answer at all.
    fn judged(
        &mut self,
        now: Duration,
        request: &Request,
        key: Key,
        ip: std::net::IpAddr,
    ) -> Option<Option<Reply>> {
        if request.method == Method::Ack {
            return None;
        }
        let agent = request.headers.value(&HeaderName::UserAgent);
        if !self
            .guard
            .request(now, ip, &agent.unwrap_or_default(), false)
        {
            return None;
        }
        if let Some(reply) = refusal_but_via(request) {
            return Some(Some(reply));
        }
        Some(Some(match request.method {
            Method::Invite if has_to_tag(&request.headers) => Reply::new(481),
            Method::Invite if self.open.len() >= self.max => {
                Reply::new(503).header(HeaderName::RetryAfter, "5")
            }
            Method::Invite => return Some(None),
            Method::Cancel if self.open.has(key) => {
                self.finish(now, key, Reply::new(487));
                Reply::new(200)
            }
            Method::Options => Reply::new(200)
                .header(HeaderName::Allow, ALLOW_REDIRECTING)
                .header(HeaderName::Accept, SDP_TYPE),
            Method::Cancel | Method::Bye => Reply::new(481),
            _ => Reply::new(405).header(HeaderName::Allow, ALLOW_REDIRECTING),
        }))
    }

    /// The final answer to an INVITE, unless it has one.
    fn finish(&mut self, now: Duration, key: Key, reply: Reply) {
        let reply = reply.tag(&key.tag());
        if !self.stateful {
            // A verdict that comes too late would be another call's.
            match self.current.take_if(|(known, ..)| *known == key) {
                Some((_, request, to)) => self.reply(now, &request, to, reply),
                None => tracing::debug!(
                    "a verdict comes too late for a redirector without transactions"
                ),
            }
            return;
        }
        let Some((request, to)) = self.open.waiting(key) else {
            return;
        };
        match written(&mut self.guard, now, request, to, reply) {
            Ok((bytes, fits)) => {
                self.open.answered(now, key, bytes.clone());
                if fits {
                    self.out.push((bytes, to));
                }
            }
            Err(error) => {
                tracing::debug!(%error, "a request that cannot even be refused");
                self.open.forget(key);
            }
        }
    }

    /// An answer that is not repeated.
    fn reply(&mut self, now: Duration, request: &Request, to: SocketAddr, reply: Reply) {
        match written(&mut self.guard, now, request, to, reply) {
            Ok((bytes, true)) => self.out.push((bytes, to)),
            Ok(_) => {}
            Err(error) => tracing::debug!(%error, "a request that cannot even be refused"),
        }
    }

    /// Never more bytes than a stranger has sent, copies included: it may be somebody else. A 100
    /// must leave enough for the answer: who hears none asks again, which is credit for both.
    fn send(&mut self, now: Duration, bytes: Bytes, to: SocketAddr) {
        let waits = bytes.starts_with(b"SIP/2.0 1");
        if waits && self.guard.left(now, to.ip()) < 2 * bytes.len() + ANSWER {
            return;
        }
        if self.guard.spend(now, to.ip(), bytes.len()) {
            self.out.push((bytes, to));
        }
    }
}

/// An answer as it is sent, and whether it may be: to a stranger no more bytes than he has sent. An
/// answer that is too long is made shorter, if it can be.
fn written(
    guard: &mut Guard,
    now: Duration,
    request: &Request,
    to: SocketAddr,
    reply: Reply,
) -> Result<(Bytes, bool), BuildError> {
    let ip = to.ip();
    let shorter = if guard.is_exempt(ip) {
        None
    } else {
        reply.shorter()
    };
    let bytes = reply.bytes(request)?;
    let Some(shorter) = shorter else {
        let fits = guard.spend(now, ip, bytes.len());
        return Ok((bytes, fits));
    };
    if guard.has_credit(now, ip, bytes.len()) {
        return Ok((bytes, true));
    }
    let bytes = shorter.bytes(request)?;
    let fits = guard.spend(now, ip, bytes.len());
    Ok((bytes, fits))
}

/// Puts what we have seen of the sender into its Via, and gives back where answers go.
fn seen(request: &mut Request, source: SocketAddr) -> Option<SocketAddr> {
    if let Some(to) = see(&mut request.headers, source) {
        return Some(to);
    }
    let via = request.headers.typed::<Via>()?.ok()?;
    apply_received_and_rport(request, source);
    Some(back(&via, source))
}

/// Where answers go: to the port that Via names, or where the request came from if its sender wants
/// that (RFC 3261, section 18.2.2; RFC 3581), but only ever to the host that it came from.
fn back(via: &Via, source: SocketAddr) -> SocketAddr {
    let port = match via.rport() {
        Some(_) => source.port(),
        None => via.port.unwrap_or(DEFAULT_PORT),
    };
    SocketAddr::new(source.ip(), if port == 0 { source.port() } else { port })
}

fn reply(verdict: &Verdict) -> Reply {
    match verdict {
        Verdict::Redirect { contacts } if contacts.is_empty() => Reply::new(480),
        Verdict::Redirect { contacts } => moved(contacts.iter().map(String::as_str)),
        Verdict::Refuse { status, q850 } => {
            let status = if (400..700).contains(status) {
                *status
            } else {
                500
            };
            let reply = Reply::new(status);
            match q850 {
                Some(q850) => reply.header(HeaderName::Reason, q850_reason(*q850)),
                None => reply,
            }
        }
    }
}

#[cfg(test)]
mod tests;
