//! Kept connections, by origin: last in, first out.
//!
//! A connection is made only when none is kept, and never beside one that is already being made
//! for the same request. So there are never more connections than requests under way plus those
//! that are kept.

pub(crate) mod lane;

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use callroute_schema::Network;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::sync::{Notify, SemaphorePermit};
use tokio::time::{Instant, sleep, timeout};

use crate::endpoint::Origin;
use crate::net::connect::{Connection, Sender};
use crate::net::crowd::Crowds;
use crate::net::pool::lane::{Found, Lane, Returning};

/// Most bytes of an unwanted body that are read to save the connection.
const MAX_DRAIN: usize = 64 * 1024;
/// How long a used connection may take until it can take the next request.
const RETURN_WITHIN: Duration = Duration::from_secs(2);
/// How long a request waits for a connection that is just coming back, before it takes another.
const PATIENCE: Duration = Duration::from_millis(2);
/// How long connections that their servers closed are gathered.
const MOMENT: Duration = Duration::from_millis(10);
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
    pub(crate) connecting: usize,
}

/// All kept connections of a client.
#[derive(Debug)]
pub(crate) struct Pool {
    limits: Limits,
    lanes: Mutex<BTreeMap<Arc<Origin>, Arc<Lane>>>,
    reaping: AtomicBool,
    /// Wakes the reaper.
    keeper: Arc<Notify>,
    pub(crate) crowds: Crowds,
}

/// What a request gets.
pub(crate) enum Slot<'a> {
    /// A kept connection.
    Kept(Box<Connection>),
    /// Its turn to make one; the permit is held meanwhile.
    Dial(Option<SemaphorePermit<'a>>),
}

impl Pool {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            lanes: Mutex::new(BTreeMap::new()),
            reaping: AtomicBool::new(false),
            keeper: Arc::default(),
            crowds: Crowds::default(),
        }
    }

    /// The connections of one origin.
    pub(crate) fn lane(&self, origin: &Arc<Origin>) -> Arc<Lane> {
        let mut lanes = lock(&self.lanes);
        if let Some(lane) = lanes.get(origin) {
            return Arc::clone(lane);
        }
        if lanes.len() >= MANY_ORIGINS {
            lanes.retain(|_, lane| Arc::strong_count(lane) > 1 || lane.is_used());
        }
        let lane = Arc::new(Lane::new(self.limits, Arc::clone(&self.keeper)));
        lanes.insert(Arc::clone(origin), Arc::clone(&lane));
        lane
    }

    /// A kept connection, or the turn to make one. `fresh`: only the latter. `found`: what a first
    /// look has found.
    pub(crate) async fn take<'a>(
        &self,
        lane: &'a Lane,
        allow: &[Network],
        fresh: bool,
        now: Instant,
        found: Found,
    ) -> Slot<'a> {
        if fresh {
            return Slot::Dial(lane.connecting.acquire().await.ok());
        }
        if let Some(connection) = Self::ready(lane, allow, now, found).await {
            return Slot::Kept(connection);
        }
        let waiting = lane.wait();
        if lane.is_awaited() {
            // Either way the look into the pool below decides.
            let _ = timeout(PATIENCE, waiting.returned()).await;
        }
        let mut turn = pin!(lane.connecting.acquire());
        loop {
            let found = lane.take(allow, now);
            if let Some(connection) = Self::ready(lane, allow, now, found).await {
                return Slot::Kept(connection);
            }
            tokio::select! {
                biased;
                permit = &mut turn => return Slot::Dial(permit.ok()),
                () = waiting.returned() => {}
            }
        }
    }

    /// A kept connection that takes a request now.
    async fn ready(
        lane: &Lane,
        allow: &[Network],
        now: Instant,
        mut found: Found,
    ) -> Option<Box<Connection>> {
        loop {
            match found {
                Found::Ready(connection) => return Some(connection),
                Found::Nothing => return None,
                Found::Soon(mut connection) => {
                    if let Sender::One(link) = &mut connection.sender
                        && let Ok(true) = timeout(PATIENCE, link.ready()).await
                    {
                        return Some(connection);
                    }
                }
            }
            found = lane.take(allow, now);
        }
    }

    /// Takes a used connection back. With what is left of its answer, once that is read.
    pub(crate) fn give_back(
        self: &Arc<Self>,
        lane: &Arc<Lane>,
        mut connection: Box<Connection>,
        rest: Option<Incoming>,
        now: Instant,
    ) {
        if connection.sender.look() || self.limits.idle == 0 {
            return;
        }
        if matches!(connection.sender, Sender::Many(..)) {
            // It never left. Dropping what is left of the answer ends that stream only.
            return;
        }
        let Some(rest) = rest else {
            self.put(lane, connection, now);
            return;
        };
        let (pool, lane) = (Arc::clone(self), Arc::clone(lane));
        let returning = Returning::new(Arc::clone(&lane));
        tokio::spawn(async move {
            // What is not ready in time is not worth keeping: dropping it closes it.
            let ready = timeout(RETURN_WITHIN, make_ready(connection, rest)).await;
            if let Ok(Some(connection)) = ready {
                pool.put(&lane, connection, Instant::now());
            }
            drop(returning);
        });
    }

    /// Lets others use a new HTTP/2 connection as well.
    pub(crate) fn share(self: &Arc<Self>, lane: &Lane, connection: &Connection) {
        if self.limits.idle > 0 && lane.share(connection) {
            self.reap_later();
        }
    }

    fn put(self: &Arc<Self>, lane: &Lane, connection: Box<Connection>, now: Instant) {
        lane.push(connection, now);
        self.reap_later();
    }

    fn reap_later(self: &Arc<Self>) {
        // Looked at first, since writing it would take it from all other threads each time.
        if !self.reaping.load(Ordering::Acquire) && !self.reaping.swap(true, Ordering::AcqRel) {
            let keeper = Arc::clone(&self.keeper);
            tokio::spawn(reap(Arc::downgrade(self), keeper, self.limits.idle_for));
        }
    }

    /// Whether connections are coming back just now.
    #[cfg(test)]
    pub(crate) fn is_settling(&self) -> bool {
        lock(&self.lanes).values().any(|lane| lane.is_awaited())
    }

    /// Drops what is over; whether anything is left.
    fn prune(&self) -> bool {
        let lanes: Vec<Arc<Lane>> = lock(&self.lanes).values().map(Arc::clone).collect();
        let mut left = false;
        for lane in lanes {
            lane.prune();
            left |= lane.is_used();
        }
        left
    }
}

/// Reads what is left of an answer, then waits until the connection takes requests again.
async fn make_ready(
    mut connection: Box<Connection>,
    mut rest: Incoming,
) -> Option<Box<Connection>> {
    let read_all = async {
        let mut read = 0_usize;
        while let Some(frame) = rest.frame().await {
            let bytes = frame.ok()?.into_data().map_or(0, |data| data.len());
            read = read.saturating_add(bytes);
            if read > MAX_DRAIN {
                return None;
            }
        }
        Some(())
    };
    let Sender::One(link) = &mut connection.sender else {
        // One that is shared never left.
        return None;
    };
    link.motor().run(pin!(read_all)).await?;
    link.ready().await.then_some(connection)
}

/// Closes connections whose time is over, and those that their servers closed, until none is left or the pool is gone.
async fn reap(pool: Weak<Pool>, keeper: Arc<Notify>, idle_for: Duration) {
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
        if timeout(pause, keeper.notified()).await.is_ok() {
            // One that a server closes is seldom alone.
            sleep(MOMENT).await;
        }
        match pool.upgrade() {
            Some(pool) if pool.prune() => {}
            _ => return,
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
