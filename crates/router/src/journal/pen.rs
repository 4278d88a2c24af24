//! Writing one call's journal, as far as anybody reads it.

use std::sync::Arc;
use std::sync::mpsc::TrySendError;

use callroute_rules::Engine;
use callroute_schema::CallId;
use callroute_session::journal::{Header, MAX_JOURNAL};

use crate::journal::{Job, Queue};

/// Writes one call's journal.
#[derive(Debug)]
pub(crate) struct Pen {
    queue: Queue,
    call_id: CallId,
    /// How long the journal is.
    bytes: u64,
    broken: bool,
}

impl Pen {
    /// Goes on with a journal that is so long already.
    pub(super) fn new(queue: &Queue, call_id: &CallId, bytes: u64) -> Self {
        Self {
            queue: queue.clone(),
            call_id: call_id.clone(),
            bytes,
            broken: false,
        }
    }

    pub(super) fn begin(
        queue: &Queue,
        call_id: &CallId,
        header: &Header,
        engine: Arc<Engine>,
    ) -> Self {
        let line = header.to_line();
        let mut pen = Self::new(queue, call_id, written(&line));
        pen.broken = !queue.put(Job::Begin {
            call_id: call_id.clone(),
            header: line,
            fingerprint: header.table.clone(),
            engine,
        });
        pen
    }

    /// Writes a line. A journal with a gap cannot be replayed: after the first line that found
    /// the queue full, or for which the journal is too long to be read, nothing more is written.
    pub(crate) fn write(&mut self, line: String) {
        if self.broken {
            return;
        }
        self.bytes = self.bytes.saturating_add(written(&line));
        if self.bytes > MAX_JOURNAL {
            self.broken = true;
            let call_id = &self.call_id;
            return self.queue.observer.warning(&format!(
                "the journal of call {call_id} ends early: it would be longer than {MAX_JOURNAL} bytes"
            ));
        }
        let job = Job::Line {
            call_id: self.call_id.clone(),
            line,
        };
        self.broken = !self.queue.put(job);
    }
}

/// Bytes of a line in its file.
fn written(line: &str) -> u64 {
    line.len() as u64 + 1
}

impl Drop for Pen {
    fn drop(&mut self) {
        let job = Job::End {
            call_id: self.call_id.clone(),
        };
        // A full queue loses only the hint to close the file; the writer closes the oldest when
        // it has too many open.
        if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) =
            self.queue.jobs.try_send(job)
        {}
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;

    use super::*;
    use crate::fakes::Seen;

    /// Nobody reads one that is longer.
    #[test]
    fn a_journal_ends_where_it_would_be_too_long() {
        let warned = Arc::new(Seen::default());
        let (jobs, queue) = sync_channel(10);
        let queues = Queue {
            jobs,
            observer: Arc::<Seen>::clone(&warned),
            full: Arc::default(),
        };
        let mut pen = Pen::new(&queues, &CallId::new("c1").unwrap(), MAX_JOURNAL - 3);
        for _ in 0..3 {
            pen.write("{}".to_owned());
        }
        drop(pen);
        let jobs: Vec<Job> = queue.try_iter().collect();
        assert!(matches!(jobs[..], [Job::Line { .. }, Job::End { .. }]));
        let warned = warned.warnings();
        assert_eq!(warned.len(), 1, "{warned:?}");
        assert!(warned[0].contains("call c1 ends early"), "{warned:?}");
    }
}
