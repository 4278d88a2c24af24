//! Faults of sockets, of time and of HTTP/1.1 itself.

use callroute_webhook::FailureClass as C;

use crate::deeds::Deed::{
    self, Again, Close, Deaf, Drip, Forever, Read, Reset, Silence, Wait, Write,
};
use crate::place::{Fault, HANG_UP, Kind, json, reply};

fn text(text: &str) -> Deed {
    Write(text.into())
}

/// All of them.
pub(crate) fn faults() -> Vec<Fault> {
    [
        sockets(),
        slowness(),
        broken_off(),
        stale(),
        statuses(),
        framing(),
    ]
    .concat()
}

fn sockets() -> Vec<Fault> {
    let ssh = "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n";
    vec![
        Fault::of("refused", Err(C::Connect), Kind::Refused),
        Fault::of("SYN black hole", Err(C::Connect), Kind::BlackHole),
        Fault::new("accept and FIN", Err(C::Reset), vec![Close]),
        Fault::new("accept and RST", Err(C::Reset), vec![Reset]),
        Fault::new("accept and deaf", Err(C::TimeoutFirstByte), vec![Deaf]),
        Fault::new(
            "garbage banner",
            Err(C::Reset),
            vec![text("\0\x01\x02garbage\r\n\r\n"), Silence],
        ),
        Fault::new("SSH banner", Err(C::Reset), vec![text(ssh), Silence]),
        Fault::new(
            "garbage answer",
            Err(C::Reset),
            vec![Read, text("\0\x7fGARBAGE"), Silence],
        ),
        Fault::new(
            "SMTP answer",
            Err(C::Reset),
            vec![Read, text("220 mail ESMTP\r\n"), Silence],
        ),
    ]
}

fn slowness() -> Vec<Fault> {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
    let body = format!("{head}content-length: 1000\r\n\r\n");
    vec![
        Fault::new("silence", Err(C::TimeoutFirstByte), vec![Read, Silence]),
        Fault::new(
            "150 ms",
            Ok(()),
            vec![Read, Wait(150), Write(json(HANG_UP)), Again],
        )
        .deadline(1500)
        .alone_suffices(),
        Fault::new(
            "900 ms",
            Ok(()),
            vec![Read, Wait(900), Write(json(HANG_UP)), Again],
        )
        .deadline(1500),
        Fault::new(
            "200 ms after the deadline",
            Err(C::TimeoutFirstByte),
            vec![Read, Wait(800), Write(json(HANG_UP)), Again],
        ),
        Fault::new(
            "slow headers",
            Err(C::TimeoutTotal),
            vec![Read, Drip(json(HANG_UP), 30)],
        ),
        Fault::new(
            "headers for ever",
            Err(C::TimeoutTotal),
            vec![Read, text(head), Forever(b"x: y\r\n".to_vec(), 50)],
        ),
        Fault::new(
            "slow body",
            Err(C::TimeoutTotal),
            vec![Read, text(&body), Drip(vec![b' '; 900], 20)],
        ),
        Fault::new(
            "stall mid-body",
            Err(C::TimeoutTotal),
            vec![Read, text(&body), text("{"), Silence],
        ),
        Fault::new(
            "1xx for ever",
            Err(C::TimeoutTotal),
            vec![Read, Forever(b"HTTP/1.1 100 Continue\r\n\r\n".to_vec(), 5)],
        ),
        Fault::new(
            "103 and then the answer",
            Ok(()),
            vec![
                Read,
                text("HTTP/1.1 103 Early Hints\r\n\r\n"),
                Write(json(HANG_UP)),
                Again,
            ],
        )
        .alone_suffices(),
        Fault::new(
            "chunks for ever",
            Err(C::TimeoutTotal),
            vec![
                Read,
                text(head),
                text("transfer-encoding: chunked\r\n\r\n"),
                Forever(b"1\r\n \r\n".to_vec(), 20),
            ],
        ),
    ]
}

/// FIN and RST at each point of an answer.
fn broken_off() -> Vec<Fault> {
    let whole = reply("200 OK", "content-type: application/json\r\n", HANG_UP);
    let head = whole.len() - HANG_UP.len();
    let points = [
        ("after the request", 0),
        ("in the status line", 10),
        ("in the headers", head - 10),
        ("before the body", head),
        ("in the body", whole.len() - 4),
    ];
    let mut faults = Vec::new();
    for (point, length) in points {
        for (name, end) in [("FIN", Close), ("RST", Reset)] {
            // What was sent shall arrive before the end does.
            let deeds = vec![Read, Write(whole[..length].to_vec()), Wait(20), end];
            faults.push(Fault::new(format!("{name} {point}"), Err(C::Reset), deeds));
        }
    }
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"act";
    faults.push(Fault::new(
        "FIN in a chunk",
        Err(C::Reset),
        vec![Read, text(chunked), Close],
    ));
    faults
}

/// A kept connection that is dead when the next request comes.
fn stale() -> Vec<Fault> {
    let good = || vec![Read, Write(json(HANG_UP))];
    let then = |end: Vec<Deed>| {
        move |connection: usize| match connection {
            0 => [good(), end.clone()].concat(),
            _ => [good(), vec![Again]].concat(),
        }
    };
    vec![
        Fault::by_connection("stale connection: FIN", Ok(()), then(vec![Close]))
            .warm()
            .alone_suffices(),
        Fault::by_connection("stale connection: RST", Ok(()), then(vec![Reset]))
            .warm()
            .alone_suffices(),
        Fault::by_connection(
            "stale connection: RST to the request",
            Ok(()),
            then(vec![Read, Reset]),
        )
        .warm()
        .alone_suffices(),
        Fault::by_connection("stale connection: deaf", Ok(()), then(vec![Deaf]))
            .warm()
            .deadline(1500),
    ]
}

fn statuses() -> Vec<Fault> {
    let mut faults = Vec::new();
    for (status, class) in [
        ("202 Accepted", C::Empty),
        ("204 No Content", C::Empty),
        ("205 Reset Content", C::Empty),
        ("206 Partial Content", C::Empty),
        ("400 Bad Request", C::Status4xx),
        ("401 Unauthorized", C::Status4xx),
        ("403 Forbidden", C::Status4xx),
        ("404 Not Found", C::Status4xx),
        ("408 Request Timeout", C::Status4xx),
        ("410 Gone", C::Status4xx),
        ("425 Too Early", C::Status4xx),
        ("429 Too Many Requests", C::Status429),
        ("500 Internal Server Error", C::Status5xx),
        ("501 Not Implemented", C::Status5xx),
        ("502 Bad Gateway", C::Status5xx),
        ("503 Service Unavailable", C::Status5xx),
        ("504 Gateway Timeout", C::Status5xx),
        ("599 Whatever", C::Status5xx),
        ("999 Whatever", C::Status5xx),
    ] {
        let json = "content-type: application/json\r\n";
        let body = if status.starts_with("204") {
            ""
        } else {
            HANG_UP
        };
        faults.push(Fault::reply(status, Err(class), status, json, body));
    }
    let never = "Sun, 06 Nov 2094 08:49:37 GMT";
    for after in ["7", "3600", never, "soon"] {
        for (status, class) in [
            ("429 Too Many Requests", C::Status429),
            ("503 Service Unavailable", C::Status5xx),
        ] {
            let header = format!("retry-after: {after}\r\n");
            let name = format!("{status}, Retry-After: {after}");
            faults.push(Fault::reply(name, Err(class), status, &header, "later"));
        }
    }
    for (name, to) in [
        ("itself", "/hook"),
        (
            "the cloud's metadata",
            "http://169.254.169.254/latest/meta-data",
        ),
        ("a private address", "http://10.0.0.1/"),
        ("a file", "file:///etc/passwd"),
    ] {
        for status in [
            "301 Moved Permanently",
            "302 Found",
            "307 Temporary Redirect",
        ] {
            let header = format!("location: {to}\r\n");
            let name = format!("{status} to {name}");
            faults.push(Fault::reply(name, Err(C::Redirect), status, &header, ""));
        }
    }
    let switch = "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n";
    faults.push(Fault::answer("101", Err(C::Reset), switch));
    faults
}

fn framing() -> Vec<Fault> {
    let json = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
    let with = |rest: &str| format!("{json}{rest}");
    let length = HANG_UP.len();
    let many = |count: usize, what: &str| what.repeat(count);
    let ends = |name: &str, class, bytes: String| {
        Fault::new(
            name,
            Err(class),
            vec![Read, Write(bytes.into()), Wait(20), Close],
        )
    };
    vec![
        ends("Content-Length too long", C::Reset, with(&format!("content-length: 900\r\n\r\n{HANG_UP}"))),
        Fault::answer("Content-Length too short", Err(C::BadJson), with("content-length: 5\r\n\r\n{\"act")),
        ends(
            "two Content-Lengths",
            C::Reset,
            with(&format!("content-length: 5\r\ncontent-length: {length}\r\n\r\n{HANG_UP}")),
        ),
        ends("Content-Length below zero", C::Reset, with(&format!("content-length: -1\r\n\r\n{HANG_UP}"))),
        ends(
            "Content-Length beyond all numbers",
            C::Reset,
            with(&format!("content-length: 99999999999999999999999\r\n\r\n{HANG_UP}")),
        ),
        Fault::answer("1 GiB announced", Err(C::TooLarge), with("content-length: 1073741824\r\n\r\n{")),
        Fault::new(
            "chunks without end",
            Err(C::TooLarge),
            vec![
                Read,
                Write(with("transfer-encoding: chunked\r\n\r\n").into()),
                Forever(format!("1000\r\n{}\r\n", many(4096, " ")).into(), 0),
            ],
        ),
        Fault::new(
            "a body without length and without end",
            Err(C::TooLarge),
            vec![Read, Write(with("connection: close\r\n\r\n").into()), Forever(vec![b' '; 4096], 0)],
        ),
        Fault::answer(
            "chunk garbage",
            Err(C::Reset),
            with("transfer-encoding: chunked\r\n\r\nzzzz\r\n{}\r\n"),
        ),
        Fault::answer(
            "a chunk larger than numbers go",
            Err(C::Reset),
            with("transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}\r\n"),
        ),
        Fault::answer(
            "a forged second answer",
            Ok(()),
            with(&format!(
                "content-length: {length}\r\n\r\n{HANG_UP}HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{{}}"
            )),
        )
        .alone_suffices(),
        Fault::answer("65 headers", Err(C::TooLarge), with(&format!("{}\r\n", many(65, "x: y\r\n")))),
        Fault::answer("a header flood", Err(C::TooLarge), with(&many(20_000, "x: y\r\n"))),
        Fault::answer("a header of 40 KiB", Err(C::TooLarge), with(&format!("x: {}", many(40 * 1024, "y")))),
        Fault::new(
            "a trailer flood",
            Err(C::Reset),
            vec![
                Read,
                Write(with(&format!("transfer-encoding: chunked\r\n\r\n{length:x}\r\n{HANG_UP}\r\n0\r\n")).into()),
                Forever(b"x: y\r\n".repeat(100), 0),
            ],
        ),
        Fault::answer("HTTP/0.9", Err(C::Reset), HANG_UP),
        Fault::answer("HTTP/3.7", Err(C::Reset), "HTTP/3.7 200 OK\r\n\r\n"),
        Fault::answer("CR LF in a header's name", Err(C::Reset), with("x\r\n y z\r\n\r\n")),
        Fault::reply("gzip", Err(C::BadContentType), "200 OK", "content-encoding: gzip\r\n", [0x1f, 0x8b, 8]),
        Fault::reply(
            "a gzip bomb",
            Err(C::BadContentType),
            "200 OK",
            "content-type: application/json\r\ncontent-encoding: gzip\r\n",
            vec![0x1f; 60_000],
        ),
        Fault::reply(
            "two codings that were not asked for",
            Err(C::BadContentType),
            "200 OK",
            "content-type: application/json\r\ncontent-encoding: br, gzip\r\n",
            HANG_UP,
        ),
        Fault::reply(
            "identity that says so",
            Err(C::BadContentType),
            "200 OK",
            "content-type: application/json\r\ncontent-encoding: identity\r\n",
            HANG_UP,
        ),
    ]
}
