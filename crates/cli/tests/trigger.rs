//! `trigger` and `route`: real requests to a server in this process.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use callroute_webhook::{REPLAY_WINDOW, SigningSecret, verify};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::place::{Place, event};

const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
pub(crate) const VOICEMAIL: &str = r#"{"action":"voicemail","message":"sales"}"#;

/// What a server says to a request: the status and the body.
type Manner = Arc<dyn Fn(&HeaderMap, &[u8]) -> (u16, String) + Send + Sync>;

/// Serves until the process ends; `pause` lies between the head and the body.
pub(crate) fn serve(
    pause: Duration,
    manner: impl Fn(&HeaderMap, &[u8]) -> (u16, String) + Send + Sync + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let manner: Manner = Arc::new(manner);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let manner = Arc::clone(&manner);
            std::thread::spawn(move || answer(&stream.unwrap(), pause, &manner));
        }
    });
    address
}

fn answer(stream: &TcpStream, pause: Duration, manner: &Manner) {
    stream.set_nodelay(true).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut writer = stream.try_clone().unwrap();
    loop {
        let mut headers = HeaderMap::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            match line.trim_end().split_once(": ") {
                Some((name, value)) => {
                    let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
                    headers.append(name, HeaderValue::from_str(value).unwrap());
                }
                None if line.trim_end().is_empty() => break,
                None => {}
            }
        }
        let mut body = vec![0; headers["content-length"].to_str().unwrap().parse().unwrap()];
        reader.read_exact(&mut body).unwrap();
        let (status, text) = manner(&headers, &body);
        let length = text.len();
        let kind = "content-type: application/json";
        write!(
            writer,
            "HTTP/1.1 {status} X\r\n{kind}\r\ncontent-length: {length}\r\n\r\n"
        )
        .unwrap();
        std::thread::sleep(pause);
        writer.write_all(text.as_bytes()).unwrap();
    }
}

pub(crate) fn signed(headers: &HeaderMap, body: &[u8]) -> bool {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    verify(
        &[SigningSecret::new(SECRET).unwrap()],
        headers,
        body,
        now,
        REPLAY_WINDOW,
    )
    .is_ok()
}

pub(crate) fn trigger(address: SocketAddr, more: &[&str]) -> crate::place::Ran {
    let place = Place::new();
    place.file("secret", SECRET);
    let url = format!("http://{address}/webhook/sales");
    let mut args = vec!["trigger", url.as_str()];
    args.extend(more);
    place.run(&args)
}

#[test]
fn an_answer_is_judged() {
    let fine = serve(Duration::ZERO, |_, _| (200, VOICEMAIL.to_owned()));
    let ran = trigger(fine, &[]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert!(
        ran.out.starts_with("ok    incoming_call: voicemail ("),
        "{}",
        ran.out
    );

    let wrong = serve(Duration::ZERO, |_, _| {
        (200, VOICEMAIL.replace("message", "mesage"))
    });
    let ran = trigger(wrong, &[]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.out
            .contains("WRONG incoming_call: bad_schema: $.mesage: unknown field"),
        "{}",
        ran.out
    );
    let ran = trigger(wrong, &["--json"]);
    let line = &ran.json()[0];
    assert_eq!(
        (line["fine"].as_bool(), line["failure"]["class"].as_str()),
        (Some(false), Some("bad_schema"))
    );

    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let ran = trigger(nobody, &[]);
    assert_eq!(ran.code, 3);
    assert!(ran.out.contains("connect: "), "{}", ran.out);
}

#[test]
fn a_delayed_acknowledgement_is_seen() {
    let slow = serve(Duration::from_millis(42), |_, _| {
        (200, VOICEMAIL.to_owned())
    });
    let hint = "hint: about 40 ms looks like delayed ACK: send headers and body together";
    let mut said = Vec::new();
    // On a machine that is late an answer takes longer, and looks like something else.
    for _ in 0..20 {
        let ran = trigger(slow, &[]);
        assert_eq!(ran.code, 0);
        if ran.out.contains(hint) {
            return;
        }
        said.push(ran.out);
    }
    panic!("{said:?}");
}

/// Every kind of event and nasty ones are sent; wrong, missing and old signatures must be refused.
#[test]
fn the_suite_finds_a_server_that_does_not_verify() {
    let careful = serve(Duration::ZERO, |headers, body| {
        match signed(headers, body) {
            true => (200, VOICEMAIL.to_owned()),
            false => (401, String::new()),
        }
    });
    let ran = trigger(careful, &["--suite", "--secret-file", "secret"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}", ran.out);
    assert!(
        ran.out.contains("ok    wrong signature: status 401"),
        "{}",
        ran.out
    );
    assert!(
        ran.out.contains("ok    signed ten minutes ago: status 401"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("requests, 0 findings"), "{}", ran.out);
    for kind in [
        "menu_input",
        "attempt_result",
        "queue_left",
        "voicemail_recorded",
        "call_completed",
    ] {
        assert!(
            ran.out.contains(&format!("ok    {kind}: ")),
            "{kind}: {}",
            ran.out
        );
    }

    let careless = serve(Duration::ZERO, |_, _| (200, VOICEMAIL.to_owned()));
    let ran = trigger(careless, &["--suite", "--secret-file", "secret"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.out.contains("WRONG wrong signature: not_refused: "),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("requests, 3 findings"), "{}", ran.out);
}

/// Every kind of event that the contract knows is sent, by the names in its schema.
#[test]
fn the_suite_sends_every_kind_of_event() {
    let seen = Arc::new(std::sync::Mutex::new(std::collections::BTreeSet::new()));
    let kinds = Arc::clone(&seen);
    let server = serve(Duration::ZERO, move |_, body| {
        let event: serde_json::Value = serde_json::from_slice(body).unwrap();
        let kind = event["event"].as_str().unwrap().to_owned();
        kinds.lock().unwrap().insert(kind);
        (200, VOICEMAIL.to_owned())
    });
    assert_eq!(trigger(server, &["--suite"]).code, 0);
    let schema = Place::new().run(&["schema", "event"]).out;
    let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    let known: std::collections::BTreeSet<String> = schema["$defs"]["EventKind"]["oneOf"]
        .as_array()
        .unwrap()
        .iter()
        .map(|kind| kind["const"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(*seen.lock().unwrap(), known);
}

/// A15: a URL without a scheme is told how to be written; and the secret is never shown, wherever it is.
#[test]
fn a_secret_is_never_shown() {
    let place = Place::new();
    place.file("secret", "whsec_hunter2!");
    let ran = place.run(&["trigger", "http://127.0.0.1:1/", "--secret-file", "secret"]);
    assert_eq!(ran.code, 3);
    assert!(
        ran.err.contains("must be base64") && !ran.err.contains("hunter"),
        "{}",
        ran.err
    );
    let ran = place.run(&["trigger", "127.0.0.1:1"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.err
            .contains("has no scheme; write `https://127.0.0.1:1`"),
        "{}",
        ran.err
    );
}

fn routes(sales: SocketAddr, backup: SocketAddr) -> String {
    format!(
        r#"version: 1
default: {{ action: voicemail, message: general }}
destinations: {{ allow: ["+1*"], deny: ["+1900*"] }}
webhooks:
  sales: {{ urls: ["http://{sales}/"], deadline_ms: 1000, allow: ["127.0.0.0/8"], fallback: {{ action: webhook, name: backup }} }}
  backup: {{ urls: ["http://{backup}/"], deadline_ms: 1000, allow: ["127.0.0.0/8"] }}
numbers:
  "+13146523057": {{ action: webhook, name: sales }}
  "+13146523058": {{ action: hangup }}
"#
    )
}

fn route(sales: SocketAddr, backup: SocketAddr, line: &str) -> serde_json::Value {
    let place = Place::new();
    place.file("routes.yaml", routes(sales, backup));
    let ran = place.run_with(&["route", "--routes", "routes.yaml"], line);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}", ran.out);
    ran.json().remove(0)
}

#[test]
fn the_whole_way_is_gone() {
    let answering = serve(Duration::ZERO, |_, _| (200, VOICEMAIL.to_owned()));
    let broken = serve(Duration::ZERO, |_, _| (500, String::new()));
    let fraud = serve(Duration::ZERO, |_, _| {
        (
            200,
            "\"+19005550123\"".replace('"', "").replace(
                "+1900",
                r#"{"action":"forward","destination":{"type":"number","number":"+1900"#,
            ) + r#""}}"#,
        )
    });
    let told = serve(Duration::ZERO, |_, body| {
        let event = callroute_schema::Event::from_json(body).unwrap();
        assert_eq!(event.attributes["failure"], "status_5xx");
        assert_eq!(event.attributes["webhook"], "sales");
        (200, VOICEMAIL.to_owned())
    });
    let call = event("c1", "+14155550123", "14:32:00");
    let voicemail: serde_json::Value = serde_json::from_str(VOICEMAIL).unwrap();

    let line = route(answering, broken, &call);
    assert_eq!(
        (line["source"].as_str(), &line["actions"][0]),
        (Some("webhook"), &voicemail)
    );
    assert_eq!(
        (
            line["failure"].is_null(),
            line["attempts"][0]["status"].as_u64()
        ),
        (true, Some(200))
    );
    let table = route(answering, broken, &call.replace("3057", "3058"));
    assert_eq!(
        (
            table["source"].as_str(),
            table["actions"][0]["action"].as_str()
        ),
        (Some("table"), Some("hangup"))
    );
    let line = route(broken, told, &call);
    assert_eq!(
        (
            line["source"].as_str(),
            line["attempts"].as_array().unwrap().len() >= 2
        ),
        (Some("webhook"), true)
    );
    let line = route(broken, broken, &call);
    assert_eq!(
        (line["source"].as_str(), line["failure"]["class"].as_str()),
        (Some("fallback"), Some("status_5xx"))
    );
    assert_eq!(
        line["actions"][0]["message"], "general",
        "the file's default ends the chain"
    );
    let line = route(fraud, broken, &call);
    assert_eq!(line["source"], "fallback");
    let line = route(fraud, fraud, &call);
    let detail = line["failure"]["detail"].as_str().unwrap();
    assert!(
        detail.starts_with("$.destination.number: this is not among the destinations"),
        "{detail}"
    );
}
