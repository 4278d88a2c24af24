//! Telephone events (RFC 4733): keys in, each once; keys out, packet by packet; pure.

use std::collections::VecDeque;

use callroute_audio::dtmf::render;
use callroute_schema::Digit;
use sipx_rtp::dtmf::Event;

/// How many past events are remembered, so that late packets do not press a key again.
const REMEMBERED: usize = 8;
/// 20 ms in samples: what each packet of an event adds.
pub(crate) const STEP: u16 = 160;
/// Packets of one key: 100 ms of tone.
const PACKETS: u16 = 5;
/// The last packet is sent three times (section 2.5.1.4).
const ENDS: u16 = 3;
/// Pause between keys: 60 ms.
const PAUSE: u16 = 3;
/// Most keys that wait to be sent.
const MAX_WAITING: usize = 64;

/// Hears keys: one for each event, however many packets carry it.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    seen: VecDeque<(u32, u32)>,
}

impl Keys {
    /// A packet of the telephone-event payload; the key, when it begins a new event.
    ///
    /// All packets of one key carry the timestamp of its beginning (section 2.2), so the first
    /// that arrives tells it, whichever of them are lost.
    pub(crate) fn packet(&mut self, ssrc: u32, timestamp: u32, payload: &[u8]) -> Option<Digit> {
        let digit = Digit::from_event(*payload.first()?)?;
        Event::decode(payload)?;
        if self.seen.contains(&(ssrc, timestamp)) {
            return None;
        }
        if self.seen.len() >= REMEMBERED {
            self.seen.pop_front();
        }
        self.seen.push_back((ssrc, timestamp));
        Some(digit)
    }
}

/// One packet of a key that is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeyPacket {
    /// The four bytes of the payload.
    pub(crate) payload: [u8; 4],
    /// It is the key's first: marker bit, new timestamp.
    pub(crate) begins: bool,
}

/// Sends keys, a packet each 20 ms.
#[derive(Debug, Default)]
pub(crate) struct Presses {
    waiting: VecDeque<Digit>,
    step: u16,
}

impl Presses {
    /// Presses a key after those that wait; a key beyond 64 waiting ones is lost.
    pub(crate) fn press(&mut self, digit: Digit) {
        if self.waiting.len() < MAX_WAITING {
            self.waiting.push_back(digit);
        }
    }

    /// Whether a key is being sent.
    pub(crate) fn is_pressing(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// What to send in the next 20 ms; `None` is a pause.
    pub(crate) fn next(&mut self) -> Option<KeyPacket> {
        let digit = *self.waiting.front()?;
        let step = self.step;
        self.step += 1;
        if step >= PACKETS + ENDS {
            if step + 1 >= PACKETS + ENDS + PAUSE {
                self.waiting.pop_front();
                self.step = 0;
            }
            return None;
        }
        let end = step >= PACKETS;
        let duration = (step + 1).min(PACKETS) * STEP;
        let [high, low] = duration.to_be_bytes();
        // Volume -10 dBm0, as keypads do.
        let flags = if end { 0x80 | 10 } else { 10 };
        Some(KeyPacket {
            payload: [digit.event(), flags, high, low],
            begins: step == 0,
        })
    }
}

/// The sound of 20 ms of a key, for who takes no telephone events; silence behind it.
pub(crate) fn sound(packet: Option<KeyPacket>) -> Vec<i16> {
    let tone = packet.and_then(|packet| {
        let [event, flags, high, low] = packet.payload;
        let digit = Digit::from_event(event).filter(|_| flags & 0x80 == 0)?;
        let tone = render(digit.as_char(), u32::from(PACKETS * STEP) / 8)?;
        let end = u16::from_be_bytes([high, low]);
        let begin = end.saturating_sub(STEP);
        let part = tone.samples().get(usize::from(begin)..usize::from(end));
        part.map(<[i16]>::to_vec)
    });
    tone.unwrap_or_else(|| vec![0; usize::from(STEP)])
}

#[cfg(test)]
mod tests {
    use callroute_schema::Digit;
    use proptest::prelude::*;

    use super::{Keys, Presses, STEP, sound};

    #[test]
    fn a_key_is_told_once_even_when_its_first_packets_are_lost() {
        let mut keys = Keys::default();
        let end = [5, 0x8a, 3, 0x20];
        assert_eq!(keys.packet(1, 160, &end), Digit::new('5').ok());
        assert_eq!(keys.packet(1, 160, &end), None);
        assert_eq!(
            keys.packet(1, 1600, &end),
            Digit::new('5').ok(),
            "pressed again"
        );
        assert_eq!(
            keys.packet(1, 160, &end),
            None,
            "a late packet of the first"
        );
        assert_eq!(
            keys.packet(1, 3200, &[16, 0x8a, 3, 0x20]),
            None,
            "a flash is no key"
        );
        assert_eq!(keys.packet(1, 4800, &[5, 0x8a]), None, "too short");
    }

    #[test]
    fn what_is_pressed_is_heard() {
        let mut presses = Presses::default();
        let text = "1A*#90";
        for c in text.chars() {
            presses.press(Digit::new(c).unwrap());
        }
        let (mut keys, mut heard, mut began, mut now) = (Keys::default(), String::new(), 0, 0u32);
        let mut packets = 0;
        while presses.is_pressing() {
            if let Some(packet) = presses.next() {
                packets += 1;
                if packet.begins {
                    began = now;
                }
                heard.extend(keys.packet(7, began, &packet.payload).map(Digit::as_char));
            }
            now += u32::from(STEP);
        }
        assert_eq!(heard, text);
        assert_eq!(packets, 8 * text.len());
    }

    #[test]
    fn a_key_that_is_pressed_has_its_sound() {
        let mut presses = Presses::default();
        let text = "1A*#990";
        for c in text.chars() {
            presses.press(Digit::new(c).unwrap());
        }
        let (mut heard, mut detector) = (Vec::new(), callroute_audio::dtmf::Detector::default());
        while presses.is_pressing() {
            heard.extend(detector.push(&sound(presses.next())));
        }
        assert_eq!(heard.iter().collect::<String>(), text);
    }

    proptest! {
        #[test]
        fn no_payload_panics(payload in proptest::collection::vec(any::<u8>(), 0..12), ts: u32) {
            let _ = Keys::default().packet(1, ts, &payload);
        }
    }
}
