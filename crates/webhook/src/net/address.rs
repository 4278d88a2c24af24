//! Which addresses may be connected to: the guard against requests into our own network.
//!
//! A URL may come from an answer, so it may name a machine that only we can reach. What is judged
//! is the address that is connected to, after the lookup and in canonical form, so neither a name
//! that resolves to a private address nor an IPv4 address in IPv6 dress gets through.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use callroute_schema::{Network, special_use};

/// Judges an address: the canonical address when it may be connected to, else what it is.
pub(crate) fn judge(address: SocketAddr, allow: &[Network]) -> Result<SocketAddr, &'static str> {
    let ip = address.ip().to_canonical();
    match special_use(ip) {
        Some(what) if !allow.iter().any(|network| network.contains(ip)) => Err(what),
        _ if ip == address.ip() => Ok(address),
        _ => Ok(SocketAddr::new(ip, address.port())),
    }
}

/// Judges the answer to a lookup: one address that may not be connected to refuses all of them,
/// since whoever mixes public and private ones either errs or tries to get in.
pub(crate) fn judge_all(
    found: impl IntoIterator<Item = SocketAddr>,
    allow: &[Network],
) -> Result<Vec<SocketAddr>, (IpAddr, &'static str)> {
    let judged = found
        .into_iter()
        .map(|address| judge(address, allow).map_err(|what| (address.ip().to_canonical(), what)));
    judged.collect()
}

impl crate::Endpoint {
    /// What kind of address the URL names that may not be connected to, as in `loopback`; `None`:
    /// one that may be, or a name, which only tells when it is looked up. `localhost` is no such
    /// name (RFC 6761, section 6.3). For whoever checks settings before anybody is asked.
    #[must_use]
    pub fn refused(&self, allow: &[Network]) -> Option<&'static str> {
        let origin = self.origin();
        let is_local = origin.host == "localhost" || origin.host.ends_with(".localhost");
        let local = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
        let named = match is_local {
            // Either of them may be what it listens on.
            true if local.iter().any(|ip| allow.iter().any(|n| n.contains(*ip))) => None,
            true => Some(Ipv4Addr::LOCALHOST.into()),
            false => origin.host.parse().ok(),
        };
        judge(SocketAddr::new(named?, origin.port), allow).err()
    }
}

/// The other end of a connection. What its address is does not change; what a webhook allows may.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer {
    ip: IpAddr,
    public: bool,
}

impl Peer {
    /// The address that was connected to.
    pub(crate) fn new(address: SocketAddr) -> Self {
        let ip = address.ip().to_canonical();
        let public = special_use(ip).is_none();
        Self { ip, public }
    }

    /// Whether a webhook that allows these ranges may be asked there: as [`judge`] says.
    pub(crate) fn suits(self, allow: &[Network]) -> bool {
        self.public || allow.iter().any(|network| network.contains(self.ip))
    }
}

#[cfg(test)]
mod tests;
