//! Messages that arrive, and timers that fire.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use sipx_sip::headers::Via;
use sipx_sip::transaction::Dispatch;
use sipx_sip::{
    HeaderName, Message, Method, Request, Response, TransactionKey, TuEvent, parse_datagram,
};
use sipx_transport::nat::apply_received_and_rport;
use sipx_transport::target::response_destination;
use sipx_transport::{Target, TransportKind};
use tokio::time::sleep_until;

use crate::endpoint::{Incoming, Inner, Role, Screened, Served, Upper, ended, salvage};
use crate::message::has_to_tag;

/// Largest datagram that can be.
const MAX_DATAGRAM: usize = 65_535;
/// Datagrams that are read before anybody else has a turn.
const BATCH: usize = 256;

impl Inner {
    /// Reads the UDP socket until the endpoint is over.
    pub(super) async fn read_udp(self: Arc<Self>, upper: Arc<dyn Upper>) {
        let mut over = self.over.subscribe();
        let mut buffer = vec![0; MAX_DATAGRAM];
        loop {
            let received = tokio::select! {
                received = self.udp.recv_from(&mut buffer) => received,
                () = ended(&mut over) => return,
            };
            match received {
                Ok((length, source)) => {
                    self.let_in(&upper, &buffer, length, source);
                    // What has come meanwhile is read at once, or the system drops it.
                    for _ in 0..BATCH {
                        let Ok((length, source)) = self.udp.try_recv_from(&mut buffer) else {
                            break;
                        };
                        self.let_in(&upper, &buffer, length, source);
                    }
                }
                // An ICMP error of an earlier datagram; the socket is as good as before.
                Err(error) => tracing::trace!(%error, "UDP socket"),
            }
        }
    }

    fn let_in(
        self: &Arc<Self>,
        upper: &Arc<dyn Upper>,
        buffer: &[u8],
        length: usize,
        source: SocketAddr,
    ) {
        if self.guard().message(self.now(), source.ip(), length) {
            let bytes = buffer.get(..length).unwrap_or_default();
            self.datagram(upper, bytes, source);
        }
    }

    fn datagram(self: &Arc<Self>, upper: &Arc<dyn Upper>, bytes: &[u8], source: SocketAddr) {
        // What keeps a NAT's mapping open (RFC 5626, section 3.5.1) is no message.
        if bytes.iter().all(|byte| b"\r\n\0 ".contains(byte)) {
            return;
        }
        match parse_datagram(Bytes::copy_from_slice(bytes), &self.limits) {
            Ok(message) => self.message(upper, message, source, TransportKind::Udp),
            Err(error) => {
                self.guard().dropped.malformed += 1;
                tracing::debug!(%error, %source, "a datagram that is no SIP");
                self.refuse(bytes, source);
            }
        }
    }

    /// Answers 400 to a request that cannot be read, if it says enough and the guard lets it.
    fn refuse(self: &Arc<Self>, bytes: &[u8], source: SocketAddr) {
        let (now, ip) = (self.now(), source.ip());
        let Some(response) = salvage::bad_request(bytes) else {
            return;
        };
        let mut guard = self.guard();
        let may = guard.request(now, ip, b"") && guard.spend(now, ip, response.len());
        drop(guard);
        if may {
            self.answer(response, &Target::new(source, TransportKind::Udp));
        }
    }

    /// A message, whatever it came by; the guard has let it in.
    pub(super) fn message(
        self: &Arc<Self>,
        upper: &Arc<dyn Upper>,
        message: Message,
        source: SocketAddr,
        transport: TransportKind,
    ) {
        match message {
            Message::Request(request) => self.request(upper, request, source, transport),
            Message::Response(response) => {
                let mut state = self.state();
                let received = state
                    .clients
                    .receive(Message::Response(response), transport.reliability());
                if let Dispatch::Matched { key, outputs } = received {
                    self.perform(&mut state, Role::Client, &key, outputs);
                    self.release(state);
                }
            }
        }
    }

    fn request(
        self: &Arc<Self>,
        upper: &Arc<dyn Upper>,
        mut request: Request,
        source: SocketAddr,
        transport: TransportKind,
    ) {
        // Without a Via nothing can be answered, and no transaction be matched.
        let Some(key) = TransactionKey::from_request(&request) else {
            self.guard().dropped.malformed += 1;
            if transport == TransportKind::Udp {
                self.refuse(&Message::Request(request).to_bytes(), source);
            }
            return;
        };
        apply_received_and_rport(&mut request, source);
        let is_new = !self.state().served.contains_key(&key);
        let user = match is_new.then(|| self.screened(upper, &request, source, transport)) {
            Some(None) => return,
            Some(Some(user)) => user,
            None => None,
        };
        let mut state = self.state();
        let received = state
            .servers
            .receive(Message::Request(request), transport.reliability());
        let (key, done) = match received {
            Dispatch::Created { key, outputs } => {
                state.next += 1;
                let number = state.next;
                let request = state.servers.server_request(&key);
                let served = served(number, request, source, transport);
                state.served.insert(key.clone(), served);
                state.numbers.insert(number, (Role::Server, key.clone()));
                let done = self.perform(&mut state, Role::Server, &key, outputs);
                (key, done)
            }
            Dispatch::Matched { key, outputs } => {
                let done = self.perform(&mut state, Role::Server, &key, outputs);
                (key, done)
            }
            Dispatch::Unmatched(message) => {
                drop(state);
                if let Message::Request(request) = *message {
                    upper.request(Incoming {
                        key,
                        request,
                        source,
                        transport,
                        user,
                    });
                }
                return;
            }
        };
        self.release(state);
        for event in done.told {
            if let TuEvent::Request(request) | TuEvent::Ack(request) = event {
                upper.request(Incoming {
                    key: key.clone(),
                    request: *request,
                    source,
                    transport,
                    user: user.clone(),
                });
            }
        }
    }

    /// Whether a request gets a transaction. What does not is answered here, or not at all.
    fn screened(
        self: &Arc<Self>,
        upper: &Arc<dyn Upper>,
        request: &Request,
        source: SocketAddr,
        transport: TransportKind,
    ) -> Option<Option<String>> {
        let (now, ip) = (self.now(), source.ip());
        // What belongs to a dialog is not counted as something new; whether there is such a
        // dialog is the screen's business.
        let begins = !has_to_tag(&request.headers)
            && !matches!(request.method, Method::Ack | Method::Cancel);
        if begins {
            let agent = request
                .headers
                .value(&HeaderName::UserAgent)
                .unwrap_or_default();
            if !self.guard().request(now, ip, &agent) {
                return None;
            }
        }
        let answer = match upper.screen(request, source, transport) {
            Screened::Serve(user)
                if request.method == Method::Ack
                    || self.state().served.len() < self.transactions =>
            {
                return Some(user);
            }
            Screened::Serve(_) => upper.full(request),
            Screened::Answer(response) => Some(*response),
            Screened::Drop => None,
        };
        let mut response = answer.filter(|_| request.method != Method::Ack)?;
        if transport != TransportKind::Udp {
            let bytes = Message::Response(response).to_bytes();
            self.answer(bytes, &Target::new(source, transport));
            return None;
        }
        // Never by `maddr`, never to another host than the one that asked, and never more than
        // it has sent us. What can be left out is, before nothing is said at all.
        let target = answer_to(request, source);
        let bytes = Message::Response(response.clone()).to_bytes();
        if self.guard().has_credit(now, ip, bytes.len()) {
            self.answer(bytes, &target);
            return None;
        }
        response
            .headers
            .retain(|header| *header.name() != HeaderName::Accept);
        let bytes = Message::Response(response.clone()).to_bytes();
        if self.guard().has_credit(now, ip, bytes.len()) {
            self.answer(bytes, &target);
            return None;
        }
        let bytes = Message::Response(bare(response)).to_bytes();
        if self.guard().spend(now, ip, bytes.len()) {
            self.answer(bytes, &target);
        }
        None
    }

    /// Sends a refusal that has no transaction.
    fn answer(self: &Arc<Self>, bytes: Bytes, target: &Target) {
        let mut state = self.state();
        if let Err(error) = self.transmit(&mut state, bytes, target) {
            tracing::debug!(%error, "a refusal was not sent");
        }
    }

    /// Fires timers until the endpoint is over.
    pub(super) async fn run_timers(self: Arc<Self>) {
        let mut over = self.over.subscribe();
        loop {
            let next = self.fire();
            let sleep = async {
                match next {
                    Some(at) => sleep_until((self.began + at).into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = sleep => {}
                () = self.earlier.notified() => {}
                () = ended(&mut over) => return,
            }
        }
    }

    /// Fires what is due; gives the time of the next.
    fn fire(self: &Arc<Self>) -> Option<std::time::Duration> {
        let mut state = self.state();
        let now = self.now();
        while let Some((number, timer)) = state.timers.due(now) {
            let Some((role, key)) = state.numbers.get(&number).cloned() else {
                continue;
            };
            let layer = match role {
                Role::Client => &mut state.clients,
                Role::Server => &mut state.servers,
            };
            let outputs = layer.on_timer(&key, timer);
            self.perform(&mut state, role, &key, outputs);
        }
        state.planned = state.timers.next();
        state.planned
    }
}

fn served(
    number: u64,
    request: Option<&Request>,
    source: SocketAddr,
    transport: TransportKind,
) -> Served {
    let by_source = Target::new(source, transport);
    let Some(request) = request else {
        return Served {
            number,
            target: by_source,
            advertised: None,
        };
    };
    if transport == TransportKind::Udp {
        return Served {
            number,
            target: answer_to(request, source),
            advertised: None,
        };
    }
    let via = request.headers.typed::<Via>().and_then(Result::ok);
    Served {
        number,
        target: by_source,
        advertised: via
            .map(|via| response_destination(&via, source, transport))
            .filter(|target| target.addr.ip() == source.ip()),
    }
}

/// A response with nothing but what it must have to be understood.
fn bare(mut response: Response) -> Response {
    response.headers.retain(|header| {
        matches!(
            header.name(),
            HeaderName::Via
                | HeaderName::From
                | HeaderName::To
                | HeaderName::CallId
                | HeaderName::CSeq
                | HeaderName::WwwAuthenticate
                | HeaderName::RetryAfter
                | HeaderName::ContentLength
        )
    });
    response
}

/// Where the answer to a datagram goes: to the port that Via names or `rport` has seen (RFC 3261,
/// section 18.2.2; RFC 3581), but only ever to the host that it came from.
fn answer_to(request: &Request, source: SocketAddr) -> Target {
    let via = request.headers.typed::<Via>().and_then(Result::ok);
    via.map(|via| response_destination(&via, source, TransportKind::Udp))
        .filter(|target| target.addr.ip() == source.ip() && target.addr.port() != 0)
        .unwrap_or_else(|| Target::new(source, TransportKind::Udp))
}
