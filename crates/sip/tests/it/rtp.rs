//! Sound as it is on the wire: latching, packet sizes, payloads that nobody asked for.

use std::net::SocketAddr;
use std::time::Duration;

use callroute_media::{Command, Line, Notice, PlayId, Sound};
use callroute_schema::Digit;
use callroute_sip::{Config, SipAdapter, SipLine, Srtp};
use sipx_rtp::srtp::{Context, Profile};
use tokio::net::UdpSocket;
use tokio::time::timeout;

use crate::raw::{Raw, SDP, to_tag};
use crate::support::{CALLER, LONG, adapter, config, expect, next_call};

pub(crate) fn packet(
    payload_type: u8,
    sequence: u16,
    timestamp: u32,
    ssrc: u32,
    payload: &[u8],
) -> Vec<u8> {
    let mut out = vec![0x80, payload_type];
    out.extend(sequence.to_be_bytes());
    out.extend(timestamp.to_be_bytes());
    out.extend(ssrc.to_be_bytes());
    out.extend(payload);
    out
}

pub(crate) struct Answered {
    pub(crate) line: SipLine,
    pub(crate) media: SocketAddr,
    pub(crate) tag: String,
    /// The 200.
    ok: String,
    pub(crate) held: (SipAdapter, Raw),
}

pub(crate) async fn answered(net: &str, sdp: &str) -> Answered {
    answered_by(adapter(&format!("{net}.1")).await, net, sdp).await
}

pub(crate) async fn answered_by(mut adapter: SipAdapter, net: &str, sdp: &str) -> Answered {
    let mut raw = Raw::new(&format!("{net}.2"), adapter.local_addr()).await;
    raw.send(&raw.request("INVITE", "a", 1, "", "", sdp)).await;
    let mut line = next_call(&mut adapter).await.line;
    line.perform(Command::Answer { leg: CALLER });
    let ok = raw.until("SIP/2.0 200").await;
    raw.send(&raw.request("ACK", "c", 1, &to_tag(&ok), "", ""))
        .await;
    expect(&mut line, Notice::LegAnswered { leg: CALLER }).await;
    let port = ok
        .split("m=audio ")
        .nth(1)
        .unwrap()
        .split(' ')
        .next()
        .unwrap();
    let media = format!("{net}.1:{port}").parse().unwrap();
    Answered {
        line,
        media,
        tag: to_tag(&ok),
        ok,
        held: (adapter, raw),
    }
}

pub(crate) async fn hears(socket: &UdpSocket) -> Vec<u8> {
    let mut buffer = vec![0; 2048];
    let length = timeout(LONG, socket.recv(&mut buffer))
        .await
        .expect("sound")
        .unwrap();
    buffer.truncate(length);
    buffer
}

#[tokio::test]
async fn sound_goes_where_sound_comes_from() {
    // The description names an address that nobody listens on, or none at all (port 9).
    let elsewhere = SDP.replace("c=IN IP4 127.0.0.1", "c=IN IP4 127.27.1.99");
    let nowhere = SDP.replace("40000", "9");
    for (net, sdp) in [("127.27.1", elsewhere), ("127.27.2", nowhere)] {
        let mut a = answered(net, &sdp).await;
        a.line.perform(Command::Play {
            leg: CALLER,
            play: PlayId(1),
            sound: Sound::Ringback,
        });
        let socket = UdpSocket::bind(format!("{net}.2:0")).await.unwrap();
        socket
            .send_to(&packet(0, 1, 160, 7, &[0xff; 160]), a.media)
            .await
            .unwrap();
        let first = hears(&socket).await;
        let second = hears(&socket).await;
        assert_eq!((first.len(), first[1] & 0x7f), (172, 0), "20 ms of PCMU");
        let number = |p: &[u8]| u16::from_be_bytes([p[2], p[3]]);
        let time = |p: &[u8]| u32::from_be_bytes([p[4], p[5], p[6], p[7]]);
        assert_eq!(number(&second), number(&first).wrapping_add(1));
        assert_eq!(time(&second), time(&first).wrapping_add(160));
        assert_eq!(first[8..12], second[8..12], "one SSRC");
        // The source is locked: neither a stranger nor one who knows the SSRC takes it over.
        let send = async |socket: &UdpSocket, sequence, ssrc| {
            let packet = packet(0, sequence, u32::from(sequence) * 160, ssrc, &[0xff; 160]);
            socket.send_to(&packet, a.media).await.unwrap();
        };
        send(&socket, 2, 7).await;
        send(&socket, 3, 7).await;
        hears(&socket).await;
        let stranger = UdpSocket::bind(format!("{net}.3:0")).await.unwrap();
        let thief = UdpSocket::bind(format!("{net}.4:0")).await.unwrap();
        for sequence in 4..20 {
            send(&stranger, sequence, 8).await;
            send(&thief, sequence, 7).await;
        }
        let mut buffer = [0; 64];
        for other in [&stranger, &thief] {
            let heard = timeout(Duration::from_millis(100), other.recv(&mut buffer)).await;
            assert!(heard.is_err(), "a stranger hears nothing");
        }
        // A re-INVITE that says the same again opens nothing, and the sound stays where it is.
        let (_, raw) = &mut a.held;
        let newer = sdp.replace("o=- 1 1", "o=- 1 2");
        let moved = UdpSocket::bind(format!("{net}.2:0")).await.unwrap();
        for (number, sdp) in [(2, &sdp), (3, &newer)] {
            let (invite, ack) = (format!("i{number}"), format!("a{number}"));
            raw.send(&raw.request("INVITE", &invite, number, &a.tag, "", sdp))
                .await;
            raw.until("SIP/2.0 200").await;
            raw.send(&raw.request("ACK", &ack, number, &a.tag, "", ""))
                .await;
            if number == 2 {
                for sequence in 20..30 {
                    send(&thief, sequence, 7).await;
                }
                let heard = timeout(Duration::from_millis(100), thief.recv(&mut buffer)).await;
                assert!(heard.is_err(), "a thief hears nothing after a refresh");
                while socket.try_recv(&mut buffer).is_ok() {}
                hears(&socket).await;
            }
        }
        // Another one lets the party move: behind a NAT, its mapping has changed.
        for sequence in 30..50 {
            send(&moved, sequence, 7).await;
        }
        hears(&moved).await;
    }
}

/// A description of a private address, and somebody who sends before the party does.
#[tokio::test]
async fn a_stray_packet_steals_no_sound() {
    let hidden = SDP.replace("c=IN IP4 127.0.0.1", "c=IN IP4 192.168.77.7");
    let mut a = answered("127.27.6", &hidden).await;
    let (leg, play, sound) = (CALLER, PlayId(1), Sound::Ringback);
    a.line.perform(Command::Play { leg, play, sound });
    let thief = UdpSocket::bind("127.27.6.66:0").await.unwrap();
    let party = UdpSocket::bind("127.27.6.2:0").await.unwrap();
    for (socket, ssrc) in [(&thief, 9), (&party, 7)] {
        for sequence in 1..4 {
            let packet = packet(0, sequence, u32::from(sequence) * 160, ssrc, &[0xff; 160]);
            socket.send_to(&packet, a.media).await.unwrap();
        }
    }
    hears(&party).await;
    let mut buffer = [0; 256];
    while thief.try_recv(&mut buffer).is_ok() {}
    let heard = timeout(Duration::from_millis(100), thief.recv(&mut buffer)).await;
    assert!(heard.is_err(), "the thief hears nothing any more");
}

#[tokio::test]
async fn odd_packets_disturb_nothing_and_keys_are_told_once() {
    let mut a = answered("127.27.3", &SDP.replace("101", "96")).await;
    let socket = UdpSocket::bind("127.27.3.2:0").await.unwrap();
    let send = async |bytes: Vec<u8>| {
        socket.send_to(&bytes, a.media).await.unwrap();
    };
    send(vec![]).await;
    send(vec![0x80]).await;
    send(vec![0xff; 1400]).await;
    send(packet(13, 1, 0, 7, &[60])).await;
    send(packet(0, 2, 160, 7, &[0xff; 80])).await;
    send(packet(0, 3, 240, 7, &[0xff; 240])).await;
    send(packet(102, 4, 480, 7, &[5, 0x8a, 3, 0x20])).await;
    for sequence in 5..12 {
        let end = if sequence >= 9 { 0x8a } else { 0x0a };
        send(packet(96, sequence, 640, 7, &[11, end, 3, 0x20])).await;
    }
    let digit = Digit::new('#').unwrap();
    expect(&mut a.line, Notice::Digit { leg: CALLER, digit }).await;
    send(packet(96, 12, 1800, 9, &[1, 0x8a, 3, 0x20])).await;
    let digit = Digit::new('1').unwrap();
    expect(&mut a.line, Notice::Digit { leg: CALLER, digit }).await;
}

/// A far end without telephone events presses its keys in the sound, to the letter of Q.24: 40 ms.
#[tokio::test]
async fn keys_in_the_sound_are_told_where_there_are_no_events() {
    let plain = SDP
        .replace("AVP 0 101", "AVP 8")
        .replace("a=rtpmap:101 telephone-event/8000\r\n", "");
    let mut a = answered("127.27.4", &plain).await;
    let socket = UdpSocket::bind("127.27.4.2:0").await.unwrap();
    let mut sound = Vec::new();
    for key in "159D#".chars() {
        sound.extend(callroute_audio::dtmf::render(key, 40).unwrap().samples());
        sound.resize(sound.len() + 480, 0);
    }
    for (at, frame) in sound.chunks(160).enumerate() {
        let mut payload = Vec::new();
        callroute_audio::Law::A.encode(frame, &mut payload);
        let number = u16::try_from(at).unwrap();
        let packet = packet(8, number, u32::from(number) * 160, 7, &payload);
        socket.send_to(&packet, a.media).await.unwrap();
    }
    for key in "159D#".chars() {
        let digit = Digit::new(key).unwrap();
        expect(&mut a.line, Notice::Digit { leg: CALLER, digit }).await;
    }
}

/// RFC 4568, section 6.2.2: who offers nothing but packets with a proof of 32 bits gets them.
#[tokio::test]
async fn packets_with_the_short_proof_are_sent_and_opened() {
    let inline = "inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz";
    let sdp = SDP.replace("RTP/AVP", "RTP/SAVP");
    let sdp = format!("{sdp}a=crypto:4 AES_CM_128_HMAC_SHA1_32 {inline}|2^20\r\n");
    let config = Config {
        srtp: Srtp::Always,
        ..config("127.27.5.1")
    };
    let adapter = SipAdapter::bind(config).await.unwrap();
    let mut a = answered_by(adapter, "127.27.5", &sdp).await;
    assert!(a.ok.contains("RTP/SAVP 0 101\r\n"), "{}", a.ok);
    assert!(a.ok.contains("a=crypto:4 AES_CM_128_HMAC_SHA1_32 inline:"));
    let theirs = format!("1 AES_CM_128_HMAC_SHA1_80 {inline}");
    let theirs = sipx_sdp::crypto::Crypto::parse(&theirs).unwrap();
    let (profile, key) = (Profile::AesCm128HmacSha1_80, theirs.master_key());
    let mut context = Context::new(profile, key, theirs.master_salt()).unwrap();
    let socket = UdpSocket::bind("127.27.5.2:0").await.unwrap();
    for sequence in 1..4 {
        let event = packet(101, sequence, 160, 7, &[9, 0x8a, 3, 0x20]);
        let mut sealed = context.protect(&event).unwrap();
        // The short proof is the beginning of the long one.
        sealed.truncate(sealed.len() - 6);
        socket.send_to(&sealed, a.media).await.unwrap();
    }
    let digit = Digit::new('9').unwrap();
    expect(&mut a.line, Notice::Digit { leg: CALLER, digit }).await;
    let (leg, play, sound) = (CALLER, PlayId(1), Sound::Beep);
    a.line.perform(Command::Play { leg, play, sound });
    let heard = hears(&socket).await;
    assert_eq!((heard.len(), heard[1] & 0x7f), (12 + 160 + 4, 0));
}
