//! `traceparent` (W3C Trace Context, level 1): all asks of a call belong to one trace.

use bytes::Bytes;
use callroute_schema::Event;
use http::{HeaderName, HeaderValue};
use ulid::Ulid;

/// The header that carries it, in requests to servers and among an event's headers.
pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Bytes of its value.
const LENGTH: usize = 55;

/// The trace that an ask belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Trace {
    id: u128,
    flags: u8,
}

impl Trace {
    /// The trace named by the event's header `traceparent`, else one of the call's own: the same
    /// for all of its asks, made out of its id.
    pub(crate) fn of(event: &Event) -> Self {
        let named = event
            .headers
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("traceparent"));
        named
            .and_then(|(_, value)| Self::parse(value))
            .unwrap_or_else(|| Self::made_of(event.call_id.as_str()))
    }

    fn made_of(call_id: &str) -> Self {
        let id = match Ulid::from_string(call_id) {
            Ok(ulid) => ulid.0,
            Err(_) => fnv(call_id.as_bytes()),
        };
        // Zero is no id.
        let (id, flags) = (id.max(1), 1);
        Self { id, flags }
    }

    /// Versions above 0 may have more at the end; `ff` is none (section 3.2.2).
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().split('-');
        let (version, id) = (parts.next()?, parts.next()?);
        let (parent, flags) = (parts.next()?, parts.next()?);
        let ended = parts.next().is_none();
        let known = hex(version, 2)? < 0xff && (ended || version != "00");
        let id = hex(id, 32)?;
        let flags = u8::try_from(hex(flags, 2)?).ok()?;
        (known && id != 0 && hex(parent, 16)? != 0).then_some(Self { id, flags })
    }

    /// The header of one request; `span` tells it from others.
    pub(crate) fn header(self, span: u64) -> HeaderValue {
        let mut text = Vec::with_capacity(LENGTH);
        self.write(span, &mut text);
        // Digits and hyphens: always a header.
        HeaderValue::from_maybe_shared(Bytes::from(text)).unwrap_or(HeaderValue::from_static("0"))
    }

    /// Writes its value behind a text.
    pub(crate) fn write(self, span: u64, to: &mut Vec<u8>) {
        let mut text = *b"00-................................-................-00";
        let mut put = |from: usize, number: u128| {
            if let Some(room) = text.get_mut(from..from + 8) {
                room.copy_from_slice(&eight_digits(number));
            }
        };
        put(3, self.id >> 96);
        put(11, self.id >> 64);
        put(19, self.id >> 32);
        put(27, self.id);
        let span = u128::from(span.max(1));
        put(36, span >> 32);
        put(44, span);
        if self.flags & 1 == 1
            && let Some(last) = text.last_mut()
        {
            // Only whether it is sampled is ours to pass on (section 3.2.2.5).
            *last = b'1';
        }
        to.extend_from_slice(&text);
    }
}

/// FNV-1a of 128 bits: spread evenly, and no secret.
fn fnv(bytes: &[u8]) -> u128 {
    const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let step = |hash: u128, byte: &u8| (hash ^ u128::from(*byte)).wrapping_mul(PRIME);
    bytes.iter().fold(OFFSET, step)
}

/// The last eight digits of a number: each of its nibbles goes into a byte, and all bytes become
/// digits beside each other. Once in memory, and not once for each use: code that is not at hand
/// costs more than a call.
#[inline(never)]
fn eight_digits(number: u128) -> [u8; 8] {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let mut spread = u64::try_from(number & 0xffff_ffff).unwrap_or_default();
    spread = (spread | (spread << 16)) & 0x0000_ffff_0000_ffff;
    spread = (spread | (spread << 8)) & 0x00ff_00ff_00ff_00ff;
    spread = (spread | (spread << 4)) & (ONES * 0x0f);
    // 1 where the digit is a letter.
    let letters = ((spread + ONES * 6) >> 4) & ONES;
    let to_letter = u64::from(b'a' - b'0' - 10);
    (spread + ONES * u64::from(b'0') + letters * to_letter).to_be_bytes()
}

/// So many hex digits, in lower case as the scheme wants them.
fn hex(text: &str, digits: usize) -> Option<u128> {
    let lower = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let fits = text.len() == digits && text.bytes().all(lower);
    u128::from_str_radix(text, 16).ok().filter(|_| fits)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Trace;
    use crate::testing::event;

    const GIVEN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn header(trace: Trace) -> String {
        trace.header(0xab).to_str().unwrap().to_owned()
    }

    #[test]
    fn a_trace_that_is_given_goes_on() {
        let mut event = event();
        event
            .headers
            .insert("Traceparent".to_owned(), GIVEN.to_owned());
        let ours = header(Trace::of(&event));
        assert_eq!(
            ours,
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00000000000000ab-01"
        );
    }

    #[test]
    fn a_call_without_one_has_its_own() {
        let mut event = event();
        let ours = Trace::of(&event);
        assert_eq!(ours, Trace::of(&event), "the same for all its asks");
        event.call_id = callroute_schema::CallId::new("01JSD3G5M00000000000000001").unwrap();
        assert!(header(Trace::of(&event)).starts_with("00-01965a3816800000"));
        assert_ne!(ours, Trace::of(&event));
    }

    #[test]
    fn what_is_none_is_not_taken() {
        for text in [
            "",
            "00",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert_eq!(Trace::parse(text), None, "{text}");
        }
        let next = "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03-more";
        assert!(Trace::parse(next).is_some(), "later versions may say more");
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in "\\PC{0,80}") {
            if let Some(trace) = Trace::parse(&text) {
                prop_assert!(Trace::parse(&header(trace)).is_some());
            }
        }
    }
}
