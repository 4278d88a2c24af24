//! A place for one test: an address of its own, a folder, and a router that runs there.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use callroute_router::{Router, RouterConfig, RouterHandle};
use callroute_rules::ChronoTz;
use callroute_session::Note;
use callroute_sip::{Config, SipAdapter, SipHandle, Stats};
use callroute_store::{CallStore, MemoryCalls, MessageStore};
use callroute_tables::TableHandle;
use callroute_webhook::{Client, ClientConfig};
use tempfile::TempDir;

use super::seen::Seen;
use super::wait::{PATIENCE, came_true};

/// Tests of this process that have begun.
static BEGUN: AtomicU32 = AtomicU32::new(0);

/// A place for one test. What runs there has an address of its own, so that tests which run at
/// the same time do not meet.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) ip: Ipv4Addr,
    pub(crate) folder: TempDir,
}

impl Bench {
    pub(crate) fn new() -> Self {
        // 127.x.y.z: two numbers from the process, one from the test. Not 127.0.*: others are there.
        let [_, _, high, low] = std::process::id().to_be_bytes();
        let test = BEGUN.fetch_add(1, Ordering::Relaxed) % 250;
        let ip = Ipv4Addr::new(127, (high % 200) + 20, low, u8::try_from(test).unwrap() + 2);
        Self {
            ip,
            folder: TempDir::new().unwrap(),
        }
    }

    /// A port that nobody uses on this address; an even one, with its successor free as well.
    pub(crate) fn free_port(&self) -> u16 {
        // Counted rather than asked for, so that two programs of a test never get the same.
        static NEXT: AtomicU32 = AtomicU32::new(0);
        loop {
            let port =
                5_070 + u16::try_from(NEXT.fetch_add(1, Ordering::Relaxed) % 5_000).unwrap() * 2;
            if [port, port + 1]
                .iter()
                .all(|port| UdpSocket::bind((self.ip, *port)).is_ok())
            {
                return port;
            }
        }
    }

    /// Starts a router with this routing file; contacts are numbers or users with their SIP URIs.
    pub(crate) async fn router(&self, table: &str, contacts: &[(&str, &str)]) -> Running {
        self.router_with(table, self.config(contacts)).await
    }

    /// A SIP configuration for this place.
    pub(crate) fn config(&self, contacts: &[(&str, &str)]) -> Config {
        let mut config = Config::new(SocketAddr::new(IpAddr::V4(self.ip), 0));
        config.contacts = contacts
            .iter()
            .map(|(who, uri)| ((*who).to_owned(), (*uri).to_owned()))
            .collect::<HashMap<_, _>>();
        config.recordings = self.recordings();
        config
    }

    /// Starts a router with a SIP configuration of the test's own.
    pub(crate) async fn router_with(&self, table: &str, config: Config) -> Running {
        self.router_made(table, config, |_| {}).await
    }

    /// The same, with more about the router than its table.
    pub(crate) async fn router_made(
        &self,
        table: &str,
        config: Config,
        make: impl FnOnce(&mut RouterConfig),
    ) -> Running {
        let engine = callroute_rules::load("routes.yaml", table, &(), &ChronoTz)
            .unwrap_or_else(|faults| panic!("{faults}"));
        let adapter = SipAdapter::bind(config)
            .await
            .unwrap_or_else(|error| panic!("{error}"));
        let (addr, handle) = (adapter.local_addr(), adapter.handle());
        let seen = Arc::new(Seen::default());
        let calls = Arc::new(MemoryCalls::new(1_000));
        let table = TableHandle::new(Arc::new(engine));
        let mut config = RouterConfig::new(table, Client::new(ClientConfig::default()));
        config.observer = seen.clone();
        config.calls = calls.clone();
        make(&mut config);
        let messages = config.messages.clone();
        let router = Router::new(adapter, config).unwrap_or_else(|error| panic!("{error}"));
        let control = router.handle();
        tokio::spawn(router.run(std::future::pending()));
        Running {
            addr,
            seen,
            calls,
            handle,
            control,
            messages,
        }
    }

    pub(crate) fn recordings(&self) -> std::path::PathBuf {
        self.folder.path().join("recordings")
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// A router that runs.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) addr: SocketAddr,
    pub(crate) seen: Arc<Seen>,
    calls: Arc<MemoryCalls>,
    handle: SipHandle,
    pub(crate) control: RouterHandle,
    pub(crate) messages: Arc<dyn MessageStore>,
}

impl Running {
    /// Waits until a note was written.
    pub(crate) async fn noted(&self, what: &str, wanted: impl Fn(&Note) -> bool) {
        let came = came_true(PATIENCE, || self.seen.has(&wanted)).await;
        assert!(came, "waited in vain for {what}; {}", self.seen.trace());
    }

    /// The records of the calls that are over, the last one first.
    pub(crate) fn records(&self) -> Vec<callroute_store::StoredCall> {
        self.calls.recent(1_000)
    }

    pub(crate) fn live(&self) -> usize {
        self.calls.live()
    }

    pub(crate) fn stats(&self) -> Stats {
        self.handle.stats()
    }

    /// Waits until so many calls have come and gone, and nothing is left of them: no call, leg
    /// or socket.
    pub(crate) async fn settled(&self, calls: usize) {
        let ended = || self.seen.count(|note| matches!(note, Note::Ended { .. }));
        let over = || ended() == calls && self.live() == 0 && self.stats() == Stats::default();
        let came = came_true(PATIENCE, over).await;
        assert!(
            came,
            "{} of {calls} calls ended, {} live, {:?}; {}",
            ended(),
            self.live(),
            self.stats(),
            self.seen.trace()
        );
        assert_eq!(
            self.seen.warnings(),
            Vec::<String>::new(),
            "{}",
            self.seen.trace()
        );
        // The call goes on without the sound, and ends well.
        assert!(
            !self.seen.has(|note| matches!(note, Note::PlayFailed)),
            "{}",
            self.seen.trace()
        );
    }
}
