//! Tests of the guard.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use proptest::prelude::*;

use super::{Network, Peer, judge, judge_all};

fn refused(ip: &str) -> Option<&'static str> {
    let ip: IpAddr = ip.parse().unwrap();
    judge(SocketAddr::new(ip, 80), &[]).err()
}

#[test]
fn addresses_of_our_own_networks_are_refused() {
    let table = [
        ("127.0.0.1", "loopback"),
        ("127.255.255.255", "loopback"),
        ("10.1.2.3", "private"),
        ("172.31.255.255", "private"),
        ("192.168.0.1", "private"),
        ("169.254.169.254", "link-local"),
        ("100.64.0.1", "carrier-grade NAT"),
        ("100.127.255.255", "carrier-grade NAT"),
        ("192.0.0.8", "protocol assignments"),
        ("198.18.0.1", "benchmarking"),
        ("198.19.255.255", "benchmarking"),
        ("224.0.0.1", "multicast"),
        ("239.255.255.255", "multicast"),
        ("0.0.0.0", "unspecified"),
        ("255.255.255.255", "reserved"),
        ("::", "unspecified"),
        ("::1", "loopback"),
        ("::ffff:127.0.0.1", "loopback"),
        ("::ffff:10.0.0.1", "private"),
        ("::127.0.0.1", "IPv4-compatible"),
        ("64:ff9b::7f00:1", "NAT64"),
        ("64:ff9b:1::1", "NAT64"),
        ("2002:7f00:1::", "6to4"),
        ("2001::1", "protocol assignments"),
        ("fc00::1", "private"),
        ("fdff::1", "private"),
        ("fe80::1", "link-local"),
        ("febf::1", "link-local"),
        ("ff02::1", "multicast"),
        ("4000::1", "reserved"),
    ];
    for (ip, what) in table {
        assert_eq!(refused(ip), Some(what), "{ip}");
    }
}

#[test]
fn public_addresses_may_be_connected_to() {
    let table = [
        "1.1.1.1",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.0.0.1",
        "128.0.0.1",
        "172.15.0.1",
        "172.32.0.1",
        "192.0.1.1",
        "198.17.0.1",
        "198.20.0.1",
        "223.255.255.255",
        "2606:4700::1111",
        "2a00::1",
        "2001:4860:4860::8888",
    ];
    for ip in table {
        assert_eq!(refused(ip), None, "{ip}");
    }
}

#[test]
fn what_is_connected_to_is_the_canonical_address() {
    let mapped: SocketAddr = "[::ffff:127.0.0.1]:8080".parse().unwrap();
    let allow = ["127.0.0.0/8".parse().unwrap()];
    assert_eq!(judge(mapped, &allow), Ok("127.0.0.1:8080".parse().unwrap()));
    let scoped: SocketAddr = "[fe80::1%3]:80".parse().unwrap();
    let allow = ["fe80::/10".parse().unwrap()];
    assert_eq!(judge(scoped, &allow), Ok(scoped), "the scope is kept");
}

/// Addresses in what is set aside, at its edges and just beyond them: of all there are, few are.
fn special() -> impl Strategy<Value = Ipv4Addr> {
    let networks = prop::sample::select(vec![
        ("0.0.0.0", 8),
        ("10.0.0.0", 8),
        ("127.0.0.0", 8),
        ("169.254.0.0", 16),
        ("172.16.0.0", 12),
        ("192.0.2.0", 24),
        ("192.168.0.0", 16),
        ("198.51.100.0", 24),
        ("203.0.113.0", 24),
        ("224.0.0.0", 4),
        ("255.255.255.255", 32),
    ]);
    (networks, any::<u32>(), 0..5).prop_map(|((base, length), low, kind)| {
        let base = u32::from(base.parse::<Ipv4Addr>().unwrap());
        let hosts = u32::MAX.checked_shr(length).unwrap_or(0);
        Ipv4Addr::from(match kind {
            0 => base,
            1 => base | hosts,
            2 => base.wrapping_sub(1),
            3 => (base | hosts).wrapping_add(1),
            _ => base | low & hosts,
        })
    })
}

proptest! {
    /// The guard of kept connections says what the guard of new ones says, whatever is allowed.
    #[test]
    fn kept_connections_are_judged_as_new_ones(
        bits in any::<u32>(),
        far in any::<u128>(),
        kind in 0..4,
        base in any::<u32>(),
        prefix in 0_u8..=32,
    ) {
        let ip = match kind {
            0 => IpAddr::V4(bits.into()),
            1 => IpAddr::V6(Ipv4Addr::from(bits).to_ipv6_mapped()),
            2 => IpAddr::V6(far.into()),
            _ => IpAddr::V4((0x7f00_0000 | bits >> 8).into()),
        };
        let text = format!("{}/{prefix}", Ipv4Addr::from(base));
        let address = SocketAddr::new(ip, 80);
        for allow in [vec![], vec![text.parse::<Network>().unwrap()]] {
            let judged = judge(address, &allow).is_ok();
            prop_assert_eq!(Peer::new(address).suits(&allow), judged);
        }
    }

    #[test]
    fn std_agrees_on_what_it_knows(ip in special()) {
        let known = ip.is_loopback() || ip.is_private() || ip.is_link_local()
            || ip.is_multicast() || ip.is_unspecified() || ip.is_broadcast()
            || ip.is_documentation();
        if known {
            prop_assert!(judge(SocketAddr::new(ip.into(), 1), &[]).is_err());
            let mapped = IpAddr::V6(ip.to_ipv6_mapped());
            prop_assert!(judge(SocketAddr::new(mapped, 1), &[]).is_err());
        }
    }
}

#[test]
fn one_bad_address_refuses_all() {
    let list = |texts: &[&str]| -> Vec<SocketAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    };
    let public = list(&["1.1.1.1:80", "[2606:4700::1111]:80"]);
    assert_eq!(judge_all(public.clone(), &[]), Ok(public));
    assert_eq!(judge_all(list(&[]), &[]), Ok(Vec::new()));
    let mixed = list(&["1.1.1.1:80", "[::ffff:10.0.0.1]:80", "8.8.8.8:80"]);
    let refused = Err(("10.0.0.1".parse().unwrap(), "private"));
    assert_eq!(judge_all(mixed.clone(), &[]), refused);
    let allowed = judge_all(mixed, &["10.0.0.0/8".parse().unwrap()]).unwrap();
    assert_eq!(allowed, list(&["1.1.1.1:80", "10.0.0.1:80", "8.8.8.8:80"]));
}

#[test]
fn a_url_that_can_never_be_asked_is_known_before() {
    let refused = |url: &str, allow: &[&str]| {
        let allow: Vec<Network> = allow.iter().map(|text| text.parse().unwrap()).collect();
        crate::Endpoint::new(url).unwrap().refused(&allow)
    };
    for (url, what) in [
        ("http://127.0.0.1:8080/", "loopback"),
        ("http://LOCALHOST:8080/", "loopback"),
        ("http://crm.localhost/", "loopback"),
        ("http://[::1]/", "loopback"),
        ("http://10.1.2.3/", "private"),
        ("http://[::ffff:10.1.2.3]/", "private"),
    ] {
        assert_eq!(refused(url, &[]), Some(what), "{url}");
    }
    assert_eq!(refused("http://example.com/", &[]), None);
    assert_eq!(refused("http://192.0.3.1/", &[]), None);
    assert_eq!(refused("http://10.1.2.3/", &["10.0.0.0/8"]), None);
    assert_eq!(refused("http://localhost/", &["127.0.0.0/8"]), None);
    assert_eq!(refused("http://localhost/", &["::1"]), None);
}
