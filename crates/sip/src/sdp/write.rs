//! Writes offers and answers.

use callroute_audio::codec::Codec;
use sipx_sdp::{Attribute, Direction, MediaDescription, SessionDescription};

use super::{
    Described, EVENT_PAYLOAD, Event, FAST_EVENT_PAYLOAD, Format, Key, Local, NOISE_PAYLOAD, Remote,
};

/// The clock of Opus.
const FAST: u32 = 48_000;

/// Our offer: the codecs in our order, and telephone events.
pub(crate) fn offer(local: &Local, codecs: &[Codec], direction: Direction) -> String {
    let formats: Vec<Format> = codecs.iter().map(|codec| offered(*codec)).collect();
    // Telephone events count by the clock of the codec that they go with (RFC 4733, section 2.2).
    let mut events = vec![Event {
        payload: EVENT_PAYLOAD,
        clock: 8000,
    }];
    if codecs.iter().any(|codec| codec.clock() == FAST) {
        events.push(Event {
            payload: FAST_EVENT_PAYLOAD,
            clock: FAST,
        });
    }
    let noise = local.noise && codecs.iter().any(|codec| codec.clock() == 8000);
    let mut stream = stream(local, &formats, &events, noise, direction);
    if let Some(keys) = local.key.as_ref().filter(|_| local.encrypts) {
        encrypt(&mut stream, keys.all());
    }
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
            let spoken = Format {
                codec: remote.codec(),
                payload: remote.payload(),
            };
            let noise = local.noise && remote.noise && spoken.codec.clock() == 8000;
            let events = remote.event.as_slice();
            let mut stream = stream(local, &[spoken], events, noise, ours);
            // The tag is the offer's, the key is ours (RFC 4568, section 5.1.2).
            if let (Some(theirs), Some(ours)) = (&remote.key, &local.key)
                && let Some(key) = ours.accepting(theirs)
            {
                encrypt(&mut stream, &[key]);
            }
            if remote.mux {
                stream.attributes.push(Attribute::flag("rtcp-mux"));
            }
            stream
        } else {
            let mut refused = MediaDescription::audio(0, media.formats.clone());
            refused.media.clone_from(&media.media);
            refused.protocol.clone_from(&media.protocol);
            refused
        });
    }
    description.to_string_sdp()
}

/// What a far end speaks and where it hears, for another one that is to speak with it directly: as
/// our offer, since the dialog is ours.
pub(crate) fn handed_on(local: &Local, other: &Described) -> String {
    let there = Local {
        media: other.media,
        ..local.clone()
    };
    let events = other.event.as_slice();
    let mut stream = stream(&there, &other.formats, events, false, Direction::SendRecv);
    if let Some(ms) = other.packet_ms {
        stream
            .attributes
            .retain(|attribute| attribute.name != "ptime");
        let ptime = Attribute::valued("ptime", ms.to_string());
        stream.attributes.push(ptime);
    }
    if let Some(control) = other
        .control
        .filter(|port| Some(*port) != other.media.port().checked_add(1))
    {
        let control = Attribute::valued("rtcp", control.to_string());
        stream.attributes.push(control);
    }
    let mut description = header(&there);
    description.media.push(stream);
    description.to_string_sdp()
}

fn header(local: &Local) -> SessionDescription {
    SessionDescription::new(local.media.ip(), local.session, local.version)
}

fn encrypt(stream: &mut MediaDescription, keys: &[Key]) {
    stream.protocol = "RTP/SAVP".to_owned();
    let keys = keys
        .iter()
        .map(|key| Attribute::valued("crypto", key.value()));
    stream.attributes.extend(keys);
}

fn offered(codec: Codec) -> Format {
    Format {
        codec,
        payload: codec.payload_type(),
    }
}

fn stream(
    local: &Local,
    formats: &[Format],
    events: &[Event],
    noise: bool,
    direction: Direction,
) -> MediaDescription {
    let payloads = formats.iter().map(|format| format.payload);
    let payloads = payloads.chain(events.iter().map(|event| event.payload));
    let payloads = payloads.chain(noise.then_some(NOISE_PAYLOAD));
    let payloads = payloads.map(|payload| payload.to_string()).collect();
    let mut media = MediaDescription::audio(local.media.port(), payloads);
    let mut say = |name, value| media.attributes.push(Attribute::valued(name, value));
    for Format { codec, payload } in formats {
        say("rtpmap", format!("{payload} {}", codec.rtpmap()));
        if let Some(settings) = codec.fmtp() {
            say("fmtp", format!("{payload} {settings}"));
        }
    }
    for Event { payload, clock } in events {
        say("rtpmap", format!("{payload} telephone-event/{clock}"));
        say("fmtp", format!("{payload} 0-15"));
    }
    if noise {
        say("rtpmap", format!("{NOISE_PAYLOAD} CN/8000"));
    }
    say("ptime", "20".to_owned());
    media.set_direction(direction);
    media
}
