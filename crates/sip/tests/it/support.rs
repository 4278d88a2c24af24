//! What the tests share: an adapter, a phone, and the next thing that happens.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::time::Duration;

use callroute_media::{Adapter, Command, DialTarget, Incoming, LegId, Line, Notice};
use callroute_schema::{Caller, Cause, Disposition, SipUri};
use callroute_sip::phone::{AnswerMode, Phone, PhoneCall, PhoneConfig};
use callroute_sip::{Config, SipAdapter, SipLine, Stats};
use tokio::time::timeout;

/// Longer than anything here may take, on a slow machine too.
pub(crate) const LONG: Duration = Duration::from_secs(20);
pub(crate) const CALLER: LegId = LegId::CALLER;
pub(crate) const CALLEE: LegId = LegId(1);

pub(crate) fn any_port(ip: &str) -> SocketAddr {
    SocketAddr::new(ip.parse().unwrap(), 0)
}

/// A short T1, so that what takes 64·T1 is over within 3.2 s.
pub(crate) fn config(ip: &str) -> Config {
    Config {
        t1: Duration::from_millis(50),
        ..Config::new(any_port(ip))
    }
}

pub(crate) async fn adapter(ip: &str) -> SipAdapter {
    SipAdapter::bind(config(ip)).await.unwrap()
}

/// One that has a friend, to whom it repeats what is not acknowledged.
pub(crate) async fn friendly(ip: &str, friend: &str) -> SipAdapter {
    let mut config = config(ip);
    config.protection.exempt = vec![friend.parse().unwrap()];
    SipAdapter::bind(config).await.unwrap()
}

pub(crate) async fn phone(ip: &str, answer: AnswerMode) -> Phone {
    phone_with(
        ip,
        PhoneConfig {
            answer,
            ..PhoneConfig::default()
        },
    )
    .await
}

pub(crate) async fn phone_with(ip: &str, config: PhoneConfig) -> Phone {
    Phone::bind(any_port(ip), config).await.unwrap()
}

pub(crate) fn uri(addr: SocketAddr) -> String {
    format!("sip:+13146523057@{addr}")
}

pub(crate) async fn next_call(adapter: &mut SipAdapter) -> Incoming<SipLine> {
    timeout(LONG, poll_fn(|cx| adapter.poll_call(cx)))
        .await
        .expect("a call")
        .unwrap()
}

/// The next notice; `None` at the end of the line.
pub(crate) async fn notice(line: &mut SipLine) -> Option<Notice> {
    loop {
        match any_notice(line).await {
            // Every answered leg has them; `transfer` and `rtp` look at them.
            Some(Notice::Dialog { .. } | Notice::Sound { .. }) => {}
            other => return other,
        }
    }
}

pub(crate) async fn any_notice(line: &mut SipLine) -> Option<Notice> {
    timeout(LONG, poll_fn(|cx| line.poll_notice(cx)))
        .await
        .expect("a notice")
}

pub(crate) async fn expect(line: &mut SipLine, wanted: Notice) {
    assert_eq!(notice(line).await, Some(wanted));
}

/// The cause of the next notice, which must be this leg's end.
pub(crate) async fn ended(line: &mut SipLine, leg: LegId) -> Cause {
    match notice(line).await {
        Some(Notice::LegEnded { leg: found, cause }) if found == leg => cause,
        other => panic!("expected the end of {leg}, found {other:?}"),
    }
}

pub(crate) async fn answer(line: &mut SipLine) {
    line.perform(Command::Answer { leg: CALLER });
    expect(line, Notice::LegAnswered { leg: CALLER }).await;
}

pub(crate) fn dial(line: &mut SipLine, leg: LegId, uri: &str) {
    line.perform(Command::Dial {
        leg,
        to: DialTarget::Sip(SipUri::new(uri).unwrap()),
        from: Caller::Known(callroute_schema::Address::new("+14155550123").unwrap()),
        from_name: Some("Ann".to_owned()),
        headers: std::collections::BTreeMap::new(),
    });
}

/// Waits until a party has heard nothing for so long.
pub(crate) async fn silence(call: &PhoneCall, lasts: Duration) {
    let silent = async {
        loop {
            call.forget_heard();
            if !call.wait_heard(Duration::from_millis(10), lasts).await {
                return;
            }
        }
    };
    timeout(LONG, silent).await.expect("silence");
}

/// Waits until this holds for a second of what a party hears.
pub(crate) async fn hears(call: &PhoneCall, holds: impl Fn(&[i16]) -> bool) {
    let second = async {
        loop {
            call.forget_heard();
            assert!(call.wait_heard(Duration::from_secs(1), LONG).await);
            if call.heard().get(..8000).is_some_and(&holds) {
                return;
            }
        }
    };
    timeout(LONG, second).await.expect("the right sound");
}

/// Waits until the adapter holds nothing any more.
pub(crate) async fn empty(stats: impl Fn() -> Stats) {
    let zero = async {
        while stats() != Stats::default() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(
        timeout(LONG, zero).await.is_ok(),
        "left behind: {:?}",
        stats()
    );
}

pub(crate) fn local(disposition: Disposition) -> Cause {
    Cause::local(disposition)
}

/// The share of a sound's energy that lies at a frequency, 0 to 1 (Goertzel).
pub(crate) fn share(samples: &[i16], hz: f64) -> f64 {
    let turn = std::f64::consts::TAU * hz / 8000.0;
    let (mut a, mut b, mut energy) = (0.0, 0.0, 0.0);
    for &sample in samples {
        let x = f64::from(sample);
        let next = x + 2.0 * turn.cos() * a - b;
        b = a;
        a = next;
        energy += x * x;
    }
    let power = a * a + b * b - 2.0 * turn.cos() * a * b;
    if energy == 0.0 {
        0.0
    } else {
        2.0 * power / (energy * samples.len() as f64)
    }
}
