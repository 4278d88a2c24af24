//! Who watches the calls: logs, status callbacks, tests.

use callroute_schema::{CallId, CallRecord, Event};
use callroute_session::Note;
use callroute_store::MessagesWaiting;

/// Sees what happens in every call. Called from the call's task: it must not block.
pub trait Observer: Send + Sync + std::fmt::Debug + 'static {
    /// One step of a call, `at_ms` milliseconds after it came in.
    fn note(&self, call_id: &CallId, at_ms: u64, note: &Note);

    /// Something that others may want to know, in the contract's form.
    fn event(&self, event: &Event);

    /// A box has so many messages now; whoever lights lamps on phones wants to know.
    fn messages(&self, mailbox: &str, waiting: MessagesWaiting);

    /// The record of a call that is over.
    fn record(&self, record: &CallRecord);

    /// Something that whoever runs the router should look at, such as a journal that could not
    /// be written.
    fn warning(&self, text: &str);
}

/// Sees nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {
    fn note(&self, _: &CallId, _: u64, _: &Note) {}
    fn event(&self, _: &Event) {}
    fn messages(&self, _: &str, _: MessagesWaiting) {}
    fn record(&self, _: &CallRecord) {}
    fn warning(&self, _: &str) {}
}
