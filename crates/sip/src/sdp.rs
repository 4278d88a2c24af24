//! SDP offers and answers for one stream of sound with telephone events (RFC 3264); pure.

mod key;
mod read;
mod write;

pub(crate) use key::{Key, Keys, Suite, has_keys};
pub(crate) use read::{is_of_many, read};
pub(crate) use write::{again, answer, handed_on, offer};

use std::net::{IpAddr, SocketAddr};

use callroute_audio::codec::Codec;
use sipx_sdp::SessionDescription;

/// The payload type that is offered for telephone events (RFC 4733) on the clock of the
/// telephone codecs; an answer uses the offer's.
pub(crate) const EVENT_PAYLOAD: u8 = 101;
/// The same on the clock of Opus.
pub(crate) const FAST_EVENT_PAYLOAD: u8 = 110;
/// The static payload type of comfort noise (RFC 3389, section 4).
pub(crate) const NOISE_PAYLOAD: u8 = 13;

/// Why a description cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SdpFault {
    /// It cannot be read at all.
    #[error("malformed session description: {0}")]
    Malformed(String),
    /// It offers no audio over RTP, plain or with a key that we can use.
    #[error("no audio stream over RTP/AVP, or over RTP/SAVP with a=crypto:{}", Suite::Long.name())]
    NoAudio,
    /// Its keys would travel where anybody can read them, or encryption is switched off.
    #[error("no SRTP here with keys from this signalling")]
    Unsafe,
    /// The stream is encrypted, and this would have it in the clear.
    #[error("the sound of this call is encrypted, and stays so")]
    Clear,
    /// It receives at an address of many: multicast or broadcast.
    #[error("no sound to multicast or broadcast addresses")]
    Group,
    /// It offers audio, but nothing that we speak.
    #[error("no common codec: one of {} is needed", names(.ours))]
    NoCodec {
        /// What we speak.
        ours: Vec<Codec>,
    },
}

fn names(codecs: &[Codec]) -> String {
    let maps: Vec<&str> = codecs.iter().map(|codec| codec.rtpmap()).collect();
    maps.join(", ")
}

/// Our end of the stream.
#[derive(Debug, Clone)]
pub(crate) struct Local {
    /// Where we receive.
    pub(crate) media: SocketAddr,
    /// Where the far end's signalling comes from, as far as we know.
    pub(crate) peer: Option<IpAddr>,
    /// Whoever he is, he is known: our sound may go wherever his description says. Of others whose
    /// signalling comes from elsewhere, somebody must be heard there before.
    pub(crate) vouched: bool,
    /// The session id of our `o=` line.
    pub(crate) session: u64,
    /// The version of our `o=` line; one more with every description sent.
    pub(crate) version: u64,
    /// Our keys, should the stream be encrypted.
    pub(crate) key: Option<Keys>,
    /// Our offers are of an encrypted stream, and it stays one.
    pub(crate) encrypts: bool,
    /// We take and send comfort noise.
    pub(crate) noise: bool,
    /// What was agreed on last.
    pub(crate) agreement: Option<Box<Agreement>>,
}

/// What both ends have come to, for the next offer (RFC 3264, section 8).
#[derive(Debug, Clone)]
pub(crate) struct Agreement {
    /// The formats that both have, the one that is spoken first.
    formats: Vec<Format>,
    event: Option<Event>,
    noise: bool,
    /// The other streams, which are refused but keep their places.
    others: Vec<String>,
    /// How many of them come before ours.
    before: usize,
}

impl Agreement {
    /// To a description of the far end's.
    fn of(remote: &Remote) -> Self {
        let streams = remote.description.media.iter().enumerate();
        let others = streams.filter(|(at, _)| *at != remote.stream);
        Self {
            formats: remote.formats.clone(),
            event: remote.event,
            noise: remote.noise,
            others: others.map(|(_, media)| write::refused(media)).collect(),
            before: remote.stream,
        }
    }
}

impl Local {
    /// What an offer or answer came to: comfort noise is for two who both want it, and what is encrypted
    /// stays so.
    pub(crate) fn agree(&mut self, remote: Remote) -> Remote {
        self.encrypts |= self.has_key_for(&remote);
        self.agreement = Some(Box::new(Agreement::of(&remote)));
        let at = |ip: IpAddr| Some(ip.to_canonical());
        let elsewhere = remote
            .media
            .is_some_and(|media| at(media.ip()) != self.peer.and_then(at));
        Remote {
            noise: remote.noise && self.noise,
            peer: self.peer,
            doubted: elsewhere && !self.vouched,
            ..remote
        }
    }

    /// Reads an answer to our offer. Who was offered a key and answers without one would have us speak
    /// in the clear.
    pub(crate) fn read_answer(&self, body: &[u8], ours: &[Codec]) -> Result<Remote, SdpFault> {
        let answer = read(body, ours)?;
        let both = self.key.as_ref().zip(answer.key.as_ref());
        let keyed = both.is_some_and(|(ours, theirs)| ours.answered_by(theirs));
        match keyed || !self.encrypts {
            true => Ok(answer),
            false => Err(SdpFault::Clear),
        }
    }

    /// Takes an offer, unless it would have what is encrypted go on in the clear.
    pub(crate) fn checked(&self, offer: Remote) -> Result<Remote, SdpFault> {
        match self.encrypts && !self.has_key_for(&offer) {
            true => Err(SdpFault::Clear),
            false => Ok(offer),
        }
    }

    /// Whether a description has a key that goes with one of ours.
    fn has_key_for(&self, remote: &Remote) -> bool {
        let both = self.key.as_ref().zip(remote.key.as_ref());
        both.is_some_and(|(ours, theirs)| ours.beside(theirs).is_some())
    }
}

/// A payload type, and what it stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Format {
    /// The codec.
    pub(crate) codec: Codec,
    /// Its payload type.
    pub(crate) payload: u8,
}

/// A payload type for telephone events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Event {
    /// The payload type.
    pub(crate) payload: u8,
    /// The ticks in a second in which it counts: 8,000 or 48,000.
    pub(crate) clock: u32,
}

/// What the far end offered or answered.
#[derive(Debug, Clone)]
pub(crate) struct Remote {
    /// Where it receives; `None` when it named no usable address, and we wait for its sound.
    pub(crate) media: Option<SocketAddr>,
    /// Where its signalling comes from, once it is agreed on.
    pub(crate) peer: Option<IpAddr>,
    /// Nothing but the word of a stranger says that it is there: whoever is may not want our sound.
    pub(crate) doubted: bool,
    /// The codecs that both speak, in its order; never empty.
    pub(crate) codecs: Vec<Codec>,
    /// The same with its payload types.
    pub(crate) formats: Vec<Format>,
    /// Its payload type for telephone events, on the clock of its codec if it has one there.
    pub(crate) event: Option<Event>,
    /// Whether it takes comfort noise.
    pub(crate) noise: bool,
    /// The length of the packets that it wants, in milliseconds.
    pub(crate) packet_ms: Option<u32>,
    /// The length of the longest packets that it takes, in milliseconds.
    pub(crate) longest_ms: Option<u32>,
    /// Where it takes RTCP.
    pub(crate) control: Option<SocketAddr>,
    /// It takes RTCP where it takes RTP (RFC 5761).
    pub(crate) mux: bool,
    /// Its key, when the stream is encrypted.
    pub(crate) key: Option<Key>,
    /// Whether it wants to hear us.
    pub(crate) listens: bool,
    /// Whether it put us on hold.
    pub(crate) held: bool,
    stream: usize,
    description: SessionDescription,
}

impl Remote {
    /// The codec to speak with it.
    pub(crate) fn codec(&self) -> Codec {
        self.codecs.first().copied().unwrap_or(Codec::Pcmu)
    }

    /// The payload type of the codec to speak with it.
    pub(crate) fn payload(&self) -> u8 {
        self.formats.first().map_or(0, |format| format.payload)
    }

    /// The id and version of its `o=` line.
    pub(crate) fn version(&self) -> (u64, u64) {
        let origin = &self.description.origin;
        (origin.session_id, origin.session_version)
    }
}

/// What a far end has said of itself, in short: enough to hand it on to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Described {
    /// Where it hears.
    pub(crate) media: SocketAddr,
    pub(crate) formats: Vec<Format>,
    pub(crate) event: Option<Event>,
    pub(crate) packet_ms: Option<u32>,
    /// Its port for RTCP.
    pub(crate) control: Option<u16>,
    /// The id and version of its `o=` line: the same again says that nothing has changed.
    version: (u64, u64),
}

impl Described {
    /// Of what it has offered or answered; `None` for what cannot be handed on: it is encrypted,
    /// held, or names no address.
    pub(crate) fn of(remote: &Remote) -> Option<Self> {
        let media = remote.media?;
        let plain = remote.key.is_none() && remote.listens && !remote.held;
        plain.then(|| Self {
            media,
            formats: remote.formats.clone(),
            event: remote.event,
            packet_ms: remote.packet_ms,
            control: remote.control.map(|control| control.port()),
            version: remote.version(),
        })
    }

    /// Whether a description is the same again (RFC 3264, section 8).
    pub(crate) fn is_repeated_by(&self, remote: &Remote) -> bool {
        self.version == remote.version()
    }

    /// What of it the other one speaks as well, its preference first; `None` when that is nothing.
    pub(crate) fn with(&self, other: &Self) -> Option<Self> {
        let speaks = |format: &&Format| other.formats.iter().any(|o| o.codec == format.codec);
        let formats: Vec<Format> = self.formats.iter().filter(speaks).copied().collect();
        (!formats.is_empty()).then(|| Self {
            formats,
            ..self.clone()
        })
    }
}

/// The address to name for a peer: the advertised one, else the bound one, else the one of the
/// interface that leads there.
pub(crate) fn named_ip(
    advertised: Option<IpAddr>,
    bound: IpAddr,
    leads: impl FnOnce() -> Option<IpAddr>,
) -> IpAddr {
    match advertised {
        Some(ip) => ip,
        None if bound.is_unspecified() => leads().unwrap_or(bound),
        None => bound,
    }
}

#[cfg(test)]
mod tests;
