//! One task that moves the connections of many requests, on a runtime of one thread: it reads for
//! all, then the requests look at their answers, then it writes for all. Each of these parts fits
//! into the processor's first cache, where all that one request goes through does not.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::runtime::{Handle, Id, RuntimeFlavor};
use tokio::task::unconstrained;

use crate::net::bell::Bell;

/// Connections that are moved before the requests have their turn: what belongs to them stays in the
/// second cache meanwhile.
const TURN: usize = 64;

/// The crowds of a pool, one for each runtime.
#[derive(Debug, Default)]
pub(crate) struct Crowds(Mutex<Vec<Arc<Crowd>>>);

/// The connections that one task moves.
pub(crate) struct Crowd {
    home: Id,
    lists: Mutex<Lists>,
    /// There is no such task any more.
    over: AtomicBool,
}

#[derive(Default)]
struct Lists {
    /// They have a request to write.
    sent: VecDeque<Arc<Bell>>,
    /// Something happened to them.
    rung: VecDeque<Arc<Bell>>,
    /// Of the task, when it waits.
    task: Option<Waker>,
}

impl Crowds {
    /// The crowd of this runtime; none where there are several threads: to move a connection on
    /// another one takes longer than it saves.
    #[cold]
    #[inline(never)]
    pub(crate) fn here(&self, runtime: &Handle) -> Option<Arc<Crowd>> {
        if runtime.runtime_flavor() != RuntimeFlavor::CurrentThread {
            return None;
        }
        let mut crowds = lock(&self.0);
        if let Some(crowd) = crowds.iter().find(|crowd| crowd.is_of(runtime)) {
            return Some(Arc::clone(crowd));
        }
        crowds.retain(|crowd| !crowd.is_over());
        let crowd = Arc::new(Crowd {
            home: runtime.id(),
            lists: Mutex::default(),
            over: AtomicBool::new(false),
        });
        crowds.push(Arc::clone(&crowd));
        runtime.spawn(unconstrained(run(Ended(Arc::clone(&crowd)))));
        Some(crowd)
    }
}

impl Drop for Crowds {
    fn drop(&mut self) {
        lock(&self.0).iter().for_each(|crowd| crowd.end());
    }
}

impl Crowd {
    pub(crate) fn is_of(&self, runtime: &Handle) -> bool {
        self.home == runtime.id() && !self.is_over()
    }

    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    /// Moves a connection that has a request to write; whether it will.
    pub(crate) fn send(&self, bell: Arc<Bell>) -> bool {
        self.put(bell, |lists| &mut lists.sent)
    }

    /// Moves a connection to which something happened; whether it will.
    pub(crate) fn ring(&self, bell: Arc<Bell>) -> bool {
        self.put(bell, |lists| &mut lists.rung)
    }

    fn put(&self, bell: Arc<Bell>, list: impl Fn(&mut Lists) -> &mut VecDeque<Arc<Bell>>) -> bool {
        let mut lists = lock(&self.lists);
        if self.is_over() {
            return false;
        }
        list(&mut lists).push_back(bell);
        let task = lists.task.take();
        drop(lists);
        if let Some(task) = task {
            task.wake();
        }
        true
    }

    /// Moves some, as long as there are any.
    fn poll(&self, turn: &mut Vec<Arc<Bell>>, context: &mut Context<'_>) -> Poll<()> {
        for list in [Lists::sent, Lists::rung] {
            self.move_some(list, turn);
        }
        let mut lists = lock(&self.lists);
        if self.is_over() {
            return Poll::Ready(());
        }
        if lists.sent.is_empty() && lists.rung.is_empty() {
            lists.task = Some(context.waker().clone());
        } else {
            // The others have their turn first.
            context.waker().wake_by_ref();
        }
        Poll::Pending
    }

    fn move_some(
        &self,
        list: fn(&mut Lists) -> &mut VecDeque<Arc<Bell>>,
        turn: &mut Vec<Arc<Bell>>,
    ) {
        let mut left = TURN;
        while left > 0 {
            let mut lists = lock(&self.lists);
            let list = list(&mut lists);
            let some = list.len().min(left);
            turn.extend(list.drain(..some));
            drop(lists);
            if turn.is_empty() {
                return;
            }
            for bell in turn.drain(..) {
                let (moved, again) = bell.carry();
                left -= usize::from(moved);
                if again {
                    self.ring(bell);
                }
            }
        }
    }

    /// Nobody moves them from here on but who uses them.
    fn end(&self) {
        let mut lists = lock(&self.lists);
        self.over.store(true, Ordering::Release);
        let Lists { sent, rung, task } = std::mem::take(&mut *lists);
        drop(lists);
        sent.iter().chain(&rung).for_each(|bell| bell.tell());
        if let Some(task) = task {
            task.wake();
        }
    }
}

impl Lists {
    fn sent(&mut self) -> &mut VecDeque<Arc<Bell>> {
        &mut self.sent
    }

    fn rung(&mut self) -> &mut VecDeque<Arc<Bell>> {
        &mut self.rung
    }
}

impl fmt::Debug for Crowd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crowd")
            .field("home", &self.home)
            .finish_non_exhaustive()
    }
}

/// A task that moves connections; when it is dropped, be it with its runtime, they know.
struct Ended(Arc<Crowd>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.end();
    }
}

async fn run(crowd: Ended) {
    let mut turn = Vec::with_capacity(2 * TURN);
    poll_fn(|context| crowd.0.poll(&mut turn, context)).await;
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
