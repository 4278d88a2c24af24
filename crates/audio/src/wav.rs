//! WAV files: read whatever people have, write what every program can read.

mod error;
mod read;
mod record;
mod recover;

pub use error::WavError;
pub(crate) use read::read_within;
pub use read::{MAX_BYTES, read, read_file};
pub use record::{Finished, MAX_MS, Recorder};
pub use recover::{Recovered, recover};
