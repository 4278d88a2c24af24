//! One shard: its transactions and timers, without a socket; pure.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use callroute_media::Offer;
use sipx_sip::transaction::{Dispatch, Output};
use sipx_sip::{
    HeaderName, Limits, Message, Method, Reliability, Request, TransactionKey, TransactionLayer,
    TuEvent, parse_datagram,
};
use sipx_transport::TransportKind;
use sipx_transport::nat::apply_received_and_rport;

use crate::admit::guard::Guard;
use crate::convert::{offer_of, q850_reason};
use crate::dispatch::refusal;
use crate::endpoint::{Timers, answer_to, bad_request};
use crate::message::{ALLOW_REDIRECTING, Reply, SDP_TYPE, moved, to_tag};
use crate::redirect::{Config, Verdict};
use crate::stack::token;

/// A datagram to send.
pub(super) type Datagram = (Bytes, SocketAddr);

/// An INVITE that waits for its verdict.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) key: TransactionKey,
    pub(super) offer: Offer,
}

/// Transactions and timers of one socket.
#[derive(Debug)]
pub(super) struct Shard {
    layer: TransactionLayer,
    timers: Timers<TransactionKey>,
    /// Where each transaction's answer goes, and what is asked in it.
    open: std::collections::HashMap<TransactionKey, SocketAddr>,
    /// Without transactions: the INVITE that is being decided over.
    current: Option<(Request, SocketAddr)>,
    guard: Guard,
    stateful: bool,
    max: usize,
    limits: Limits,
    out: Vec<Datagram>,
}

impl Shard {
    /// Without transactions yet.
    pub(super) fn new(config: &Config) -> Self {
        let timers = sipx_sip::Timers {
            t1: config.t1,
            ..sipx_sip::Timers::default()
        };
        Self {
            layer: TransactionLayer::new(timers),
            timers: Timers::new(),
            open: std::collections::HashMap::new(),
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
        self.timers.next()
    }

    /// Fires what is due.
    pub(super) fn fire(&mut self, now: Duration) {
        while let Some((key, timer)) = self.timers.due(now) {
            let outputs = self.layer.on_timer(&key, timer);
            self.perform(now, &key, outputs);
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
        let mut request = match parse_datagram(bytes.clone(), &self.limits) {
            Ok(Message::Request(request)) => request,
            Ok(Message::Response(_)) => return None,
            Err(error) => {
                self.guard.dropped.malformed += 1;
                tracing::debug!(%error, %source, "a datagram that is no SIP");
                if let Some(response) = bad_request(bytes) {
                    self.unbound(now, response, source, source);
                }
                return None;
            }
        };
        apply_received_and_rport(&mut request, source);
        if !self.stateful {
            return self.without_state(now, request, source);
        }
        let key = TransactionKey::from_request(&request)?;
        if !self.open.contains_key(&key) {
            self.judged(now, &request, &key, source)?;
            self.open
                .insert(key.clone(), answer_to(&request, source).addr);
        }
        let received = self
            .layer
            .receive(Message::Request(request), Reliability::Unreliable);
        let (key, outputs) = match received {
            Dispatch::Created { key, outputs } | Dispatch::Matched { key, outputs } => {
                (key, outputs)
            }
            Dispatch::Unmatched(_) => return None,
        };
        let request = self.perform(now, &key, outputs)?;
        let offer = offer_of(&request, source, TransportKind::Udp, None, true);
        match offer {
            Some(offer) => Some(Asked { key, offer }),
            None => {
                self.respond(now, &key, Reply::new(484).tag(&token()));
                None
            }
        }
    }

    /// An answer to what was asked.
    pub(super) fn answer(&mut self, now: Duration, key: &TransactionKey, verdict: &Verdict) {
        let reply = reply(verdict);
        if self.stateful {
            return self.respond(now, key, reply.tag(&token()));
        }
        if let Some((request, source)) = self.current.take()
            && let Ok(response) = reply.tag("stateless").to(&request)
        {
            let to = answer_to(&request, source).addr;
            self.out.push((Message::Response(response).to_bytes(), to));
        }
    }

    /// `None` when a new request is answered, or not at all, without a transaction.
    fn judged(
        &mut self,
        now: Duration,
        request: &Request,
        key: &TransactionKey,
        source: SocketAddr,
    ) -> Option<()> {
        let ip = source.ip();
        if request.method == Method::Ack {
            return None;
        }
        let agent = request.headers.value(&HeaderName::UserAgent);
        if !self.guard.request(now, ip, &agent.unwrap_or_default()) {
            return None;
        }
        let reply = match refusal(request) {
            Some(reply) => reply,
            None => match request.method {
                Method::Invite if to_tag(&request.headers).is_some() => Reply::new(481),
                Method::Invite if self.open.len() >= self.max => {
                    Reply::new(503).header(HeaderName::RetryAfter, "5")
                }
                Method::Invite => return Some(()),
                Method::Cancel => {
                    let invite = TransactionKey::for_cancelled_invite(request);
                    match invite.filter(|invite| self.open.contains_key(invite)) {
                        Some(invite) => {
                            self.respond(now, &invite, Reply::new(487).tag(&token()));
                            Reply::new(200)
                        }
                        None => Reply::new(481),
                    }
                }
                Method::Options => Reply::new(200)
                    .header(HeaderName::Allow, ALLOW_REDIRECTING)
                    .header(HeaderName::Accept, SDP_TYPE),
                Method::Bye => Reply::new(481),
                _ => Reply::new(405).header(HeaderName::Allow, ALLOW_REDIRECTING),
            },
        };
        tracing::trace!(?key, "answered without a transaction");
        if let Ok(response) = reply.tag(&token()).to(request) {
            let to = answer_to(request, source).addr;
            let bytes = Message::Response(response).to_bytes();
            self.unbound(now, bytes, source, to);
        }
        None
    }

    fn without_state(
        &mut self,
        now: Duration,
        request: Request,
        source: SocketAddr,
    ) -> Option<Asked> {
        let key = TransactionKey::from_request(&request)?;
        self.judged(now, &request, &key, source)?;
        let offer = offer_of(&request, source, TransportKind::Udp, None, true)?;
        self.current = Some((request, source));
        Some(Asked { key, offer })
    }

    /// An answer without a transaction: not more bytes than its sender has sent.
    fn unbound(&mut self, now: Duration, bytes: Bytes, source: SocketAddr, to: SocketAddr) {
        if self.guard.spend(now, source.ip(), bytes.len()) {
            self.out.push((bytes, to));
        }
    }

    fn respond(&mut self, now: Duration, key: &TransactionKey, reply: Reply) {
        let Some(request) = self.layer.server_request(key) else {
            return;
        };
        match reply.to(request) {
            Ok(response) => {
                let outputs = self.layer.send_response(key, response);
                self.perform(now, key, outputs);
            }
            Err(error) => {
                tracing::debug!(%error, "a request that cannot even be refused");
                self.layer.abandon(key);
                self.open.remove(key);
                self.timers.forget(key);
            }
        }
    }

    /// Does what a transaction wants; gives the request that it hands up.
    fn perform(
        &mut self,
        now: Duration,
        key: &TransactionKey,
        outputs: Vec<Output>,
    ) -> Option<Request> {
        let mut asked = None;
        for output in outputs {
            match output {
                Output::Send(message) => {
                    if let Some(to) = self.open.get(key) {
                        self.out.push((message.to_bytes(), *to));
                    }
                }
                Output::SetTimer { timer, after } => self.timers.set(key, timer, now + after),
                Output::ClearTimer(timer) => self.timers.clear(key, timer),
                Output::ToTu(event) => {
                    if let TuEvent::Request(request) = *event {
                        asked = Some(*request);
                    }
                }
                Output::Terminated(_) => {
                    self.open.remove(key);
                    self.timers.forget(key);
                }
                _ => {}
            }
        }
        asked
    }
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
