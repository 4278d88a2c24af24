//! The table in force, which calls take and writers replace.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use callroute_rules::Engine;

/// The table in force. Cheap to clone: every clone is the same handle.
#[derive(Debug, Clone)]
pub struct TableHandle {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    current: ArcSwap<Engine>,
    /// Tables that were replaced while calls still had them. Whoever drops the last reference
    /// pays for freeing a large table, and that shall not be a call.
    retired: Mutex<Vec<Arc<Engine>>>,
}

impl TableHandle {
    /// A handle with its first table.
    #[must_use]
    pub fn new(engine: Arc<Engine>) -> Self {
        Self {
            inner: Arc::new(Inner {
                current: ArcSwap::new(engine),
                retired: Mutex::new(Vec::new()),
            }),
        }
    }

    /// The table in force. A call takes it once, and keeps it to its end.
    #[must_use]
    pub fn current(&self) -> Arc<Engine> {
        self.inner.current.load_full()
    }

    /// Puts another table in force; calls that run keep theirs. Frees the tables that no call
    /// has any more, in the caller's time.
    pub fn replace(&self, engine: Arc<Engine>) {
        let old = self.inner.current.swap(engine);
        self.retire(Some(old));
    }

    /// Frees the tables that were replaced and that no call has any more.
    pub fn sweep(&self) {
        self.retire(None);
    }

    fn retire(&self, old: Option<Arc<Engine>>) {
        let mut retired = self
            .inner
            .retired
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        retired.extend(old);
        let (free, held) = retired
            .drain(..)
            .partition(|table| Arc::strong_count(table) == 1);
        *retired = held;
        drop(retired);
        let free: Vec<Arc<Engine>> = free;
        drop(free);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use callroute_rules::{ChronoTz, Engine, load};

    use super::TableHandle;

    fn engine(message: &str) -> Arc<Engine> {
        let text = format!("version: 1\ndefault: {{ action: voicemail, message: {message} }}\n");
        Arc::new(load("routes.yaml", &text, &(), &ChronoTz).unwrap())
    }

    #[test]
    fn a_call_keeps_its_table_and_the_writer_frees_it() {
        let handle = TableHandle::new(engine("first"));
        let call = handle.current();
        let freed = Arc::downgrade(&call);
        handle.clone().replace(engine("second"));
        assert_ne!(handle.current().fingerprint(), call.fingerprint());
        drop(call);
        assert!(freed.upgrade().is_some(), "freed in the call's time");
        handle.sweep();
        assert!(freed.upgrade().is_none(), "never freed");
    }
}
