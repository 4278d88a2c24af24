//! Looking hosts up: asks that come together share one lookup.
//!
//! A lookup of the system cannot be stopped, and holds a thread until it ends. If each ask began
//! its own, a host whose DNS is dead would take the threads of all others; if all waited for one,
//! a lost datagram would hold up all of them.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::endpoint::Origin;
use crate::failure::{Failure, FailureClass};
use crate::net::transport::Transport;

/// A lookup older than this is not waited for; another is begun beside it.
const YOUNG: Duration = Duration::from_millis(250);
/// Most lookups of one host that run beside each other.
const BESIDE: usize = 8;

type Found = Result<Arc<[SocketAddr]>, String>;
type Told = watch::Receiver<Option<Found>>;

/// Lookups under way, by host and port.
#[derive(Debug, Default)]
pub(crate) struct Lookups(Arc<Mutex<Flights>>);

type Flights = BTreeMap<(String, u16), Vec<Flight>>;

#[derive(Debug)]
struct Flight {
    told: Told,
    began: Instant,
}

impl Lookups {
    /// The addresses of a host. Nothing is kept once it is told.
    pub(crate) async fn find(
        &self,
        transport: &Arc<dyn Transport>,
        origin: &Origin,
    ) -> Result<Arc<[SocketAddr]>, Failure> {
        let host = origin.host.as_str();
        let failed = |why: &str| Failure::new(FailureClass::Dns, format!("`{host}`: {why}"));
        if let Ok(ip) = host.parse() {
            return Ok([SocketAddr::new(ip, origin.port)].into());
        }
        let mut told = self.join(transport, host, origin.port);
        let found = told.wait_for(Option::is_some).await;
        match found.as_deref() {
            Ok(Some(Ok(addresses))) => Ok(Arc::clone(addresses)),
            Ok(Some(Err(why))) => Err(failed(why)),
            Ok(None) | Err(_) => Err(failed("the lookup was stopped")),
        }
    }

    fn join(&self, transport: &Arc<dyn Transport>, host: &str, port: u16) -> Told {
        let key = (host.to_owned(), port);
        let mut all = self.lock();
        let flights = all.entry(key.clone()).or_default();
        // Those whose runtime is gone will never tell.
        flights.retain(|flight| flight.told.has_changed().is_ok());
        if let Some(last) = flights.last()
            && (last.began.elapsed() < YOUNG || flights.len() >= BESIDE)
        {
            return last.told.clone();
        }
        let (tell, told) = watch::channel(None);
        flights.push(Flight {
            told: told.clone(),
            began: Instant::now(),
        });
        drop(all);
        let lookup = transport.lookup(host, port);
        let flights = Self(Arc::clone(&self.0));
        tokio::spawn(async move {
            let found = lookup.await.map(Arc::from);
            tell.send_replace(Some(found.map_err(|error: io::Error| error.to_string())));
            drop(tell);
            flights.forget(&key);
        });
        told
    }

    /// Those that have told.
    fn forget(&self, key: &(String, u16)) {
        let mut all = self.lock();
        if let Some(flights) = all.get_mut(key) {
            flights.retain(|flight| flight.told.has_changed().is_ok());
            if flights.is_empty() {
                all.remove(key);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Flights> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::endpoint::Endpoint;
    use crate::net::transport::{Pending, Stream};

    /// Answers after half a second of virtual time.
    #[derive(Debug, Default)]
    struct Slow(AtomicUsize);

    impl Transport for Slow {
        fn lookup(&self, _: &str, port: u16) -> Pending<Vec<SocketAddr>> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Box::pin(async move {
                tokio::time::sleep(Duration::from_millis(500)).await;
                Ok(vec![SocketAddr::from(([192, 0, 2, 1], port))])
            })
        }

        fn connect(&self, _: SocketAddr) -> Pending<Box<dyn Stream>> {
            Box::pin(async { Err(io::ErrorKind::ConnectionRefused.into()) })
        }
    }

    #[tokio::test(start_paused = true)]
    async fn asks_that_come_together_share_a_lookup_and_late_ones_do_not_wait() {
        let slow = Arc::new(Slow::default());
        let transport: Arc<dyn Transport> = slow.clone();
        let lookups = Arc::new(Lookups::default());
        let origin = Arc::clone(Endpoint::new("http://a.example/").unwrap().origin());
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..20 {
            let (lookups, transport) = (Arc::clone(&lookups), Arc::clone(&transport));
            let origin = Arc::clone(&origin);
            tasks.spawn(async move { lookups.find(&transport, &origin).await });
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        for found in tasks.join_all().await {
            assert_eq!(found.unwrap()[0].port(), 80);
        }
        assert_eq!(slow.0.load(Ordering::Relaxed), 2, "one in 250 ms");
        assert!(lookups.lock().is_empty(), "nothing is kept");
        lookups.find(&transport, &origin).await.unwrap();
        assert_eq!(slow.0.load(Ordering::Relaxed), 3, "every call is a new one");
    }

    #[tokio::test]
    async fn an_address_needs_no_lookup() {
        let slow = Arc::new(Slow::default());
        let transport: Arc<dyn Transport> = slow.clone();
        let origin = Arc::clone(Endpoint::new("http://[::1]:81/").unwrap().origin());
        let found = Lookups::default().find(&transport, &origin).await.unwrap();
        assert_eq!(found[0], "[::1]:81".parse().unwrap());
        assert_eq!(slow.0.load(Ordering::Relaxed), 0);
    }
}
