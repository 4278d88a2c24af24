//! Messages that arrive, and timers that fire.

use std::collections::hash_map::Entry;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use sipx_sip::headers::Via;
use sipx_sip::transaction::ServerTransaction;
use sipx_sip::{HeaderName, Message, Method, Request, Response, Timer, TuEvent, parse_datagram};
use sipx_transport::nat::apply_received_and_rport;
use sipx_transport::target::response_destination;
use sipx_transport::{Target, TransportKind};
use tokio::task::yield_now;
use tokio::time::sleep_until;

use crate::endpoint::hop::see;
use crate::endpoint::{Back, Incoming, Inner, Role, Screened, Seen, Served, Upper, ended, salvage};
use crate::family::plain;
use crate::message::{has_to_tag, to_tag};
use crate::named::Key;

/// Largest datagram that can be.
const MAX_DATAGRAM: usize = 65_535;
/// How often timers are checked, where there are some.
const TICK: Duration = Duration::from_millis(50);
/// Datagrams that are read before anybody else has a turn.
const BATCH: usize = 256;

impl Inner {
    /// Reads the UDP socket until the endpoint is over.
    pub(super) async fn read_udp(self: Arc<Self>, upper: Arc<dyn Upper>) {
        let mut over = self.over.subscribe();
        let mut buffer = vec![0; MAX_DATAGRAM];
        let mut looks = None;
        loop {
            let received = tokio::select! {
                received = self.next(&mut buffer, looks) => received,
                () = ended(&mut over) => return,
            };
            match received {
                Ok((length, source)) => {
                    self.let_in(&upper, &buffer, length, source);
                    looks = (!self.spin.is_zero()).then(|| Instant::now() + self.spin);
                    // What has come meanwhile is read at once, or the system drops it.
                    for _ in 0..BATCH {
                        let Ok((length, source)) = self.udp.receive(&mut buffer) else {
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

    /// The next datagram; the socket is looked at until then, and afterwards waited for. Looked at by
    /// itself: another thread may be the one that is told.
    async fn next(
        &self,
        buffer: &mut [u8],
        until: Option<Instant>,
    ) -> io::Result<(usize, SocketAddr)> {
        while until.is_some_and(|until| Instant::now() < until) {
            // Whoever has something to do comes first.
            yield_now().await;
            match self.udp.look(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                received => return received,
            }
        }
        loop {
            self.udp.told().await?;
            match self.udp.receive(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                received => return received,
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
        let source = plain(source);
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
            Ok(message) => self.message(upper, message, &Target::udp(source)),
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
        let may = guard.request(now, ip, b"", false) && guard.spend(now, ip, response.len());
        drop(guard);
        if may {
            self.answer(response, &Target::udp(source));
        }
    }

    /// A message, whatever it came by; the guard has let it in.
    pub(super) fn message(
        self: &Arc<Self>,
        upper: &Arc<dyn Upper>,
        message: Message,
        flow: &Target,
    ) {
        match message {
            Message::Request(request) => self.request(upper, request, flow),
            Message::Response(response) => {
                let Some(key) = self.keys.of_response(&response) else {
                    return;
                };
                let mut state = self.state();
                let asked = state.asked.get_mut(&key);
                match asked.and_then(|asked| asked.machine.as_mut()) {
                    Some(machine) => {
                        let outputs = machine.on_response(response);
                        self.perform(&mut state, Role::Client, key, outputs);
                    }
                    None => self.answered_again(&mut state, key, response),
                }
                self.release(state);
            }
        }
    }

    fn request(self: &Arc<Self>, upper: &Arc<dyn Upper>, mut request: Request, flow: &Target) {
        let (source, transport) = (flow.addr, flow.transport);
        // Without a Via nothing can be answered, and no transaction be matched.
        let Some((key, mut back)) = self.arrived(&mut request, flow) else {
            self.guard().dropped.malformed += 1;
            if transport == TransportKind::Udp {
                self.refuse(&Message::Request(request).to_bytes(), source);
            }
            return;
        };
        let incoming = |request, seen| Incoming {
            key,
            request,
            flow: flow.clone(),
            seen,
        };
        let mut state = self.state();
        if let Some(served) = state.served.get_mut(&key) {
            let heard = served.tag.is_some() && served.tag == to_tag(&request.headers);
            let outputs = served.machine.on_request(&request);
            let done = self.perform(&mut state, Role::Server, key, outputs);
            self.release(state);
            if heard {
                self.guard().is_there(self.now(), source.ip());
            }
            for event in done.told {
                if let TuEvent::Ack(request) = event {
                    upper.request(incoming(*request, Seen::default()));
                }
            }
            return;
        }
        if self.copied(&mut state, key) {
            drop(state);
            // Whoever has accepted an INVITE is told of its ACK (RFC 6026, section 7.1).
            if request.method == Method::Ack {
                upper.request(incoming(request, Seen::default()));
            }
            return;
        }
        drop(state);
        let Some(seen) = self.screened(upper, &request, flow) else {
            return;
        };
        // An ACK that matches no transaction is that of a 2xx.
        if request.method == Method::Ack {
            return upper.request(incoming(request, seen));
        }
        let proven = seen.user.is_some() || has_to_tag(&request.headers);
        back.doubtful =
            transport == TransportKind::Udp && !proven && !self.guard().is_exempt(source.ip());
        let (machine, outputs) =
            ServerTransaction::new(request, transport.reliability(), self.waits);
        let mut state = self.state();
        state.next += 1;
        let number = state.next;
        let served = Served {
            number,
            machine,
            back,
            said: 0,
            tag: None,
        };
        if let Entry::Vacant(vacant) = state.served.entry(key) {
            vacant.insert(served);
        } else {
            // The same has come twice at the same time, by two connections.
            return;
        }
        state.numbers.insert(number, (Role::Server, key));
        let done = self.perform(&mut state, Role::Server, key, outputs);
        self.release(state);
        for event in done.told {
            if let TuEvent::Request(request) = event {
                return upper.request(incoming(*request, seen));
            }
        }
    }

    /// Which transaction a request is of, and the way back to who has sent it; what we have seen of
    /// that is noted in its Via. `None` for one whose Via cannot be read.
    fn arrived(&self, request: &mut Request, flow: &Target) -> Option<(Key, Back)> {
        let key = self.keys.of_request(request)?;
        if flow.transport == TransportKind::Udp
            && let Some(to) = see(&mut request.headers, flow.addr)
        {
            let target = Target::udp(to);
            let (advertised, doubtful) = (None, true);
            let back = Back {
                target,
                advertised,
                doubtful,
            };
            return Some((key, back));
        }
        apply_received_and_rport(request, flow.addr);
        Some((key, back(request, flow)))
    }

    /// Whether there is room for another transaction. What belongs to a call that goes on may take
    /// as many again: it has to be able to end.
    fn has_room(&self, begins: bool) -> bool {
        let most = if begins {
            self.transactions
        } else {
            self.transactions.saturating_mul(2)
        };
        let state = self.state();
        state.served.len() + state.rests.len().0 < most
    }

    /// Whether a request gets a transaction. What does not is answered here, or not at all.
    fn screened(
        self: &Arc<Self>,
        upper: &Arc<dyn Upper>,
        request: &Request,
        flow: &Target,
    ) -> Option<Seen> {
        let (source, transport) = (flow.addr, flow.transport);
        let (now, ip) = (self.now(), source.ip());
        // What belongs to a dialog is not counted as something new; whether there is such a
        // dialog is the screen's business.
        let begins = !has_to_tag(&request.headers)
            && !matches!(request.method, Method::Ack | Method::Cancel);
        let agent = request.headers.value(&HeaderName::UserAgent);
        let agent = agent.unwrap_or_default();
        let proven = transport != TransportKind::Udp;
        if begins && !self.guard().request(now, ip, &agent, proven) {
            return None;
        }
        let answer = match upper.screen(request, source, transport) {
            Screened::Serve(seen) if request.method == Method::Ack || self.has_room(begins) => {
                // Our tag is not to be guessed: whoever knows it has heard us.
                if has_to_tag(&request.headers) {
                    self.guard().is_there(now, ip);
                }
                return Some(seen);
            }
            Screened::Serve(_) => upper.full(request),
            Screened::Answer(response) => Some(*response),
            Screened::Drop => None,
        };
        let mut response = answer.filter(|_| request.method != Method::Ack)?;
        // Who asks for a call that there is not may scan, too.
        let told = begins || self.guard().is_refused(ip, &agent);
        if !told || self.guard().is_silenced(now, ip) {
            return None;
        }
        if transport != TransportKind::Udp {
            let bytes = Message::Response(response).to_bytes();
            self.answer(bytes, flow);
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
        // What must not be left out waits for the request to come again, which is credit for both (RFC
        // 3261, section 21.4.6).
        if response.status.code() == 405 {
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
    fn fire(self: &Arc<Self>) -> Option<Duration> {
        let mut state = self.state();
        let now = self.now();
        while let Some((number, timer)) = state.timers.due(now) {
            let Some((role, key)) = state.numbers.get(&number).copied() else {
                continue;
            };
            if timer == Timer::M {
                state.finish(role, key);
                continue;
            }
            let outputs = match role {
                Role::Client => {
                    let asked = state.asked.get_mut(&key);
                    let machine = asked.and_then(|asked| asked.machine.as_mut());
                    machine.map(|machine| machine.on_timer(timer))
                }
                Role::Server => {
                    let served = state.served.get_mut(&key);
                    served.map(|served| served.machine.on_timer(timer))
                }
            };
            self.perform(&mut state, role, key, outputs.unwrap_or_default());
        }
        state.rests.forget(now);
        // While there are any, they are checked so often that whoever sets one need not wake
        // anybody: that would be for almost every request.
        state.planned = state.next().map(|next| next.min(now + TICK));
        state.planned
    }
}

/// The way back to who has sent a request.
fn back(request: &Request, flow: &Target) -> Back {
    let (source, transport) = (flow.addr, flow.transport);
    if transport == TransportKind::Udp {
        return Back {
            target: answer_to(request, source),
            advertised: None,
            doubtful: true,
        };
    }
    let via = request.headers.typed::<Via>().and_then(Result::ok);
    Back {
        target: flow.clone(),
        advertised: via
            .map(|via| response_destination(&via, source, transport))
            .filter(|target| target.addr.ip() == source.ip()),
        doubtful: false,
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
        .unwrap_or_else(|| Target::udp(source))
}
