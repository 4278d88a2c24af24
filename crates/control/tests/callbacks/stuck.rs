//! A server that fails at some calls for long, and one that fails at all.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use callroute_control::{Sink, StatusCallbacks};
use callroute_router::Observer;
use callroute_webhook::{ClientConfig, Endpoints};

use crate::server::{Server, any, event, fine, start, until, webhook};
use crate::{Warned, in_order};

/// B38: however many calls it fails at, those that come later do not wait for them, and what it
/// failed at is told in order when it no longer fails.
#[test]
fn calls_that_a_server_fails_at_hold_up_no_others() {
    let folder = tempfile::tempdir().unwrap();
    let fails = Arc::new(AtomicBool::new(true));
    let door = Arc::clone(&fails);
    let server = Server::start(
        any(),
        Arc::new(move |event, _| {
            let stuck = event.call_id.as_str().starts_with("stuck");
            if stuck && door.load(Ordering::SeqCst) {
                500
            } else {
                200
            }
        }),
    );
    let mut sink = webhook(server.address, folder.path());
    sink.max_pause = Duration::from_secs(5);
    let callbacks = start(sink);
    for n in 0..2 {
        for call in 0..1500 {
            callbacks.event(&event(&format!("stuck{call}"), n));
        }
    }
    for n in 0..2 {
        for call in 0..20 {
            callbacks.event(&event(&format!("well{call}"), n));
        }
    }
    server.until_taken(40);
    in_order(&server.taken(), 20, 2);
    fails.store(false, Ordering::SeqCst);
    server.until_taken(3040);
    in_order(&server.taken(), 1520, 2);
    assert_eq!(callbacks.lost(), 0);
}

/// A server that cannot be reached is spoken of, and so is that it can be again.
#[test]
fn a_server_that_fails_is_spoken_of() {
    let folder = tempfile::tempdir().unwrap();
    // Nobody listens yet.
    let address = TcpListener::bind(any()).unwrap().local_addr().unwrap();
    let warned = Arc::new(Warned::default());
    let start = |sink| {
        let config = ClientConfig::default();
        StatusCallbacks::start(vec![Sink::Webhook(sink)], &config, warned.clone()).unwrap()
    };
    let said = |what: &str| {
        let texts = warned.0.lock().unwrap();
        texts.iter().filter(|text| text.contains(what)).count()
    };
    let callbacks = start(webhook(address, folder.path()));
    for call in 0..50 {
        callbacks.event(&event(&format!("call{call}"), 0));
    }
    until("it is said", || said("cannot tell its server") > 0);
    assert_eq!(said("connect: "), 1);
    let server = Server::start(address, fine());
    server.until_taken(50);
    until("it is said", || {
        said("tells its server all events again") > 0
    });
    drop(callbacks);
    assert_eq!((said("cannot tell its server"), said("again")), (1, 1));

    // What is never allowed is said as well, without what may be secret.
    let urls = ["http://10.255.1.2/x?key=secret".to_owned()];
    let mut sink = webhook(address, folder.path());
    sink.endpoints = Endpoints::new("events", &urls, Duration::from_secs(2), &[]).unwrap();
    let callbacks = start(sink);
    callbacks.event(&event("call", 0));
    until("it is said", || said("refused_address") > 0);
    assert_eq!(said("secret"), 0);
}
