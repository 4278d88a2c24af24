//! The web server that is asked, and how long it takes by itself.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::Failure;
use crate::process::Process;

const EVENT: &str = r#"{"event":"incoming_call","from":"+14155550123","to":"+13146523057","timestamp":"2026-04-21T14:32:00Z","call_id":"abc123xyz"}"#;
/// How long the slow path takes.
pub(crate) const SLOWLY: Duration = Duration::from_secs(1);

/// Runs as the server, until it is killed: a thread for each connection. Its answer is a forward to
/// that URI.
pub(crate) fn serve(addr: SocketAddr, uri: &str) -> Result<(), Failure> {
    let listener = TcpListener::bind(addr)?;
    for stream in listener.incoming() {
        let (stream, answer) = (stream?, answer(uri));
        std::thread::spawn(move || {
            // Whoever asks has gone.
            let _ = converse(stream, &answer);
        });
    }
    Ok(())
}

fn converse(stream: TcpStream, answer: &str) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    let (mut line, mut body) = (String::new(), Vec::new());
    loop {
        let (mut length, mut is_slow) = (0, false);
        loop {
            line.clear();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            is_slow |= line.starts_with("POST /slow");
            let lower = line.to_ascii_lowercase();
            if let Some(value) = lower.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
            if line == "\r\n" {
                break;
            }
        }
        body.resize(length, 0);
        reader.read_exact(&mut body)?;
        if is_slow {
            std::thread::sleep(SLOWLY);
        }
        writer.write_all(answer.as_bytes())?;
    }
}

fn answer(uri: &str) -> String {
    let action = format!(r#"{{"action":"forward","destination":{{"type":"sip","uri":"{uri}"}}}}"#);
    let length = action.len();
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{action}"
    )
}

/// Starts one.
pub(crate) fn start(addr: SocketAddr, uri: &str) -> Result<Process, Failure> {
    let process = Process::start(&["web", &addr.to_string(), uri])?;
    for _ in 0..100 {
        if TcpStream::connect(addr).is_ok() {
            return Ok(process);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Err("the web server does not start".into())
}

/// What one question takes on a connection that is open, p50 in microseconds, so many a second.
pub(crate) fn own_time_us(
    addr: SocketAddr,
    uri: &str,
    time: Duration,
    per_s: u32,
) -> Result<f64, Failure> {
    let mut stream = TcpStream::connect(addr)?;
    stream.set_nodelay(true)?;
    let length = EVENT.len();
    let question = format!(
        "POST /fast HTTP/1.1\r\nHost: {addr}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{EVENT}"
    );
    let mut answer = vec![0; answer(uri).len()];
    let mut taken: Histogram<u64> = Histogram::new_with_bounds(1, 10_000_000_000, 3)?;
    let began = Instant::now();
    while began.elapsed() < time {
        let asked = Instant::now();
        stream.write_all(question.as_bytes())?;
        stream.read_exact(&mut answer)?;
        taken.record(u64::try_from(asked.elapsed().as_nanos())?.max(1))?;
        std::thread::sleep((Duration::from_secs(1) / per_s).saturating_sub(asked.elapsed()));
    }
    #[expect(clippy::cast_precision_loss, reason = "microseconds of a few seconds")]
    let us = taken.value_at_quantile(0.5) as f64 / 1000.0;
    Ok(us)
}
