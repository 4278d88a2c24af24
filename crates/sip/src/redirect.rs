//! Redirect mode: an INVITE comes, a decision is asked for, 302 (or a refusal) goes back. No
//! dialog, no sound, no task for a call: the cheapest way in for a switch that has its own.
//!
//! ```text
//!   SO_REUSEPORT sockets ──> shard: guard, transactions, timers ──> Decide
//!   one thread each    <──  302 / 4xx / 6xx  <───────────── Responder (at once, or later)
//! ```
//!
//! The system gives all datagrams of one source to one shard, so shards share nothing. A decision
//! that is made at once is answered by the shard itself. One that has to wait for somebody is driven
//! by the shard beside its other calls ([`Responder::answer_later`]), or handed on with its
//! [`Responder`], which may answer from any thread; neither delays another call.
//!
//! ```
//! use callroute_sip::redirect::{Config, Decide, Redirector, Responder, Verdict};
//! use callroute_media::OfferedCall;
//!
//! struct Table;
//!
//! impl Decide for Table {
//!     fn decide(&self, offer: &OfferedCall, responder: Responder) {
//!         let contact = format!("sip:{}@gateway.example", offer.to);
//!         responder.answer(Verdict::Redirect { contacts: vec![contact] });
//!     }
//! }
//!
//! let redirector = Redirector::start(&Config::new("127.0.0.1:0".parse()?), Table)?;
//! println!("redirecting at {}", redirector.local_addr());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod key;
mod places;
mod responder;
mod run;
mod shard;
mod transactions;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use callroute_media::OfferedCall;
use tokio::sync::Notify;

use crate::admit::guard::Protection;
use crate::error::BindError;

pub use self::places::Places;
pub use self::responder::Responder;

/// How a redirector is set up.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen, on UDP; port 0 takes any that is free. `[::]` is for IPv4 as well, where the
    /// system has it so.
    pub listen: SocketAddr,
    /// Threads, each with a socket of its own. Default 1.
    pub shards: usize,
    /// Whether transactions are kept (RFC 3261, section 17). Without them an answer is sent once
    /// for each INVITE that comes, as section 8.2.7 allows, at less than half of the cost; a
    /// decision must then be made at once. Default `true`.
    pub stateful: bool,
    /// What strangers may do. The switches that ask belong in `exempt`: their
    /// P-Asserted-Identity is believed, and nobody else's (RFC 3325, section 5).
    pub protection: Protection,
    /// Most transactions of one shard; more are answered 503. Default 200,000.
    pub max_transactions: usize,
    /// T1 of RFC 3261. Default 500 ms.
    pub t1: Duration,
    /// How long a shard keeps looking for the next datagram before it sleeps. Default zero: at
    /// once. Waking up takes longer than answering does; whoever gives each shard a core of its
    /// own may have that time back, for a core that never rests.
    pub spin: Duration,
}

impl Config {
    /// The defaults, listening there.
    #[must_use]
    pub fn new(listen: SocketAddr) -> Self {
        Self {
            listen,
            shards: 1,
            stateful: true,
            protection: Protection::default(),
            max_transactions: 200_000,
            t1: Duration::from_millis(500),
            spin: Duration::ZERO,
        }
    }
}

/// What becomes of an INVITE.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// 302 with these Contacts, the preferred first; without any, 480.
    Redirect {
        /// SIP or tel URIs.
        contacts: Vec<String>,
    },
    /// Refused.
    Refuse {
        /// 400 to 699.
        status: u16,
        /// The cause in a Reason header (Q.850), if it should be told.
        q850: Option<u8>,
    },
}

/// Decides where a call goes.
pub trait Decide: Send + Sync + 'static {
    /// Answers by the responder: at once, within this call, or later from any thread. Must not
    /// wait for anything itself: it runs on the thread that reads the socket. A panic is logged, and
    /// its call answered 500.
    fn decide(&self, offer: &OfferedCall, responder: Responder);
}

impl<F: Fn(&OfferedCall, Responder) + Send + Sync + 'static> Decide for F {
    fn decide(&self, offer: &OfferedCall, responder: Responder) {
        self(offer, responder);
    }
}

/// What was done so far, by all shards.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// INVITEs that were decided over.
    pub invites: u64,
    /// Transactions that are kept now.
    pub transactions: u64,
}

#[derive(Debug, Default)]
struct Counts {
    invites: AtomicU64,
    transactions: AtomicU64,
}

/// A server that redirects. Dropping it ends its threads.
#[derive(Debug)]
pub struct Redirector {
    addr: SocketAddr,
    over: Arc<AtomicBool>,
    bells: Vec<Arc<Notify>>,
    threads: Vec<JoinHandle<()>>,
    counts: Arc<Counts>,
}

impl Redirector {
    /// Binds the sockets and starts a thread for each.
    ///
    /// # Errors
    /// What the system says of the address, or of threads.
    pub fn start(config: &Config, decide: impl Decide) -> Result<Self, BindError> {
        Self::begin(config, decide).map_err(|source| BindError::Listen {
            addr: config.listen,
            transport: "udp",
            source,
        })
    }

    fn begin(config: &Config, decide: impl Decide) -> io::Result<Self> {
        let decide: Arc<dyn Decide> = Arc::new(decide);
        let mut redirector = Self {
            addr: config.listen,
            over: Arc::default(),
            bells: Vec::new(),
            threads: Vec::new(),
            counts: Arc::default(),
        };
        for number in 0..config.shards.max(1) {
            let config = Config {
                listen: redirector.addr,
                ..config.clone()
            };
            let (over, counts) = (Arc::clone(&redirector.over), Arc::clone(&redirector.counts));
            let begun = run::begin(&config, Arc::clone(&decide), over, counts)?;
            redirector.addr = begun.addr;
            redirector.bells.push(begun.bell);
            let thread = std::thread::Builder::new().name(format!("redirect-{number}"));
            redirector.threads.push(thread.spawn(begun.serve)?);
        }
        Ok(redirector)
    }

    /// Where it listens; tells the port when 0 was asked for.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.addr
    }

    /// What was done so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats {
            invites: self.counts.invites.load(Ordering::Relaxed),
            transactions: self.counts.transactions.load(Ordering::Relaxed),
        }
    }
}

impl Drop for Redirector {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        for bell in &self.bells {
            bell.notify_one();
        }
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a redirector's thread has broken down");
            }
        }
    }
}

/// A datagram of a stranger, its verdict, and all timers after it.
#[cfg(feature = "__fuzz")]
pub(crate) fn fuzz(bytes: &[u8]) {
    let source = SocketAddr::from(([192, 0, 2, 1], 5060));
    for stateful in [true, false] {
        let mut config = Config::new(source);
        config.stateful = stateful;
        let mut shard = shard::Shard::new(&config);
        let bytes = bytes::Bytes::copy_from_slice(bytes);
        if let Some(asked) = shard.datagram(Duration::ZERO, &bytes, source) {
            let contacts = vec!["sip:a@b".to_owned(), "sip:c@d".to_owned()];
            shard.answer(Duration::ZERO, asked.key, &Verdict::Redirect { contacts });
        }
        for second in 0..40 {
            shard.fire(Duration::from_secs(second));
        }
        let sent: usize = shard.out().map(|(bytes, _)| bytes.len()).sum();
        assert!(sent <= bytes.len(), "{sent} for {}", bytes.len());
        assert_eq!(shard.len(), 0);
    }
}
