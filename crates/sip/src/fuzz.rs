//! What the fuzz targets call: everything that reads bytes from the network.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use callroute_audio::codec::{Band, Codec};
use sipx_rtp::packet::Packet;
use sipx_sip::{Limits, Message, StreamParser, parse_datagram};
use sipx_transport::{Target, TransportKind};

use crate::convert;
use crate::dialog::Dialog;
use crate::endpoint::{Incoming, bad_request, limits};
use crate::message::{Reply, hops, q850, reason_text, tags};
use crate::rtp::control::{Control, is_control};
use crate::rtp::crypt::Opener;
use crate::rtp::dtmf::Keys;
use crate::rtp::ear::Ear;
use crate::rtp::latch::Latch;
use crate::rtp::voice::Voice;
use crate::screen::refusal;
use crate::sdp::{Local, answer, read};
use crate::stack::token;

/// A datagram: read, judged, refused, redirected, turned into an offer and a dialog.
pub fn sip(bytes: &[u8]) {
    let _ = bad_request(bytes);
    crate::redirect::fuzz(bytes);
    let Ok(message) = parse_datagram(Bytes::copy_from_slice(bytes), &Limits::datagram()) else {
        return;
    };
    let headers = message.headers();
    let _ = (hops(headers), q850(headers), reason_text(headers));
    let _ = tags(headers, &sipx_sip::HeaderName::Require).count();
    let _ = crate::refer::target(headers, |_| true);
    let _ = crate::refer::Replaces::of(headers);
    let Message::Request(request) = message else {
        return;
    };
    let reply = refusal(&request).unwrap_or_else(|| Reply::new(200));
    // A response to it can be read again, or is not made.
    if let Ok(response) = reply.tag(&token()).to(&request) {
        let bytes = Message::Response(response).to_bytes();
        assert!(parse_datagram(bytes, &Limits::stream()).is_ok());
    }
    let _ = crate::way::Way::of(&request, true);
    let _ = Dialog::from_invite(&request, "tag", "<sip:us@192.0.2.1>".to_owned());
    if let Some(key) = crate::endpoint::Keys::default().of_request(&request) {
        let incoming = Incoming {
            key,
            request,
            flow: Target::new(SocketAddr::from(([192, 0, 2, 1], 5060)), TransportKind::Udp),
            seen: crate::endpoint::Seen::default(),
        };
        let _ = convert::offer(&incoming, None, true);
    }
}

/// A session description: read, and answered by one that can be read.
pub fn sdp(bytes: &[u8]) {
    if let Ok(remote) = read(bytes, Codec::ALL) {
        let local = Local {
            media: SocketAddr::from(([192, 0, 2, 1], 4000)),
            peer: None,
            vouched: true,
            session: 1,
            version: 1,
            key: crate::sdp::Keys::new(),
            encrypts: false,
            noise: true,
            agreement: None,
        };
        let answer = answer(&local, &remote);
        assert!(sipx_sdp::parse(&answer).is_ok(), "{answer}");
    }
}

/// What a connection brings, in pieces as long as the first byte says: the same messages as in one.
pub fn stream(bytes: &[u8]) {
    let Some((length, bytes)) = bytes.split_first() else {
        return;
    };
    let (mut whole, mut parts) = (StreamParser::new(limits()), StreamParser::new(limits()));
    let mut found = 0;
    for part in bytes.chunks(usize::from(*length).max(1)) {
        match parts.push(part) {
            Ok(messages) => found += messages.len(),
            Err(_) => return,
        }
    }
    let all = whole.push(bytes).map(|messages| messages.len());
    assert_eq!(all.ok(), Some(found));
}

/// Packets and reports of somebody who does not have the key: none is taken.
pub fn srtp(bytes: &[u8]) {
    let bytes = Bytes::copy_from_slice(bytes);
    for key in crate::sdp::Keys::new().iter().flat_map(|keys| keys.all()) {
        let mut opener = Opener::default();
        opener.agree(Some(key));
        assert_eq!(opener.packet(bytes.clone()), None);
        assert_eq!(opener.report(bytes.clone()), None);
    }
}

/// RTP packets, each with its length in a byte before it.
pub fn rtp(mut bytes: &[u8]) {
    let (mut latch, mut keys) = (Latch::default(), Keys::default());
    let mut control = Control::new(1, 1);
    let (mut ear, mut voice) = (Ear::default(), Voice::new(Band::Wide));
    let mut at = 0u16;
    while let Some((length, rest)) = bytes.split_first() {
        let Some((packet, after)) = rest.split_at_checked(usize::from(*length)) else {
            return;
        };
        bytes = after;
        at = at.wrapping_add(1);
        let _ = is_control(packet);
        let _ = control.heard(Duration::ZERO, 1, &Bytes::copy_from_slice(packet));
        if let Ok(packet) = Packet::decode(&Bytes::copy_from_slice(packet)) {
            let from = SocketAddr::from(([192, 0, 2, 1], at));
            let _ = latch.packet(from, packet.ssrc, packet.sequence);
            let _ = keys.packet(packet.ssrc, packet.timestamp, &packet.payload);
            let mut codecs = Codec::ALL.iter().cycle();
            let Some(codec) = codecs.nth(packet.payload_type.into()) else {
                continue;
            };
            for heard in ear.push(&packet, *codec) {
                voice.push(1, heard.at, heard.band, &heard.samples);
            }
            let _ = voice.take();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    /// Every torture message, and all that is left of it when it is cut off or a byte of it is another.
    fn pieces() -> Vec<Vec<u8>> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/torture");
        let mut all = Vec::new();
        for rfc in ["rfc4475", "rfc5118"] {
            for entry in fs::read_dir(folder.join(rfc)).unwrap() {
                let whole = fs::read(entry.unwrap().path()).unwrap();
                for at in (0..whole.len()).step_by(23) {
                    all.push(whole[..at].to_vec());
                    let mut other = whole.clone();
                    other[at] ^= 1 + u8::try_from(at % 127).unwrap();
                    all.push(other);
                }
                all.push(whole);
            }
        }
        assert!(all.len() > 1000, "{}", all.len());
        all
    }

    #[test]
    fn messages() {
        for piece in pieces() {
            super::sip(&piece);
            for length in [1, 7, 200] {
                super::stream(&[&[length], piece.as_slice()].concat());
            }
        }
    }

    #[test]
    fn descriptions() {
        let mut read = 0;
        for piece in pieces() {
            let head = piece.windows(4).position(|end| end == b"\r\n\r\n");
            if let Some(body) = head.and_then(|at| piece.get(at + 4..)) {
                super::sdp(body);
                read += usize::from(body.starts_with(b"v=0"));
            }
        }
        assert!(read > 100, "{read}");
    }

    #[test]
    fn packets() {
        let packet = |second: u8, sequence: u16, length: usize| {
            let mut packet = vec![0x80, second];
            packet.extend(sequence.to_be_bytes());
            packet.extend((u32::from(sequence) * 160).to_be_bytes());
            packet.extend([0, 0, 0, 7]);
            packet.extend((0..length).map(|at| (at * 37 % 256) as u8));
            packet
        };
        let mut all = Vec::new();
        for kind in 0..=255 {
            for (sequence, length) in [(1, 160), (2, 0), (40_000, 4), (3, 1), (65_535, 33)] {
                all.push(packet(kind, sequence, length));
            }
        }
        let mut bytes = Vec::new();
        for packet in all {
            for cut in [packet.len(), 12, 11, 4, 1] {
                let part = &packet[..cut.min(packet.len())];
                super::srtp(part);
                bytes.push(u8::try_from(part.len()).unwrap());
                bytes.extend(part);
            }
        }
        super::rtp(&bytes);
    }
}
