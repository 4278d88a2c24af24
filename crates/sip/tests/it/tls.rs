//! TLS: a far end made of plain text over a connection that we open, which is its only way to us.

use std::net::SocketAddr;
use std::time::Duration;

use callroute_media::{Command, EndCause, Line, Notice};
use callroute_sip::{Config, Registration, SipAdapter, SipLine, Tls, Trunk};
use sipx_transport::tls::{ClientTls, Identity, ServerTls, TrustAnchors, verification_name};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::raw::{Raw, SDP, header, message, to_tag};
use crate::signalling::{bind, called};
use crate::support::{CALLEE, CALLER, LONG, config, dial, ended, expect, next_call};

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// Somebody who listens for TLS, with the certificate of his address.
pub(crate) struct Server {
    listener: TcpListener,
    tls: ServerTls,
    pub(crate) addr: SocketAddr,
    /// The certificate, PEM.
    pub(crate) root: Vec<u8>,
}

/// One connection of it.
pub(crate) struct Peer {
    stream: BufReader<Box<dyn Stream>>,
    /// What writes its messages; nothing goes by its socket.
    pub(crate) raw: Raw,
}

impl Server {
    pub(crate) async fn new(ip: &str) -> Self {
        Self::named(ip, ip).await
    }

    /// One whose certificate has this name.
    async fn named(ip: &str, name: &str) -> Self {
        let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
        let pem = made.cert.pem().into_bytes();
        let key = made.signing_key.serialize_pem().into_bytes();
        let listener = TcpListener::bind((ip, 0)).await.unwrap();
        Self {
            addr: listener.local_addr().unwrap(),
            listener,
            tls: ServerTls::new(Identity::from_pem(&pem, &key).unwrap()).unwrap(),
            root: pem,
        }
    }

    pub(crate) fn uri(&self, user: &str) -> String {
        format!("sip:{user}{};transport=tls", self.addr)
    }

    /// The next connection.
    pub(crate) async fn accept(&self, adapter: &SipAdapter) -> Peer {
        let (stream, _) = timeout(LONG, self.listener.accept())
            .await
            .unwrap()
            .unwrap();
        let stream = timeout(LONG, self.tls.acceptor().accept(stream)).await;
        let mut raw = Raw::new(&self.addr.ip().to_string(), adapter.local_addr()).await;
        raw.addr = self.addr;
        Peer {
            stream: BufReader::new(Box::new(stream.unwrap().unwrap())),
            raw,
        }
    }
}

impl Peer {
    /// Somebody who connects to an adapter with this certificate.
    pub(crate) async fn connect(ip: &str, adapter: &SipAdapter, root: &[u8]) -> Self {
        let mut anchors = TrustAnchors::only();
        anchors.add_pem(root).unwrap();
        let addr = adapter.tls_addr().unwrap();
        let name = verification_name(&addr.ip().to_string()).unwrap();
        let stream = TcpStream::connect(addr).await.unwrap();
        let mut raw = Raw::new(ip, adapter.local_addr()).await;
        raw.addr = stream.local_addr().unwrap();
        let tls = ClientTls::new(&anchors).unwrap().connector();
        let stream = timeout(LONG, tls.connect(name, stream)).await;
        Self {
            stream: BufReader::new(Box::new(stream.unwrap().unwrap())),
            raw,
        }
    }

    pub(crate) async fn send(&mut self, text: &str) {
        let text = text.replace("SIP/2.0/UDP", "SIP/2.0/TLS").replace(
            &format!("@{}>", self.raw.addr),
            &format!("@{};transport=tls>", self.raw.addr),
        );
        self.stream.write_all(text.as_bytes()).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// The next message.
    pub(crate) async fn next(&mut self) -> String {
        message(&mut self.stream).await
    }

    /// The next message that begins so; others are passed over.
    pub(crate) async fn until(&mut self, start: &str) -> String {
        loop {
            let message = self.next().await;
            if message.starts_with(start) {
                return message;
            }
        }
    }
}

fn is_contact_of_sips(message: &str) {
    let contact = header(message, "Contact").unwrap();
    assert!(contact.starts_with("<sips:"), "{contact}");
    assert!(!contact.contains("transport"), "{contact}");
}

/// An adapter that trusts this server.
pub(crate) async fn trusting(
    ip: &str,
    server: &Server,
    change: impl FnOnce(&mut Config),
) -> SipAdapter {
    let mut config = Config {
        roots: vec![server.root.clone()],
        ..config(ip)
    };
    change(&mut config);
    bind(config).await
}

/// A call of ours that is answered there, over one connection; and the INVITE of it.
pub(crate) async fn answered(
    server: &Server,
    adapter: &mut SipAdapter,
    caller: &mut Raw,
    extra: &str,
) -> (SipLine, Peer, String) {
    let mut line = called(adapter, caller).await;
    dial(&mut line, CALLEE, &server.uri("bob@"));
    let mut peer = server.accept(adapter).await;
    let invite = peer.until("INVITE").await;
    let ok = peer.raw.response(&invite, "200 OK", ";tag=b", extra, SDP);
    peer.send(&ok).await;
    peer.until("ACK").await;
    expect(&mut line, Notice::LegAnswered { leg: CALLEE }).await;
    (line, peer, invite)
}

/// An adapter that listens for TLS, and its certificate.
pub(crate) async fn listening(config: Config) -> (SipAdapter, Vec<u8>) {
    let ip = config.listen.ip();
    let made = rcgen::generate_simple_self_signed(vec![ip.to_string()]).unwrap();
    let root = made.cert.pem().into_bytes();
    let adapter = bind(Config {
        tls: Some(Tls {
            listen: SocketAddr::new(ip, 0),
            certificate: root.clone(),
            key: made.signing_key.serialize_pem().into(),
        }),
        ..config
    });
    (adapter.await, root)
}

/// RFC 3261, section 18.2.2: the answer goes back by the connection that the request came by.
#[tokio::test]
async fn a_far_end_is_answered_over_the_connection_that_we_opened() {
    let server = Server::new("127.80.1.2").await;
    let mut adapter = trusting("127.80.1.1", &server, |_| {}).await;
    let mut caller = Raw::new("127.80.1.3", adapter.local_addr()).await;
    let (mut line, mut peer, invite) = answered(&server, &mut adapter, &mut caller, "").await;
    let moved = SDP.replace("40000", "40002");
    peer.send(&peer.raw.within(&invite, "INVITE", 5, &moved))
        .await;
    peer.until("SIP/2.0 200").await;
    peer.send(&peer.raw.within(&invite, "ACK", 5, "")).await;
    peer.send(&peer.raw.within(&invite, "UPDATE", 6, "")).await;
    peer.until("SIP/2.0 200").await;
    // What we ask after that goes by the same connection.
    let (leg, cause) = (CALLEE, EndCause::Normal);
    line.perform(Command::Hangup { leg, cause });
    let bye = peer.until("BYE").await;
    peer.send(&peer.raw.response(&bye, "200 OK", "", "", ""))
        .await;
    ended(&mut line, CALLEE).await;

    let mut caller = Raw::new("127.80.1.4", adapter.local_addr()).await;
    let mut line = called(&mut adapter, &mut caller).await;
    dial(&mut line, CALLEE, &server.uri("bob@"));
    let invite = peer.until("INVITE").await;
    let ok = peer.raw.response(&invite, "200 OK", ";tag=b", "", SDP);
    peer.send(&ok).await;
    peer.until("ACK").await;
    expect(&mut line, Notice::LegAnswered { leg: CALLEE }).await;
    peer.send(&peer.raw.within(&invite, "BYE", 5, "")).await;
    peer.until("SIP/2.0 200").await;
    ended(&mut line, CALLEE).await;
}

/// The connection by which an adapter is registered there now.
async fn registered(server: &Server, adapter: &SipAdapter) -> Peer {
    let mut peer = server.accept(adapter).await;
    let register = peer.until("REGISTER").await;
    let ok = peer.raw.response(&register, "200 OK", ";tag=r", "", "");
    peer.send(&ok).await;
    peer
}

#[tokio::test]
async fn a_trunk_calls_us_over_the_connection_of_our_registration() {
    let server = Server::new("127.80.2.2").await;
    let mut adapter = trusting("127.80.2.1", &server, |config| {
        config.trunks = vec![Trunk {
            register: Some(Registration::new("us")),
            networks: vec!["127.80.2.2".parse().unwrap()],
            ..Trunk::new("carrier", &server.uri(""))
        }];
    })
    .await;
    let mut peer = registered(&server, &adapter).await;
    peer.send(&peer.raw.request("INVITE", "i", 1, "", "", SDP))
        .await;
    let mut line = next_call(&mut adapter).await.line;
    line.perform(Command::Ring { leg: CALLER });
    peer.until("SIP/2.0 180").await;
    line.perform(Command::Answer { leg: CALLER });
    let ok = peer.until("SIP/2.0 200").await;
    let tag = to_tag(&ok);
    peer.send(&peer.raw.request("ACK", "a", 1, &tag, "", ""))
        .await;
    expect(&mut line, Notice::LegAnswered { leg: CALLER }).await;
    peer.send(&peer.raw.request("INVITE", "r", 2, &tag, "", SDP))
        .await;
    peer.until("SIP/2.0 200").await;
    peer.send(&peer.raw.request("ACK", "ra", 2, &tag, "", ""))
        .await;
    let (leg, cause) = (CALLER, EndCause::Normal);
    line.perform(Command::Hangup { leg, cause });
    let bye = peer.until("BYE").await;
    peer.send(&peer.raw.response(&bye, "200 OK", "", "", ""))
        .await;
    ended(&mut line, CALLER).await;
}

/// RFC 3261, sections 8.1.1.8, 10.2.1 and 12.1.1.
#[tokio::test]
async fn our_contact_is_sips_where_a_uri_of_the_dialog_is() {
    let server = Server::new("127.80.3.2").await;
    let sips = format!("sips:{}", server.addr);
    let mut adapter = trusting("127.80.3.1", &server, |config| {
        config.trunks = vec![Trunk {
            register: Some(Registration::new("us")),
            networks: vec!["127.80.3.2".parse().unwrap()],
            ..Trunk::new("carrier", &sips)
        }];
    })
    .await;
    let mut peer = server.accept(&adapter).await;
    let register = peer.until("REGISTER sips:").await;
    let contact = header(&register, "Contact").unwrap();
    assert!(contact.starts_with("<sips:us@127.80.3.1:"), "{contact}");
    let ok = peer.raw.response(&register, "200 OK", ";tag=r", "", "");
    peer.send(&ok).await;

    // By the Request-URI, the Record-Route, the Contact; or by none.
    let plain = peer.raw.request("INVITE", "p", 1, "", "", SDP);
    let routed = "Record-Route: <sips:127.80.3.9;lr>\r\n";
    let contact = plain.replace("Contact: <sip:", "Contact: <sips:");
    let lines = [
        (plain.replace("INVITE sip:", "INVITE sips:"), true),
        (plain.replace("Max-", &format!("{routed}Max-")), true),
        (contact.clone(), true),
        (
            contact.replace("Max-", "Record-Route: <sip:127.80.3.9;lr>\r\nMax-"),
            false,
        ),
        (plain, false),
    ];
    for (at, (invite, secure)) in lines.into_iter().enumerate() {
        let call = format!("Call-ID: {at}");
        let invite = invite.replace("z9hG4bKp", &format!("z9hG4bKp{at}"));
        peer.send(&invite.replace("Call-ID: ", &call)).await;
        let mut line = next_call(&mut adapter).await.line;
        line.perform(Command::Ring { leg: CALLER });
        let rings = peer.until("SIP/2.0 180").await;
        if secure {
            is_contact_of_sips(&rings);
        } else {
            let contact = header(&rings, "Contact").unwrap();
            assert!(contact.starts_with("<sip:") && contact.contains(";transport=tls"));
        }
    }

    let mut caller = Raw::new("127.80.3.3", adapter.local_addr()).await;
    let mut line = called(&mut adapter, &mut caller).await;
    dial(&mut line, CALLEE, &format!("sips:bob@{}", server.addr));
    is_contact_of_sips(&peer.until("INVITE sips:bob@").await);
}

/// An adapter that registers at this server, and pings it so often.
async fn registering(ip: &str, server: &Server, keepalive: Duration) -> SipAdapter {
    trusting(ip, server, |config| {
        config.keepalive = keepalive;
        config.trunks = vec![Trunk {
            register: Some(Registration::new("us")),
            ..Trunk::new("carrier", &server.uri(""))
        }];
    })
    .await
}

/// RFC 5626, section 4.4.1: a trunk that has no other way to us must not lose this one.
#[tokio::test]
async fn a_registration_is_renewed_when_its_connection_is_gone() {
    let server = Server::new("127.80.4.2").await;
    let adapter = registering("127.80.4.1", &server, Duration::from_millis(50)).await;
    for _ in 0..2 {
        let mut peer = registered(&server, &adapter).await;
        let mut pings = [0; 12];
        let read = timeout(LONG, peer.stream.read_exact(&mut pings)).await;
        read.expect("pings").unwrap();
        assert_eq!(pings, *b"\r\n\r\n\r\n\r\n\r\n\r\n");
    }
}

/// One that closes its connections after each answer has another way to us.
#[tokio::test]
async fn a_registration_does_not_hang_on_a_connection_that_was_never_kept() {
    let server = Server::new("127.80.7.2").await;
    let adapter = registering("127.80.7.1", &server, Duration::from_millis(500)).await;
    drop(registered(&server, &adapter).await);
    let another = timeout(Duration::from_millis(1500), server.accept(&adapter)).await;
    assert!(another.is_err(), "it registers anew");
}

/// A proxy that we have called by its name has a certificate of that, and names its address in Record-Route: with
/// TLS, or with nothing.
#[tokio::test]
async fn a_proxy_that_names_its_address_is_asked_by_the_connection_that_there_is() {
    for (n, with_tls) in [(1, true), (2, false)] {
        let server = Server::named("127.0.0.1", "localhost").await;
        let mut adapter = trusting(&format!("127.80.5.{n}"), &server, |_| {}).await;
        let mut caller = Raw::new(&format!("127.80.5.{}", n + 2), adapter.local_addr()).await;
        let mut line = called(&mut adapter, &mut caller).await;
        let port = server.addr.port();
        dial(
            &mut line,
            CALLEE,
            &format!("sip:bob@localhost:{port};transport=tls"),
        );
        let mut peer = server.accept(&adapter).await;
        let invite = peer.until("INVITE").await;
        let hop = match with_tls {
            true => format!("<sip:{};transport=tls;lr>", server.addr),
            false => format!("<sip:{};lr>", server.addr.ip()),
        };
        let route = format!("Record-Route: {hop}\r\n");
        let ok = peer.raw.response(&invite, "200 OK", ";tag=b", &route, SDP);
        peer.send(&ok).await;
        peer.until("ACK").await;
        expect(&mut line, Notice::LegAnswered { leg: CALLEE }).await;
        let (leg, cause) = (CALLEE, EndCause::Normal);
        line.perform(Command::Hangup { leg, cause });
        let bye = peer.until("BYE").await;
        assert_eq!(header(&bye, "Route"), Some(hop.as_str()));
    }
}

/// The same of one that has called us.
#[tokio::test]
async fn a_proxy_that_has_connected_to_us_is_asked_by_its_connection() {
    let (mut adapter, root) = listening(config("127.80.6.1")).await;
    let mut peer = Peer::connect("127.80.6.2", &adapter, &root).await;
    let ip = peer.raw.addr.ip();
    let route = format!("Record-Route: <sip:{ip}:5061;transport=tls;lr>\r\n");
    peer.send(&peer.raw.request("INVITE", "i", 1, "", &route, SDP))
        .await;
    let mut line = next_call(&mut adapter).await.line;
    line.perform(Command::Answer { leg: CALLER });
    let tag = to_tag(&peer.until("SIP/2.0 200").await);
    peer.send(&peer.raw.request("ACK", "a", 1, &tag, "", ""))
        .await;
    expect(&mut line, Notice::LegAnswered { leg: CALLER }).await;
    let (leg, cause) = (CALLER, EndCause::Normal);
    line.perform(Command::Hangup { leg, cause });
    peer.until("BYE").await;
}
