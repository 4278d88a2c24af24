//! The connections of one origin: those that rest between requests, and HTTP/2 ones that are
//! shared.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use callroute_schema::Network;
use http_body_util::Full;
use hyper::client::conn::http2;
use tokio::sync::{Notify, Semaphore};
use tokio::time::Instant;

use crate::net::address::Peer;
use crate::net::connect::{Connection, Driver, Sender};
use crate::net::counted::Received;
use crate::net::pool::{Limits, lock};

/// Most requests under way on one HTTP/2 connection; servers usually allow 100 and more.
const MAX_STREAMS: usize = 100;

/// The connections of one origin.
#[derive(Debug)]
pub(crate) struct Lane {
    limits: Limits,
    /// Is told when something happens to a connection that rests.
    keeper: Arc<Notify>,
    idle: Mutex<Vec<Idle>>,
    shared: Mutex<Vec<Shared>>,
    /// Shared ones, so that nobody locks the list for nothing.
    sharing: AtomicUsize,
    pub(super) connecting: Semaphore,
    returned: Notify,
    /// Requests that wait for a connection to come back.
    waiting: AtomicUsize,
    returning: AtomicUsize,
}

#[derive(Debug)]
struct Idle {
    connection: Box<Connection>,
    since: Instant,
}

/// What a look at the kept connections finds.
#[derive(Debug)]
pub(crate) enum Found {
    /// One that takes a request now.
    Ready(Box<Connection>),
    /// One that just came back, and may need a moment until its task is done with the answer
    /// before.
    Soon(Box<Connection>),
    Nothing,
}

/// A connection that takes many requests beside each other.
#[derive(Debug)]
struct Shared {
    sender: http2::SendRequest<Full<Bytes>>,
    peer: Peer,
    received: Received,
    /// Held by each request under way as well.
    driver: Arc<Driver>,
    since: Instant,
}

impl Shared {
    fn load(&self) -> usize {
        Arc::strong_count(&self.driver).saturating_sub(1)
    }

    fn has_room(&self) -> bool {
        self.load() < self.driver.streams().min(MAX_STREAMS)
    }
}

impl Lane {
    pub(super) fn new(limits: Limits, keeper: Arc<Notify>) -> Self {
        Self {
            limits,
            keeper,
            idle: Mutex::new(Vec::new()),
            shared: Mutex::new(Vec::new()),
            sharing: AtomicUsize::new(0),
            connecting: Semaphore::new(limits.connecting),
            returned: Notify::new(),
            waiting: AtomicUsize::new(0),
            returning: AtomicUsize::new(0),
        }
    }

    pub(super) fn is_used(&self) -> bool {
        !lock(&self.idle).is_empty() || !lock(&self.shared).is_empty()
    }

    /// Whether connections are coming back just now.
    pub(super) fn is_awaited(&self) -> bool {
        self.returning.load(Ordering::Acquire) > 0
    }

    /// A shared connection with room, else the newest kept one, whose address this webhook may
    /// connect to.
    fn pop(&self, allow: &[Network], now: Instant) -> Option<Box<Connection>> {
        if self.sharing.load(Ordering::Acquire) > 0
            && let Some(connection) = self.join(allow)
        {
            return Some(connection);
        }
        let mut list = lock(&self.idle);
        let newest = list.last_mut()?;
        // Most often the newest will do.
        let found = match self.is_over(newest, now) || !newest.connection.peer.suits(allow) {
            false => list.pop(),
            true => self.search(&mut list, allow, now),
        };
        drop(list);
        let connection = found?.connection;
        if let Sender::One(link) = &connection.sender {
            link.take_up();
        }
        Some(connection)
    }

    /// Whether it is of no more use.
    fn is_over(&self, idle: &mut Idle, now: Instant) -> bool {
        // An addition is less than the difference of two moments.
        let until = idle.since.checked_add(self.limits.idle_for);
        idle.connection.sender.look() || until.is_some_and(|until| until <= now)
    }

    /// The newest that suits; those that are over are dropped on the way.
    #[cold]
    #[inline(never)]
    fn search(&self, list: &mut Vec<Idle>, allow: &[Network], now: Instant) -> Option<Idle> {
        let mut place = list.len();
        while place > 0 {
            place -= 1;
            let found = list.get_mut(place)?;
            if self.is_over(found, now) {
                list.remove(place);
            } else if found.connection.peer.suits(allow) {
                return Some(list.remove(place));
            }
        }
        None
    }

    /// The same, and whether it takes a request now.
    pub(crate) fn take(&self, allow: &[Network], now: Instant) -> Found {
        match self.pop(allow, now) {
            None => Found::Nothing,
            Some(connection) => match &connection.sender {
                Sender::One(link) if !link.is_ready() => Found::Soon(connection),
                Sender::One(_) | Sender::Many(..) => Found::Ready(connection),
            },
        }
    }

    pub(super) fn push(&self, mut connection: Box<Connection>, now: Instant) {
        connection.kept = true;
        if let Sender::One(link) = &connection.sender {
            link.rest(&self.keeper);
        }
        let mut idle = lock(&self.idle);
        if idle.len() >= self.limits.idle {
            // The one that is nearest to its end.
            idle.remove(0);
        }
        idle.push(Idle {
            connection,
            since: now,
        });
        drop(idle);
        // Who waits said so before it looked for the last time, under the same lock: it is seen here,
        // or has seen this connection.
        if self.waiting.load(Ordering::Acquire) > 0 {
            self.returned.notify_one();
        }
    }

    /// A request waits from here on, until that is dropped.
    pub(super) fn wait(&self) -> Waiting<'_> {
        self.waiting.fetch_add(1, Ordering::AcqRel);
        Waiting(self)
    }

    /// Lets others use this connection too, when it is one that can be shared.
    pub(super) fn share(&self, connection: &Connection) -> bool {
        let Sender::Many(sender, driver) = &connection.sender else {
            return false;
        };
        let mut shared = lock(&self.shared);
        shared.push(Shared {
            sender: sender.clone(),
            peer: connection.peer,
            received: connection.received.clone(),
            driver: Arc::clone(driver),
            since: Instant::now(),
        });
        self.sharing.store(shared.len(), Ordering::Release);
        drop(shared);
        self.returned.notify_waiters();
        true
    }

    /// Takes a shared connection that is in doubt away from those who come next; who uses it
    /// goes on.
    pub(crate) fn retire(&self, driver: &Arc<Driver>) {
        self.keep_shared(|shared| !Arc::ptr_eq(&shared.driver, driver));
    }

    /// Drops what is over.
    pub(super) fn prune(&self) {
        lock(&self.idle).retain_mut(|idle| {
            !idle.connection.sender.look() && idle.since.elapsed() < self.limits.idle_for
        });
        self.keep_shared(|shared| {
            let used = shared.load() > 0 || shared.since.elapsed() < self.limits.idle_for;
            used && !shared.sender.is_closed()
        });
    }

    fn keep_shared(&self, keep: impl FnMut(&Shared) -> bool) {
        let mut shared = lock(&self.shared);
        shared.retain(keep);
        self.sharing.store(shared.len(), Ordering::Release);
    }

    fn join(&self, allow: &[Network]) -> Option<Box<Connection>> {
        let mut list = lock(&self.shared);
        let shared = list.iter_mut().find(|shared| {
            !shared.sender.is_closed() && shared.has_room() && shared.peer.suits(allow)
        })?;
        shared.since = Instant::now();
        Some(Box::new(Connection {
            sender: Sender::Many(shared.sender.clone(), Arc::clone(&shared.driver)),
            peer: shared.peer,
            received: shared.received.clone(),
            kept: true,
        }))
    }
}

/// A request that waits for a connection.
pub(super) struct Waiting<'a>(&'a Lane);

impl Waiting<'_> {
    /// One came back, or can be shared.
    pub(super) async fn returned(&self) {
        self.0.returned.notified().await;
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Counts a connection as coming back; wakes who waits for one when that is over.
pub(super) struct Returning(Arc<Lane>);

impl Returning {
    pub(super) fn new(lane: Arc<Lane>) -> Self {
        lane.returning.fetch_add(1, Ordering::AcqRel);
        Self(lane)
    }
}

impl Drop for Returning {
    fn drop(&mut self) {
        self.0.returning.fetch_sub(1, Ordering::AcqRel);
        self.0.returned.notify_one();
    }
}
