//! Ranges of IP addresses, as operators write them: `192.0.2.0/24`, `2001:db8::/32`, `192.0.2.7`.

mod special;

pub use special::{is_private, special_use};

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
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

impl From<IpAddr> for Network {
    /// This one address.
    fn from(address: IpAddr) -> Self {
        let base = address.to_canonical();
        let prefix = if base.is_ipv4() { 32 } else { 128 };
        Self { base, prefix }
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
