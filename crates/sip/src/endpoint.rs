//! The endpoint: sockets and transactions under one lock, and nothing that waits.
//!
//! ```text
//!   UDP socket ──┐          ┌─ screened: answered without a transaction, or dropped
//!   connections ─┼─> guard ─┤
//!   (TCP TLS WS) ┘          └─ transactions (RFC 3261, section 17; RFC 6026) ──> Upper
//! ```
//!
//! The transactions themselves are sipx's, which do no IO. Here are the sockets, the timers, and
//! what keeps strangers from costing us more than they spend.

mod act;
mod asked;
mod begin;
mod exchange;
mod fault;
pub(crate) mod hop;
mod idle;
mod key;
mod listen;
mod receive;
mod rest;
mod salvage;
mod served;
mod stream;
mod timers;
mod web;

use std::borrow::Cow;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

use bytes::Bytes;
use sipx_sip::{Limits, Message, Reason, Request, Response, TuEvent};
use sipx_transport::tls::ServerTls;
use sipx_transport::{ConnectionKey, Target, TransportKind};
use tokio::sync::{Notify, mpsc, watch};

use crate::endpoint::exchange::Owner;
pub(crate) use crate::endpoint::exchange::{Exchange, Heir};
pub(crate) use crate::endpoint::fault::SendFault;
pub(crate) use crate::endpoint::key::Keys;
#[cfg(feature = "__fuzz")]
pub(crate) use crate::endpoint::listen::limits;
pub(crate) use crate::endpoint::listen::{Refused, bind};

use crate::adapter::Load;
use crate::admit::guard::{Guard, Protection};
use crate::endpoint::asked::AllAsked;
use crate::endpoint::rest::Rests;
use crate::endpoint::served::{Back, Served};
use crate::endpoint::stream::Connection;
pub(crate) use crate::endpoint::timers::Timers;
use crate::message::to_tag;
use crate::named::{Hashes, Key};
use crate::sdp::Remote;
use crate::trust::Trust;
use crate::udp::Udp;

/// T2 of RFC 3261 (section 17.1.2.1): the longest wait before something is sent once more.
pub(crate) const T2: Duration = Duration::from_secs(4);
/// Events of one client transaction that may wait.
const EVENTS: usize = 32;
/// Bytes that are no message.
const PING: &[u8] = b"\r\n\r\n";
/// Room that provisional responses leave for final ones.
const RESERVED: usize = 8;

/// How an endpoint is set up.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) listen: SocketAddr,
    /// What Via names as our address.
    pub(crate) named: String,
    pub(crate) tls: Option<(SocketAddr, ServerTls)>,
    /// By what we connect by TLS.
    pub(crate) trust: Arc<Trust>,
    pub(crate) ws: Option<SocketAddr>,
    pub(crate) timers: sipx_sip::Timers,
    pub(crate) protection: Protection,
    /// Most server transactions; a request beyond is answered 503 without one.
    pub(crate) transactions: usize,
    /// Most connections in all.
    pub(crate) connections: usize,
    /// For how long the socket is looked at after a datagram, before it is waited for.
    pub(crate) spin: Duration,
}

/// A request that began a transaction, or the ACK of a 2xx.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) key: Key,
    pub(crate) request: Request,
    /// Where it has come from, and by what; a connection that we have opened is known by whom it was
    /// opened to as well.
    pub(crate) flow: Target,
    /// What was seen of it already.
    pub(crate) seen: Seen,
}

/// What was seen of a request before it began a transaction.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// The user who proved to be one.
    pub(crate) user: Option<String>,
    /// What it offers.
    pub(crate) offer: Option<Box<Remote>>,
}

/// What is done with a request that would begin a transaction.
#[derive(Debug)]
pub(crate) enum Screened {
    /// It gets its transaction.
    Serve(Seen),
    /// It is answered once, without a transaction (RFC 3261, section 8.2.7).
    Answer(Box<Response>),
    /// It is not answered.
    Drop,
}

/// Who takes the requests.
pub(crate) trait Upper: std::fmt::Debug + Send + Sync + 'static {
    /// Looks at a request before it may begin a transaction.
    fn screen(&self, request: &Request, source: SocketAddr, transport: TransportKind) -> Screened;
    /// Serves it.
    fn request(&self, incoming: Incoming);
    /// Whether somebody has registered by this flow, and so is to be reached by it alone, or a call goes by
    /// this connection.
    fn keeps(&self, flow: &Target) -> bool;
    /// A connection is gone.
    fn lost(&self, flow: &Target);
    /// What to answer when there is no room for another transaction.
    fn full(&self, request: &Request) -> Option<Response>;
}

/// Sockets and transactions.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    udp: Udp,
    local: SocketAddr,
    tls: Option<SocketAddr>,
    ws: Option<SocketAddr>,
    named: String,
    /// The same with the port of UDP and TCP.
    sent_by: String,
    began: Instant,
    state: Mutex<State>,
    guard: Mutex<Guard>,
    /// A timer fires earlier than was planned.
    earlier: Notify,
    over: watch::Sender<bool>,
    /// Who takes requests, also over connections that we open.
    upper: OnceLock<Weak<dyn Upper>>,
    trust: Arc<Trust>,
    limits: Limits,
    keys: Keys,
    /// How long transactions wait for what.
    waits: sipx_sip::Timers,
    transactions: usize,
    connections: usize,
    /// For how long the socket is looked at after a datagram, before it is waited for.
    spin: Duration,
}

/// Which of the two layers a transaction is of: both may have the same key, when we call
/// ourselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Role {
    Client,
    Server,
}

#[derive(Debug)]
struct State {
    asked: AllAsked,
    served: HashMap<Key, Served, Hashes>,
    /// What is left of both when they are over.
    rests: Rests,
    /// By the transaction's number.
    timers: Timers<u64>,
    /// When timers are checked next; `None` for never.
    planned: Option<Duration>,
    /// Transactions by their number, by which the owner of one knows it.
    numbers: HashMap<u64, (Role, Key), Hashes>,
    next: u64,
    connections: HashMap<ConnectionKey, Connection>,
}

pub(crate) use crate::endpoint::salvage::bad_request;

/// Waits until the endpoint is over.
async fn ended(over: &mut watch::Receiver<bool>) {
    // Either way it is.
    let _ = over.wait_for(|over| *over).await;
}

/// Whether an event is a provisional response.
pub(crate) fn is_provisional(event: &TuEvent) -> bool {
    matches!(event, TuEvent::Response(response) if response.status.is_provisional())
}

impl Endpoint {
    /// What tells transactions apart.
    pub(crate) fn keys(&self) -> &Keys {
        &self.0.keys
    }

    /// Where it listens, on UDP and TCP.
    pub(crate) fn local_addr(&self) -> SocketAddr {
        self.0.local
    }

    /// Where it listens for TLS.
    pub(crate) fn tls_addr(&self) -> Option<SocketAddr> {
        self.0.tls
    }

    /// Where it listens for WebSocket.
    pub(crate) fn ws_addr(&self) -> Option<SocketAddr> {
        self.0.ws
    }

    /// What was dropped so far.
    pub(crate) fn dropped(&self) -> crate::admit::guard::Dropped {
        self.0.guard().dropped
    }

    /// What it holds now.
    pub(crate) fn load(&self) -> Load {
        let state = self.0.state();
        let rests = state.rests.len();
        Load {
            transactions: state.asked.len() + state.served.len() + rests.0 + rests.1,
            connections: state.connections.len(),
        }
    }

    /// Tells the guard about a password of this user.
    pub(crate) fn password(&self, ip: IpAddr, user: &str, right: bool) {
        let now = self.0.now();
        let mut guard = self.0.guard();
        if right {
            guard.right_password(now, ip, user);
        } else {
            guard.wrong_password(now, ip, user);
        }
    }

    /// Our part of Via for a transport.
    pub(crate) fn sent_by_for(&self, transport: TransportKind) -> Cow<'_, str> {
        if matches!(transport, TransportKind::Udp | TransportKind::Tcp) {
            return Cow::Borrowed(&self.0.sent_by);
        }
        let port = match transport {
            TransportKind::Tls => self.0.tls.map(|addr| addr.port()),
            TransportKind::Ws | TransportKind::Wss => self.0.ws.map(|addr| addr.port()),
            _ => None,
        };
        let port = port.unwrap_or(self.0.local.port());
        format!("{}:{port}", self.0.named).into()
    }

    /// A Via with this branch.
    pub(crate) fn via(&self, transport: TransportKind, branch: &str) -> String {
        let (kind, sent_by) = (transport.as_str(), self.sent_by_for(transport));
        ["SIP/2.0/", kind, " ", &sent_by, ";rport;branch=", branch].concat()
    }

    /// Sends a request in a transaction of its own, which gives it its Via.
    pub(crate) fn send(&self, mut request: Request, to: Target) -> Result<Exchange, SendFault> {
        let (sender, events) = mpsc::channel(EVENTS);
        let (target, by_udp) = self.carried(&mut request, to)?;
        let mut state = self.0.state();
        state.next += 1;
        let (number, owner) = (state.next, Owner::Waits(sender));
        let sent = self
            .0
            .begin(&mut state, request, (target, by_udp), number, owner);
        let done = sent.map(|()| Exchange::new(self.clone(), number, events));
        self.0.release(state);
        done
    }

    /// Sends a request without a transaction: the ACK of a 2xx.
    pub(crate) fn send_directly(&self, request: Request, target: &Target) -> Result<(), SendFault> {
        let bytes = Message::Request(request).to_bytes();
        let mut state = self.0.state();
        self.0.transmit(&mut state, bytes, target)
    }

    /// Sends bytes that are no message, to keep a NAT's mapping open.
    pub(crate) fn keepalive(&self, target: &Target) {
        let mut state = self.0.state();
        let bytes = Bytes::from_static(PING);
        if let Err(error) = self.0.transmit(&mut state, bytes, target) {
            tracing::debug!(%error, "a keepalive was not sent");
        }
    }

    /// The number of the connection that leads there; `None` where there is none, as over UDP.
    pub(crate) fn connection(&self, target: &Target) -> Option<u64> {
        let state = self.0.state();
        let connection = state.connections.get(&target.connection())?;
        Some(connection.number)
    }

    /// Pings by the connection with this number (RFC 5626, section 4.4.1); `false`: it is gone, though
    /// another one may have been made since.
    pub(crate) fn pings(&self, target: &Target, number: u64) -> bool {
        let state = self.0.state();
        let connection = state.connections.get(&target.connection());
        let Some(connection) = connection.filter(|connection| connection.number == number) else {
            return false;
        };
        if let Err(error) = connection.send(Bytes::from_static(PING), target.addr) {
            tracing::debug!(%error, "a keepalive was not sent");
        }
        true
    }

    /// Answers a request.
    pub(crate) fn respond(&self, key: Key, response: Response) -> Result<(), SendFault> {
        let mut state = self.0.state();
        let Some(served) = state.served.get_mut(&key) else {
            return self.0.once_more(&mut state, key, response);
        };
        if served.back.doubtful {
            served.tag = to_tag(&response.headers);
        }
        let outputs = served.machine.on_tu_response(response);
        let done = self.0.perform(&mut state, Role::Server, key, outputs);
        self.0.release(state);
        done.sent
    }

    /// Forgets a server transaction that will not be answered.
    pub(crate) fn abandon(&self, key: Key) {
        self.0.state().finish(Role::Server, key);
    }

    /// Whether a connection still lives.
    pub(crate) fn holds(&self, target: &Target) -> bool {
        target.transport == TransportKind::Udp
            || self
                .0
                .state()
                .connections
                .contains_key(&target.connection())
    }

    /// Whether nothing has shown that somebody is there who wants to hear us.
    pub(crate) fn doubts(&self, target: &Target) -> bool {
        let ip = target.addr.ip();
        let now = self.0.now();
        let guard = self.0.guard();
        target.transport == TransportKind::Udp && !guard.is_exempt(ip) && !guard.knows(now, ip)
    }

    /// Whether an address is without limits.
    pub(crate) fn is_exempt(&self, ip: IpAddr) -> bool {
        self.0.guard().is_exempt(ip)
    }

    /// Waits so long, or until it is over.
    pub(crate) async fn pause(&self, wait: Duration) {
        let mut over = self.0.over.subscribe();
        // Either way the wait is.
        let _ = tokio::time::timeout(wait, ended(&mut over)).await;
    }

    /// Closes the sockets and ends every transaction.
    pub(crate) fn shutdown(&self) {
        self.0.over.send_replace(true);
        let mut state = self.0.state();
        state.connections.clear();
        state.asked.clear();
        state.served.clear();
        state.rests.clear();
    }

    fn cancel(&self, number: u64, reason: Option<Reason>) {
        let mut state = self.0.state();
        let Some((_, key)) = state.numbers.get(&number).copied() else {
            return;
        };
        let Some(asked) = state.asked.get_mut(&key) else {
            return;
        };
        asked.cancel = Some(reason);
        if asked.ringing {
            self.0.send_cancel(&mut state, key);
        }
        self.0.release(state);
    }
}

impl Inner {
    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the state back. Whoever waits for timers is only woken when one of them fires earlier
    /// than was planned: most never fire at all.
    fn release(&self, mut state: MutexGuard<'_, State>) {
        let next = state.next();
        let earlier = next.is_some_and(|next| state.planned.is_none_or(|planned| next < planned));
        if earlier {
            // Once is enough for many.
            state.planned = next;
        }
        drop(state);
        if earlier {
            self.earlier.notify_one();
        }
    }

    fn guard(&self) -> MutexGuard<'_, Guard> {
        self.guard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
