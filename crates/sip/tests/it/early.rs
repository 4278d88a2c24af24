//! Before the answer: sound both ways, 302, and the headers that a callee is told things by.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use callroute_media::{Command, Deed, DialTarget, EndCause, Line, Notice, PlayEnd, PlayId, Sound};
use callroute_schema::{Address, Caller, Number, SipUri};
use callroute_sip::SipAdapter;
use tokio::net::UdpSocket;
use tokio::time::timeout;

use crate::raw::{Raw, SDP, header, to_tag};
use crate::signalling::{bind, called};
use crate::support::{
    CALLEE, CALLER, LONG, adapter, config, dial, ended, expect, next_call, notice, uri,
};

/// A description with a port of its own.
fn sdp(addr: SocketAddr) -> String {
    SDP.replace("127.0.0.1", &addr.ip().to_string())
        .replace("40000", &addr.port().to_string())
}

/// Where a description wants its sound.
fn media(message: &str) -> SocketAddr {
    let after = |start: &str| {
        let line = message.lines().find_map(|line| line.strip_prefix(start));
        line.unwrap().split(' ').next().unwrap().to_owned()
    };
    format!("{}:{}", after("c=IN IP4 "), after("m=audio "))
        .parse()
        .unwrap()
}

/// A packet of PCMU with this fill.
fn packet(sequence: u16, fill: u8) -> Vec<u8> {
    let mut packet = vec![0x80, 0];
    packet.extend(sequence.to_be_bytes());
    packet.extend((u32::from(sequence) * 160).to_be_bytes());
    packet.extend(7u32.to_be_bytes());
    packet.extend([fill; 160]);
    packet
}

/// Sends packets until one of them has come out at the other end.
async fn passes(from: &UdpSocket, to: SocketAddr, other: &UdpSocket, fill: u8) {
    let mut buffer = [0; 2048];
    for sequence in 0..500 {
        from.send_to(&packet(sequence, fill), to).await.unwrap();
        let came = timeout(Duration::from_millis(20), other.recv_from(&mut buffer)).await;
        if came.is_ok_and(|came| came.is_ok_and(|(length, _)| buffer[12..length].contains(&fill))) {
            return;
        }
    }
    panic!("no sound passes");
}

#[tokio::test]
async fn what_a_callee_sends_early_is_heard_before_the_answer() {
    let mut adapter = adapter("127.41.1.1").await;
    let (near, far) = (
        UdpSocket::bind("127.41.1.2:0").await.unwrap(),
        UdpSocket::bind("127.41.1.3:0").await.unwrap(),
    );
    let mut caller = Raw::new("127.41.1.2", adapter.local_addr()).await;
    let mut callee = Raw::new("127.41.1.3", adapter.local_addr()).await;
    let offer = sdp(near.local_addr().unwrap());
    caller
        .send(&caller.request("INVITE", "a", 1, "", "", &offer))
        .await;
    let mut line = next_call(&mut adapter).await.line;
    dial(&mut line, CALLEE, &uri(callee.addr));
    let invite = callee.until("INVITE").await;
    let answer = sdp(far.local_addr().unwrap());
    let progress = callee.response(&invite, "183 Session Progress", ";tag=b", "", &answer);
    callee.send(&progress).await;
    expect(&mut line, Notice::LegRinging { leg: CALLEE }).await;
    expect(&mut line, Notice::EarlyMedia { leg: CALLEE }).await;
    line.perform(Command::Early {
        leg: CALLER,
        from: CALLEE,
    });
    let told = caller.until("SIP/2.0 183").await;
    assert!(header(&told, "Contact").is_some());
    passes(&far, media(&invite), &near, 0x21).await;
    passes(&near, media(&told), &far, 0x42).await;
    // The same again is no news, and what answers later is what was told.
    callee.send(&progress).await;
    let ok = callee.response(&invite, "200 OK", ";tag=b", "", &answer);
    callee.send(&ok).await;
    callee.until("ACK").await;
    expect(&mut line, Notice::LegAnswered { leg: CALLEE }).await;
    line.perform(Command::Answer { leg: CALLER });
    let ok = caller.until("SIP/2.0 200").await;
    let body = |message: &str| message.split("\r\n\r\n").nth(1).unwrap().to_owned();
    assert_eq!(body(&ok), body(&told));
    caller
        .send(&caller.request("ACK", "ack", 1, &to_tag(&ok), "", ""))
        .await;
    expect(&mut line, Notice::LegAnswered { leg: CALLER }).await;
    line.perform(Command::Bridge {
        a: CALLER,
        b: CALLEE,
    });
    passes(&far, media(&invite), &near, 0x33).await;
}

#[tokio::test]
async fn a_caller_hears_a_prompt_before_the_answer() {
    let mut adapter = adapter("127.41.2.1").await;
    let near = UdpSocket::bind("127.41.2.2:0").await.unwrap();
    let mut caller = Raw::new("127.41.2.2", adapter.local_addr()).await;
    let offer = sdp(near.local_addr().unwrap());
    caller
        .send(&caller.request("INVITE", "a", 1, "", "", &offer))
        .await;
    let mut line = next_call(&mut adapter).await.line;
    let play = PlayId(1);
    let (leg, sound) = (CALLER, Sound::Beep);
    line.perform(Command::Play { leg, play, sound });
    caller.until("SIP/2.0 183").await;
    let mut buffer = [0; 2048];
    let heard = timeout(LONG, near.recv_from(&mut buffer)).await;
    assert!(heard.is_ok_and(|heard| heard.is_ok()));
    let end = PlayEnd::Finished;
    expect(&mut line, Notice::PlayEnded { leg, play, end }).await;
    // 180 after 183 would make the caller's phone ring over what it hears.
    line.perform(Command::Ring { leg });
    assert!(
        caller
            .quiet("SIP/2.0 180", Duration::from_millis(300))
            .await
    );
    line.perform(Command::Hangup {
        leg,
        cause: EndCause::NoAnswer,
    });
    caller.until("SIP/2.0 480").await;
    ended(&mut line, CALLER).await;
}

#[tokio::test]
async fn a_caller_without_an_offer_hears_nothing_early() {
    let mut adapter = adapter("127.41.3.1").await;
    let caller = Raw::new("127.41.3.2", adapter.local_addr()).await;
    caller
        .send(&caller.request("INVITE", "a", 1, "", "", ""))
        .await;
    let mut line = next_call(&mut adapter).await.line;
    let (leg, play, sound) = (CALLER, PlayId(1), Sound::Beep);
    line.perform(Command::Play { leg, play, sound });
    let end = PlayEnd::Failed;
    expect(&mut line, Notice::PlayEnded { leg, play, end }).await;
    line.perform(Command::Early { leg, from: CALLEE });
    let told = notice(&mut line).await;
    let deed = Deed::Early;
    assert!(matches!(told, Some(Notice::NotDone { deed: found, .. }) if found == deed));
}

#[tokio::test]
async fn an_early_description_that_must_arrive_does_before_the_answer() {
    let mut adapter = adapter("127.41.4.1").await;
    let mut caller = Raw::new("127.41.4.2", adapter.local_addr()).await;
    let required = "Require: 100rel\r\nSupported: 100rel\r\n";
    caller
        .send(&caller.request("INVITE", "a", 1, "", required, SDP))
        .await;
    let mut line = next_call(&mut adapter).await.line;
    line.perform(Command::Ring { leg: CALLER });
    let (leg, play, sound) = (CALLER, PlayId(1), Sound::Ringback);
    line.perform(Command::Play { leg, play, sound });
    line.perform(Command::Answer { leg });
    let rings = caller.until("SIP/2.0 180").await;
    assert!(
        caller
            .quiet("SIP/2.0 200", Duration::from_millis(200))
            .await
    );
    let prack = |reply: &str, branch: &str, sequence: u32| {
        let ack = format!("RAck: {} 1 INVITE\r\n", header(reply, "RSeq").unwrap());
        caller.request("PRACK", branch, sequence, &to_tag(reply), &ack, "")
    };
    caller.send(&prack(&rings, "b", 2)).await;
    let told = caller.until("SIP/2.0 183").await;
    assert!(told.contains("m=audio"));
    let prack = |reply: &str, branch: &str, sequence: u32| {
        let ack = format!("RAck: {} 1 INVITE\r\n", header(reply, "RSeq").unwrap());
        caller.request("PRACK", branch, sequence, &to_tag(reply), &ack, "")
    };
    caller.send(&prack(&told, "c", 3)).await;
    loop {
        let ok = caller.until("SIP/2.0 200").await;
        if header(&ok, "CSeq") == Some("1 INVITE") {
            break caller
                .send(&caller.request("ACK", "d", 1, &to_tag(&ok), "", ""))
                .await;
        }
    }
    expect(&mut line, Notice::LegAnswered { leg }).await;
}

#[tokio::test]
async fn a_caller_is_sent_elsewhere() {
    let mut adapter = bind(callroute_sip::Config {
        trunk: Some("sip:127.41.5.9:5070".to_owned()),
        ..config("127.41.5.1")
    })
    .await;
    let mut caller = Raw::new("127.41.5.2", adapter.local_addr()).await;
    caller
        .send(&caller.request("INVITE", "a", 1, "", "", SDP))
        .await;
    let mut line = next_call(&mut adapter).await.line;
    line.perform(Command::Redirect {
        leg: CALLER,
        contacts: vec![
            DialTarget::Sip(SipUri::new("sip:ann@127.41.5.7").unwrap()),
            DialTarget::Number(Number::new("+16822306467").unwrap()),
        ],
    });
    let moved = caller.until("SIP/2.0 302").await;
    assert!(
        moved.contains("Contact: <sip:ann@127.41.5.7>;q=1.0"),
        "{moved}"
    );
    assert!(
        moved.contains("Contact: <sip:+16822306467@127.41.5.9:5070>;q=0.9"),
        "{moved}"
    );
    caller
        .send(&caller.request("ACK", "a", 1, &to_tag(&moved), "", ""))
        .await;
    assert_eq!(ended(&mut line, CALLER).await.sip_code, Some(302));
    assert_eq!(notice(&mut line).await, None);

    // An answered caller cannot be sent anywhere by 302.
    let mut caller = Raw::new("127.41.5.3", adapter.local_addr()).await;
    let mut line = called(&mut adapter, &mut caller).await;
    line.perform(Command::Redirect {
        leg: CALLER,
        contacts: Vec::new(),
    });
    let told = notice(&mut line).await;
    let deed = Deed::Redirect;
    assert!(matches!(told, Some(Notice::NotDone { deed: found, .. }) if found == deed));
}

/// What a callee is told by headers, dialed by this adapter for a caller who hides behind a
/// trusted switch.
async fn told(adapter: &mut SipAdapter, net: &str, from: Caller) -> String {
    let caller = Raw::new(&format!("{net}.2"), adapter.local_addr()).await;
    let mut callee = Raw::new(&format!("{net}.3"), adapter.local_addr()).await;
    let hides = "P-Asserted-Identity: <sip:+14155550123@carrier>\r\nPrivacy: id\r\n\
                 X-Callroute-Hops: 2\r\n";
    caller
        .send(&caller.request("INVITE", "a", 1, "", hides, SDP))
        .await;
    let incoming = next_call(adapter).await;
    assert_eq!(incoming.offer.from, Caller::Withheld);
    let hops = incoming.offer.headers.get("x-callroute-hops");
    assert_eq!(hops.map(String::as_str), Some("2"));
    let mut line = incoming.line;
    line.perform(Command::Dial {
        leg: CALLEE,
        to: DialTarget::Sip(SipUri::new(format!("sip:ann@{}", callee.addr)).unwrap()),
        from,
        from_name: None,
        headers: BTreeMap::from([
            ("X-Customer".to_owned(), "17".to_owned()),
            // The routing counts, and may count otherwise.
            ("X-Callroute-Hops".to_owned(), "5".to_owned()),
            ("Alert-Info".to_owned(), "<http://127.0.0.1/vip>".to_owned()),
            ("Route".to_owned(), "<sip:elsewhere>".to_owned()),
        ]),
    });
    callee.until("INVITE").await
}

/// RFC 3323, 3325, 5806, 7044: who calls is asserted to those whom we trust, and to nobody else.
#[tokio::test]
async fn a_callee_is_told_who_calls_and_by_whom_it_was_diverted() {
    let mut adapter = bind(callroute_sip::Config {
        trusted: vec!["127.41.6.2/31".parse().unwrap()],
        ..config("127.41.6.4")
    })
    .await;
    let invite = told(&mut adapter, "127.41.6", Caller::Withheld).await;
    let is = |name: &str| header(&invite, name);
    assert!(
        is("From").unwrap().contains("anonymous@anonymous.invalid"),
        "{invite}"
    );
    assert_eq!(is("Privacy"), Some("id"));
    assert_eq!(
        is("P-Asserted-Identity"),
        Some("<sip:+14155550123@carrier>")
    );
    assert_eq!(is("X-Customer"), Some("17"));
    assert_eq!(is("Alert-Info"), Some("<http://127.0.0.1/vip>"));
    assert_eq!(is("Route"), None);
    assert_eq!(is("X-Callroute-Hops"), Some("5"));
    assert!(
        is("Diversion").unwrap().contains("sip:+1314@127.41.6.4"),
        "{invite}"
    );
    assert!(invite.contains(";index=1.1;mp=1"), "{invite}");

    let mut adapter = bind(callroute_sip::Config {
        trusted: vec!["127.41.7.2".parse().unwrap()],
        ..config("127.41.7.4")
    })
    .await;
    let known = Caller::Known(Address::new("+14155550123").unwrap());
    for from in [Caller::Withheld, known] {
        let invite = told(&mut adapter, "127.41.7", from).await;
        assert_eq!(header(&invite, "P-Asserted-Identity"), None, "{invite}");
    }
}

/// RFC 3325, section 5: what only a stranger's From says is asserted to nobody; what the routing
/// says is.
#[tokio::test]
async fn a_strangers_word_is_not_asserted() {
    let mut adapter = bind(callroute_sip::Config {
        trusted: vec!["127.41.8.3".parse().unwrap()],
        ..config("127.41.8.4")
    })
    .await;
    let caller = Raw::new("127.41.8.2", adapter.local_addr()).await;
    let mut callee = Raw::new("127.41.8.3", adapter.local_addr()).await;
    caller
        .send(&caller.request("INVITE", "a", 1, "", "", SDP))
        .await;
    let mut incoming = next_call(&mut adapter).await;
    let chosen = Caller::Known(Address::new("+14155550123").unwrap());
    let uri = format!("sip:bob@{}", callee.addr);
    for (leg, from, asserted) in [(1, incoming.offer.from, false), (2, chosen, true)] {
        incoming.line.perform(Command::Dial {
            leg: callroute_media::LegId(leg),
            to: DialTarget::Sip(SipUri::new(&uri).unwrap()),
            from,
            from_name: None,
            headers: BTreeMap::new(),
        });
        let invite = callee.until("INVITE").await;
        let told = header(&invite, "P-Asserted-Identity");
        assert_eq!(told.is_some(), asserted, "{invite}");
        callee
            .send(&callee.response(&invite, "486 Busy Here", ";tag=b", "", ""))
            .await;
        callee.until("ACK").await;
    }
}
