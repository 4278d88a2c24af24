//! How the adapter is set up.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use callroute_audio::codec::Codec;
use callroute_audio::prompts::Prompts;
use callroute_audio::speech::Speech;
use callroute_audio::tone::Tones;
use callroute_schema::Network;
use sipx_sip::UriTransportError;

use crate::admit::access::{Access, Tls, Trunk};
use crate::admit::auth::{Digest, User};
use crate::admit::guard::Protection;
use crate::admit::headroom::Headroom;
use crate::admit::redirects::Redirects;
use crate::convert;
use crate::error::BindError;
use crate::reach::kept::Registrations;
use crate::sdp::is_of_many;

/// Whether sound is encrypted. The keys travel in the descriptions, so that whoever reads the
/// signalling has them: over UDP, TCP and WebSocket without TLS that is anybody on the way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Srtp {
    /// Never; a far end that wants nothing else is refused.
    Never,
    /// Where a far end offers it over TLS.
    #[default]
    Offered,
    /// As before, and we offer it, and nothing else, to whom we call over TLS.
    OverTls,
    /// Wherever it is offered, and we offer it to whomever we call, whatever carries the keys.
    Always,
}

impl Srtp {
    /// Whether an offer of it is taken.
    pub(crate) fn takes(self, tls: bool) -> bool {
        match self {
            Self::Never => false,
            Self::Offered | Self::OverTls => tls,
            Self::Always => true,
        }
    }

    /// Whether we offer it.
    pub(crate) fn offers(self, tls: bool) -> bool {
        match self {
            Self::Never | Self::Offered => false,
            Self::OverTls => tls,
            Self::Always => true,
        }
    }
}

/// How the adapter is set up. Begin with [`Config::new`] and change what should differ.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen, on UDP and TCP alike; port 0 takes any that is free. `[::]` is for IPv4 as
    /// well, where the system has it so.
    pub listen: SocketAddr,
    /// What Contact and session descriptions name as our address, where it is not the one that
    /// is bound: behind NAT. Without it, an adapter bound to `0.0.0.0` names the address of the
    /// interface that leads to the peer.
    pub advertised: Option<IpAddr>,
    /// Ports for sound; the even ones are taken. Default 20000 to 29999.
    pub rtp_ports: RangeInclusive<u16>,
    /// The gateway for numbers, a SIP URI: with `sip:127.0.0.1:5070`, `+16825550100` is dialed
    /// as `sip:+16825550100@127.0.0.1:5070`.
    pub trunk: Option<String>,
    /// Trunks with all that belongs to them, in the order in which they are dialed; before
    /// [`trunk`](Self::trunk).
    pub trunks: Vec<Trunk>,
    /// Numbers that have a SIP URI of their own; looked at before the trunks.
    pub contacts: HashMap<String, String>,
    /// Programs that calls may be sent to, by name, each a SIP URI. What the routing gives one to
    /// work with is sent as headers: `X-Arg-` and the argument's name.
    pub applications: HashMap<String, String>,
    /// The name server that is asked for NAPTR, SRV and address records. Default those of the
    /// system.
    pub name_server: Option<SocketAddr>,
    /// Whose P-Asserted-Identity is believed: the trust domain of RFC 3325, such as the gateway and
    /// the switches of one's own network. Default nobody.
    pub trusted: Vec<Network>,
    /// The folder below which recordings are written. Default `recordings`.
    pub recordings: PathBuf,
    /// The prompts. Default the built-in ones.
    pub prompts: Arc<Prompts>,
    /// What callers hear of the network, as in their country. Default North America.
    pub tones: Tones,
    /// Whether sound is encrypted (SRTP, keys in the descriptions: RFC 4568). Default where it is
    /// offered over TLS.
    pub srtp: Srtp,
    /// Whether comfort noise (RFC 3389) is offered, and taken where it is offered: in pauses no
    /// packets of sound are sent then. Default yes.
    pub comfort_noise: bool,
    /// What speaks texts. Default nothing: looking for programs ([`Speech::find`]) blocks, so it is
    /// left to whoever starts up.
    pub speech: Arc<Speech>,
    /// Addresses outside the public internet from which sounds may be fetched by URL, such as a
    /// media server of one's own. Default none.
    pub sounds: Vec<Network>,
    /// A callee from whom nothing at all has come for so long is unreachable. Default 4 s.
    pub no_provisional: Duration,
    /// Networks whose telephones and switches reach each other: when two of them are connected, their
    /// sound goes directly from one to the other, and comes by us again as soon as we are to play,
    /// record or mix something, or one of them changes anything. Both are asked by re-INVITE; where
    /// one refuses, the sound goes by us. Never for a leg behind a NAT, one that is encrypted or on
    /// hold, or without a codec in common. Meanwhile keys are only heard as SIP INFO, and the call's
    /// record has nothing of the sound: so not together with keys during a call. Default nowhere.
    pub direct_media: Vec<Network>,
    /// Whether a callee may send a call elsewhere (300, 301 and 302). Default not.
    pub redirects: Redirects,
    /// The codecs, the preferred first, as offered when the caller's do not say better. Default
    /// PCMU, PCMA, G722.
    pub codecs: Vec<Codec>,
    /// Who may call. Default anybody.
    pub access: Access,
    /// Who may register, and call from anywhere.
    pub users: Vec<User>,
    /// How often the mapping of a NAT before a registered telephone is kept open: well below what its
    /// NAT keeps for UDP. Default 25 s: most keep 30 s (RFC 4787, REQ-5, asks for two minutes). As often, a
    /// connection by which we are registered at a trunk is kept open, and made again where it is gone.
    pub keepalive: Duration,
    /// Where registrations of users are kept, so that a restart loses none. Default nowhere.
    pub registrations: Option<Arc<dyn Registrations>>,
    /// What users belong to: the realm of their passwords, and the domain by which they are
    /// called. Default `callroute`.
    pub realm: String,
    /// How passwords are proven. Default MD5, which every telephone knows; the more there are,
    /// the longer the question is.
    pub digests: Vec<Digest>,
    /// What strangers may do, and how much of it.
    pub protection: Protection,
    /// Most calls at a time; one more is answered 503 with Retry-After. Default 5,000.
    pub max_calls: usize,
    /// When calls are refused because there is no CPU left for them, likewise.
    pub headroom: Headroom,
    /// Most requests that are being answered at a time, or were a short while ago (RFC 3261 keeps
    /// them for 32 s); what begins beyond is answered 503. Requests within calls that go on may be
    /// as many again, so that these can end. A call takes two or more. Default 500,000, which is
    /// some 300 MB.
    pub max_transactions: usize,
    /// Most connections over TCP, TLS and WebSocket. Default 10,000.
    pub max_connections: usize,
    /// Whether and where TLS is listened for. Default not.
    pub tls: Option<Tls>,
    /// Certificates (PEM) that are trusted when we connect, beside those of the system.
    pub roots: Vec<Vec<u8>>,
    /// Whether and where WebSocket is listened for (RFC 7118). Default not. It is for programs and
    /// gateways whose sound is RTP, or SRTP with keys in the description; a proxy in front that ends TLS
    /// makes it `wss:`. A browser cannot call by it: its sound needs DTLS-SRTP (RFC 8827), which is
    /// refused (488).
    pub ws: Option<SocketAddr>,
    /// How long a call may last without a sign of its far end (RFC 4028); it is asked twice as
    /// often. At least 90 s; zero for calls without such a timer. Default 30 minutes.
    pub session_expires: Duration,
    /// T1 of RFC 3261: the base of all retransmission timers. Default 500 ms; less is for tests.
    pub t1: Duration,
    /// How long a thread of the runtime keeps looking for the next datagram of the signalling, after
    /// each, before it sleeps. Default zero: at once. To wake it up takes a good part of what an INVITE
    /// takes to go on, and meanwhile the core forgets the code; whoever gives it a core may have that
    /// time back where calls come closer together than this, for a core that never rests. Other work
    /// of the runtime is done meanwhile.
    pub spin: Duration,
}

impl Config {
    /// The defaults, listening there.
    #[must_use]
    pub fn new(listen: SocketAddr) -> Self {
        Self {
            listen,
            advertised: None,
            rtp_ports: 20_000..=29_999,
            trunk: None,
            trunks: Vec::new(),
            contacts: HashMap::new(),
            applications: HashMap::new(),
            name_server: None,
            trusted: Vec::new(),
            recordings: PathBuf::from("recordings"),
            prompts: Arc::new(Prompts::builtin()),
            tones: Tones::default(),
            srtp: Srtp::default(),
            comfort_noise: true,
            speech: Arc::new(Speech::none()),
            sounds: Vec::new(),
            no_provisional: Duration::from_secs(4),
            direct_media: Vec::new(),
            redirects: Redirects::default(),
            codecs: vec![Codec::Pcmu, Codec::Pcma, Codec::G722],
            access: Access::Anybody,
            users: Vec::new(),
            keepalive: Duration::from_secs(25),
            registrations: None,
            realm: "callroute".to_owned(),
            digests: vec![Digest::Md5],
            protection: Protection::default(),
            max_calls: 5_000,
            headroom: Headroom::default(),
            max_transactions: 500_000,
            max_connections: 10_000,
            tls: None,
            roots: Vec::new(),
            ws: None,
            session_expires: Duration::from_secs(1800),
            t1: Duration::from_millis(500),
            spin: Duration::ZERO,
        }
    }

    /// The trunk that an address belongs to.
    pub(crate) fn trunk_of(&self, ip: IpAddr) -> Option<&Trunk> {
        let has = |trunk: &&Trunk| trunk.networks.iter().any(|network| network.contains(ip));
        self.trunks.iter().find(has)
    }

    /// Whether all URIs are URIs, and the address that is advertised is one, before anybody calls.
    pub(crate) fn check(&self) -> Result<(), BindError> {
        let nowhere = |ip: &IpAddr| ip.is_unspecified() || is_of_many(*ip);
        if let Some(found) = self.advertised.filter(nowhere) {
            return Err(BindError::Advertised { found });
        }
        let trunk = self.trunk.iter().map(|uri| ("trunk".to_owned(), uri));
        let contacts = self
            .contacts
            .iter()
            .map(|(user, uri)| (format!("contact {user}"), uri));
        let applications = self
            .applications
            .iter()
            .map(|(name, uri)| (format!("application {name}"), uri));
        let trunks = self
            .trunks
            .iter()
            .map(|trunk| (format!("trunk {}", trunk.name), &trunk.uri));
        let mut all = trunk.chain(contacts).chain(applications).chain(trunks);
        all.try_for_each(|(setting, uri)| check_uri(setting, uri))
    }
}

/// Whether a setting is a SIP URI, and none that leads nowhere.
pub(crate) fn check_uri(setting: String, found: &str) -> Result<(), BindError> {
    let uri = convert::uri(found);
    let uri = uri.filter(|uri| uri.scheme().is_sip() && uri.host().is_some());
    let found = found.to_owned();
    let Some(uri) = uri else {
        return Err(BindError::Uri { setting, found });
    };
    match uri.selected_transport() {
        Err(UriTransportError::SecureDatagram) => Err(BindError::SecureUri { setting, found }),
        _ => Ok(()),
    }
}
