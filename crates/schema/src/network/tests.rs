//! What ranges hold, and what an address is.

use std::net::IpAddr;

use proptest::prelude::*;

use super::{Network, NetworkError, is_private, special_use};

#[test]
fn ranges_allow_what_lies_inside() {
    let contains = |network: &str, ip: &str| {
        let network: Network = network.parse().unwrap();
        network.contains(ip.parse().unwrap())
    };
    assert!(contains("127.0.0.0/8", "127.9.9.9"));
    assert!(!contains("127.0.0.0/8", "128.0.0.0"));
    assert!(contains("192.168.1.1", "192.168.1.1"));
    assert!(!contains("192.168.1.1", "192.168.1.2"));
    assert!(contains("0.0.0.0/0", "10.0.0.1"));
    assert!(!contains("0.0.0.0/0", "::1"));
    assert!(contains("::1", "::1"));
    assert!(contains("fd00::/8", "fd12:3456::1"));
    assert!(contains("::ffff:10.0.0.0/104", "10.200.0.1"));
    assert!(contains("::/0", "fe80::1"));
    assert!(contains("10.0.0.0/8", "::ffff:10.1.2.3"));
    assert!(!contains("10.0.0.0/8", "::10.1.2.3"));
    assert!(contains("::ffff:192.0.2.7", "192.0.2.7"));
    assert!(contains("192.0.2.77/24", "192.0.2.0"));
    assert!(!contains("2001:db8::/32", "2001:db9::"));
}

#[test]
fn faults_say_what_would_be_right() {
    let error = "localhost".parse::<Network>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "`localhost` is not an IP address; write a range as in 10.0.0.0/8 or fd00::/8"
    );
    let error = "10.0.0.0/33".parse::<Network>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "`/33` is not a prefix length; write /0 to /32"
    );
    assert!(matches!(
        "::1/x".parse::<Network>(),
        Err(NetworkError::Prefix { max: 128, .. })
    ));
    for text in ["10.0.0.0/-1", "", "::/129", "192.0.2.0/", "192.0.2/24"] {
        assert!(text.parse::<Network>().is_err(), "{text}");
    }
}

/// Whoever guards an address guards all of these.
#[test]
fn the_public_internet_ends_where_the_registry_says() {
    for (ip, wanted) in [
        ("8.8.8.8", None),
        ("192.0.2.1", Some("documentation")),
        ("2606:4700::1", None),
        ("2001:1::1", Some("protocol assignments")),
        ("2001:1ff::1", Some("protocol assignments")),
        ("2001:200::1", None),
        ("3fff:fff::1", Some("documentation")),
        ("3fff:1000::1", None),
        ("::ffff:127.0.0.1", Some("loopback")),
    ] {
        assert_eq!(special_use(ip.parse().unwrap()), wanted, "{ip}");
    }
}

#[test]
fn private_is_what_means_nothing_elsewhere() {
    for (ip, wanted) in [
        ("10.0.0.1", true),
        ("172.16.0.1", true),
        ("100.64.0.1", true),
        ("169.254.1.1", true),
        ("fd00::1", true),
        ("fe80::1", true),
        ("::ffff:192.168.0.1", true),
        ("127.0.0.1", false),
        ("192.0.2.1", false),
        ("100.128.0.1", false),
        ("2001:db8::1", false),
    ] {
        assert_eq!(is_private(ip.parse().unwrap()), wanted, "{ip}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,40}") {
        let _ = text.parse::<Network>();
    }

    #[test]
    fn written_ranges_read_back(bits in any::<u32>(), prefix in 0_u8..=32) {
        let text = format!("{}/{prefix}", std::net::Ipv4Addr::from(bits));
        let network: Network = text.parse().unwrap();
        prop_assert_eq!(network.to_string(), text);
        prop_assert!(network.contains(IpAddr::V4(bits.into())));
    }
}
