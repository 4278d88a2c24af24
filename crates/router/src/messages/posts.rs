//! What is done beside the calls that left messages: keeping them, one at a time on a thread of
//! its own, and telling of them.

use std::future::Future;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::JoinSet;

use crate::observer::Observer;

/// Most that are being told at once. Each is tried again for 71 s and a little more, so that a server
/// that is gone holds some dozens a second.
const MOST: usize = 2_000;

type Job = Box<dyn FnOnce() + Send>;

/// The thread that keeps messages, and the tasks that tell of them.
#[derive(Debug, Default)]
pub(crate) struct Posts {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    keeper: Option<(Sender<Job>, JoinHandle<()>)>,
    telling: JoinSet<()>,
    /// The router stops: the keeper is waited for, and what comes yet is kept at once.
    stopping: bool,
    /// Nothing is told any more.
    closed: bool,
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

    /// Does this on tokio; whether there is room for it.
    pub(super) fn tell(
        &self,
        runtime: &Handle,
        telling: impl Future<Output = ()> + Send + 'static,
    ) -> bool {
        let mut state = self.state();
        while state.telling.try_join_next().is_some() {}
        let room = !state.closed && state.telling.len() < MOST;
        if room {
            state.telling.spawn_on(telling, runtime);
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
        let told = async { while telling.join_next().await.is_some() {} };
        if tokio::time::timeout(within, told).await.is_err() {
            let left = telling.len();
            observer.warning(&format!(
                "{left} webhooks or mails of messages were not told yet, and are given up"
            ));
        }
    }
}

fn keeper() -> Option<(Sender<Job>, JoinHandle<()>)> {
    let (sender, jobs): (Sender<Job>, Receiver<Job>) = channel();
    let thread = thread::Builder::new().name("messages".to_owned());
    let thread = thread.spawn(move || jobs.into_iter().for_each(|job| job()));
    Some((sender, thread.ok()?))
}
