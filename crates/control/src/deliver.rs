//! Tells a web server what happened: again and again until it takes it, a call's events in order.

mod calls;
mod complaints;
mod telling;
mod trouble;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use callroute_router::Observer;
use callroute_webhook::Client;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinSet, yield_now};
use tokio::time::{Instant, interval, sleep, sleep_until, timeout};

use crate::config::WebhookSink;
use crate::deliver::calls::{Calls, Key};
use crate::deliver::complaints::{Complaints, Matter};
use crate::deliver::telling::{End, is_long, now_ms, said, shortened, spread, told};
use crate::deliver::trouble::Trouble;
use crate::outbox::{Loaded, Outbox, Place, Record};
use crate::queue::{Job, Outlet, Shared, TOGETHER, Told};

/// Most calls that are known before their first event is tried.
const UNTRIED: usize = 1_024;
/// Most requests under way.
const BESIDE: usize = 32;
/// Most of them at which the server failed before: it may be slow to fail, and others do not wait
/// for that.
const AGAIN: usize = 16;
/// How long an outbox that cannot be written or read is left alone.
const DISK_PAUSE: Duration = Duration::from_secs(1);
/// How often is looked for what processes left that have ended, and tried to read what could not
/// be.
const LOOK: Duration = Duration::from_secs(2);
/// How long a stop waits for the answers to requests under way; what is not answered by then is
/// told again after the next start.
const LAST_ANSWERS: Duration = Duration::from_secs(2);

/// One sink at work.
pub(crate) struct Delivery {
    sink: Arc<WebhookSink>,
    client: Client,
    outbox: Outbox,
    observer: Arc<dyn Observer>,
    calls: Calls,
    trouble: Trouble,
    complaints: Complaints,
    tasks: Tasks,
    /// Who may ask now.
    beside: Arc<Semaphore>,
    again: Arc<Semaphore>,
    /// Until then nothing is read: the disk failed.
    rests: Instant,
    /// Whether it was possible last time to look for what processes left.
    adopts: bool,
}

/// How many events are on the disk when the system has put them there.
type Syncs = JoinSet<(u64, io::Result<()>)>;
/// Requests under way: whose event, which, and how it ended.
type Tasks = JoinSet<(Key, Record, End)>;

impl Delivery {
    pub(crate) fn new(
        sink: WebhookSink,
        client: Client,
        outbox: Outbox,
        observer: Arc<dyn Observer>,
    ) -> Self {
        Self {
            sink: Arc::new(sink),
            client,
            outbox,
            observer,
            calls: Calls::default(),
            trouble: Trouble::default(),
            complaints: Complaints::default(),
            tasks: Tasks::new(),
            beside: Arc::new(Semaphore::new(BESIDE)),
            again: Arc::new(Semaphore::new(AGAIN)),
            rests: Instant::now(),
            adopts: true,
        }
    }

    /// Works until no more events will come; what is not taken by then stays in the outbox.
    pub(crate) async fn run(mut self, mut outlet: Outlet) {
        let (mut syncs, mut written, mut synced) = (Syncs::new(), 0, 0);
        let mut look = interval(LOOK);
        loop {
            let more = self.fill(outlet.shared()).await;
            let due = self.begin(outlet.shared());
            if synced < written && syncs.is_empty() {
                synced = written;
                self.sync(written, &mut syncs);
            }
            tokio::select! {
                biased;
                Some(ended) = self.tasks.join_next() => {
                    // A task that failed tells its event again after the next start.
                    if let Ok((key, record, end)) = ended {
                        self.settle(key, &record, end, outlet.shared());
                    }
                }
                Some(ended) = syncs.join_next() => match ended {
                    Ok((count, Ok(()))) => {
                        outlet.shared().keep(count);
                        self.over(Matter::Sync);
                    }
                    Ok((_, Err(error))) => self.complain(Matter::Sync, 1, &error.to_string()),
                    // The runtime ends, and all is put on the disk below.
                    Err(_) => {}
                },
                _ = look.tick() => self.adopt(),
                job = outlet.next() => match job {
                    Some(job) => self.write(job, &mut outlet, &mut written),
                    None => break,
                },
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {}
                () = yield_now(), if more => {}
            }
        }
        self.flush(outlet.shared(), written);
        let answers = async {
            while let Some(ended) = self.tasks.join_next().await {
                if let Ok((key, record, end)) = ended {
                    self.settle(key, &record, end, outlet.shared());
                }
            }
        };
        // Whoever does not answer in time is asked again, under the same id.
        let _ = timeout(LAST_ANSWERS, answers).await;
        for text in self.complaints.rest() {
            self.warn(&text);
        }
    }

    /// Looks for what processes left that have ended.
    fn adopt(&mut self) {
        let adopted = self.outbox.adopt();
        if let Err(error) = &adopted
            && self.adopts
        {
            self.warn(&format!("cannot adopt what a process left: {error}"));
        }
        self.adopts = adopted.is_ok();
        for file in self.outbox.set_aside() {
            self.warn(&format!("holds {file}"));
        }
    }

    /// Has the system put on the disk what was handed to it, beside the telling.
    fn sync(&mut self, count: u64, syncs: &mut Syncs) {
        if let Some(file) = self
            .check(Matter::Write, |outbox| outbox.newest())
            .flatten()
        {
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
        let done = self
            .check(Matter::Write, |outbox| outbox.flush(true))
            .is_some();
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
                    let told = self.short(told);
                    let added = self.check(Matter::Write, |outbox| outbox.add(&told, now_ms()));
                    match added {
                        Some(true) => {
                            *written += 1;
                            self.over(Matter::Full);
                        }
                        Some(false) | None => outlet.shared().lose(),
                    }
                    if added == Some(false) {
                        self.complain(Matter::Full, 1, "");
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
        if (self.check(Matter::Write, |outbox| outbox.flush(false))).is_some() {
            self.over(Matter::Write);
        }
    }

    /// An event that is too long is told without its attributes: that it happened is told in any
    /// case.
    fn short(&mut self, told: Told) -> Told {
        if !is_long(&told) {
            return told;
        }
        self.complain(Matter::Long, 1, &format!("call {}", told.call));
        shortened(&told).unwrap_or(told)
    }

    /// Reads whose events are next; whether there may be more to read.
    async fn fill(&mut self, shared: &Shared) -> bool {
        let room = UNTRIED.saturating_sub(self.calls.untried());
        let Some(found) = self.check(Matter::Read, |outbox| outbox.read(room)) else {
            sleep(DISK_PAUSE).await;
            return true;
        };
        if !found.is_empty() {
            self.over(Matter::Read);
        }
        self.damaged(shared);
        let more = found.len() == room && room > 0;
        for (call, place) in found {
            self.calls.add(&call, place);
        }
        more
    }

    /// Tells as many events as may be told beside each other; when a call that failed is due, if
    /// there will be room for it then.
    fn begin(&mut self, shared: &Shared) -> Option<Instant> {
        loop {
            let now = Instant::now();
            if now < self.rests {
                return Some(self.rests);
            }
            let Ok(turn) = Arc::clone(&self.beside).try_acquire_owned() else {
                return None;
            };
            let again = Arc::clone(&self.again).try_acquire_owned().ok();
            let due = again.and_then(|turn| Some((self.calls.again(now)?, turn)));
            let ((key, place), again) = match due {
                Some((first, turn)) => (first, Some(turn)),
                None => match self.calls.fresh() {
                    Some(first) => (first, None),
                    None => break,
                },
            };
            if let Some(record) = self.load(key, place, shared) {
                self.tell(key, record, (turn, again));
            }
        }
        let room = self.again.available_permits() > 0;
        self.calls.due().filter(|_| room)
    }

    fn load(&mut self, key: Key, place: Place, shared: &Shared) -> Option<Record> {
        match self.check(Matter::Read, |outbox| outbox.load(place)) {
            Some(Loaded::Event(record)) => return Some(record),
            Some(Loaded::Damaged) => {
                self.damaged(shared);
                self.calls.over(key);
            }
            Some(Loaded::Later) => self.calls.put_off(key, Instant::now() + LOOK),
            None => {
                self.rests = Instant::now() + DISK_PAUSE;
                self.calls.put_off(key, self.rests);
            }
        }
        None
    }

    /// Tells one event once.
    fn tell(&mut self, key: Key, record: Record, turns: Turns) {
        let (sink, client) = (Arc::clone(&self.sink), self.client.clone());
        self.tasks.spawn(async move {
            let end = told(&sink, &client, &record).await;
            drop(turns);
            (key, record, end)
        });
    }

    fn settle(&mut self, key: Key, record: &Record, end: End, shared: &Shared) {
        let (failures, taken) = (self.calls.failures(key), matches!(end, End::Taken));
        match end {
            End::Taken => self.over(Matter::Refused),
            End::Failed(failure) => {
                let now = Instant::now();
                self.calls.failed(key, now + self.pause(failures, record));
                if let Some(calls) = self.trouble.failed(failures.saturating_add(1), now) {
                    let why = said(&failure);
                    self.warn(&format!(
                        "cannot tell its server the events of {calls} calls so far: {why}"
                    ));
                }
                return;
            }
            End::TooOld => {
                shared.lose();
                self.complain(Matter::Old, 1, "");
            }
            End::Refused(why) => {
                shared.lose();
                self.complain(Matter::Refused, 1, &why);
            }
        }
        self.check(Matter::Write, |outbox| outbox.take(record.place));
        self.calls.over(key);
        if self.trouble.over(failures, taken) {
            self.warn("tells its server all events again");
        }
    }

    /// How long an event is left alone that has failed once more than so often.
    fn pause(&self, failures: u32, record: &Record) -> Duration {
        let pause = self.sink.pause.saturating_mul(1 << failures.min(31));
        spread(pause.min(self.sink.max_pause), record.told.id)
    }

    /// Says how many events the disk damaged.
    fn damaged(&mut self, shared: &Shared) {
        let damaged = self.outbox.damaged();
        if damaged > 0 {
            (0..damaged).for_each(|_| shared.lose());
            self.complain(Matter::Damaged, damaged, "");
        }
    }

    fn check<T>(
        &mut self,
        matter: Matter,
        work: impl FnOnce(&mut Outbox) -> io::Result<T>,
    ) -> Option<T> {
        match work(&mut self.outbox) {
            Ok(done) => Some(done),
            Err(error) => {
                self.complain(matter, 1, &error.to_string());
                None
            }
        }
    }

    /// Something went wrong so many times more.
    fn complain(&mut self, matter: Matter, times: u64, why: &str) {
        let now = Instant::now().into_std();
        if let Some(text) = self.complaints.more(matter, times, why, now) {
            self.warn(&text);
        }
    }

    /// Something no longer goes wrong.
    fn over(&mut self, matter: Matter) {
        if let Some(text) = self.complaints.over(matter) {
            self.warn(&text);
        }
    }

    fn warn(&self, what: &str) {
        let path = self.sink.outbox.display();
        self.observer.warning(&format!("the outbox {path} {what}"));
    }
}

/// The places of a request among those under way.
type Turns = (OwnedSemaphorePermit, Option<OwnedSemaphorePermit>);
