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
use sipx_sip::Uri;

use crate::error::BindError;

/// How the adapter is set up. Begin with [`Config::new`] and change what should differ.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen, on UDP and TCP alike; port 0 takes any that is free.
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
    /// Numbers that have a SIP URI of their own; looked at before the trunk.
    pub contacts: HashMap<String, String>,
    /// Whose P-Asserted-Identity is believed: the trust domain of RFC 3325, such as the gateway and
    /// the switches of one's own network. Default nobody.
    pub trusted: Vec<IpAddr>,
    /// The folder below which recordings are written. Default `recordings`.
    pub recordings: PathBuf,
    /// The prompts. Default the built-in ones.
    pub prompts: Arc<Prompts>,
    /// What speaks texts. Default nothing: looking for programs ([`Speech::find`]) blocks, so it is
    /// left to whoever starts up.
    pub speech: Arc<Speech>,
    /// A callee from whom nothing at all has come for so long is unreachable. Default 4 s.
    pub no_provisional: Duration,
    /// The codecs, the preferred first, as offered when the caller's do not say better. Default
    /// PCMU, PCMA.
    pub codecs: Vec<Codec>,
    /// T1 of RFC 3261: the base of all retransmission timers. Default 500 ms; less is for tests.
    pub t1: Duration,
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
            contacts: HashMap::new(),
            trusted: Vec::new(),
            recordings: PathBuf::from("recordings"),
            prompts: Arc::new(Prompts::builtin()),
            speech: Arc::new(Speech::none()),
            no_provisional: Duration::from_secs(4),
            codecs: vec![Codec::Pcmu, Codec::Pcma],
            t1: Duration::from_millis(500),
        }
    }

    /// Whether all URIs are URIs, before anybody calls.
    pub(crate) fn check(&self) -> Result<(), BindError> {
        let trunk = self.trunk.iter().map(|uri| ("trunk".to_owned(), uri));
        let contacts = self
            .contacts
            .iter()
            .map(|(user, uri)| (format!("contact {user}"), uri));
        for (setting, found) in trunk.chain(contacts) {
            let parsed = Uri::parse(bytes::Bytes::copy_from_slice(found.as_bytes()));
            if !parsed.is_ok_and(|uri| uri.scheme().is_sip() && uri.host().is_some()) {
                return Err(BindError::Uri {
                    setting,
                    found: found.clone(),
                });
            }
        }
        Ok(())
    }
}
