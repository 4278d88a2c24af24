//! Keys between two parties that send them in different ways: telephone events (RFC 4733), SIP INFO, and the
//! sound itself.

use std::net::SocketAddr;

use callroute_audio::dtmf::Detector;
use callroute_audio::law::Law;
use callroute_media::{Command, Line, Notice};
use callroute_schema::Digit;
use callroute_sip::{SipAdapter, SipLine};
use tokio::net::UdpSocket;
use tokio::time::timeout;

use crate::raw::{Raw, SDP, to_tag};
use crate::support::{CALLEE, CALLER, LONG, adapter, dial, expect, next_call, notice, uri};

/// Two parties who are bridged.
struct Parties {
    _adapter: SipAdapter,
    line: SipLine,
    caller: Raw,
    tag: String,
    near: UdpSocket,
    far: UdpSocket,
    /// Where the caller's sound goes.
    to: SocketAddr,
}

fn media(message: &str) -> SocketAddr {
    let after = |start: &str| {
        let line = message.lines().find_map(|line| line.strip_prefix(start));
        line.unwrap().split(' ').next().unwrap().to_owned()
    };
    format!("{}:{}", after("c=IN IP4 "), after("m=audio "))
        .parse()
        .unwrap()
}

async fn bridged(net: &str, callee_takes_events: bool) -> Parties {
    let mut adapter = adapter(&format!("{net}.1")).await;
    let mut caller = Raw::new(&format!("{net}.2"), adapter.local_addr()).await;
    let mut callee = Raw::new(&format!("{net}.3"), adapter.local_addr()).await;
    let near = UdpSocket::bind((format!("{net}.2"), 0)).await.unwrap();
    let far = UdpSocket::bind((format!("{net}.3"), 0)).await.unwrap();
    let sdp = |socket: &UdpSocket| {
        let addr = socket.local_addr().unwrap();
        SDP.replace("127.0.0.1", &addr.ip().to_string())
            .replace("40000", &addr.port().to_string())
    };
    caller
        .send(&caller.request("INVITE", "i", 1, "", "", &sdp(&near)))
        .await;
    let mut line = next_call(&mut adapter).await.line;
    line.perform(Command::Answer { leg: CALLER });
    let ok = caller.until("SIP/2.0 200").await;
    let tag = to_tag(&ok);
    caller
        .send(&caller.request("ACK", "a", 1, &tag, "", ""))
        .await;
    expect(&mut line, Notice::LegAnswered { leg: CALLER }).await;
    dial(&mut line, CALLEE, &uri(callee.addr));
    let invite = callee.until("INVITE").await;
    let mut body = sdp(&far);
    if !callee_takes_events {
        body = body
            .replace("AVP 0 101", "AVP 0")
            .replace("a=rtpmap:101 telephone-event/8000\r\n", "");
    }
    callee
        .send(&callee.response(&invite, "200 OK", ";tag=b", "", &body))
        .await;
    callee.until("ACK").await;
    expect(&mut line, Notice::LegAnswered { leg: CALLEE }).await;
    line.perform(Command::Bridge {
        a: CALLER,
        b: CALLEE,
    });
    Parties {
        _adapter: adapter,
        line,
        caller,
        tag,
        near,
        far,
        to: media(&ok),
    }
}

impl Parties {
    /// The caller presses a key: three packets of its end, as a network may leave of it.
    async fn sends_event(&self, number: u16, event: u8) {
        for copy in 0..3 {
            let mut packet = vec![0x80, 101];
            packet.extend((number * 10 + copy).to_be_bytes());
            packet.extend((u32::from(number) * 1600).to_be_bytes());
            packet.extend(7u32.to_be_bytes());
            packet.extend([event, 0x8a, 3, 0x20]);
            self.near.send_to(&packet, self.to).await.unwrap();
        }
    }

    /// The caller says so by INFO.
    async fn sends_info(&mut self, sequence: u32, digit: char) {
        let body = format!("Signal={digit}\r\nDuration=160\r\n");
        let info = self.caller.request(
            "INFO",
            &format!("n{sequence}"),
            sequence,
            &self.tag,
            "",
            &body,
        );
        self.caller
            .send(&info.replace("application/sdp", "application/dtmf-relay"))
            .await;
        self.caller.until("SIP/2.0 200").await;
    }

    /// The router is told of the key, once.
    async fn is_told(&mut self, digit: char) {
        let digit = Digit::new(digit).unwrap();
        let told = notice(&mut self.line).await;
        assert_eq!(told, Some(Notice::Digit { leg: CALLER, digit }));
    }

    /// The next packet that the callee gets.
    async fn packet(&self) -> Vec<u8> {
        let mut buffer = [0; 2048];
        let (length, _) = timeout(LONG, self.far.recv_from(&mut buffer))
            .await
            .expect("a packet")
            .unwrap();
        buffer[..length].to_vec()
    }
}

#[tokio::test]
async fn who_takes_no_events_hears_keys() {
    let mut parties = bridged("127.69.1", false).await;
    let mut detector = Detector::default();
    parties.sends_event(1, 5).await;
    parties.is_told('5').await;
    for (at, digit) in ['5', '7', '8'].into_iter().enumerate() {
        let mut heard = Vec::new();
        while heard.is_empty() {
            let packet = parties.packet().await;
            assert_eq!(packet[1] & 0x7f, 0, "it is sound");
            let mut samples = Vec::new();
            Law::Mu.decode(&packet[12..], &mut samples);
            heard = detector.push(&samples);
        }
        assert_eq!(heard, [digit]);
        match at {
            0 => {
                parties.sends_event(2, 7).await;
                parties.is_told('7').await;
            }
            1 => {
                parties.sends_info(2, '8').await;
                parties.is_told('8').await;
            }
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_key_by_info_is_an_event_for_who_takes_them() {
    let mut parties = bridged("127.69.2", true).await;
    parties.sends_info(2, '9').await;
    parties.is_told('9').await;
    let mut stamps = Vec::new();
    loop {
        let packet = parties.packet().await;
        if packet[1] & 0x7f != 101 {
            continue;
        }
        assert_eq!(packet[12], 9);
        stamps.push(packet[4..8].to_vec());
        // Its end is said three times.
        if stamps.len() == 8 {
            break;
        }
    }
    stamps.dedup();
    assert_eq!(stamps.len(), 1, "it is one key");
}
