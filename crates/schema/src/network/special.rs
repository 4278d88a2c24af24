//! Which addresses are not of the public internet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{inside_v4, inside_v6};

/// What an address is, if not one of the public internet: `loopback`, `private` and so on (RFC 6890
/// and its registry). An IPv4 address in IPv6 dress (`::ffff:10.0.0.1`) is the IPv4 address.
#[must_use]
pub fn special_use(ip: IpAddr) -> Option<&'static str> {
    match ip.to_canonical() {
        IpAddr::V4(ip) => special_v4(ip),
        IpAddr::V6(ip) => special_v6(ip),
    }
}

/// Whether an address means something only within one network: private (RFC 1918, RFC 4193), behind
/// the NAT of a carrier (RFC 6598), or of one link (RFC 3927, RFC 4291).
#[must_use]
pub fn is_private(ip: IpAddr) -> bool {
    matches!(special_use(ip), Some(PRIVATE | SHARED | LINK_LOCAL))
}

const PRIVATE: &str = "private";
const SHARED: &str = "carrier-grade NAT";
const LINK_LOCAL: &str = "link-local";

/// Ranges of IPv4 that are not of the public internet (RFC 6890 and its registry).
const SPECIAL_V4: [([u8; 4], u8, &str); 15] = [
    ([0, 0, 0, 0], 8, "unspecified"),
    ([10, 0, 0, 0], 8, PRIVATE),
    ([100, 64, 0, 0], 10, SHARED),
    ([127, 0, 0, 0], 8, "loopback"),
    ([169, 254, 0, 0], 16, LINK_LOCAL),
    ([172, 16, 0, 0], 12, PRIVATE),
    ([192, 0, 0, 0], 24, "protocol assignments"),
    ([192, 0, 2, 0], 24, "documentation"),
    ([192, 88, 99, 0], 24, "6to4 relay"),
    ([192, 168, 0, 0], 16, PRIVATE),
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
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, PRIVATE),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, LINK_LOCAL),
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
