//! Status callbacks against a real web server that is dead, comes back, fails and refuses.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test's helpers may fail loudly"
)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use callroute_control::{Callbacks, LinesSink, Sink, WebhookSink};
use callroute_router::{Observer, Silent};
use callroute_schema::{CallId, Event};
use callroute_session::Note;
use callroute_webhook::{ClientConfig, Endpoints};

type Manner = Arc<dyn Fn(&Event, usize) -> u16 + Send + Sync>;

/// A web server; what it took, in order, with the ids that it was told under.
struct Server {
    address: SocketAddr,
    taken: Arc<Mutex<Vec<(Event, String)>>>,
    over: Arc<AtomicBool>,
}

impl Server {
    fn start(address: SocketAddr, manner: Manner) -> Self {
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
                std::thread::spawn(move || serve(&stream.unwrap(), &list, &manner));
            }
        });
        Self {
            address,
            taken,
            over,
        }
    }

    fn taken(&self) -> Vec<(Event, String)> {
        self.taken.lock().unwrap().clone()
    }

    fn until_taken(&self, count: usize) {
        until(&format!("{count} are taken"), || {
            self.taken().len() >= count
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

fn serve(stream: &TcpStream, taken: &Mutex<Vec<(Event, String)>>, manner: &Manner) {
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
        let reply = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n");
        if (&mut &*stream).write_all(reply.as_bytes()).is_err() {
            return;
        }
    }
}

fn until(what: &str, reached: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !reached() {
        assert!(Instant::now() < end, "not within 30 s: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn any() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

fn fine() -> Manner {
    Arc::new(|_, _| 204)
}

/// The n-th event of a call.
fn event(call: &str, n: usize) -> Event {
    let text = format!(
        r#"{{"event":"call_ringing","from":"+14155550123","to":"+13146523057","timestamp":"2026-04-21T14:32:00Z","call_id":"{call}","attributes":{{"n":"{n}"}}}}"#
    );
    Event::from_json(text.as_bytes()).unwrap()
}

fn webhook(address: SocketAddr, folder: &std::path::Path) -> WebhookSink {
    let urls = [format!("http://{address}/events")];
    let allow = ["127.0.0.0/8".to_owned()];
    let endpoints = Endpoints::new("events", &urls, Duration::from_secs(2), &allow).unwrap();
    let mut sink = WebhookSink::new(endpoints, folder.join("outbox"));
    (sink.pause, sink.max_pause) = (Duration::from_millis(20), Duration::from_millis(200));
    sink
}

fn start(sink: WebhookSink) -> Callbacks {
    let observer = Arc::new(Silent);
    Callbacks::start(
        vec![Sink::Webhook(sink)],
        &ClientConfig::default(),
        observer,
    )
    .unwrap()
}

/// Each call's events are those expected, in order, once each; the same copy of one that was told
/// twice counts once, and has the same id.
fn in_order(taken: &[(Event, String)], calls: usize, each: usize) {
    let mut by_call: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut ids = BTreeMap::new();
    for (event, id) in taken {
        assert_eq!(
            event.event_id.as_ref(),
            Some(id),
            "the request's id is the event's"
        );
        if ids.insert(id, event).is_some() {
            continue;
        }
        let n = event.attributes["n"].parse().unwrap();
        by_call.entry(event.call_id.as_str()).or_default().push(n);
    }
    assert_eq!(by_call.len(), calls);
    for (call, numbers) in by_call {
        assert_eq!(numbers, (0..each).collect::<Vec<_>>(), "{call}");
    }
}

/// B38: a server that fails every other request gets every event, a call's in order.
#[test]
fn events_are_told_until_they_are_taken_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let count = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let manner: Manner = Arc::new(move |_, _| match count.fetch_add(1, Ordering::SeqCst) % 2 {
        0 => 200,
        _ => 503,
    });
    let server = Server::start(any(), manner);
    let callbacks = start(webhook(server.address, folder.path()));
    for n in 0..10 {
        for call in 0..20 {
            callbacks.event(&event(&format!("call{call}"), n));
        }
    }
    server.until_taken(200);
    in_order(&server.taken(), 20, 10);
    assert_eq!(callbacks.lost(), 0);
}

/// B38: nothing is lost over restarts of either side, and nothing is told again that was taken.
#[test]
fn nothing_is_lost_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    // Nobody listens yet.
    let address = TcpListener::bind(any()).unwrap().local_addr().unwrap();
    for process in 0..3 {
        let callbacks = start(webhook(address, folder.path()));
        for n in 0..10 {
            for call in 0..5 {
                callbacks.event(&event(&format!("call{call}"), process * 10 + n));
            }
        }
        assert!(callbacks.flush(Duration::from_secs(10)));
    }
    let server = Server::start(address, fine());
    let callbacks = start(webhook(address, folder.path()));
    server.until_taken(150);
    in_order(&server.taken(), 5, 30);
    drop(callbacks);
    let told = server.taken().len();
    let callbacks = start(webhook(address, folder.path()));
    callbacks.event(&event("last", 0));
    server.until_taken(told + 1);
    assert_eq!(
        server.taken().len(),
        told + 1,
        "what was taken is not told again"
    );
}

/// Keeps warnings.
#[derive(Debug, Default)]
struct Warned(Mutex<Vec<String>>);

impl Observer for Warned {
    fn note(&self, _: &CallId, _: u64, _: &Note) {}
    fn event(&self, _: &Event) {}
    fn warning(&self, text: &str) {
        self.0.lock().unwrap().push(text.to_owned());
    }
}

/// A dead sink costs no more disk than its bound, never makes a call wait, and says so.
#[test]
fn a_dead_sink_has_bounds() {
    let folder = tempfile::tempdir().unwrap();
    let address = TcpListener::bind(any()).unwrap().local_addr().unwrap();
    let mut sink = webhook(address, folder.path());
    sink.max_bytes = 50_000;
    let warned = Arc::new(Warned::default());
    let config = ClientConfig::default();
    let callbacks = Callbacks::start(vec![Sink::Webhook(sink)], &config, warned.clone()).unwrap();
    for n in 0..2000 {
        callbacks.event(&event("call", n));
    }
    assert!(callbacks.flush(Duration::from_secs(20)));
    let size: u64 = std::fs::read_dir(folder.path().join("outbox"))
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .sum();
    assert!(size <= 50_000, "{size} bytes");
    assert!(callbacks.lost() > 1000, "{} are lost", callbacks.lost());
    let warnings = warned.0.lock().unwrap().join("\n");
    assert!(warnings.contains("is full: events are lost"), "{warnings}");
}

/// An event that the server calls wrong holds up nobody; what it refuses for other reasons is
/// told again.
#[test]
fn an_event_that_is_refused_holds_up_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let locked = Arc::new(AtomicBool::new(true));
    let door = Arc::clone(&locked);
    let server = Server::start(
        any(),
        Arc::new(move |event, _| match event.attributes["n"].as_str() {
            "0" => 422,
            _ if door.load(Ordering::SeqCst) => 401,
            _ => 200,
        }),
    );
    let callbacks = start(webhook(server.address, folder.path()));
    for n in 0..5 {
        callbacks.event(&event("call", n));
    }
    std::thread::sleep(Duration::from_millis(300));
    assert!(server.taken().is_empty());
    locked.store(false, Ordering::SeqCst);
    server.until_taken(4);
    let numbers: Vec<String> = server
        .taken()
        .iter()
        .map(|(event, _)| event.attributes["n"].clone())
        .collect();
    assert_eq!(numbers, ["1", "2", "3", "4"]);
    assert_eq!(callbacks.lost(), 1);
}

/// B38: a file of JSON lines, beside a web server; dropping the callbacks leaves all on the disk.
#[test]
fn lines_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.jsonl");
    let server = Server::start(any(), fine());
    let sinks = vec![
        Sink::Lines(LinesSink::new(path.clone())),
        Sink::Webhook(webhook(server.address, folder.path())),
    ];
    let callbacks = Callbacks::start(sinks, &ClientConfig::default(), Arc::new(Silent)).unwrap();
    for n in 0..100 {
        callbacks.event(&event("call", n));
    }
    server.until_taken(100);
    drop(callbacks);
    let text = std::fs::read_to_string(path).unwrap();
    let events: Vec<Event> = text
        .lines()
        .map(|line| Event::from_json(line.as_bytes()).unwrap())
        .collect();
    assert_eq!(events.len(), 100);
    assert!(
        events
            .iter()
            .enumerate()
            .all(|(n, event)| event.attributes["n"] == n.to_string())
    );
}
