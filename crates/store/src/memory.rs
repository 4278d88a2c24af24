//! Calls in memory: bounded, and gone with the process.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use callroute_schema::CallId;

use crate::calls::{CallStore, StoredCall};

#[derive(Debug, Default)]
struct State {
    live: HashSet<CallId>,
    records: VecDeque<StoredCall>,
}

/// Calls in memory; of the records the last so many are kept.
#[derive(Debug)]
pub struct MemoryCalls {
    keep: usize,
    state: Mutex<State>,
}

impl MemoryCalls {
    /// Keeps the last `keep` records.
    #[must_use]
    pub fn new(keep: usize) -> Self {
        Self {
            keep,
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The state is whole between any two statements below, so a panic elsewhere while the
        // lock was held has not spoilt it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CallStore for MemoryCalls {
    fn begin(&self, call_id: &CallId, most: usize) -> bool {
        let mut state = self.state();
        state.live.len() < most && state.live.insert(call_id.clone())
    }

    fn end(&self, record: StoredCall) {
        let mut state = self.state();
        state.live.remove(&record.call_id);
        if self.keep == 0 {
            return;
        }
        while state.records.len() >= self.keep {
            state.records.pop_front();
        }
        state.records.push_back(record);
    }

    fn live(&self) -> usize {
        self.state().live.len()
    }

    fn record(&self, call_id: &CallId) -> Option<StoredCall> {
        let state = self.state();
        state
            .records
            .iter()
            .rev()
            .find(|record| record.call_id == *call_id)
            .cloned()
    }

    fn recent(&self, most: usize) -> Vec<StoredCall> {
        self.state()
            .records
            .iter()
            .rev()
            .take(most)
            .cloned()
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::MemoryCalls;
    use crate::calls::{CallStore, StoredCall};
    use callroute_schema::{CallId, Caller};

    fn record(id: &CallId) -> StoredCall {
        StoredCall {
            call_id: id.clone(),
            from: Caller::Withheld,
            to: "1".to_owned(),
            began: chrono::DateTime::UNIX_EPOCH.fixed_offset(),
            duration_ms: 1,
            trace: Vec::new(),
            details: None,
        }
    }

    #[test]
    fn calls_and_records_are_bounded() {
        let calls = MemoryCalls::new(2);
        let ids: Vec<CallId> = (0..3)
            .map(|n| CallId::new(format!("c{n}")).unwrap())
            .collect();
        assert!(calls.begin(&ids[0], 2) && calls.begin(&ids[1], 2));
        assert!(!calls.begin(&ids[2], 2), "a third call among at most two");
        calls.end(record(&ids[0]));
        assert!(calls.begin(&ids[2], 2));
        calls.end(record(&ids[1]));
        calls.end(record(&ids[2]));
        assert_eq!(calls.live(), 0);
        assert_eq!(
            calls.record(&ids[0]),
            None,
            "the oldest record has made room"
        );
        let recent: Vec<CallId> = calls.recent(9).into_iter().map(|r| r.call_id).collect();
        assert_eq!(recent, [ids[2].clone(), ids[1].clone()]);
    }
}
