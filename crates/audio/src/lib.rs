//! Codecs, WAV, tones, DTMF and text to speech; knows nothing of calls.
//!
//! ```text
//!   WAV files ──read──┐                          ┌── encode ──> RTP payloads
//!   prompts ──────────┤                          │
//!   text to speech ───┼──>  Pcm: 8 kHz, mono  <──┤
//!   tones, DTMF ──────┘      16-bit samples      └── decode ──> Detector, level, Recorder
//! ```
//!
//! Everything meets in [`Pcm`] or its samples. An [`Encoder`] of a [`Codec`] makes the payloads of RTP
//! packets (for G.711 alone a [`Law`]); what comes in is decoded, searched for digits, recorded.
//!
//! ```
//! use callroute_audio::{Law, Tone, dtmf, level};
//!
//! let beep = Tone::Beep.render(400);
//! let mut payload = Vec::new();
//! Law::Mu.encode(beep.samples(), &mut payload);
//! assert_eq!(payload.len(), 3200); // one byte a sample, 20 packets of 20 ms
//!
//! let mut heard = Vec::new();
//! Law::Mu.decode(&payload, &mut heard);
//! assert!(level::tone_share(&heard, 1000.0) > 0.9);
//!
//! let key = dtmf::render('5', 100).unwrap();
//! assert_eq!(dtmf::Detector::new().push(key.samples()), ['5']);
//! ```
//!
//! No clock, no network but for [`Speech`], which runs programs and asks a web server (feature
//! `speech-server`). Files are touched by [`file::read_file`], [`Recorder`], [`Prompts`]. All block.
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod band;
mod cache;
pub mod codec;
pub mod conceal;
pub mod dtmf;
pub mod file;
mod goertzel;
pub mod law;
pub mod level;
mod music;
pub mod noise;
#[cfg(feature = "opus")]
pub mod ogg;
pub mod pcm;
pub mod prompts;
mod resample;
pub mod speech;
pub mod tone;
pub mod wav;

pub use codec::{Band, Codec, CodecError, Decoder, Encoder};
pub use file::FileError;
pub use law::Law;
pub use music::music;
pub use pcm::{Pcm, RATE};
pub use prompts::{PromptError, Prompts};
pub use speech::{Speech, SpeechError};
pub use tone::{Tone, ToneSource, Tones};
pub use wav::{Finished, Recorder, WavError};
