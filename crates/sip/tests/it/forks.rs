//! An INVITE that reaches several telephones behind one address: several early dialogs, several 2xx (RFC 3261,
//! section 13.2.2.4; RFC 3262, section 5).

use std::time::Duration;

use callroute_media::{Command, EndCause, Line, Notice, PlayId, Sound};
use tokio::net::UdpSocket;
use tokio::time::timeout;

use crate::raw::{Raw, SDP, header, to_tag};
use crate::signalling::called;
use crate::support::{CALLEE, LONG, adapter, dial, ended, expect, uri};
use crate::timers::later;

/// This fork's 2xx is acknowledged and its dialog ended; a copy of it is acknowledged only.
async fn is_ended(raw: &mut Raw, invite: &str, tag: &str) {
    let ok = raw.response(invite, "200 OK", tag, "", SDP);
    raw.send(&ok).await;
    let of_it = async |raw: &mut Raw, start: &str| loop {
        let message = raw.until(start).await;
        if to_tag(&message) == tag {
            return message;
        }
    };
    let ack = of_it(raw, "ACK").await;
    let bye = of_it(raw, "BYE").await;
    raw.send(&raw.response(&bye, "200 OK", "", "", "")).await;
    raw.send(&ok).await;
    assert_eq!(of_it(raw, "ACK").await, ack);
    let more = timeout(Duration::from_millis(200), async {
        // The same BYE may come again before its answer arrives.
        while of_it(raw, "BYE").await == bye {}
    });
    assert!(more.await.is_err(), "it is ended once");
}

#[tokio::test]
async fn a_fork_that_answers_late_is_ended_whatever_came_before() {
    let mut adapter = adapter("127.68.1.1").await;
    let mut caller = Raw::new("127.68.1.2", adapter.local_addr()).await;
    let mut raw = Raw::new("127.68.1.3", adapter.local_addr()).await;
    let mut line = called(&mut adapter, &mut caller).await;
    dial(&mut line, CALLEE, &uri(raw.addr));
    let invite = raw.until("INVITE").await;
    let timed = "Session-Expires: 90;refresher=uac\r\nRequire: timer\r\n";
    raw.send(&raw.response(&invite, "200 OK", ";tag=one", timed, SDP))
        .await;
    raw.until("ACK").await;
    expect(&mut line, Notice::LegAnswered { leg: CALLEE }).await;
    is_ended(&mut raw, &invite, ";tag=two").await;
    // A re-INVITE of ours has a 2xx of its own.
    later(46).await;
    let again = raw.until("INVITE").await;
    assert_eq!(to_tag(&again), ";tag=one");
    raw.send(&raw.response(&again, "200 OK", "", "", SDP)).await;
    while header(&raw.until("ACK").await, "CSeq") != Some("2 ACK") {}
    is_ended(&mut raw, &invite, ";tag=three").await;
    let (leg, cause) = (CALLEE, EndCause::Normal);
    line.perform(Command::Hangup { leg, cause });
    let bye = raw.until("BYE").await;
    raw.send(&raw.response(&bye, "200 OK", "", "", "")).await;
    ended(&mut line, CALLEE).await;
    is_ended(&mut raw, &invite, ";tag=four").await;
}

#[tokio::test]
async fn all_forks_that_cross_a_cancel_are_ended() {
    let mut adapter = adapter("127.68.2.1").await;
    let mut caller = Raw::new("127.68.2.2", adapter.local_addr()).await;
    let mut raw = Raw::new("127.68.2.3", adapter.local_addr()).await;
    let mut line = called(&mut adapter, &mut caller).await;
    dial(&mut line, CALLEE, &uri(raw.addr));
    let invite = raw.until("INVITE").await;
    raw.send(&raw.response(&invite, "180 Ringing", ";tag=one", "", ""))
        .await;
    expect(&mut line, Notice::LegRinging { leg: CALLEE }).await;
    let (leg, cause) = (CALLEE, EndCause::Normal);
    line.perform(Command::Hangup { leg, cause });
    let cancel = raw.until("CANCEL").await;
    raw.send(&raw.response(&cancel, "200 OK", "", "", "")).await;
    is_ended(&mut raw, &invite, ";tag=one").await;
    is_ended(&mut raw, &invite, ";tag=two").await;
    ended(&mut line, CALLEE).await;
}

#[tokio::test]
async fn each_fork_has_its_own_numbers_and_its_own_description() {
    let mut adapter = adapter("127.68.3.1").await;
    let mut caller = Raw::new("127.68.3.2", adapter.local_addr()).await;
    let mut raw = Raw::new("127.68.3.3", adapter.local_addr()).await;
    let sound = UdpSocket::bind("127.68.3.3:0").await.unwrap();
    let port = sound.local_addr().unwrap().port();
    let mine = SDP
        .replace("127.0.0.1", "127.68.3.3")
        .replace("40000", &port.to_string());
    let mut line = called(&mut adapter, &mut caller).await;
    dial(&mut line, CALLEE, &uri(raw.addr));
    let invite = raw.until("INVITE").await;
    for (tag, rseq, body, number) in [
        (";tag=one", 5, mine.as_str(), "2 PRACK"),
        (";tag=two", 9, SDP, "2 PRACK"),
        (";tag=one", 6, "", "3 PRACK"),
        (";tag=two", 10, "", "3 PRACK"),
    ] {
        let reliable = format!("Require: 100rel\r\nRSeq: {rseq}\r\n");
        raw.send(&raw.response(&invite, "183 Progress", tag, &reliable, body))
            .await;
        let wanted = format!("{rseq} 1 INVITE");
        let prack = loop {
            let prack = raw.until("PRACK").await;
            if header(&prack, "RAck") == Some(wanted.as_str()) {
                break prack;
            }
        };
        assert_eq!(
            (to_tag(&prack).as_str(), header(&prack, "CSeq")),
            (tag, Some(number))
        );
        raw.send(&raw.response(&prack, "200 OK", "", "", "")).await;
    }
    raw.send(&raw.response(&invite, "200 OK", ";tag=one", "", ""))
        .await;
    raw.until("ACK").await;
    expect(&mut line, Notice::LegRinging { leg: CALLEE }).await;
    expect(&mut line, Notice::EarlyMedia { leg: CALLEE }).await;
    expect(&mut line, Notice::LegAnswered { leg: CALLEE }).await;
    let (leg, play) = (CALLEE, PlayId(1));
    line.perform(Command::Play {
        leg,
        play,
        sound: Sound::Ringback,
    });
    let heard = timeout(LONG, sound.recv_from(&mut [0; 2048])).await;
    assert!(heard.is_ok_and(|heard| heard.is_ok()), "it is heard there");
    // Who answers as well is ended under the number after those of its PRACKs.
    raw.send(&raw.response(&invite, "200 OK", ";tag=two", "", SDP))
        .await;
    let bye = raw.until("BYE").await;
    assert_eq!(
        (to_tag(&bye).as_str(), header(&bye, "CSeq")),
        (";tag=two", Some("4 BYE"))
    );
}
