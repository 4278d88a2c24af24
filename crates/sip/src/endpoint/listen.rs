//! Binding the sockets, and taking connections.

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use sipx_sip::Limits;
use sipx_transport::TransportKind;
use sipx_transport::tls::ServerTls;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore, watch};
use tokio::time::{sleep, timeout};

use crate::admit::guard::Guard;
use crate::endpoint::asked::AllAsked;
use crate::endpoint::rest::Rests;
use crate::endpoint::stream::PATIENCE;
use crate::endpoint::timers::Timers;
use crate::endpoint::{Endpoint, Inner, Keys, Settings, State, Upper, ended, web};
use crate::family::plain;
use crate::udp::Udp;

/// Handshakes that may go on at the same time.
const HANDSHAKES: usize = 256;
/// How often another port is tried where any will do, but UDP's is taken for TCP.
const ATTEMPTS: usize = 16;
/// Largest message, header and body; SIP has no use for more.
const MAX_MESSAGE: usize = 64 * 1024;
/// Bytes of datagrams that may wait in the system.
const RECEIVE_BUFFER: usize = 4 * 1024 * 1024;

/// What listens, until it is told to.
#[derive(Debug)]
pub(crate) struct Listeners {
    tcp: TcpListener,
    tls: Option<(TcpListener, ServerTls)>,
    ws: Option<TcpListener>,
}

/// Which socket could not be bound.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) addr: SocketAddr,
    pub(crate) transport: &'static str,
    pub(crate) source: io::Error,
}

/// Binds all sockets. Nothing is read before [`Endpoint::serve`].
pub(crate) async fn bind(settings: Settings) -> Result<(Endpoint, Listeners), Refused> {
    let (udp, tcp, local) = both(settings.listen).await?;
    let listen = async |addr, transport| {
        let refused = |source| Refused {
            addr,
            transport,
            source,
        };
        TcpListener::bind(addr).await.map_err(refused)
    };
    let tls = match settings.tls {
        Some((addr, server)) => Some((listen(addr, "tls").await?, server)),
        None => None,
    };
    let ws = match settings.ws {
        Some(addr) => Some(listen(addr, "ws").await?),
        None => None,
    };
    let addr_of = |listener: &TcpListener| listener.local_addr().ok();
    let inner = Inner {
        udp,
        local,
        tls: tls.as_ref().and_then(|(listener, _)| addr_of(listener)),
        ws: ws.as_ref().and_then(addr_of),
        sent_by: format!("{}:{}", settings.named, local.port()),
        named: settings.named,
        began: Instant::now(),
        state: Mutex::new(State {
            asked: AllAsked::default(),
            served: HashMap::default(),
            rests: Rests::default(),
            timers: Timers::new(),
            planned: None,
            numbers: HashMap::default(),
            next: 0,
            connections: HashMap::new(),
        }),
        guard: Mutex::new(Guard::new(settings.protection)),
        earlier: Notify::new(),
        over: watch::Sender::new(false),
        upper: OnceLock::new(),
        trust: settings.trust,
        limits: limits(),
        keys: Keys::default(),
        waits: settings.timers,
        transactions: settings.transactions,
        connections: settings.connections,
        spin: settings.spin,
    };
    Ok((Endpoint(Arc::new(inner)), Listeners { tcp, tls, ws }))
}

/// What is read of a message at most, whatever it comes by.
pub(crate) fn limits() -> Limits {
    Limits {
        max_message_bytes: MAX_MESSAGE,
        max_body_bytes: MAX_MESSAGE,
        ..Limits::datagram()
    }
}

/// UDP and TCP on the same port, whatever port that is.
async fn both(addr: SocketAddr) -> Result<(Udp, TcpListener, SocketAddr), Refused> {
    let refused = |transport| {
        move |source| Refused {
            addr,
            transport,
            source,
        }
    };
    let mut attempt = 1;
    loop {
        let udp = UdpSocket::bind(addr).map_err(refused("udp"))?;
        udp.set_nonblocking(true).map_err(refused("udp"))?;
        // As much as the system allows: a burst of calls must not be lost before it is read.
        if let Err(error) = socket2::SockRef::from(&udp).set_recv_buffer_size(RECEIVE_BUFFER) {
            tracing::debug!(%error, "the receive buffer stays as it is");
        }
        let local = udp.local_addr().map_err(refused("udp"))?;
        match TcpListener::bind(local).await {
            Ok(tcp) => {
                let udp = Udp::new(udp).map_err(refused("udp"))?;
                return Ok((udp, tcp, local));
            }
            Err(error)
                if addr.port() == 0
                    && error.kind() == io::ErrorKind::AddrInUse
                    && attempt < ATTEMPTS =>
            {
                attempt += 1;
            }
            Err(error) => return Err(refused("tcp")(error)),
        }
    }
}

impl Endpoint {
    /// Begins to read, within the runtime that this is called in.
    pub(crate) fn serve(&self, listeners: Listeners, upper: &Arc<dyn Upper>) {
        let inner = &self.0;
        if inner.upper.set(Arc::downgrade(upper)).is_err() {
            return;
        }
        tokio::spawn(Arc::clone(inner).read_udp(Arc::clone(upper)));
        tokio::spawn(Arc::clone(inner).run_timers());
        let handshakes = Arc::new(Semaphore::new(HANDSHAKES));
        let begin = |listener, kind| {
            let (inner, upper) = (Arc::clone(inner), Arc::clone(upper));
            tokio::spawn(accept(
                inner,
                upper,
                listener,
                kind,
                Arc::clone(&handshakes),
            ));
        };
        begin(listeners.tcp, Kind::Tcp);
        if let Some((listener, server)) = listeners.tls {
            begin(listener, Kind::Tls(server));
        }
        if let Some(listener) = listeners.ws {
            begin(listener, Kind::Ws);
        }
    }
}

#[derive(Debug, Clone)]
enum Kind {
    Tcp,
    Tls(ServerTls),
    Ws,
}

/// Takes connections until the endpoint is over.
async fn accept(
    inner: Arc<Inner>,
    upper: Arc<dyn Upper>,
    listener: TcpListener,
    kind: Kind,
    handshakes: Arc<Semaphore>,
) {
    let mut over = inner.over.subscribe();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = ended(&mut over) => return,
        };
        let (stream, peer) = match accepted {
            Ok((stream, peer)) => (stream, plain(peer)),
            Err(error) => {
                // No file descriptors, most likely: the ones that are taken must go first.
                tracing::warn!(%error, "a connection was not taken");
                sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        if !inner.guard().connected(inner.now(), peer.ip()) {
            continue;
        }
        let Ok(permit) = Arc::clone(&handshakes).try_acquire_owned() else {
            inner.guard().hung_up(peer.ip());
            continue;
        };
        let (inner, upper, kind) = (Arc::clone(&inner), Arc::clone(&upper), kind.clone());
        tokio::spawn(async move {
            // Answers are small and wanted at once.
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, %peer, "TCP_NODELAY");
            }
            match kind {
                Kind::Tcp => {
                    drop(permit);
                    if let Some(line) = counted(&inner, peer, TransportKind::Tcp) {
                        line.serve(stream, &upper).await;
                    }
                }
                Kind::Tls(server) => {
                    let shaken = timeout(PATIENCE, server.acceptor().accept(stream)).await;
                    drop(permit);
                    match shaken {
                        Ok(Ok(stream)) => {
                            if let Some(line) = counted(&inner, peer, TransportKind::Tls) {
                                line.serve(stream, &upper).await;
                            }
                        }
                        failed => {
                            tracing::debug!(%peer, error = ?failed.err(), "a TLS handshake failed");
                            inner.guard().hung_up(peer.ip());
                        }
                    }
                }
                Kind::Ws => serve_web(&inner, &upper, stream, peer, permit).await,
            }
        });
    }
}

async fn serve_web(
    inner: &Arc<Inner>,
    upper: &Arc<dyn Upper>,
    stream: TcpStream,
    peer: SocketAddr,
    permit: tokio::sync::OwnedSemaphorePermit,
) {
    let socket = web::upgrade(stream, peer, inner.limits.max_message_bytes).await;
    drop(permit);
    match socket {
        Some(socket) => {
            if let Some(line) = counted(inner, peer, TransportKind::Ws) {
                line.serve_web(socket, upper).await;
            }
        }
        None => inner.guard().hung_up(peer.ip()),
    }
}

/// Enters a connection that the guard has counted, or has it uncounted.
fn counted(
    inner: &Arc<Inner>,
    peer: SocketAddr,
    transport: TransportKind,
) -> Option<crate::endpoint::stream::Line> {
    let line = inner.accepted(peer, transport);
    if line.is_none() {
        inner.guard().hung_up(peer.ip());
    }
    line
}
