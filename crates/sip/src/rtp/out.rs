//! What a leg sends: every packet of every source goes through here, under one SSRC.

mod press;
mod tap;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use callroute_audio::codec::{Band, Codec, Encoder};
use sipx_rtp::packet::Packet;
use tokio::sync::mpsc::WeakSender;

use crate::rtp::FRAME_MS;
use crate::rtp::clock::{OutClock, Stamp};
use crate::rtp::command::MediaCommand;
use crate::rtp::control::Sent;
use crate::rtp::crypt::Sealer;
use crate::rtp::ports::RtpSocket;
use crate::rtp::trickle::Trickle;
use crate::rtp::voice::Voice;
use crate::sdp::{Event, Key, NOISE_PAYLOAD, Remote};
use tap::Tap;

/// Comfort noise is said again after this, so that nobody takes us for gone.
const HUSH: Duration = Duration::from_secs(3);
/// Packets in a row of another length than was asked for, after which sound is packed anew.
const ODD: u8 = 3;

/// The sending half of a leg's media. Peers that are bridged hold it weakly and relay into it.
#[derive(Debug)]
pub(crate) struct RtpOut {
    pub(crate) rtp: RtpSocket,
    ssrc: u32,
    began: Instant,
    state: Mutex<State>,
    /// What presses keys here.
    presses: Option<WeakSender<Box<MediaCommand>>>,
}

#[derive(Debug)]
struct State {
    to: Option<SocketAddr>,
    payload_type: u8,
    encoder: Encoder,
    event: Option<Event>,
    /// Whether the far end takes comfort noise.
    noise: bool,
    /// The comfort noise that was sent since any sound: how loud, and when.
    hushed: Option<(u8, Duration)>,
    /// The length of our packets in milliseconds, and of the longest that may be relayed.
    packet_ms: u32,
    longest_ms: u32,
    /// The length was asked for.
    strict: bool,
    /// Relayed packets in a row that were not as long as was asked for.
    odd: u8,
    /// Whether the far end wants to hear us.
    listens: bool,
    /// The number that was free when it ceased to.
    next: u16,
    /// Nobody was heard yet where it goes, and only a stranger says that somebody is there.
    unheard: Option<Trickle>,
    /// A sound of our own plays: nothing is relayed meanwhile.
    playing: bool,
    /// What the leg hears is kept here, too.
    tap: Option<Tap>,
    /// Where RTCP goes, and whether by the socket of RTP.
    control: Option<SocketAddr>,
    mux: bool,
    sent: Sent,
    sealer: Sealer,
    /// When the last packet was sent.
    sent_at: Duration,
    clock: OutClock,
    /// Sound that waits until it fills a packet.
    pending: (Band, Vec<i16>),
}

impl RtpOut {
    /// Sends nothing yet.
    pub(crate) fn new(rtp: RtpSocket, random: u64) -> Self {
        let ssrc = (random >> 32) as u32;
        let clock = OutClock::new((random & 0x7FFF) as u16, (random >> 16) as u32);
        let state = State {
            to: None,
            payload_type: 0,
            encoder: Encoder::new(Codec::Pcmu),
            event: None,
            noise: false,
            hushed: None,
            packet_ms: FRAME_MS,
            longest_ms: u32::MAX,
            strict: false,
            odd: 0,
            listens: false,
            next: clock.next(),
            unheard: None,
            playing: false,
            tap: None,
            control: None,
            mux: false,
            sent: Sent::default(),
            sealer: Sealer::default(),
            sent_at: Duration::ZERO,
            clock,
            pending: (Band::Narrow, Vec::new()),
        };
        Self {
            rtp,
            ssrc,
            began: Instant::now(),
            state: Mutex::new(state),
            presses: None,
        }
    }

    /// What was negotiated. Where it goes is left alone when no address was named.
    pub(crate) fn agree(&self, remote: &Remote) {
        let mut state = self.lock();
        let codec = remote.codec();
        state.to = remote.media.or(state.to);
        if state.encoder.codec() != codec {
            state.encoder = Encoder::new(codec);
            state.pending.1.clear();
        }
        state.clock.set_clock(codec.clock());
        state.payload_type = remote.payload();
        state.event = remote.event;
        state.noise = remote.noise;
        state.strict = remote.packet_ms.is_some();
        state.longest_ms = remote.longest_ms.unwrap_or(u32::MAX);
        let wanted = remote.packet_ms.unwrap_or(FRAME_MS);
        state.packet_ms = codec.packet_ms(wanted.min(state.longest_ms));
        match (state.listens, remote.listens) {
            (true, false) => state.next = state.clock.next(),
            (false, true) => state.go_on(),
            _ => {}
        }
        state.listens = remote.listens;
        state.unheard = remote.doubted.then(Trickle::default);
        state.control = remote.control.or(state.control);
        state.mux = remote.mux;
    }

    /// What is sent is encrypted with this key from now on, or not any more.
    pub(crate) fn encrypt(&self, key: Option<&Key>) {
        self.lock().sealer.agree(key);
    }

    /// Packets go there from now on, where somebody was heard from. Reports follow the sound behind a NAT, where what was
    /// described cannot be reached.
    pub(crate) fn send_to(&self, to: SocketAddr) {
        let mut state = self.lock();
        if state.mux {
            state.control = Some(to);
        } else if state.control.is_none_or(|control| control.ip() != to.ip()) {
            let port = to.port().saturating_add(1);
            state.control = Some(SocketAddr::new(to.ip(), port));
        }
        state.to = Some(to);
        state.unheard = None;
    }

    /// Reports go there from now on: one has come from there.
    pub(crate) fn report_to(&self, to: SocketAddr) {
        self.lock().control = Some(to);
    }

    /// Who sends.
    pub(crate) fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// The time since the leg began.
    pub(crate) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// What was sent so far, in which codec.
    pub(crate) fn sent(&self) -> (Sent, Codec) {
        let state = self.lock();
        let codec = state.encoder.codec();
        let since = self.began.elapsed().saturating_sub(state.sent_at);
        let ticks = since.as_millis() * u128::from(codec.clock() / 1000);
        let ticks = u32::try_from(ticks).unwrap_or(u32::MAX);
        let sent = Sent {
            timestamp: state.sent.timestamp.wrapping_add(ticks),
            ..state.sent
        };
        (sent, codec)
    }

    /// Sends a report.
    pub(crate) fn report(&self, bytes: &[u8]) {
        let mut state = self.lock();
        let (Some(to), Some(bytes)) = (state.control, state.sealer.report(bytes)) else {
            return;
        };
        let socket = match &self.rtp.control {
            Some(control) if !state.mux => control,
            _ => &self.rtp.socket,
        };
        if let Err(error) = socket.send(&bytes, to) {
            tracing::trace!(%error, %to, "a report was not sent");
        }
    }

    /// Whether a sound of our own plays, which keeps relayed sound out.
    pub(crate) fn set_playing(&self, playing: bool) {
        self.lock().playing = playing;
    }

    /// What the leg hears is kept there from now on.
    pub(crate) fn tap(&self, tap: Option<Arc<Mutex<Voice>>>) {
        self.lock().tap = tap.map(Tap::new);
    }

    /// The band of what the far end is sent.
    pub(crate) fn band(&self) -> Band {
        self.lock().encoder.codec().band()
    }

    /// Sends 20 ms of our own.
    pub(crate) fn samples(&self, band: Band, samples: &[i16]) {
        self.own(&mut self.lock(), band, samples);
    }

    /// Says how loud our silence is, once and then now and again. `false` when the far end does not
    /// take it.
    pub(crate) fn hush(&self, level: u8) -> bool {
        let mut state = self.lock();
        if !state.takes_noise() {
            return false;
        }
        let now = self.began.elapsed();
        let known = |(known, at): (u8, Duration)| known == level && now.saturating_sub(at) < HUSH;
        if state.playing || state.hushed.is_some_and(known) {
            return true;
        }
        // What does not fill a packet any more is no sound.
        state.pending.1.clear();
        let stamp = state.clock.hush(now, FRAME_MS * 8);
        self.send(
            &mut state,
            NOISE_PAYLOAD,
            stamp,
            Bytes::copy_from_slice(&[level]),
        );
        state.hushed = Some((level, now));
        true
    }

    /// Nothing of ours plays, and nothing was sent for three packets.
    pub(crate) fn is_still(&self) -> bool {
        let state = self.lock();
        let since = self.began.elapsed().saturating_sub(state.sent_at);
        !state.playing && (state.hushed.is_some() || since > Duration::from_millis(60))
    }

    /// Sends what was said elsewhere and is encoded anew here, unless a sound of our own plays.
    pub(crate) fn mixed(&self, band: Band, samples: &[i16]) {
        let mut state = self.lock();
        if !state.playing {
            self.own(&mut state, band, samples);
        }
    }

    fn own(&self, state: &mut State, band: Band, samples: &[i16]) {
        if state.pending.0 != band {
            state.pending = (band, Vec::new());
        }
        state.pending.1.extend_from_slice(samples);
        let size = band.samples_in(state.packet_ms);
        while state.pending.1.len() >= size {
            let packet: Vec<i16> = state.pending.1.drain(..size).collect();
            self.packet(state, band, &packet);
        }
    }

    /// A sound is over: what does not fill a packet is sent with silence behind it.
    pub(crate) fn fill_up(&self) {
        let mut state = self.lock();
        let (band, waits) = (state.pending.0, state.pending.1.len());
        let whole = waits.checked_next_multiple_of(band.samples_in(state.packet_ms));
        let silence = vec![0; whole.unwrap_or(waits) - waits];
        self.own(&mut state, band, &silence);
    }

    /// Who speaks is another one, or nobody: what does not fill a packet is not heard by who listens
    /// next.
    pub(crate) fn drop_rest(&self) {
        self.lock().pending.1.clear();
    }

    fn packet(&self, state: &mut State, band: Band, samples: &[i16]) {
        let codec = state.encoder.codec();
        let ticks = state.packet_ms * (codec.clock() / 1000);
        let stamp = state.clock.own(self.began.elapsed(), ticks);
        let mut payload = Vec::with_capacity(samples.len());
        if let Err(error) = state.encoder.encode(band, samples, &mut payload) {
            tracing::warn!(%error, ?codec, "sound that cannot be encoded");
            return;
        }
        let at = stamp.timestamp / (codec.clock() / 8000);
        if let Some(tap) = &mut state.tap {
            tap.own(at, band, samples);
        }
        let payload_type = state.payload_type;
        self.send(state, payload_type, stamp, payload.into());
    }

    /// Relays sound of a peer as it is, where the codec and the length of the packets are what the
    /// far end wants. `false` when they are not, and the sound must be encoded anew: then it comes
    /// by [`mixed`](Self::mixed).
    pub(crate) fn relay_sound(&self, packet: &Packet, codec: Codec) -> bool {
        let mut state = self.lock();
        let ours = state.encoder.codec();
        let ticks = codec.ticks(&packet.payload);
        if !state.fits(ticks / (codec.clock() / 1000)) {
            return false;
        }
        let laws = (codec.law(), ours.law());
        let payload = match laws {
            _ if codec == ours => packet.payload.clone(),
            (Some(from), Some(to)) => {
                let mut payload = packet.payload.to_vec();
                from.transcode(to, &mut payload);
                payload.into()
            }
            _ => return false,
        };
        if state.playing {
            return true;
        }
        let Some(stamp) = self.relayed(&mut state, packet, ticks) else {
            return true;
        };
        if let Some(tap) = &mut state.tap {
            tap.relayed(stamp, packet, codec);
        }
        let payload_type = state.payload_type;
        self.send(&mut state, payload_type, stamp, payload);
        true
    }

    /// Relays comfort noise. `false` when the far end does not take it.
    pub(crate) fn relay_noise(&self, packet: &Packet) -> bool {
        let mut state = self.lock();
        if !state.takes_noise() {
            return false;
        }
        if !state.playing
            && let Some(stamp) = self.relayed(&mut state, packet, 0)
        {
            self.send(&mut state, NOISE_PAYLOAD, stamp, packet.payload.clone());
        }
        true
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
    fn send(&self, state: &mut State, payload_type: u8, stamp: Stamp, payload: Bytes) {
        if payload_type != state.payload_type
            && let Some(tap) = &mut state.tap
        {
            tap.skip(stamp);
        }
        let Some(to) = state.to.filter(|_| state.listens) else {
            return;
        };
        let passes = |unheard: &mut Trickle| unheard.lets_pass(self.began.elapsed());
        if !state.unheard.as_mut().is_none_or(passes) {
            return;
        }
        let mut packet = Packet::new(
            payload_type,
            stamp.sequence,
            stamp.timestamp,
            self.ssrc,
            payload,
        );
        packet.marker = stamp.marker;
        state.sent.packets += 1;
        state.sent.octets += packet.payload.len() as u64;
        state.sent.timestamp = stamp.timestamp;
        state.sent_at = self.began.elapsed();
        state.hushed = None;
        let Some(bytes) = state.sealer.packet(packet.encode()) else {
            return;
        };
        if let Err(error) = self.rtp.socket.send(&bytes, to) {
            tracing::trace!(%error, %to, "an RTP packet was not sent");
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The far end listens again. What it was not sent meanwhile has no numbers: with more than half
    /// of them gone it would not know any more how often they began anew, and could not open what
    /// is encrypted (RFC 3711, section 3.3.1).
    fn go_on(&mut self) {
        self.clock.go_on(self.next);
        if let Some(tap) = &mut self.tap {
            tap.begin_anew();
        }
    }

    /// Its payload type has the clock of the telephone codecs.
    fn takes_noise(&self) -> bool {
        self.noise && self.encoder.codec().clock() == 8000
    }

    /// Whether relayed packets have a length that the far end takes. One that is odd is let pass;
    /// a stream of them is not.
    fn fits(&mut self, ms: u32) -> bool {
        let fits = ms <= self.longest_ms && (!self.strict || ms == self.packet_ms);
        self.odd = if fits {
            self.odd.saturating_sub(1)
        } else {
            (self.odd + 1).min(2 * ODD)
        };
        self.odd < ODD
    }
}
