//! Status callbacks against a real web server that is dead, comes back, fails and refuses.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test's helpers may fail loudly"
)]

mod killed;
mod server;
mod stuck;
mod together;

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use callroute_control::{LinesSink, Sink, StatusCallbackError, StatusCallbacks};
use callroute_router::{MessagesWaiting, Observer, Silent};
use callroute_schema::{CallId, CallRecord, Event};
use callroute_session::Note;
use callroute_webhook::ClientConfig;

use crate::server::{Manner, Server, any, event, fine, start, webhook};

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
    let server = Server::answering_after(Duration::from_millis(30), address, fine());
    let callbacks = start(webhook(address, folder.path()));
    server.until_taken(150);
    in_order(&server.taken(), 5, 30);
    drop(callbacks);
    let told = server.taken().len();
    let callbacks = start(webhook(address, folder.path()));
    callbacks.event(&event("last", 0));
    server.until_taken(151);
    let after = server.taken().split_off(told);
    assert!(
        after
            .iter()
            .all(|(event, _)| event.call_id.as_str() == "last"),
        "what was taken is not told again"
    );
}

/// Keeps warnings, and what no sink takes.
#[derive(Debug, Default)]
struct Warned(Mutex<Vec<String>>);

impl Observer for Warned {
    fn note(&self, _: &CallId, _: u64, _: &Note) {}
    fn event(&self, _: &Event) {}
    fn messages(&self, mailbox: &str, waiting: MessagesWaiting) {
        let text = format!("{mailbox} has {} new", waiting.new);
        self.0.lock().unwrap().push(text);
    }
    fn record(&self, record: &CallRecord) {
        let text = format!("the record of {}", record.call_id);
        self.0.lock().unwrap().push(text);
    }
    fn warning(&self, text: &str) {
        self.0.lock().unwrap().push(text.to_owned());
    }
}

/// Bytes of all files below a folder.
fn size(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap());
    let sizes = files.map(|file| match file.metadata().unwrap() {
        about if about.is_dir() => size(&file.path()),
        about => about.len(),
    });
    sizes.sum()
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
    let callbacks =
        StatusCallbacks::start(vec![Sink::Webhook(sink)], &config, warned.clone()).unwrap();
    for n in 0..2000 {
        callbacks.event(&event("call", n));
    }
    assert!(callbacks.flush(Duration::from_secs(20)));
    let size = size(&folder.path().join("outbox"));
    assert!(size <= 50_000, "{size} bytes");
    assert!(callbacks.lost() > 1000, "{} are lost", callbacks.lost());
    let warnings = warned.0.lock().unwrap().join("\n");
    assert!(warnings.contains("is full: events are lost"), "{warnings}");
}

/// An event that is too long for the outbox is told nevertheless, as it can be.
#[test]
fn an_event_that_is_too_long_is_told_without_its_attributes() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(any(), fine());
    let sinks = vec![Sink::Webhook(webhook(server.address, folder.path()))];
    let (config, warned) = (ClientConfig::default(), Arc::new(Warned::default()));
    let callbacks = StatusCallbacks::start(sinks, &config, warned.clone()).unwrap();
    let mut long = event("call", 0);
    long.attributes
        .insert("x".to_owned(), "y".repeat(64 * 1024));
    callbacks.event(&long);
    callbacks.event(&event("call", 1));
    server.until_taken(2);
    let taken = server.taken();
    assert!(taken[0].0.attributes.is_empty() && !taken[1].0.attributes.is_empty());
    assert_eq!((&taken[0].0.kind, callbacks.lost()), (&long.kind, 0));
    let warnings = warned.0.lock().unwrap().join("\n");
    assert!(
        warnings.contains("without attributes: call call"),
        "{warnings}"
    );
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
    let mut numbers: Vec<String> = server
        .taken()
        .iter()
        .map(|(event, _)| event.attributes["n"].clone())
        .collect();
    // A server that is slow for once may be told twice.
    numbers.dedup();
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
    let callbacks =
        StatusCallbacks::start(sinks, &ClientConfig::default(), Arc::new(Silent)).unwrap();
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

/// Two sinks with one outbox would tell each other's events; however its path is written.
#[test]
fn two_sinks_do_not_share_an_outbox() {
    let folder = tempfile::tempdir().unwrap();
    let address = TcpListener::bind(any()).unwrap().local_addr().unwrap();
    let one = webhook(address, folder.path());
    let mut two = webhook(address, folder.path());
    two.outbox = folder.path().join("outbox/../outbox");
    let sinks = vec![Sink::Webhook(one), Sink::Webhook(two)];
    let started = StatusCallbacks::start(sinks, &ClientConfig::default(), Arc::new(Silent));
    assert!(matches!(started, Err(StatusCallbackError::Shared { .. })));
}
