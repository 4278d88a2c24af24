//! From the payloads of RTP packets to linear sound.

use std::fmt;

use audio_codec::g722::{Bitrate, G722Decoder};

#[cfg(feature = "opus")]
use super::Band;
use super::{Codec, CodecError, MAX_PACKET_MS};
use crate::conceal::Concealer;
use crate::law::Law;

/// Decodes one stream of sound, in its own band ([`Codec::band`]).
///
/// G.722 and Opus remember what went before: packets come in order, and what was lost is told
/// ([`conceal`](Self::conceal)).
pub struct Decoder {
    codec: Codec,
    kind: Kind,
    concealer: Concealer,
}

enum Kind {
    Law(Law),
    G722(Box<G722Decoder>),
    #[cfg(feature = "opus")]
    Opus(Option<Box<ropus::Decoder>>),
}

impl Decoder {
    /// For a stream that begins.
    #[must_use]
    pub fn new(codec: Codec) -> Self {
        let kind = match codec {
            Codec::Pcmu => Kind::Law(Law::Mu),
            Codec::Pcma => Kind::Law(Law::A),
            Codec::G722 => Kind::G722(Box::new(G722Decoder::with_options(
                Bitrate::Mode1_64000,
                false,
                false,
            ))),
            #[cfg(feature = "opus")]
            Codec::Opus => {
                let built = ropus::Decoder::new(Band::Wide.rate(), ropus::Channels::Mono);
                // Told at the first packet, where there is somebody to tell.
                Kind::Opus(built.ok().map(Box::new))
            }
        };
        Self {
            codec,
            kind,
            concealer: Concealer::new(codec.band()),
        }
    }

    /// What it decodes.
    #[must_use]
    pub const fn codec(&self) -> Codec {
        self.codec
    }

    /// Appends the sound of one packet to `out`.
    ///
    /// # Errors
    /// [`CodecError`] when the payload is none of this codec; nothing is appended then.
    pub fn decode(&mut self, payload: &[u8], out: &mut Vec<i16>) -> Result<(), CodecError> {
        let found = payload.len();
        if self.codec.ticks(payload) > MAX_PACKET_MS * (self.codec.clock() / 1000) {
            return Err(CodecError::TooLong { found });
        }
        let begun = out.len();
        match &mut self.kind {
            Kind::Law(law) => law.decode(payload, out),
            Kind::G722(decoder) => {
                out.extend(audio_codec::Decoder::decode(decoder.as_mut(), payload));
            }
            #[cfg(feature = "opus")]
            Kind::Opus(decoder) => {
                if self.codec.ticks(payload) == 0 {
                    return Err(CodecError::Malformed { found });
                }
                let decoder = decoder.as_mut().ok_or(CodecError::Unavailable)?;
                let mut sound = [0; Band::Wide.samples_in(MAX_PACKET_MS)];
                let length = decoder
                    .decode(payload, &mut sound, ropus::DecodeMode::Normal)
                    .map_err(|_| CodecError::Malformed { found })?;
                out.extend_from_slice(sound.get(..length).unwrap_or_default());
            }
        }
        self.concealer
            .heard(out.get_mut(begun..).unwrap_or_default());
        Ok(())
    }

    /// Appends so many samples in place of packets that were lost: what was heard last goes on,
    /// and fades. `next` is the packet after the gap, where it is there already: Opus may have
    /// packed the last of what was lost into it.
    #[cfg_attr(
        not(feature = "opus"),
        expect(
            unused_variables,
            reason = "only Opus packs what was lost into the next packet"
        )
    )]
    pub fn conceal(&mut self, samples: usize, next: Option<&[u8]>, out: &mut Vec<i16>) {
        let samples = samples.min(self.codec.band().samples_in(10 * MAX_PACKET_MS));
        #[cfg(feature = "opus")]
        if let Kind::Opus(Some(decoder)) = &mut self.kind {
            let wanted = out.len() + samples;
            // Opus conceals in whole frames; the last one may be in the packet that follows.
            let frame = Band::Wide.samples_in(20);
            while out.len() < wanted {
                let length = frame.min(wanted - out.len());
                let mut sound = [0; Band::Wide.samples_in(20)];
                let Some(place) = sound.get_mut(..length) else {
                    break;
                };
                let last = out.len() + length >= wanted;
                let done = match next {
                    Some(next) if last => decoder.decode(next, place, ropus::DecodeMode::Fec),
                    _ => decoder.decode(&[], place, ropus::DecodeMode::Normal),
                };
                if done.is_err() {
                    place.fill(0);
                }
                out.extend_from_slice(place);
            }
            return;
        }
        self.concealer.conceal(samples, out);
    }
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder")
            .field("codec", &self.codec)
            .finish_non_exhaustive()
    }
}
