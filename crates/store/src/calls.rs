//! Calls in progress and records of those that are over.

use callroute_schema::{CallId, CallRecord as Details, Caller, Timestamp};

/// What is kept of a call that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCall {
    /// The call.
    pub call_id: CallId,
    /// Who called.
    pub from: Caller,
    /// What was dialed.
    pub to: String,
    /// When it came in.
    pub began: Timestamp,
    /// How long it lasted, in milliseconds.
    pub duration_ms: u64,
    /// What happened, a line each, with milliseconds since the call came in.
    pub trace: Vec<(u64, String)>,
    /// Every attempt, disposition, cause and time, in the contract's form; `None` when the call's
    /// task was dropped before the call was over.
    pub details: Option<Box<Details>>,
}

/// Keeps calls. Implementations never block the call's task for long.
pub trait CallStore: Send + Sync + std::fmt::Debug + 'static {
    /// A call came in. Gives `false` when this many calls are in progress already, and the call
    /// has to be refused.
    fn begin(&self, call_id: &CallId, most: usize) -> bool;

    /// A call is over.
    fn end(&self, record: StoredCall);

    /// How many calls are in progress.
    fn live(&self) -> usize;

    /// The record of a call that is over, if it is still kept.
    fn record(&self, call_id: &CallId) -> Option<StoredCall>;

    /// The last records, newest first, at most so many.
    fn recent(&self, most: usize) -> Vec<StoredCall>;
}
