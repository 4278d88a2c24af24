//! What a leg hears: packets that are relayed, decoded, counted; and reports of the far end.

use std::net::SocketAddr;
use std::sync::{PoisonError, Weak};

use bytes::Bytes;
use callroute_audio::codec::{Band, Codec};
use callroute_media::Notice;
use callroute_schema::Digit;
use sipx_rtp::packet::Packet;
use sipx_rtp::quality::ntp_now;

use super::{MAX_TAP, Stream};
use crate::family::plain;
use crate::rtp::control::is_control;
use crate::rtp::ear::Heard;
use crate::rtp::latch::Verdict;
use crate::rtp::out::RtpOut;
use crate::rtp::payloads::Payload;
use crate::rtp::steady::Steady;

impl Stream {
    /// Tells the far end how its sound arrives, once there is any.
    pub(super) fn report(&mut self, goodbye: bool) {
        let (sent, _) = self.out.sent();
        if self.source.is_some() || sent.packets > 0 {
            let report = self
                .control
                .report(self.out.elapsed(), ntp_now(), sent, goodbye);
            self.out.report(&report);
        }
    }

    /// A report has come. Who is not the party is not believed.
    pub(super) fn report_heard(&mut self, from: SocketAddr, bytes: Bytes) {
        let Some(bytes) = self.opener.report(bytes) else {
            return;
        };
        if self.source == Some(from.ip())
            && self.control.heard(self.out.elapsed(), ntp_now(), &bytes)
        {
            self.out.report_to(from);
        }
    }

    pub(super) async fn packet(&mut self, from: SocketAddr, bytes: Bytes) {
        if is_control(&bytes) {
            return self.report_heard(from, bytes);
        }
        // Whose packet does not prove itself is nobody's: it neither speaks nor moves anything.
        let Some(bytes) = self.opener.packet(bytes) else {
            return;
        };
        let Ok(packet) = Packet::decode(&bytes) else {
            return;
        };
        let Some(payload) = self.payloads.of(packet.payload_type) else {
            // It may have a number of the party's sound.
            if self.latch.source() == Some(plain(from)) {
                self.skip(&packet);
            }
            return;
        };
        match self.latch.packet(plain(from), packet.ssrc, packet.sequence) {
            Verdict::Dropped => return,
            Verdict::Moved => {
                self.source = Some(from.ip());
                self.out.send_to(from);
            }
            Verdict::Heard => {}
        }
        let sound = match payload {
            Payload::Sound(codec) => Some((codec, packet.timestamp)),
            Payload::Key(_) | Payload::Noise => None,
        };
        self.control
            .packet(self.out.elapsed(), packet.ssrc, packet.sequence, sound);
        let peer = self.peer.as_ref().and_then(Weak::upgrade);
        match payload {
            Payload::Sound(codec) => {
                self.anew = match &peer {
                    Some(peer) => !peer.relay_sound(&packet, codec),
                    None => false,
                };
                match peer {
                    Some(peer) if self.anew => {
                        Steady::of(&mut self.steady, &peer);
                    }
                    _ => self.steady = None,
                }
                self.listen(&packet, codec);
            }
            Payload::Noise => {
                self.skip(&packet);
                let level = packet.payload.first().copied().unwrap_or(127);
                // Behind a jitter buffer it has to wait for what was said before it; and who does
                // not take it is sent what it sounds like.
                if let Some(peer) = peer
                    && (self.anew || !peer.relay_noise(&packet))
                {
                    Steady::of(&mut self.steady, &peer).pause(level);
                }
                if let Some(seat) = &self.seat {
                    seat.pauses(level);
                }
                if let Some(recording) = &mut self.recording {
                    recording.pauses(level);
                }
            }
            Payload::Key(clock) => {
                self.skip(&packet);
                let relayed = |peer: &RtpOut| peer.relay_key(&packet, clock, self.anew);
                let unheard = peer.filter(|peer| !relayed(peer));
                let digit = self
                    .keys
                    .packet(packet.ssrc, packet.timestamp, &packet.payload);
                if let Some(digit) = digit {
                    if let Some(peer) = unheard {
                        peer.press(digit);
                    }
                    self.notices.tell_if_room(Notice::Digit {
                        leg: self.leg,
                        digit,
                    });
                }
            }
        }
    }

    /// Decodes a packet for whoever needs it decoded.
    fn listen(&mut self, packet: &Packet, codec: Codec) {
        if self.steady.is_none()
            && self.recording.is_none()
            && self.tap.is_none()
            && self.inband.is_none()
            && self.seat.is_none()
        {
            self.ear.forget();
            return;
        }
        let heard = self.ear.push(packet, codec);
        self.decoded(heard);
    }

    /// A packet that is no sound, but has a number of the sound's.
    fn skip(&mut self, packet: &Packet) {
        let heard = self.ear.skip(packet);
        self.decoded(heard);
    }

    fn decoded(&mut self, heard: Vec<Heard>) {
        for heard in heard {
            if let Some(steady) = &mut self.steady {
                steady.push(&heard);
            }
            self.heard(heard);
        }
    }

    pub(super) fn heard(&mut self, heard: Heard) {
        // The ear has one time line for all sources of the leg.
        let source = 0;
        if let Some(seat) = &self.seat {
            seat.hears(source, &heard);
        }
        if let Some(recording) = &mut self.recording {
            recording.push(source, &heard);
        }
        if self.inband.is_none() && self.tap.is_none() {
            return;
        }
        let (at, samples) = match heard.band {
            Band::Narrow => (heard.at, heard.samples),
            Band::Wide => {
                let mut narrow = Vec::with_capacity(heard.samples.len() / 2);
                self.halver.push(&heard.samples, &mut narrow);
                (heard.at, narrow)
            }
        };
        let inband = self.inband.as_mut().map(|inband| inband.push(&samples));
        for key in inband.unwrap_or_default() {
            if let Ok(digit) = Digit::new(key) {
                let leg = self.leg;
                self.notices.tell_if_room(Notice::Digit { leg, digit });
            }
        }
        if let Some((line, tap)) = &mut self.tap {
            let count = u32::try_from(samples.len()).unwrap_or(u32::MAX);
            if let Some(gap) = line.place(source, at, count) {
                let mut tap = tap.lock().unwrap_or_else(PoisonError::into_inner);
                if tap.len() < MAX_TAP {
                    let silent = tap.len() + gap as usize;
                    tap.resize(silent, 0);
                    tap.extend_from_slice(&samples);
                }
            }
        }
    }
}
