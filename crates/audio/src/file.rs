//! Reads a file of sound by what is in it, whatever it is called.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::codec::{Band, Codec, Decoder};
#[cfg(feature = "opus")]
use crate::ogg::{self, OggError};
use crate::pcm::Pcm;
use crate::wav::{self, WavError};

/// The endings of names that are looked for, in this order. The last ones have no header: their
/// name alone says what they are.
pub const ENDINGS: &[&str] = &[
    "wav",
    #[cfg(feature = "opus")]
    "opus",
    #[cfg(feature = "opus")]
    "ogg",
    "ulaw",
    "alaw",
    "g722",
];

/// Why a file of sound could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The file system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is, or should be, a WAV file.
    #[error(transparent)]
    Wav(#[from] WavError),
    /// It is an Ogg file.
    #[cfg(feature = "opus")]
    #[error(transparent)]
    Ogg(#[from] OggError),
    /// It is an Ogg file, and Opus is not built in.
    #[cfg(not(feature = "opus"))]
    #[error("an Ogg file, and this program was built without Opus")]
    NoOpus,
    /// It cannot be decoded.
    #[error("no sound in this codec: {0}")]
    Codec(#[from] crate::codec::CodecError),
}

/// Reads WAV (see [`wav::read`]), or Opus in Ogg where that is built in (feature `opus`).
///
/// # Errors
/// [`FileError`] says what is not as it must be.
pub fn read(bytes: &[u8]) -> Result<Pcm, FileError> {
    read_within(bytes, wav::MAX_MS)
}

/// The same where more than so many milliseconds of sound are refused: a small file of Opus holds
/// hours.
///
/// # Errors
/// As [`read`].
pub fn read_within(bytes: &[u8], limit_ms: u64) -> Result<Pcm, FileError> {
    if !bytes.starts_with(b"OggS") {
        return Ok(wav::read_within(bytes, limit_ms)?);
    }
    #[cfg(feature = "opus")]
    return Ok(ogg::read_within(bytes, limit_ms)?);
    #[cfg(not(feature = "opus"))]
    Err(FileError::NoOpus)
}

/// Reads a file from disk: G.711 without a header where its name ends in `.ulaw` or `.alaw`,
/// G.722 where it ends in `.g722`, else as [`read`].
///
/// # Errors
/// As [`read`], and [`FileError::Io`] with the path where the file cannot be read.
pub fn read_file(path: &Path) -> Result<Pcm, FileError> {
    let bytes = bytes(path)?;
    let ending = path.extension().and_then(|ending| ending.to_str());
    match ending {
        Some("ulaw") => raw(Codec::Pcmu, &bytes),
        Some("alaw") => raw(Codec::Pcma, &bytes),
        Some("g722") => raw(Codec::G722, &bytes),
        _ => read(&bytes),
    }
}

fn raw(codec: Codec, bytes: &[u8]) -> Result<Pcm, FileError> {
    // All three have 8,000 bytes in a second.
    if bytes.len() as u64 / 8 > wav::MAX_MS {
        let limit_ms = wav::MAX_MS;
        return Err(WavError::TooLong { limit_ms }.into());
    }
    let (mut decoder, mut samples) = (Decoder::new(codec), Vec::new());
    for packet in bytes.chunks(160) {
        decoder.decode(packet, &mut samples)?;
    }
    Ok(match codec.band() {
        Band::Narrow => Pcm::new(samples),
        Band::Wide => Pcm::from_rate(Band::Wide.rate(), &samples),
    })
}

fn bytes(path: &Path) -> Result<Vec<u8>, FileError> {
    let at = |source| FileError::Io {
        path: path.to_owned(),
        source,
    };
    let too_large = |bytes| {
        let limit = wav::MAX_BYTES;
        (bytes > limit).then_some(WavError::TooLarge { bytes, limit })
    };
    let file = File::open(path).map_err(at)?;
    let size = file.metadata().map_err(at)?.len();
    if let Some(error) = too_large(size) {
        return Err(error.into());
    }
    let mut bytes = Vec::with_capacity(size as usize);
    // The file may grow meanwhile, or be a device without a size.
    file.take(wav::MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(at)?;
    match too_large(bytes.len() as u64) {
        Some(error) => Err(error.into()),
        None => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::{ENDINGS, FileError, read, read_file};
    use crate::codec::{Band, Codec, Encoder};
    use crate::level::tone_share;
    use crate::tone::Tone;

    #[test]
    fn files_without_a_header_are_what_their_name_says() {
        let folder = tempfile::tempdir().unwrap();
        let tone = Tone::Sine { hz: 600 }.render(500);
        for (ending, codec) in [
            ("ulaw", Codec::Pcmu),
            ("alaw", Codec::Pcma),
            ("g722", Codec::G722),
        ] {
            assert!(ENDINGS.contains(&ending));
            let (mut encoder, mut bytes) = (Encoder::new(codec), Vec::new());
            encoder
                .encode(Band::Narrow, tone.samples(), &mut bytes)
                .unwrap();
            let path = folder.path().join(format!("tone.{ending}"));
            std::fs::write(&path, bytes).unwrap();
            let pcm = read_file(&path).unwrap();
            assert_eq!(pcm.duration_ms(), 500, "{ending}");
            assert!(tone_share(pcm.samples(), 600.0) > 0.95, "{ending}");
        }
    }

    #[test]
    fn what_is_no_sound_says_why() {
        assert!(matches!(read(b"MP3"), Err(FileError::Wav(_))));
        assert!(read(b"OggS").is_err());
        let missing = read_file(std::path::Path::new("/nonexistent/a.wav"));
        assert!(matches!(missing, Err(FileError::Io { .. })));
    }
}
