//! Bound to `[::]`, for both families: IPv4 peers are told IPv4 addresses.

use std::net::SocketAddr;

use callroute_media::{Command, Line, Notice, OfferedCall, PlayId, Sound};
use callroute_sip::redirect::{self, Redirector, Responder, Verdict};
use callroute_sip::{Config, SipAdapter};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use crate::raw::{Raw, SDP, header, to_tag};
use crate::rtp::{hears, packet};
use crate::support::{CALLEE, CALLER, LONG, any_port, config, dial, expect, next_call};

fn loopback(bound: SocketAddr) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], bound.port()))
}

#[tokio::test]
async fn an_ipv4_telephone_calls_and_is_called() {
    let mut adapter = SipAdapter::bind(Config {
        listen: any_port("::"),
        // Bound to every address, they are nobody else's.
        rtp_ports: 14_000..=14_099,
        ..config("127.33.1.1")
    })
    .await
    .unwrap();
    let peer = loopback(adapter.local_addr());
    let mut raw = Raw::new("127.33.1.2", peer).await;
    let socket = UdpSocket::bind("127.33.1.2:0").await.unwrap();
    let port = socket.local_addr().unwrap().port().to_string();
    let sdp = SDP
        .replace("127.0.0.1", "127.33.1.2")
        .replace("40000", &port);
    raw.send(&raw.request("INVITE", "a", 1, "", "", &sdp)).await;
    let mut line = next_call(&mut adapter).await.line;
    line.perform(Command::Answer { leg: CALLER });
    let ok = raw.until("SIP/2.0 200").await;
    assert!(!ok.contains("::"), "{ok}");
    assert!(ok.contains("c=IN IP4 127."), "{ok}");
    let contact = header(&ok, "Contact").unwrap();
    assert!(contact.starts_with("<sip:127."), "{contact}");
    raw.send(&raw.request("ACK", "c", 1, &to_tag(&ok), "", ""))
        .await;
    expect(&mut line, Notice::LegAnswered { leg: CALLER }).await;

    // Sound goes where the description says, and then where it comes from.
    let (leg, play, sound) = (CALLER, PlayId(1), Sound::Ringback);
    line.perform(Command::Play { leg, play, sound });
    hears(&socket).await;
    let moved = UdpSocket::bind("127.33.1.2:0").await.unwrap();
    let media = ok.split("m=audio ").nth(1).unwrap().split(' ').next();
    let media = format!("127.0.0.1:{}", media.unwrap());
    for sequence in 1..9 {
        let packet = packet(0, sequence, 160, 7, &[0xff; 160]);
        moved.send_to(&packet, &media).await.unwrap();
    }
    hears(&moved).await;

    let mut callee = Raw::new("127.33.1.3", peer).await;
    dial(&mut line, CALLEE, &format!("sip:bob@{}", callee.addr));
    let invite = callee.until("INVITE").await;
    assert!(invite.contains("c=IN IP4 127."), "{invite}");

    let mut stream = TcpStream::connect(peer).await.unwrap();
    let options = raw.request("OPTIONS", "t", 3, "", "", "");
    let options = options.replace("SIP/2.0/UDP 127.33.1.2", "SIP/2.0/TCP named.example");
    stream.write_all(options.as_bytes()).await.unwrap();
    let mut buffer = vec![0; 4096];
    let read = timeout(LONG, stream.read(&mut buffer)).await.unwrap();
    let text = String::from_utf8_lossy(&buffer[..read.unwrap()]).into_owned();
    assert!(text.contains(";received=127.0.0.1"), "{text}");
}

#[tokio::test]
async fn an_ipv4_switch_is_redirected() {
    let decide = |_: &OfferedCall, responder: Responder| {
        let contacts = vec!["sip:gw@192.0.2.7".to_owned()];
        responder.answer(Verdict::Redirect { contacts });
    };
    let mut config = redirect::Config::new(any_port("::"));
    config.protection.exempt = vec!["127.33.2.2".parse().unwrap()];
    let redirector = Redirector::start(&config, decide).unwrap();
    let mut raw = Raw::new("127.33.2.2", loopback(redirector.local_addr())).await;
    let invite = raw.request("INVITE", "a", 1, "", "", SDP);
    raw.send(&invite.replacen("127.33.2.2:", "named.example:", 1))
        .await;
    let moved = raw.until("SIP/2.0 302").await;
    assert!(moved.contains(";received=127.33.2.2"), "{moved}");
}
