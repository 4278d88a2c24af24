//! What a source may do, and what it may not.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use proptest::prelude::*;

use super::{Guard, Protection};

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn strict() -> Protection {
    Protection {
        messages_per_s: 4,
        requests_per_s: 1,
        requests_per_s_in_all: 10,
        connections: 2,
        sources: 8,
        wrong_passwords: 3,
        silence: s(60),
        ..Protection::default()
    }
}

#[test]
fn lists_decide_before_anything_is_read() {
    let mut guard = Guard::new(Protection {
        allow: vec!["192.0.2.0/24".parse().unwrap()],
        deny: vec!["192.0.2.66/32".parse().unwrap()],
        ..strict()
    });
    assert!(guard.message(s(0), ip("192.0.2.1"), 9));
    assert!(!guard.message(s(0), ip("192.0.2.66"), 9));
    assert!(!guard.message(s(0), ip("198.51.100.1"), 9));
    assert!(!guard.connected(s(0), ip("198.51.100.1")));
    assert_eq!(guard.dropped.unwanted, 3);
}

#[test]
fn a_source_has_its_allowance_and_gets_it_back_by_time() {
    let mut guard = Guard::new(strict());
    let a = ip("192.0.2.1");
    assert_eq!((0..99).filter(|_| guard.message(s(0), a, 9)).count(), 40);
    assert_eq!((0..99).filter(|_| guard.message(s(1), a, 9)).count(), 4);
    assert!(
        guard.message(s(1), ip("192.0.2.2"), 9),
        "another source has its own"
    );
    assert_eq!(
        (0..99)
            .filter(|_| guard.request(s(0), a, b"", false))
            .count(),
        10
    );
    assert_eq!(
        (0..99)
            .filter(|_| guard.request(s(3), a, b"", false))
            .count(),
        3
    );
}

#[test]
fn all_strangers_together_have_a_limit_and_friends_have_none() {
    let mut guard = Guard::new(Protection {
        exempt: vec!["203.0.113.0/24".parse().unwrap()],
        sources: 10_000,
        ..strict()
    });
    let many = (0..500u32).filter(|n| {
        let ip = IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + n));
        guard.request(s(0), ip, b"", false)
    });
    assert_eq!(many.count(), 100);
    let friend = ip("203.0.113.9");
    assert!(
        (0..999).all(|_| guard.message(s(0), friend, 1) && guard.request(s(0), friend, b"", false))
    );
}

#[test]
fn scanners_are_not_answered_and_those_that_are_no_forgery_begin_nothing_more() {
    let mut guard = Guard::new(strict());
    let (a, scanner) = (ip("192.0.2.1"), b"Friendly-Scanner");
    assert!(!guard.request(s(1), a, scanner, false));
    assert!(
        guard.request(s(1), a, b"", false),
        "anybody can have forged that"
    );
    assert!(!guard.request(s(1), a, scanner, true));
    assert!(!guard.request(s(2), a, b"", false) && !guard.connected(s(2), a));
    assert!(guard.message(s(2), a, 9), "it may be of a call");
    assert!(guard.request(s(62), a, b"", false), "a minute later it may");
    let mut guard = Guard::new(Protection {
        agents: vec!["Yealink".to_owned()],
        ..strict()
    });
    assert!(guard.request(s(1), a, b"yealink SIP-T46U 108.86", false));
    assert!(!guard.request(s(1), a, b"baresip v1.0", false));
    assert!(!guard.request(s(1), a, b"", false));
}

#[test]
fn wrong_passwords_silence_and_a_right_one_forgives() {
    let mut guard = Guard::new(strict());
    let a = ip("192.0.2.1");
    for _ in 0..2 {
        guard.wrong_password(s(0), a, "ann");
    }
    guard.right_password(s(0), a, "ann");
    for _ in 0..2 {
        guard.wrong_password(s(0), a, "ann");
    }
    assert!(guard.request(s(0), a, b"", false));
    guard.right_password(s(0), a, "bob");
    guard.wrong_password(s(0), a, "ann");
    assert!(!guard.request(s(1), a, b"", false));
    assert!(guard.message(s(1), a, 9), "it may be of a call");
}

#[test]
fn what_is_said_again_needs_credit_until_the_source_is_there() {
    let mut guard = Guard::new(strict());
    let (a, other) = (ip("192.0.2.1"), ip("192.0.2.2"));
    guard.message(s(0), a, 500);
    assert!(guard.answer(s(0), a, 300, false));
    assert!(guard.answer(s(0), a, 900, true), "a call needs it");
    assert!(!guard.answer(s(0), a, 900, false));
    guard.message(s(0), a, 900);
    assert!(guard.answer(s(0), a, 900, false));
    guard.is_there(s(1), a);
    assert!((0..99).all(|_| guard.answer(s(2), a, 900, false)));
    assert!(!guard.answer(s(2), other, 900, false));
    assert!(!guard.answer(s(9_000), a, 900, false), "that was long ago");
}

#[test]
fn connections_are_counted() {
    let mut guard = Guard::new(strict());
    let (a, same) = (ip("2001:db8::1"), ip("2001:db8::ffff"));
    assert!(guard.connected(s(0), a) && guard.connected(s(0), same));
    assert!(!guard.connected(s(0), a), "one /64 is one source");
    guard.hung_up(same);
    assert!(guard.connected(s(0), a));
}

#[test]
fn sources_without_room_share_one_allowance() {
    let mut guard = Guard::new(strict());
    let heard = (0..1000u32).filter(|n| {
        let ip = IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + n));
        guard.message(s(1), ip, 1)
    });
    assert_eq!(heard.count(), 8 + 40);
    assert_eq!(guard.sources.len(), 8);
    // One of those who share it does not speak for all of them.
    let (one, other) = (ip("10.0.0.100"), ip("10.0.0.101"));
    assert!(!guard.request(s(1), one, b"friendly-scanner", true));
    (0..9).for_each(|_| guard.wrong_password(s(1), one, "ann"));
    assert!(guard.request(s(1), other, b"", false) && guard.connected(s(1), other));
    assert!(
        guard.message(s(100), ip("192.0.2.1"), 1),
        "there is room again"
    );
    assert_eq!(guard.sources.len(), 1);
}

/// However an operator writes a range, it holds.
#[test]
fn ranges_in_ipv6_dress_are_those_of_ipv4() {
    let range = || vec!["::ffff:192.0.2.0/120".parse().unwrap()];
    let guard = |protection| Guard::new(protection);
    let mut denies = guard(Protection {
        deny: range(),
        ..Protection::default()
    });
    assert!(!denies.message(s(1), ip("192.0.2.1"), 1));
    let mut allows = guard(Protection {
        allow: range(),
        ..Protection::default()
    });
    assert!(allows.message(s(1), ip("192.0.2.1"), 1));
    assert!(!allows.message(s(1), ip("198.51.100.1"), 1));
}

proptest! {
    /// Whatever a source sends and asks for, it never gets more bytes than it has sent.
    #[test]
    fn never_more_bytes_out_than_in(steps in proptest::collection::vec(
        (any::<bool>(), 0usize..3000, 0u64..5), 0..200)) {
        let mut guard = Guard::new(Protection { messages_per_s: 100, ..Protection::default() });
        let (mut sent, mut got, mut now) = (0, 0, s(1));
        for (sends, bytes, pause) in steps {
            now += s(pause);
            if sends {
                if guard.message(now, ip("192.0.2.1"), bytes) { sent += bytes; }
            } else if guard.spend(now, ip("192.0.2.1"), bytes) {
                got += bytes;
            }
            prop_assert!(got <= sent);
        }
    }
}
