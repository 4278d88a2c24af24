//! How a client behaves.

#![cfg(feature = "client")]

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::net::transport::{Connector, System};
#[cfg(feature = "tls")]
use crate::net::trust::Roots;

/// How a client behaves; the default suits most.
#[derive(Clone)]
pub struct ClientConfig {
    /// Where the `webhook-id` of an ask comes from: 128 bits, written as a ULID. `None`: the
    /// time and chance.
    pub ids: Option<Arc<dyn Fn() -> u128 + Send + Sync>>,
    /// Most idle connections that are kept for one origin; default 1,024.
    pub max_idle: usize,
    /// How long a connection is kept without use; default 55 s, since many servers close at 60.
    pub idle_for: Duration,
    /// Most connections to one origin that are being made at once; default 64. Requests beyond
    /// that wait their turn, within their deadline, or take a connection that comes free.
    pub max_connecting: usize,
    /// Wait for a URL before the next is asked beside it, until 20 of its answers are known;
    /// default 300 ms. Later it is what 95 % of its last 100 answers kept within, 50 to 400 ms.
    /// Never more than a third of the time, nor so much that a later URL would have less time than
    /// each of the others.
    pub hedge: Duration,
    /// Whether an ask may use a URL that failed a second time, when it has no other: within a
    /// budget of a fifth of the URL's first uses and 10 a second. Default true.
    pub second_uses: bool,
    /// Most asks of one webhook that are under way at once; default 512. One more fails at once
    /// with the class `deadline`, so that its call takes the fallback without waiting.
    pub max_in_flight: usize,
    /// Most asks of all webhooks that are under way at once; default 10,000.
    pub max_in_flight_in_all: usize,
    /// The wall clock, for the timestamps of signatures and for dates in `Retry-After`. `None`:
    /// the system's.
    pub clock: Option<Arc<dyn Fn() -> SystemTime + Send + Sync>>,
    /// Seed of the chance that spreads rests and pauses; the same seed gives the same ones.
    /// `None`: any.
    pub seed: Option<u64>,
    /// Whether an endpoint that rests because no connection to it came about is tried in the
    /// background, by a connection without a request, when its rest is over; default true. If
    /// not, or when it rests for another reason, one live call finds out.
    pub knock: bool,
    /// What carries the bytes; default: the system's resolver and TCP.
    pub transport: Arc<dyn Connector>,
    /// Root certificates to trust beside those of the operating system.
    #[cfg(feature = "tls")]
    pub extra_roots: Roots,
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self {
            ids: None,
            max_idle: 1024,
            idle_for: Duration::from_secs(55),
            max_connecting: 64,
            hedge: Duration::from_millis(300),
            second_uses: true,
            max_in_flight: 512,
            max_in_flight_in_all: 10_000,
            clock: None,
            seed: None,
            knock: true,
            transport: Arc::new(System),
            #[cfg(feature = "tls")]
            extra_roots: Roots::default(),
        }
    }
}

impl fmt::Debug for ClientConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("ClientConfig");
        shown
            .field("ids", &self.ids.as_ref().map(|_| "given"))
            .field("max_idle", &self.max_idle)
            .field("idle_for", &self.idle_for)
            .field("max_connecting", &self.max_connecting)
            .field("hedge", &self.hedge)
            .field("second_uses", &self.second_uses)
            .field("max_in_flight", &self.max_in_flight)
            .field("max_in_flight_in_all", &self.max_in_flight_in_all)
            .field("clock", &self.clock.as_ref().map(|_| "given"))
            .field("seed", &self.seed)
            .field("knock", &self.knock)
            .field("transport", &self.transport);
        #[cfg(feature = "tls")]
        shown.field("extra_roots", &self.extra_roots);
        shown.finish()
    }
}
