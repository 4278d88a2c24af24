//! What can be wrong with a WAV file.

use std::io;
use std::path::{Path, PathBuf};

/// Why a WAV file could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WavError {
    /// The file system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// More bytes than are read.
    #[error("{bytes} bytes are too many for a WAV file, at most {limit} are read")]
    TooLarge {
        /// Size found.
        bytes: u64,
        /// Size allowed.
        limit: u64,
    },
    /// Longer than is read or recorded.
    #[error("longer than {limit_ms} ms, which is the most")]
    TooLong {
        /// Milliseconds allowed.
        limit_ms: u64,
    },
    /// Not a RIFF file with WAVE content.
    #[error("not a WAV file: it does not begin with a RIFF header of type WAVE")]
    NotWav,
    /// A part of the file that must be there is not.
    #[error("no complete `{}` chunk in the WAV file", .chunk.escape_ascii())]
    NoChunk {
        /// The four letters of the chunk.
        chunk: [u8; 4],
    },
    /// An encoding that is not read.
    #[error(
        "WAV format {tag} with {bits} bits is not supported: use PCM (format 1) of 8, 16, 24 or 32 bits, \
         float (3) of 32 or 64, A-law (6) or µ-law (7) of 8"
    )]
    Format {
        /// The format tag; for the extensible format (65534) the one inside.
        tag: u16,
        /// Bits per sample.
        bits: u16,
    },
    /// Neither mono nor stereo.
    #[error("{found} channels, must be 1 or 2")]
    Channels {
        /// Channels found.
        found: u16,
    },
    /// A sample rate beyond what is sensible.
    #[error("{found} samples a second, must be 4000 to 192000")]
    Rate {
        /// Samples a second found.
        found: u32,
    },
    /// The header contradicts itself.
    #[error("{found} bytes a frame, must be {expected} for these channels and bits")]
    Frame {
        /// Block alignment found.
        found: u16,
        /// Block alignment that channels and bits make.
        expected: u16,
    },
}

/// Puts the path to an error of the file system.
pub(super) fn at(path: &Path) -> impl FnOnce(io::Error) -> WavError {
    move |source| WavError::Io {
        path: path.to_owned(),
        source,
    }
}
