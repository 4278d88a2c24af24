//! What a REFER and a Replaces say.

use bytes::Bytes;
use callroute_media::Referral;
use callroute_schema::{Disposition, Party};
use sipx_sip::{Host, Limits, Message, Request, parse_datagram};

use super::{NoTarget, Replaces, fragment, is_silent, status, target};

fn refer(headers: &str) -> Request {
    let text = format!(
        "REFER sip:us@pbx SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\n\
         To: <sip:us@pbx>;tag=2\r\nCall-ID: c\r\nCSeq: 2 REFER\r\n{headers}Content-Length: 0\r\n\r\n"
    );
    match parse_datagram(Bytes::from(text), &Limits::datagram()).unwrap() {
        Message::Request(request) => request,
        Message::Response(_) => panic!("a request"),
    }
}

fn asked(headers: &str) -> Result<(String, Option<String>), NoTarget> {
    let request = refer(headers);
    let found = target(
        &request.headers,
        |uri| matches!(uri.host(), Some(Host::Name(name)) if name.as_bytes() == b"pbx"),
    )?;
    let kind = match &found.to {
        Party::Number(_) => "number",
        Party::Sip(_) => "sip",
        Party::Agent(_) => "agent",
    };
    Ok((format!("{kind} {}", found.to), found.replaces))
}

#[test]
fn whom_a_refer_names() {
    let to = |text: &str| asked(&format!("Refer-To: {text}\r\n"));
    let plain = |wanted: &str| Ok((wanted.to_owned(), None));
    assert_eq!(to("<sip:1001@pbx>"), plain("number 1001"));
    assert_eq!(
        to("<sip:+16822306467@pbx;user=phone>"),
        plain("number +16822306467")
    );
    assert_eq!(to("<tel:+1-682-230-6467>"), plain("number +16822306467"));
    assert_eq!(to("sip:1001@elsewhere"), plain("sip sip:1001@elsewhere"));
    assert_eq!(to("\"Ann\" <sip:ann@pbx>"), plain("sip sip:ann@pbx"));
    assert_eq!(
        to("<sip:ann@pbx?Replaces=12%40h%3Bfrom-tag%3Da%3Bto-tag%3Db>"),
        Ok((
            "sip sip:ann@pbx".to_owned(),
            Some("12@h;to-tag=b;from-tag=a".to_owned())
        ))
    );
    for wrong in [
        "",
        "Refer-To: <sip:a@h>\r\nRefer-To: <sip:b@h>\r\n",
        "Refer-To: <http://h/>\r\n",
        "Refer-To: <sip:a@h?Replaces=nonsense>\r\n",
        "Refer-To: <sip:a@h?Replaces=a%0D%0A%3Bto-tag%3D1%3Bfrom-tag%3D2>\r\n",
    ] {
        assert_eq!(asked(wrong), Err(NoTarget::Unclear), "{wrong}");
    }
    assert_eq!(to("<sip:a@h;method=BYE>"), Err(NoTarget::NoCall));
    assert!(to("<sip:a@h;method=INVITE>").is_ok());
}

#[test]
fn one_dialog_has_one_name() {
    let one = Replaces::parse("c@h;to-tag=1;from-tag=2;early-only").unwrap();
    let other = Replaces::parse("c@h ; From-Tag=2 ; To-Tag=1").unwrap();
    assert_eq!(one.name(), other.name());
    assert!(one.early_only && !other.early_only);
    for wrong in ["", ";to-tag=1;from-tag=2", "c", "c;to-tag=1"] {
        assert_eq!(Replaces::parse(wrong), None, "{wrong}");
    }
    let headers = |text: &str| Replaces::of(&refer(text).headers);
    assert_eq!(headers(""), None);
    assert_eq!(headers("Replaces: c\r\n"), Some(None));
    assert_eq!(
        headers("Replaces: c;to-tag=1;from-tag=2\r\nReplaces: c;to-tag=1;from-tag=2\r\n"),
        Some(None)
    );
}

#[test]
fn fragments_tell_a_status() {
    assert_eq!(status(b"SIP/2.0 180 Ringing\r\n"), Some(180));
    for (outcome, told) in [
        (Referral::Trying, "SIP/2.0 100 Trying\r\n"),
        (Referral::Done, "SIP/2.0 200 OK\r\n"),
        (Referral::Failed, "SIP/2.0 503 Service Unavailable\r\n"),
        (
            Referral::Refused(Disposition::Busy),
            "SIP/2.0 486 Busy Here\r\n",
        ),
        (
            Referral::Refused(Disposition::Declined),
            "SIP/2.0 603 Decline\r\n",
        ),
        (
            Referral::Refused(Disposition::InvalidNumber),
            "SIP/2.0 404 Not Found\r\n",
        ),
    ] {
        assert_eq!(fragment(outcome), told);
    }
    assert_eq!(status(b"SIP/2.0 603"), Some(603));
    for wrong in [
        &b""[..],
        b"SIP/2.0 ",
        b"SIP/2.0 999 No",
        b"SIP/2.0 20",
        b"HTTP/1.1 200 OK",
        b"\xFF",
    ] {
        assert_eq!(status(wrong), None);
    }
    assert!(is_silent(&refer("Refer-Sub: False\r\n").headers));
    assert!(!is_silent(&refer("Refer-Sub: true\r\n").headers));
}

proptest::proptest! {
    #[test]
    fn nothing_that_comes_breaks_it(value in "[ -~]{0,80}", bytes: Vec<u8>) {
        let _ = Replaces::parse(&value);
        let _ = status(&bytes);
        let text = format!(
            "REFER sip:us@pbx SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\n\
             To: <sip:us@pbx>;tag=2\r\nCall-ID: c\r\nCSeq: 2 REFER\r\nRefer-To: {value}\r\n\
             Content-Length: 0\r\n\r\n"
        );
        if let Ok(Message::Request(request)) = parse_datagram(Bytes::from(text), &Limits::datagram()) {
            let _ = target(&request.headers, |_| true);
        }
    }
}
