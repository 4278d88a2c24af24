//! How a client behaves.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// How a client behaves; the default suits most.
#[derive(Clone)]
pub struct ClientConfig {
    /// Where the `webhook-id` of an ask comes from: 128 bits, written as a ULID. `None`: the
    /// time and chance.
    pub ids: Option<Arc<dyn Fn() -> u128 + Send + Sync>>,
    /// Most idle connections that are kept for one origin; default 32.
    pub max_idle: usize,
    /// How long a connection is kept without use; default 55 s, since many servers close at 60.
    pub idle_for: Duration,
    /// Most connections to one origin that are being made at once; default 64. Requests beyond
    /// that wait their turn, within their deadline, or take a connection that comes free.
    pub max_dials: usize,
    /// Longest wait for a URL before the next is asked beside it; default 300 ms. Never more
    /// than a third of the deadline.
    pub hedge: Duration,
    /// Root certificates to trust beside those of the operating system, each in DER. Used by
    /// https only.
    pub extra_roots: Vec<Vec<u8>>,
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self {
            ids: None,
            max_idle: 32,
            idle_for: Duration::from_secs(55),
            max_dials: 64,
            hedge: Duration::from_millis(300),
            extra_roots: Vec::new(),
        }
    }
}

impl fmt::Debug for ClientConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientConfig")
            .field("ids", &self.ids.as_ref().map(|_| "given"))
            .field("max_idle", &self.max_idle)
            .field("idle_for", &self.idle_for)
            .field("max_dials", &self.max_dials)
            .field("hedge", &self.hedge)
            .field("extra_roots", &self.extra_roots.len())
            .finish()
    }
}
