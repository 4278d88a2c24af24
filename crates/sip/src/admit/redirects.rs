//! Whether whoever is called may send a call elsewhere.

use std::fmt;
use std::sync::Arc;

/// What is done when a callee answers that it is elsewhere: 300, 301 or 302 with Contacts (RFC 3261,
/// section 8.1.3.4).
///
/// Whoever follows lets a callee choose whom we call, at our cost and with our trunks' passwords: a
/// telephone that somebody has got hold of calls premium numbers so. What may be dialed at all
/// (`destinations` of a routing file) is judged before a call reaches the adapter, so it must be
/// asked again: following wants a [`Permit`].
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum Redirects {
    /// The leg ends with the status that came; the routing goes on with what it says for that.
    #[default]
    Refuse,
    /// Contacts are called one after the other, the greatest `q` first, as long as this lets it:
    /// at most eight in all, sent on at most five times, none twice, none at our own address that
    /// is no user of ours, and none without TLS for a `sips` URI.
    Follow(Permit),
}

/// Says whether something may be done for whom it is asked about: a SIP URI ([`Redirects`]), or what
/// was dialed ([`Headroom::spared`](crate::Headroom::spared)).
#[derive(Clone)]
pub struct Permit(Arc<dyn Fn(&str) -> bool + Send + Sync>);

impl Permit {
    /// By this function. It is asked on the way of a call, so it must not block.
    pub fn new(may: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(may))
    }

    /// What it says.
    #[must_use]
    pub fn lets(&self, whom: &str) -> bool {
        (self.0)(whom)
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Permit(..)")
    }
}
