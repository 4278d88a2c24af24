//! Two routers with one outbox, as when one is started while the other still drains.

use std::net::TcpListener;
use std::sync::Arc;

use callroute_control::{Sink, StatusCallbacks};
use callroute_router::{MessagesWaiting, Observer};
use callroute_webhook::ClientConfig;

use crate::server::{Server, any, event, fine, webhook};
use crate::{Warned, in_order};

/// B38: what both have on the disk is told, by whichever is there, and nobody warns of a loss.
#[test]
fn two_that_share_an_outbox_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    // Nobody listens yet.
    let address = TcpListener::bind(any()).unwrap().local_addr().unwrap();
    let warned = Arc::new(Warned::default());
    let start = || {
        let sinks = vec![Sink::Webhook(webhook(address, folder.path()))];
        StatusCallbacks::start(sinks, &ClientConfig::default(), warned.clone()).unwrap()
    };
    let tell = |router: &StatusCallbacks, call: &str, some: std::ops::Range<usize>| {
        for n in some {
            router.event(&event(call, n));
        }
        assert!(router.flush(std::time::Duration::from_secs(10)));
    };
    // Both are there before the first has written anything; the third comes later.
    let (one, two) = (start(), start());
    tell(&one, "one", 0..12);
    tell(&two, "two", 0..4);
    let three = start();
    tell(&two, "two", 4..12);
    tell(&three, "three", 0..12);
    drop(one);
    let server = Server::start(address, fine());
    // Nobody starts any more: those that are there tell what the first has left.
    server.until_taken(36);
    drop((two, three));
    in_order(&server.taken(), 3, 12);
    let lost: Vec<String> = warned.0.lock().unwrap().clone();
    assert!(!lost.iter().any(|text| text.contains("lost")), "{lost:?}");
}

/// Whoever watches behind the sinks sees all that it would see without them.
#[test]
fn what_no_sink_takes_is_passed_on() {
    let seen = Arc::new(Warned::default());
    let callbacks =
        StatusCallbacks::start(Vec::new(), &ClientConfig::default(), seen.clone()).unwrap();
    let waiting = MessagesWaiting { new: 2, heard: 0 };
    callbacks.messages("sales", waiting);
    let record = r#"{"version":1,"call_id":"c1","from":"+14155550123","to":"+13146523057",
        "began":"2026-04-21T14:32:00Z","ended":"2026-04-21T14:33:00Z","duration_ms":60000,
        "talk_ms":0,"disposition":"no_answer","ended_by":"caller","why":"the caller hung up"}"#;
    callbacks.record(&serde_json::from_str(record).unwrap());
    callbacks.warning("a warning");
    let wanted = ["sales has 2 new", "the record of c1", "a warning"];
    assert_eq!(*seen.0.lock().unwrap(), wanted);
}
