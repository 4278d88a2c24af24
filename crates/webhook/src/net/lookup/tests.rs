//! Tests of lookups, in virtual time.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::{advance, sleep};

use super::{ALL, Awaited, FEW, HOSTS, Lookups, YOUNG};
use crate::book::health::Health;
use crate::client::Client;
use crate::config::ClientConfig;
use crate::endpoint::{Endpoint, Endpoints, Origin};
use crate::failure::{Failure, FailureClass};
use crate::net::transport::{Connector, Pending, Stream, System};
use crate::testing::event;

/// Answers after half a second of virtual time.
#[derive(Debug, Default)]
struct Slow(AtomicUsize);

impl Connector for Slow {
    fn lookup(&self, _: &str, port: u16) -> Pending<Vec<SocketAddr>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move {
            sleep(Duration::from_millis(500)).await;
            Ok(vec![SocketAddr::from(([192, 0, 2, 1], port))])
        })
    }

    fn connect(&self, _: SocketAddr) -> Pending<Box<dyn Stream>> {
        Box::pin(async { Err(io::ErrorKind::ConnectionRefused.into()) })
    }
}

async fn find(
    lookups: &Lookups,
    transport: &Arc<dyn Connector>,
    origin: &Origin,
) -> Result<Arc<[SocketAddr]>, Failure> {
    let begun = lookups.begin(transport, "sales", origin)?;
    begun.addresses(&origin.host).await
}

#[tokio::test(start_paused = true)]
async fn asks_that_come_together_share_a_lookup_and_late_ones_do_not_wait() {
    let slow = Arc::new(Slow::default());
    let transport: Arc<dyn Connector> = slow.clone();
    let lookups = Arc::new(Lookups::default());
    let origin = Arc::clone(Endpoint::new("http://a.example/").unwrap().origin());
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (lookups, transport) = (Arc::clone(&lookups), Arc::clone(&transport));
        let origin = Arc::clone(&origin);
        tasks.spawn(async move { find(&lookups, &transport, &origin).await });
        sleep(Duration::from_millis(20)).await;
    }
    for found in tasks.join_all().await {
        assert_eq!(found.unwrap()[0].port(), 80);
    }
    assert_eq!(slow.0.load(Ordering::Relaxed), 2, "one in 250 ms");
    assert!(lookups.lock().is_empty(), "nothing is kept");
    find(&lookups, &transport, &origin).await.unwrap();
    assert_eq!(slow.0.load(Ordering::Relaxed), 3, "every call is a new one");
}

#[tokio::test]
async fn an_address_needs_no_lookup() {
    let slow = Arc::new(Slow::default());
    let transport: Arc<dyn Connector> = slow.clone();
    let origin = Arc::clone(Endpoint::new("http://[::1]:81/").unwrap().origin());
    let lookups = Lookups::default();
    let found = find(&lookups, &transport, &origin);
    assert_eq!(found.await.unwrap()[0], "[::1]:81".parse().unwrap());
    assert_eq!(slow.0.load(Ordering::Relaxed), 0);
}

/// Nobody answers for `dead.test`, and nothing can be connected to.
#[derive(Debug)]
struct HalfDead;

impl Connector for HalfDead {
    fn lookup(&self, host: &str, port: u16) -> Pending<Vec<SocketAddr>> {
        let dead = host.ends_with(".dead.test");
        Box::pin(async move {
            match dead {
                true => std::future::pending().await,
                false => Ok(vec![SocketAddr::from(([192, 0, 2, 1], port))]),
            }
        })
    }

    fn connect(&self, _: SocketAddr) -> Pending<Box<dyn Stream>> {
        Box::pin(async { Err(io::ErrorKind::ConnectionRefused.into()) })
    }
}

struct Bench(Lookups, Arc<dyn Connector>);

impl Bench {
    fn new() -> Self {
        Self(Lookups::default(), Arc::new(HalfDead))
    }

    fn begin(&self, webhook: &str, host: &str) -> Result<Awaited, String> {
        let endpoint = Endpoint::new(&format!("http://{host}/")).unwrap();
        let begun = self.0.begin(&self.1, webhook, endpoint.origin());
        begun.map_err(|failure| {
            assert_eq!(failure.class, FailureClass::Dns);
            failure.detail
        })
    }

    fn under_way(&self) -> usize {
        self.0.lock().values().map(Vec::len).sum()
    }
}

/// One customer's dead names leave room for the names of others.
#[tokio::test(start_paused = true)]
async fn dead_hosts_of_one_webhook_take_nothing_from_others() {
    let bench = Bench::new();
    for number in 0..HOSTS {
        bench.begin("url", &format!("x{number}.dead.test")).unwrap();
    }
    let refused = bench.begin("url", "one-more.dead.test").unwrap_err();
    assert!(refused.contains("16 hosts of webhook `url`"), "{refused}");
    let begun = bench.begin("good", "good.test").unwrap();
    begun.addresses("good.test").await.unwrap();
    bench.begin("url", "x3.dead.test").expect("it is joined");
    assert_eq!(bench.under_way(), HOSTS, "what has told is forgotten");
}

#[tokio::test(start_paused = true)]
async fn lookups_in_all_are_bounded_and_the_last_are_for_hosts_that_have_none() {
    let bench = Bench::new();
    let host = |number: usize| (format!("w{}", number / 8), format!("x{number}.dead.test"));
    for _ in 0..9 {
        for number in 0..8 {
            let (webhook, host) = host(number);
            bench.begin(&webhook, &host).unwrap();
        }
        advance(YOUNG).await;
    }
    assert_eq!(bench.under_way(), FEW);
    for number in 8..8 + ALL - FEW {
        let (webhook, host) = host(number);
        bench.begin(&webhook, &host).unwrap();
    }
    assert_eq!(bench.under_way(), ALL);
    let refused = bench.begin("good", "good.test").unwrap_err();
    assert!(refused.contains("64 lookups are under way"), "{refused}");
}

/// A server rests when it fails, and not because there was no room to look it up.
#[tokio::test(start_paused = true)]
async fn an_endpoint_without_room_for_its_lookup_does_not_rest() {
    let client = Client::new(ClientConfig {
        transport: Arc::new(HalfDead),
        ..ClientConfig::default()
    });
    let ask = async |name: &str, host: &str| {
        let (urls, deadline) = ([format!("http://{host}/")], Duration::from_millis(200));
        let endpoints = Endpoints::new(name, &urls, deadline, &[]).unwrap();
        let asked = client.ask(&endpoints, &event()).await;
        (asked.result.unwrap_err(), client.health(&endpoints.urls[0]))
    };
    for number in 0..HOSTS {
        let (failure, _) = ask("url", &format!("x{number}.dead.test")).await;
        assert_eq!(failure.class, FailureClass::Dns);
    }
    for _ in 0..20 {
        let (failure, health) = ask("url", "crowded.test").await;
        assert_eq!(failure.class, FailureClass::Dns);
        assert_eq!(health, Health::Healthy);
    }
}

/// The threads that the runtime has for what blocks may all be taken.
#[test]
fn a_lookup_needs_no_thread_of_the_runtime() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .max_blocking_threads(1)
        .build()
        .unwrap();
    let (end, ended) = std::sync::mpsc::channel::<()>();
    runtime.spawn_blocking(move || ended.recv());
    let found = runtime.block_on(System.lookup("localhost", 80));
    assert_eq!(found.unwrap()[0].port(), 80);
    drop(end);
}
