//! Where a fault happens: a server, and what a client needs to know to reach it.

use std::fmt::Debug;
use std::net::SocketAddr;
use std::sync::Arc;

use callroute_webhook::{ClientConfig, Connector, Endpoints, FailureClass as Class, Trust};
use tokio::net::TcpSocket;

use crate::deeds::{Deed, Script, Server};

/// A usable answer.
pub(crate) const HANG_UP: &str = r#"{"action":"hangup"}"#;

/// What a server's fault comes to, for one webhook with this server alone.
pub(crate) type Expect = Result<(), Class>;

/// One fault.
#[derive(Clone)]
pub(crate) struct Fault {
    pub(crate) name: String,
    pub(crate) expect: Expect,
    /// Another class that is as right: which one is seen is a race.
    pub(crate) or: Option<Class>,
    pub(crate) deadline_ms: u64,
    pub(crate) kind: Kind,
    /// The server is asked once before, so that a connection is kept.
    pub(crate) warm: bool,
    /// With a healthy second endpoint, whether that may be asked at all.
    pub(crate) alone_suffices: bool,
}

/// What kind of place a fault needs.
#[derive(Clone)]
pub(crate) enum Kind {
    Script(Script),
    /// HTTP/2 over plain TCP.
    Http2(Script),
    Refused,
    /// A listener whose queue is full: SYNs are dropped.
    BlackHole,
    Tls(crate::tls::Fault),
    Dns(crate::dns::Fault),
}

/// A place where a fault happens, kept while it lasts.
pub(crate) struct Place {
    pub(crate) url: String,
    pub(crate) http2: bool,
    pub(crate) trust: Option<Trust>,
    pub(crate) transport: Option<Arc<dyn Connector>>,
    pub(crate) allow: &'static str,
    pub(crate) server: Option<Server>,
    pub(crate) kept: Vec<Box<dyn Debug + Send + Sync>>,
}

impl Fault {
    /// What every connection goes through.
    pub(crate) fn new(name: impl Into<String>, expect: Expect, deeds: Vec<Deed>) -> Self {
        Self::by_connection(name, expect, move |_| deeds.clone())
    }

    /// What each connection goes through, by its number.
    pub(crate) fn by_connection(
        name: impl Into<String>,
        expect: Expect,
        script: impl Fn(usize) -> Vec<Deed> + Send + Sync + 'static,
    ) -> Self {
        Self::of(name, expect, Kind::Script(Arc::new(script)))
    }

    pub(crate) fn of(name: impl Into<String>, expect: Expect, kind: Kind) -> Self {
        Self {
            name: name.into(),
            expect,
            or: None,
            deadline_ms: 600,
            kind,
            warm: false,
            alone_suffices: false,
        }
    }

    /// Every request gets these bytes.
    pub(crate) fn answer(
        name: impl Into<String>,
        expect: Expect,
        bytes: impl Into<Vec<u8>>,
    ) -> Self {
        let bytes = bytes.into();
        Self::new(
            name,
            expect,
            vec![Deed::Read, Deed::Write(bytes), Deed::Again],
        )
    }

    /// Every request gets this status line, these header lines and this body.
    pub(crate) fn reply(
        name: impl Into<String>,
        expect: Expect,
        status: &str,
        headers: &str,
        body: impl AsRef<[u8]>,
    ) -> Self {
        Self::answer(name, expect, reply(status, headers, body))
    }

    pub(crate) fn or(mut self, class: Class) -> Self {
        self.or = Some(class);
        self
    }

    /// Whether a failure is of the class expected.
    pub(crate) fn is_of(&self, found: Option<Class>) -> bool {
        found == self.expect.err() || found.is_some() && found == self.or
    }

    pub(crate) fn deadline(mut self, ms: u64) -> Self {
        self.deadline_ms = ms;
        self
    }

    pub(crate) fn warm(mut self) -> Self {
        self.warm = true;
        self
    }

    pub(crate) fn alone_suffices(mut self) -> Self {
        self.alone_suffices = true;
        self
    }

    /// Makes the place where it happens.
    pub(crate) async fn place(&self) -> Place {
        match &self.kind {
            Kind::Script(script) => {
                let server = Server::start([127, 0, 0, 1], Arc::clone(script), None).await;
                Place::at(server)
            }
            Kind::Http2(script) => {
                let server = Server::start([127, 0, 0, 1], Arc::clone(script), None).await;
                Place {
                    http2: true,
                    ..Place::at(server)
                }
            }
            Kind::Refused => {
                let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
                Place::of(format!("http://{}/", socket.local_addr().unwrap()))
            }
            Kind::BlackHole => black_hole().await,
            Kind::Tls(fault) => fault.place().await,
            Kind::Dns(fault) => fault.place().await,
        }
    }
}

impl Place {
    pub(crate) fn of(url: String) -> Self {
        Self {
            url,
            http2: false,
            trust: None,
            transport: None,
            allow: "127.0.0.0/8",
            server: None,
            kept: Vec::new(),
        }
    }

    pub(crate) fn at(server: Server) -> Self {
        Self {
            server: Some(server),
            ..Self::of(String::new())
        }
        .with_url()
    }

    fn with_url(mut self) -> Self {
        if let Some(server) = &self.server {
            self.url = format!("http://{}/hook", server.address);
        }
        self
    }

    /// How a client is set up for this place.
    pub(crate) fn config(&self) -> ClientConfig {
        let mut config = ClientConfig {
            seed: Some(1),
            ..ClientConfig::default()
        };
        if let Some(transport) = &self.transport {
            config.transport = Arc::clone(transport);
        }
        config
    }

    /// The webhook with this place alone, or with others after it.
    pub(crate) fn webhook(&self, others: &[String], deadline_ms: u64) -> Endpoints {
        let mut urls = vec![self.url.clone()];
        urls.extend_from_slice(others);
        let deadline = std::time::Duration::from_millis(deadline_ms);
        let allow = [self.allow.to_owned()];
        let mut webhook = Endpoints::new("sales", &urls, deadline, &allow).unwrap();
        if self.http2 {
            let second = webhook.urls.split_off(1);
            webhook = webhook.with_http2();
            webhook.urls.extend(second);
        }
        if let Some(trust) = &self.trust {
            webhook = webhook.with_trust(trust);
        }
        webhook
    }
}

/// A whole answer.
pub(crate) fn reply(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

/// An answer in JSON.
pub(crate) fn json(body: impl AsRef<[u8]>) -> Vec<u8> {
    reply("200 OK", "content-type: application/json\r\n", body)
}

async fn black_hole() -> Place {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut place = Place::of(format!("http://{address}/"));
    // Nobody accepts: when the queue is full, further SYNs are dropped.
    for _ in 0..4 {
        let connect = tokio::net::TcpStream::connect(address);
        if let Ok(Ok(stream)) =
            tokio::time::timeout(std::time::Duration::from_millis(50), connect).await
        {
            place.kept.push(Box::new(stream));
        }
    }
    place.kept.push(Box::new(listener));
    place
}
