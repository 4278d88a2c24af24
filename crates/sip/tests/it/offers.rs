//! Whose turn it is to describe before the answer: offers in reliable responses, PRACK and UPDATE (RFC 3261,
//! sections 13.2.1 and 14.2; RFC 3262, section 5; RFC 3311, section 5.2).

use callroute_media::{Command, EndCause, Line, Notice, PlayId, Sound};
use tokio::net::UdpSocket;
use tokio::time::timeout;

use crate::raw::{Raw, SDP, header, to_tag};
use crate::reach::{telephone, with_ann};
use crate::signalling::{bind, called};
use crate::support::{CALLEE, CALLER, LONG, adapter, dial, ended, expect, next_call, uri};

const RELIABLE: &str = "Require: 100rel\r\nSupported: 100rel\r\n";

/// Where sound may go, and its description.
async fn ear(ip: &str) -> (UdpSocket, String) {
    let socket = UdpSocket::bind((ip, 0)).await.unwrap();
    let port = socket.local_addr().unwrap().port().to_string();
    let sdp = SDP.replace("127.0.0.1", ip).replace("40000", &port);
    (socket, sdp)
}

async fn hears(socket: &UdpSocket) {
    let heard = timeout(LONG, socket.recv_from(&mut [0; 2048])).await;
    assert!(heard.is_ok_and(|heard| heard.is_ok()), "it is heard there");
}

/// The answer to the request with this number.
async fn answered(raw: &mut Raw, sequence: &str) -> String {
    loop {
        let reply = raw.until("SIP/2.0").await;
        if header(&reply, "CSeq") == Some(sequence) && !reply.starts_with("SIP/2.0 1") {
            return reply;
        }
    }
}

fn prack(raw: &Raw, response: &str, sequence: u32, body: &str) -> String {
    let ack = format!("RAck: {} 1 INVITE\r\n", header(response, "RSeq").unwrap());
    let branch = format!("p{sequence}");
    raw.request("PRACK", &branch, sequence, &to_tag(response), &ack, body)
}

fn is_told_to_wait(reply: &str) {
    assert!(reply.starts_with("SIP/2.0 500"), "{reply}");
    let after: u32 = header(reply, "Retry-After").unwrap().parse().unwrap();
    assert!(after <= 10, "{reply}");
}

#[tokio::test]
async fn a_late_offer_is_made_by_the_first_reliable_response() {
    let mut adapter = adapter("127.70.1.1").await;
    let mut raw = Raw::new("127.70.1.2", adapter.local_addr()).await;
    let (socket, sdp) = ear("127.70.1.2").await;
    raw.send(&raw.request("INVITE", "i", 1, "", RELIABLE, ""))
        .await;
    let mut line = next_call(&mut adapter).await.line;
    line.perform(Command::Ring { leg: CALLER });
    let ringing = raw.until("SIP/2.0 180").await;
    assert!(ringing.contains("m=audio"), "{ringing}");
    let tag = to_tag(&ringing);
    // Neither of these may come now.
    raw.send(&raw.request("UPDATE", "u", 2, &tag, "", SDP))
        .await;
    let crossed = answered(&mut raw, "2 UPDATE").await;
    assert!(crossed.starts_with("SIP/2.0 491"), "{crossed}");
    raw.send(&raw.request("INVITE", "j", 3, &tag, "", SDP))
        .await;
    is_told_to_wait(&answered(&mut raw, "3 INVITE").await);
    // The answer waits for that to our offer.
    line.perform(Command::Answer { leg: CALLER });
    raw.send(&prack(&raw, &ringing, 4, &sdp)).await;
    let taken = answered(&mut raw, "4 PRACK").await;
    assert!(taken.starts_with("SIP/2.0 200"), "{taken}");
    let ok = answered(&mut raw, "1 INVITE").await;
    assert!(
        ok.starts_with("SIP/2.0 200") && !ok.contains("m=audio"),
        "{ok}"
    );
    raw.send(&raw.request("ACK", "a", 1, &tag, "", "")).await;
    expect(&mut line, Notice::LegAnswered { leg: CALLER }).await;
    let (leg, play, sound) = (CALLER, PlayId(1), Sound::Ringback);
    line.perform(Command::Play { leg, play, sound });
    hears(&socket).await;
}

#[tokio::test]
async fn a_prack_without_the_answer_ends_the_call() {
    let mut adapter = adapter("127.70.2.1").await;
    let mut raw = Raw::new("127.70.2.2", adapter.local_addr()).await;
    raw.send(&raw.request("INVITE", "i", 1, "", RELIABLE, ""))
        .await;
    let mut line = next_call(&mut adapter).await.line;
    line.perform(Command::Ring { leg: CALLER });
    let ringing = raw.until("SIP/2.0 180").await;
    raw.send(&prack(&raw, &ringing, 2, "")).await;
    raw.until("SIP/2.0 200").await;
    raw.until("SIP/2.0 488").await;
    assert_eq!(ended(&mut line, CALLER).await.sip_code, Some(488));
}

#[tokio::test]
async fn an_offer_that_comes_tooearly_may_come_again() {
    let mut adapter = adapter("127.70.3.1").await;
    let mut raw = Raw::new("127.70.3.2", adapter.local_addr()).await;
    let (socket, sdp) = ear("127.70.3.2").await;
    raw.send(&raw.request("INVITE", "i", 1, "", RELIABLE, SDP))
        .await;
    let mut line = next_call(&mut adapter).await.line;
    line.perform(Command::Ring { leg: CALLER });
    let ringing = raw.until("SIP/2.0 180").await;
    let tag = to_tag(&ringing);
    raw.send(&prack(&raw, &ringing, 2, "")).await;
    raw.send(&raw.request("UPDATE", "u", 3, &tag, "", &sdp))
        .await;
    is_told_to_wait(&answered(&mut raw, "3 UPDATE").await);
    raw.send(&raw.request("INVITE", "j", 4, &tag, "", &sdp))
        .await;
    is_told_to_wait(&answered(&mut raw, "4 INVITE").await);
    // Our answer has come reliably: its PRACK may make another offer.
    let (leg, play, sound) = (CALLER, PlayId(1), Sound::Ringback);
    line.perform(Command::Play { leg, play, sound });
    let early = raw.until("SIP/2.0 183").await;
    raw.send(&prack(&raw, &early, 5, &sdp)).await;
    let taken = answered(&mut raw, "5 PRACK").await;
    assert!(taken.starts_with("SIP/2.0 200"), "{taken}");
    assert!(taken.contains("m=audio"), "{taken}");
    hears(&socket).await;
}

#[tokio::test]
async fn a_callee_describes_itself_anew_before_it_answers() {
    let mut adapter = adapter("127.70.4.1").await;
    let mut caller = Raw::new("127.70.4.2", adapter.local_addr()).await;
    let mut raw = Raw::new("127.70.4.3", adapter.local_addr()).await;
    let (socket, sdp) = ear("127.70.4.3").await;
    let mut line = called(&mut adapter, &mut caller).await;
    dial(&mut line, CALLEE, &uri(raw.addr));
    let invite = raw.until("INVITE").await;
    // Within the dialog that its response begins.
    let within = |raw: &Raw, sequence: u32, sdp: &str| {
        let from = header(&invite, "To").unwrap();
        let (to, call) = (header(&invite, "From"), header(&invite, "Call-ID"));
        let update = raw.request("UPDATE", &format!("u{sequence}"), sequence, "", "", sdp);
        let lines: Vec<String> = update
            .split("\r\n")
            .map(|line| match line.split_once(": ").map(|(name, _)| name) {
                Some("From") => format!("From: {from};tag=b"),
                Some("To") => format!("To: {}", to.unwrap()),
                Some("Call-ID") => format!("Call-ID: {}", call.unwrap()),
                _ => line.to_owned(),
            })
            .collect();
        lines.join("\r\n")
    };
    let number = |rseq: u32| format!("Require: 100rel\r\nRSeq: {rseq}\r\n");
    raw.send(&raw.response(&invite, "180 Ringing", ";tag=b", &number(1), ""))
        .await;
    let prack = raw.until("PRACK").await;
    raw.send(&raw.response(&prack, "200 OK", "", "", "")).await;
    // Our offer is open still.
    raw.send(&within(&raw, 1, &sdp)).await;
    raw.until("SIP/2.0 491").await;
    raw.send(&raw.response(&invite, "183 P", ";tag=b", &number(2), SDP))
        .await;
    let mut prack = raw.until("PRACK").await;
    while !header(&prack, "RAck").unwrap().starts_with("2 ") {
        prack = raw.until("PRACK").await;
    }
    raw.send(&raw.response(&prack, "200 OK", "", "", "")).await;
    raw.send(&within(&raw, 2, &sdp)).await;
    let taken = raw.until("SIP/2.0 200").await;
    assert!(taken.contains("m=audio"), "{taken}");
    // It says where it is, and hears where we are.
    raw.send(&within(&raw, 3, "")).await;
    let taken = answered(&mut raw, "3 UPDATE").await;
    assert!(taken.starts_with("SIP/2.0 200"), "{taken}");
    assert!(header(&taken, "Contact").is_some(), "{taken}");
    // What its 2xx repeats was said before that.
    raw.send(&raw.response(&invite, "200 OK", ";tag=b", "", SDP))
        .await;
    raw.until("ACK").await;
    expect(&mut line, Notice::LegRinging { leg: CALLEE }).await;
    expect(&mut line, Notice::EarlyMedia { leg: CALLEE }).await;
    expect(&mut line, Notice::LegAnswered { leg: CALLEE }).await;
    let (leg, play, sound) = (CALLEE, PlayId(1), Sound::Ringback);
    line.perform(Command::Play { leg, play, sound });
    hears(&socket).await;
}

/// RFC 3311, section 5.2: UPDATE moves its sender, before the answer as well.
#[tokio::test]
async fn a_caller_who_moves_while_it_rings_is_followed() {
    caller_moves("127.70.10", false).await;
    // By where it comes from, where its Contact cannot be reached.
    caller_moves("127.70.11", true).await;
}

async fn caller_moves(net: &str, behind_nat: bool) {
    let mut adapter = adapter(&format!("{net}.1")).await;
    let mut raw = Raw::new(&format!("{net}.2"), adapter.local_addr()).await;
    let mut new = Raw::new(&format!("{net}.2"), adapter.local_addr()).await;
    let (old, moved) = (raw.addr, new.addr);
    let contact = |text: String, at: std::net::SocketAddr| {
        let at = match behind_nat {
            true => "10.9.9.9:5080".to_owned(),
            false => at.to_string(),
        };
        let named = format!("Contact: <sip:ann@{at}>");
        text.replace(&format!("Contact: <sip:ann@{old}>"), &named)
    };
    let invite = raw.request("INVITE", "i", 1, "", RELIABLE, SDP);
    raw.send(&contact(invite, old)).await;
    let mut line = next_call(&mut adapter).await.line;
    line.perform(Command::Ring { leg: CALLER });
    let ringing = raw.until("SIP/2.0 180").await;
    let tag = to_tag(&ringing);
    raw.send(&prack(&raw, &ringing, 2, "")).await;
    let update = raw.request("UPDATE", "u", 3, &tag, "", "");
    let update = update.replace(
        &format!("SIP/2.0/UDP {old}"),
        &format!("SIP/2.0/UDP {moved}"),
    );
    new.send(&contact(update, moved)).await;
    let taken = answered(&mut new, "3 UPDATE").await;
    assert!(taken.starts_with("SIP/2.0 200"), "{taken}");
    assert!(header(&taken, "Contact").is_some(), "{taken}");
    line.perform(Command::Answer { leg: CALLER });
    answered(&mut raw, "1 INVITE").await;
    raw.send(&raw.request("ACK", "a", 1, &tag, "", "")).await;
    expect(&mut line, Notice::LegAnswered { leg: CALLER }).await;
    let (leg, cause) = (CALLER, EndCause::Normal);
    line.perform(Command::Hangup { leg, cause });
    new.until("BYE").await;
}

/// RFC 3262, section 3: what rings may be acknowledged after the call is answered.
#[tokio::test]
async fn a_prack_that_comes_after_the_answer_is_answered() {
    let mut adapter = adapter("127.70.9.1").await;
    let mut raw = Raw::new("127.70.9.2", adapter.local_addr()).await;
    raw.send(&raw.request("INVITE", "i", 1, "", RELIABLE, SDP))
        .await;
    let mut line = next_call(&mut adapter).await.line;
    line.perform(Command::Ring { leg: CALLER });
    let ringing = raw.until("SIP/2.0 180").await;
    line.perform(Command::Answer { leg: CALLER });
    let ok = answered(&mut raw, "1 INVITE").await;
    assert!(ok.starts_with("SIP/2.0 200"), "{ok}");
    raw.send(&raw.request("ACK", "a", 1, &to_tag(&ok), "", ""))
        .await;
    expect(&mut line, Notice::LegAnswered { leg: CALLER }).await;
    raw.send(&prack(&raw, &ringing, 2, "")).await;
    let taken = answered(&mut raw, "2 PRACK").await;
    assert!(taken.starts_with("SIP/2.0 200"), "{taken}");
    // It was acknowledged: there is nothing more to acknowledge.
    raw.send(&prack(&raw, &ringing, 3, "")).await;
    let refused = answered(&mut raw, "3 PRACK").await;
    assert!(refused.starts_with("SIP/2.0 481"), "{refused}");
}

/// The same of a telephone that is registered, which is reached by its flow alone.
#[tokio::test]
async fn a_telephone_that_moves_while_it_rings_is_followed() {
    let mut adapter = bind(with_ann("127.70.12.1")).await;
    let mut caller = Raw::new("127.70.12.2", adapter.local_addr()).await;
    let mut line = called(&mut adapter, &mut caller).await;
    let mut old = telephone("127.70.12.3", &adapter).await;
    let mut new = Raw::new("127.70.12.3", adapter.local_addr()).await;
    dial(&mut line, CALLEE, "sip:ann@pbx.example");
    let invite = old.until("INVITE").await;
    let reliable = "Require: 100rel\r\nRSeq: 1\r\n";
    old.send(&old.response(&invite, "180 R", ";tag=b", reliable, ""))
        .await;
    let prack = old.until("PRACK").await;
    old.send(&old.response(&prack, "200 OK", "", "", "")).await;
    new.send(&new.within(&invite, "UPDATE", 5, "")).await;
    let taken = answered(&mut new, "5 UPDATE").await;
    assert!(taken.starts_with("SIP/2.0 200"), "{taken}");
    new.send(&new.response(&invite, "200 OK", ";tag=b", "", SDP))
        .await;
    new.until("ACK").await;
    expect(&mut line, Notice::LegRinging { leg: CALLEE }).await;
    expect(&mut line, Notice::LegAnswered { leg: CALLEE }).await;
    let (leg, cause) = (CALLEE, EndCause::Normal);
    line.perform(Command::Hangup { leg, cause });
    new.until("BYE").await;
}
