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

use crate::net::bell::{Bell, Carried};

/// Connections that are written to, and as many that are read, before others have their turn: a
/// millisecond's work.
const TURN: usize = 256;

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

type List = VecDeque<Arc<Bell>>;

#[derive(Default)]
struct Lists {
    /// They have a request to write.
    sent: List,
    /// Something happened to them.
    rung: List,
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
        let mut task = Task {
            crowd: Arc::clone(&crowd),
            turn: Vec::with_capacity(TURN),
        };
        // As many as one turn has would use up a task's share of reads and writes.
        let task = poll_fn(move |context| task.poll(context));
        runtime.spawn(unconstrained(task));
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

    fn put(&self, bell: Arc<Bell>, list: fn(&mut Lists) -> &mut List) -> bool {
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
    fn sent(&mut self) -> &mut List {
        &mut self.sent
    }

    fn rung(&mut self) -> &mut List {
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

/// The task that moves connections; when it is dropped, be it with its runtime, they know.
struct Task {
    crowd: Arc<Crowd>,
    /// Those whose turn it is.
    turn: Vec<Arc<Bell>>,
}

impl Task {
    /// Moves some, as long as the crowd is not over.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        for list in [Lists::sent, Lists::rung] {
            self.move_some(list);
        }
        let mut lists = lock(&self.crowd.lists);
        if self.crowd.is_over() {
            return Poll::Ready(());
        }
        if lists.sent.is_empty() && lists.rung.is_empty() {
            lists.task = Some(context.waker().clone());
        } else {
            // The requests have their turn first.
            context.waker().wake_by_ref();
        }
        Poll::Pending
    }

    fn move_some(&mut self, list: fn(&mut Lists) -> &mut List) {
        let mut left = TURN;
        while left > 0 {
            let mut lists = lock(&self.crowd.lists);
            let list = list(&mut lists);
            let some = list.len().min(left);
            self.turn.extend(list.drain(..some));
            drop(lists);
            if self.turn.is_empty() {
                return;
            }
            for bell in &self.turn {
                let carried = bell.carry();
                left -= usize::from(carried != Carried::Not);
                if carried == Carried::Again {
                    bell.ring_crowd();
                }
            }
            self.turn.clear();
        }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.crowd.end();
        // There are some only when moving one of them panicked.
        self.turn.iter().for_each(|bell| bell.tell());
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::task::{Wake, Waker};
    use std::time::Duration;

    use tokio::runtime::{Builder, Handle, Runtime};
    use tokio::sync::Notify;
    use tokio::task::yield_now;
    use tokio::time::timeout;

    use super::{Crowd, Crowds};
    use crate::net::bell::{Bell, Carried};

    struct User(Notify);

    impl Wake for User {
        fn wake(self: Arc<Self>) {
            self.0.notify_one();
        }
    }

    fn user() -> (Arc<User>, Waker) {
        let user = Arc::new(User(Notify::new()));
        (Arc::clone(&user), Waker::from(user))
    }

    fn here(crowds: &Crowds) -> Arc<Crowd> {
        crowds.here(&Handle::current()).unwrap()
    }

    fn carried(crowds: &Crowds) -> Arc<Bell> {
        let bell = Arc::new(Bell::new());
        bell.belong(here(crowds));
        bell.enter();
        bell
    }

    fn runtime() -> Runtime {
        Builder::new_current_thread().enable_all().build().unwrap()
    }

    #[tokio::test]
    async fn all_are_moved_however_many_there_are() {
        let (crowds, (_, waker)) = (Crowds::default(), user());
        let bells: Vec<Arc<Bell>> = (0..1000).map(|_| carried(&crowds)).collect();
        for bell in &bells {
            assert!(bell.hand_over(&waker) && bell.has_rung());
        }
        for _ in 0..3 {
            while bells.iter().any(|bell| bell.has_rung()) {
                yield_now().await;
            }
            bells.iter().for_each(Wake::wake_by_ref);
            assert!(bells.iter().all(|bell| bell.has_rung()));
        }
    }

    #[test]
    fn each_runtime_of_one_thread_has_its_own() {
        let (crowds, first, second) = (Crowds::default(), runtime(), runtime());
        let one = first.block_on(async { here(&crowds) });
        let other = second.block_on(async { here(&crowds) });
        assert!(one.is_of(first.handle()) && !one.is_of(second.handle()));
        assert!(other.is_of(second.handle()));
        let again = first.block_on(async { here(&crowds) });
        assert!(Arc::ptr_eq(&one, &again));
        let several = Builder::new_multi_thread().build().unwrap();
        assert!(crowds.here(several.handle()).is_none());
    }

    #[test]
    fn nobody_waits_for_one_that_is_over() {
        let crowds = Crowds::default();
        let (first, (told, waker)) = (runtime(), user());
        let (listed, moved) = first.block_on(async {
            let moved = carried(&crowds);
            assert!(moved.hand_over(&waker));
            while moved.has_rung() {
                yield_now().await;
            }
            let listed = carried(&crowds);
            assert!(listed.hand_over(&waker));
            (listed, moved)
        });
        drop(first);
        let second = runtime();
        second.block_on(async {
            let told = || timeout(Duration::from_secs(20), told.0.notified());
            told().await.expect("it was listed");
            assert!(!listed.look_away(&waker) && !moved.look_away(&waker));
            moved.wake_by_ref();
            told().await.expect("it rang");
            assert_eq!(moved.carry(), Carried::Done, "by its user");
            assert!(here(&crowds).is_of(second.handle()));
        });
    }

    #[tokio::test]
    async fn its_task_ends_with_the_pool() {
        let tasks = || Handle::current().metrics().num_alive_tasks();
        let crowds = Crowds::default();
        let crowd = here(&crowds);
        assert_eq!(tasks(), 1);
        yield_now().await;
        drop(crowds);
        assert!(crowd.is_over());
        while tasks() > 0 {
            yield_now().await;
        }
    }
}
