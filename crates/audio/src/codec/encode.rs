//! From linear sound to the payloads of RTP packets.

use std::fmt;

use audio_codec::g722::{Bitrate, G722Encoder};

use super::{Band, Codec, CodecError};
use crate::band::Converter;
use crate::law::Law;

/// Encodes one stream of sound.
///
/// G.722 and Opus remember what went before, so that one stream has one encoder from its
/// beginning to its end. Sound of either band is taken at any time; what the codec cannot carry
/// is filtered out.
pub struct Encoder {
    codec: Codec,
    kind: Kind,
    converter: Converter,
}

enum Kind {
    Law(Law),
    G722(Box<G722Encoder>),
    #[cfg(feature = "opus")]
    Opus(Option<Box<ropus::Encoder>>),
}

/// The longest packet that Opus is asked for: 60 ms at 24 kbit/s are 180 bytes, with room for
/// what is hard to compress.
#[cfg(feature = "opus")]
const MAX_OPUS: usize = 1275;

impl Encoder {
    /// For a stream that begins.
    #[must_use]
    pub fn new(codec: Codec) -> Self {
        let kind = match codec {
            Codec::Pcmu => Kind::Law(Law::Mu),
            Codec::Pcma => Kind::Law(Law::A),
            Codec::G722 => Kind::G722(Box::new(G722Encoder::with_options(
                Bitrate::Mode1_64000,
                false,
                false,
            ))),
            #[cfg(feature = "opus")]
            Codec::Opus => opus(),
        };
        Self {
            codec,
            kind,
            converter: Converter::new(codec.band()),
        }
    }

    /// What it encodes to.
    #[must_use]
    pub const fn codec(&self) -> Codec {
        self.codec
    }

    /// Appends the payload of one packet to `out`. For Opus the samples must be a whole frame:
    /// 10, 20, 40 or 60 ms.
    ///
    /// # Errors
    /// [`CodecError::Frame`] when they are not, [`CodecError::Unavailable`] when the codec would
    /// not begin; nothing is appended then.
    pub fn encode(
        &mut self,
        band: Band,
        samples: &[i16],
        out: &mut Vec<u8>,
    ) -> Result<(), CodecError> {
        let samples = self.converter.convert(band, samples);
        let samples = samples.as_ref();
        match &mut self.kind {
            Kind::Law(law) => law.encode(samples, out),
            Kind::G722(encoder) => {
                out.extend(audio_codec::Encoder::encode(encoder.as_mut(), samples));
            }
            #[cfg(feature = "opus")]
            Kind::Opus(encoder) => {
                let found = samples.len();
                let mut packet = [0; MAX_OPUS];
                let length = encoder
                    .as_mut()
                    .ok_or(CodecError::Unavailable)?
                    .encode(samples, &mut packet)
                    .map_err(|_| CodecError::Frame { found })?;
                out.extend_from_slice(packet.get(..length).unwrap_or_default());
            }
        }
        Ok(())
    }
}

#[cfg(feature = "opus")]
fn opus() -> Kind {
    let (rate, channels) = (Band::Wide.rate(), ropus::Channels::Mono);
    let built = ropus::Encoder::builder(rate, channels, ropus::Application::Voip)
        .complexity(5)
        .inband_fec(ropus::InbandFec::Enabled)
        .packet_loss_perc(5)
        .build();
    // Told at the first packet, where there is somebody to tell.
    Kind::Opus(built.ok().map(Box::new))
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoder")
            .field("codec", &self.codec)
            .finish_non_exhaustive()
    }
}
