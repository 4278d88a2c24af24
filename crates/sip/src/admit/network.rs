//! A range of IP addresses, as operators write it: `192.0.2.0/24`, `2001:db8::/32`, `192.0.2.7`.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A range of IP addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network {
    first: IpAddr,
    bits: u8,
}

/// Why a text is no range of addresses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no network: {found:?}; write for example 192.0.2.0/24, 2001:db8::/32 or 192.0.2.7")]
pub struct NetworkError {
    /// What was found.
    pub found: String,
}

impl Network {
    /// Whether an address is in it. An IPv4 address within IPv6 (`::ffff:192.0.2.7`) is the IPv4
    /// address.
    #[must_use]
    pub fn contains(&self, ip: IpAddr) -> bool {
        match (self.first, ip.to_canonical()) {
            (IpAddr::V4(first), IpAddr::V4(ip)) => {
                first.to_bits() == ip.to_bits() & mask_v4(self.bits)
            }
            (IpAddr::V6(first), IpAddr::V6(ip)) => {
                first.to_bits() == ip.to_bits() & mask_v6(self.bits)
            }
            _ => false,
        }
    }
}

impl From<IpAddr> for Network {
    /// This one address.
    fn from(ip: IpAddr) -> Self {
        let first = ip.to_canonical();
        Self {
            first,
            bits: if first.is_ipv4() { 32 } else { 128 },
        }
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let wrong = || NetworkError {
            found: text.chars().take(64).collect(),
        };
        let Some((ip, bits)) = text.split_once('/') else {
            return text.parse::<IpAddr>().map(Self::from).map_err(|_| wrong());
        };
        let ip: IpAddr = ip.parse().map_err(|_| wrong())?;
        let bits: u8 = bits.parse().map_err(|_| wrong())?;
        let first = match ip {
            IpAddr::V4(ip) if bits <= 32 => {
                IpAddr::V4(Ipv4Addr::from_bits(ip.to_bits() & mask_v4(bits)))
            }
            IpAddr::V6(ip) if bits <= 128 => {
                IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & mask_v6(bits)))
            }
            _ => return Err(wrong()),
        };
        Ok(Self { first, bits })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.bits)
    }
}

fn mask_v4(bits: u8) -> u32 {
    u32::MAX
        .checked_shl(32 - u32::from(bits.min(32)))
        .unwrap_or(0)
}

fn mask_v6(bits: u8) -> u128 {
    u128::MAX
        .checked_shl(128 - u32::from(bits.min(128)))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::Network;

    #[test]
    fn ranges_hold_what_they_say() {
        for (range, inside, outside) in [
            ("192.0.2.0/24", "192.0.2.255", "192.0.3.0"),
            ("192.0.2.77/24", "192.0.2.0", "192.0.1.255"),
            ("10.0.0.0/8", "::ffff:10.1.2.3", "::10.1.2.3"),
            ("0.0.0.0/0", "255.255.255.255", "::1"),
            ("::/0", "2001:db8::1", "1.2.3.4"),
            ("2001:db8::/32", "2001:db8:ffff::", "2001:db9::"),
            ("192.0.2.7", "192.0.2.7", "192.0.2.8"),
            ("::1", "::1", "::2"),
        ] {
            let network: Network = range.parse().unwrap();
            assert!(
                network.contains(inside.parse().unwrap()),
                "{range} {inside}"
            );
            assert!(
                !network.contains(outside.parse().unwrap()),
                "{range} {outside}"
            );
        }
    }

    #[test]
    fn what_is_none_is_refused() {
        for text in [
            "",
            "x",
            "192.0.2.0/33",
            "::/129",
            "192.0.2.0/",
            "192.0.2/24",
            "1.2.3.4/-1",
        ] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }
}
