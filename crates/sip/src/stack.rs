//! What all legs share: the endpoint, the table of dialogs, the ports, the counters.

use std::borrow::Cow;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use callroute_schema::mask;
use sipx_sip::{Host, Request, Scheme, Uri, UriTransport};
use sipx_transport::destination::Resolver;
use sipx_transport::{Target, TransportKind};

use crate::config::Config;
use crate::convert::bracketed;
use crate::count::{Count, Gauge};
use crate::endpoint::{Endpoint, Exchange, Incoming, SendFault};
use crate::family::reaches;
use crate::message::{Reply, is_of_sips};
use crate::reach::needed::Connections;
use crate::reach::registrar::Registrar;
use crate::routes::DialogTable;
use crate::rtp::media::Sounds;
use crate::rtp::ports::Ports;
use crate::rtp::room::Rooms;
use crate::rtp::web::Web;
use crate::sdp::{Keys, Local, named_ip};

/// How long a host name may take to be resolved.
const RESOLVE: Duration = Duration::from_secs(3);
/// Most addresses that are tried for one URI.
const MAX_TARGETS: usize = 4;

/// What all legs share.
#[derive(Debug)]
pub(crate) struct Stack {
    pub(crate) handle: Endpoint,
    pub(crate) config: Config,
    pub(crate) runtime: tokio::runtime::Handle,
    pub(crate) routes: Arc<DialogTable>,
    pub(crate) ports: Ports,
    pub(crate) counts: Counts,
    pub(crate) stopping: AtomicBool,
    /// No CPU is left for another call.
    pub(crate) spent: AtomicBool,
    /// The sockets are closed.
    pub(crate) over: AtomicBool,
    /// Our address and port as every peer sees them; `None` where that differs.
    pub(crate) host: Option<Box<str>>,
    pub(crate) began: Instant,
    pub(crate) resolver: Resolver,
    pub(crate) registrar: Registrar,
    /// What calls go by.
    pub(crate) connections: Arc<Connections>,
    pub(crate) rooms: Arc<Rooms>,
    pub(crate) web: Arc<Web>,
    /// How each trunk is, by its name.
    pub(crate) trunks: HashMap<String, TrunkState>,
}

/// How a trunk is.
#[derive(Debug)]
pub(crate) struct TrunkState {
    /// Calls through it, in both directions.
    pub(crate) calls: Arc<Gauge>,
    /// Most of them.
    pub(crate) max_calls: usize,
    /// It answers, or was not asked yet.
    pub(crate) healthy: AtomicBool,
    /// We are registered there.
    pub(crate) registered: AtomicBool,
}

impl TrunkState {
    /// Counts another call; `None` when there is no room for it.
    pub(crate) fn count(&self) -> Option<Count> {
        self.calls.count_below(self.max_calls)
    }
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
    #[error("no way to {0}: no sip URI with an address of our family, over UDP, TCP or TLS")]
    NoWay(String),
    /// A SIPS URI, and a target in the clear (RFC 3261, section 26.2.2).
    #[error("no way to {0}: a sips URI is asked by TLS alone")]
    Clear(String),
    /// A description with keys, which anybody could read on its way.
    #[error("keys are not sent to {0}, where they could be read on the way")]
    Keys(SocketAddr),
    /// A host name without an address.
    #[error("cannot resolve {0}")]
    Unresolved(String),
    /// The endpoint could not send it.
    #[error(transparent)]
    Endpoint(#[from] SendFault),
    /// It could not be written as SIP.
    #[error(transparent)]
    Build(#[from] sipx_sip::BuildError),
}

impl Stack {
    /// The addresses and transports that a URI leads to, in the order to try them (RFC 3263).
    pub(crate) async fn resolve_all(&self, uri: &Uri) -> Result<Vec<Target>, SendError> {
        let no_way = || SendError::NoWay(mask(&uri.to_string()));
        if !uri.scheme().is_sip() {
            return Err(no_way());
        }
        let host = uri.host().ok_or_else(no_way)?;
        let selected = uri.selected_transport().map_err(|_| no_way())?;
        let mut found = match literal(uri) {
            Some(target) => vec![target],
            // Boxed, because whoever asks would have room for all of it as long as he lives.
            None => match Box::pin(self.resolver.resolve(uri, None, None)).await {
                Ok(found) => found,
                Err(error) => {
                    tracing::debug!(%error, "no address by DNS");
                    Vec::new()
                }
            },
        };
        if let (true, Host::Name(name)) = (found.is_empty(), host) {
            // What is in /etc/hosts, or known to the system in another way.
            let name = String::from_utf8_lossy(name.as_bytes()).into_owned();
            let transport = match selected {
                UriTransport::Udp => TransportKind::Udp,
                UriTransport::Tcp => TransportKind::Tcp,
                UriTransport::Tls => TransportKind::Tls,
                _ => return Err(no_way()),
            };
            let port = uri.port().unwrap_or_else(|| transport.default_port());
            let looked_up = tokio::net::lookup_host((name.as_str(), port));
            if let Ok(Ok(addrs)) = Box::pin(tokio::time::timeout(RESOLVE, looked_up)).await {
                found = addrs
                    .map(|addr| Target::new(addr, transport))
                    .map(|target| match transport.is_secure() {
                        true => target.verifying(&name),
                        false => target,
                    })
                    .collect();
            }
            if found.is_empty() {
                return Err(SendError::Unresolved(name));
            }
        }
        let ours = self.handle.local_addr();
        found.retain(|target| reaches(ours.ip(), target.addr.ip()) && is_fit(uri, target));
        found.truncate(MAX_TARGETS);
        if found.is_empty() {
            return Err(no_way());
        }
        Ok(found)
    }

    /// The first of them.
    pub(crate) async fn resolve(&self, uri: &Uri) -> Result<Target, SendError> {
        let found = self.resolve_all(uri).await?;
        let none = || SendError::NoWay(mask(&uri.to_string()));
        found.into_iter().next().ok_or_else(none)
    }

    /// Sends a request that is of no dialog in a transaction.
    pub(crate) fn send(&self, request: Request, target: Target) -> Result<Exchange, SendError> {
        if !is_fit(&request.uri, &target) {
            return Err(SendError::Clear(mask(&request.uri.to_string())));
        }
        Ok(self.handle.send(request, target)?)
    }

    /// Answers a request; `false` when the answer could not be sent.
    pub(crate) fn respond(&self, incoming: &Incoming, reply: Reply) -> bool {
        let sent = match reply.to(&incoming.request) {
            Ok(response) => self.handle.respond(incoming.key, response),
            Err(error) => {
                self.handle.abandon(incoming.key);
                Err(error.into())
            }
        };
        if let Err(error) = &sent {
            let method = &incoming.request.method;
            tracing::debug!(%error, %method, source = %incoming.flow.addr, "no response was sent");
        }
        sent.is_ok()
    }

    /// Our address as seen by a peer.
    pub(crate) fn named_ip(&self, peer: IpAddr) -> IpAddr {
        let bound = self.handle.local_addr().ip();
        named_ip(self.config.advertised, bound, || leading_to(peer))
    }

    /// Our address and port as seen by a peer, over UDP and TCP, as URIs write it.
    pub(crate) fn host(&self, peer: IpAddr) -> Cow<'_, str> {
        match &self.host {
            Some(host) => Cow::Borrowed(host),
            None => Cow::Owned(host(self.named_ip(peer), self.handle.local_addr())),
        }
    }

    /// Our Contact for a peer. `secure` where a URI of the dialog is SIPS, which by TLS ours is then too
    /// (RFC 3261, sections 8.1.1.8 and 12.1.1). Where we do not listen for TLS nobody can connect to us by
    /// it: `ob` asks for the connection that there is (RFC 5626, section 4.3).
    pub(crate) fn contact(&self, peer: IpAddr, transport: TransportKind, secure: bool) -> String {
        match transport {
            TransportKind::Udp => return ["<sip:", &self.host(peer), ">"].concat(),
            TransportKind::Tcp => {
                return ["<sip:", &self.host(peer), ";transport=tcp>"].concat();
            }
            _ => {}
        }
        let host = bracketed(self.named_ip(peer));
        let port = |addr: Option<SocketAddr>| addr.unwrap_or(self.handle.local_addr()).port();
        match transport {
            TransportKind::Tls => {
                let tls = self.handle.tls_addr();
                let (scheme, by) = match secure {
                    true => ("sips", ""),
                    false => ("sip", ";transport=tls"),
                };
                let flow = if tls.is_some() { "" } else { ";ob" };
                format!("<{scheme}:{host}:{}{by}{flow}>", port(tls))
            }
            TransportKind::Ws | TransportKind::Wss => {
                format!("<sip:{host}:{};transport=ws>", port(self.handle.ws_addr()))
            }
            _ => format!("<sip:{host}:{};transport=tcp>", port(None)),
        }
    }

    /// Our Contact for whoever has sent this INVITE.
    pub(crate) fn contact_for(&self, incoming: &Incoming) -> String {
        let Target {
            addr, transport, ..
        } = incoming.flow;
        let secure = transport.is_secure() && is_of_sips(&incoming.request);
        self.contact(addr.ip(), transport, secure)
    }

    /// Our end of a leg's sound, for a peer.
    pub(crate) fn local_sdp(&self, peer: IpAddr, port: u16, key: Option<Keys>) -> Local {
        let media = SocketAddr::new(self.named_ip(peer), port);
        Local {
            media,
            peer: Some(peer),
            vouched: true,
            session: random() >> 2,
            version: 1,
            key,
            encrypts: false,
            noise: self.config.comfort_noise,
            agreement: None,
        }
    }

    /// Whether we know who sends a request: a trunk or who else has no limits, who has proven who
    /// he is, and telephones that are registered.
    pub(crate) fn vouches_for(&self, incoming: &Incoming) -> bool {
        let ip = incoming.flow.addr.ip();
        incoming.seen.user.is_some()
            || self.trusts(ip)
            || self.handle.is_exempt(ip)
            || self
                .registrar
                .stands_on(self.began.elapsed(), &incoming.flow)
    }

    /// What fetches sounds.
    pub(crate) fn sounds(&self) -> Sounds {
        Sounds {
            prompts: Arc::clone(&self.config.prompts),
            speech: Arc::clone(&self.config.speech),
            tones: self.config.tones,
            web: Arc::clone(&self.web),
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

    /// Whether the adapter is over, and what goes on beside calls must end.
    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// Whether what an address asserts is believed, and who calls may be asserted to it: the trust
    /// domain of RFC 3325.
    pub(crate) fn trusts(&self, ip: IpAddr) -> bool {
        let mut trusted = self.config.trusted.iter();
        self.config.trunk_of(ip).is_some() || trusted.any(|network| network.contains(ip))
    }

    /// Whether a trunk has no room for another call. It may have none a moment later.
    pub(crate) fn is_full(&self, name: &str) -> bool {
        let trunk = self.trunks.get(name);
        trunk.is_some_and(|trunk| trunk.calls.get() >= trunk.max_calls)
    }
}

/// Whether what a URI names may be asked there: one of SIPS by TLS alone.
fn is_fit(uri: &Uri, target: &Target) -> bool {
    takes_sips(target.transport) || !uri.scheme().is_secure()
}

/// Whether SIPS URIs may go by this transport. TLS of a WebSocket ends in the proxy before us
/// ([`Config::ws`]).
pub(crate) fn takes_sips(transport: TransportKind) -> bool {
    transport.is_secure() || transport == TransportKind::Ws
}

/// Where a plain `sip:` URI with an address leads, which no DNS is asked for (RFC 3263, section 4.2).
fn literal(uri: &Uri) -> Option<Target> {
    match uri.host()? {
        Host::Ip(ip) if matches!(uri.scheme(), Scheme::Sip) && uri.transport().is_none() => {
            let port = uri.port().unwrap_or(TransportKind::Udp.default_port());
            Some(Target::new(SocketAddr::new(*ip, port), TransportKind::Udp))
        }
        _ => None,
    }
}

/// An address with our port, as URIs write it.
pub(crate) fn host(ip: IpAddr, local: SocketAddr) -> String {
    format!("{}:{}", bracketed(ip), local.port())
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
    rand::random()
}

/// A tag, or the unique part of a Call-ID.
pub(crate) fn token() -> String {
    format!("{:016x}", random())
}
