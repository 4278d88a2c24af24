//! Journals on disk: one thread writes them, and no call ever waits for it.

mod kept;
mod pen;

use std::collections::{HashMap, HashSet};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use callroute_rules::{Engine, SourceFile};
use callroute_schema::CallId;
use callroute_session::journal::Header;

pub use crate::journal::kept::{KeptTableError, kept_table};
pub(crate) use crate::journal::pen::Pen;
use crate::observer::Observer;
use crate::often::LogThrottle;

/// Lines that may wait for the disk.
const QUEUE: usize = 16_384;

/// Why journals cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The folder cannot be made.
    #[error("cannot make the journal folder {}: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The writing thread cannot be started.
    #[error("cannot start the journal thread: {0}")]
    Thread(std::io::Error),
}

enum Job {
    Begin {
        call_id: CallId,
        header: String,
        fingerprint: String,
        engine: Arc<Engine>,
    },
    Line {
        call_id: CallId,
        line: String,
    },
    End {
        call_id: CallId,
    },
}

/// Writes each call's journal to `FOLDER/CALL_ID.jsonl`, and each table once to
/// `FOLDER/tables/FINGERPRINT.json`, so that a journal can be replayed anywhere. A table may have a
/// webhook's secret in it: on Unix only its owner may read the copy.
#[derive(Debug, Clone)]
pub struct Journals {
    folder: PathBuf,
    queue: Queue,
}

/// Where jobs go, and what is said when there is no room.
#[derive(Debug, Clone)]
struct Queue {
    jobs: SyncSender<Job>,
    observer: Arc<dyn Observer>,
    full: Arc<Mutex<LogThrottle>>,
}

impl Queue {
    /// Whether there was room; a journal without this line is over, and that is said.
    fn put(&self, job: Job) -> bool {
        let sent = self.jobs.try_send(job).is_ok();
        if !sent {
            let mut full = self.full.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(count) = full.more(1, Instant::now()) {
                self.observer.warning(&format!(
                    "the journal queue is full: journals end early, {count} so far"
                ));
            }
        }
        sent
    }
}

impl Journals {
    /// Starts writing below a folder, which is made if it is not there.
    ///
    /// # Errors
    /// [`JournalError`] when the folder cannot be made.
    pub fn start(folder: &Path, observer: Arc<dyn Observer>) -> Result<Self, JournalError> {
        let tables = folder.join("tables");
        std::fs::create_dir_all(&tables).map_err(|source| JournalError::Folder {
            path: tables,
            source,
        })?;
        let (jobs, queue) = sync_channel(QUEUE);
        let writer = Writer {
            folder: folder.to_owned(),
            observer: Arc::clone(&observer),
            failed: LogThrottle::default(),
            open: HashMap::new(),
            tables: HashSet::new(),
        };
        std::thread::Builder::new()
            .name("callroute-journal".to_owned())
            .spawn(move || writer.run(&queue))
            .map_err(JournalError::Thread)?;
        let folder = folder.to_owned();
        let full = Arc::default();
        let queue = Queue {
            jobs,
            observer,
            full,
        };
        Ok(Self { folder, queue })
    }

    /// Where they are.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Goes on with a journal that a crash has broken off, behind its last whole line; `None` where
    /// the disk does not let it.
    pub(crate) fn resume(&self, call_id: &CallId, path: &Path) -> Option<Pen> {
        let text = std::fs::read(path).ok()?;
        let whole = text.iter().rposition(|byte| *byte == b'\n')? + 1;
        if whole < text.len() {
            let file = OpenOptions::new().write(true).open(path).ok()?;
            file.set_len(u64::try_from(whole).ok()?).ok()?;
        }
        let bytes = u64::try_from(whole).ok()?;
        Some(Pen::new(&self.queue, call_id, bytes))
    }

    /// Begins a call's journal.
    pub(crate) fn begin(&self, call_id: &CallId, header: &Header, engine: Arc<Engine>) -> Pen {
        Pen::begin(&self.queue, call_id, header, engine)
    }
}

/// Files that may be open at once.
const OPEN_FILES: usize = 4_096;

struct Writer {
    folder: PathBuf,
    observer: Arc<dyn Observer>,
    /// Lines that the disk did not take.
    failed: LogThrottle,
    open: HashMap<CallId, File>,
    tables: HashSet<String>,
}

impl Writer {
    fn run(mut self, queue: &Receiver<Job>) {
        while let Ok(job) = queue.recv() {
            let is_end = matches!(job, Job::End { .. });
            match self.work(job) {
                Err(error) => {
                    if let Some(count) = self.failed.more(1, Instant::now()) {
                        self.observer.warning(&format!(
                            "journals cannot be written: {error}; {count} lines are lost so far"
                        ));
                    }
                }
                // An end writes nothing.
                Ok(()) if !is_end => {
                    if let Some(count) = self.failed.over() {
                        self.observer.warning(&format!(
                            "journals are written again; {count} lines were lost"
                        ));
                    }
                }
                Ok(()) => {}
            }
        }
    }

    fn work(&mut self, job: Job) -> std::io::Result<()> {
        match job {
            Job::Begin {
                call_id,
                header,
                fingerprint,
                engine,
            } => {
                self.keep_table(&fingerprint, engine.sources())?;
                if self.open.len() >= OPEN_FILES {
                    self.open.clear();
                }
                self.line(&call_id, &header)
            }
            Job::Line { call_id, line } => self.line(&call_id, &line),
            Job::End { call_id } => {
                self.open.remove(&call_id);
                Ok(())
            }
        }
    }

    fn line(&mut self, call_id: &CallId, line: &str) -> std::io::Result<()> {
        let file = match self.open.entry(call_id.clone()) {
            std::collections::hash_map::Entry::Occupied(open) => open.into_mut(),
            std::collections::hash_map::Entry::Vacant(free) => {
                let path = self.folder.join(format!("{call_id}.jsonl"));
                free.insert(OpenOptions::new().create(true).append(true).open(path)?)
            }
        };
        // One write a line: what a crash leaves is whole lines, and at most one that is cut.
        file.write_all(format!("{line}\n").as_bytes())
    }

    fn keep_table(&mut self, fingerprint: &str, sources: &[SourceFile]) -> std::io::Result<()> {
        if self.tables.contains(fingerprint) {
            return Ok(());
        }
        let tables = self.folder.join("tables");
        let part = tables.join(format!("{fingerprint}.{}.part", ulid::Ulid::new()));
        let mut file = OpenOptions::new();
        file.create_new(true).write(true);
        // A routing file may have a webhook's secret in it.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
        // Whole or not at all: another process may have the same table, and journals that need it.
        let written = (|| {
            file.open(&part)?.write_all(&serde_json::to_vec(sources)?)?;
            std::fs::rename(&part, tables.join(format!("{fingerprint}.json")))
        })();
        if written.is_err() {
            // It may not even be there.
            let _ = std::fs::remove_file(&part);
        }
        written?;
        self.tables.insert(fingerprint.to_owned());
        Ok(())
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn writer(folder: &Path) -> Writer {
        Writer {
            folder: folder.to_owned(),
            observer: Arc::new(crate::Silent),
            failed: LogThrottle::default(),
            open: HashMap::new(),
            tables: HashSet::new(),
        }
    }

    #[derive(Debug, Default)]
    struct Warned(Mutex<Vec<String>>);

    impl Observer for Warned {
        fn note(&self, _: &CallId, _: u64, _: &callroute_session::Note) {}
        fn event(&self, _: &callroute_schema::Event) {}
        fn messages(&self, _: &str, _: callroute_store::MessagesWaiting) {}
        fn record(&self, _: &callroute_schema::CallRecord) {}
        fn warning(&self, text: &str) {
            let mut texts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            texts.push(text.to_owned());
        }
    }

    #[test]
    fn a_disk_that_takes_nothing_is_spoken_of_seldom() {
        let folder = tempfile::tempdir().unwrap();
        let warned = Arc::new(Warned::default());
        let (jobs, queue) = sync_channel(101);
        let line = |call: &str| Job::Line {
            call_id: CallId::new(call).unwrap(),
            line: "{}".to_owned(),
        };
        let mut writer = writer(folder.path());
        writer.observer = Arc::<Warned>::clone(&warned);
        std::fs::create_dir(folder.path().join("bad.jsonl")).unwrap();
        for _ in 0..100 {
            jobs.send(line("bad")).unwrap();
        }
        jobs.send(line("good")).unwrap();
        drop(jobs);
        writer.run(&queue);
        let warned = warned.0.lock().unwrap();
        assert!(
            warned[0].starts_with("journals cannot be written: "),
            "{warned:?}"
        );
        assert_eq!(
            warned[1..],
            ["journals are written again; 100 lines were lost"]
        );
    }

    #[test]
    fn only_the_owner_reads_a_copy_of_the_table() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("tables")).unwrap();
        writer(folder.path()).keep_table("f", &[]).unwrap();
        let copy = folder.path().join("tables/f.json");
        assert_eq!(std::fs::read(&copy).unwrap(), b"[]");
        let mode = std::fs::metadata(copy).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    /// Two processes may have one table: neither cuts what the other has kept of it.
    #[test]
    fn a_copy_of_the_table_is_put_in_the_place_of_another_whole() {
        let folder = tempfile::tempdir().unwrap();
        let tables = folder.path().join("tables");
        std::fs::create_dir(&tables).unwrap();
        std::fs::write(tables.join("f.json"), "another's").unwrap();
        std::fs::hard_link(tables.join("f.json"), tables.join("kept")).unwrap();
        writer(folder.path()).keep_table("f", &[]).unwrap();
        assert_eq!(std::fs::read(tables.join("f.json")).unwrap(), b"[]");
        assert_eq!(std::fs::read(tables.join("kept")).unwrap(), b"another's");
        assert_eq!(std::fs::read_dir(tables).unwrap().count(), 2);
    }
}
