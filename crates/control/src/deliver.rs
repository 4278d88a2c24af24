//! Tells a web server what happened: again and again until it takes it, a call's events in order.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use callroute_router::Observer;
use callroute_schema::Event;
use callroute_webhook::{Client, FailureClass};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{interval, sleep, timeout};

use crate::config::WebhookSink;
use crate::outbox::{Outbox, Record};
use crate::queue::{Job, Outlet, Shared, TOGETHER};

/// Most events in memory.
const WINDOW: usize = 1_024;
/// Most bytes of them.
const WINDOW_BYTES: usize = 16 * 1024 * 1024;
/// Most requests under way.
const BESIDE: usize = 32;
/// How long an outbox that cannot be written or read is left alone.
const DISK_PAUSE: Duration = Duration::from_secs(1);
/// How often is looked for what processes left that have ended.
const LOOK: Duration = Duration::from_secs(2);
/// How long a stop waits for the answers to requests under way; what is not answered by then is
/// told again after the next start.
const LAST_ANSWERS: Duration = Duration::from_secs(2);

/// One sink at work.
pub(crate) struct Delivery {
    pub(crate) sink: Arc<WebhookSink>,
    pub(crate) client: Client,
    pub(crate) outbox: Outbox,
    pub(crate) observer: Arc<dyn Observer>,
}

/// How many events are on the disk when the system has put them there.
type Syncs = JoinSet<(u64, io::Result<()>)>;
/// The events of one call that are in memory; the first is being told.
type Waiting = HashMap<Arc<str>, VecDeque<Record>>;

impl Delivery {
    /// Works until no more events will come; what is not taken by then stays in the outbox.
    pub(crate) async fn run(mut self, mut outlet: Outlet) {
        let (over, ends) = watch::channel(false);
        let turns = Turns {
            beside: Arc::new(Semaphore::new(BESIDE)),
            over: ends,
        };
        let mut waiting = Waiting::new();
        let mut tasks = JoinSet::new();
        let (mut syncs, mut written, mut synced) = (Syncs::new(), 0, 0);
        let mut look = interval(LOOK);
        loop {
            self.fill(&mut waiting, &mut tasks, &turns, outlet.shared())
                .await;
            if synced < written && syncs.is_empty() {
                synced = written;
                self.sync(written, &mut syncs);
            }
            tokio::select! {
                biased;
                Some(ended) = tasks.join_next() => {
                    // A task that failed tells its event again after the next start.
                    if let Ok((record, end)) = ended {
                        self.settle(&record, end, outlet.shared());
                        let rest = waiting.get_mut(&record.told.call);
                        if let Some(rest) = rest {
                            rest.pop_front();
                            match rest.front() {
                                Some(next) => {
                                    tasks.spawn(self.tell(next.clone(), &turns));
                                }
                                None => {
                                    waiting.remove(&record.told.call);
                                }
                            }
                        }
                    }
                }
                Some(ended) = syncs.join_next() => match ended {
                    Ok((count, Ok(()))) => outlet.shared().keep(count),
                    Ok((_, Err(error))) => self.warn(&format!("cannot be put on the disk: {error}")),
                    // The runtime ends, and all is put on the disk below.
                    Err(_) => {}
                },
                _ = look.tick() => {
                    self.check("adopt what a process left", Outbox::adopt);
                }
                job = outlet.next() => match job {
                    Some(job) => self.write(job, &mut outlet, &mut written),
                    None => break,
                },
            }
        }
        self.flush(outlet.shared(), written);
        over.send_replace(true);
        let answers = async {
            while let Some(ended) = tasks.join_next().await {
                if let Ok((record, end)) = ended {
                    self.settle(&record, end, outlet.shared());
                }
            }
        };
        // Whoever does not answer in time is asked again, under the same id.
        let _ = timeout(LAST_ANSWERS, answers).await;
    }

    /// Has the system put on the disk what was handed to it, beside the telling.
    fn sync(&mut self, count: u64, syncs: &mut Syncs) {
        if let Some(file) = self.check("write", |outbox| outbox.newest()).flatten() {
            syncs.spawn_blocking(move || {
                let done = file.sync_data();
                if done.is_err() {
                    std::thread::sleep(DISK_PAUSE);
                }
                (count, done)
            });
        }
    }

    /// Puts all so far on the disk; whether it is there.
    fn flush(&mut self, shared: &Shared, written: u64) -> bool {
        let done = self.check("flush", |outbox| outbox.flush(true)).is_some();
        if done {
            shared.keep(written);
        }
        done
    }

    /// Puts what came into the outbox.
    fn write(&mut self, job: Job, outlet: &mut Outlet, written: &mut u64) {
        let mut next = Some(job);
        let mut left = TOGETHER;
        while let Some(job) = next {
            match job {
                Job::Event(told) => {
                    let added = self.check("write", |outbox| outbox.add(&told, now_ms()));
                    match added {
                        Some(true) => *written += 1,
                        Some(false) | None => outlet.shared().lose(),
                    }
                    if added == Some(false) {
                        self.warn("is full: events are lost until its server takes some");
                    }
                }
                Job::Flush(done) => {
                    if self.flush(outlet.shared(), *written) {
                        // Whoever asked may have gone.
                        let _ = done.try_send(());
                    }
                }
            }
            left -= 1;
            next = (left > 0).then(|| outlet.next_now()).flatten();
        }
        self.check("write", |outbox| outbox.flush(false));
    }

    /// Reads as many events as may be in memory, and begins to tell those that are first.
    async fn fill(
        &mut self,
        waiting: &mut Waiting,
        tasks: &mut JoinSet<(Record, End)>,
        turns: &Turns,
        shared: &Shared,
    ) {
        let (mut held, mut bytes) = (0, 0);
        for record in waiting.values().flatten() {
            held += 1;
            bytes += record.told.json.len();
        }
        if held >= WINDOW || bytes >= WINDOW_BYTES {
            return;
        }
        let room = (WINDOW - held, WINDOW_BYTES - bytes);
        let Some(records) = self.check("read", |outbox| outbox.read(room.0, room.1)) else {
            return sleep(DISK_PAUSE).await;
        };
        let damaged = self.outbox.damaged();
        if damaged > 0 {
            (0..damaged).for_each(|_| shared.lose());
            self.warn(&format!(
                "holds {damaged} events that the disk damaged; they are lost"
            ));
        }
        for record in records {
            let queue = waiting.entry(Arc::clone(&record.told.call)).or_default();
            if queue.is_empty() {
                tasks.spawn(self.tell(record.clone(), turns));
            }
            queue.push_back(record);
        }
    }

    /// Tells one event until it is taken, refused or too old.
    fn tell(
        &self,
        record: Record,
        turns: &Turns,
    ) -> impl Future<Output = (Record, End)> + Send + 'static {
        let (sink, client) = (Arc::clone(&self.sink), self.client.clone());
        let mut turns = turns.clone();
        async move {
            let Ok(event) = Event::from_json(record.told.json.as_bytes()) else {
                return (
                    record,
                    End::Refused("it is no event of this version".to_owned()),
                );
            };
            let mut pause = sink.pause;
            loop {
                let age = Duration::from_millis(now_ms().saturating_sub(record.at_ms));
                if age > sink.max_age {
                    return (record, End::TooOld);
                }
                let Some(turn) = turns.next().await else {
                    return (record, End::Left);
                };
                let notified = client.notify(&sink.endpoints, &event, record.told.id).await;
                drop(turn);
                match notified.result {
                    Ok(()) => return (record, End::Taken),
                    Err(failure)
                        if is_final(&notified_status(&notified.attempts), failure.class) =>
                    {
                        return (record, End::Refused(failure.to_string()));
                    }
                    Err(_) if turns.over_within(spread(pause, record.told.id)).await => {
                        return (record, End::Left);
                    }
                    Err(_) => {}
                }
                pause = pause.saturating_mul(2).min(sink.max_pause);
            }
        }
    }

    fn settle(&mut self, record: &Record, end: End, shared: &Shared) {
        match end {
            End::Left => return,
            End::Taken => {}
            End::TooOld => {
                shared.lose();
                self.warn("holds events that are too old; they are not told any more");
            }
            End::Refused(why) => {
                shared.lose();
                self.warn(&format!("holds an event that its server refuses: {why}"));
            }
        }
        self.check("write", |outbox| outbox.take(record.place));
    }

    fn check<T>(
        &mut self,
        deed: &str,
        work: impl FnOnce(&mut Outbox) -> io::Result<T>,
    ) -> Option<T> {
        match work(&mut self.outbox) {
            Ok(done) => Some(done),
            Err(error) => {
                self.warn(&format!("cannot {deed}: {error}"));
                None
            }
        }
    }

    fn warn(&self, what: &str) {
        let path = self.sink.outbox.display();
        self.observer.warning(&format!("the outbox {path} {what}"));
    }
}

/// How the telling of one event ended.
pub(crate) enum End {
    Taken,
    TooOld,
    Refused(String),
    /// It stays in the outbox: the process stops.
    Left,
}

/// Who may ask a server now.
#[derive(Clone)]
struct Turns {
    beside: Arc<Semaphore>,
    /// Whether nobody may any more.
    over: watch::Receiver<bool>,
}

impl Turns {
    /// Waits for a turn. `None`: there are no more.
    async fn next(&mut self) -> Option<OwnedSemaphorePermit> {
        let beside = Arc::clone(&self.beside);
        tokio::select! {
            biased;
            _ = self.over.wait_for(|over| *over) => None,
            turn = beside.acquire_owned() => turn.ok(),
        }
    }

    /// Waits so long; whether all was over before.
    async fn over_within(&mut self, pause: Duration) -> bool {
        timeout(pause, self.over.wait_for(|over| *over))
            .await
            .is_ok()
    }
}

type Status = Option<u16>;

fn notified_status(attempts: &[callroute_webhook::Attempt]) -> Status {
    attempts.iter().rev().find_map(|attempt| attempt.status)
}

/// Whether telling it again would be in vain: the server says that the event itself is at fault.
fn is_final(status: &Status, class: FailureClass) -> bool {
    class == FailureClass::Status4xx && matches!(status, Some(400 | 413 | 415 | 422))
}

/// Four to six fifths of a pause, so that many do not come at once.
fn spread(pause: Duration, id: u128) -> Duration {
    let part = u32::try_from(id % 401).unwrap_or(200);
    (pause / 1000).saturating_mul(800 + part)
}

fn now_ms() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
