//! Watches a router and hands its events to sinks.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use callroute_router::{MessagesWaiting, Observer};
use callroute_schema::{CallId, CallRecord, Event};
use callroute_session::Note;
use callroute_webhook::{Client, ClientConfig};
use ulid::Ulid;

use crate::config::{LinesSink, Sink, StatusCallbackError, WebhookSink};
use crate::deliver::Delivery;
use crate::lines::Lines;
use crate::outbox::Outbox;
use crate::queue::{Inlet, Job, Outlet, TOGETHER, Told, queue};

/// How often a full queue is said again.
const SAY_AGAIN: u64 = 1_000;

/// Watches a router, tells its events to sinks, and passes all on to another watcher.
///
/// A call's task only puts its events into memory, and waits for nothing. A thread of each sink
/// takes them from there to the disk: it hands all that came over to the system at once, and has
/// the system put it on the disk (`fdatasync`) as often as the disk can, each time all that came
/// meanwhile. What is on the disk, counted by [`kept`](Self::kept), is told at least once, a
/// call's events in order, whatever happens to the process or to the machine. When the process is
/// killed, what was still in memory is lost: what came within the last instants. Several processes
/// may share an outbox, as when one starts while another drains: each tells its own events, and those
/// that a process left which has ended. Dropping this
/// puts all that came on the disk, waits up to 2 s for the answers to requests under way, and ends
/// its threads: a stop in good order loses nothing, and tells nothing again that was taken.
#[derive(Debug)]
pub struct StatusCallbacks {
    sinks: Vec<Running>,
    next: Arc<dyn Observer>,
}

#[derive(Debug)]
struct Running {
    name: String,
    inlet: Option<Inlet>,
    thread: Option<JoinHandle<()>>,
}

impl StatusCallbacks {
    /// Starts a thread for each sink. `client` says how web servers are asked; `next` watches as
    /// before, and is told of what goes wrong here.
    ///
    /// # Errors
    /// [`StatusCallbackError`]: the first sink that cannot be opened.
    pub fn start(
        sinks: Vec<Sink>,
        client: &ClientConfig,
        next: Arc<dyn Observer>,
    ) -> Result<Self, StatusCallbackError> {
        let mut outboxes = BTreeSet::new();
        let mut running = Vec::new();
        for sink in sinks {
            running.push(match sink {
                Sink::Lines(sink) => lines(sink, &next)?,
                Sink::Webhook(sink) => {
                    let made =
                        made(&sink.outbox).map_err(|source| StatusCallbackError::Outbox {
                            path: sink.outbox.clone(),
                            source,
                        })?;
                    if !outboxes.insert(made) {
                        return Err(StatusCallbackError::Shared { path: sink.outbox });
                    }
                    webhook(sink, client.clone(), &next)?
                }
            });
        }
        Ok(Self {
            sinks: running,
            next,
        })
    }

    /// Waits until everything that came so far is on the disk, at most so long; whether it is.
    /// Not for a call's task.
    #[must_use]
    pub fn flush(&self, within: Duration) -> bool {
        let until = Instant::now() + within;
        let mut told = Vec::new();
        for inlet in self.sinks.iter().filter_map(|sink| sink.inlet.as_ref()) {
            let (done, waiting) = sync_channel(1);
            while !inlet.flush(done.clone()) {
                if Instant::now() >= until {
                    return false;
                }
                thread::sleep(Duration::from_millis(5));
            }
            told.push(waiting);
        }
        told.iter().all(|waiting| {
            let left = until.saturating_duration_since(Instant::now());
            waiting.recv_timeout(left).is_ok()
        })
    }

    /// Events that are on the disk, since the start: unless some were lost, the first so many that
    /// came. With several sinks, the count of the one that is furthest behind.
    #[must_use]
    pub fn kept(&self) -> u64 {
        let inlets = self.sinks.iter().filter_map(|sink| sink.inlet.as_ref());
        inlets.map(Inlet::kept).min().unwrap_or_default()
    }

    /// Events that were lost so far, over all sinks: a queue or an outbox was full, they became
    /// too old, or their server refused them.
    #[must_use]
    pub fn lost(&self) -> u64 {
        let inlets = self.sinks.iter().filter_map(|sink| sink.inlet.as_ref());
        inlets.map(Inlet::lost).sum()
    }
}

impl Observer for StatusCallbacks {
    fn note(&self, call_id: &CallId, at_ms: u64, note: &Note) {
        self.next.note(call_id, at_ms, note);
    }

    fn event(&self, event: &Event) {
        let id = Ulid::new();
        let mut event = event.clone();
        event.event_id.get_or_insert_with(|| id.to_string());
        let told = Told {
            id: id.0,
            call: event.call_id.as_str().into(),
            json: event.to_json().into(),
        };
        for sink in &self.sinks {
            let Some(inlet) = &sink.inlet else {
                continue;
            };
            if !inlet.put(told.clone()) && inlet.lost() % SAY_AGAIN == 1 {
                let (name, lost) = (&sink.name, inlet.lost());
                let text = format!("{name} cannot keep up: {lost} events are lost so far");
                self.next.warning(&text);
            }
        }
        self.next.event(&event);
    }

    fn messages(&self, mailbox: &str, waiting: MessagesWaiting) {
        self.next.messages(mailbox, waiting);
    }

    fn record(&self, record: &CallRecord) {
        self.next.record(record);
    }

    fn warning(&self, text: &str) {
        self.next.warning(text);
    }
}

impl Drop for StatusCallbacks {
    fn drop(&mut self) {
        // All at once, then each.
        for sink in &mut self.sinks {
            sink.inlet = None;
        }
        for sink in &mut self.sinks {
            if sink
                .thread
                .take()
                .is_some_and(|thread| thread.join().is_err())
            {
                self.next
                    .warning(&format!("the thread of {} failed", sink.name));
            }
        }
    }
}

/// A folder that is there now, by the one name that it has however it was written.
fn made(folder: &Path) -> io::Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    folder.canonicalize()
}

fn lines(sink: LinesSink, observer: &Arc<dyn Observer>) -> Result<Running, StatusCallbackError> {
    let path = sink.path.clone();
    let lines = Lines::open(sink).map_err(|source| StatusCallbackError::Lines {
        path: path.clone(),
        source,
    })?;
    let observer = Arc::clone(observer);
    let name = path.display().to_string();
    spawn(name, move |outlet| {
        write_lines(lines, outlet, observer.as_ref())
    })
}

fn webhook(
    sink: WebhookSink,
    client: ClientConfig,
    observer: &Arc<dyn Observer>,
) -> Result<Running, StatusCallbackError> {
    let failed = |source| StatusCallbackError::Outbox {
        path: sink.outbox.clone(),
        source,
    };
    let outbox = Outbox::open(&sink.outbox, sink.max_bytes).map_err(failed)?;
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime
        .enable_all()
        .build()
        .map_err(StatusCallbackError::Thread)?;
    let name = format!("the sink {}", sink.endpoints.name);
    let delivery = Delivery::new(sink, Client::new(client), outbox, Arc::clone(observer));
    spawn(name, move |outlet| {
        runtime.block_on(delivery.run(outlet));
        // Lookups are not waited for.
        runtime.shutdown_background();
    })
}

fn spawn(
    name: String,
    work: impl FnOnce(Outlet) + Send + 'static,
) -> Result<Running, StatusCallbackError> {
    let (inlet, outlet) = queue();
    let thread = thread::Builder::new()
        .name("callbacks".to_owned())
        .spawn(move || work(outlet))
        .map_err(StatusCallbackError::Thread)?;
    Ok(Running {
        name,
        inlet: Some(inlet),
        thread: Some(thread),
    })
}

/// Writes lines until no more will come.
fn write_lines(mut lines: Lines, mut outlet: Outlet, observer: &dyn Observer) {
    let (mut well, mut written) = (true, 0);
    while let Some(job) = outlet.wait() {
        let mut next = Some(job);
        let mut flushed = Vec::new();
        let mut done = Ok(());
        let mut left = TOGETHER;
        while let Some(job) = next {
            match job {
                Job::Event(told) => {
                    let added = lines.add(&told.json);
                    match &added {
                        Ok(()) => written += 1,
                        Err(_) => outlet.shared().lose(),
                    }
                    done = done.and(added);
                }
                Job::Flush(done) => flushed.push(done),
            }
            left -= 1;
            next = (left > 0).then(|| outlet.next_now()).flatten();
        }
        done = done.and(lines.flush());
        if done.is_ok() {
            outlet.shared().keep(written);
            for flushed in flushed {
                // Whoever asked may have gone.
                let _ = flushed.try_send(());
            }
        }
        if let Err(error) = &done
            && well
        {
            observer.warning(&format!("events cannot be written: {error}"));
        }
        well = done.is_ok();
    }
}
