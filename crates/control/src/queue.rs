//! Between a call's task and a sink's thread: bounded, and never waited for.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::SyncSender;

use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Most events that wait.
const MANY: usize = 8_192;
/// Most jobs that are done together.
pub(crate) const TOGETHER: usize = 1_024;
/// Most bytes of them.
const MANY_BYTES: usize = 16 * 1024 * 1024;

/// One event on its way.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    /// The event's own id.
    pub(crate) id: u128,
    /// The call that it belongs to.
    pub(crate) call: Arc<str>,
    /// The event as JSON.
    pub(crate) json: Arc<str>,
}

/// What waits for a sink.
#[derive(Debug)]
pub(crate) enum Job {
    Event(Told),
    /// All that came before is to be on the disk; then this is told.
    Flush(SyncSender<()>),
}

/// The end that events go into.
#[derive(Debug, Clone)]
pub(crate) struct Inlet {
    jobs: Sender<Job>,
    shared: Arc<Shared>,
}

/// The end that they come out of.
#[derive(Debug)]
pub(crate) struct Outlet {
    jobs: Receiver<Job>,
    shared: Arc<Shared>,
}

/// What both ends count.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    bytes: AtomicUsize,
    lost: AtomicU64,
    kept: AtomicU64,
}

impl Shared {
    /// So many events are on the disk.
    pub(crate) fn keep(&self, count: u64) {
        self.kept.fetch_max(count, Ordering::AcqRel);
    }

    pub(crate) fn lose(&self) {
        self.lost.fetch_add(1, Ordering::AcqRel);
    }
}

pub(crate) fn queue() -> (Inlet, Outlet) {
    let (inlet, outlet) = channel(MANY);
    let shared = Arc::new(Shared::default());
    let inlet = Inlet {
        jobs: inlet,
        shared: Arc::clone(&shared),
    };
    let outlet = Outlet {
        jobs: outlet,
        shared,
    };
    (inlet, outlet)
}

impl Inlet {
    /// Puts an event in; whether there was room.
    pub(crate) fn put(&self, told: Told) -> bool {
        let size = told.json.len();
        let before = self.shared.bytes.fetch_add(size, Ordering::AcqRel);
        let fits = before.saturating_add(size) <= MANY_BYTES;
        if fits && self.jobs.try_send(Job::Event(told)).is_ok() {
            return true;
        }
        self.shared.bytes.fetch_sub(size, Ordering::AcqRel);
        self.shared.lose();
        false
    }

    /// Asks that all that came before be put on the disk; whether there was room to ask.
    pub(crate) fn flush(&self, done: SyncSender<()>) -> bool {
        self.jobs.try_send(Job::Flush(done)).is_ok()
    }

    /// Events that were lost.
    pub(crate) fn lost(&self) -> u64 {
        self.shared.lost.load(Ordering::Acquire)
    }

    /// Events that are on the disk.
    pub(crate) fn kept(&self) -> u64 {
        self.shared.kept.load(Ordering::Acquire)
    }
}

impl Outlet {
    /// The next job. `None`: no more will come.
    pub(crate) async fn next(&mut self) -> Option<Job> {
        let job = self.jobs.recv().await?;
        Some(self.count(job))
    }

    /// The next job, if there is one now.
    pub(crate) fn next_now(&mut self) -> Option<Job> {
        let job = self.jobs.try_recv().ok()?;
        Some(self.count(job))
    }

    /// The next job, in a thread that has nothing else to do.
    pub(crate) fn wait(&mut self) -> Option<Job> {
        let job = self.jobs.blocking_recv()?;
        Some(self.count(job))
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    fn count(&self, job: Job) -> Job {
        if let Job::Event(told) = &job {
            self.shared
                .bytes
                .fetch_sub(told.json.len(), Ordering::AcqRel);
        }
        job
    }
}

#[cfg(test)]
mod tests {
    use super::{MANY, MANY_BYTES, Told, queue};

    fn told(json: &str) -> Told {
        Told {
            id: 1,
            call: "c".into(),
            json: json.into(),
        }
    }

    #[test]
    fn a_full_queue_loses_what_comes_and_counts_it() {
        let (inlet, mut outlet) = queue();
        for _ in 0..MANY + 10 {
            inlet.put(told("{}"));
        }
        assert_eq!(inlet.lost(), 10);
        assert!(outlet.wait().is_some());
        assert!(inlet.put(told("{}")));

        let (inlet, mut outlet) = queue();
        let half = "x".repeat(MANY_BYTES / 2);
        assert!(inlet.put(told(&half)) && inlet.put(told(&half)));
        assert!(!inlet.put(told("{}")), "no more bytes");
        assert!(outlet.next_now().is_some());
        assert!(inlet.put(told("{}")));
        assert_eq!(inlet.lost(), 1);
    }
}
