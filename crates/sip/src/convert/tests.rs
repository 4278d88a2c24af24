//! Who calls and what was dialed, as headers say it.

use bytes::Bytes;
use callroute_media::EndCause;
use callroute_schema::{Caller, RejectCause};
use sipx_sip::{Limits, Message, Request, parse_datagram};
use sipx_transport::{Target, TransportKind};

use super::{cancel_reason, from_header, offer, parting, refusal, with_user};
use crate::endpoint::Incoming;

fn invite(uri: &str, headers: &str) -> Request {
    let text = format!(
        "INVITE {uri} SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n{headers}\
         To: <sip:to@example.com>\r\nCall-ID: abc@h\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\n\
         X-Tenant: blue\r\nSubject: no\r\nContent-Length: 0\r\n\r\n"
    );
    match parse_datagram(Bytes::from(text), &Limits::datagram()).unwrap() {
        Message::Request(request) => request,
        Message::Response(_) => panic!("a request"),
    }
}

fn incoming(request: Request, transport: TransportKind) -> Incoming {
    Incoming {
        key: crate::endpoint::Keys::default()
            .of_request(&request)
            .unwrap(),
        request,
        flow: Target::new("10.0.0.9:5060".parse().unwrap(), transport),
        seen: crate::endpoint::Seen::default(),
    }
}

fn caller(headers: &str) -> Caller {
    let invite = invite("sip:+13146523057@10.0.0.1", headers);
    offer(&incoming(invite, TransportKind::Udp), None, true)
        .unwrap()
        .from
}

#[test]
fn the_caller_is_known_withheld_or_unavailable() {
    for (headers, wanted) in [
        ("From: <sip:+14155550123@h>;tag=1\r\n", "+14155550123"),
        ("From: \"Ann\" <sip:ann;x=1@h>;tag=1\r\n", "ann"),
        ("From: <sip:%2B1415@h>;tag=1\r\n", "+1415"),
        (
            "From: <sip:anonymous@anonymous.invalid>;tag=1\r\n",
            "anonymous",
        ),
        ("From: <sip:+1415@h>;tag=1\r\nPrivacy: id\r\n", "anonymous"),
        ("From: <sip:+1415@h>;tag=1\r\nPrivacy: none\r\n", "+1415"),
        ("From: <sip:h>;tag=1\r\n", "unavailable"),
        ("From: <sip:a%00b@h>;tag=1\r\n", "unavailable"),
        (
            "From: <sip:x@h>;tag=1\r\nP-Asserted-Identity: <tel:+1-415-555>\r\n",
            "+1415555",
        ),
        (
            "From: <sip:unavailable@unknown.invalid>;tag=1\r\n",
            "unavailable",
        ),
    ] {
        assert_eq!(caller(headers).as_str(), wanted, "{headers}");
    }
}

/// RFC 3325, section 5: what a stranger asserts is worth nothing.
#[test]
fn only_the_trusted_assert_identities() {
    let headers = "From: <sip:x@h>;tag=1\r\nP-Asserted-Identity: <sip:+1415555@h>\r\n";
    let invite = invite("sip:+13146523057@10.0.0.1", headers);
    let incoming = incoming(invite, TransportKind::Udp);
    for (trusted, wanted) in [(true, "+1415555"), (false, "x")] {
        let offer = offer(&incoming, None, trusted).unwrap();
        assert_eq!(offer.from.as_str(), wanted);
    }
}

#[test]
fn headers_are_chosen_and_lower_case() {
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let headers = format!("From: <sip:a@h>;tag=1\r\nTraceparent: {trace}\r\n");
    let invite = invite("sip:+13146523057@10.0.0.1", &headers);
    let incoming = incoming(invite, TransportKind::Tls);
    let offer = offer(&incoming, Some("carrier".to_owned()), true).unwrap();
    assert_eq!(offer.source.trunk.as_deref(), Some("carrier"));
    assert_eq!(
        offer.source.transport,
        Some(callroute_schema::Transport::Tls)
    );
    assert_eq!(offer.to.as_str(), "+13146523057");
    assert_eq!(
        offer.headers.get("x-tenant").map(String::as_str),
        Some("blue")
    );
    assert_eq!(
        offer.headers.get("call-id").map(String::as_str),
        Some("abc@h")
    );
    assert_eq!(
        offer.headers.get("traceparent").map(String::as_str),
        Some(trace)
    );
    assert_eq!(offer.headers.len(), 3);
}

#[test]
fn a_user_is_put_into_a_uri() {
    for (uri, user, wanted) in [
        (
            "sip:gw@10.0.0.7:5070;transport=tcp",
            "+1682",
            "sip:+1682@10.0.0.7:5070;transport=tcp",
        ),
        ("sip:10.0.0.7", "*97#", "sip:*97%23@10.0.0.7"),
    ] {
        assert_eq!(with_user(uri, user).as_deref(), Some(wanted));
    }
}

#[test]
fn names_are_quoted_and_users_escaped() {
    let known = Caller::Known(callroute_schema::Address::new("a b@c").unwrap());
    assert_eq!(
        from_header(&known, Some("An\"n\\\n"), "h:5060").0,
        "\"An\\\"n\\\\\" <sip:a%20b%40c@h:5060>"
    );
    assert!(from_header(&Caller::Withheld, Some("Ann"), "h").1);
}

#[test]
fn refusals_keep_their_codes() {
    let cause = refusal(EndCause::Rejected(RejectCause::Congestion));
    assert_eq!((cause.sip_code, cause.q850), (Some(503), Some(34)));
    assert_eq!(refusal(EndCause::Normal).sip_code, Some(603));
    assert_eq!(refusal(EndCause::NoAnswer).sip_code, Some(480));
}

/// RFC 3326: what the other party has said goes on, and nothing that it has not said.
#[test]
fn the_cause_of_another_party_goes_on() {
    assert_eq!(parting(EndCause::Normal), Some(16));
    assert_eq!(parting(EndCause::AnsweredElsewhere), Some(16));
    assert_eq!(parting(EndCause::Cleared(31)), Some(31));
    let reason = cancel_reason(EndCause::Cleared(31)).unwrap().to_bytes();
    assert_eq!(reason, "Q.850;cause=31");
    assert!(cancel_reason(EndCause::Normal).is_none());
}

proptest::proptest! {
    /// A request that parses may still hold anything in its headers (NUL and CR in a user part).
    #[test]
    fn no_header_panics(
        from in "[ -~]{0,60}", user in "(%[0-9A-Fa-f]{2}|[a-z;+]){0,12}", privacy in "[a-z;]{0,12}",
    ) {
        let text = format!(
            "INVITE sip:{user}@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: {from}\r\n\
             P-Asserted-Identity: {from}\r\nPrivacy: {privacy}\r\nTo: <sip:{user}@h>\r\n\
             Call-ID: a\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"
        );
        if let Ok(Message::Request(request)) =
            parse_datagram(Bytes::from(text), &Limits::datagram())
        {
            let _ = crate::way::Way::of(&request, true);
            let _ = offer(&incoming(request, TransportKind::Udp), None, true);
        }
    }
}
