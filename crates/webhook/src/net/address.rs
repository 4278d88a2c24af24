//! Which addresses may be dialled: the guard against requests into our own network.
//!
//! A URL may come from an answer, so it may name a machine that only we can reach. What is judged
//! is the address that is dialled, after the lookup and in canonical form, so neither a name
//! that resolves to a private address nor an IPv4 address in IPv6 dress gets through.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

/// A range of addresses in CIDR notation (RFC 4632, section 3.1), or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network {
    base: IpAddr,
    prefix: u8,
}

/// Why a text is no range of addresses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// The part before the slash.
    #[error("`{found}` is not an IP address; write a range as in 10.0.0.0/8 or fd00::/8")]
    Address {
        /// The text found.
        found: String,
    },
    /// The part after the slash.
    #[error("`/{found}` is not a prefix length; write /0 to /{max}")]
    Prefix {
        /// The text found.
        found: String,
        /// The most bits that this kind of address has.
        max: u8,
    },
}

impl Network {
    /// Whether an address lies inside; IPv4 addresses in IPv6 dress count as IPv4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.base, address.to_canonical()) {
            (IpAddr::V4(base), IpAddr::V4(found)) => inside_v4(found, base, self.prefix),
            (IpAddr::V6(base), IpAddr::V6(found)) => inside_v6(found, base, self.prefix),
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    /// Reads `10.0.0.0/8`, `fd00::/8`, `127.0.0.1` or `::1`; bits below the prefix are ignored.
    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let written: IpAddr = address.parse().map_err(|_| NetworkError::Address {
            found: address.to_owned(),
        })?;
        let max = if written.is_ipv4() { 32 } else { 128 };
        let prefix = match length {
            None => max,
            Some(length) => length
                .parse()
                .ok()
                .filter(|prefix| *prefix <= max)
                .ok_or_else(|| NetworkError::Prefix {
                    found: length.to_owned(),
                    max,
                })?,
        };
        let base = written.to_canonical();
        if written.is_ipv6() && base.is_ipv4() && prefix >= 96 {
            return Ok(Self {
                base,
                prefix: prefix - 96,
            });
        }
        Ok(Self {
            base: written,
            prefix,
        })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.prefix)
    }
}

/// Judges an address: the canonical address when it may be dialled, else what it is.
pub(crate) fn judge(address: SocketAddr, allow: &[Network]) -> Result<SocketAddr, &'static str> {
    let ip = address.ip().to_canonical();
    match special(ip) {
        Some(what) if !allow.iter().any(|network| network.contains(ip)) => Err(what),
        _ if ip == address.ip() => Ok(address),
        _ => Ok(SocketAddr::new(ip, address.port())),
    }
}

/// Judges the answer to a lookup: one address that may not be dialled refuses all of them, since
/// whoever mixes public and private ones either errs or tries to get in.
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
    /// What kind of address the URL names that may not be dialled, as in `loopback`; `None`: one that
    /// may be, or a name, which only tells when it is looked up. `localhost` is no such name (RFC
    /// 6761, section 6.3). For whoever checks settings before anybody is asked.
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
    /// The address that was dialled.
    pub(crate) fn new(address: SocketAddr) -> Self {
        let ip = address.ip().to_canonical();
        let public = special(ip).is_none();
        Self { ip, public }
    }

    /// Whether a webhook that allows these ranges may be asked there: as [`judge`] says.
    pub(crate) fn suits(self, allow: &[Network]) -> bool {
        self.public || allow.iter().any(|network| network.contains(self.ip))
    }
}

/// What an address is, if not one of the public internet.
fn special(ip: IpAddr) -> Option<&'static str> {
    match ip {
        IpAddr::V4(ip) => special_v4(ip),
        IpAddr::V6(ip) => special_v6(ip),
    }
}

/// Ranges of IPv4 that are not of the public internet (RFC 6890 and its registry).
const SPECIAL_V4: [([u8; 4], u8, &str); 15] = [
    ([0, 0, 0, 0], 8, "unspecified"),
    ([10, 0, 0, 0], 8, "private"),
    ([100, 64, 0, 0], 10, "carrier-grade NAT"),
    ([127, 0, 0, 0], 8, "loopback"),
    ([169, 254, 0, 0], 16, "link-local"),
    ([172, 16, 0, 0], 12, "private"),
    ([192, 0, 0, 0], 24, "protocol assignments"),
    ([192, 0, 2, 0], 24, "documentation"),
    ([192, 88, 99, 0], 24, "6to4 relay"),
    ([192, 168, 0, 0], 16, "private"),
    ([198, 18, 0, 0], 15, "benchmarking"),
    ([198, 51, 100, 0], 24, "documentation"),
    ([203, 0, 113, 0], 24, "documentation"),
    ([224, 0, 0, 0], 4, "multicast"),
    ([240, 0, 0, 0], 4, "reserved"),
];

/// Ranges of IPv6 that are not of the public internet; first match names the range.
const SPECIAL_V6: [(Ipv6Addr, u8, &str); 12] = [
    (Ipv6Addr::UNSPECIFIED, 128, "unspecified"),
    (Ipv6Addr::LOCALHOST, 128, "loopback"),
    (Ipv6Addr::UNSPECIFIED, 96, "IPv4-compatible"),
    (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96, "NAT64"),
    (Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48, "NAT64"),
    (
        Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0),
        23,
        "protocol assignments",
    ),
    (
        Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0),
        32,
        "documentation",
    ),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, "6to4"),
    (
        Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0),
        20,
        "documentation",
    ),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, "private"),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, "link-local"),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, "multicast"),
];

/// The only range from which public IPv6 addresses are given out (RFC 4291, section 2.4).
const GLOBAL_V6: (Ipv6Addr, u8) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

fn special_v4(ip: Ipv4Addr) -> Option<&'static str> {
    SPECIAL_V4
        .iter()
        .find(|(base, prefix, _)| inside_v4(ip, Ipv4Addr::from(*base), *prefix))
        .map(|(_, _, what)| *what)
}

fn special_v6(ip: Ipv6Addr) -> Option<&'static str> {
    let (base, prefix) = GLOBAL_V6;
    SPECIAL_V6
        .iter()
        .find(|(base, prefix, _)| inside_v6(ip, *base, *prefix))
        .map(|(_, _, what)| *what)
        .or_else(|| (!inside_v6(ip, base, prefix)).then_some("reserved"))
}

fn inside_v4(ip: Ipv4Addr, base: Ipv4Addr, prefix: u8) -> bool {
    let differ = ip.to_bits() ^ base.to_bits();
    differ.leading_zeros() >= u32::from(prefix)
}

fn inside_v6(ip: Ipv6Addr, base: Ipv6Addr, prefix: u8) -> bool {
    let differ = ip.to_bits() ^ base.to_bits();
    differ.leading_zeros() >= u32::from(prefix)
}

#[cfg(test)]
mod tests;
