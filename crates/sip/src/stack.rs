//! What all legs share: the endpoint, the table of dialogs, the ports, the counters.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use callroute_schema::mask;
use sipx_sip::{Request, Uri};
use sipx_transport::{Handle, Incoming, Target, TransportKind, new_branch};

use crate::config::Config;
use crate::convert::bracketed;
use crate::count::Gauge;
use crate::exchange::Exchange;
use crate::message::Reply;
use crate::routes::Routes;
use crate::rtp::media::Sounds;
use crate::rtp::ports::Ports;
use crate::sdp::{Local, named_ip};

/// How long a host name may take to be resolved.
const RESOLVE: Duration = Duration::from_secs(3);

/// What all legs share.
#[derive(Debug)]
pub(crate) struct Stack {
    pub(crate) handle: Handle,
    pub(crate) config: Config,
    pub(crate) runtime: tokio::runtime::Handle,
    pub(crate) routes: Arc<Routes>,
    pub(crate) ports: Ports,
    pub(crate) counts: Counts,
    pub(crate) stopping: AtomicBool,
}

/// How many of each thing live.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) calls: Arc<Gauge>,
    pub(crate) legs: Arc<Gauge>,
    pub(crate) closing: Arc<Gauge>,
    pub(crate) sockets: Arc<Gauge>,
}

impl Counts {
    /// Whether nothing lives any more.
    pub(crate) fn are_zero(&self) -> bool {
        [&self.calls, &self.legs, &self.closing]
            .iter()
            .all(|gauge| gauge.get() == 0)
    }
}

/// Why a request could not be sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SendError {
    /// A URI that leads nowhere we can go.
    #[error("no way to {0}: only sip over UDP and TCP is spoken")]
    NoWay(String),
    /// A host name without an address.
    #[error("cannot resolve {0}")]
    Unresolved(String),
    /// The endpoint could not send it.
    #[error(transparent)]
    Transport(#[from] sipx_transport::Error),
    /// It could not be written as SIP.
    #[error(transparent)]
    Build(#[from] sipx_sip::BuildError),
}

impl Stack {
    /// The address and transport that a URI leads to (RFC 3263 without SRV and NAPTR records).
    pub(crate) async fn resolve(&self, uri: &Uri) -> Result<Target, SendError> {
        let no_way = || SendError::NoWay(mask(&uri.to_string()));
        let transport = match uri.selected_transport() {
            Ok(sipx_sip::UriTransport::Udp) => TransportKind::Udp,
            Ok(sipx_sip::UriTransport::Tcp) => TransportKind::Tcp,
            _ => return Err(no_way()),
        };
        let port = uri.port().unwrap_or_else(|| transport.default_port());
        let addr = match uri.host().ok_or_else(no_way)? {
            sipx_sip::Host::Ip(ip) => SocketAddr::new(*ip, port),
            sipx_sip::Host::Name(name) => {
                let name = String::from_utf8_lossy(name.as_bytes()).into_owned();
                let unresolved = || SendError::Unresolved(name.clone());
                let found = tokio::net::lookup_host((name.as_str(), port));
                let found = tokio::time::timeout(RESOLVE, found).await;
                let same_family =
                    |addr: &SocketAddr| addr.is_ipv4() == self.handle.local_addr().is_ipv4();
                match found {
                    Ok(Ok(mut found)) => found.find(same_family).ok_or_else(unresolved)?,
                    _ => return Err(unresolved()),
                }
            }
        };
        Ok(Target::new(addr, transport))
    }

    /// Sends a request in a transaction.
    pub(crate) async fn send(
        &self,
        request: Request,
        target: Target,
    ) -> Result<Exchange, SendError> {
        let responses = self.handle.send(request, target).await?;
        Ok(Exchange::begin(self.handle.clone(), responses))
    }

    /// Answers a request, in a task of its own: the socket is waited for.
    pub(crate) fn respond_later(self: &Arc<Self>, incoming: Incoming, reply: Reply) {
        let stack = Arc::clone(self);
        self.runtime
            .spawn(async move { stack.respond(&incoming, reply).await });
    }

    /// Answers a request; `false` when the answer could not be sent.
    pub(crate) async fn respond(&self, incoming: &Incoming, reply: Reply) -> bool {
        let sent = match reply.to(&incoming.request) {
            Ok(response) => self.handle.respond(&incoming.key, response).await,
            Err(error) => Err(error.into()),
        };
        if let Err(error) = &sent {
            let method = &incoming.request.method;
            tracing::debug!(%error, %method, source = %incoming.source, "no response was sent");
        }
        sent.is_ok()
    }

    /// Our address as seen by a peer.
    pub(crate) fn named_ip(&self, peer: IpAddr) -> IpAddr {
        let bound = self.handle.local_addr().ip();
        named_ip(self.config.advertised, bound, || leading_to(peer))
    }

    /// Our Contact for a peer.
    pub(crate) fn contact(&self, peer: IpAddr, transport: TransportKind) -> String {
        let host = bracketed(self.named_ip(peer));
        let port = self.handle.local_addr().port();
        match transport {
            TransportKind::Udp => format!("<sip:{host}:{port}>"),
            _ => format!("<sip:{host}:{port};transport=tcp>"),
        }
    }

    /// Our end of a leg's sound, for a peer.
    pub(crate) fn local_sdp(&self, peer: IpAddr, port: u16) -> Local {
        let media = SocketAddr::new(self.named_ip(peer), port);
        Local {
            media,
            session: random() >> 2,
            version: 1,
        }
    }

    /// A Via for a request without a transaction.
    pub(crate) fn via(&self, transport: TransportKind) -> String {
        let sent_by = self.handle.sent_by_for(transport);
        format!(
            "SIP/2.0/{} {sent_by};rport;branch={}",
            transport.as_str(),
            new_branch()
        )
    }

    /// What fetches sounds.
    pub(crate) fn sounds(&self) -> Sounds {
        Sounds {
            prompts: Arc::clone(&self.config.prompts),
            speech: Arc::clone(&self.config.speech),
        }
    }

    /// How long a transaction waits for its answer: 64·T1.
    pub(crate) fn timeout(&self) -> Duration {
        self.config.t1 * 64
    }

    /// Whether calls are refused.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }
}

/// The address of the interface that leads to a peer. No packet is sent.
pub(crate) fn leading_to(peer: IpAddr) -> Option<IpAddr> {
    let any: IpAddr = match peer {
        IpAddr::V4(_) => std::net::Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => std::net::Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect((peer, 9)).ok()?;
    Some(socket.local_addr().ok()?.ip()).filter(|ip| !ip.is_unspecified())
}

/// 64 bits that cannot be guessed.
pub(crate) fn random() -> u64 {
    let branch = new_branch();
    branch
        .strip_prefix("z9hG4bK")
        .and_then(|hex| u64::from_str_radix(hex, 16).ok())
        .unwrap_or_default()
}

/// A tag, or the unique part of a Call-ID.
pub(crate) fn token() -> String {
    format!("{:016x}", random())
}
