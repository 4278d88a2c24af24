//! The adapter: an endpoint that listens, and gives calls.

use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use callroute_media::{Adapter, Capabilities, Incoming};
use sipx_sip::Timers;
use sipx_transport::PoolConfig;
use tokio::sync::{mpsc, oneshot};

use crate::config::Config;
use crate::convert::bracketed;
use crate::dispatch;
use crate::error::BindError;
use crate::line::SipLine;
use crate::rtp::ports::Ports;
use crate::sdp::named_ip;
use crate::stack::{Counts, Stack, leading_to};

/// Requests and commands that may wait for the endpoint.
const CAPACITY: usize = 4096;
/// An address on no network (RFC 5737), to find the interface of the default route.
const ELSEWHERE: std::net::IpAddr = std::net::IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

/// A SIP endpoint with sound, as a source of calls.
#[derive(Debug)]
pub struct SipAdapter {
    stack: Arc<Stack>,
    calls: mpsc::Receiver<Incoming<SipLine>>,
    /// Dropped with the adapter, which tells the dispatcher to come to an end.
    _open: oneshot::Sender<()>,
}

/// Stops and watches an adapter from elsewhere.
#[derive(Debug, Clone)]
pub struct SipHandle {
    stack: Arc<Stack>,
}

/// What an adapter holds at a moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Calls with at least one leg, or whose line is held by the router.
    pub calls: usize,
    /// Legs that have not ended.
    pub legs: usize,
    /// Legs that have ended for the router, while the far end has not confirmed it yet.
    pub closing: usize,
    /// RTP sockets in use.
    pub rtp_sockets: usize,
}

impl SipAdapter {
    /// Listens on UDP and TCP. Must run within a tokio runtime, which then drives all calls.
    ///
    /// # Errors
    /// [`BindError`] when the address is taken or a setting makes no sense.
    pub async fn bind(config: Config) -> Result<Self, BindError> {
        config.check()?;
        let addr = config.listen;
        let counts = Counts::default();
        let ports = Ports::new(addr.ip(), &config.rtp_ports, Arc::clone(&counts.sockets))
            .ok_or_else(|| BindError::RtpPorts {
                first: *config.rtp_ports.start(),
                last: *config.rtp_ports.end(),
            })?;
        let mut endpoint = sipx_transport::Config::new(addr);
        let named = named_ip(config.advertised, addr.ip(), || leading_to(ELSEWHERE));
        endpoint.sent_by = bracketed(named);
        endpoint.timers = Timers {
            t1: config.t1,
            ..Timers::default()
        };
        endpoint.capacity = CAPACITY;
        // A caller behind NAT is reached over the connection that it opened, or not at all.
        endpoint.pool = PoolConfig {
            reuse_inbound_for_outbound: true,
            ..PoolConfig::default()
        };
        let (handle, requests) = sipx_transport::bind(endpoint)
            .await
            .map_err(|source| refused(addr, source))?;
        let stack = Arc::new(Stack {
            handle,
            config,
            runtime: tokio::runtime::Handle::current(),
            routes: Arc::default(),
            ports,
            counts,
            stopping: false.into(),
        });
        let (sender, calls) = mpsc::channel(dispatch::CALLS);
        let (open, closed) = oneshot::channel();
        tokio::spawn(dispatch::serve(
            Arc::clone(&stack),
            requests,
            sender,
            closed,
        ));
        Ok(Self {
            stack,
            calls,
            _open: open,
        })
    }

    /// Where it listens; tells the port when 0 was asked for.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.stack.handle.local_addr()
    }

    /// Stops and watches the adapter from elsewhere.
    #[must_use]
    pub fn handle(&self) -> SipHandle {
        SipHandle {
            stack: Arc::clone(&self.stack),
        }
    }

    /// What legs share, for the phone.
    pub(crate) fn stack(&self) -> &Arc<Stack> {
        &self.stack
    }
}

impl Adapter for SipAdapter {
    type Line = SipLine;

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            play: true,
            record: true,
            speech: self.stack.config.speech.available(),
            ..Capabilities::basic("sip")
        }
    }

    fn poll_call(&mut self, cx: &mut Context<'_>) -> Poll<Option<Incoming<SipLine>>> {
        self.calls.poll_recv(cx)
    }
}

impl Drop for SipAdapter {
    /// No more calls are taken. Those that go on are served to their end, then the address is
    /// free again.
    fn drop(&mut self) {
        self.stack.stopping.store(true, Ordering::Relaxed);
    }
}

impl SipHandle {
    /// Refuses new calls with 503 from now on. Calls that go on are not disturbed, and nothing
    /// is waited for.
    pub fn stop(&self) {
        self.stack.stopping.store(true, Ordering::Relaxed);
    }

    /// What the adapter holds now. All zero when every call is over.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let counts = &self.stack.counts;
        Stats {
            calls: counts.calls.get(),
            legs: counts.legs.get(),
            closing: counts.closing.get(),
            rtp_sockets: counts.sockets.get(),
        }
    }
}

/// The endpoint does not say which of its two sockets could not be bound, so both are tried.
fn refused(addr: SocketAddr, source: sipx_transport::Error) -> BindError {
    let listen = |transport, source: io::Error| BindError::Listen {
        addr,
        transport,
        source,
    };
    if !matches!(source, sipx_transport::Error::Io(_)) {
        return BindError::Endpoint {
            addr,
            source: Box::new(source),
        };
    }
    if let Err(error) = UdpSocket::bind(addr) {
        return listen("udp", error);
    }
    match (TcpListener::bind(addr), source) {
        (Err(error), _) | (Ok(_), sipx_transport::Error::Io(error)) => listen("tcp", error),
        (Ok(_), source) => BindError::Endpoint {
            addr,
            source: Box::new(source),
        },
    }
}
