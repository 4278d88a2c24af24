//! Transactions of a shard, in a time of the test's own.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use callroute_schema::{Address, Caller};
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
    let mut config = Config::new(source());
    config.stateful = stateful;
    config.protection.exempt = vec![source().ip().into()];
    Shard::new(&config)
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

/// RFC 4475, section 3.1.2.1.
#[test]
fn what_has_no_readable_via_is_refused() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/torture/rfc4475/badinv01.dat"
    );
    let message = Bytes::from(std::fs::read(path).unwrap());
    let mut shard = shard(true);
    assert!(shard.datagram(ms(0), &message, source()).is_none());
    assert_eq!(sent(&mut shard), ["SIP/2.0 400 Bad Request"]);
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
    shard.answer(ms(2), asked.key, &redirect());
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

/// RFC 3325, section 5: a stranger is whom From says, whatever he asserts.
#[test]
fn only_switches_assert_who_calls() {
    let invite = String::from_utf8(request("INVITE", "a").to_vec()).unwrap();
    let asserts = "P-Asserted-Identity: <sip:+18005550199@h>\r\nMax";
    let invite = Bytes::from(invite.replacen("Max", asserts, 1));
    let stranger = "198.51.100.1:5060".parse().unwrap();
    for (source, who) in [(source(), "+18005550199"), (stranger, "a")] {
        let asked = shard(true).datagram(ms(0), &invite, source).unwrap();
        assert_eq!(asked.offer.from, Caller::Known(Address::new(who).unwrap()));
    }
}

#[test]
fn without_an_ack_it_is_given_up() {
    let mut shard = shard(true);
    let asked = shard
        .datagram(ms(0), &request("INVITE", "a"), source())
        .unwrap();
    shard.answer(ms(0), asked.key, &redirect());
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
    shard.answer(ms(400), asked.key, &redirect());
    assert!(sent(&mut shard).is_empty(), "it comes too late");
}

#[test]
fn without_state_every_copy_is_decided_over_and_nothing_is_kept() {
    let mut shard = shard(false);
    for _ in 0..3 {
        let asked = shard
            .datagram(ms(0), &request("INVITE", "a"), source())
            .unwrap();
        shard.answer(ms(0), asked.key, &redirect());
        assert_eq!(sent(&mut shard), ["SIP/2.0 302 Moved Temporarily"]);
    }
    assert!(
        shard
            .datagram(ms(1), &request("ACK", "a"), source())
            .is_none()
    );
    assert_eq!((shard.len(), shard.next()), (0, None));
}

#[test]
fn without_state_a_late_verdict_is_nobody_elses() {
    let mut shard = shard(false);
    let mut ask = |branch| shard.datagram(ms(0), &request("INVITE", branch), source());
    let (late, next) = (ask("a").unwrap(), ask("b").unwrap());
    shard.answer(ms(1), late.key, &redirect());
    assert!(sent(&mut shard).is_empty());
    let refusal = Verdict::Refuse {
        status: 404,
        q850: None,
    };
    shard.answer(ms(1), next.key, &refusal);
    assert_eq!(sent(&mut shard), ["SIP/2.0 404 Not Found"]);
}

/// Whoever does not acknowledge may not be who he says: copies of an answer go out as long as he
/// has sent as many bytes himself, and of several Contacts the first.
#[test]
fn a_stranger_is_sent_no_more_than_he_has_sent() {
    let asks = |body: &str, branch: &str| {
        let mut shard = Shard::new(&Config::new(source()));
        let invite = String::from_utf8(request("INVITE", branch).to_vec()).unwrap();
        let invite = invite.replace(
            "Content-Length: 0\r\n\r\n",
            &format!(
                "Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            ),
        );
        let asked = shard
            .datagram(ms(0), &invite.clone().into(), source())
            .unwrap();
        shard.answer(ms(0), asked.key, &redirect());
        let mut texts = Vec::new();
        for at in 0..700 {
            shard.fire(ms(at * 50));
            let out = shard
                .out()
                .map(|(bytes, _)| String::from_utf8(bytes.to_vec()).unwrap());
            texts.extend(out);
        }
        let sent: usize = texts.iter().map(String::len).sum();
        assert!(sent <= invite.len(), "{sent} for {}", invite.len());
        texts
    };
    // The longer the INVITE, the more is answered: nothing, one Contact, both.
    let contacts = |length: usize| {
        let texts = asks(&"v".repeat(length), "a");
        assert!(texts.len() < 2);
        texts
            .first()
            .map_or(0, |text| text.matches("Contact: ").count())
    };
    let found: Vec<usize> = (0..200).step_by(10).map(contacts).collect();
    assert!(found.is_sorted(), "{found:?}");
    for wanted in [1, 2] {
        assert!(found.contains(&wanted), "{found:?}");
    }
}

/// RFC 3261, section 18.2.2, and RFC 3581: never to another host than the one that asks.
#[test]
fn answers_go_back() {
    let to = |via: &str| {
        let mut shard = shard(true);
        let invite = String::from_utf8(request("INVITE", "a").to_vec()).unwrap();
        let invite = invite.replace("192.0.2.1;branch", &format!("{via};branch"));
        let from = SocketAddr::from(([192, 0, 2, 1], 40_000));
        let asked = shard.datagram(ms(0), &invite.into(), from).unwrap();
        shard.answer(ms(0), asked.key, &redirect());
        let (bytes, to) = shard.out().next().unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        (to.to_string(), text.lines().nth(1).unwrap().to_owned())
    };
    assert_eq!(to("192.0.2.1:5080").0, "192.0.2.1:5080");
    assert_eq!(to("192.0.2.1").0, "192.0.2.1:5060");
    let (addr, via) = to("10.0.0.1:5080;rport");
    assert_eq!(addr, "192.0.2.1:40000");
    assert!(
        via.contains("received=192.0.2.1") && via.contains("rport=40000"),
        "{via}"
    );
    for forged in [
        "198.51.100.7",
        "192.0.2.1;received=198.51.100.7",
        "h.example;maddr=198.51.100.7",
    ] {
        assert_eq!(to(forged).0, "192.0.2.1:5060", "{forged}");
    }
}

/// A decision takes a while, and 100 would use up what the answer needs.
#[test]
fn a_stranger_who_waits_hears_the_answer() {
    let mut shard = Shard::new(&Config::new(source()));
    let invite = request("INVITE", "a");
    let asked = shard.datagram(ms(0), &invite, source()).unwrap();
    shard.fire(ms(250));
    assert!(sent(&mut shard).is_empty());
    assert!(shard.datagram(ms(500), &invite, source()).is_none());
    shard.answer(ms(600), asked.key, &redirect());
    assert_eq!(sent(&mut shard), ["SIP/2.0 302 Moved Temporarily"]);
}

/// Who does not know RFC 3261 has no branch; his ACK is known by our tag (section 17.2.3).
#[test]
fn an_old_caller_is_heard() {
    let old = |method: &str, tag: &str| -> Bytes {
        format!(
            "{method} sip:+1314@h SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1\r\nFrom: <sip:a@h>;tag=1\r\n\
             To: <sip:b@h>{tag}\r\nCall-ID: c\r\nCSeq: 1 {method}\r\nMax-Forwards: 70\r\n\
             Content-Length: 0\r\n\r\n"
        )
        .into()
    };
    let mut shard = shard(true);
    let asked = shard.datagram(ms(0), &old("INVITE", ""), source()).unwrap();
    assert!(
        shard
            .datagram(ms(1), &old("INVITE", ""), source())
            .is_none()
    );
    shard.answer(ms(2), asked.key, &redirect());
    let out: Vec<_> = shard.out().collect();
    let text = String::from_utf8(out[0].0.to_vec()).unwrap();
    let tag = text
        .split_once("To: <sip:b@h>")
        .unwrap()
        .1
        .lines()
        .next()
        .unwrap();
    shard.datagram(ms(3), &old("ACK", ";tag=other"), source());
    shard.fire(ms(502));
    assert_eq!(sent(&mut shard).len(), 1, "that was another's ACK");
    shard.datagram(ms(503), &old("ACK", tag), source());
    shard.fire(ms(5_000));
    assert!(sent(&mut shard).is_empty());
    shard.fire(ms(6_000));
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
                _ => if let Some(asked) = keys.pop() { shard.answer(now, asked.key, &redirect()); },
            }
        }
        for asked in keys { shard.answer(now, asked.key, &redirect()); }
        for second in 0..60 { shard.fire(now + ms(second * 1000)); }
        prop_assert_eq!(shard.len(), 0);
    }
}
