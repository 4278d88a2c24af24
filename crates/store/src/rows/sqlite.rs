//! Rows of an SQLite file, found by a few threads of their own.

mod work;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError, SyncSender, TrySendError};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use self::work::Worker;
use super::{QueryError, Row, RowSource, RowsFuture, Values};

/// How many threads ask the file at once.
const THREADS: usize = 2;
/// Most queries that wait for a thread.
const WAITING: usize = 256;
/// How long the check of a query may take.
const CHECK: Duration = Duration::from_secs(5);

/// Why an SQLite file cannot be asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// It cannot be opened, or is none.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The system gives no thread.
    #[error("no thread for {}: {source}", path.display())]
    Thread {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

/// What a thread is to do.
pub(super) enum Job {
    /// Look at a query.
    Check {
        query: String,
        answer: SyncSender<Result<(), QueryError>>,
    },
    /// Find a row.
    Find {
        query: String,
        values: Values,
        until: Instant,
        budget_ms: u64,
        answer: oneshot::Sender<Result<Option<Row>, QueryError>>,
    },
}

/// Rows of an SQLite file. It is only read, whatever a query says; other programs may write to it
/// meanwhile, and what they have written is seen by the next query. A file that takes its place
/// is opened anew.
///
/// A query runs on one of two threads and is broken off when its time is up; at most 256 wait.
#[derive(Debug)]
pub struct SqliteRows {
    path: PathBuf,
    jobs: SyncSender<Job>,
}

impl SqliteRows {
    /// Opens an SQLite file that is there.
    ///
    /// # Errors
    /// [`OpenError`] when it is no such file, or the system gives no thread.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let (jobs, waiting) = mpsc::sync_channel(WAITING);
        let waiting = Arc::new(Mutex::new(waiting));
        for number in 1..=THREADS {
            let worker = Worker::open(path).map_err(|source| OpenError::File {
                path: path.to_owned(),
                source: source.into(),
            })?;
            let waiting = Arc::clone(&waiting);
            // It ends when the last sender is gone.
            std::thread::Builder::new()
                .name(format!("sqlite-{number}"))
                .spawn(move || worker.run(&waiting))
                .map_err(|source| OpenError::Thread {
                    path: path.to_owned(),
                    source,
                })?;
        }
        Ok(Self {
            path: path.to_owned(),
            jobs,
        })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn send(&self, job: Job) -> Result<(), QueryError> {
        self.jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => QueryError::Busy { most: WAITING },
            TrySendError::Disconnected(_) => QueryError::Closed,
        })
    }
}

impl RowSource for SqliteRows {
    fn check(&self, query: &str) -> Result<(), QueryError> {
        let (answer, answered) = mpsc::sync_channel(1);
        self.send(Job::Check {
            query: query.to_owned(),
            answer,
        })?;
        answered.recv_timeout(CHECK).unwrap_or_else(|error| {
            Err(match error {
                RecvTimeoutError::Timeout => QueryError::Late {
                    budget_ms: millis(CHECK),
                },
                RecvTimeoutError::Disconnected => QueryError::Closed,
            })
        })
    }

    fn find<'a>(&'a self, query: &'a str, values: Values, budget: Duration) -> RowsFuture<'a> {
        let (answer, answered) = oneshot::channel();
        let until = Instant::now() + budget;
        let budget_ms = millis(budget);
        let sent = self.send(Job::Find {
            query: query.to_owned(),
            values,
            until,
            budget_ms,
            answer,
        });
        Box::pin(async move {
            sent?;
            // Whoever asks keeps the time as well; the threads only see to it that a query whose
            // time is up holds none of them.
            answered.await.unwrap_or(Err(QueryError::Closed))
        })
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
