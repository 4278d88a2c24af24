//! One socket for both families: bound to `[::]`, it carries IPv4 too, whose addresses it writes as
//! `::ffff:192.0.2.1` (RFC 4291, section 2.5.5.2). Nobody but the sockets sees them so: descriptions,
//! Contacts and lists are of plain addresses; pure.

use std::net::{IpAddr, SocketAddr};

/// An address as it came from a socket, plainly.
pub(crate) fn plain(addr: SocketAddr) -> SocketAddr {
    match addr.ip().to_canonical() {
        ip @ IpAddr::V4(_) => SocketAddr::new(ip, addr.port()),
        IpAddr::V6(_) => addr,
    }
}

/// A plain address as a socket takes it that is bound there.
pub(crate) fn reached_from(local: SocketAddr, to: SocketAddr) -> SocketAddr {
    match to.ip() {
        IpAddr::V4(ip) if local.is_ipv6() => (ip.to_ipv6_mapped(), to.port()).into(),
        _ => to,
    }
}

/// Whether a socket that is bound there reaches an address at all.
pub(crate) fn reaches(local: IpAddr, to: IpAddr) -> bool {
    local.is_ipv6() == to.is_ipv6() || (local.is_ipv6() && local.is_unspecified())
}

#[cfg(test)]
mod tests {
    use super::{plain, reached_from, reaches};

    #[test]
    fn mapped_addresses_are_for_sockets_alone() {
        let addr = |text: &str| text.parse::<std::net::SocketAddr>().unwrap();
        for (local, mapped, plainly) in [
            ("[::]:5060", "[::ffff:192.0.2.1]:9", "192.0.2.1:9"),
            ("[::]:5060", "[2001:db8::1]:9", "[2001:db8::1]:9"),
            ("0.0.0.0:5060", "192.0.2.1:9", "192.0.2.1:9"),
        ] {
            assert_eq!(plain(addr(mapped)), addr(plainly));
            assert_eq!(reached_from(addr(local), addr(plainly)), addr(mapped));
        }
        for (local, to, reached) in [
            ("[::]:1", "192.0.2.1:1", true),
            ("[::1]:1", "192.0.2.1:1", false),
            ("[::1]:1", "[::1]:1", true),
            ("127.0.0.1:1", "[::1]:1", false),
        ] {
            let found = reaches(addr(local).ip(), addr(to).ip());
            assert_eq!(found, reached, "{local} {to}");
        }
    }
}
