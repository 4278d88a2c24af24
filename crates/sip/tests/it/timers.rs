//! Session timers (RFC 4028): the clock is moved on, the sockets are real.

use std::time::Duration;

use callroute_media::{Line, Notice};
use callroute_schema::Disposition;

use crate::raw::{Raw, SDP, header, to_tag};
use crate::signalling::called;
use crate::support::{CALLEE, CALLER, adapter, dial, ended, expect, next_call, uri};

/// Moves the clock on by so many seconds, at once.
async fn later(seconds: u64) {
    // What was sent before is taken before.
    tokio::time::sleep(Duration::from_millis(100)).await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(seconds)).await;
    tokio::time::resume();
}

#[tokio::test]
async fn a_callee_is_asked_in_time_by_update_or_by_invite() {
    let mut adapter = adapter("127.45.1.1").await;
    let mut caller = Raw::new("127.45.1.2", adapter.local_addr()).await;
    for (net, allow, method) in [
        (3, "Allow: INVITE, ACK, BYE, UPDATE\r\n", "UPDATE"),
        (4, "Allow: INVITE, ACK, BYE\r\n", "INVITE"),
    ] {
        let mut line = called(&mut adapter, &mut caller).await;
        let mut raw = Raw::new(&format!("127.45.1.{net}"), adapter.local_addr()).await;
        dial(&mut line, CALLEE, &uri(raw.addr));
        let invite = raw.until("INVITE").await;
        assert_eq!(header(&invite, "Session-Expires"), Some("1800"));
        let agreed = format!("{allow}Session-Expires: 90;refresher=uac\r\nRequire: timer\r\n");
        raw.send(&raw.response(&invite, "200 OK", ";tag=b", &agreed, SDP))
            .await;
        raw.until("ACK").await;
        expect(&mut line, Notice::LegAnswered { leg: CALLEE }).await;
        for _ in 0..2 {
            later(46).await;
            let refresh = raw.until(method).await;
            let expires = header(&refresh, "Session-Expires").unwrap();
            assert_eq!(expires, "90;refresher=uac", "{refresh}");
            let body = if method == "INVITE" { SDP } else { "" };
            raw.send(&raw.response(&refresh, "200 OK", "", &agreed, body))
                .await;
            if method == "INVITE" {
                raw.until("ACK").await;
            }
        }
        // It does not know the call any more.
        later(46).await;
        let refresh = raw.until(method).await;
        raw.send(&raw.response(&refresh, "481 Gone", "", "", ""))
            .await;
        let bye = raw.until("BYE").await;
        raw.send(&raw.response(&bye, "200 OK", "", "", "")).await;
        ended(&mut line, CALLEE).await;
    }
}

#[tokio::test]
async fn a_caller_that_should_ask_and_does_not_is_gone() {
    let mut adapter = adapter("127.45.2.1").await;
    let mut raw = Raw::new("127.45.2.2", adapter.local_addr()).await;
    let wants = "Supported: timer\r\nSession-Expires: 90;refresher=uac\r\n";
    raw.send(&raw.request("INVITE", "i", 1, "", wants, SDP))
        .await;
    let mut line = next_call(&mut adapter).await.line;
    line.perform(callroute_media::Command::Answer { leg: CALLER });
    let ok = raw.until("SIP/2.0 200").await;
    assert_eq!(
        header(&ok, "Session-Expires"),
        Some("90;refresher=uac"),
        "{ok}"
    );
    let tag = to_tag(&ok);
    raw.send(&raw.request("ACK", "a", 1, &tag, "", "")).await;
    expect(&mut line, Notice::LegAnswered { leg: CALLER }).await;
    // It asks once, in time, and then no more.
    later(50).await;
    raw.send(&raw.request("UPDATE", "u", 2, &tag, wants, ""))
        .await;
    raw.until("SIP/2.0 200").await;
    later(50).await;
    assert!(raw.quiet("BYE", Duration::from_millis(200)).await);
    later(30).await;
    let bye = raw.until("BYE").await;
    assert_eq!(header(&bye, "Reason"), Some("Q.850;cause=102"), "{bye}");
    raw.send(&raw.response(&bye, "200 OK", "", "", "")).await;
    let cause = ended(&mut line, CALLER).await;
    assert_eq!(
        (cause.disposition, cause.q850),
        (Disposition::Failed, Some(102))
    );
}
