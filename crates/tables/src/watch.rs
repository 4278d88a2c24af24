//! Looks at the files again and again.
//!
//! By content, not by events: editors rename, mounted configuration swaps symlinks, and network
//! file systems tell nobody.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use callroute_rules::{Engine, Zones};

use crate::file::{FileTable, LoadError, Reload};

/// A thread that reloads a table when its files change. It stops when this is dropped.
#[derive(Debug)]
pub struct Watch {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl<Z: Zones + Send + Sync + 'static> FileTable<Z> {
    /// Looks every so often whether the files changed, and tells each change, good or bad; the
    /// table in force is replaced before a good one is told. A second is a good interval.
    ///
    /// # Errors
    /// What the system says, when it gives no thread.
    #[must_use = "the watch stops when it is dropped"]
    pub fn watch(
        self,
        every: Duration,
        mut told: impl FnMut(Result<Arc<Engine>, LoadError>) + Send + 'static,
    ) -> io::Result<Watch> {
        let (stop, stopped) = mpsc::channel();
        let look = move || {
            while stopped.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
                match self.reload() {
                    Ok(Reload::Unchanged) => self.handle().sweep(),
                    Ok(Reload::Replaced(engine)) => told(Ok(engine)),
                    Err(error) => told(Err(error)),
                }
            }
        };
        let thread = Builder::new().name("tables".to_owned()).spawn(look)?;
        Ok(Watch {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            // A watcher that panicked has nothing more to tell.
            let _ = thread.join();
        }
    }
}
