//! A small telephone: places and takes real calls, presses keys, and keeps what it hears.
//!
//! It is for tests, examples and the command line, not a product: no registration, no second
//! line on hold, and what it hears is kept in memory (ten minutes at most).

mod call;
mod drive;

use std::collections::{BTreeMap, VecDeque};
use std::future::poll_fn;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use callroute_audio::codec::Codec;
use callroute_media::{Adapter, DialTarget, LegId};
use callroute_schema::{AddressError, Caller, SipUri, SipUriError};
use tokio::sync::{mpsc, watch};

pub use call::{CallStatus, PhoneCall};

use crate::adapter::{SipAdapter, SipHandle};
use crate::config::{Config, Srtp};
use crate::error::BindError;
use crate::line::SipLine;
use crate::phone::drive::Drive;
use crate::stack::Stack;
use crate::way::Way;

/// Incoming calls that are remembered.
const REMEMBERED: usize = 10_000;
/// Incoming calls that may wait for [`Phone::next_call`]; more are served, but not given out.
const WAITING: usize = 1024;

/// How a phone is set up.
#[derive(Debug, Clone)]
pub struct PhoneConfig {
    /// Its codecs, the preferred first. Default PCMU, PCMA.
    pub codecs: Vec<Codec>,
    /// Whether its sound is encrypted. Default where it is offered over TLS.
    pub srtp: Srtp,
    /// Whether it offers and takes comfort noise (RFC 3389). Default not.
    pub comfort_noise: bool,
    /// What it does with incoming calls. Default: answers at once.
    pub answer: AnswerMode,
    /// Ports for sound. Default 30000 to 39999.
    pub rtp_ports: RangeInclusive<u16>,
    /// A callee from whom nothing at all has come for so long is unreachable. Default 4 s.
    pub no_provisional: Duration,
}

impl Default for PhoneConfig {
    fn default() -> Self {
        Self {
            codecs: vec![Codec::Pcmu, Codec::Pcma],
            srtp: Srtp::default(),
            comfort_noise: false,
            answer: AnswerMode::After(Duration::ZERO),
            rtp_ports: 30_000..=39_999,
            no_provisional: Duration::from_secs(4),
        }
    }
}

/// What a phone does with an incoming call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerMode {
    /// Rings, until [`PhoneCall::answer`] or the caller's end.
    Ring,
    /// Rings so long, then answers.
    After(Duration),
    /// 486 Busy Here.
    Busy,
    /// 603 Decline.
    Decline,
    /// Refuses with this status, 300 to 699.
    Status(u16),
}

/// Why a phone could not do it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PhoneError {
    /// It could not listen.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// What should be called is no SIP URI.
    #[error(transparent)]
    Uri(#[from] SipUriError),
    /// Who calls is no number and no user.
    #[error(transparent)]
    From(#[from] AddressError),
}

/// A telephone. Dropping it hangs up all its calls.
#[derive(Debug)]
pub struct Phone {
    stack: Arc<Stack>,
    handle: SipHandle,
    addr: SocketAddr,
    answer: Arc<Mutex<AnswerMode>>,
    incoming: tokio::sync::Mutex<mpsc::Receiver<PhoneCall>>,
    log: Arc<Mutex<VecDeque<watch::Receiver<CallStatus>>>>,
    /// Dropped with the phone, which ends its calls.
    on: watch::Sender<()>,
}

impl Phone {
    /// A phone at this address, on UDP and TCP; port 0 takes any that is free. Must run within a
    /// tokio runtime.
    ///
    /// # Errors
    /// [`PhoneError::Bind`] when the address is taken.
    pub async fn bind(addr: SocketAddr, config: PhoneConfig) -> Result<Self, PhoneError> {
        let adapter = SipAdapter::bind(Config {
            rtp_ports: config.rtp_ports,
            no_provisional: config.no_provisional,
            codecs: config.codecs,
            srtp: config.srtp,
            comfort_noise: config.comfort_noise,
            ..Config::new(addr)
        })
        .await?;
        let (sender, incoming) = mpsc::channel(WAITING);
        let (on, off) = watch::channel(());
        let phone = Self {
            stack: Arc::clone(adapter.stack()),
            handle: adapter.handle(),
            addr: adapter.local_addr(),
            answer: Arc::new(Mutex::new(config.answer)),
            incoming: tokio::sync::Mutex::new(incoming),
            log: Arc::default(),
            on,
        };
        let (answer, log) = (Arc::clone(&phone.answer), Arc::clone(&phone.log));
        tokio::spawn(take(adapter, answer, log, sender, off));
        Ok(phone)
    }

    /// Where it can be called.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.addr
    }

    /// Calls a SIP URI. Comes back at once; the INVITE is on its way.
    ///
    /// `from` is a number or a user; `anonymous` and `unavailable` hide it. With
    /// `;transport=tcp` in the URI it calls over TCP.
    ///
    /// # Errors
    /// [`PhoneError`] when `uri` or `from` cannot be used.
    pub async fn call(&self, uri: &str, from: &str) -> Result<PhoneCall, PhoneError> {
        let to = SipUri::new(uri)?;
        let caller: Caller = from.parse()?;
        let record = CallStatus::new(from.to_owned(), uri.to_owned());
        let mut line = SipLine::new(
            Arc::clone(&self.stack),
            self.stack.config.codecs.clone(),
            Way::default(),
        );
        let leg = LegId(1);
        line.dial(leg, &DialTarget::Sip(to), caller, None, &BTreeMap::new());
        let (call, _) = Drive::begin(line, leg, record, None, self.on.subscribe());
        Ok(call)
    }

    /// What it does with the next incoming calls.
    pub fn set_answer(&self, mode: AnswerMode) {
        *lock(&self.answer) = mode;
    }

    /// The incoming calls so far, oldest first (the last 10,000).
    #[must_use]
    pub fn calls(&self) -> Vec<CallStatus> {
        lock(&self.log)
            .iter()
            .map(|call| call.borrow().clone())
            .collect()
    }

    /// The next incoming call, as soon as it comes; `None` when the phone is off.
    ///
    /// A call that is given out goes on when its [`PhoneCall`] is dropped.
    pub async fn next_call(&self) -> Option<PhoneCall> {
        self.incoming.lock().await.recv().await
    }

    /// Stops and watches the endpoint below.
    #[must_use]
    pub fn handle(&self) -> SipHandle {
        self.handle.clone()
    }
}

async fn take(
    mut adapter: SipAdapter,
    answer: Arc<Mutex<AnswerMode>>,
    log: Arc<Mutex<VecDeque<watch::Receiver<CallStatus>>>>,
    sender: mpsc::Sender<PhoneCall>,
    mut off: watch::Receiver<()>,
) {
    loop {
        let incoming = tokio::select! {
            incoming = poll_fn(|cx| adapter.poll_call(cx)) => incoming,
            _ = off.changed() => return,
        };
        let Some(incoming) = incoming else {
            return;
        };
        let offer = incoming.offer;
        let record = CallStatus::new(offer.from.to_string(), offer.to.to_string());
        let mode = *lock(&answer);
        let (call, watched) = Drive::begin(
            incoming.line,
            LegId::CALLER,
            record,
            Some(mode),
            off.clone(),
        );
        {
            let mut log = lock(&log);
            if log.len() >= REMEMBERED {
                log.pop_front();
            }
            log.push_back(watched);
        }
        // discard: nobody asks for calls; it goes on without a handle.
        let _ = sender.try_send(call);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
