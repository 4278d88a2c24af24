//! The way back to a shard, for one INVITE.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::Notify;

use crate::named::Key;
use crate::redirect::Verdict;

/// Answers one INVITE. Dropped without an answer, it answers 500.
#[derive(Debug)]
pub struct Responder {
    key: Option<Key>,
    way: Arc<Way>,
}

/// The way to a shard.
#[derive(Debug)]
pub(super) struct Way {
    /// What the shard has not taken yet.
    answers: Mutex<Vec<(Key, Verdict)>>,
    /// Wakes the shard.
    bell: Arc<Notify>,
    /// The shard waits for its socket, and must be woken.
    asleep: AtomicBool,
    /// The shard's own.
    runtime: Handle,
}

impl Responder {
    pub(super) fn new(key: Key, way: &Arc<Way>) -> Self {
        Self {
            key: Some(key),
            way: Arc::clone(way),
        }
    }

    /// Answers.
    pub fn answer(mut self, verdict: Verdict) {
        if let Some(key) = self.key.take() {
            self.way.send(key, verdict);
        }
    }

    /// Answers with what this comes to. The thread that reads the socket drives it, on a tokio
    /// runtime of its own with timers and IO, while other calls are answered: it may wait as long as
    /// it wants to, for a webhook as an example, and nobody else has to be woken for it. Whatever
    /// computes for long belongs on threads of your own, from which [`answer`](Self::answer) is
    /// called.
    pub fn answer_later(self, verdict: impl Future<Output = Verdict> + Send + 'static) {
        let runtime = self.way.runtime.clone();
        runtime.spawn(async move { self.answer(verdict.await) });
    }
}

impl Drop for Responder {
    fn drop(&mut self) {
        if let Some(key) = self.key.take() {
            let verdict = Verdict::Refuse {
                status: 500,
                q850: None,
            };
            self.way.send(key, verdict);
        }
    }
}

impl Way {
    /// To a shard that this bell wakes, and that runs there.
    pub(super) fn new(bell: &Arc<Notify>, runtime: &Handle) -> Self {
        Self {
            answers: Mutex::default(),
            bell: Arc::clone(bell),
            asleep: AtomicBool::new(false),
            runtime: runtime.clone(),
        }
    }

    fn send(&self, key: Key, verdict: Verdict) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.push((key, verdict));
        drop(answers);
        if self.asleep.load(Ordering::SeqCst) {
            self.bell.notify_one();
        }
    }

    /// Takes what was answered; whether there was anything.
    pub(super) fn take(&self, answered: &mut Vec<(Key, Verdict)>) -> bool {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answered.append(&mut answers);
        !answered.is_empty()
    }

    /// Whether work is under way on the shard's runtime beside the shard itself.
    pub(super) fn is_busy(&self) -> bool {
        self.runtime.metrics().num_alive_tasks() > 1
    }

    /// From here on the shard is woken for each answer; those that came before are there already.
    pub(super) fn falls_asleep(&self) {
        self.asleep.store(true, Ordering::SeqCst);
    }

    /// The shard looks for answers by itself.
    pub(super) fn wakes_up(&self) {
        self.asleep.store(false, Ordering::SeqCst);
    }

    /// Until the shard is woken.
    pub(super) async fn rings(&self) {
        self.bell.notified().await;
    }
}
