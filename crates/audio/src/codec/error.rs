//! Why sound cannot be encoded or decoded.

use super::MAX_PACKET_MS;

/// Why a payload cannot be decoded, or sound not be encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// The payload is longer than any packet of sound.
    #[error("a payload of {found} bytes lasts longer than {MAX_PACKET_MS} ms")]
    TooLong {
        /// Its length in bytes.
        found: usize,
    },
    /// The bytes are no packet of this codec.
    #[error("these {found} bytes are no packet of this codec")]
    Malformed {
        /// How many they are.
        found: usize,
    },
    /// The codec could not be set up.
    #[error("the codec could not be set up")]
    Unavailable,
    /// The codec has no packets of this length.
    #[error("{found} samples are no frame of this codec: 10, 20, 40 or 60 ms are")]
    Frame {
        /// How many samples there were.
        found: usize,
    },
}
