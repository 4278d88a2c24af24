//! What comes for a leg that ends: it is answered all the same, or it would wait for ever (RFC 3261, section
//! 8.2; RFC 3891, section 3).

use std::collections::BTreeSet;
use std::time::Duration;

use callroute_media::{Command, EndCause, Line, Notice};
use callroute_schema::Cause;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

use crate::raw::{Raw, SDP, header, message, to_tag};
use crate::signalling::{answered, called};
use crate::support::{CALLEE, CALLER, LONG, adapter, dial, ended, expect};

/// Takes final answers until those with these numbers have come.
async fn all_answered(raw: &mut Raw, mut waiting: BTreeSet<String>) {
    while !waiting.is_empty() {
        let answer = raw.until("SIP/2.0").await;
        if !answer.starts_with("SIP/2.0 1") {
            waiting.remove(header(&answer, "CSeq").unwrap());
        }
    }
}

#[tokio::test]
async fn what_comes_behind_a_bye_is_answered() {
    let mut adapter = adapter("127.78.1.1").await;
    let mut raw = Raw::new("127.78.1.2", adapter.local_addr()).await;
    let (mut line, tag) = answered(&mut adapter, &mut raw).await;
    let mut all = vec![raw.request("BYE", "b", 2, &tag, "", "")];
    for number in 3..20 {
        all.push(raw.request("INFO", &format!("n{number}"), number, &tag, "", ""));
    }
    for request in &all {
        raw.send(request).await;
    }
    let numbers = all.iter().map(|request| header(request, "CSeq").unwrap());
    all_answered(&mut raw, numbers.map(str::to_owned).collect()).await;
    assert_eq!(ended(&mut line, CALLER).await, Cause::normal());
}

#[tokio::test]
async fn who_would_take_the_place_of_who_hangs_up_is_declined() {
    let mut adapter = adapter("127.78.2.1").await;
    let mut raw = Raw::new("127.78.2.2", adapter.local_addr()).await;
    let mut new = Raw::new("127.78.2.3", adapter.local_addr()).await;
    let (mut line, tag) = answered(&mut adapter, &mut raw).await;
    let bye = raw.request("BYE", "b", 2, &tag, "", "");
    let ours = tag.trim_start_matches(";tag=");
    let replaces = format!("Replaces: {};to-tag={ours};from-tag=raw\r\n", raw.call_id);
    let invite = new.request("INVITE", "r", 1, "", &replaces, SDP);
    raw.send(&bye).await;
    new.send(&invite).await;
    let refusal = new.until("SIP/2.0 6").await;
    assert!(refusal.starts_with("SIP/2.0 603"), "{refusal}");
    to_tag(&refusal);
    ended(&mut line, CALLER).await;
}

/// RFC 3261, section 15.1.2.
#[tokio::test]
async fn a_bye_that_crosses_ours_is_answered() {
    let mut adapter = adapter("127.78.3.1").await;
    for round in 0..8 {
        let mut raw = Raw::new("127.78.3.2", adapter.local_addr()).await;
        let (mut line, tag) = answered(&mut adapter, &mut raw).await;
        let (leg, cause) = (CALLER, EndCause::Normal);
        line.perform(Command::Hangup { leg, cause });
        let bye = raw.until("BYE").await;
        raw.send(&raw.response(&bye, "200 OK", "", "", "")).await;
        raw.send(&raw.request("BYE", &format!("b{round}"), 2, &tag, "", ""))
            .await;
        all_answered(&mut raw, BTreeSet::from(["2 BYE".to_owned()])).await;
        ended(&mut line, CALLER).await;
    }
}

/// RFC 6026, section 8: the ACK may be lost with its connection; who has accepted says so again by another.
#[tokio::test]
async fn a_2xx_that_comes_again_by_another_connection_is_acknowledged() {
    let mut adapter = adapter("127.58.9.1").await;
    let mut caller = Raw::new("127.58.9.2", adapter.local_addr()).await;
    let mut line = called(&mut adapter, &mut caller).await;
    let listener = TcpListener::bind("127.58.9.3:0").await.unwrap();
    let callee = format!("sip:bob@{};transport=tcp", listener.local_addr().unwrap());
    dial(&mut line, CALLEE, &callee);
    let (mut stream, _) = listener.accept().await.unwrap();
    let invite = message(&mut stream).await;
    let ok = caller.response(&invite, "200 OK", ";tag=b", "", SDP);
    let ok = ok.replace(&format!("sip:bob@{}", caller.addr), &callee);
    stream.write_all(ok.as_bytes()).await.unwrap();
    assert!(message(&mut stream).await.starts_with("ACK"));
    expect(&mut line, Notice::LegAnswered { leg: CALLEE }).await;
    drop(stream);
    while adapter.handle().load().connections > 0 {
        sleep(Duration::from_millis(10)).await;
    }
    let mut stream = TcpStream::connect(caller.peer).await.unwrap();
    stream.write_all(ok.as_bytes()).await.unwrap();
    let (mut again, _) = timeout(LONG, listener.accept()).await.unwrap().unwrap();
    assert!(message(&mut again).await.starts_with("ACK"));
}

/// The next way is tried then; whom it has rung must not ring on beside it.
#[tokio::test]
async fn who_rings_when_his_connection_is_lost_is_cancelled() {
    let mut adapter = adapter("127.58.10.1").await;
    let mut caller = Raw::new("127.58.10.2", adapter.local_addr()).await;
    let mut line = called(&mut adapter, &mut caller).await;
    let listener = TcpListener::bind("127.58.10.3:0").await.unwrap();
    let callee = format!("sip:bob@{};transport=tcp", listener.local_addr().unwrap());
    dial(&mut line, CALLEE, &callee);
    let (mut stream, _) = listener.accept().await.unwrap();
    let invite = message(&mut stream).await;
    let rings = caller.response(&invite, "180 Ringing", ";tag=b", "", "");
    stream.write_all(rings.as_bytes()).await.unwrap();
    expect(&mut line, Notice::LegRinging { leg: CALLEE }).await;
    drop(stream);
    let (mut again, _) = timeout(LONG, listener.accept()).await.unwrap().unwrap();
    let cancel = message(&mut again).await;
    assert!(cancel.starts_with("CANCEL"), "{cancel}");
    assert_eq!(header(&cancel, "Via"), header(&invite, "Via"));
    ended(&mut line, CALLEE).await;
}
