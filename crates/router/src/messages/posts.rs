//! What is done beside the calls that left messages: keeping them, one at a time on a thread of
//! its own, and telling of them.

use std::collections::HashMap;
use std::future::Future;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::{Id, JoinError, JoinSet};

use crate::observer::Observer;

/// Most that are being told at once. Each is tried again for 71 s and a little more, so that a server
/// that is gone holds some dozens a second.
const MOST: usize = 2_000;
/// Most that one warning names.
const NAMED: usize = 20;

type Job = Box<dyn FnOnce() + Send>;

/// The thread that keeps messages, and the tasks that tell of them.
#[derive(Debug, Default)]
pub(crate) struct Posts {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    keeper: Option<(Sender<Job>, JoinHandle<()>)>,
    telling: Telling,
    /// The router stops: the keeper is waited for, and what comes yet is kept at once.
    stopping: bool,
    /// Nothing is told any more.
    closed: bool,
}

/// What is being told, and what it is.
#[derive(Debug, Default)]
struct Telling {
    tasks: JoinSet<()>,
    names: HashMap<Id, String>,
}

impl Telling {
    /// Forgets one that is over, however it ended.
    fn over(&mut self, ended: &Result<(Id, ()), JoinError>) {
        let id = match ended {
            Ok((id, ())) => *id,
            Err(error) => error.id(),
        };
        self.names.remove(&id);
    }

    async fn all_over(&mut self) {
        while let Some(ended) = self.tasks.join_next_with_id().await {
            self.over(&ended);
        }
    }

    /// Says what is not told any more: somebody may do so by hand.
    fn given_up(self, observer: &dyn Observer) {
        let mut left: Vec<String> = self.names.into_values().collect();
        left.sort_unstable();
        let count = left.len();
        for some in left.chunks(NAMED) {
            let named = some.join(", ");
            observer.warning(&format!(
                "webhooks or mails of messages were not told yet, and are given up: {count}, \
                 among them {named}"
            ));
        }
    }
}

impl Posts {
    fn state(&self) -> MutexGuard<'_, State> {
        // Whole between any two statements below, so a panic elsewhere has not spoilt it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does this on the keeper's thread, after what came before; here and now where there can be
    /// no thread.
    pub(super) fn keep(&self, job: Job) {
        let job = {
            let mut state = self.state();
            if state.keeper.is_none() && !state.stopping {
                state.keeper = keeper();
            }
            match &state.keeper {
                Some((jobs, _)) => jobs.send(job).map_err(|unsent| unsent.0).err(),
                None => Some(job),
            }
        };
        if let Some(job) = job {
            job();
        }
    }

    /// Does this on tokio; whether there is room for it. `what` names it.
    pub(super) fn tell(
        &self,
        runtime: &Handle,
        what: String,
        telling: impl Future<Output = ()> + Send + 'static,
    ) -> bool {
        let mut state = self.state();
        while let Some(ended) = state.telling.tasks.try_join_next_with_id() {
            state.telling.over(&ended);
        }
        let room = !state.closed && state.telling.tasks.len() < MOST;
        if room {
            let task = state.telling.tasks.spawn_on(telling, runtime);
            state.telling.names.insert(task.id(), what);
        }
        room
    }

    /// Waits until every message is kept, and, so long, until it is told; says what is given up.
    pub(crate) async fn drain(&self, within: Duration, observer: &dyn Observer) {
        let keeper = {
            let mut state = self.state();
            state.stopping = true;
            state.keeper.take()
        };
        if let Some((jobs, thread)) = keeper {
            drop(jobs);
            // However slow the disk is: what a caller left is not lost.
            let joined = tokio::task::spawn_blocking(move || thread.join()).await;
            if !matches!(joined, Ok(Ok(()))) {
                observer.warning("the thread that keeps messages broke down");
            }
        }
        let mut telling = {
            let mut state = self.state();
            state.closed = true;
            std::mem::take(&mut state.telling)
        };
        let told = tokio::time::timeout(within, telling.all_over()).await;
        if told.is_err() {
            telling.given_up(observer);
        }
    }
}

fn keeper() -> Option<(Sender<Job>, JoinHandle<()>)> {
    let (sender, jobs): (Sender<Job>, Receiver<Job>) = channel();
    let thread = thread::Builder::new().name("messages".to_owned());
    let thread = thread.spawn(move || jobs.into_iter().for_each(|job| job()));
    Some((sender, thread.ok()?))
}
