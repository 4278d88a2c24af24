//! Keys that are sent: of our own, relayed, or pressed here where they cannot be relayed as they are.

use bytes::Bytes;
use callroute_audio::codec::Band;
use callroute_schema::Digit;
use sipx_rtp::packet::Packet;
use tokio::sync::mpsc::WeakSender;

use super::RtpOut;
use crate::rtp::command::MediaCommand;
use crate::rtp::dtmf::{KeyPacket, STEP, sound};

impl RtpOut {
    /// Keys are pressed by the media that takes these commands.
    pub(crate) fn pressed_by(self, commands: WeakSender<Box<MediaCommand>>) -> Self {
        Self {
            presses: Some(commands),
            ..self
        }
    }

    /// Presses a key that a peer has pressed and that cannot be relayed as it is. One that finds no room
    /// is lost.
    pub(crate) fn press(&self, digit: Digit) {
        if let Some(commands) = self.presses.as_ref().and_then(WeakSender::upgrade) {
            // discard: the leg is over, or far behind.
            let _ = commands.try_send(Box::new(MediaCommand::Press(digit)));
        }
    }

    /// Sends 20 ms of a key, or of the pause behind it: a telephone event, or its sound where the far end
    /// takes none.
    pub(crate) fn key(&self, packet: Option<KeyPacket>) {
        let mut state = self.lock();
        let Some(event) = state.event else {
            return self.own(&mut state, Band::Narrow, &sound(packet));
        };
        let Some(packet) = packet else {
            return;
        };
        let now = self.began.elapsed();
        let ticks = u32::from(STEP) * (state.encoder.codec().clock() / 8000);
        let stamp = state.clock.key(now, packet.begins, ticks);
        let payload = lasting(&packet.payload, 8000, event.clock);
        self.send(&mut state, event.payload, stamp, payload);
    }

    /// Relays a telephone event of a peer, under our payload type for it and on our clock. With
    /// `anew` its sound is encoded anew meanwhile, and the two share no numbers with the peer's. `false`
    /// when the far end takes none: then the key is to be [pressed](Self::press).
    pub(crate) fn relay_key(&self, packet: &Packet, clock: u32, anew: bool) -> bool {
        let mut state = self.lock();
        let Some(event) = state.event else {
            return false;
        };
        if state.playing {
            return true;
        }
        let stamp = if anew || clock != event.clock {
            let now = self.began.elapsed();
            Some(state.clock.relay_key(now, packet.ssrc, packet.timestamp))
        } else {
            self.relayed(&mut state, packet, 0)
        };
        if let Some(stamp) = stamp {
            let payload = lasting(&packet.payload, clock, event.clock);
            self.send(&mut state, event.payload, stamp, payload);
        }
        true
    }
}

/// A telephone event's payload, whose duration counts by another clock now (RFC 4733, section
/// 2.3.5).
fn lasting(payload: &[u8], from: u32, to: u32) -> Bytes {
    match *payload {
        [event, flags, high, low] if from != to => {
            let lasts = u32::from(u16::from_be_bytes([high, low])) / (from / 1000) * (to / 1000);
            let [high, low] = u16::try_from(lasts).unwrap_or(u16::MAX).to_be_bytes();
            Bytes::copy_from_slice(&[event, flags, high, low])
        }
        _ => Bytes::copy_from_slice(payload),
    }
}
