//! Connections on which nothing happens: whoever says nothing is closed, whoever is registered or called by
//! one is not. The clock is the test's.

use std::time::Duration;

use callroute_media::{Command, EndCause, Line, Notice};
use callroute_sip::{Config, SipAdapter, User};
use futures_util::StreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, pause, resume, sleep, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::raw::{Raw, SDP, header, message, to_tag};
use crate::support::{CALLER, LONG, any_port, config, empty, ended, expect, next_call};

/// Reads what comes until it begins so.
pub(crate) async fn until(stream: &mut TcpStream, start: &str) -> String {
    let mut buffer = vec![0; 4096];
    let read = timeout(LONG, stream.read(&mut buffer)).await.unwrap();
    let text = String::from_utf8_lossy(&buffer[..read.unwrap()]).into_owned();
    assert!(text.starts_with(start), "{text}");
    text
}

#[tokio::test]
async fn a_browser_that_says_nothing_is_not_kept_by_our_own_pings() {
    let adapter = SipAdapter::bind(Config {
        ws: Some(any_port("127.34.1.1")),
        ..config("127.34.1.1")
    })
    .await
    .unwrap();
    let addr = adapter.ws_addr().unwrap();
    let mut request = format!("ws://{addr}/").into_client_request().unwrap();
    let headers = request.headers_mut();
    headers.insert("sec-websocket-protocol", "sip".parse().unwrap());
    let stream = TcpStream::connect(addr).await.unwrap();
    let (mut socket, _) = tokio_tungstenite::client_async(request, stream)
        .await
        .unwrap();
    pause();
    let began = Instant::now();
    // It answers each ping as it is read.
    while let Some(Ok(_)) = socket.next().await {
        assert!(began.elapsed() < Duration::from_secs(100), "still open");
    }
}

#[tokio::test]
async fn a_telephone_that_is_registered_stays_reachable() {
    let adapter = SipAdapter::bind(Config {
        users: vec![User {
            name: "ann".to_owned(),
            password: "secret".into(),
        }],
        ..config("127.34.2.1")
    })
    .await
    .unwrap();
    let raw = Raw::new("127.34.2.2", adapter.local_addr()).await;
    let request = |method: &str, number, extra: &str| {
        raw.request(method, &format!("b{number}"), number, "", extra, "")
            .replace("+1314@", "ann@")
            .replace("SIP/2.0/UDP", "SIP/2.0/TCP")
    };
    let mut registered = TcpStream::connect(raw.peer).await.unwrap();
    let asks = request("REGISTER", 1, "");
    registered.write_all(asks.as_bytes()).await.unwrap();
    let asked = until(&mut registered, "SIP/2.0 401").await;
    let challenge = header(&asked, "WWW-Authenticate").unwrap();
    let challenge = sipx_sip::auth::Challenge::parse(challenge.as_bytes(), false).unwrap();
    let known = sipx_sip::auth::Credentials::new("ann", "secret");
    let proof = sipx_sip::auth::respond(&challenge, &known, "REGISTER", "sip:ann@x", 1, "c");
    let proven = request("REGISTER", 2, &format!("Authorization: {proof}\r\n"));
    registered.write_all(proven.as_bytes()).await.unwrap();
    until(&mut registered, "SIP/2.0 200").await;
    let mut other = TcpStream::connect(raw.peer).await.unwrap();
    let options = request("OPTIONS", 3, "");
    other.write_all(options.as_bytes()).await.unwrap();
    until(&mut other, "SIP/2.0 200").await;
    let open = || adapter.handle().load().connections;
    assert_eq!(open(), 2);
    pause();
    sleep(Duration::from_secs(590)).await;
    assert_eq!(open(), 2);
    sleep(Duration::from_secs(2_000)).await;
    assert_eq!(open(), 1, "of the one that is registered");
    // It goes with its connection.
    resume();
    assert_eq!(adapter.handle().registered(), 1);
    drop(registered);
    let gone = async {
        while adapter.handle().registered() > 0 {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(LONG, gone).await.expect("it is forgotten");
}

/// A session is refreshed after a quarter of an hour: until then nothing may be said at all.
#[tokio::test]
async fn a_connection_that_a_call_goes_by_stays_open() {
    let mut adapter = SipAdapter::bind(config("127.34.3.1")).await.unwrap();
    let raw = Raw::new("127.34.3.2", adapter.local_addr()).await;
    let over = |text: String| text.replace("SIP/2.0/UDP", "SIP/2.0/TCP").into_bytes();
    let mut stream = TcpStream::connect(raw.peer).await.unwrap();
    let invite = over(raw.request("INVITE", "i", 1, "", "", SDP));
    stream.write_all(&invite).await.unwrap();
    let mut line = next_call(&mut adapter).await.line;
    line.perform(Command::Answer { leg: CALLER });
    let mut ok = message(&mut stream).await;
    while !ok.starts_with("SIP/2.0 200") {
        ok = message(&mut stream).await;
    }
    let tag = to_tag(&ok);
    let ack = over(raw.request("ACK", "a", 1, &tag, "", ""));
    stream.write_all(&ack).await.unwrap();
    expect(&mut line, Notice::LegAnswered { leg: CALLER }).await;
    let open = || adapter.handle().load().connections;
    pause();
    sleep(Duration::from_secs(800)).await;
    assert_eq!(open(), 1);
    resume();
    let (leg, cause) = (CALLER, EndCause::Normal);
    line.perform(Command::Hangup { leg, cause });
    let bye = message(&mut stream).await;
    assert!(bye.starts_with("BYE"), "{bye}");
    let ok = raw.response(&bye, "200 OK", "", "", "");
    stream.write_all(ok.as_bytes()).await.unwrap();
    ended(&mut line, CALLER).await;
    drop(line);
    empty(|| adapter.handle().stats()).await;
    pause();
    sleep(Duration::from_secs(800)).await;
    assert_eq!(open(), 0, "nobody needs it any more");
}
