//! A server for tests that does to each request exactly what it is told.

#![cfg(feature = "client")]

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use callroute_schema::Event;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};

use crate::{AskReport, Client, ClientConfig, Endpoints};

/// One deed of a server; after the last, it waits for the next request.
#[derive(Debug, Clone)]
pub(crate) enum Deed {
    Write(Vec<u8>),
    Wait(u64),
    /// Writes this every so many milliseconds, until the other side is gone.
    Forever(&'static str, u64),
    /// Says nothing until the other side is gone.
    Silence,
    /// FIN.
    Close,
    /// RST.
    Reset,
}

#[derive(Debug, Default)]
struct Counts {
    accepted: AtomicUsize,
    open: AtomicUsize,
    most_open: AtomicUsize,
    requests: Mutex<Vec<String>>,
}

/// A server on loopback.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    counts: Arc<Counts>,
    task: AbortHandle,
}

impl Server {
    /// Serves; the script gets the connection's number and the request's number on it, from 0.
    pub(crate) async fn start(
        script: impl Fn(usize, usize) -> Vec<Deed> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let counts = Arc::new(Counts::default());
        let (script, seen) = (Arc::new(script), Arc::clone(&counts));
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let number = seen.accepted.fetch_add(1, Ordering::SeqCst);
                let open = seen.open.fetch_add(1, Ordering::SeqCst) + 1;
                seen.most_open.fetch_max(open, Ordering::SeqCst);
                let (script, seen) = (Arc::clone(&script), Arc::clone(&seen));
                tokio::spawn(async move {
                    serve(stream, number, &*script, &seen).await;
                    seen.open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Self {
            address,
            counts,
            task: task.abort_handle(),
        }
    }

    /// Answers every request with the same bytes.
    pub(crate) async fn answering(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        Self::start(move |_, _| vec![Deed::Write(bytes.clone())]).await
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook?x=1", self.address)
    }

    /// Connections taken so far.
    pub(crate) fn accepted(&self) -> usize {
        self.counts.accepted.load(Ordering::SeqCst)
    }

    /// Most connections that were open at one time.
    pub(crate) fn most_open(&self) -> usize {
        self.counts.most_open.load(Ordering::SeqCst)
    }

    pub(crate) fn requests(&self) -> Vec<String> {
        self.counts.requests.lock().unwrap().clone()
    }

    /// Waits until so many connections are open.
    pub(crate) async fn until_open(&self, wanted: usize) {
        self.until_open_is(|open| open == wanted).await;
    }

    /// Waits until the number of open connections is as wanted.
    pub(crate) async fn until_open_is(&self, wanted: impl Fn(usize) -> bool) {
        let reached = async {
            while !wanted(self.counts.open.load(Ordering::SeqCst)) {
                sleep(Duration::from_millis(2)).await;
            }
        };
        timeout(Duration::from_secs(20), reached)
            .await
            .expect("connections leak or are missing");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    mut stream: TcpStream,
    connection: usize,
    script: &(impl Fn(usize, usize) -> Vec<Deed> + Send + Sync),
    counts: &Counts,
) {
    for number in 0.. {
        let Some(request) = read_request(&mut stream).await else {
            return;
        };
        counts.requests.lock().unwrap().push(request);
        for deed in script(connection, number) {
            if !perform(&mut stream, deed).await {
                return;
            }
        }
    }
}

/// Whether the connection goes on.
async fn perform(stream: &mut TcpStream, deed: Deed) -> bool {
    match deed {
        Deed::Write(bytes) => stream.write_all(&bytes).await.is_ok(),
        Deed::Wait(ms) => {
            sleep(Duration::from_millis(ms)).await;
            true
        }
        Deed::Forever(text, ms) => {
            while stream.write_all(text.as_bytes()).await.is_ok() {
                sleep(Duration::from_millis(ms)).await;
            }
            false
        }
        Deed::Silence => {
            let mut sink = [0_u8; 256];
            while matches!(stream.read(&mut sink).await, Ok(1..)) {}
            false
        }
        Deed::Close => false,
        Deed::Reset => {
            stream.set_zero_linger().unwrap();
            false
        }
    }
}

/// One request, head and body; `None` when the other side is gone.
async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap();
    let length: usize = head
        .lines()
        .find_map(|line| {
            line.to_ascii_lowercase()
                .strip_prefix("content-length: ")?
                .parse()
                .ok()
        })
        .unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(head + &String::from_utf8(body).unwrap())
}

/// A whole answer of the usual kind.
pub(crate) fn json(body: &str) -> Vec<u8> {
    with("200 OK", "content-type: application/json\r\n", body)
}

/// A whole answer.
pub(crate) fn with(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n{body}").into_bytes()
}

/// An address that refuses connections: bound once, closed again.
pub(crate) async fn refusing() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}/", listener.local_addr().unwrap())
}

/// A webhook that may ask servers on loopback.
pub(crate) fn webhook(urls: &[String], deadline_ms: u64) -> Endpoints {
    let allow = ["127.0.0.0/8".to_owned()];
    Endpoints::new("sales", urls, Duration::from_millis(deadline_ms), &allow).unwrap()
}

pub(crate) fn event() -> Event {
    Event::from_json(
        br#"{"event":"incoming_call","from":"+14155550123","to":"+13146523057","timestamp":"2026-04-21T14:32:00Z","call_id":"abc123xyz"}"#,
    )
    .unwrap()
}

/// A client that asks no URL twice, so that what one answer comes to can be told.
pub(crate) fn client() -> Client {
    Client::new(ClientConfig {
        second_uses: false,
        ..ClientConfig::default()
    })
}

/// A client that asks the second URL beside the first only when that takes seconds.
pub(crate) fn patient() -> Client {
    Client::new(ClientConfig {
        hedge: Duration::from_secs(5),
        second_uses: false,
        ..ClientConfig::default()
    })
}

/// Asks; an ask that hangs fails the test.
pub(crate) async fn ask(client: &Client, endpoints: &Endpoints) -> AskReport {
    timeout(Duration::from_secs(30), client.ask(endpoints, &event()))
        .await
        .expect("an ask ends by its deadline")
}
