//! Reads an offer or an answer.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use callroute_audio::codec::Codec;
use sipx_sdp::MediaDescription;

use super::{Event, Format, Key, NOISE_PAYLOAD, Remote, SdpFault};

/// Longest description that is read, in bytes.
const MAX_BODY: usize = 16 * 1024;
/// Digits that always fit into 64 bits.
const DIGITS: usize = 19;
/// Most streams that one description may hold.
const MAX_STREAMS: usize = 16;

/// Reads an offer or an answer, and finds the stream that we can use.
pub(crate) fn read(body: &[u8], ours: &[Codec]) -> Result<Remote, SdpFault> {
    if body.len() > MAX_BODY {
        return Err(SdpFault::Malformed(format!(
            "{} bytes, at most {MAX_BODY}",
            body.len()
        )));
    }
    let text = std::str::from_utf8(body).map_err(|e| SdpFault::Malformed(e.to_string()))?;
    let text = fitted(text);
    let description = sipx_sdp::parse(&text).map_err(|e| SdpFault::Malformed(e.to_string()))?;
    if description.media.len() > MAX_STREAMS {
        let found = description.media.len();
        return Err(SdpFault::Malformed(format!(
            "{found} streams, at most {MAX_STREAMS}"
        )));
    }
    let audio = |m: &MediaDescription| {
        let plain = m.protocol.eq_ignore_ascii_case("RTP/AVP");
        m.media == "audio" && (plain || encrypted(m).is_some()) && !m.is_rejected()
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
    let Some((stream, media, formats)) = found else {
        let ours = ours.to_vec();
        return Err(SdpFault::NoCodec { ours });
    };
    let address = description.address_for(media);
    if address.is_some_and(is_of_many) {
        return Err(SdpFault::Group);
    }
    let silenced = address.is_some_and(|ip| ip.is_unspecified());
    let direction = media
        .declared_direction()
        .unwrap_or_else(|| description.direction());
    let clock = formats
        .first()
        .map_or(8000, |format: &Format| format.codec.clock());
    let noise = NOISE_PAYLOAD.to_string();
    let named = address
        .filter(|ip| !ip.is_unspecified() && media.port != 9)
        .map(|ip| SocketAddr::new(ip, media.port));
    let mux = media.rtcp_mux();
    let control = named.and_then(|named| control(media, named, mux));
    let (key, event) = (encrypted(media), event(media, clock));
    let noise = media.formats.contains(&noise);
    let packet_ms = milliseconds(media, "ptime");
    let longest_ms = milliseconds(media, "maxptime");
    Ok(Remote {
        media: named,
        peer: None,
        doubted: false,
        control,
        mux,
        key,
        codecs: formats.iter().map(|format| format.codec).collect(),
        formats,
        event,
        noise,
        packet_ms,
        longest_ms,
        listens: direction.receives() && !silenced,
        // Hold is sendonly or inactive (RFC 3264, section 8.4); older phones say c=0.0.0.0.
        held: silenced || !direction.receives(),
        stream,
        description,
    })
}

/// The numbers of `o=` may be of any length (RFC 8866, section 5.2). Of one that the parser has no room
/// for, the last digits stand for it: they change when it does.
fn fitted(text: &str) -> Cow<'_, str> {
    let fit = || {
        let (before, rest) = text.split_once("\no=")?;
        let (line, after) = rest.split_once('\n')?;
        let is_long = |field: &str| {
            field.parse::<u64>().is_err() && field.bytes().all(|byte| byte.is_ascii_digit())
        };
        let mut fields: Vec<&str> = line.split_whitespace().collect();
        let numbers = fields.get_mut(1..3)?;
        if !numbers.iter().any(|field| is_long(field)) {
            return None;
        }
        for field in numbers.iter_mut().filter(|field| is_long(field)) {
            *field = field.get(field.len().saturating_sub(DIGITS)..)?;
        }
        Some(format!("{before}\no={}\n{after}", fields.join(" ")))
    };
    fit().map_or(Cow::Borrowed(text), Cow::Owned)
}

/// Whether more than one may hear what is sent to an address.
pub(crate) fn is_of_many(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.is_multicast() || ip.is_broadcast(),
        IpAddr::V6(ip) => ip.is_multicast(),
    }
}

/// Where RTCP goes: the port of RTP, the one that is named (RFC 3605), or the one above.
fn control(media: &MediaDescription, named: SocketAddr, mux: bool) -> Option<SocketAddr> {
    if mux {
        return Some(named);
    }
    let said = media.attribute("rtcp").and_then(|a| a.value.as_deref());
    let said = said.and_then(|value| value.split_whitespace().next()?.parse::<u16>().ok());
    let port = match said {
        Some(port) => Some(port).filter(|port| *port != 0),
        None => named.port().checked_add(1),
    };
    port.map(|port| SocketAddr::new(named.ip(), port))
}

/// The first key of a stream that is encrypted in a way that we know: the far end's order is its
/// preference (RFC 4568, section 5.1.1).
fn encrypted(media: &MediaDescription) -> Option<Key> {
    if !media.protocol.eq_ignore_ascii_case("RTP/SAVP") {
        return None;
    }
    let offered = media.attributes.iter().filter(|a| a.name == "crypto");
    offered
        .filter_map(|a| a.value.as_deref())
        .find_map(Key::read)
}

fn common(media: &MediaDescription, ours: &[Codec]) -> Option<Vec<Format>> {
    let mut formats: Vec<Format> = Vec::new();
    for format in &media.formats {
        let Ok(payload) = format.parse::<u8>() else {
            continue;
        };
        // A map outranks what the number stands for without one (RFC 3551, section 6).
        let codec = match media.rtpmap(format) {
            Some(map) => Codec::from_rtpmap(map),
            None => Codec::from_payload_type(payload),
        };
        if let Some(codec) = codec.filter(|_| payload < 128)
            && ours.contains(&codec)
            && !formats.iter().any(|known| known.codec == codec)
        {
            formats.push(Format { codec, payload });
        }
    }
    (!formats.is_empty()).then_some(formats)
}

/// The payload type for telephone events on this clock, or else on any that is known.
fn event(media: &MediaDescription, clock: u32) -> Option<Event> {
    let mut events = media.formats.iter().filter_map(|format| {
        let (name, rate) = media.rtpmap(format)?.split_once('/')?;
        let payload: u8 = format.parse().ok()?;
        let clock = rate.trim().parse().ok()?;
        (name.eq_ignore_ascii_case("telephone-event")
            && [8000, 48_000].contains(&clock)
            && (96..=127).contains(&payload))
        .then_some(Event { payload, clock })
    });
    let first = events.next()?;
    if first.clock == clock {
        return Some(first);
    }
    Some(events.find(|event| event.clock == clock).unwrap_or(first))
}

fn milliseconds(media: &MediaDescription, name: &str) -> Option<u32> {
    let value = media.attribute(name)?.value.as_deref()?;
    // Some write fractions; what is less than a packet of any codec is no wish.
    let whole = value.trim().split('.').next()?;
    whole.parse().ok().filter(|ms| *ms >= 10)
}
