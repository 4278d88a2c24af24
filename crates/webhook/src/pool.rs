//! Kept connections, by origin: last in, first out.
//!
//! A connection is made only when none is kept, and never beside one that is already being made
//! for the same request. So there are never more connections than requests under way plus those
//! that are kept.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::sync::{Notify, Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep, timeout};

use crate::address::{Network, judge};
use crate::connect::Connection;
use crate::endpoint::Origin;

/// Most bytes of an unwanted body that are read to save the connection.
const MAX_DRAIN: usize = 64 * 1024;
/// How long a used connection may take until it can take the next request.
const RETURN_WITHIN: Duration = Duration::from_secs(2);
/// How long a request waits for a connection that is just coming back, before it makes its own.
const PATIENCE: Duration = Duration::from_millis(2);
/// Origins beyond which those without connections are forgotten.
const MANY_ORIGINS: usize = 64;

/// What a pool may hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Most idle connections of one origin.
    pub(crate) idle: usize,
    /// How long a connection is kept without use.
    pub(crate) idle_for: Duration,
    /// Most connections of one origin that are being made at once.
    pub(crate) dials: usize,
}

/// All kept connections of a client.
#[derive(Debug)]
pub(crate) struct Pool {
    limits: Limits,
    lanes: Mutex<BTreeMap<Arc<Origin>, Arc<Lane>>>,
    reaping: AtomicBool,
}

/// The connections of one origin.
#[derive(Debug)]
pub(crate) struct Lane {
    idle: Mutex<Vec<Idle>>,
    dials: Semaphore,
    returned: Notify,
    returning: AtomicUsize,
}

#[derive(Debug)]
struct Idle {
    connection: Connection,
    since: Instant,
}

/// What a request gets.
pub(crate) enum Slot<'a> {
    /// A kept connection.
    Kept(Connection),
    /// Its turn to make one; the permit is held meanwhile.
    Dial(Option<SemaphorePermit<'a>>),
}

impl Pool {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            lanes: Mutex::new(BTreeMap::new()),
            reaping: AtomicBool::new(false),
        }
    }

    /// The connections of one origin.
    pub(crate) fn lane(&self, origin: &Arc<Origin>) -> Arc<Lane> {
        let mut lanes = lock(&self.lanes);
        if let Some(lane) = lanes.get(origin) {
            return Arc::clone(lane);
        }
        if lanes.len() >= MANY_ORIGINS {
            lanes.retain(|_, lane| Arc::strong_count(lane) > 1 || !lock(&lane.idle).is_empty());
        }
        let lane = Arc::new(Lane {
            idle: Mutex::new(Vec::new()),
            dials: Semaphore::new(self.limits.dials),
            returned: Notify::new(),
            returning: AtomicUsize::new(0),
        });
        lanes.insert(Arc::clone(origin), Arc::clone(&lane));
        lane
    }

    /// A kept connection, or the turn to make one. `fresh`: only the latter.
    pub(crate) async fn take<'a>(
        &self,
        lane: &'a Lane,
        allow: &[Network],
        fresh: bool,
    ) -> Slot<'a> {
        let pop = || lane.pop(self.limits.idle_for, allow);
        if fresh {
            return Slot::Dial(lane.dials.acquire().await.ok());
        }
        if let Some(connection) = pop() {
            return Slot::Kept(connection);
        }
        if lane.returning.load(Ordering::Acquire) > 0 {
            // Either way the look into the pool below decides.
            let _ = timeout(PATIENCE, lane.returned.notified()).await;
        }
        let mut turn = pin!(lane.dials.acquire());
        loop {
            if let Some(connection) = pop() {
                return Slot::Kept(connection);
            }
            tokio::select! {
                biased;
                permit = &mut turn => return Slot::Dial(permit.ok()),
                () = lane.returned.notified() => {}
            }
        }
    }

    /// Takes a used connection back, with what is left of its answer, once it is ready again.
    pub(crate) fn give_back(self: &Arc<Self>, connection: Connection, rest: Option<Incoming>) {
        if connection.sender.is_closed() || self.limits.idle == 0 {
            return;
        }
        let pool = Arc::clone(self);
        let lane = pool.lane(&connection.origin);
        let returning = Returning::new(Arc::clone(&lane));
        tokio::spawn(async move {
            // What is not ready in time is not worth keeping: dropping it closes it.
            let ready = timeout(RETURN_WITHIN, make_ready(connection, rest)).await;
            if let Ok(Some(connection)) = ready {
                pool.put(&lane, connection);
            }
            drop(returning);
        });
    }

    fn put(self: &Arc<Self>, lane: &Lane, mut connection: Connection) {
        connection.kept = true;
        let mut idle = lock(&lane.idle);
        if idle.len() >= self.limits.idle {
            // The one that is nearest to its end.
            idle.remove(0);
        }
        idle.push(Idle {
            connection,
            since: Instant::now(),
        });
        drop(idle);
        if !self.reaping.swap(true, Ordering::AcqRel) {
            tokio::spawn(reap(Arc::downgrade(self), self.limits.idle_for));
        }
    }

    /// Whether connections are coming back just now.
    #[cfg(test)]
    pub(crate) fn is_settling(&self) -> bool {
        lock(&self.lanes)
            .values()
            .any(|lane| lane.returning.load(Ordering::Acquire) > 0)
    }

    /// Drops what is over; whether anything is left.
    fn prune(&self) -> bool {
        let lanes: Vec<Arc<Lane>> = lock(&self.lanes).values().map(Arc::clone).collect();
        let mut left = false;
        for lane in lanes {
            let mut idle = lock(&lane.idle);
            keep_usable(&mut idle, self.limits.idle_for);
            left |= !idle.is_empty();
        }
        left
    }
}

impl Lane {
    /// The newest kept connection whose address this webhook may dial.
    fn pop(&self, idle_for: Duration, allow: &[Network]) -> Option<Connection> {
        let mut idle = lock(&self.idle);
        keep_usable(&mut idle, idle_for);
        let place = idle
            .iter()
            .rposition(|idle| judge(idle.connection.peer, allow).is_ok())?;
        Some(idle.remove(place).connection)
    }
}

/// Counts a connection as coming back; wakes who waits for one when that is over.
struct Returning(Arc<Lane>);

impl Returning {
    fn new(lane: Arc<Lane>) -> Self {
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

/// Reads what is left of an answer, then waits until the connection takes requests again.
async fn make_ready(mut connection: Connection, rest: Option<Incoming>) -> Option<Connection> {
    if let Some(mut rest) = rest {
        let mut read = 0_usize;
        while let Some(frame) = rest.frame().await {
            let bytes = frame.ok()?.into_data().map_or(0, |data| data.len());
            read = read.saturating_add(bytes);
            if read > MAX_DRAIN {
                return None;
            }
        }
    }
    connection.sender.ready().await.ok()?;
    Some(connection)
}

/// Closes connections whose time is over, until none is left or the pool is gone.
async fn reap(pool: Weak<Pool>, idle_for: Duration) {
    /// Lets the next one start, also when this one is cut off with its runtime.
    struct Done(Weak<Pool>);
    impl Drop for Done {
        fn drop(&mut self) {
            if let Some(pool) = self.0.upgrade() {
                pool.reaping.store(false, Ordering::Release);
            }
        }
    }

    let _done = Done(Weak::clone(&pool));
    let pause = (idle_for / 8).max(Duration::from_millis(10));
    loop {
        sleep(pause).await;
        match pool.upgrade() {
            Some(pool) if pool.prune() => {}
            _ => return,
        }
    }
}

fn keep_usable(idle: &mut Vec<Idle>, idle_for: Duration) {
    idle.retain(|idle| !idle.connection.sender.is_closed() && idle.since.elapsed() < idle_for);
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
