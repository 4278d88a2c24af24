//! Writes offers and answers.

use std::fmt::Write;

use callroute_audio::codec::Codec;
use sipx_sdp::{Direction, MediaDescription};

use super::{
    Agreement, Described, EVENT_PAYLOAD, Event, FAST_EVENT_PAYLOAD, Format, Key, Keys, Local,
    NOISE_PAYLOAD, Remote,
};
use crate::rtp::FRAME_MS;

/// More than most descriptions of ours take, in bytes.
const LENGTH: usize = 512;

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
    let stream = Stream {
        formats: &formats,
        events: &events,
        noise,
        keys: offered_keys(local),
        direction,
        packet_ms: FRAME_MS,
        control: None,
    };
    among(local, &stream)
}

/// Our offer of what is agreed on already; `None` before anything is.
pub(crate) fn again(local: &Local, direction: Direction) -> Option<String> {
    let agreement = local.agreement.as_ref()?;
    let fast = agreement.formats.first()?.codec.clock() == FAST;
    let stream = Stream {
        formats: &agreement.formats,
        events: agreement.event.as_slice(),
        noise: local.noise && agreement.noise && !fast,
        keys: offered_keys(local),
        direction,
        packet_ms: FRAME_MS,
        control: None,
    };
    Some(among(local, &stream))
}

fn offered_keys(local: &Local) -> &[Key] {
    let keys = local.key.as_ref().filter(|_| local.encrypts);
    keys.map_or(&[], Keys::all)
}

/// A description with our stream in its place among others, which stay refused: no stream is ever taken out
/// of a session (RFC 3264, section 8).
fn among(local: &Local, stream: &Stream<'_>) -> String {
    let others = local.agreement.as_deref().and_then(|agreement| {
        let Agreement { others, before, .. } = agreement;
        others.split_at_checked(*before)
    });
    let (before, after) = others.unwrap_or_default();
    let mut text = header(local);
    text.extend(before.iter().map(String::as_str));
    stream.write(&mut text, local.media.port());
    text.extend(after.iter().map(String::as_str));
    text
}

/// A stream that we refuse, as a description says it.
pub(super) fn refused(media: &MediaDescription) -> String {
    let formats = media.formats.join(" ");
    [
        "m=",
        &media.media,
        " 0 ",
        &media.protocol,
        " ",
        &formats,
        "\r\n",
    ]
    .concat()
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
    let mut text = header(local);
    for (at, media) in remote.description.media.iter().enumerate() {
        if at != remote.stream {
            text.push_str(&refused(media));
            continue;
        }
        let spoken = Format {
            codec: remote.codec(),
            payload: remote.payload(),
        };
        // The tag is the offer's, the key is ours (RFC 4568, section 5.1.2).
        let keys = remote.key.as_ref().zip(local.key.as_ref());
        let key = keys.and_then(|(theirs, ours)| ours.accepting(theirs));
        let stream = Stream {
            formats: &[spoken],
            events: remote.event.as_slice(),
            noise: local.noise && remote.noise && spoken.codec.clock() == 8000,
            keys: key.as_slice(),
            direction: ours,
            packet_ms: FRAME_MS,
            control: None,
        };
        stream.write(&mut text, local.media.port());
        if remote.mux {
            text.push_str("a=rtcp-mux\r\n");
        }
    }
    text
}

/// What a far end speaks and where it hears, for another one that is to speak with it directly: as
/// our offer, since the dialog is ours.
pub(crate) fn handed_on(local: &Local, other: &Described) -> String {
    let there = Local {
        media: other.media,
        ..local.clone()
    };
    let above = other.media.port().checked_add(1);
    let stream = Stream {
        formats: &other.formats,
        events: other.event.as_slice(),
        noise: false,
        keys: &[],
        direction: Direction::SendRecv,
        packet_ms: other.packet_ms.unwrap_or(FRAME_MS),
        control: other.control.filter(|port| Some(*port) != above),
    };
    among(&there, &stream)
}

/// The lines before the streams (RFC 8866, section 5).
fn header(local: &Local) -> String {
    let ip = local.media.ip();
    let kind = if ip.is_ipv4() { "IP4" } else { "IP6" };
    let (session, version) = (local.session, local.version);
    let mut text = String::with_capacity(LENGTH);
    put(
        &mut text,
        format_args!(
            "v=0\r\no=- {session} {version} IN {kind} {ip}\r\ns=-\r\nc=IN {kind} {ip}\r\nt=0 0\r\n"
        ),
    );
    text
}

fn offered(codec: Codec) -> Format {
    Format {
        codec,
        payload: codec.payload_type(),
    }
}

/// A stream of sound, as a description says it.
struct Stream<'a> {
    formats: &'a [Format],
    events: &'a [Event],
    noise: bool,
    /// It is encrypted when there are any.
    keys: &'a [Key],
    direction: Direction,
    packet_ms: u32,
    /// The port for RTCP, where that is not the one above.
    control: Option<u16>,
}

impl Stream<'_> {
    fn write(&self, text: &mut String, port: u16) {
        let protocol = if self.keys.is_empty() {
            "RTP/AVP"
        } else {
            "RTP/SAVP"
        };
        put(text, format_args!("m=audio {port} {protocol}"));
        let payloads = self.formats.iter().map(|format| format.payload);
        let payloads = payloads.chain(self.events.iter().map(|event| event.payload));
        for payload in payloads.chain(self.noise.then_some(NOISE_PAYLOAD)) {
            put(text, format_args!(" {payload}"));
        }
        text.push_str("\r\n");
        for Format { codec, payload } in self.formats {
            put(
                text,
                format_args!("a=rtpmap:{payload} {}\r\n", codec.rtpmap()),
            );
            if let Some(settings) = codec.fmtp() {
                put(text, format_args!("a=fmtp:{payload} {settings}\r\n"));
            }
        }
        for Event { payload, clock } in self.events {
            put(
                text,
                format_args!(
                    "a=rtpmap:{payload} telephone-event/{clock}\r\na=fmtp:{payload} 0-15\r\n"
                ),
            );
        }
        if self.noise {
            put(text, format_args!("a=rtpmap:{NOISE_PAYLOAD} CN/8000\r\n"));
        }
        let (ms, direction) = (self.packet_ms, self.direction.as_str());
        put(text, format_args!("a=ptime:{ms}\r\na={direction}\r\n"));
        for key in self.keys {
            put(text, format_args!("a=crypto:{}\r\n", key.value()));
        }
        if let Some(control) = self.control {
            put(text, format_args!("a=rtcp:{control}\r\n"));
        }
    }
}

fn put(text: &mut String, what: std::fmt::Arguments<'_>) {
    // discard: a text has always room.
    let _ = text.write_fmt(what);
}
