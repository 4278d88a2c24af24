//! The example router as a process, and telephones that register there, over TLS and WebSocket.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::path::Path;

use callroute_media::Adapter;
use callroute_schema::Transport;
use callroute_sip::phone::{Phone, PhoneCall, PhoneConfig};
use callroute_sip::{Config, Credentials, Registration, SipAdapter, Trunk};
use futures_util::{SinkExt, StreamExt};
use sipx_sip::auth;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::Message as Frame;

use crate::common::Bench;
use crate::common::example::Example;
use crate::common::wait::{PATIENCE, until};

const ROUTES: &str = "
version: 1
default: { action: forward, destination: { type: user, name: ann } }
";

fn write(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

/// The example router with telephone ann, and where it listens.
struct Router {
    _example: Example,
    listen: String,
    tls: String,
    ws: String,
    certificate: String,
}

impl Router {
    async fn start(bench: &Bench) -> Self {
        let folder = bench.path();
        let made = rcgen::generate_simple_self_signed(vec![bench.ip.to_string()]).unwrap();
        let certificate = made.cert.pem();
        let key = made.signing_key.serialize_pem();
        let port = || SocketAddr::new(bench.ip.into(), bench.free_port()).to_string();
        let (listen, tls, ws) = (port(), port(), port());
        let users = "# telephones\nann:her:secret\n";
        let args = [
            ("--listen", listen.clone()),
            ("--routes", write(folder, "routes.yaml", ROUTES)),
            ("--tls", tls.clone()),
            ("--certificate", write(folder, "cert.pem", &certificate)),
            ("--key", write(folder, "key.pem", &key)),
            ("--ws", ws.clone()),
            ("--users", write(folder, "users", users)),
            ("--data", folder.join("data").display().to_string()),
        ];
        let example = Example::start("router", folder, &args, "listening on").await;
        let said = example.said();
        assert!(said.contains(&format!("SIP over TLS on {tls}")), "{said}");
        assert!(said.contains("SIP over WebSocket on"), "{said}");
        Self {
            _example: example,
            listen,
            tls,
            ws,
            certificate,
        }
    }

    /// Somebody calls, and the table leads to ann. With the phone the call would be gone.
    async fn called(&self, bench: &Bench) -> (Phone, PhoneCall) {
        let addr = SocketAddr::new(bench.ip.into(), bench.free_port());
        let caller = Phone::bind(addr, PhoneConfig::default()).await.unwrap();
        let uri = format!("sip:+13146523057@{}", self.listen);
        let call = caller.call(&uri, "+14155550123").await.unwrap();
        (caller, call)
    }
}

/// TLS and users are for the command line to give, as they are for the library.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_telephone_registers_over_tls_and_is_called() {
    let bench = Bench::new();
    let router = Router::start(&bench).await;
    let registrar = Trunk {
        credentials: Some(Credentials {
            user: "ann".to_owned(),
            password: "her:secret".into(),
        }),
        register: Some(Registration::new("ann")),
        ..Trunk::new("registrar", &format!("sip:{};transport=tls", router.tls))
    };
    let mut telephone = SipAdapter::bind(Config {
        trunks: vec![registrar],
        roots: vec![router.certificate.clone().into_bytes()],
        ..Config::new(SocketAddr::new(bench.ip.into(), bench.free_port()))
    })
    .await
    .unwrap();
    until("it is registered", || {
        let trunk = telephone.handle().trunk("registrar");
        trunk.is_some_and(|trunk| trunk.healthy && trunk.registered)
    })
    .await;
    let _caller = router.called(&bench).await;
    let rings = poll_fn(|cx| telephone.poll_call(cx));
    let call = timeout(PATIENCE, rings).await.expect("a call").unwrap();
    assert_eq!(call.offer.from.as_str(), "+14155550123");
    assert_eq!(call.offer.source.transport, Some(Transport::Tls));
}

/// A telephone in a browser (RFC 7118), word by word. It has no address of its own.
struct Browser(WebSocketStream<TcpStream>);

impl Browser {
    async fn connect(ws: &str) -> Self {
        let mut request = format!("ws://{ws}/").into_client_request().unwrap();
        let headers = request.headers_mut();
        headers.insert("sec-websocket-protocol", "sip".parse().unwrap());
        let stream = TcpStream::connect(ws).await.unwrap();
        let (socket, _) = tokio_tungstenite::client_async(request, stream)
            .await
            .unwrap();
        Self(socket)
    }

    async fn asks(&mut self, method: &str, number: u32, ws: &str, extra: &str) -> String {
        let text = format!(
            "{method} sip:{ws} SIP/2.0\r\nVia: SIP/2.0/WS browser.invalid;branch=z9hG4bK{method}{number}\r\n\
             From: <sip:ann@{ws}>;tag=1\r\nTo: <sip:ann@{ws}>\r\nCall-ID: {method}\r\n\
             CSeq: {number} {method}\r\nContact: <sip:ann@browser.invalid;transport=ws>\r\n\
             Max-Forwards: 70\r\n{extra}Content-Length: 0\r\n\r\n"
        );
        self.0.send(Frame::text(text)).await.unwrap();
        self.until("SIP/2.0 ").await
    }

    /// The next message that begins so.
    async fn until(&mut self, start: &str) -> String {
        let found = async {
            loop {
                let text = self.0.next().await.unwrap().unwrap().into_text().unwrap();
                if text.starts_with(start) {
                    return text.to_string();
                }
            }
        };
        timeout(PATIENCE, found).await.unwrap()
    }
}

fn header<'a>(message: &'a str, name: &str) -> &'a str {
    let mut lines = message.lines().filter_map(|line| line.split_once(": "));
    let found = lines.find(|(found, _)| found.eq_ignore_ascii_case(name));
    found.unwrap_or_else(|| panic!("no {name} in {message}")).1
}

/// A browser asks, registers and is called, all by the one connection that it made.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_registers_over_websocket_and_is_called() {
    let bench = Bench::new();
    let router = Router::start(&bench).await;
    let ws = &*router.ws;
    let mut browser = Browser::connect(ws).await;
    let said = browser.asks("OPTIONS", 1, ws, "").await;
    assert!(said.starts_with("SIP/2.0 200"), "{said}");
    let asked = browser.asks("REGISTER", 1, ws, "").await;
    assert!(asked.starts_with("SIP/2.0 401"), "{asked}");
    let challenge = header(&asked, "WWW-Authenticate").as_bytes();
    let challenge = auth::Challenge::parse(challenge, false).unwrap();
    let credentials = auth::Credentials::new("ann", "her:secret");
    let uri = format!("sip:{ws}");
    let proof = auth::respond(&challenge, &credentials, "REGISTER", &uri, 1, "c");
    let extra = format!("Authorization: {proof}\r\nExpires: 600\r\n");
    let said = browser.asks("REGISTER", 2, ws, &extra).await;
    assert!(said.starts_with("SIP/2.0 200"), "{said}");

    let (_caller, call) = router.called(&bench).await;
    let invite = browser.until("INVITE ").await;
    assert!(invite.contains("+14155550123"), "{invite}");
    let copied = ["Via", "From", "To", "Call-ID", "CSeq"];
    let copied = copied.map(|name| format!("{name}: {}\r\n", header(&invite, name)));
    let busy = copied.concat().replace("\r\nCall-ID", ";tag=2\r\nCall-ID");
    let busy = format!("SIP/2.0 486 Busy Here\r\n{busy}Content-Length: 0\r\n\r\n");
    browser.0.send(Frame::text(busy)).await.unwrap();
    let refused = call.wait_answered(PATIENCE).await.unwrap_err();
    assert_eq!(refused.sip_code, Some(486), "{refused:?}");
}
