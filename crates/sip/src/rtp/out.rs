//! What a leg sends: every packet of every source goes through here, under one SSRC.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use callroute_audio::codec::Codec;
use sipx_rtp::packet::Packet;

use crate::rtp::clock::{OutClock, Stamp};
use crate::rtp::dtmf::{KeyPacket, STEP};
use crate::rtp::ports::RtpSocket;
use crate::rtp::voice::Voice;

/// The sending half of a leg's media. Peers that are bridged hold it weakly and relay into it.
#[derive(Debug)]
pub(crate) struct RtpOut {
    pub(crate) rtp: RtpSocket,
    ssrc: u32,
    began: Instant,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    to: Option<SocketAddr>,
    codec: Codec,
    event: Option<u8>,
    /// Whether the far end wants to hear us.
    listens: bool,
    /// A sound of our own plays: nothing is relayed meanwhile.
    playing: bool,
    /// What the leg hears is kept here, too.
    tap: Option<Arc<Mutex<Voice>>>,
    clock: OutClock,
}

impl RtpOut {
    /// Sends nothing yet.
    pub(crate) fn new(rtp: RtpSocket, random: u64) -> Self {
        let ssrc = (random >> 32) as u32;
        let clock = OutClock::new((random & 0x7FFF) as u16, (random >> 16) as u32);
        let state = State {
            to: None,
            codec: Codec::Pcmu,
            event: None,
            listens: false,
            playing: false,
            tap: None,
            clock,
        };
        Self {
            rtp,
            ssrc,
            began: Instant::now(),
            state: Mutex::new(state),
        }
    }

    /// What was negotiated. `to` is left alone when it is `None`.
    pub(crate) fn agree(
        &self,
        to: Option<SocketAddr>,
        codec: Codec,
        event: Option<u8>,
        listens: bool,
    ) {
        let mut state = self.lock();
        state.to = to.or(state.to);
        state.codec = codec;
        state.event = event;
        state.listens = listens;
    }

    /// Packets go there from now on.
    pub(crate) fn send_to(&self, to: SocketAddr) {
        self.lock().to = Some(to);
    }

    /// Whether this payload type is the one agreed on for telephone events.
    pub(crate) fn is_event(&self, payload_type: u8) -> bool {
        self.lock().event == Some(payload_type)
    }

    /// Whether a sound of our own plays, which keeps relayed sound out.
    pub(crate) fn set_playing(&self, playing: bool) {
        self.lock().playing = playing;
    }

    /// What the leg hears is kept there from now on.
    pub(crate) fn tap(&self, tap: Option<Arc<Mutex<Voice>>>) {
        self.lock().tap = tap;
    }

    /// Sends 20 ms of our own.
    pub(crate) fn samples(&self, samples: &[i16]) {
        self.own(&mut self.lock(), samples);
    }

    /// Sends 20 ms of a room, unless a sound of our own plays.
    pub(crate) fn mixed(&self, samples: &[i16]) {
        let mut state = self.lock();
        if !state.playing {
            self.own(&mut state, samples);
        }
    }

    fn own(&self, state: &mut State, samples: &[i16]) {
        let count = u32::try_from(samples.len()).unwrap_or(u32::MAX);
        let stamp = state.clock.own(self.began.elapsed(), count);
        let mut payload = Vec::with_capacity(samples.len());
        state.codec.encode(samples, &mut payload);
        self.kept(state, stamp, samples);
        self.send(state, state.codec.payload_type(), stamp, payload.into());
    }

    /// Sends a packet of a key, if the far end takes keys.
    pub(crate) fn key(&self, packet: KeyPacket) {
        let mut state = self.lock();
        let now = self.began.elapsed();
        let stamp = state.clock.key(now, packet.begins, u32::from(STEP));
        if let Some(event) = state.event {
            self.send(
                &state,
                event,
                stamp,
                Bytes::copy_from_slice(&packet.payload),
            );
        }
    }

    /// Relays sound of a peer, in our codec.
    pub(crate) fn relay_sound(&self, packet: &Packet, codec: Codec) {
        let mut state = self.lock();
        if state.playing {
            return;
        }
        let samples = u32::try_from(packet.payload.len()).unwrap_or(u32::MAX);
        let Some(stamp) = self.relayed(&mut state, packet, samples) else {
            return;
        };
        let payload = if codec == state.codec {
            packet.payload.clone()
        } else {
            let mut payload = packet.payload.to_vec();
            codec.transcode(state.codec, &mut payload);
            payload.into()
        };
        if state.tap.is_some() {
            let mut samples = Vec::with_capacity(packet.payload.len());
            codec.decode(&packet.payload, &mut samples);
            self.kept(&state, stamp, &samples);
        }
        self.send(&state, state.codec.payload_type(), stamp, payload);
    }

    fn kept(&self, state: &State, stamp: Stamp, samples: &[i16]) {
        if let Some(tap) = &state.tap {
            tap.lock().unwrap_or_else(PoisonError::into_inner).push(
                self.ssrc,
                stamp.timestamp,
                samples,
            );
        }
    }

    /// Relays a telephone event of a peer, under our payload type for it.
    pub(crate) fn relay_key(&self, packet: &Packet) {
        let mut state = self.lock();
        let Some(event) = state.event.filter(|_| !state.playing) else {
            return;
        };
        if let Some(stamp) = self.relayed(&mut state, packet, 0) {
            self.send(&state, event, stamp, packet.payload.clone());
        }
    }

    fn relayed(&self, state: &mut State, packet: &Packet, samples: u32) -> Option<Stamp> {
        state.clock.relay(
            self.began.elapsed(),
            packet.ssrc,
            packet.sequence,
            packet.timestamp,
            samples,
            packet.marker,
        )
    }

    /// A full socket buffer drops the packet: late sound is worth less than none.
    fn send(&self, state: &State, payload_type: u8, stamp: Stamp, payload: Bytes) {
        let Some(to) = state.to.filter(|_| state.listens) else {
            return;
        };
        let mut packet = Packet::new(
            payload_type,
            stamp.sequence,
            stamp.timestamp,
            self.ssrc,
            payload,
        );
        packet.marker = stamp.marker;
        if let Err(error) = self.rtp.socket.try_send_to(&packet.encode(), to) {
            tracing::trace!(%error, %to, "an RTP packet was not sent");
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
