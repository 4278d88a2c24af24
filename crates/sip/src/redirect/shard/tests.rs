//! Transactions of a shard, in a time of the test's own.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;

use super::Shard;
use crate::redirect::{Config, Verdict};

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn source() -> SocketAddr {
    "192.0.2.1:5060".parse().unwrap()
}

fn request(method: &str, branch: &str) -> Bytes {
    format!(
        "{method} sip:+1314@h SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK{branch}\r\n\
         From: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\nCall-ID: c\r\nCSeq: 1 {method}\r\n\
         Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    )
    .into()
}

fn shard(stateful: bool) -> Shard {
    Shard::new(&Config {
        stateful,
        ..Config::new(source())
    })
}

fn sent(shard: &mut Shard) -> Vec<String> {
    let out = shard.out().map(|(bytes, to)| {
        assert_eq!(to, source());
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        text.lines().next().unwrap().to_owned()
    });
    out.collect()
}

fn redirect() -> Verdict {
    Verdict::Redirect {
        contacts: vec!["sip:1@gw".to_owned(), "sip:2@gw".to_owned()],
    }
}

#[test]
fn an_answer_is_repeated_until_it_is_acknowledged_and_then_forgotten() {
    let mut shard = shard(true);
    let asked = shard
        .datagram(ms(0), &request("INVITE", "a"), source())
        .unwrap();
    assert_eq!(asked.offer.to.as_str(), "+1314");
    assert!(
        shard
            .datagram(ms(1), &request("INVITE", "a"), source())
            .is_none(),
        "a copy"
    );
    shard.answer(ms(2), &asked.key, &redirect());
    let text = shard
        .out()
        .map(|(bytes, _)| String::from_utf8(bytes.to_vec()).unwrap());
    let text: String = text.collect();
    assert!(text.starts_with("SIP/2.0 302"), "{text}");
    assert!(
        text.contains("Contact: <sip:1@gw>;q=1.0\r\nContact: <sip:2@gw>;q=0.9\r\n"),
        "{text}"
    );
    shard.datagram(ms(3), &request("INVITE", "a"), source());
    assert_eq!(sent(&mut shard).len(), 1, "the copy is answered by a copy");
    shard.fire(ms(600));
    assert_eq!(sent(&mut shard).len(), 1, "timer G");
    shard.datagram(ms(601), &request("ACK", "a"), source());
    shard.fire(ms(5_000));
    assert!(sent(&mut shard).is_empty());
    shard.fire(ms(6_000));
    assert_eq!((shard.len(), shard.next()), (0, None), "nothing is left");
}

#[test]
fn without_an_ack_it_is_given_up() {
    let mut shard = shard(true);
    let asked = shard
        .datagram(ms(0), &request("INVITE", "a"), source())
        .unwrap();
    shard.answer(ms(0), &asked.key, &redirect());
    for at in 0..70 {
        shard.fire(ms(at * 500));
    }
    assert_eq!(
        sent(&mut shard).len(),
        11,
        "RFC 3261: 0, 0.5, 1.5, 3.5, then every 4 s"
    );
    assert_eq!((shard.len(), shard.next()), (0, None));
}

#[test]
fn a_slow_decision_is_told_100_and_may_be_cancelled() {
    let mut shard = shard(true);
    let asked = shard
        .datagram(ms(0), &request("INVITE", "a"), source())
        .unwrap();
    shard.fire(ms(250));
    assert_eq!(sent(&mut shard), ["SIP/2.0 100 Trying"]);
    shard.datagram(ms(300), &request("CANCEL", "a"), source());
    assert_eq!(
        sent(&mut shard),
        ["SIP/2.0 487 Request Terminated", "SIP/2.0 200 OK"]
    );
    shard.answer(ms(400), &asked.key, &redirect());
    assert!(sent(&mut shard).is_empty(), "it comes too late");
}

#[test]
fn without_state_every_copy_is_decided_over_and_nothing_is_kept() {
    let mut shard = shard(false);
    for _ in 0..3 {
        let asked = shard
            .datagram(ms(0), &request("INVITE", "a"), source())
            .unwrap();
        shard.answer(ms(0), &asked.key, &redirect());
        assert_eq!(sent(&mut shard), ["SIP/2.0 302 Moved Temporarily"]);
    }
    assert!(
        shard
            .datagram(ms(1), &request("ACK", "a"), source())
            .is_none()
    );
    assert_eq!((shard.len(), shard.next()), (0, None));
}

proptest! {
    /// Whatever comes, in whatever order: nothing is left a minute after the last of it.
    #[test]
    fn nothing_is_left(steps in proptest::collection::vec((0u8..5, 0u8..4, 0u64..2000), 0..60)) {
        let mut shard = shard(true);
        let mut keys = Vec::new();
        let mut now = ms(0);
        for (what, branch, pause) in steps {
            now += ms(pause);
            shard.fire(now);
            let branch = branch.to_string();
            match what {
                0 => keys.extend(shard.datagram(now, &request("INVITE", &branch), source())),
                1 => { shard.datagram(now, &request("ACK", &branch), source()); }
                2 => { shard.datagram(now, &request("CANCEL", &branch), source()); }
                3 => { shard.datagram(now, &request("OPTIONS", &branch), source()); }
                _ => if let Some(asked) = keys.pop() { shard.answer(now, &asked.key, &redirect()); },
            }
        }
        for asked in keys { shard.answer(now, &asked.key, &redirect()); }
        for second in 0..60 { shard.fire(now + ms(second * 1000)); }
        prop_assert_eq!(shard.len(), 0);
    }
}
