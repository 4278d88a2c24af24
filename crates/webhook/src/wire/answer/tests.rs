//! Tests of what answers mean.

use callroute_schema::{Actions, Number};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION};
use http::{HeaderMap, StatusCode};
use proptest::prelude::*;

use super::{Format, judge_head, read};
use crate::failure::{Failure, FailureClass as Class};
use crate::wire::request::Asks;

const VOICEMAIL: &str = r#"{"action":"voicemail","message":"sales"}"#;

fn head(status: u16, headers: &[(HeaderName, &str)]) -> Result<Format, Failure> {
    let headers: HeaderMap = headers
        .iter()
        .map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap()))
        .collect();
    judge_head(
        StatusCode::from_u16(status).unwrap(),
        &headers,
        Asks::Actions,
    )
}

/// A lookup is told what it lacks in its own words.
#[test]
fn an_empty_answer_says_what_was_asked_for() {
    let told = |asks| {
        let failure = judge_head(StatusCode::NO_CONTENT, &HeaderMap::new(), asks);
        failure.unwrap_err().to_string()
    };
    assert!(told(Asks::Actions).contains("carries no action"));
    assert!(told(Asks::Facts).contains("says nothing of the caller"));
}

fn class(format: Format, body: &[u8]) -> Class {
    read(format, body).unwrap_err().class
}

#[test]
fn statuses_have_their_classes() {
    assert_eq!(head(200, &[]), Ok(Format::Json));
    assert_eq!(head(201, &[]), Ok(Format::Json));
    let table = [
        (101, Class::Reset),
        (202, Class::Empty),
        (204, Class::Empty),
        (205, Class::Empty),
        (206, Class::Empty),
        (301, Class::Redirect),
        (308, Class::Redirect),
        (400, Class::Status4xx),
        (410, Class::Status4xx),
        (429, Class::Status429),
        (500, Class::Status5xx),
        (503, Class::Status5xx),
        (999, Class::Status5xx),
    ];
    for (status, expected) in table {
        assert_eq!(head(status, &[]).unwrap_err().class, expected, "{status}");
    }
    let failure = head(302, &[(LOCATION, "http://169.254.169.254/")]).unwrap_err();
    assert_eq!(
        failure.detail,
        "status 302 Found, location: http://169.254.169.254/"
    );
}

#[test]
fn content_types_say_how_to_read() {
    let of = |value: &str| head(200, &[(CONTENT_TYPE, value)]);
    let json = [
        "application/json",
        "Application/JSON; charset=utf-8",
        "text/json",
        "application/vnd.acme+json",
        "application/problem+json;x=y",
        "",
    ];
    for value in json {
        assert_eq!(of(value), Ok(Format::Json), "{value}");
    }
    assert_eq!(of("text/plain;charset=utf-8"), Ok(Format::Text));
    for value in [
        "text/html",
        "application/xml",
        "jsonish",
        "application/json-seq",
        "image/png",
    ] {
        assert_eq!(
            of(value).unwrap_err().class,
            Class::BadContentType,
            "{value}"
        );
    }
    for coding in ["gzip", "br", "identity"] {
        let failure = head(200, &[(CONTENT_ENCODING, coding)]).unwrap_err();
        assert_eq!(failure.class, Class::BadContentType);
        assert!(failure.detail.contains(coding));
    }
}

#[test]
fn json_is_read_with_and_without_a_byte_order_mark() {
    let expected = Actions::from_json(VOICEMAIL.as_bytes()).unwrap();
    let marked = format!("\u{feff}{VOICEMAIL}");
    for format in [Format::Json, Format::Text] {
        assert_eq!(read(format, VOICEMAIL.as_bytes()), Ok(expected.clone()));
        assert_eq!(read(format, marked.as_bytes()), Ok(expected.clone()));
        let list = format!(" \r\n[{VOICEMAIL},{VOICEMAIL}]\n");
        assert_eq!(read(format, list.as_bytes()).unwrap().as_slice().len(), 2);
    }
}

#[test]
fn bad_json_and_a_bad_schema_are_told_apart() {
    let bad_json: [&[u8]; 7] = [
        b"{",
        b"{}x",
        b"<html>",
        b"{\"action\":\"voicemail\"",
        b"\xff\xfe{\0}\0",
        b"{\"a\":\"\xff\"}",
        b"{\"action\":\"hangup\"}{\"action\":\"hangup\"}",
    ];
    for body in bad_json {
        assert_eq!(
            class(Format::Json, body),
            Class::BadJson,
            "{:?}",
            String::from_utf8_lossy(body)
        );
    }
    let deep = "[".repeat(10_000);
    assert_eq!(class(Format::Json, deep.as_bytes()), Class::BadJson);
    for body in [
        "{}",
        "[]",
        "null",
        "42",
        r#"{"action":"teleport"}"#,
        r#"{"action":"voicemail"}"#,
    ] {
        assert_eq!(
            class(Format::Json, body.as_bytes()),
            Class::BadSchema,
            "{body}"
        );
    }
    let body = br#"[{"action":"forward","destination":{"type":"ring_group","members":["+1"],"stratgy":"random"}}]"#;
    let failure = read(Format::Json, body).unwrap_err();
    assert_eq!(failure.class, Class::BadSchema);
    assert!(
        failure
            .detail
            .starts_with("$[0].destination.stratgy: unknown field"),
        "{failure}"
    );
}

#[test]
fn plain_text_is_a_phone_number_and_nothing_else() {
    let forward = |number: &str| Actions::forward_to(Number::new(number).unwrap());
    assert_eq!(
        read(Format::Text, b"+14155550123\r\n"),
        Ok(forward("+14155550123"))
    );
    assert_eq!(
        read(Format::Text, b"\xef\xbb\xbf 1001 "),
        Ok(forward("1001"))
    );
    let bad: [&[u8]; 8] = [
        b"OK",
        b"+1 415",
        b"+1415,+1416",
        b"*97",
        b"#",
        b"+",
        b"\xff",
        b"sip:ann@pbx.example",
    ];
    for body in bad {
        assert_eq!(
            class(Format::Text, body),
            Class::BadSchema,
            "{:?}",
            String::from_utf8_lossy(body)
        );
    }
}

#[test]
fn nothing_is_empty() {
    for body in ["", " \r\n", "\u{feff}"] {
        assert_eq!(class(Format::Json, body.as_bytes()), Class::Empty);
        assert_eq!(class(Format::Text, body.as_bytes()), Class::Empty);
    }
}

proptest! {
    #[test]
    fn any_body_is_an_answer_or_a_failure(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        for format in [Format::Json, Format::Text] {
            if let Err(failure) = read(format, &body) {
                prop_assert!(!failure.detail.chars().any(char::is_control));
            }
        }
    }

    /// A good answer with one byte changed never panics; and what is taken from it is what another
    /// reader of JSON finds in it, word for word. In the box's name any letter will do.
    #[test]
    fn damaged_answers_are_judged(place in 0..VOICEMAIL.len(), byte in prop_oneof![any::<u8>(), b' '..=b'~']) {
        let mut body = VOICEMAIL.as_bytes().to_vec();
        body[place] = byte;
        let judged = read(Format::Json, &body);
        if let Ok(actions) = &judged {
            let found: serde_json::Value = serde_json::from_slice(&body).unwrap();
            let taken: serde_json::Value = serde_json::from_str(&actions.to_json()).unwrap();
            prop_assert_eq!(&taken, &found);
            prop_assert_eq!(&found["action"], "voicemail");
        }
        let name = VOICEMAIL.find("sales").unwrap();
        if (name..name + 5).contains(&place) && byte.is_ascii_alphanumeric() {
            prop_assert!(judged.is_ok(), "{:?}", judged);
        }
    }
}
