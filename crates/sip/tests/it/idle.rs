//! Connections on which nothing happens: whoever says nothing is closed, whoever is registered by one
//! is not. The clock is the test's.

use std::time::Duration;

use callroute_sip::{Config, SipAdapter, User};
use futures_util::StreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, pause, resume, sleep, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::raw::{Raw, header};
use crate::support::{LONG, any_port, config};

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
