//! The adapter: an endpoint that listens, and gives calls.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use callroute_audio::wav::{self, Finished};
use callroute_media::{Adapter, Capabilities, Incoming, RecoveredRecording};
use sipx_sip::Timers;
use sipx_transport::destination::Resolver;
use sipx_transport::dns::DnsResolver;
use sipx_transport::tls::{Identity, ServerTls, TlsError};
use tokio::sync::{mpsc, oneshot};

use crate::admit::guard::Dropped;
use crate::admit::headroom;
use crate::config::Config;
use crate::convert::bracketed;
use crate::dispatch::{self, Front};
use crate::endpoint::{self, Refused, Settings, Upper};
use crate::error::BindError;
use crate::line::SipLine;
use crate::reach::registering;
use crate::reach::registrar::Registrar;
use crate::reach::trunks;
use crate::rtp::ports::Ports;
use crate::rtp::web::Web;
use crate::sdp::named_ip;
use crate::stack::{Counts, Stack, TrunkState, host, leading_to};
use crate::trust::Trust;

/// How long DNS may take.
const RESOLVE: Duration = Duration::from_secs(3);
/// How often it is checked whether calls are over.
const LOOK: Duration = Duration::from_millis(50);
/// An address on no network (RFC 5737), to find the interface of the default route.
const ELSEWHERE: std::net::IpAddr = std::net::IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

/// A SIP endpoint with sound, as a source of calls.
#[derive(Debug)]
pub struct SipAdapter {
    stack: Arc<Stack>,
    calls: mpsc::Receiver<Incoming<SipLine>>,
    recovered: Vec<RecoveredRecording>,
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
    /// Rooms in which somebody is.
    pub rooms: usize,
}

/// What the sockets of an adapter hold at a moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Load {
    /// Transactions that are remembered.
    pub transactions: usize,
    /// Connections that are open.
    pub connections: usize,
}

/// What is known of a trunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrunkStatus {
    /// It answers, as far as we know.
    pub healthy: bool,
    /// We are registered there.
    pub registered: bool,
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
        let named = named_ip(config.advertised, addr.ip(), || leading_to(ELSEWHERE));
        let tls = secure(&config)?;
        let trust = Arc::new(Trust::new(&config.roots).map_err(bad("roots"))?);
        let mut protection = config.protection.clone();
        let friends = config.trunks.iter().flat_map(|trunk| &trunk.networks);
        protection.exempt.extend(friends);
        let settings = Settings {
            listen: addr,
            named: bracketed(named),
            tls,
            trust: Arc::clone(&trust),
            ws: config.ws,
            timers: Timers {
                t1: config.t1,
                ..Timers::default()
            },
            protection,
            transactions: config.max_transactions,
            connections: config.max_connections,
            spin: config.spin,
        };
        let (handle, listeners) = endpoint::bind(settings).await.map_err(
            |Refused {
                 addr,
                 transport,
                 source,
             }| BindError::Listen {
                addr,
                transport,
                source,
            },
        )?;
        let states = config.trunks.iter().map(|trunk| {
            let state = TrunkState {
                calls: Arc::default(),
                max_calls: trunk.max_calls,
                healthy: true.into(),
                registered: false.into(),
            };
            (trunk.name.clone(), state)
        });
        let resolver = match config.name_server {
            Some(server) => {
                let dns = DnsResolver::for_nameserver(server, RESOLVE);
                let dns = dns.map_err(|source| BindError::NameServer { server, source })?;
                Resolver::over(Arc::new(dns), Some(RESOLVE))
            }
            None => Resolver::within(Some(RESOLVE)),
        };
        let web = Arc::new(Web::new(config.sounds.clone(), trust));
        let local = handle.local_addr();
        // Bound to every address, each peer is told the one that leads to it.
        let everywhere = config.advertised.is_none() && local.ip().is_unspecified();
        let ip = config.advertised.unwrap_or(local.ip());
        let stack = Arc::new(Stack {
            host: (!everywhere).then(|| host(ip, local).into()),
            handle,
            trunks: states.collect(),
            resolver,
            registrar: Registrar::default(),
            connections: Arc::default(),
            rooms: Arc::default(),
            web,
            began: Instant::now(),
            config,
            runtime: tokio::runtime::Handle::current(),
            routes: Arc::default(),
            ports,
            counts,
            stopping: false.into(),
            spent: false.into(),
            over: false.into(),
        });
        stack.take_up()?;
        let recovered = recover(stack.config.recordings.clone()).await;
        let (sender, calls) = mpsc::channel(dispatch::CALLS);
        let (open, closed) = oneshot::channel();
        let front: Arc<dyn Upper> = Arc::new(Front::new(Arc::clone(&stack), sender));
        stack.handle.serve(listeners, &front);
        tokio::spawn(dispatch::linger(Arc::clone(&stack), closed));
        tokio::spawn(headroom::watch(Arc::clone(&stack)));
        trunks::tend(&stack);
        if !stack.config.users.is_empty() {
            tokio::spawn(registering::keep_open(Arc::clone(&stack)));
        }
        Ok(Self {
            stack,
            calls,
            recovered,
            _open: open,
        })
    }

    /// Where it listens; tells the port when 0 was asked for.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.stack.handle.local_addr()
    }

    /// Where it listens for TLS, if it does.
    #[must_use]
    pub fn tls_addr(&self) -> Option<SocketAddr> {
        self.stack.handle.tls_addr()
    }

    /// Where it listens for WebSocket, if it does.
    #[must_use]
    pub fn ws_addr(&self) -> Option<SocketAddr> {
        self.stack.handle.ws_addr()
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
            early_play: true,
            early_media: true,
            redirect: true,
            headers: true,
            rooms: true,
            transfer: true,
            record_options: true,
            originate: true,
            ..Capabilities::basic("sip")
        }
    }

    fn poll_call(&mut self, cx: &mut Context<'_>) -> Poll<Option<Incoming<SipLine>>> {
        self.calls.poll_recv(cx)
    }

    fn originate(&mut self) -> Option<SipLine> {
        let stack = Arc::clone(&self.stack);
        (!stack.stopping.load(Ordering::Relaxed)).then(|| SipLine::ours(stack))
    }

    fn recovered_recordings(&mut self) -> Vec<RecoveredRecording> {
        std::mem::take(&mut self.recovered)
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

    /// Takes no more calls, and lets those that go on come to their end: until none is left, or so
    /// much time has passed. Gives how many are left then; whoever drives them ends them.
    pub async fn drain(&self, within: Duration) -> usize {
        self.stop();
        let ended = async {
            while self.stack.counts.calls.get() > 0 {
                tokio::time::sleep(LOOK).await;
            }
        };
        // What is left is counted below.
        let _ = tokio::time::timeout(within, ended).await;
        self.stack.counts.calls.get()
    }

    /// Waits until nothing is left of any call, the last BYE answered; at most so long.
    pub async fn settled(&self, within: Duration) {
        let zero = async {
            while !self.stack.counts.are_zero() {
                tokio::time::sleep(LOOK).await;
            }
        };
        // Who does not answer a BYE is not waited for any longer.
        let _ = tokio::time::timeout(within, zero).await;
    }

    /// Whether new calls are refused because there is no CPU left for them.
    #[must_use]
    pub fn is_overloaded(&self) -> bool {
        self.stack.spent.load(Ordering::Relaxed)
    }

    /// What was dropped so far, without an answer.
    #[must_use]
    pub fn dropped(&self) -> Dropped {
        self.stack.handle.dropped()
    }

    /// What its sockets hold now.
    #[must_use]
    pub fn load(&self) -> Load {
        self.stack.handle.load()
    }

    /// What is known of a trunk; `None` when there is no such trunk.
    #[must_use]
    pub fn trunk(&self, name: &str) -> Option<TrunkStatus> {
        let trunk = self.stack.trunks.get(name)?;
        Some(TrunkStatus {
            healthy: trunk.healthy.load(Ordering::Relaxed),
            registered: trunk.registered.load(Ordering::Relaxed),
        })
    }

    /// Telephones that are registered with us.
    #[must_use]
    pub fn registered(&self) -> usize {
        self.stack.registrar.len(self.stack.began.elapsed())
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
            rooms: self.stack.rooms.len(),
        }
    }
}

/// Completes what was recorded when we came to a sudden end.
async fn recover(folder: PathBuf) -> Vec<RecoveredRecording> {
    let below = folder.clone();
    let looked = tokio::task::spawn_blocking(move || wav::recover(&below)).await;
    let recovered = looked.unwrap_or_default();
    for error in recovered.failed {
        tracing::error!(%error, "a recording that was broken off by a crash stays as it is");
    }
    let whole = recovered.whole.into_iter();
    let told = whole.map(|Finished { path, duration_ms }| {
        let url = path.display().to_string();
        tracing::warn!(
            path = url,
            duration_ms,
            "a recording that was broken off by a crash is completed"
        );
        let name = path
            .strip_prefix(&folder)
            .unwrap_or(&path)
            .with_extension("");
        RecoveredRecording {
            name: name.to_string_lossy().replace('\\', "/"),
            url,
            duration_ms,
        }
    });
    told.collect()
}

/// What listens for TLS.
fn secure(config: &Config) -> Result<Option<(SocketAddr, ServerTls)>, BindError> {
    let Some(tls) = &config.tls else {
        return Ok(None);
    };
    let identity = Identity::from_pem(&tls.certificate, tls.key.expose().as_bytes());
    let server = identity.and_then(ServerTls::new).map_err(bad("tls"))?;
    Ok(Some((tls.listen, server)))
}

/// A certificate of this setting cannot be used.
fn bad(setting: &'static str) -> impl Fn(TlsError) -> BindError {
    move |source| BindError::Certificate { setting, source }
}
