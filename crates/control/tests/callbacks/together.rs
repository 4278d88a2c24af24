//! Two routers with one outbox, as when one is started while the other still drains.

use std::net::TcpListener;
use std::sync::Arc;

use callroute_control::{Callbacks, Sink};
use callroute_router::Observer;
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
        Callbacks::start(sinks, &ClientConfig::default(), warned.clone()).unwrap()
    };
    let tell = |router: &Callbacks, call: &str, some: std::ops::Range<usize>| {
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
