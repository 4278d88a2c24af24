//! One thread's connection to the file.

use std::path::{Path, PathBuf};
use std::sync::mpsc::Receiver;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::types::{Null, ValueRef};
use rusqlite::{CachedStatement, Connection, Error, ErrorCode as Code, OpenFlags, Result as Sql};

use super::Job;
use crate::rows::{QueryError, Row, Values};

/// Most columns of a row.
const COLUMNS: usize = 64;
/// Longest value, in bytes.
const VALUE: usize = 4 * 1024;
/// Queries that stay prepared.
const PREPARED: usize = 64;
/// After how many steps of SQLite's machine the time is looked at: some microseconds.
const STEPS: std::ffi::c_int = 1_000;

/// One thread's connection to the file.
pub(super) struct Worker {
    path: PathBuf,
    connection: Connection,
    /// Tells a file from another that has taken its place.
    file: Option<Identity>,
}

impl Worker {
    pub(super) fn open(path: &Path) -> Sql<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let file = identity(path);
        let connection = Connection::open_with_flags(path, flags)?;
        connection.set_prepared_statement_cache_capacity(PREPARED);
        // A file that is no database is told from one only when it is read.
        connection.query_row("select count(*) from sqlite_master", [], |_| Ok(()))?;
        Ok(Self {
            path: path.to_owned(),
            connection,
            file,
        })
    }

    pub(super) fn run(mut self, jobs: &Mutex<Receiver<Job>>) {
        loop {
            let job = {
                let jobs = jobs.lock().unwrap_or_else(PoisonError::into_inner);
                jobs.recv()
            };
            // Nobody listening any more means that nobody needs the answer.
            match job {
                Err(_) => return,
                Ok(Job::Check { query, answer }) => {
                    let checked = self.check(&query);
                    let _ = answer.send(checked);
                }
                Ok(Job::Find {
                    query,
                    values,
                    until,
                    budget_ms,
                    answer,
                }) => {
                    if answer.is_closed() {
                        continue;
                    }
                    let late = || QueryError::Late { budget_ms };
                    let found = match Instant::now() < until {
                        true => self.find(&query, &values, until),
                        false => Err(late()),
                    };
                    let found = match found {
                        Err(QueryError::Late { .. }) => Err(late()),
                        Err(_) if Instant::now() >= until => Err(late()),
                        found => found,
                    };
                    let _ = answer.send(found);
                }
            }
        }
    }

    fn check(&mut self, query: &str) -> Result<(), QueryError> {
        self.again()?;
        // The last query's time is up by now.
        self.connection
            .progress_handler(STEPS, None::<fn() -> bool>)
            .map_err(said)?;
        self.prepare(query).map(drop)
    }

    /// Opens the file anew where another has taken its place.
    fn again(&mut self) -> Result<(), QueryError> {
        let now = identity(&self.path);
        if now.is_some() && now != self.file {
            *self = Self::open(&self.path).map_err(said)?;
        }
        Ok(())
    }

    /// A query that only reads, with known parameters and a bounded number of columns.
    fn prepare(&self, query: &str) -> Result<CachedStatement<'_>, QueryError> {
        let statement = self.connection.prepare_cached(query).map_err(said)?;
        if !statement.readonly() {
            return Err(QueryError::Writes);
        }
        let found = statement.column_count();
        if !(1..=COLUMNS).contains(&found) {
            let most = COLUMNS;
            return Err(QueryError::Columns { found, most });
        }
        let names: Vec<&str> = statement.column_names().collect();
        for (index, name) in names.iter().enumerate() {
            if names.iter().skip(index + 1).any(|other| other == name) {
                let name = (*name).to_owned();
                return Err(QueryError::SameName { name });
            }
        }
        for index in 1..=statement.parameter_count() {
            let name = statement.parameter_name(index).unwrap_or("?");
            if !matches!(name, ":from" | ":to" | ":call_id") {
                let name = name.to_owned();
                return Err(QueryError::Parameter { name });
            }
        }
        Ok(statement)
    }

    fn find(
        &mut self,
        query: &str,
        values: &Values,
        until: Instant,
    ) -> Result<Option<Row>, QueryError> {
        self.again()?;
        let left = until.saturating_duration_since(Instant::now());
        // Another program may be writing just now.
        let patience = left.max(Duration::from_millis(1));
        self.connection.busy_timeout(patience).map_err(said)?;
        let over = move || Instant::now() >= until;
        self.connection
            .progress_handler(STEPS, Some(over))
            .map_err(said)?;
        let mut statement = self.prepare(query)?;
        for index in 1..=statement.parameter_count() {
            let bound = match statement.parameter_name(index) {
                Some(":from") => match &values.from {
                    Some(from) => statement.raw_bind_parameter(index, from),
                    None => statement.raw_bind_parameter(index, Null),
                },
                Some(":to") => statement.raw_bind_parameter(index, &values.to),
                _ => statement.raw_bind_parameter(index, &values.call_id),
            };
            bound.map_err(said)?;
        }
        let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let mut rows = statement.raw_query();
        let Some(found) = rows.next().map_err(said)? else {
            return Ok(None);
        };
        let mut row = Row::new();
        for (index, column) in names.into_iter().enumerate() {
            let text = match found.get_ref(index).map_err(said)? {
                ValueRef::Null => continue,
                ValueRef::Integer(number) => number.to_string(),
                ValueRef::Real(number) => number.to_string(),
                ValueRef::Text(bytes) if bytes.len() > VALUE => {
                    let (found, most) = (bytes.len(), VALUE);
                    return Err(QueryError::TooLong {
                        column,
                        found,
                        most,
                    });
                }
                ValueRef::Text(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                ValueRef::Blob(_) => return Err(QueryError::Bytes { column }),
            };
            row.insert(column, text);
        }
        Ok(Some(row))
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "it stands where errors are mapped"
)]
fn said(error: Error) -> QueryError {
    match error.sqlite_error_code() {
        Some(Code::DatabaseBusy | Code::DatabaseLocked | Code::OperationInterrupted) => {
            // Whoever knows the budget says it.
            QueryError::Late { budget_ms: 0 }
        }
        _ => QueryError::Database {
            message: error.to_string(),
        },
    }
}

type Identity = (u64, u64);

#[cfg(unix)]
fn identity(path: &Path) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt;

    let found = std::fs::metadata(path).ok()?;
    Some((found.dev(), found.ino()))
}

/// Elsewhere a file that is open cannot be replaced.
#[cfg(not(unix))]
fn identity(_: &Path) -> Option<Identity> {
    None
}
