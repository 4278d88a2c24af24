//! What strangers, trunks and far ends cannot make us do without end.

use std::time::{Duration, Instant};

use callroute_media::{Command, DialTarget, Line, PlayId, Sound};
use callroute_schema::{Address, Caller, Number};
use callroute_sip::{Config, Credentials, SipLine, Trunk};
use sipx_rtp::packet::Packet;
use tokio::net::{TcpListener, UdpSocket};
use tokio::time::timeout;

use crate::raw::{Raw, SDP, header, to_tag};
use crate::rtp::packet;
use crate::signalling::{bind, called};
use crate::support::{CALLEE, CALLER, LONG, adapter, config, dial, ended, next_call, notice};

fn dial_number(line: &mut SipLine, number: &str) {
    line.perform(Command::Dial {
        leg: CALLEE,
        to: DialTarget::Number(Number::new(number).unwrap()),
        from: Caller::Known(Address::new("+14155550123").unwrap()),
        from_name: None,
        headers: std::collections::BTreeMap::new(),
    });
}

/// The next packet that has come there.
async fn heard(socket: &UdpSocket) -> Packet {
    let mut buffer = vec![0; 2048];
    let (length, _) = timeout(LONG, socket.recv_from(&mut buffer))
        .await
        .expect("sound")
        .unwrap();
    Packet::decode(&bytes::Bytes::copy_from_slice(&buffer[..length])).unwrap()
}

/// Whether of so many packets that come there none is left out.
async fn all_come(socket: &UdpSocket, packets: u16) -> bool {
    let mut last = heard(socket).await.sequence;
    for _ in 0..packets {
        let next = heard(socket).await.sequence;
        if next != last.wrapping_add(1) {
            return false;
        }
        last = next;
    }
    true
}

/// A stranger cannot have our sound sent to somebody else: a few packets a second, until whoever is
/// there speaks.
#[tokio::test]
async fn who_was_not_heard_is_sent_little() {
    for (net, exempt) in [("127.75.1", false), ("127.75.2", true)] {
        let mut config = config(&format!("{net}.1"));
        if exempt {
            config.protection.exempt = vec![format!("{net}.2").parse().unwrap()];
        }
        let mut adapter = bind(config).await;
        let mut raw = Raw::new(&format!("{net}.2"), adapter.local_addr()).await;
        let elsewhere = UdpSocket::bind((format!("{net}.8"), 0)).await.unwrap();
        let there = elsewhere.local_addr().unwrap();
        let sdp = SDP
            .replace("127.0.0.1", &there.ip().to_string())
            .replace("40000", &there.port().to_string());
        raw.send(&raw.request("INVITE", "i", 1, "", "", &sdp)).await;
        let mut line = next_call(&mut adapter).await.line;
        let began = Instant::now();
        line.perform(Command::Answer { leg: CALLER });
        let ok = raw.until("SIP/2.0 200").await;
        raw.send(&raw.request("ACK", "a", 1, &to_tag(&ok), "", ""))
            .await;
        notice(&mut line).await;
        let (leg, play) = (CALLER, PlayId(1));
        let sound = Sound::Music;
        line.perform(Command::Play { leg, play, sound });
        if exempt {
            assert!(all_come(&elsewhere, 20).await);
            continue;
        }
        let mut came = 0;
        while came < 12 {
            heard(&elsewhere).await;
            came += 1;
        }
        // 12 packets are those of three seconds at least, two of which are whole ones.
        assert!(
            began.elapsed() >= Duration::from_secs(1),
            "{:?}",
            began.elapsed()
        );
        let port: u16 = ok
            .split("m=audio ")
            .nth(1)
            .unwrap()
            .split(' ')
            .next()
            .unwrap()
            .parse()
            .unwrap();
        let ours = (adapter.local_addr().ip(), port);
        elsewhere
            .send_to(&packet(0, 1, 160, 7, &[0xFF; 160]), ours)
            .await
            .unwrap();
        let freed = async { while !all_come(&elsewhere, 10).await {} };
        timeout(LONG, freed)
            .await
            .expect("who is heard is sent all");
    }
}

#[tokio::test]
async fn nothing_is_sent_to_many_at_once() {
    let adapter = adapter("127.75.3.1").await;
    let mut raw = Raw::new("127.75.3.2", adapter.local_addr()).await;
    for (at, address) in ["224.2.1.1/127", "255.255.255.255"].into_iter().enumerate() {
        let sdp = SDP.replace("c=IN IP4 127.0.0.1", &format!("c=IN IP4 {address}"));
        raw.call_id = format!("many-{at}");
        raw.send(&raw.request("INVITE", &format!("m{at}"), 1, "", "", &sdp))
            .await;
        let refused = raw.until("SIP/2.0 4").await;
        assert!(refused.starts_with("SIP/2.0 488"), "{refused}");
        assert!(
            header(&refused, "Warning").unwrap().starts_with("330 "),
            "{refused}"
        );
    }
}

/// RFC 3261, section 8.2.3.
#[tokio::test]
async fn a_packed_body_is_refused() {
    let adapter = adapter("127.75.7.1").await;
    let mut raw = Raw::new("127.75.7.2", adapter.local_addr()).await;
    let packed = "Content-Encoding: gzip\r\n";
    raw.send(&raw.request("INVITE", "z", 1, "", packed, SDP))
        .await;
    let refused = raw.until("SIP/2.0 415").await;
    assert_eq!(header(&refused, "Accept-Encoding"), Some("identity"));
}

/// Every answer brings another question: it is not answered for ever.
#[tokio::test]
async fn who_asks_again_and_again_is_left() {
    let mut raw = Raw::new("127.75.4.2", "127.75.4.1:1".parse().unwrap()).await;
    let trunk = Trunk {
        credentials: Some(Credentials {
            user: "us".to_owned(),
            password: "pw".into(),
        }),
        ..Trunk::new("carrier", &format!("sip:{}", raw.addr))
    };
    let mut adapter = bind(Config {
        trunks: vec![trunk],
        ..config("127.75.4.1")
    })
    .await;
    let mut caller = Raw::new("127.75.4.3", adapter.local_addr()).await;
    let mut line = called(&mut adapter, &mut caller).await;
    dial_number(&mut line, "+13145550100");
    for n in 0..5 {
        let invite = raw.until("INVITE").await;
        let ask = format!(
            "Proxy-Authenticate: Digest realm=\"c\",nonce=\"n{n}\",qop=\"auth\",stale=true\r\n"
        );
        raw.send(&raw.response(&invite, "407 Proxy", ";tag=p", &ask, ""))
            .await;
        raw.until("ACK").await;
    }
    assert_eq!(ended(&mut line, CALLEE).await.sip_code, Some(407));
}

/// Two calls find the first trunk silent and the second one free: one of them has it.
#[tokio::test]
async fn a_trunk_bears_no_more_calls_than_it_may() {
    let silent = Raw::new("127.75.5.2", "127.75.5.1:1".parse().unwrap()).await;
    let mut narrow = Raw::new("127.75.5.3", "127.75.5.1:1".parse().unwrap()).await;
    let mut adapter = bind(Config {
        trunks: vec![
            Trunk::new("silent", &format!("sip:{}", silent.addr)),
            Trunk {
                max_calls: 1,
                ..Trunk::new("narrow", &format!("sip:{}", narrow.addr))
            },
        ],
        no_provisional: Duration::from_millis(300),
        ..config("127.75.5.1")
    })
    .await;
    let mut lines = Vec::new();
    for ip in ["127.75.5.4", "127.75.5.5"] {
        let mut caller = Raw::new(ip, adapter.local_addr()).await;
        let mut line = called(&mut adapter, &mut caller).await;
        dial_number(&mut line, "+13145550100");
        lines.push(line);
    }
    let invite = narrow.until("INVITE").await;
    let ringing = narrow.response(&invite, "180 Ringing", ";tag=n", "", "");
    narrow.send(&ringing).await;
    let (one, other) = lines.split_at_mut(1);
    let mut notices = Vec::new();
    for line in [&mut one[0], &mut other[0]] {
        notices.push(format!("{:?}", notice(line).await.unwrap()));
    }
    notices.sort();
    assert!(
        notices[0].contains("LegEnded") && notices[0].contains("Unreachable"),
        "{notices:?}"
    );
    assert!(notices[1].contains("LegRinging"), "{notices:?}");
}

/// A TLS destination that no setting speaks of is dialed all the same.
#[tokio::test]
async fn a_tls_destination_is_dialed_whoever_names_it() {
    let listener = TcpListener::bind("127.75.6.3:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let mut adapter = adapter("127.75.6.1").await;
    let mut caller = Raw::new("127.75.6.2", adapter.local_addr()).await;
    let mut line = called(&mut adapter, &mut caller).await;
    dial(&mut line, CALLEE, &format!("sip:bob@{addr};transport=tls"));
    let (stream, _) = timeout(LONG, listener.accept())
        .await
        .expect("a connection")
        .unwrap();
    let mut first = [0; 1];
    stream.readable().await.unwrap();
    timeout(LONG, stream.peek(&mut first))
        .await
        .expect("a hello")
        .unwrap();
    assert_eq!(first, [0x16], "a handshake of TLS");
}
