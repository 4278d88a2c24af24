//! SDP offers and answers for one stream of G.711 with telephone events (RFC 3264); pure.

use std::net::{IpAddr, SocketAddr};

use callroute_audio::codec::Codec;
use sipx_sdp::{Attribute, Direction, MediaDescription, SessionDescription};

/// The payload type that is offered for telephone events (RFC 4733); an answer uses the offer's.
pub(crate) const EVENT_PAYLOAD: u8 = 101;
/// Longest description that is read, in bytes.
const MAX_BODY: usize = 16 * 1024;
/// Most streams that one description may hold.
const MAX_STREAMS: usize = 16;

/// Why a description cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SdpFault {
    /// It cannot be read at all.
    #[error("malformed session description: {0}")]
    Malformed(String),
    /// It offers no audio over plain RTP.
    #[error("no audio stream over RTP/AVP")]
    NoAudio,
    /// It offers audio, but nothing that we speak.
    #[error("no common codec: PCMU (0) or PCMA (8) is needed")]
    NoCodec,
}

/// Our end of the stream.
#[derive(Debug, Clone)]
pub(crate) struct Local {
    /// Where we receive.
    pub(crate) media: SocketAddr,
    /// The session id of our `o=` line.
    pub(crate) session: u64,
    /// The version of our `o=` line; one more with every description sent.
    pub(crate) version: u64,
}

/// What the far end offered or answered.
#[derive(Debug, Clone)]
pub(crate) struct Remote {
    /// Where it receives; `None` when it named no usable address, and we wait for its sound.
    pub(crate) media: Option<SocketAddr>,
    /// The codecs that both speak, in its order; never empty.
    pub(crate) codecs: Vec<Codec>,
    /// Its payload type for telephone events.
    pub(crate) event: Option<u8>,
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
}

/// Reads an offer or an answer, and finds the stream that we can use.
pub(crate) fn read(body: &[u8], ours: &[Codec]) -> Result<Remote, SdpFault> {
    if body.len() > MAX_BODY {
        return Err(SdpFault::Malformed(format!(
            "{} bytes, at most {MAX_BODY}",
            body.len()
        )));
    }
    let text = std::str::from_utf8(body).map_err(|e| SdpFault::Malformed(e.to_string()))?;
    let description = sipx_sdp::parse(text).map_err(|e| SdpFault::Malformed(e.to_string()))?;
    if description.media.len() > MAX_STREAMS {
        let found = description.media.len();
        return Err(SdpFault::Malformed(format!(
            "{found} streams, at most {MAX_STREAMS}"
        )));
    }
    let audio = |m: &MediaDescription| {
        m.media == "audio" && m.protocol.eq_ignore_ascii_case("RTP/AVP") && !m.is_rejected()
    };
    if !description.media.iter().any(audio) {
        return Err(SdpFault::NoAudio);
    }
    let found = description
        .media
        .iter()
        .enumerate()
        .filter(|(_, m)| audio(m))
        .find_map(|(at, m)| Some((at, m, common(m, ours)?)));
    let Some((stream, media, codecs)) = found else {
        return Err(SdpFault::NoCodec);
    };
    let address = description.address_for(media);
    let silenced = address.is_some_and(|ip| ip.is_unspecified());
    let direction = media
        .declared_direction()
        .unwrap_or_else(|| description.direction());
    let remote = Remote {
        media: address
            .filter(|ip| !ip.is_unspecified() && !ip.is_multicast() && media.port != 9)
            .map(|ip| SocketAddr::new(ip, media.port)),
        codecs,
        event: event_payload(media),
        listens: direction.receives() && !silenced,
        // Hold is sendonly or inactive (RFC 3264, section 8.4); older phones say c=0.0.0.0.
        held: silenced || !direction.receives(),
        stream,
        description: description.clone(),
    };
    Ok(remote)
}

fn common(media: &MediaDescription, ours: &[Codec]) -> Option<Vec<Codec>> {
    let mut codecs: Vec<Codec> = Vec::new();
    let offered = media.formats.iter().filter_map(|f| f.parse().ok());
    for codec in offered.filter_map(Codec::from_payload_type) {
        if ours.contains(&codec) && !codecs.contains(&codec) {
            codecs.push(codec);
        }
    }
    (!codecs.is_empty()).then_some(codecs)
}

fn event_payload(media: &MediaDescription) -> Option<u8> {
    media.formats.iter().find_map(|format| {
        let (name, rate) = media.rtpmap(format)?.split_once('/')?;
        let payload: u8 = format.parse().ok()?;
        (name.eq_ignore_ascii_case("telephone-event")
            && rate.trim() == "8000"
            && (96..=127).contains(&payload))
        .then_some(payload)
    })
}

/// Our offer: the codecs in our order, and telephone events.
pub(crate) fn offer(local: &Local, codecs: &[Codec], direction: Direction) -> String {
    let stream = stream(local, codecs, Some(EVENT_PAYLOAD), direction);
    let mut description = header(local);
    description.media.push(stream);
    description.to_string_sdp()
}

/// Our answer: one codec, the offer's first, and telephone events if it has them. Other streams
/// of the offer are refused, each in its place (RFC 3264, section 6).
pub(crate) fn answer(local: &Local, remote: &Remote) -> String {
    let offered = remote.description.media.get(remote.stream);
    let theirs = offered
        .and_then(MediaDescription::declared_direction)
        .unwrap_or_else(|| remote.description.direction());
    let ours = match theirs.mirrored() {
        // Nothing may be sent to 0.0.0.0, so do not promise it.
        Direction::SendRecv if remote.held => Direction::RecvOnly,
        Direction::SendOnly if remote.held => Direction::Inactive,
        direction => direction,
    };
    let mut description = header(local);
    for (at, media) in remote.description.media.iter().enumerate() {
        description.media.push(if at == remote.stream {
            stream(local, &[remote.codec()], remote.event, ours)
        } else {
            let mut refused = MediaDescription::audio(0, media.formats.clone());
            refused.media.clone_from(&media.media);
            refused.protocol.clone_from(&media.protocol);
            refused
        });
    }
    description.to_string_sdp()
}

fn header(local: &Local) -> SessionDescription {
    SessionDescription::new(local.media.ip(), local.session, local.version)
}

fn stream(
    local: &Local,
    codecs: &[Codec],
    event: Option<u8>,
    direction: Direction,
) -> MediaDescription {
    let formats = codecs.iter().map(|codec| codec.payload_type()).chain(event);
    let formats = formats.map(|payload| payload.to_string()).collect();
    let mut media = MediaDescription::audio(local.media.port(), formats);
    for codec in codecs {
        let map = format!("{} {}/8000", codec.payload_type(), codec.encoding_name());
        media.attributes.push(Attribute::valued("rtpmap", map));
    }
    if let Some(event) = event {
        let map = format!("{event} telephone-event/8000");
        media.attributes.push(Attribute::valued("rtpmap", map));
        media
            .attributes
            .push(Attribute::valued("fmtp", format!("{event} 0-15")));
    }
    media.attributes.push(Attribute::valued("ptime", "20"));
    media.set_direction(direction);
    media
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
