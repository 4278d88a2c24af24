//! Reads a WAV file of any common kind into 8 kHz mono.

use super::error::{WavError, at};
use super::record::MAX_MS;
use crate::law::Law;
use crate::pcm::{Pcm, RATE};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The most bytes of a WAV file that are read: 64 MiB.
pub const MAX_BYTES: u64 = 64 * 1024 * 1024;

const PCM: u16 = 1;
const FLOAT: u16 = 3;
const ALAW: u16 = 6;
const ULAW: u16 = 7;
const EXTENSIBLE: u16 = 0xFFFE;

/// Reads a WAV file from memory.
///
/// Takes PCM of 8, 16, 24 and 32 bits, float of 32 and 64, A-law and µ-law; mono, or stereo
/// mixed down; 4 to 192 kHz, resampled. A data chunk that claims more than there is, as
/// programs write that stream to a pipe, counts as far as it goes.
///
/// # Errors
/// [`WavError`] says what is not as it must be; nothing is guessed.
pub fn read(bytes: &[u8]) -> Result<Pcm, WavError> {
    read_within(bytes, MAX_MS)
}

/// The same, of at most so many milliseconds.
pub(crate) fn read_within(bytes: &[u8], limit_ms: u64) -> Result<Pcm, WavError> {
    let size = bytes.len() as u64;
    if size > MAX_BYTES {
        return Err(WavError::TooLarge {
            bytes: size,
            limit: MAX_BYTES,
        });
    }
    let (format, data) = chunks(bytes)?;
    let frames = data.len() / usize::from(format.frame_bytes()).max(1);
    if frames as u64 * 1000 / u64::from(format.rate) > limit_ms {
        return Err(WavError::TooLong { limit_ms });
    }
    let samples = format.mono(data);
    Ok(if format.rate == RATE {
        Pcm::new(samples)
    } else {
        Pcm::from_rate(format.rate, &samples)
    })
}

/// Reads a WAV file from disk; see [`read`].
///
/// # Errors
/// As [`read`], and [`WavError::Io`] with the path where the file cannot be read.
pub fn read_file(path: &Path) -> Result<Pcm, WavError> {
    let file = File::open(path).map_err(at(path))?;
    let size = file.metadata().map_err(at(path))?.len();
    if size > MAX_BYTES {
        return Err(WavError::TooLarge {
            bytes: size,
            limit: MAX_BYTES,
        });
    }
    let mut bytes = Vec::with_capacity(size as usize);
    // The file may grow meanwhile, or be a device without a size.
    file.take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(at(path))?;
    read(&bytes)
}

/// Walks the chunks to the format and the data.
fn chunks(bytes: &[u8]) -> Result<(Format, &[u8]), WavError> {
    let Some(([b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E'], mut rest)) =
        bytes.split_first_chunk::<12>()
    else {
        return Err(WavError::NotWav);
    };
    let mut format = None;
    while let Some((&[a, b, c, d, s0, s1, s2, s3], body)) = rest.split_first_chunk::<8>() {
        let size = u32::from_le_bytes([s0, s1, s2, s3]) as usize;
        let content = body.get(..size).unwrap_or(body);
        match &[a, b, c, d] {
            b"fmt " => format = Some(Format::parse(content)?),
            b"data" => {
                let format = format.ok_or(WavError::NoChunk { chunk: *b"fmt " })?;
                return Ok((format, content));
            }
            _ => {}
        }
        // Chunks begin at even places.
        rest = body
            .get(size.saturating_add(size & 1)..)
            .unwrap_or_default();
    }
    let chunk = if format.is_some() { *b"data" } else { *b"fmt " };
    Err(WavError::NoChunk { chunk })
}

/// How one sample is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sample {
    U8,
    I16,
    I24,
    I32,
    F32,
    F64,
    G711(Law),
}

impl Sample {
    fn bytes(self) -> u16 {
        match self {
            Self::U8 | Self::G711(_) => 1,
            Self::I16 => 2,
            Self::I24 => 3,
            Self::I32 | Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    /// One sample from its own bytes; 0 if they are not as many as they should be.
    fn value(self, bytes: &[u8]) -> i16 {
        match (self, bytes) {
            (Self::U8, &[a]) => (i16::from(a) - 128) << 8,
            // Of wider samples the upper 16 bits are the sound that can be kept.
            (Self::I16, &[a, b]) | (Self::I24, &[_, a, b]) | (Self::I32, &[_, _, a, b]) => {
                i16::from_le_bytes([a, b])
            }
            (Self::F32, &[a, b, c, d]) => from_float(f64::from(f32::from_le_bytes([a, b, c, d]))),
            (Self::F64, &[a, b, c, d, e, f, g, h]) => {
                from_float(f64::from_le_bytes([a, b, c, d, e, f, g, h]))
            }
            _ => 0,
        }
    }
}

/// Full scale is 1.0; beyond it the cast clips, and what is not a number becomes 0.
fn from_float(value: f64) -> i16 {
    (value * 32_767.0).round() as i16
}

#[derive(Debug, Clone, Copy)]
struct Format {
    sample: Sample,
    channels: u16,
    rate: u32,
}

impl Format {
    fn parse(chunk: &[u8]) -> Result<Self, WavError> {
        let Some((head, more)) = chunk.split_first_chunk::<16>() else {
            return Err(WavError::NoChunk { chunk: *b"fmt " });
        };
        let [t0, t1, c0, c1, r0, r1, r2, r3, _, _, _, _, f0, f1, b0, b1] = *head;
        let mut tag = u16::from_le_bytes([t0, t1]);
        if tag == EXTENSIBLE {
            // Size, valid bits and speaker mask stand before the identifier, which begins with the tag.
            let Some(&[_, _, _, _, _, _, _, _, s0, s1]) = more.first_chunk::<10>() else {
                return Err(WavError::NoChunk { chunk: *b"fmt " });
            };
            tag = u16::from_le_bytes([s0, s1]);
        }
        let channels = u16::from_le_bytes([c0, c1]);
        let rate = u32::from_le_bytes([r0, r1, r2, r3]);
        let bits = u16::from_le_bytes([b0, b1]);
        let sample = match (tag, bits) {
            (PCM, 8) => Sample::U8,
            (PCM, 16) => Sample::I16,
            (PCM, 24) => Sample::I24,
            (PCM, 32) => Sample::I32,
            (FLOAT, 32) => Sample::F32,
            (FLOAT, 64) => Sample::F64,
            (ALAW, 8) => Sample::G711(Law::A),
            (ULAW, 8) => Sample::G711(Law::Mu),
            _ => return Err(WavError::Format { tag, bits }),
        };
        if !(1..=2).contains(&channels) {
            return Err(WavError::Channels { found: channels });
        }
        if !(4_000..=192_000).contains(&rate) {
            return Err(WavError::Rate { found: rate });
        }
        let format = Self {
            sample,
            channels,
            rate,
        };
        let found = u16::from_le_bytes([f0, f1]);
        if found != format.frame_bytes() {
            return Err(WavError::Frame {
                found,
                expected: format.frame_bytes(),
            });
        }
        Ok(format)
    }

    fn frame_bytes(self) -> u16 {
        self.sample.bytes() * self.channels
    }

    /// The samples of all whole frames, the channels averaged.
    fn mono(self, data: &[u8]) -> Vec<i16> {
        let width = usize::from(self.sample.bytes());
        let flat: Vec<i16> = if let Sample::G711(codec) = self.sample {
            let mut out = Vec::with_capacity(data.len());
            codec.decode(data, &mut out);
            out
        } else {
            data.chunks_exact(width)
                .map(|bytes| self.sample.value(bytes))
                .collect()
        };
        if self.channels == 1 {
            return flat;
        }
        let average = |pair: &[i16]| match *pair {
            [left, right] => ((i32::from(left) + i32::from(right)) / 2) as i16,
            _ => 0,
        };
        flat.chunks_exact(2).map(average).collect()
    }
}

#[cfg(test)]
mod tests;
