//! How many of a thing live: counted up when one is made, down when it is dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many live.
#[derive(Debug, Default)]
pub(crate) struct Gauge(AtomicUsize);

/// One that lives.
#[derive(Debug)]
pub(crate) struct Count(Arc<Gauge>);

impl Gauge {
    /// One more, until the guard is dropped.
    pub(crate) fn count(self: &Arc<Self>) -> Count {
        self.0.fetch_add(1, Ordering::Relaxed);
        Count(Arc::clone(self))
    }

    /// How many there are now.
    pub(crate) fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Drop for Count {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}
