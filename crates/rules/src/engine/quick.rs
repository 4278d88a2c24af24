//! The event that nearly every call brings, read without copying anything.

use callroute_schema::Timestamp;
use callroute_schema::number::Key;
use serde::Deserialize;

use super::view::{Bare, CallerView};

/// An incoming call with its five fields and no other.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Quick<'a> {
    event: &'a str,
    from: &'a str,
    to: &'a str,
    timestamp: &'a str,
    call_id: &'a str,
}

/// What routing looks at; `None`: it is another event, or has something in it that wants a closer
/// look, and whoever reads events in full says what.
pub(super) fn read(json: &[u8]) -> Option<Bare<'_>> {
    let quick: Quick<'_> = serde_json::from_slice(json).ok()?;
    let from = match quick.from {
        "anonymous" => CallerView::Withheld,
        "unavailable" => CallerView::Unavailable,
        number if is_number(number) => CallerView::Known(number),
        _ => return None,
    };
    let plain_id = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let id_fits = (1..=128).contains(&quick.call_id.len()) && quick.call_id.bytes().all(plain_id);
    let usual = quick.event == "incoming_call" && is_number(quick.to) && id_fits;
    usual.then_some(())?;
    let caller = match from {
        CallerView::Known(number) => Key::call(number),
        CallerView::Withheld | CallerView::Unavailable => Key::NOBODY,
    };
    Some(Bare {
        from,
        to: quick.to,
        keys: [caller, Key::call(quick.to)],
        utc: seconds(quick.timestamp)?,
        call_id: quick.call_id,
    })
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or(text);
    (1..=32).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Seconds since 1970 of `2026-04-21T14:32:00Z`; anything else is read by chrono.
fn seconds(text: &str) -> Option<i64> {
    let Some(
        &[
            y1,
            y2,
            y3,
            y4,
            b'-',
            m1,
            m2,
            b'-',
            d1,
            d2,
            b'T',
            h1,
            h2,
            b':',
            n1,
            n2,
            b':',
            s1,
            s2,
            b'Z',
        ],
    ) = text
        .as_bytes()
        .first_chunk::<20>()
        .filter(|_| text.len() == 20)
    else {
        let read: Timestamp = text.parse().ok()?;
        return Some(read.timestamp());
    };
    let two = |tens: u8, ones: u8| {
        let digit = |byte: u8| byte.is_ascii_digit().then(|| i64::from(byte - b'0'));
        Some(digit(tens)? * 10 + digit(ones)?)
    };
    let year = two(y1, y2)? * 100 + two(y3, y4)?;
    let (month, day) = (two(m1, m2)?, two(d1, d2)?);
    let (hour, minute, second) = (two(h1, h2)?, two(n1, n2)?, two(s1, s2)?);
    // What is no date of every year, and leap seconds, are left to chrono.
    if !(1..=12).contains(&month)
        || !(1..=28).contains(&day)
        || hour > 23
        || minute > 59
        || second > 59
    {
        let read: Timestamp = text.parse().ok()?;
        return Some(read.timestamp());
    }
    // Days of the civil calendar, with years that begin in March.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * month + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    Some(days * 86_400 + hour * 3_600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use callroute_schema::Event;
    use proptest::prelude::*;

    use super::super::view::{Bare, View};
    use super::{read, seconds};

    const EVENT: &str = r#"{"event":"incoming_call","from":"+14155550123","to":"+13146523057","timestamp":"2026-04-21T14:32:00Z","call_id":"abc123xyz"}"#;

    #[test]
    fn reads_the_usual_event() {
        let bare = read(EVENT.as_bytes()).unwrap();
        let event = Event::from_json(EVENT.as_bytes()).unwrap();
        let view = View::Event(&event);
        let expected = Bare {
            from: view.from(),
            to: view.to(),
            keys: view.keys(),
            utc: view.utc(),
            call_id: view.call_id(),
        };
        assert_eq!(bare, expected);
    }

    #[test]
    fn leaves_the_rest_to_the_reader_of_events() {
        for (from, to) in [
            ("incoming_call", "menu_input"),
            ("+14155550123", "alice"),
            ("+14155550123", ""),
            ("abc123xyz", "a b"),
            ("\"call_id\"", "\"direction\":\"inbound\",\"call_id\""),
            ("14:32:00Z", "14:32:00"),
            ("+13146523057", "+1314652\\u0033057"),
        ] {
            assert!(read(EVENT.replace(from, to).as_bytes()).is_none(), "{to}");
        }
        assert!(read(EVENT.replace("+14155550123", "anonymous").as_bytes()).is_some());
    }

    proptest! {
        #[test]
        fn reads_instants_as_chrono_does(seconds_since in -5_000_000_000_i64..30_000_000_000) {
            let at = chrono::DateTime::from_timestamp(seconds_since, 0).unwrap();
            let text = at.format("%Y-%m-%dT%H:%M:%SZ").to_string();
            prop_assert_eq!(seconds(&text), Some(seconds_since));
        }

        #[test]
        fn what_is_read_quickly_is_read_in_full(text in "[0-9T:Z+-]{18,26}") {
            let json = EVENT.replace("2026-04-21T14:32:00Z", &text);
            if let Some(bare) = read(json.as_bytes()) {
                let event = Event::from_json(json.as_bytes()).unwrap();
                prop_assert_eq!(bare.utc, event.timestamp.timestamp());
            }
        }
    }
}
