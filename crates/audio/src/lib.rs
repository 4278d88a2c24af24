//! Codecs, WAV, tones, DTMF and text to speech; knows nothing of calls.
//!
//! ```text
//!   WAV files ──read──┐                          ┌── encode ──> RTP payloads
//!   prompts ──────────┤                          │
//!   text to speech ───┼──>  Pcm: 8 kHz, mono  <──┤
//!   tones, DTMF ──────┘      16-bit samples      └── decode ──> Detector, level, Recorder
//! ```
//!
//! Everything meets in [`Pcm`], or in a slice of its samples. A piece of sound is turned into the
//! payloads of RTP packets by an [`Encoder`] of a [`Codec`], or for G.711 alone by a [`Law`]; what
//! comes in is decoded ([`Decoder`]), searched for digits
//! ([`dtmf::Detector`]), measured ([`level`]) and recorded ([`Recorder`]).
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
//! let key = dtmf::render('5', 100).ok_or("not a key")?;
//! assert_eq!(dtmf::Detector::new().push(key.samples()), ['5']);
//! # Ok::<(), &str>(())
//! ```
//!
//! No clock, no threads, no network. Files are touched by [`wav::read_file`], [`Recorder`] and
//! [`Prompts`]; processes are run by [`Speech`] alone. All of these block.

pub mod band;
mod cache;
pub mod codec;
pub mod conceal;
pub mod dtmf;
mod goertzel;
pub mod law;
pub mod level;
mod music;
pub mod noise;
pub mod pcm;
pub mod prompts;
mod resample;
pub mod speech;
pub mod tone;
pub mod wav;

pub use codec::{Band, Codec, CodecError, Decoder, Encoder};
pub use law::Law;
pub use music::music;
pub use pcm::{Pcm, RATE};
pub use prompts::{PromptError, Prompts};
pub use speech::{Speech, SpeechError};
pub use tone::{Tone, ToneSource, Tones};
pub use wav::{Finished, Recorder, WavError};
