//! Session timers (RFC 4028): the clock is moved on, the sockets are real.

use std::time::Duration;

use callroute_media::{Command, EndCause, Line, Notice};
use callroute_schema::Disposition;
use callroute_sip::{Config, Headroom};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::time::timeout;

use crate::idle;
use crate::raw::{Raw, SDP, header, to_tag};
use crate::signalling::{bind, called};
use crate::support::{CALLEE, CALLER, LONG, adapter, config, dial, ended, expect, next_call, uri};

/// Moves the clock on by so many seconds, at once.
pub(crate) async fn later(seconds: u64) {
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
    line.perform(Command::Answer { leg: CALLER });
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

/// RFC 4028, section 7.2: who refreshes without a timer need not do so again, and is asked by us.
#[tokio::test]
async fn a_caller_that_lets_go_of_the_timer_is_asked_from_then_on() {
    let mut adapter = adapter("127.45.8.1").await;
    let mut raw = Raw::new("127.45.8.2", adapter.local_addr()).await;
    let wants = "Supported: timer\r\nSession-Expires: 90;refresher=uac\r\n";
    raw.send(&raw.request("INVITE", "i", 1, "", wants, SDP))
        .await;
    let mut line = next_call(&mut adapter).await.line;
    line.perform(Command::Answer { leg: CALLER });
    let tag = to_tag(&raw.until("SIP/2.0 200").await);
    raw.send(&raw.request("ACK", "a", 1, &tag, "", "")).await;
    expect(&mut line, Notice::LegAnswered { leg: CALLER }).await;
    for (branch, number, method, body) in [("u", 2, "UPDATE", ""), ("r", 3, "INVITE", SDP)] {
        later(40).await;
        raw.send(&raw.request(method, branch, number, &tag, "", body))
            .await;
        let ok = raw.until("SIP/2.0 200").await;
        assert_eq!(header(&ok, "Session-Expires"), None, "{ok}");
    }
    raw.send(&raw.request("ACK", "b", 3, &tag, "", "")).await;
    // By what was agreed at first it would be over.
    later(46).await;
    let refresh = raw.until("INVITE").await;
    assert_eq!(header(&refresh, "Session-Expires"), Some("90"), "{refresh}");
}

/// RFC 4028, sections 7.2 and 10; RFC 3261, section 14.1: a refresh that met another request is tried again
/// soon, and what its 2xx says holds from then on.
#[tokio::test]
async fn a_refused_refresh_is_tried_again_in_time() {
    // A clock that jumps looks like a machine that is late.
    let mut adapter = bind(Config {
        headroom: Headroom::unlimited(),
        ..config("127.45.3.1")
    })
    .await;
    let mut caller = Raw::new("127.45.3.2", adapter.local_addr()).await;
    for (net, allow, method) in [
        (3, "Allow: INVITE, ACK, BYE, UPDATE\r\n", "UPDATE"),
        (4, "Allow: INVITE, ACK, BYE\r\n", "INVITE"),
    ] {
        let mut line = called(&mut adapter, &mut caller).await;
        let mut raw = Raw::new(&format!("127.45.3.{net}"), adapter.local_addr()).await;
        dial(&mut line, CALLEE, &uri(raw.addr));
        let invite = raw.until("INVITE").await;
        let agreed = format!("{allow}Session-Expires: 90;refresher=uac\r\nRequire: timer\r\n");
        raw.send(&raw.response(&invite, "200 OK", ";tag=b", &agreed, SDP))
            .await;
        raw.until("ACK").await;
        expect(&mut line, Notice::LegAnswered { leg: CALLEE }).await;
        later(46).await;
        let mut number = 1;
        let mut next = async |raw: &mut Raw| loop {
            // Copies of the one before may still be on their way.
            let refresh = raw.until(method).await;
            let (found, _) = header(&refresh, "CSeq").unwrap().split_once(' ').unwrap();
            let found: u32 = found.parse().unwrap();
            if found > number {
                number = found;
                return refresh;
            }
        };
        for (status, extra, seconds) in [
            ("491 Request Pending", "", 5),
            ("500 Later", "Retry-After: 7\r\n", 8),
            ("422 Too Small", "Min-SE: 120\r\n", 0),
            // Half of what is left of the 90 s, at most.
            ("403 Forbidden", "", 20),
        ] {
            let refresh = next(&mut raw).await;
            raw.send(&raw.response(&refresh, status, "", extra, ""))
                .await;
            later(seconds).await;
        }
        let refresh = next(&mut raw).await;
        assert_eq!(
            header(&refresh, "Session-Expires"),
            Some("120;refresher=uac"),
            "{refresh}"
        );
        assert_eq!(header(&refresh, "Min-SE"), Some("120"), "{refresh}");
        // From now on the far end asks, and does not.
        let agreed = agreed.replace("90;refresher=uac", "120;refresher=uas");
        let body = if method == "INVITE" { SDP } else { "" };
        raw.send(&raw.response(&refresh, "200 OK", "", &agreed, body))
            .await;
        later(70).await;
        assert!(raw.quiet("BYE", Duration::from_millis(200)).await);
        later(20).await;
        let bye = raw.until("BYE").await;
        raw.send(&raw.response(&bye, "200 OK", "", "", "")).await;
        ended(&mut line, CALLEE).await;
    }
}

/// RFC 4028, section 7.3.
#[tokio::test]
async fn too_short_an_interval_is_lengthened_once() {
    let mut adapter = adapter("127.45.4.1").await;
    let mut caller = Raw::new("127.45.4.2", adapter.local_addr()).await;
    let mut line = called(&mut adapter, &mut caller).await;
    let mut raw = Raw::new("127.45.4.3", adapter.local_addr()).await;
    dial(&mut line, CALLEE, &uri(raw.addr));
    let first = raw.until("INVITE").await;
    let too_short = "Min-SE: 3600\r\n";
    raw.send(&raw.response(&first, "422 Too Small", ";tag=a", too_short, ""))
        .await;
    raw.until("ACK").await;
    let second = raw.until("INVITE").await;
    assert_eq!(header(&second, "CSeq"), Some("2 INVITE"));
    assert_eq!(header(&second, "Call-ID"), header(&first, "Call-ID"));
    assert_eq!(header(&second, "From"), header(&first, "From"));
    assert_eq!(header(&second, "Session-Expires"), Some("3600"));
    assert_eq!(header(&second, "Min-SE"), Some("3600"));
    assert!(second.ends_with(first.split_once("\r\n\r\n").unwrap().1));
    let longer = "Min-SE: 7200\r\n";
    raw.send(&raw.response(&second, "422 Too Small", ";tag=a", longer, ""))
        .await;
    raw.until("ACK").await;
    assert_eq!(ended(&mut line, CALLEE).await.sip_code, Some(422));
}

/// An interval that no clock can hold harms nothing.
#[tokio::test]
async fn an_endless_interval_is_as_long_as_can_be() {
    let mut adapter = adapter("127.45.5.1").await;
    let mut caller = Raw::new("127.45.5.2", adapter.local_addr()).await;
    let mut line = called(&mut adapter, &mut caller).await;
    let mut raw = Raw::new("127.45.5.3", adapter.local_addr()).await;
    dial(&mut line, CALLEE, &uri(raw.addr));
    let invite = raw.until("INVITE").await;
    let endless = format!("Session-Expires: {};refresher=uas\r\n", u64::MAX);
    raw.send(&raw.response(&invite, "200 OK", ";tag=b", &endless, SDP))
        .await;
    raw.until("ACK").await;
    expect(&mut line, Notice::LegAnswered { leg: CALLEE }).await;
    let (leg, cause) = (CALLEE, EndCause::Normal);
    line.perform(Command::Hangup { leg, cause });
    let bye = raw.until("BYE").await;
    raw.send(&raw.response(&bye, "200 OK", "", "", "")).await;
    ended(&mut line, CALLEE).await;
}

/// RFC 4028, section 10, and RFC 3261, section 12.2.1.2: who says nothing to a refresh, or no more than that
/// it is on its way, has gone.
#[tokio::test]
async fn a_refresh_that_is_not_answered_ends_the_call() {
    let mut adapter = adapter("127.45.6.1").await;
    let mut caller = Raw::new("127.45.6.2", adapter.local_addr()).await;
    for (net, provisional) in [(3, false), (4, true)] {
        let mut line = called(&mut adapter, &mut caller).await;
        let mut raw = Raw::new(&format!("127.45.6.{net}"), adapter.local_addr()).await;
        dial(&mut line, CALLEE, &uri(raw.addr));
        let invite = raw.until("INVITE").await;
        let agreed = "Allow: INVITE\r\nSession-Expires: 90;refresher=uac\r\nRequire: timer\r\n";
        raw.send(&raw.response(&invite, "200 OK", ";tag=b", agreed, SDP))
            .await;
        raw.until("ACK").await;
        expect(&mut line, Notice::LegAnswered { leg: CALLEE }).await;
        later(46).await;
        let refresh = raw.until("INVITE").await;
        if provisional {
            raw.send(&raw.response(&refresh, "100 Trying", "", "", ""))
                .await;
            raw.until("CANCEL").await;
        }
        let bye = raw.until("BYE").await;
        raw.send(&raw.response(&bye, "200 OK", "", "", "")).await;
        let cause = ended(&mut line, CALLEE).await;
        assert_eq!(cause, callroute_schema::Cause::recovery());
    }
}

/// A connection that is gone at that moment ends no call whose sound may flow; one that stays away does.
#[tokio::test]
async fn a_refresh_that_finds_no_way_is_tried_again_in_time() {
    let mut adapter = bind(Config {
        headroom: Headroom::unlimited(),
        ..config("127.45.7.1")
    })
    .await;
    let mut caller = Raw::new("127.45.7.2", adapter.local_addr()).await;
    for (port, allow, method) in [
        (5071, "Allow: INVITE, UPDATE\r\n", "UPDATE"),
        (5072, "Allow: INVITE\r\n", "INVITE"),
    ] {
        let mut line = called(&mut adapter, &mut caller).await;
        let raw = Raw::new("127.45.7.3", adapter.local_addr()).await;
        let addr = ("127.45.7.3", port);
        let listener = TcpListener::bind(addr).await.unwrap();
        let to = format!("sip:bob@127.45.7.3:{port};transport=tcp");
        dial(&mut line, CALLEE, &to);
        let (mut stream, _) = timeout(LONG, listener.accept()).await.unwrap().unwrap();
        let invite = idle::until(&mut stream, "INVITE").await;
        let agreed = format!("{allow}Session-Expires: 90;refresher=uac\r\nRequire: timer\r\n");
        let response = |request: &str, tag: &str, body: &str| {
            let text = raw.response(request, "200 OK", tag, &agreed, body);
            let contact = format!("<sip:bob@{}>", raw.addr);
            text.replace(&contact, &format!("<{to}>"))
        };
        let ok = response(&invite, ";tag=b", SDP);
        stream.write_all(ok.as_bytes()).await.unwrap();
        idle::until(&mut stream, "ACK").await;
        expect(&mut line, Notice::LegAnswered { leg: CALLEE }).await;
        drop((stream, listener));
        later(46).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        let listener = TcpListener::bind(addr).await.unwrap();
        later(23).await;
        let (mut stream, _) = timeout(LONG, listener.accept()).await.unwrap().unwrap();
        let refresh = idle::until(&mut stream, method).await;
        let body = if method == "INVITE" { SDP } else { "" };
        let ok = response(&refresh, "", body);
        stream.write_all(ok.as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
        drop((stream, listener));
        // Nobody is there for the rest of the interval.
        for _ in 0..6 {
            later(46).await;
        }
        let cause = ended(&mut line, CALLEE).await;
        assert_eq!(cause, callroute_schema::Cause::recovery());
    }
}
