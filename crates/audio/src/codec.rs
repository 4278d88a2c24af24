//! The codecs of RTP that are spoken: G.711, G.722 and Opus.

mod decode;
mod encode;
mod error;

pub use decode::Decoder;
pub use encode::Encoder;
pub use error::CodecError;

use crate::law::Law;

/// The longest packet of sound that is taken, in milliseconds (RFC 3551, section 4.2).
pub const MAX_PACKET_MS: u32 = 200;
/// The longest of Opus: no other is one (RFC 6716, section 3.2.5).
#[cfg(feature = "opus")]
const MAX_OPUS_MS: u32 = 120;

/// A voice codec of RTP (RFC 3551, RFC 7587).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Codec {
    /// G.711 µ-law, 8 kHz, 64 kbit/s.
    Pcmu,
    /// G.711 A-law, 8 kHz, 64 kbit/s.
    Pcma,
    /// G.722, 16 kHz, 64 kbit/s.
    G722,
    /// Opus, here at 16 kHz and about 24 kbit/s; whatever the far end sends is understood.
    #[cfg(feature = "opus")]
    Opus,
}

/// How many samples a second sound has while it is linear.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Band {
    /// 8,000: the band of the telephone network, up to 3.4 kHz.
    Narrow,
    /// 16,000: up to 7 kHz.
    Wide,
}

impl Band {
    /// Samples per second.
    #[must_use]
    pub const fn rate(self) -> u32 {
        match self {
            Self::Narrow => 8_000,
            Self::Wide => 16_000,
        }
    }

    /// Samples in so many milliseconds.
    #[must_use]
    pub const fn samples_in(self, ms: u32) -> usize {
        (self.rate() / 1000) as usize * ms as usize
    }
}

impl Codec {
    /// All that are built in, the most widely spoken first.
    pub const ALL: &'static [Self] = &[
        Self::Pcmu,
        Self::Pcma,
        Self::G722,
        #[cfg(feature = "opus")]
        Self::Opus,
    ];

    /// The RTP payload type: 0, 8 and 9 are static (RFC 3551, section 6); Opus has none, and is
    /// offered as 111.
    #[must_use]
    pub const fn payload_type(self) -> u8 {
        match self {
            Self::Pcmu => 0,
            Self::Pcma => 8,
            Self::G722 => 9,
            #[cfg(feature = "opus")]
            Self::Opus => 111,
        }
    }

    /// The codec of a static payload type; `None` for all but 0, 8 and 9.
    #[must_use]
    pub const fn from_payload_type(payload_type: u8) -> Option<Self> {
        match payload_type {
            0 => Some(Self::Pcmu),
            8 => Some(Self::Pcma),
            9 => Some(Self::G722),
            _ => None,
        }
    }

    /// What SDP's `rtpmap` says of it: `PCMU/8000`, `opus/48000/2`. That of G.722 says 8000, by an
    /// old error that is now the standard (RFC 3551, section 4.5.2).
    #[must_use]
    pub const fn rtpmap(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU/8000",
            Self::Pcma => "PCMA/8000",
            Self::G722 => "G722/8000",
            #[cfg(feature = "opus")]
            Self::Opus => "opus/48000/2",
        }
    }

    /// The codec that an `rtpmap` names, whatever the case; `None` for what is not spoken here.
    #[must_use]
    pub fn from_rtpmap(map: &str) -> Option<Self> {
        let named = |wanted: &str| {
            let map = map.trim();
            map.eq_ignore_ascii_case(wanted)
                || map
                    .strip_suffix("/1")
                    .is_some_and(|map| map.eq_ignore_ascii_case(wanted))
        };
        Self::ALL
            .iter()
            .copied()
            .find(|codec| named(codec.rtpmap()))
    }

    /// What SDP's `fmtp` says when it is offered: that Opus may carry what a lost packet said in
    /// the next one (RFC 7587, section 6.1).
    #[must_use]
    pub const fn fmtp(self) -> Option<&'static str> {
        match self {
            Self::Pcmu | Self::Pcma | Self::G722 => None,
            #[cfg(feature = "opus")]
            Self::Opus => Some("minptime=10;useinbandfec=1"),
        }
    }

    /// Ticks of the RTP clock in a second: 8,000, or 48,000 for Opus.
    #[must_use]
    pub const fn clock(self) -> u32 {
        match self {
            Self::Pcmu | Self::Pcma | Self::G722 => 8_000,
            #[cfg(feature = "opus")]
            Self::Opus => 48_000,
        }
    }

    /// The band of its sound.
    #[must_use]
    pub const fn band(self) -> Band {
        match self {
            Self::Pcmu | Self::Pcma => Band::Narrow,
            Self::G722 => Band::Wide,
            #[cfg(feature = "opus")]
            Self::Opus => Band::Wide,
        }
    }

    /// The law of G.711 that it is, if it is one.
    #[must_use]
    pub const fn law(self) -> Option<Law> {
        match self {
            Self::Pcmu => Some(Law::Mu),
            Self::Pcma => Some(Law::A),
            Self::G722 => None,
            #[cfg(feature = "opus")]
            Self::Opus => None,
        }
    }

    /// How long the sound of a payload lasts, in ticks of the RTP clock; 0 for a payload that is
    /// none of this codec.
    #[must_use]
    pub fn ticks(self, payload: &[u8]) -> u32 {
        match self {
            Self::Pcmu | Self::Pcma | Self::G722 => u32::try_from(payload.len()).unwrap_or(0),
            #[cfg(feature = "opus")]
            Self::Opus => opus_ticks(payload),
        }
    }

    /// The nearest length of a packet, in milliseconds, that it can have: 10 to 60 in tens, and
    /// no 30 or 50 for Opus (RFC 6716, section 2.1.4).
    #[must_use]
    pub fn packet_ms(self, wanted: u32) -> u32 {
        let tens = (wanted / 10 * 10).clamp(10, 60);
        match self {
            Self::Pcmu | Self::Pcma | Self::G722 => tens,
            #[cfg(feature = "opus")]
            Self::Opus => match tens {
                30 => 20,
                50 => 40,
                tens => tens,
            },
        }
    }
}

/// The length of an Opus packet as its first bytes tell it (RFC 6716, sections 3.1 and 3.2).
#[cfg(feature = "opus")]
fn opus_ticks(payload: &[u8]) -> u32 {
    let Some(&toc) = payload.first() else {
        return 0;
    };
    let frame = match toc >> 3 {
        config @ 0..=11 => [480, 960, 1920, 2880].get(usize::from(config & 3)),
        config @ 12..=15 => [480, 960].get(usize::from(config & 1)),
        config => [120, 240, 480, 960].get(usize::from(config & 3)),
    };
    let frames = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => payload.get(1).map_or(0, |count| u32::from(count & 0x3F)),
    };
    let ticks = frame.copied().unwrap_or(0) * frames;
    if ticks <= MAX_OPUS_MS * 48 { ticks } else { 0 }
}

#[cfg(test)]
mod tests;
