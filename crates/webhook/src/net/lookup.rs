//! Looking hosts up: asks that come together share one lookup.
//!
//! A lookup of the system cannot be stopped, and holds a thread until it ends. If each ask began
//! its own, a host whose DNS is dead would take the threads of all others; if all waited for one,
//! a lost datagram would hold up all of them. So the lookups of one host, the hosts of one webhook
//! and all lookups together are bounded, and one for which there is no room fails at once.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::endpoint::{MAX_URLS, Origin};
use crate::failure::{Failure, FailureClass};
use crate::net::transport::Connector;

/// A lookup older than this is not waited for; another is begun beside it.
const YOUNG: Duration = Duration::from_millis(250);
/// Most lookups of one host that run beside each other.
const BESIDE: usize = 8;
/// Lookups under way beyond which each host has one: the others are for hosts that have none.
const FEW: usize = 32;
/// Most lookups under way.
const ALL: usize = 64;
/// Most hosts that are looked up at once for one webhook. One of a table has no more URLs; those
/// that come out of answers, all of one name, may have any number of hosts.
const HOSTS: usize = MAX_URLS;

type Found = Result<Arc<[SocketAddr]>, String>;
type Told = watch::Receiver<Option<Found>>;

/// A lookup that is waited for.
#[derive(Debug)]
pub(crate) enum Awaited {
    /// There was nothing to look up.
    Known(SocketAddr),
    Told(Told),
}

/// Lookups under way, by host and port.
#[derive(Debug, Default)]
pub(crate) struct Lookups(Arc<Mutex<Flights>>);

type Flights = BTreeMap<(String, u16), Vec<Flight>>;

#[derive(Debug)]
struct Flight {
    /// Of the webhook that it was begun for.
    webhook: String,
    told: Told,
    began: Instant,
}

impl Lookups {
    /// Begins to look a host up for a webhook, or joins others that do; fails where there is no
    /// room. Nothing is kept once it is told.
    pub(crate) fn begin(
        &self,
        transport: &Arc<dyn Connector>,
        webhook: &str,
        origin: &Origin,
    ) -> Result<Awaited, Failure> {
        let host = origin.host.as_str();
        if let Ok(ip) = host.parse() {
            return Ok(Awaited::Known(SocketAddr::new(ip, origin.port)));
        }
        match self.join(transport, webhook, host, origin.port) {
            Ok(told) => Ok(Awaited::Told(told)),
            Err(full) => Err(failed(host, full)),
        }
    }

    /// Fails with how much is under way.
    fn join(
        &self,
        transport: &Arc<dyn Connector>,
        webhook: &str,
        host: &str,
        port: u16,
    ) -> Result<Told, String> {
        let key = (host.to_owned(), port);
        let mut all = self.lock();
        // Those whose runtime is gone will never tell.
        all.retain(|_, flights| keep_untold(flights));
        let under_way: usize = all.values().map(Vec::len).sum();
        match all
            .get(&key)
            .and_then(|flights| Some((flights.last()?, flights.len())))
        {
            Some((last, many))
                if last.began.elapsed() < YOUNG || many >= BESIDE || under_way >= FEW =>
            {
                return Ok(last.told.clone());
            }
            Some(_) => {}
            None if under_way >= ALL => {
                return Err(format!(
                    "{under_way} lookups are under way, as many as may be"
                ));
            }
            None => {
                let firsts = all.values().filter_map(|flights| flights.first());
                let hosts = firsts.filter(|first| first.webhook == webhook).count();
                if hosts >= HOSTS {
                    return Err(format!(
                        "{hosts} hosts of webhook `{webhook}` are being looked up, as many as may be"
                    ));
                }
            }
        }
        let (tell, told) = watch::channel(None);
        all.entry(key.clone()).or_default().push(Flight {
            webhook: webhook.to_owned(),
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
        Ok(told)
    }

    /// Those that have told.
    fn forget(&self, key: &(String, u16)) {
        let mut all = self.lock();
        if all
            .get_mut(key)
            .is_some_and(|flights| !keep_untold(flights))
        {
            all.remove(key);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Flights> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Awaited {
    /// The addresses of the host.
    pub(crate) async fn addresses(self, host: &str) -> Result<Arc<[SocketAddr]>, Failure> {
        let mut told = match self {
            Self::Known(address) => return Ok([address].into()),
            Self::Told(told) => told,
        };
        let found = told.wait_for(Option::is_some).await;
        match found.as_deref() {
            Ok(Some(Ok(addresses))) => Ok(Arc::clone(addresses)),
            Ok(Some(Err(why))) => Err(failed(host, why)),
            Ok(None) | Err(_) => Err(failed(host, "the lookup was stopped")),
        }
    }
}

/// Whether any are left that have not told.
fn keep_untold(flights: &mut Vec<Flight>) -> bool {
    flights.retain(|flight| flight.told.has_changed().is_ok());
    !flights.is_empty()
}

fn failed(host: &str, why: impl fmt::Display) -> Failure {
    Failure::new(FailureClass::Dns, format!("`{host}`: {why}"))
}

#[cfg(test)]
mod tests;
