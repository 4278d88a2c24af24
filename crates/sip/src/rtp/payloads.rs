//! What the payload types of incoming packets stand for; pure.

use callroute_audio::codec::Codec;

use crate::sdp::{EVENT_PAYLOAD, Event, FAST_EVENT_PAYLOAD, Format, NOISE_PAYLOAD, Remote};

/// What a packet carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Payload {
    /// Sound in this codec.
    Sound(Codec),
    /// A telephone event, on a clock of so many ticks a second.
    Key(u32),
    /// How loud a pause is (RFC 3389).
    Noise,
}

/// The payload types of a leg.
#[derive(Debug, Default)]
pub(crate) struct Payloads {
    formats: Vec<Format>,
    event: Option<Event>,
}

impl Payloads {
    /// A description was agreed on.
    pub(crate) fn agree(&mut self, remote: &Remote) {
        self.formats.clone_from(&remote.formats);
        self.event = remote.event;
    }

    /// Telephone events come by this number.
    #[cfg(test)]
    pub(crate) fn hears_keys(&mut self, event: Event) {
        self.event = Some(event);
    }

    /// What a payload type stands for: what was agreed on first, then what we would have offered,
    /// for a far end that answers with numbers of its own but sends by ours, then what it always
    /// stands for. A far end that changes to another codec is understood that way, too.
    pub(crate) fn of(&self, payload_type: u8) -> Option<Payload> {
        let agreed = |format: &&Format| format.payload == payload_type;
        if let Some(format) = self.formats.iter().find(agreed) {
            return Some(Payload::Sound(format.codec));
        }
        if let Some(event) = self.event.filter(|event| event.payload == payload_type) {
            return Some(Payload::Key(event.clock));
        }
        let ours = |format: &&Format| format.codec.payload_type() == payload_type;
        if let Some(format) = self.formats.iter().find(ours) {
            return Some(Payload::Sound(format.codec));
        }
        if self.event.is_some() {
            match payload_type {
                EVENT_PAYLOAD => return Some(Payload::Key(8000)),
                FAST_EVENT_PAYLOAD => return Some(Payload::Key(48_000)),
                _ => {}
            }
        }
        if payload_type == NOISE_PAYLOAD {
            return Some(Payload::Noise);
        }
        Codec::from_payload_type(payload_type).map(Payload::Sound)
    }
}

#[cfg(test)]
mod tests {
    use callroute_audio::codec::Codec;

    use super::{Payload, Payloads};
    use crate::sdp::{Event, Format};

    #[test]
    fn what_was_agreed_on_outranks_what_a_number_always_means() {
        let mut payloads = Payloads::default();
        assert_eq!(payloads.of(8), Some(Payload::Sound(Codec::Pcma)));
        assert_eq!(payloads.of(13), Some(Payload::Noise));
        assert_eq!(payloads.of(101), None);
        payloads.formats.push(Format {
            codec: Codec::G722,
            payload: 8,
        });
        payloads.event = Some(Event {
            payload: 101,
            clock: 48_000,
        });
        assert_eq!(payloads.of(8), Some(Payload::Sound(Codec::G722)));
        assert_eq!(payloads.of(9), Some(Payload::Sound(Codec::G722)));
        assert_eq!(payloads.of(0), Some(Payload::Sound(Codec::Pcmu)));
        assert_eq!(payloads.of(101), Some(Payload::Key(48_000)));
    }

    /// Its answer says what it receives; it sends by our offer (RFC 3264, section 6.1).
    #[test]
    fn keys_come_by_our_number_where_the_far_end_has_another() {
        let mut payloads = Payloads::default();
        payloads.hears_keys(Event {
            payload: 96,
            clock: 8000,
        });
        assert_eq!(payloads.of(96), Some(Payload::Key(8000)));
        assert_eq!(payloads.of(101), Some(Payload::Key(8000)));
        assert_eq!(payloads.of(110), Some(Payload::Key(48_000)));
        payloads.formats.push(Format {
            codec: Codec::Pcma,
            payload: 101,
        });
        assert_eq!(payloads.of(101), Some(Payload::Sound(Codec::Pcma)));
    }
}
