//! Runs clients in turn, and measures the time, the processor time and the allocations of each.

use std::alloc::System;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use callroute_schema::Event;
use hdrhistogram::Histogram;
use rustix::time::{ClockId, clock_gettime};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

use crate::Failure;
use crate::clients::{KINDS, Kind, Shared, Worker};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const EVENT: &[u8] = br#"{"event":"incoming_call","from":"+14155550123","to":"+13146523057","timestamp":"2026-04-21T14:32:00Z","call_id":"abc123xyz","deadline_ms":1500}"#;

/// The deadline of an ask.
const USUAL: Duration = Duration::from_millis(1500);
/// The same under valgrind, where all takes fifty times as long.
const LONG: Duration = Duration::from_secs(10);

/// Under which conditions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setting {
    /// 1: everything in one thread. 2: the runtime of several threads, with two.
    pub(crate) threads: usize,
    /// Requests under way at once.
    pub(crate) concurrency: usize,
}

/// What one client cost.
pub(crate) struct Measured {
    pub(crate) kind: Kind,
    requests: u64,
    cpu: Duration,
    allocations: u64,
    times: Histogram<u64>,
    /// Processor time for one request in each round, in microseconds.
    rounds: Vec<f64>,
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of a run fit in a float's mantissa"
)]
impl Measured {
    /// Processor time for one request, in microseconds.
    pub(crate) fn cpu_us(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.requests.max(1) as f64
    }

    /// Its processor time beside another's: the median over the rounds, each of which ran the two
    /// within a moment, so that what else the machine does falls out.
    pub(crate) fn cpu_beside(&self, floor: &Self) -> f64 {
        let pairs = self.rounds.iter().zip(&floor.rounds);
        let mut ratios: Vec<f64> = pairs.map(|(ours, theirs)| ours / theirs).collect();
        ratios.sort_by(f64::total_cmp);
        ratios.get(ratios.len() / 2).copied().unwrap_or(f64::NAN)
    }

    /// Time of one request, in microseconds.
    pub(crate) fn quantile_us(&self, quantile: f64) -> f64 {
        self.times.value_at_quantile(quantile) as f64 / 1e3
    }

    pub(crate) fn allocations(&self) -> f64 {
        self.allocations as f64 / self.requests.max(1) as f64
    }
}

impl Setting {
    fn runtime(self) -> Result<Runtime, Failure> {
        let mut builder = match self.threads {
            1 => Builder::new_current_thread(),
            threads => {
                let mut builder = Builder::new_multi_thread();
                builder.worker_threads(threads);
                builder
            }
        };
        Ok(builder.enable_all().build()?)
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of a run fit in a float's mantissa"
)]
/// Measures all clients in turn, round by round, so that what disturbs one disturbs all. Each
/// works on a runtime of its own, with connections that are made before it is measured.
pub(crate) fn measure(
    setting: Setting,
    rounds: u32,
    span: Duration,
    address: SocketAddr,
) -> Result<Vec<Measured>, Failure> {
    let mut all = Vec::new();
    for kind in KINDS {
        let measured = Measured {
            kind,
            requests: 0,
            cpu: Duration::ZERO,
            allocations: 0,
            times: Histogram::new_with_bounds(1, 60_000_000_000, 3)?,
            rounds: Vec::new(),
        };
        let runtime = setting.runtime()?;
        let workers = runtime.block_on(workers(kind, setting, address, USUAL))?;
        all.push((measured, runtime, workers));
    }
    // The first round warms up.
    for round in 0..=rounds {
        // Each has each place in turn: who comes after whom makes a difference.
        all.rotate_left(1);
        for (measured, runtime, workers) in &mut all {
            let allocations = ALLOCATOR.stats().allocations;
            let cpu = cpu_time()?;
            let until = Instant::now() + span;
            let asked = runtime.block_on(work(std::mem::take(workers), move || {
                Instant::now() < until
            }))?;
            let cpu = cpu_time()?.saturating_sub(cpu);
            if round > 0 {
                let requests: usize = asked.iter().map(|(_, times)| times.len()).sum();
                let each = cpu.as_secs_f64() * 1e6 / requests.max(1) as f64;
                measured.rounds.push(each);
                measured.cpu += cpu;
                measured.allocations += (ALLOCATOR.stats().allocations - allocations) as u64;
            }
            for (worker, times) in asked {
                workers.push(worker);
                for time in times.iter().filter(|_| round > 0) {
                    measured.times.record(*time)?;
                    measured.requests += 1;
                }
            }
        }
    }
    let mut all: Vec<Measured> = all.into_iter().map(|(measured, ..)| measured).collect();
    all.sort_by_key(|measured| KINDS.iter().position(|kind| *kind == measured.kind));
    Ok(all)
}

/// Only runs one client for so many requests: for counting its instructions from outside.
pub(crate) fn only(
    kind: Kind,
    setting: Setting,
    requests: u64,
    address: SocketAddr,
) -> Result<(), Failure> {
    let runtime = setting.runtime()?;
    let workers = runtime.block_on(workers(kind, setting, address, LONG))?;
    let left = Arc::new(AtomicU64::new(requests));
    let take = move || {
        let taken = |left: u64| left.checked_sub(1);
        left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, taken)
            .is_ok()
    };
    runtime.block_on(work(workers, take))?;
    Ok(())
}

fn cpu_time() -> Result<Duration, Failure> {
    Ok(Duration::try_from(clock_gettime(ClockId::ProcessCPUTime))?)
}

/// Workers whose connections are made: each asks once, all at the same time.
async fn workers(
    kind: Kind,
    setting: Setting,
    address: SocketAddr,
    deadline: Duration,
) -> Result<Vec<Worker>, Failure> {
    let shared = Shared::new(kind, address, deadline)?;
    let mut workers = Vec::new();
    for _ in 0..setting.concurrency {
        workers.push(shared.worker().await?);
    }
    let asks = Arc::new(AtomicUsize::new(setting.concurrency));
    let once = move || {
        let taken = |left: usize| left.checked_sub(1);
        asks.fetch_update(Ordering::Relaxed, Ordering::Relaxed, taken)
            .is_ok()
    };
    Ok(work(workers, once)
        .await?
        .into_iter()
        .map(|(worker, _)| worker)
        .collect())
}

/// All workers ask, again and again, as long as they shall; the nanoseconds of each request.
async fn work(
    workers: Vec<Worker>,
    go_on: impl Fn() -> bool + Clone + Send + 'static,
) -> Result<Vec<(Worker, Vec<u64>)>, Failure> {
    let event = Arc::new(Event::from_json(EVENT)?);
    let mut tasks = JoinSet::new();
    for mut worker in workers {
        let (event, go_on) = (Arc::clone(&event), go_on.clone());
        tasks.spawn(async move {
            let mut times = Vec::with_capacity(256);
            while go_on() {
                let began = Instant::now();
                worker.ask(&event).await?;
                times.push(u64::try_from(began.elapsed().as_nanos())?);
            }
            Ok::<_, Failure>((worker, times))
        });
    }
    tasks.join_all().await.into_iter().collect()
}
