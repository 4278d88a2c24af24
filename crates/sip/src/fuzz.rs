//! What the fuzz targets call: everything that reads bytes from the network.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use callroute_audio::codec::{Band, Codec};
use sipx_rtp::packet::Packet;
use sipx_sip::{Limits, Message, parse_datagram};
use sipx_transport::{Target, TransportKind};

use crate::convert;
use crate::dialog::Dialog;
use crate::endpoint::{Incoming, bad_request};
use crate::message::{Reply, hops, q850, reason_text, tags};
use crate::rtp::control::{Control, is_control};
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
