//! A web server that takes notices, and sinks that tell it.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use callroute_control::{Sink, StatusCallbacks, WebhookSink};
use callroute_router::Silent;
use callroute_schema::Event;
use callroute_webhook::{ClientConfig, Endpoints};

pub(crate) type Manner = Arc<dyn Fn(&Event, usize) -> u16 + Send + Sync>;

/// A web server; what it took, in order, with the ids that it was told under.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    taken: Arc<Mutex<Vec<(Event, String)>>>,
    over: Arc<AtomicBool>,
}

impl Server {
    pub(crate) fn start(address: SocketAddr, manner: Manner) -> Self {
        Self::answering_after(Duration::ZERO, address, manner)
    }

    /// One that has taken an event some time before it says so.
    pub(crate) fn answering_after(after: Duration, address: SocketAddr, manner: Manner) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let (taken, over) = (
            Arc::new(Mutex::new(Vec::new())),
            Arc::new(AtomicBool::new(false)),
        );
        let (list, end) = (Arc::clone(&taken), Arc::clone(&over));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if end.load(Ordering::SeqCst) {
                    return;
                }
                let (list, manner) = (Arc::clone(&list), Arc::clone(&manner));
                std::thread::spawn(move || serve(&stream.unwrap(), &list, &manner, after));
            }
        });
        Self {
            address,
            taken,
            over,
        }
    }

    pub(crate) fn taken(&self) -> Vec<(Event, String)> {
        self.taken.lock().unwrap().clone()
    }

    /// Waits until so many events are taken; one that is told twice counts once.
    pub(crate) fn until_taken(&self, count: usize) {
        until(&format!("{count} are taken"), || {
            let taken = self.taken();
            let ids: BTreeSet<&String> = taken.iter().map(|(_, id)| id).collect();
            ids.len() >= count
        });
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // Wakes the listener.
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(
    stream: &TcpStream,
    taken: &Mutex<Vec<(Event, String)>>,
    manner: &Manner,
    after: Duration,
) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut tries = 0;
    loop {
        let (mut length, mut id) = (0, String::new());
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            let line = line.trim_end().to_ascii_lowercase();
            if let Some(found) = line.strip_prefix("content-length: ") {
                length = found.parse().unwrap();
            } else if let Some(found) = line.strip_prefix("webhook-id: ") {
                id = found.to_ascii_uppercase();
            } else if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        let event = Event::from_json(&body).unwrap();
        let status = manner(&event, tries);
        tries += 1;
        if status < 300 {
            taken.lock().unwrap().push((event, id));
        }
        std::thread::sleep(after);
        let reply = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n");
        if (&mut &*stream).write_all(reply.as_bytes()).is_err() {
            return;
        }
    }
}

pub(crate) fn until(what: &str, reached: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !reached() {
        assert!(Instant::now() < end, "not within 30 s: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

pub(crate) fn any() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

pub(crate) fn fine() -> Manner {
    Arc::new(|_, _| 204)
}

/// The n-th event of a call.
pub(crate) fn event(call: &str, n: usize) -> Event {
    let text = format!(
        r#"{{"event":"call_ringing","from":"+14155550123","to":"+13146523057","timestamp":"2026-04-21T14:32:00Z","call_id":"{call}","attributes":{{"n":"{n}"}}}}"#
    );
    Event::from_json(text.as_bytes()).unwrap()
}

pub(crate) fn webhook(address: SocketAddr, folder: &std::path::Path) -> WebhookSink {
    let urls = [format!("http://{address}/events")];
    let allow = ["127.0.0.0/8".to_owned()];
    let endpoints = Endpoints::new("events", &urls, Duration::from_secs(2), &allow).unwrap();
    let mut sink = WebhookSink::new(endpoints, folder.join("outbox"));
    (sink.pause, sink.max_pause) = (Duration::from_millis(20), Duration::from_millis(200));
    sink
}

pub(crate) fn start(sink: WebhookSink) -> StatusCallbacks {
    let observer = Arc::new(Silent);
    StatusCallbacks::start(
        vec![Sink::Webhook(sink)],
        &ClientConfig::default(),
        observer,
    )
    .unwrap()
}
