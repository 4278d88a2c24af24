//! `trigger --suite`: what it says of servers that do something wrong.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use crate::place::Ran;
use crate::trigger::{VOICEMAIL, serve, signed, trigger};

fn suite(address: SocketAddr) -> Ran {
    trigger(address, &["--suite", "--secret-file", "secret"])
}

/// A server that answers what is signed, and `forged` to everything else.
fn forged(status: u16, body: &'static str) -> Ran {
    suite(serve(Duration::ZERO, move |headers, event| {
        match signed(headers, event) {
            true => (200, VOICEMAIL.to_owned()),
            false => (status, body.to_owned()),
        }
    }))
}

#[test]
fn one_event_that_is_not_answered_ends_nothing() {
    let hangs = serve(Duration::ZERO, |headers, event| {
        let text = String::from_utf8_lossy(event);
        while text.contains(r#""menu_timeout""#) {
            std::thread::park();
        }
        match signed(headers, event) {
            true => (200, VOICEMAIL.to_owned()),
            false => (401, String::new()),
        }
    });
    let ran = suite(hangs);
    assert_eq!(ran.code, 1, "{}", ran.out);
    for line in [
        "WRONG menu_timeout: timeout_first_byte: ",
        "ok    call_completed: ",
        "ok    signed ten minutes ago: ",
    ] {
        assert!(ran.out.contains(line), "{line}: {}", ran.out);
    }
    let all = ran.out.lines().count() - 1;
    let summary = ran.out.lines().last().unwrap_or_default();
    assert!(
        summary.starts_with(&format!("{all} requests, ")),
        "{}",
        ran.out
    );
}

#[test]
fn where_nobody_is_the_summary_says_how_far_it_went() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = listener.local_addr().unwrap();
    drop(listener);
    let ran = suite(nobody);
    assert_eq!(ran.code, 3, "{}", ran.out);
    let summary = ran.out.lines().last().unwrap_or_default();
    assert!(
        summary.starts_with("1 of ") && summary.ends_with(" requests, 1 findings"),
        "{}",
        ran.out
    );
}

#[test]
fn failures_do_not_keep_a_server_from_being_asked() {
    let fails = serve(Duration::ZERO, |_, event| {
        let call = String::from_utf8_lossy(event).contains(r#""incoming_call""#);
        match call {
            true => (200, VOICEMAIL.to_owned()),
            false => (500, String::new()),
        }
    });
    let ran = trigger(fails, &["--suite"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.out.contains("WRONG call_completed: status_5xx: "),
        "{}",
        ran.out
    );
    assert!(!ran.out.contains("resting"), "{}", ran.out);
}

#[test]
fn who_refuses_everything_says_nothing_about_signatures() {
    let ran = suite(serve(Duration::ZERO, |_, _| (404, String::new())));
    assert_eq!(ran.code, 1);
    for case in ["wrong signature", "no signature", "signed ten minutes ago"] {
        let line = format!("WRONG {case}: not_judged: ");
        assert!(ran.out.contains(&line), "{line}: {}", ran.out);
    }
}

#[test]
fn a_bad_answer_to_a_forged_request_is_an_answer() {
    for body in ["", "null", "{", r#"{"action":"sing"}"#, "\u{1}"] {
        let ran = forged(200, body);
        let line = "WRONG wrong signature: not_refused: a request with wrong signature was \
                    answered with status 200; ";
        assert!(ran.out.contains(line), "{body:?}: {}", ran.out);
    }
}

#[test]
fn how_to_refuse_is_said() {
    for status in [302, 429, 500] {
        let ran = forged(status, "");
        let mut lines = ran.out.lines();
        let line = lines.find(|line| line.starts_with("WRONG no signature: not_refused: "));
        assert!(
            line.is_some_and(|line| line.contains("with status 401")),
            "{status}: {}",
            ran.out
        );
    }
    assert_eq!(forged(403, "").code, 0);
}

#[test]
fn what_is_wrong_in_an_answer_is_named() {
    for (answer, wrong) in [
        (
            r#"{"action":"busy","action":"voicemail","message":"x"}"#,
            "$: duplicate field `action`",
        ),
        (
            r#"{"message":"x","action":"voicemail","action":"voicemail"}"#,
            "$: duplicate field `action`",
        ),
        (
            r#"{"action":"forward","destination":{"type":"sip","uri":"sip:ann@x:99999"}}"#,
            "$.destination.uri: `99999` is no port of a SIP URI",
        ),
    ] {
        let ran = trigger(
            serve(Duration::ZERO, move |_, _| (200, answer.to_owned())),
            &[],
        );
        assert_eq!(ran.code, 1);
        assert!(ran.out.contains(wrong), "{answer}: {}", ran.out);
    }
}
