//! Redirect mode on real sockets: verdicts at once and later, several shards, none that waits.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use callroute_media::OfferedCall;
use callroute_sip::redirect::{Config, Redirector, Responder, Verdict};
use tokio::sync::Notify;
use tokio::time::sleep;

use crate::raw::{Raw, SDP, header, to_tag};

fn to(contact: &str) -> Verdict {
    Verdict::Redirect {
        contacts: vec![contact.to_owned()],
    }
}

#[tokio::test]
async fn verdicts_are_given_at_once_or_later_and_a_slow_one_holds_up_nobody() {
    verdicts("127.31.1", Duration::ZERO).await;
}

/// The same by threads that hardly ever sleep.
#[tokio::test]
async fn verdicts_are_given_by_who_keeps_looking() {
    verdicts("127.31.2", Duration::from_millis(20)).await;
}

async fn verdicts(network: &str, spin: Duration) {
    let slow_ones: Arc<Mutex<Vec<Responder>>> = Arc::default();
    let mut config = Config::new(format!("{network}.1:5060").parse().unwrap());
    config.shards = 2;
    config.spin = spin;
    config.protection.exempt = vec![format!("{network}.0/24").parse().unwrap()];
    let (kept, known) = (Arc::clone(&slow_ones), Arc::new(Notify::new()));
    let awaited = Arc::clone(&known);
    let decide = move |offer: &OfferedCall, responder: Responder| match offer.from.as_str() {
        "slow" => kept.lock().unwrap().push(responder),
        "awaited" => {
            let awaited = Arc::clone(&awaited);
            responder.answer_later(async move {
                awaited.notified().await;
                sleep(Duration::from_millis(1)).await;
                to("sip:awaited@192.0.2.9")
            });
        }
        "lost" => drop(responder),
        "panics" => panic!("of a decision's own"),
        "refused" => responder.answer(Verdict::Refuse {
            status: 486,
            q850: Some(17),
        }),
        _ => responder.answer(to("sip:gw@192.0.2.7")),
    };
    let redirector = Redirector::start(&config, decide).unwrap();
    let error = Redirector::start(
        &Config::new(redirector.local_addr()),
        |_: &OfferedCall, _: Responder| {},
    );
    let error = error.unwrap_err().to_string();
    assert!(error.contains(&config.listen.to_string()), "{error}");
    let ask = async |raw: &Raw, branch: &str, number, from: &str| {
        let invite = raw.request("INVITE", branch, number, "", "", SDP);
        raw.send(&invite.replace("From: <sip:ann@", &format!("From: <sip:{from}@")))
            .await;
    };
    let mut slow = Raw::new(&format!("{network}.2"), redirector.local_addr()).await;
    ask(&slow, "s", 1, "slow").await;
    slow.until("SIP/2.0 100").await;
    let mut later = Raw::new(&format!("{network}.24"), redirector.local_addr()).await;
    ask(&later, "w", 1, "awaited").await;
    later.until("SIP/2.0 100").await;
    // Many sources, so that both shards have some; each is answered while one waits.
    let mut tags = HashSet::new();
    for n in 3..23 {
        let mut raw = Raw::new(&format!("{network}.{n}"), redirector.local_addr()).await;
        ask(&raw, "a", 1, "ann").await;
        let moved = raw.until("SIP/2.0 302").await;
        assert_eq!(header(&moved, "Contact"), Some("<sip:gw@192.0.2.7>;q=1.0"));
        tags.insert(to_tag(&moved));
        raw.send(&raw.request("ACK", "a", 1, &to_tag(&moved), "", ""))
            .await;
        ask(&raw, "b", 2, "refused").await;
        let refused = raw.until("SIP/2.0 486").await;
        assert!(header(&refused, "Reason").unwrap().contains("cause=17"));
        raw.send(&raw.request("ACK", "b", 2, &to_tag(&refused), "", ""))
            .await;
        ask(&raw, "c", 3, "lost").await;
        raw.until("SIP/2.0 500").await;
        ask(&raw, "d", 4, "panics").await;
        raw.until("SIP/2.0 500").await;
        raw.send(&raw.request("OPTIONS", "o", 5, "", "", SDP)).await;
        raw.until("SIP/2.0 200").await;
    }
    assert_eq!(tags.len(), 20);
    let waiting = slow_ones.lock().unwrap().pop().unwrap();
    waiting.answer(to("sip:late@192.0.2.8"));
    let moved = slow.until("SIP/2.0 302").await;
    assert!(header(&moved, "Contact").unwrap().contains("late"));
    known.notify_one();
    let moved = later.until("SIP/2.0 302").await;
    assert!(header(&moved, "Contact").unwrap().contains("awaited"));
    assert_eq!(redirector.stats().invites, 82);
    sleep(Duration::from_millis(10)).await;
    drop(redirector);
    tokio::net::UdpSocket::bind(config.listen)
        .await
        .expect("the address is free again");
}
