//! What is told of a call's way, and to whom.

use std::collections::BTreeMap;

use bytes::Bytes;
use callroute_schema::{Address, Caller, Disposition};
use sipx_sip::{Limits, Message, Request, parse_datagram};

use super::{Line, Way, chosen};

fn invite(headers: &str) -> Request {
    let text = format!(
        "INVITE sip:+13146523057@pbx SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n\
         From: <sip:a@h>;tag=1\r\nTo: <sip:to@h>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n\
         Max-Forwards: 70\r\n{headers}Content-Length: 0\r\n\r\n"
    );
    match parse_datagram(Bytes::from(text), &Limits::datagram()).unwrap() {
        Message::Request(request) => request,
        Message::Response(_) => panic!("a request"),
    }
}

fn text(lines: &[Line]) -> Vec<String> {
    lines
        .iter()
        .map(|(name, value)| {
            let name = String::from_utf8_lossy(name.canonical()).into_owned();
            format!("{name}: {}", String::from_utf8_lossy(value))
        })
        .collect()
}

#[test]
fn what_goes_on_is_bounded_and_counts_down() {
    let way = Way::of(&invite("x-callroute-HOPS: 3\r\n"), false);
    assert_eq!((way.max_forwards, way.hops), (69, 4));
    let way = Way::of(&invite("X-Callroute-Hops: -1\r\n"), false);
    assert_eq!(way.hops, 1);
}

#[test]
fn a_diversion_is_told_and_the_earlier_ones_kept() {
    let plain = Way::of(&invite(""), false);
    assert!(plain.history("sip:+13146523057@10.0.0.7", None).is_empty());
    assert_eq!(
        text(&plain.history("sip:ann@10.0.0.7:5070", Some(Disposition::Busy))),
        [
            "Diversion: <sip:+13146523057@pbx>;reason=user-busy;counter=1",
            "History-Info: <sip:+13146523057@pbx?Reason=SIP%3Bcause%3D486>;index=1",
            "History-Info: <sip:ann@10.0.0.7:5070>;index=1.1;mp=1",
        ]
    );
    let came = "Diversion: <sip:+1212@h>;reason=no-answer\r\nHistory-Info: <sip:+1212@h>;index=1\r\n\
                History-Info: <sip:+1314@h>;index=1.2;mp=1\r\n";
    assert_eq!(
        text(&Way::of(&invite(came), false).history("sip:ann@h", None)),
        [
            "Diversion: <sip:+13146523057@pbx>;reason=unconditional;counter=1",
            "Diversion: <sip:+1212@h>;reason=no-answer",
            "History-Info: <sip:+1212@h>;index=1",
            "History-Info: <sip:+1314@h>;index=1.2;mp=1",
            "History-Info: <sip:ann@h>;index=1.2.1;mp=1.2",
        ]
    );
    // A call of our own was diverted by nobody.
    assert!(Way::default().history("sip:ann@h", None).is_empty());
}

#[test]
fn who_hides_is_only_told_as_he_was_asserted() {
    let came = "P-Asserted-Identity: <sip:+14155550123@carrier>\r\nPrivacy: id\r\n";
    let trusted = Way::of(&invite(came), true);
    let told = |way: &Way, from: &Caller| text(&way.asserted(from, Some("Ann"), "h"));
    assert_eq!(
        told(&trusted, &Caller::Withheld),
        ["P-Asserted-Identity: <sip:+14155550123@carrier>"]
    );
    let stranger = Way::of(&invite(came), false);
    assert!(told(&stranger, &Caller::Withheld).is_empty());
    let known = Caller::Known(Address::new("+1415").unwrap());
    assert_eq!(
        told(&trusted, &known),
        ["P-Asserted-Identity: \"Ann\" <sip:+1415@h>"]
    );
    assert!(told(&trusted, &Caller::Unavailable).is_empty());
}

/// RFC 3325, section 5: what is asserted was authenticated, or is the routing's choice.
#[test]
fn what_only_the_caller_says_is_not_asserted() {
    let known = |number| Caller::Known(Address::new(number).unwrap());
    let mut way = Way::of(&invite(""), false);
    way.doubt(&known("+12025550000"));
    assert!(way.asserted(&known("+12025550000"), None, "h").is_empty());
    assert_eq!(
        text(&way.asserted(&known("+1415"), None, "h")),
        ["P-Asserted-Identity: <sip:+1415@h>"]
    );
}

#[test]
fn only_harmless_headers_are_chosen() {
    let headers: BTreeMap<String, String> = [
        ("X-Customer", "17"),
        ("Alert-Info", "<http://h/vip>;info=alert-external"),
        ("X-Callroute-Hops", "9"),
        ("X-Broken", "a\r\nVia: b"),
        ("X-", "nothing"),
        ("X-B a", "name"),
        ("Via", "SIP/2.0/UDP h"),
        ("Contact", "<sip:a@b>"),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect();
    assert_eq!(
        text(&chosen(&headers)),
        [
            "Alert-Info: <http://h/vip>;info=alert-external",
            "X-Customer: 17"
        ]
    );
    let long = BTreeMap::from([("X-Long".to_owned(), "a".repeat(600))]);
    assert!(chosen(&long).is_empty());
    let many = (0..40).map(|count| (format!("X-{count}"), "a".to_owned()));
    assert_eq!(chosen(&many.collect()).len(), 32);
}

proptest::proptest! {
    #[test]
    fn nothing_that_comes_breaks_it(info in "[ -~]{0,40}", uri in "[ -~]{0,40}") {
        if let Ok(Message::Request(request)) = parse_datagram(
            Bytes::from(format!(
                "INVITE sip:1@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\n\
                 To: <sip:1@h>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\nHistory-Info: {info}\r\n\
                 Content-Length: 0\r\n\r\n"
            )),
            &Limits::datagram(),
        ) {
            let _ = Way::of(&request, true).history(&uri, None);
        }
    }
}
