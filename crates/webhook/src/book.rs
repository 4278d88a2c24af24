//! What a client knows about endpoints: shared by all its asks, so that one learns from another.

#![cfg(feature = "client")]

mod budget;
pub(crate) mod health;
mod latency;
mod lateness;

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::book::budget::Budget;
use crate::book::health::{Health, Ticket, Verdict, Watch};
use crate::book::latency::Latency;
use crate::book::lateness::Lateness;

/// Endpoints beyond which those that nobody uses and that are healthy are forgotten.
const MANY: usize = 4096;

/// All endpoints that a client has asked.
#[derive(Debug)]
pub(crate) struct Book {
    common: Arc<Common>,
    records: Mutex<BTreeMap<Arc<str>, Arc<Record>>>,
}

/// What concerns all endpoints.
#[derive(Debug)]
struct Common {
    /// The moment from which times count: the first use.
    epoch: OnceLock<Instant>,
    lateness: Lateness,
    chance: AtomicU64,
    /// Hedge delay of endpoints that are not known yet.
    hedge: Duration,
}

/// One endpoint.
#[derive(Debug)]
pub(crate) struct Record {
    /// Here as well, so that who has one need not hold the other.
    common: Arc<Common>,
    key: Arc<str>,
    standing: Mutex<Standing>,
}

#[derive(Debug)]
struct Standing {
    watch: Watch,
    budget: Budget,
    latency: Latency,
}

impl Book {
    /// `seed` of the chance that spreads rests and pauses; `None`: any.
    pub(crate) fn new(hedge: Duration, seed: Option<u64>) -> Self {
        let seed = seed.unwrap_or_else(|| RandomState::new().hash_one(0));
        Self {
            common: Arc::new(Common {
                epoch: OnceLock::new(),
                lateness: Lateness::default(),
                chance: AtomicU64::new(seed),
                hedge,
            }),
            records: Mutex::default(),
        }
    }

    /// Time since the first use.
    pub(crate) fn now(&self) -> Duration {
        self.common.now()
    }

    /// What is known of the endpoint with this key.
    pub(crate) fn record(&self, key: &Arc<str>) -> Arc<Record> {
        let mut records = lock(&self.records);
        if let Some(record) = records.get(key) {
            return Arc::clone(record);
        }
        if records.len() >= MANY {
            records.retain(|_, record| {
                Arc::strong_count(record) > 1 || record.health() != Health::Healthy
            });
            // So many that rest: rather forget one than grow for ever.
            if records.len() >= MANY {
                records.pop_first();
            }
        }
        let record = Arc::new(Record {
            common: Arc::clone(&self.common),
            key: Arc::clone(key),
            standing: Mutex::new(Standing {
                watch: Watch::new(),
                budget: Budget::new(self.now()),
                latency: Latency::default(),
            }),
        });
        records.insert(Arc::clone(key), Arc::clone(&record));
        record
    }

    pub(crate) fn health(&self, key: &Arc<str>) -> Health {
        let record = lock(&self.records).get(key).map(Arc::clone);
        record.map_or(Health::Healthy, |record| record.health())
    }

    /// A timer that was due this long ago went off; whether our own runtime is late.
    pub(crate) fn on_wake(&self, overdue: Duration) -> bool {
        let now = self.now();
        let lateness = &self.common.lateness;
        lateness.on_wake(now.saturating_sub(overdue), now)
    }

    /// Any number; the same ones in the same order for the same seed.
    pub(crate) fn chance(&self) -> u64 {
        self.common.chance()
    }
}

impl Common {
    fn now(&self) -> Duration {
        self.at(Instant::now())
    }

    /// The time of a moment that is known.
    fn at(&self, now: Instant) -> Duration {
        let epoch = self.epoch.get_or_init(|| now);
        now.saturating_duration_since(*epoch)
    }

    /// SplitMix64.
    fn chance(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut mixed = self.chance.fetch_add(STEP, Ordering::Relaxed);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

impl Record {
    fn health(&self) -> Health {
        lock(&self.standing).watch.health()
    }
}

/// How a request comes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// The first of this ask to this endpoint, which pays into the budget for second ones; a
    /// resting endpoint is left alone.
    First,
    /// One that was paid for, or that asks nothing; a resting endpoint is left alone.
    Usual,
    /// Nobody else is left, so that a resting one is asked as well.
    Anyway,
}

/// An endpoint began to rest, and how long.
#[derive(Debug)]
pub(crate) struct Knock {
    pub(crate) key: Arc<str>,
    pub(crate) rest: Duration,
}

/// One request's stake in its endpoint's record. Dropping it says nothing: whoever asked is gone.
#[derive(Debug)]
pub(crate) struct Trial {
    record: Arc<Record>,
    ticket: Ticket,
    began: Duration,
    hedge: Duration,
    doubt: Option<Duration>,
    open: bool,
}

impl Trial {
    /// Leave to ask this endpoint, or how long it still rests.
    pub(crate) fn begin(
        book: &Arc<Book>,
        key: &Arc<str>,
        how: Use,
        now: Instant,
    ) -> Result<Self, Duration> {
        Self::open(book.record(key), how, now)
    }

    /// The same for an endpoint whose record is at hand.
    pub(crate) fn open(record: Arc<Record>, how: Use, now: Instant) -> Result<Self, Duration> {
        let now = record.common.at(now);
        let (ticket, hedge, doubt) = {
            let mut standing = lock(&record.standing);
            let ticket = match how {
                Use::First | Use::Usual => standing.watch.admit(now)?,
                Use::Anyway => standing.watch.insist(now),
            };
            if how == Use::First {
                standing.budget.earn(now);
            }
            let latency = &standing.latency;
            (ticket, latency.hedge(record.common.hedge), latency.doubt())
        };
        Ok(Self {
            record,
            ticket,
            began: now,
            hedge,
            doubt,
            open: true,
        })
    }

    /// Whether it decides if a rest is over.
    pub(crate) fn is_probe(&self) -> bool {
        self.ticket.probe
    }

    /// Counts as slow beyond this, however little time an ask has; the next endpoint may be asked
    /// beside this one.
    pub(crate) fn hedge(&self) -> Duration {
        self.hedge
    }

    /// Beyond this, a kept connection that is silent is in doubt; `None`: not known yet.
    pub(crate) fn doubt(&self) -> Option<Duration> {
        self.doubt
    }

    /// The request ended by itself, so long after it began; how long its endpoint rests, if it
    /// just began to.
    pub(crate) fn settle(&mut self, verdict: Verdict, took: Duration) -> Option<Knock> {
        let now = self.began.saturating_add(took);
        let took = (verdict == Verdict::Alive).then_some(took);
        let rest = self.close(verdict, took, now)?;
        Some(Knock {
            key: Arc::clone(&self.record.key),
            rest,
        })
    }

    /// A connection came about again; nothing was asked.
    pub(crate) fn came_back(mut self) {
        let now = self.record.common.now();
        self.close(Verdict::Alive, None, now);
    }

    /// The client gave the request up, since another URL answered or time is up. Not so when its
    /// caller hung up: that says nothing about the endpoint, however long it took.
    #[cold]
    pub(crate) fn give_up(&mut self) {
        if !self.open {
            return;
        }
        let now = self.record.common.now();
        let waited = now.saturating_sub(self.began);
        if waited >= self.hedge && !self.record.common.lateness.is_late(now) {
            // Otherwise a server that is merely slow would never rest.
            self.close(Verdict::Failed, Some(waited), now);
        } else {
            self.close(Verdict::Nothing, None, now);
        }
    }

    fn close(
        &mut self,
        verdict: Verdict,
        took: Option<Duration>,
        now: Duration,
    ) -> Option<Duration> {
        self.open = false;
        let common = &self.record.common;
        let late = common.lateness.is_late(now);
        let mut standing = lock(&self.record.standing);
        let was = standing.watch.health();
        let chance = || common.chance();
        standing.watch.settle(self.ticket, verdict, now, chance);
        // Slowness of our own says nothing about the endpoint.
        if let Some(took) = took.filter(|_| !late) {
            standing.latency.add(took);
        }
        let rests = was != Health::Resting && standing.watch.health() == Health::Resting;
        rests.then(|| standing.watch.rest_left(now))
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        if self.open {
            let now = self.record.common.now();
            self.close(Verdict::Nothing, None, now);
        }
    }
}

/// Pays for another use of an endpoint by the same ask; not for one that rests.
pub(crate) fn pay(book: &Book, key: &Arc<str>) -> bool {
    let record = book.record(key);
    let now = book.now();
    let mut standing = lock(&record.standing);
    standing.watch.health() == Health::Healthy && standing.budget.spend(now)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
