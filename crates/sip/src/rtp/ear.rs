//! Hears one stream: puts packets in order, decodes them, conceals what is lost; pure.
//!
//! The first half of the jitter buffer. It holds a packet back only while one before it is
//! missing, and no more than [`HOLD`] of them: what is in order is never delayed. The second half,
//! [`Voice`](super::voice::Voice), gives it out by the clock where a clock is needed.

use bytes::Bytes;
use callroute_audio::codec::{Band, Codec, Decoder};
use sipx_rtp::packet::Packet;

/// Packets that are held back for one that is missing; then it is lost.
const HOLD: usize = 3;
/// A step of the sequence number by more than this is a new stream.
const MAX_STEP: i16 = 200;
/// The longest loss that is concealed, in milliseconds; the rest is silence.
const MAX_CONCEALED_MS: u32 = 120;
/// The longest pause that moves the time line: 60 s. Beyond it, the sender began its clock anew.
const MAX_PAUSE_MS: u32 = 60_000;

/// A stretch of sound that was heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Heard {
    /// When it began, in samples of 8 kHz; a step beyond the end of what came before is a pause.
    pub(crate) at: u32,
    /// The band of the samples.
    pub(crate) band: Band,
    /// The sound.
    pub(crate) samples: Vec<i16>,
}

/// What became of packets so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Came after their time, or twice.
    pub(crate) late: u64,
    /// Never came.
    pub(crate) lost: u64,
}

/// Hears one stream.
#[derive(Debug, Default)]
pub(crate) struct Ear {
    stream: Option<Stream>,
    at: u32,
    tally: Tally,
    /// The time line is that of the timestamps.
    by_timestamps: bool,
}

#[derive(Debug)]
struct Stream {
    ssrc: u32,
    codec: Codec,
    decoder: Decoder,
    /// The sequence number and the timestamp that come next.
    sequence: u16,
    timestamp: u32,
    held: Vec<Held>,
}

#[derive(Debug)]
struct Held {
    sequence: u16,
    timestamp: u32,
    /// `None` for what is no sound, but has a number of the sound's.
    payload: Option<Bytes>,
}

impl Ear {
    /// One whose time line is that of the timestamps: who sends has one for all that he says.
    pub(crate) fn by_timestamps() -> Self {
        Self {
            by_timestamps: true,
            ..Self::default()
        }
    }

    /// A packet has come: gives what can be heard now.
    pub(crate) fn push(&mut self, packet: &Packet, codec: Codec) -> Vec<Heard> {
        let mut heard = Vec::new();
        let step = self.stream.as_ref().and_then(|stream| {
            let same = stream.ssrc == packet.ssrc && stream.codec == codec;
            stream.step(packet.sequence).filter(|_| same)
        });
        let (Some(_), Some(stream)) = (step, &mut self.stream) else {
            self.begin(packet, codec, &mut heard);
            return heard;
        };
        if stream.is_late(packet.sequence) {
            self.tally.late += 1;
            return heard;
        }
        stream.held.push(Held::sound(packet));
        self.give_out(HOLD, &mut heard);
        heard
    }

    /// A packet has come that is no sound, as keys and comfort noise: its number is not missing, and
    /// the sound behind it waits for nothing. Gives what can be heard now.
    pub(crate) fn skip(&mut self, packet: &Packet) -> Vec<Heard> {
        let mut heard = Vec::new();
        if let Some(stream) = &mut self.stream
            && stream.ssrc == packet.ssrc
            && stream.step(packet.sequence).is_some()
            && !stream.is_late(packet.sequence)
        {
            stream.held.push(Held {
                payload: None,
                ..Held::sound(packet)
            });
            self.give_out(HOLD, &mut heard);
        }
        heard
    }

    /// Gives out what is held back: no more comes.
    pub(crate) fn rest(&mut self) -> Vec<Heard> {
        let mut heard = Vec::new();
        self.give_out(0, &mut heard);
        heard
    }

    /// What became of packets so far.
    #[cfg(test)]
    pub(crate) fn tally(&self) -> Tally {
        self.tally
    }

    /// Nobody listens for a while: what comes next is a new stream, on the same time line.
    pub(crate) fn forget(&mut self) {
        self.stream = None;
    }

    fn begin(&mut self, packet: &Packet, codec: Codec, heard: &mut Vec<Heard>) {
        self.give_out(0, heard);
        // A stream whose payload changes keeps its time; a decoder does not outlive its codec.
        self.stream = Some(Stream {
            ssrc: packet.ssrc,
            codec,
            decoder: Decoder::new(codec),
            sequence: packet.sequence,
            timestamp: packet.timestamp,
            held: vec![Held::sound(packet)],
        });
        self.give_out(HOLD, heard);
    }

    /// Gives out what is in order, and more while more than so many packets wait.
    fn give_out(&mut self, hold: usize, heard: &mut Vec<Heard>) {
        let Some(stream) = &mut self.stream else {
            return;
        };
        let next = stream.sequence;
        stream
            .held
            .sort_by_key(|held| held.sequence.wrapping_sub(next));
        while let Some(first) = stream.held.first() {
            let missing = first.sequence.wrapping_sub(stream.sequence);
            if missing > 0 && stream.held.len() <= hold {
                return;
            }
            let held = stream.held.remove(0);
            self.tally.lost += u64::from(missing);
            if self.by_timestamps {
                let at = held.timestamp / (stream.codec.clock() / 8000);
                self.at = at.wrapping_sub(stream.pause_before(&held) * 8);
            }
            heard.extend(stream.play(&held, missing, &mut self.at));
        }
    }
}

impl Held {
    fn sound(packet: &Packet) -> Self {
        Self {
            sequence: packet.sequence,
            timestamp: packet.timestamp,
            payload: Some(packet.payload.clone()),
        }
    }
}

impl Stream {
    /// How far ahead of what comes next a packet is; `None` when it is of another stream.
    fn step(&self, sequence: u16) -> Option<i16> {
        let step = sequence.wrapping_sub(self.sequence).cast_signed();
        (-MAX_STEP..=MAX_STEP).contains(&step).then_some(step)
    }

    /// It comes after its time, or twice.
    fn is_late(&self, sequence: u16) -> bool {
        let double = |held: &Held| held.sequence == sequence;
        self.step(sequence).is_some_and(|step| step < 0) || self.held.iter().any(double)
    }

    /// The milliseconds between what comes next and a packet.
    fn pause_before(&self, held: &Held) -> u32 {
        let per_ms = self.codec.clock() / 1000;
        let pause = held.timestamp.wrapping_sub(self.timestamp);
        if pause <= MAX_PAUSE_MS * per_ms {
            pause / per_ms
        } else {
            0
        }
    }

    fn play(&mut self, held: &Held, missing: u16, at: &mut u32) -> Option<Heard> {
        self.sequence = held.sequence.wrapping_add(1);
        let payload = held.payload.as_ref()?;
        let (codec, band) = (self.codec, self.codec.band());
        let pause = self.pause_before(held);
        let mut samples = Vec::new();
        let begins = if missing > 0 {
            let concealed = pause.min(MAX_CONCEALED_MS);
            let count = band.samples_in(concealed);
            self.decoder.conceal(count, Some(payload), &mut samples);
            // What is too long to be concealed is silent in its middle.
            at.wrapping_add((pause - concealed) * 8)
        } else {
            at.wrapping_add(pause * 8)
        };
        if let Err(error) = self.decoder.decode(payload, &mut samples) {
            tracing::trace!(%error, ?codec, "a packet that cannot be decoded");
        }
        let ticks = codec.ticks(payload);
        self.timestamp = held.timestamp.wrapping_add(ticks);
        let length = samples.len() / (band.rate() as usize / 8000);
        *at = begins.wrapping_add(u32::try_from(length).unwrap_or(0));
        (!samples.is_empty()).then_some(Heard {
            at: begins,
            band,
            samples,
        })
    }
}

#[cfg(test)]
mod tests;
