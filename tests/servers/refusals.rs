//! What the samples refuse: broken secrets, and what is no event.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use super::{CALLS, Server, sample, signed};
use crate::common::example::program;
use crate::common::peer;

/// Secrets with which anybody could sign, or nobody would be asked to.
const BROKEN: [&str; 4] = ["", " ", "whsec_", "whsec_!!!!"];

/// It says why it does not start, and where it is not.
fn does_not_start(command: &dyn Fn() -> Command) {
    for secret in BROKEN {
        let mut child = command()
            .env("CALLROUTE_SECRET", secret)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stdout.take().unwrap()).lines().next();
        if said.is_some() {
            child.kill().unwrap();
        }
        let output = child.wait_with_output().unwrap();
        assert!(said.is_none() && !output.status.success(), "{secret:?}");
        let why = String::from_utf8_lossy(&output.stderr);
        assert!(why.contains("CALLROUTE_SECRET: "), "{secret:?}: {why}");
    }
}

/// B16: no sample takes anybody's signature, or none at all, because its secret is broken.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_secret_is_refused() {
    does_not_start(&|| {
        let mut command = Command::new(program("webhook_server"));
        command.arg("127.0.0.1:0");
        command
    });
    if peer("python3") {
        does_not_start(&|| sample("python3", "webhook.py"));
    }
    if peer("node") {
        does_not_start(&|| sample("node", "webhook.mjs"));
    }
    // PHP runs the sample for each request.
    if peer("php") {
        for secret in BROKEN.iter().filter(|secret| !secret.is_empty()) {
            let server = Server::php_with(secret).await;
            let found = signed::status(&server.url, "a", signed::now(), "v1,", CALLS).await;
            assert_eq!(found, 500, "{secret:?}");
        }
    }
}

/// Bodies that are no events, some of them by a hair.
fn no_events() -> Vec<Vec<u8>> {
    let event = String::from_utf8_lossy(CALLS);
    let with = |from: &str, to: &str| event.replace(from, to).into_bytes();
    let mut latin = CALLS.to_vec();
    latin[20] = 0xe9;
    let mut wide = vec![0xff, 0xfe];
    wide.extend(event.encode_utf16().flat_map(u16::to_le_bytes));
    let mut bodies = vec![latin, wide];
    bodies.extend(["{", "", "null", "[]", "7", "\"x\""].map(|text| text.as_bytes().to_vec()));
    bodies.push(with(r#""to":"+13146523057","#, ""));
    bodies.push(with(r#""+13146523057""#, "13146523057"));
    bodies.push(with("+14155550123", r"\ud800"));
    bodies.push(with("}", r#","menu":7}"#));
    bodies.push(with("}", r#","menu":{"digits":7}}"#));
    bodies
}

/// B16: a body that is no event is answered with 400.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_event_is_refused() {
    let mut servers = vec![Server::rust("")];
    if peer("python3") {
        servers.push(Server::talkative("python3", "webhook.py"));
    }
    if peer("node") {
        servers.push(Server::talkative("node", "webhook.mjs"));
    }
    if peer("php") {
        servers.push(Server::php().await);
    }
    for server in servers {
        for body in no_events() {
            let found = signed::status(&server.url, "a", signed::now(), "v1,", &body).await;
            let body = String::from_utf8_lossy(&body);
            assert_eq!(found, 400, "{}: {body:?}", server.url);
        }
        server.answers().await;
    }
}

/// B16: a body that is announced to be longer than any event is not waited for.
#[test]
fn what_is_longer_than_any_event_is_not_read() {
    for (program, name) in [("python3", "webhook.py"), ("node", "webhook.mjs")] {
        if !peer(program) {
            continue;
        }
        let server = Server::talkative(program, name);
        let place = server.url.strip_prefix("http://").unwrap();
        let place = place.split('/').next().unwrap();
        let mut stream = TcpStream::connect(place).unwrap();
        let head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000000\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        let mut said = String::new();
        stream.read_to_string(&mut said).unwrap();
        assert!(said.starts_with("HTTP/1.1 400 "), "{name}: {said}");
    }
}
