//! Faults of HTTP/2.

use std::sync::Arc;

use callroute_webhook::FailureClass as C;

use crate::deeds::Deed::{
    self, Close, Drip, Forever, ReadHttp2, ReadHttp2Head, Reset, Silence, Write,
};
use crate::http2::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, RST_STREAM, answer, frame, head,
    header, settings,
};
use crate::place::{Expect, Fault, HANG_UP, Kind};

const REFUSED_STREAM: [u8; 4] = [0, 0, 0, 7];
const ENHANCE_YOUR_CALM: [u8; 4] = [0, 0, 0, 11];
const INITIAL_WINDOW_SIZE: u16 = 4;

fn fault(name: &str, expect: Expect, deeds: Vec<Deed>) -> Fault {
    Fault::of(name, expect, Kind::Http2(Arc::new(move |_| deeds.clone())))
}

/// After the request, these frames; then nothing more.
fn frames(name: &str, class: C, list: Vec<Vec<u8>>) -> Fault {
    let bytes = [vec![settings(&[])], list].concat().concat();
    fault(name, Err(class), vec![ReadHttp2, Write(bytes), Silence])
}

/// The last stream that was looked at, and why no more are.
fn goaway(last: u32, reason: [u8; 4]) -> Vec<u8> {
    frame(GOAWAY, 0, 0, &[&last.to_be_bytes()[..], &reason].concat())
}

/// All of them.
pub(crate) fn faults() -> Vec<Fault> {
    let headers = |block: &[u8]| frame(HEADERS, END_HEADERS, 1, block);
    let body = |flags: u8| frame(DATA, flags, 1, HANG_UP.as_bytes());
    // One large header in the table, then named again and again: 1 byte each.
    let mut bomb = header("x", &"y".repeat(3500));
    bomb.extend([0x80 | 62; 12_000]);
    let mut bomb = [head(200), bomb].concat();
    bomb.truncate(16_000);
    vec![
        fault(
            "HTTP/2 that is well",
            Ok(()),
            vec![ReadHttp2, Write(answer(HANG_UP.as_bytes())), Silence],
        )
        .alone_suffices(),
        fault(
            "HTTP/2 silence",
            Err(C::TimeoutFirstByte),
            vec![ReadHttp2, Silence],
        ),
        frames(
            "HTTP/2 silence after the settings",
            C::TimeoutFirstByte,
            vec![],
        ),
        frames("HTTP/2 GOAWAY for all", C::Reset, vec![goaway(0, [0; 4])]),
        frames(
            "HTTP/2 GOAWAY and calm",
            C::Reset,
            vec![goaway(0, ENHANCE_YOUR_CALM)],
        ),
        frames(
            "HTTP/2 REFUSED_STREAM",
            C::Reset,
            vec![frame(RST_STREAM, 0, 1, &REFUSED_STREAM)],
        ),
        frames(
            "HTTP/2 reset mid-body",
            C::Reset,
            vec![
                headers(&head(200)),
                frame(DATA, 0, 1, b"{\"act"),
                frame(RST_STREAM, 0, 1, &ENHANCE_YOUR_CALM),
            ],
        ),
        fault(
            "HTTP/2 window 0",
            Err(C::TimeoutFirstByte),
            vec![
                Write(settings(&[(INITIAL_WINDOW_SIZE, 0)])),
                ReadHttp2,
                Silence,
            ],
        ),
        fault(
            "HTTP/2 CONTINUATION flood",
            Err(C::Reset),
            vec![
                Write(settings(&[])),
                ReadHttp2Head,
                Write(frame(HEADERS, 0, 1, &head(200))),
                Forever(
                    frame(CONTINUATION, 0, 1, &header("x", &"y".repeat(1000))),
                    0,
                ),
            ],
        ),
        frames(
            "HTTP/2 HPACK bomb",
            C::Reset,
            vec![headers(&bomb), body(END_STREAM)],
        ),
        frames("HTTP/2 HPACK garbage", C::Reset, vec![headers(&[0xff; 40])]),
        frames(
            "HTTP/2 stall mid-body",
            C::TimeoutTotal,
            vec![headers(&head(200)), frame(DATA, 0, 1, b"{")],
        ),
        fault(
            "HTTP/2 slow frames",
            Err(C::TimeoutFirstByte),
            vec![
                ReadHttp2,
                Drip([settings(&[]), answer(HANG_UP.as_bytes())].concat(), 30),
            ],
        ),
        fault("HTTP/2 FIN", Err(C::Reset), vec![ReadHttp2, Close]),
        fault("HTTP/2 RST", Err(C::Reset), vec![ReadHttp2, Reset]),
        fault(
            "HTTP/2 garbage",
            Err(C::Reset),
            vec![ReadHttp2, Write(vec![0x47; 100]), Silence],
        ),
        fault(
            "HTTP/1.1 in place of HTTP/2",
            Err(C::Reset),
            vec![
                Write(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n".to_vec()),
                Silence,
            ],
        ),
        frames(
            "HTTP/2 settings flood without answer",
            C::TimeoutFirstByte,
            vec![settings(&[]); 50],
        ),
        frames(
            "HTTP/2 status 500",
            C::Status5xx,
            vec![headers(&head(500)), body(END_STREAM)],
        ),
        frames(
            "HTTP/2 redirect",
            C::Redirect,
            vec![headers(&head(302)), body(END_STREAM)],
        ),
        frames(
            "HTTP/2 empty",
            C::Empty,
            vec![headers(&head(200)), frame(DATA, END_STREAM, 1, b"")],
        ),
        frames(
            "HTTP/2 body beyond its window",
            C::Reset,
            vec![
                headers(&head(200)),
                vec![frame(DATA, 0, 1, &[b' '; 16_000]); 7].concat(),
            ],
        ),
        frames(
            "HTTP/2 body of 1 GiB announced",
            C::TooLarge,
            vec![
                headers(&[head(200), header("content-length", "1073741824")].concat()),
                frame(DATA, 0, 1, b"{"),
            ],
        ),
        frames(
            "HTTP/2 answer to another stream",
            C::Reset,
            vec![frame(HEADERS, END_HEADERS, 7, &head(200))],
        ),
    ]
}
