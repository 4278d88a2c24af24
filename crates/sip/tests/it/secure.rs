//! Calls whose sound is encrypted: it stays so, whoever describes it anew (RFC 4568, section 7.1).

use std::time::Duration;

use callroute_media::{Command, Line, Notice, PlayId, Sound};
use callroute_sip::{Config, SipAdapter, SipLine, Srtp};
use tokio::net::UdpSocket;
use tokio::time::timeout;

use crate::raw::{Raw, SDP, header, to_tag};
use crate::rtp::{hears, packet};
use crate::signalling::{bind, called};
use crate::support::{CALLEE, CALLER, LONG, config, dial, ended, expect, next_call, uri};
use crate::timers::later;
use crate::tls::{Peer, listening};

/// The description with a key under this tag.
fn sealed(tag: u8) -> String {
    let inline = "inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz";
    let sdp = SDP.replace("RTP/AVP", "RTP/SAVP");
    format!("{sdp}a=crypto:{tag} AES_CM_128_HMAC_SHA1_80 {inline}\r\n")
}

fn is_sealed(message: &str) {
    assert!(
        message.contains("RTP/SAVP") && message.contains("a=crypto:"),
        "{message}"
    );
}

async fn adapter(ip: &str, srtp: Srtp) -> SipAdapter {
    bind(Config { srtp, ..config(ip) }).await
}

/// A caller who is answered with a key; its tag.
async fn answered(adapter: &mut SipAdapter, raw: &mut Raw, extra: &str) -> (SipLine, String) {
    raw.send(&raw.request("INVITE", "i", 1, "", extra, &sealed(4)))
        .await;
    let mut line = next_call(adapter).await.line;
    line.perform(Command::Answer { leg: CALLER });
    let ok = raw.until("SIP/2.0 200").await;
    is_sealed(&ok);
    let tag = to_tag(&ok);
    raw.send(&raw.request("ACK", "a", 1, &tag, "", "")).await;
    expect(&mut line, Notice::LegAnswered { leg: CALLER }).await;
    (line, tag)
}

#[tokio::test]
async fn a_late_offer_within_an_encrypted_call_has_keys_and_so_has_its_answer() {
    let mut adapter = adapter("127.76.1.1", Srtp::Always).await;
    let mut raw = Raw::new("127.76.1.2", adapter.local_addr()).await;
    let (mut line, tag) = answered(&mut adapter, &mut raw, "").await;
    for (sequence, answer) in [(2, sealed(1)), (3, SDP.to_owned())] {
        let branch = format!("r{sequence}");
        raw.send(&raw.request("INVITE", &branch, sequence, &tag, "", ""))
            .await;
        is_sealed(&raw.until("SIP/2.0 200").await);
        let branch = format!("a{sequence}");
        raw.send(&raw.request("ACK", &branch, sequence, &tag, "", &answer))
            .await;
    }
    // The second was not: the call is over, rather than heard by others.
    let bye = raw.until("BYE").await;
    raw.send(&raw.response(&bye, "200 OK", "", "", "")).await;
    assert_eq!(ended(&mut line, CALLER).await.sip_code, Some(488));
}

#[tokio::test]
async fn an_encrypted_call_is_refreshed_as_such() {
    let mut adapter = adapter("127.76.2.1", Srtp::Always).await;
    let mut raw = Raw::new("127.76.2.2", adapter.local_addr()).await;
    let wants = "Supported: timer\r\nSession-Expires: 90;refresher=uas\r\nAllow: INVITE, BYE\r\n";
    let (mut line, _) = answered(&mut adapter, &mut raw, wants).await;
    later(46).await;
    let refresh = raw.until("INVITE").await;
    is_sealed(&refresh);
    raw.send(&raw.response(&refresh, "200 OK", "", "", SDP))
        .await;
    raw.until("ACK").await;
    // What it says in the clear is nothing to us.
    raw.send(&raw.request("INFO", "n", 2, &to_tag_of(&refresh), "", ""))
        .await;
    raw.until("SIP/2.0 200").await;
    line.perform(Command::Hangup {
        leg: CALLER,
        cause: callroute_media::EndCause::Normal,
    });
    let bye = raw.until("BYE").await;
    raw.send(&raw.response(&bye, "200 OK", "", "", "")).await;
    ended(&mut line, CALLER).await;
}

/// Our tag, as the To of the far end's requests has it.
fn to_tag_of(ours: &str) -> String {
    let from = header(ours, "From").unwrap();
    from[from.find(";tag=").unwrap()..].to_owned()
}

#[tokio::test]
async fn nobody_takes_an_encrypted_call_into_the_clear() {
    let mut adapter = adapter("127.76.3.1", Srtp::Always).await;
    let mut raw = Raw::new("127.76.3.2", adapter.local_addr()).await;
    let (_line, tag) = answered(&mut adapter, &mut raw, "").await;
    for (method, sequence) in [("INVITE", 2), ("UPDATE", 3)] {
        let branch = format!("c{sequence}");
        raw.send(&raw.request(method, &branch, sequence, &tag, "", SDP))
            .await;
        raw.until("SIP/2.0 488").await;
    }
    raw.send(&raw.request("UPDATE", "u", 4, &tag, "", &sealed(7)))
        .await;
    let ok = raw.until("SIP/2.0 200").await;
    is_sealed(&ok);
    assert!(ok.contains("a=crypto:7 "), "the tag is the offer's: {ok}");
}

#[tokio::test]
async fn a_key_that_anybody_may_read_is_refused_within_a_call_too() {
    let mut adapter = adapter("127.76.4.1", Srtp::Offered).await;
    let mut raw = Raw::new("127.76.4.2", adapter.local_addr()).await;
    let mut line = called(&mut adapter, &mut raw).await;
    line.perform(Command::Answer { leg: CALLER });
    let ok = raw.until("SIP/2.0 200").await;
    let (tag, call_id) = (to_tag(&ok), header(&ok, "Call-ID").unwrap().to_owned());
    raw.call_id = call_id;
    raw.send(&raw.request("ACK", "a", 1, &tag, "", "")).await;
    expect(&mut line, Notice::LegAnswered { leg: CALLER }).await;
    for (method, sequence) in [("INVITE", 2), ("UPDATE", 3)] {
        let branch = format!("k{sequence}");
        raw.send(&raw.request(method, &branch, sequence, &tag, "", &sealed(1)))
            .await;
        raw.until("SIP/2.0 488").await;
    }
}

/// A callee that we have offered nothing but keys.
#[tokio::test]
async fn a_callee_is_not_heard_in_the_clear_before_its_answer_either() {
    let mut adapter = adapter("127.76.5.1", Srtp::Always).await;
    let mut caller = Raw::new("127.76.5.2", adapter.local_addr()).await;
    let mut raw = Raw::new("127.76.5.3", adapter.local_addr()).await;
    let mut line = called(&mut adapter, &mut caller).await;
    dial(&mut line, CALLEE, &uri(raw.addr));
    let invite = raw.until("INVITE").await;
    is_sealed(&invite);
    raw.send(&raw.response(&invite, "183 Progress", ";tag=b", "", SDP))
        .await;
    expect(&mut line, Notice::LegRinging { leg: CALLEE }).await;
    raw.send(&raw.response(&invite, "200 OK", ";tag=b", "", &sealed(1)))
        .await;
    raw.until("ACK").await;
    // Not `EarlyMedia` before.
    expect(&mut line, Notice::LegAnswered { leg: CALLEE }).await;
    // An offer of its own has a tag of its own.
    let plain = raw.within(&invite, "UPDATE", 5, SDP);
    let keyed = raw.within(&invite, "UPDATE", 6, &sealed(9));
    raw.send(&plain).await;
    raw.until("SIP/2.0 488").await;
    raw.send(&keyed).await;
    is_sealed(&raw.until("SIP/2.0 200").await);
    assert!(raw.quiet("BYE", Duration::from_millis(50)).await);
}

/// RFC 4568, section 5.1.2: an offer numbers its keys as it likes, before the answer too.
#[tokio::test]
async fn a_callee_may_describe_itself_anew_with_keys_of_other_numbers() {
    let mut adapter = adapter("127.76.6.1", Srtp::Always).await;
    let mut caller = Raw::new("127.76.6.2", adapter.local_addr()).await;
    let mut raw = Raw::new("127.76.6.3", adapter.local_addr()).await;
    let mut line = called(&mut adapter, &mut caller).await;
    dial(&mut line, CALLEE, &uri(raw.addr));
    let invite = raw.until("INVITE").await;
    let reliable = "Require: 100rel\r\nRSeq: 1\r\n";
    raw.send(&raw.response(&invite, "183 P", ";tag=b", reliable, &sealed(1)))
        .await;
    let prack = raw.until("PRACK").await;
    raw.send(&raw.response(&prack, "200 OK", "", "", "")).await;
    let short = sealed(1).replace("SHA1_80", "SHA1_32");
    raw.send(&raw.within(&invite, "UPDATE", 5, &short)).await;
    let taken = raw.until("SIP/2.0 200").await;
    assert!(
        taken.contains("a=crypto:1 AES_CM_128_HMAC_SHA1_32 "),
        "{taken}"
    );
    raw.send(&raw.response(&invite, "200 OK", ";tag=b", "", ""))
        .await;
    raw.until("ACK").await;
    expect(&mut line, Notice::LegRinging { leg: CALLEE }).await;
    expect(&mut line, Notice::EarlyMedia { leg: CALLEE }).await;
    expect(&mut line, Notice::LegAnswered { leg: CALLEE }).await;
    assert!(raw.quiet("BYE", Duration::from_millis(50)).await);
}

/// A caller by TLS whose connection is gone, and whose Contact leads to UDP: no keys go there.
#[tokio::test]
async fn keys_that_have_come_by_tls_do_not_go_in_the_clear() {
    let (mut adapter, root) = listening(config("127.76.7.1")).await;
    let mut raw = Raw::new("127.76.7.2", adapter.local_addr()).await;
    let mut peer = Peer::connect("127.76.7.3", &adapter, &root).await;
    raw.call_id.clone_from(&peer.raw.call_id);
    let timer = "Supported: timer\r\nSession-Expires: 90;refresher=uas\r\nAllow: INVITE\r\n";
    let invite = peer.raw.request("INVITE", "i", 1, "", timer, &sealed(1));
    let there = format!("Contact: <sip:ann@{}>", peer.raw.addr);
    let elsewhere = format!("Contact: <sip:ann@{}>", raw.addr);
    peer.send(&invite.replace(&there, &elsewhere)).await;
    let mut line = next_call(&mut adapter).await.line;
    line.perform(Command::Answer { leg: CALLER });
    let ok = peer.until("SIP/2.0 200").await;
    is_sealed(&ok);
    let tag = to_tag(&ok);
    peer.send(&peer.raw.request("ACK", "a", 1, &tag, "", ""))
        .await;
    expect(&mut line, Notice::LegAnswered { leg: CALLER }).await;
    raw.send(&raw.request("INVITE", "r", 2, &tag, "", "")).await;
    let refused = raw.until("SIP/2.0").await;
    assert!(refused.starts_with("SIP/2.0 488"), "{refused}");
    raw.send(&raw.request("ACK", "r", 2, &tag, "", "")).await;
    drop(peer);
    while adapter.handle().load().connections > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    later(46).await;
    later(45).await;
    // It could not be asked, and is given up.
    let first = raw.next().await;
    assert!(first.starts_with("BYE"), "{first}");
    ended(&mut line, CALLER).await;
}

/// What of it is on the wire: a packet of 20 ms has 172 bytes, and 10 more that prove it where it is encrypted.
#[tokio::test]
async fn a_plain_leg_stays_plain_beside_an_encrypted_one() {
    let mut adapter = adapter("127.76.8.1", Srtp::Always).await;
    let mut caller = Raw::new("127.76.8.2", adapter.local_addr()).await;
    let mut raw = Raw::new("127.76.8.3", adapter.local_addr()).await;
    let near = UdpSocket::bind("127.76.8.2:0").await.unwrap();
    let far = UdpSocket::bind("127.76.8.3:0").await.unwrap();
    let at = |socket: &UdpSocket, sdp: &str| {
        let addr = socket.local_addr().unwrap();
        sdp.replace("127.0.0.1", &addr.ip().to_string())
            .replace("40000", &addr.port().to_string())
    };
    caller
        .send(&caller.request("INVITE", "i", 1, "", "", &at(&near, SDP)))
        .await;
    let mut line = next_call(&mut adapter).await.line;
    line.perform(Command::Answer { leg: CALLER });
    let ok = caller.until("SIP/2.0 200").await;
    assert!(ok.contains("RTP/AVP") && !ok.contains("crypto"), "{ok}");
    caller
        .send(&caller.request("ACK", "a", 1, &to_tag(&ok), "", ""))
        .await;
    expect(&mut line, Notice::LegAnswered { leg: CALLER }).await;
    dial(&mut line, CALLEE, &uri(raw.addr));
    let invite = raw.until("INVITE").await;
    is_sealed(&invite);
    raw.send(&raw.response(&invite, "200 OK", ";tag=b", "", &at(&far, &sealed(1))))
        .await;
    expect(&mut line, Notice::LegAnswered { leg: CALLEE }).await;
    let (a, b) = (CALLER, CALLEE);
    line.perform(Command::Bridge { a, b });
    let port = ok.split("m=audio ").nth(1).unwrap().split(' ').next();
    let media = format!("127.76.8.1:{}", port.unwrap());
    // Until one of them is relayed: the bridge may come a moment later.
    let sound = [0x55; 160];
    let relayed = async {
        for number in 1.. {
            let sent = packet(0, number, u32::from(number) * 160, 7, &sound);
            near.send_to(&sent, &media).await.unwrap();
            let mut buffer = [0; 2048];
            let heard = timeout(Duration::from_millis(20), far.recv(&mut buffer));
            if let Ok(Ok(length)) = heard.await
                && length >= 172
            {
                return buffer[..length].to_vec();
            }
        }
        unreachable!()
    };
    let heard = timeout(LONG, relayed).await.expect("sound");
    assert_eq!(heard.len(), 182);
    assert_ne!(heard[12..172], sound, "it is encrypted");
    let (leg, play, sound) = (CALLER, PlayId(1), Sound::Ringback);
    line.perform(Command::Play { leg, play, sound });
    assert_eq!(hears(&near).await.len(), 172);
}
