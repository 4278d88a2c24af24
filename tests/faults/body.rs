//! Answers that arrive whole and are wrong.

use callroute_webhook::FailureClass as C;

use crate::place::{Expect, Fault, HANG_UP, reply};

/// All of them.
pub(crate) fn faults() -> Vec<Fault> {
    let mut faults = types();
    faults.extend(texts());
    for (name, expect, body) in documents() {
        let bytes = reply("200 OK", "content-type: application/json\r\n", body);
        let fault = Fault::answer(name, expect, bytes);
        faults.push(if expect.is_ok() {
            fault.alone_suffices()
        } else {
            fault
        });
    }
    faults
}

fn types() -> Vec<Fault> {
    let of = |kind: &str, body: &str| {
        let header = format!("content-type: {kind}\r\n");
        Fault::reply(
            format!("content-type {kind}"),
            Err(C::BadContentType),
            "200 OK",
            &header,
            body,
        )
    };
    vec![
        of("text/html", "<html>It works!</html>"),
        of("text/html; charset=utf-8", HANG_UP),
        of("application/xml", "<Response/>"),
        of("image/png", "\u{89}PNG"),
        of("application/octet-stream", HANG_UP),
        of("multipart/form-data; boundary=x", HANG_UP),
    ]
}

/// What is read as a phone number.
fn texts() -> Vec<Fault> {
    let of = |name: &str, body: &str| {
        Fault::reply(
            name,
            Err(C::BadSchema),
            "200 OK",
            "content-type: text/plain\r\n",
            body,
        )
    };
    vec![
        of("text that is no number", "OK"),
        of("a number with CR LF", "+1314\r\nTo: x"),
        of("a number with NUL", "+1314\u{0}6523057"),
        of("two numbers", "+13146523057\n+13146523058"),
    ]
}

fn documents() -> Vec<(&'static str, Expect, Vec<u8>)> {
    let utf16: Vec<u8> = HANG_UP.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let deep = |depth: usize| [vec![b'['; depth], vec![b']'; depth]].concat();
    let many = format!("[{}]", vec![HANG_UP; 65].join(","));
    let sip = |uri: &str| {
        format!(r#"{{"action":"forward","destination":{{"type":"sip","uri":"{uri}"}}}}"#)
    };
    let number = |number: &str| {
        format!(r#"{{"action":"forward","destination":{{"type":"number","number":"{number}"}}}}"#)
    };
    vec![
        ("an empty body", Err(C::Empty), b"".to_vec()),
        ("blanks alone", Err(C::Empty), b" \r\n\t ".to_vec()),
        (
            "a byte order mark",
            Ok(()),
            format!("\u{feff}{HANG_UP}").into(),
        ),
        (
            "a truncated document",
            Err(C::BadJson),
            HANG_UP[..15].into(),
        ),
        (
            "a trailing comma",
            Err(C::BadJson),
            br#"{"action":"hangup",}"#.to_vec(),
        ),
        (
            "something after the document",
            Err(C::BadJson),
            format!("{HANG_UP} ok").into(),
        ),
        (
            "two documents",
            Err(C::BadJson),
            format!("{HANG_UP}{HANG_UP}").into(),
        ),
        (
            "JSON with comments",
            Err(C::BadJson),
            format!("// x\n{HANG_UP}").into(),
        ),
        (
            "single quotes",
            Err(C::BadJson),
            b"{'action':'hangup'}".to_vec(),
        ),
        (
            "bad UTF-8",
            Err(C::BadJson),
            b"{\"action\":\"hang\xff\xfeup\"}".to_vec(),
        ),
        (
            "a lone surrogate",
            Err(C::BadJson),
            br#"{"action":"say","text":"\ud800"}"#.to_vec(),
        ),
        ("UTF-16", Err(C::BadJson), utf16),
        (
            "a warning before the document",
            Err(C::BadJson),
            format!("Warning: x\n{HANG_UP}").into(),
        ),
        ("null", Err(C::BadSchema), b"null".to_vec()),
        ("a number alone", Err(C::BadSchema), b"17".to_vec()),
        ("an empty list", Err(C::BadSchema), b"[]".to_vec()),
        ("an empty object", Err(C::BadSchema), b"{}".to_vec()),
        (
            "the event echoed",
            Err(C::BadSchema),
            br#"{"event":"incoming_call"}"#.to_vec(),
        ),
        (
            "a key twice",
            Err(C::BadSchema),
            br#"{"action":"hangup","action":"busy"}"#.to_vec(),
        ),
        (
            "an unknown action",
            Err(C::BadSchema),
            br#"{"action":"explode"}"#.to_vec(),
        ),
        (
            "an unknown field",
            Err(C::BadSchema),
            br#"{"action":"hangup","now":true}"#.to_vec(),
        ),
        (
            "a wrong type",
            Err(C::BadSchema),
            br#"{"action":"say","text":7}"#.to_vec(),
        ),
        ("65 actions", Err(C::BadSchema), many.into()),
        ("nested 33 deep", Err(C::BadSchema), deep(33)),
        ("nested 30,000 deep", Err(C::BadJson), deep(30_000)),
        (
            "CR LF in a SIP URI",
            Err(C::BadSchema),
            sip("sip:a@b\\r\\nTo: x").into(),
        ),
        (
            "NUL in a SIP URI",
            Err(C::BadSchema),
            sip("sip:a@b\\u0000").into(),
        ),
        (
            "CR LF in a number",
            Err(C::BadSchema),
            number("+1314\\r\\n").into(),
        ),
        (
            "CR LF in a contact",
            Err(C::BadSchema),
            br#"{"action":"redirect","contacts":["sip:a@b\r\nTo: x"]}"#.to_vec(),
        ),
        (
            "CR LF in a member",
            Err(C::BadSchema),
            br#"{"action":"forward","destination":{"type":"ring_group","members":["+1314\r\n"]}}"#
                .to_vec(),
        ),
        (
            "a blank in a SIP URI",
            Err(C::BadSchema),
            sip("sip:a b@c").into(),
        ),
    ]
}
