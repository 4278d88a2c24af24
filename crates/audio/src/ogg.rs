//! Reads Opus in an Ogg file (RFC 7845) into mono.

use std::error::Error;
use std::io::Cursor;

use ::ogg::{OggReadError, PacketReader};

use crate::codec::{Band, Codec, MAX_PACKET_MS};
use crate::pcm::Pcm;
use crate::wav::MAX_MS;

/// Why an Ogg file could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OggError {
    /// The pages of the file are broken.
    #[error("broken Ogg file: {0}")]
    Pages(#[source] Box<dyn Error + Send + Sync>),
    /// It holds something else, such as Vorbis or a picture.
    #[error("no Opus in the Ogg file: its first packet does not begin with `OpusHead`")]
    NotOpus,
    /// A version that is not known (RFC 7845, section 5.1).
    #[error("version {found} of Opus in Ogg, must be 0 to 15")]
    Version {
        /// The version found.
        found: u8,
    },
    /// More than two channels, or channels that are not heard together.
    #[error("{found} channels of mapping family {family}, must be 1 or 2 of family 0")]
    Channels {
        /// Channels found.
        found: u8,
        /// How they belong together; 0 is mono or stereo.
        family: u8,
    },
    /// A packet cannot be decoded.
    #[error("packet {packet} of the Opus stream is broken")]
    Packet {
        /// Which, the first with sound being 0.
        packet: usize,
    },
    /// Longer than is read.
    #[error("longer than {limit_ms} ms, which is the most")]
    TooLong {
        /// Milliseconds allowed.
        limit_ms: u64,
    },
    /// The decoder cannot be had.
    #[error("the Opus decoder did not start")]
    Unavailable,
}

/// Samples of a second as they are decoded.
const RATE: u32 = Band::Wide.rate();

/// What the first packet says (RFC 7845, section 5.1).
#[derive(Debug, PartialEq, Eq)]
struct Head {
    /// Samples of 48 kHz that are left out at the beginning.
    skip: u16,
    /// Decibels by 256.
    gain: i16,
}

impl Head {
    fn read(packet: &[u8]) -> Result<Self, OggError> {
        let rest = packet.strip_prefix(b"OpusHead").ok_or(OggError::NotOpus)?;
        let Some(&[version, channels, s0, s1, _, _, _, _, g0, g1, family]) = rest.first_chunk()
        else {
            return Err(OggError::NotOpus);
        };
        if version > 15 {
            return Err(OggError::Version { found: version });
        }
        if family != 0 || !(1..=2).contains(&channels) {
            let found = channels;
            return Err(OggError::Channels { found, family });
        }
        Ok(Self {
            skip: u16::from_le_bytes([s0, s1]),
            gain: i16::from_le_bytes([g0, g1]),
        })
    }
}

/// Reads Opus in Ogg from memory: the first stream, mono, or stereo mixed down.
///
/// # Errors
/// [`OggError`] says what is not as it must be; nothing is guessed.
pub fn read(bytes: &[u8]) -> Result<Pcm, OggError> {
    read_within(bytes, MAX_MS)
}

/// The same, of at most so many milliseconds.
pub(crate) fn read_within(bytes: &[u8], limit_ms: u64) -> Result<Pcm, OggError> {
    let mut packets = PacketReader::new(Cursor::new(bytes));
    let first = packets
        .read_packet()
        .map_err(broken)?
        .ok_or(OggError::NotOpus)?;
    let (head, stream) = (Head::read(&first.data)?, first.stream_serial());
    // One channel out of two is what the decoder itself mixes.
    let mut decoder =
        ropus::Decoder::new(RATE, ropus::Channels::Mono).map_err(|_| OggError::Unavailable)?;
    decoder
        .set_gain(head.gain.into())
        .map_err(|_| OggError::Unavailable)?;
    let most = limit_ms.saturating_mul(u64::from(RATE) / 1000);
    let mut samples: Vec<i16> = Vec::new();
    let mut sound = [0; (RATE / 1000 * MAX_PACKET_MS) as usize];
    let mut end = None;
    let (mut number, mut tags) = (0, true);
    while let Some(packet) = packets.read_packet().map_err(broken)? {
        if packet.stream_serial() != stream {
            continue;
        }
        if std::mem::take(&mut tags) {
            continue;
        }
        let no_packet = OggError::Packet { packet: number };
        if Codec::Opus.ticks(&packet.data) == 0 {
            return Err(no_packet);
        }
        let length = decoder
            .decode(&packet.data, &mut sound, ropus::DecodeMode::Normal)
            .map_err(|_| no_packet)?;
        samples.extend_from_slice(sound.get(..length).unwrap_or_default());
        if samples.len() as u64 > most {
            return Err(OggError::TooLong { limit_ms });
        }
        number += 1;
        if packet.last_in_stream() {
            end = Some(packet.absgp_page());
            break;
        }
    }
    // The last page says where the sound ends, within its last packet (RFC 7845, section 4.4).
    let per = u64::from(48_000 / RATE);
    if let Some(end) = end.map(|end| usize::try_from(end / per).unwrap_or(usize::MAX)) {
        samples.truncate(end);
    }
    let skip = usize::from(head.skip) / per as usize;
    samples.drain(..skip.min(samples.len()));
    Ok(Pcm::from_rate(RATE, &samples))
}

fn broken(error: OggReadError) -> OggError {
    OggError::Pages(error.into())
}

#[cfg(test)]
mod tests;
