//! What a leg hears, for who keeps it: the packets that are sent to it, in their order and at their
//! time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use callroute_audio::codec::{Band, Codec};
use sipx_rtp::packet::Packet;

use crate::rtp::clock::Stamp;
use crate::rtp::ear::{Ear, Heard};
use crate::rtp::voice::Voice;

/// Hears what a leg hears, in order to keep it.
#[derive(Debug)]
pub(super) struct Tap {
    voice: Arc<Mutex<Voice>>,
    ear: Ear,
}

impl Tap {
    /// Keeps it there.
    pub(super) fn new(voice: Arc<Mutex<Voice>>) -> Self {
        let ear = Ear::by_timestamps();
        Self { voice, ear }
    }

    /// Sound is relayed, under this stamp.
    pub(super) fn relayed(&mut self, stamp: Stamp, packet: &Packet, codec: Codec) {
        let heard = self.ear.push(&stamped(stamp, packet), codec);
        self.keep(heard);
    }

    /// Something is sent that is no sound.
    pub(super) fn skip(&mut self, stamp: Stamp) {
        let nothing = Packet::new(0, 0, 0, 0, Bytes::new());
        let heard = self.ear.skip(&stamped(stamp, &nothing));
        self.keep(heard);
    }

    /// Sound is sent that was encoded here, at this time in samples of 8 kHz.
    pub(super) fn own(&mut self, at: u32, band: Band, samples: &[i16]) {
        self.begin_anew();
        self.voice().push(0, at, band, samples);
    }

    /// The numbers that come are no longer those that were expected.
    pub(super) fn begin_anew(&mut self) {
        let rest = self.ear.rest();
        self.ear.forget();
        self.keep(rest);
    }

    fn keep(&self, heard: Vec<Heard>) {
        let mut voice = self.voice();
        for heard in heard {
            voice.push(0, heard.at, heard.band, &heard.samples);
        }
    }

    fn voice(&self) -> MutexGuard<'_, Voice> {
        self.voice.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A packet as it is sent: there is one source, whoever speaks.
fn stamped(stamp: Stamp, packet: &Packet) -> Packet {
    let mut packet = packet.clone();
    packet.ssrc = 0;
    packet.sequence = stamp.sequence;
    packet.timestamp = stamp.timestamp;
    packet
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use bytes::Bytes;
    use callroute_audio::codec::{Band, Codec};
    use callroute_audio::law::Law;
    use sipx_rtp::packet::Packet;

    use super::Tap;
    use crate::rtp::clock::Stamp;
    use crate::rtp::out::RtpOut;
    use crate::rtp::ports::Ports;
    use crate::rtp::voice::Voice;

    /// 20 ms of sound, which is louder the higher its number.
    fn packet(n: u16) -> Packet {
        let mut payload = Vec::new();
        Law::Mu.encode(
            &[1000 + 1000 * i16::try_from(n).unwrap(); 160],
            &mut payload,
        );
        let timestamp = 77 + u32::from(n) * 160;
        Packet::new(0, 9000 + n, timestamp, 5, Bytes::from(payload))
    }

    fn stamp(n: u16) -> Stamp {
        Stamp {
            sequence: n,
            timestamp: u32::from(n) * 160 + 5000,
            marker: false,
        }
    }

    /// What was kept: the number of each 20 ms.
    fn kept(voice: &Arc<Mutex<Voice>>) -> Vec<i16> {
        let mut voice = voice.lock().unwrap();
        let frames = std::iter::from_fn(|| voice.take());
        frames.map(|frame| (frame[80] + 500) / 1000 - 1).collect()
    }

    fn voice() -> Arc<Mutex<Voice>> {
        Arc::new(Mutex::new(Voice::new(Band::Narrow)))
    }

    #[tokio::test]
    async fn what_is_swapped_and_lost_costs_no_more_than_itself() {
        let ports = Ports::new([127, 27, 91, 3].into(), &(20_000..=20_020), Arc::default());
        let out = RtpOut::new(ports.unwrap().bind().unwrap(), 7);
        let voice = voice();
        out.tap(Some(Arc::clone(&voice)));
        for n in [0, 1, 3, 2, 4, 6, 7, 8, 9] {
            assert!(out.relay_sound(&packet(n), Codec::Pcmu));
        }
        let kept = kept(&voice);
        assert_eq!(kept[..5], [0, 1, 2, 3, 4]);
        assert_ne!(kept[5], -1, "it is concealed");
        assert_eq!(kept[6..10], [6, 7, 8, 9]);
    }

    #[test]
    fn keys_and_sound_of_our_own_come_between() {
        let voice = voice();
        let mut tap = Tap::new(Arc::clone(&voice));
        let relay = |tap: &mut Tap, n| tap.relayed(stamp(n), &packet(n), Codec::Pcmu);
        relay(&mut tap, 0);
        relay(&mut tap, 1);
        assert!(voice.lock().unwrap().take().is_some());
        tap.skip(stamp(2));
        tap.skip(stamp(3));
        relay(&mut tap, 4);
        tap.own(stamp(5).timestamp, Band::Narrow, &[9000; 160]);
        relay(&mut tap, 6);
        assert_eq!(kept(&voice)[..6], [1, -1, -1, 4, 8, 6]);
    }
}
