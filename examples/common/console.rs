//! Prints each step of each call, a line each.

use callroute_router::{MessagesWaiting, Observer};
use callroute_schema::{CallId, CallRecord, Event};
use callroute_session::Note;

/// Prints each step of each call: the end of its id, seconds since it came in, and what happened.
#[derive(Debug)]
pub(crate) struct Console;

impl Observer for Console {
    fn note(&self, call_id: &CallId, at_ms: u64, note: &Note) {
        let id = call_id.as_str();
        // The front of a ULID is the time: its end tells calls apart.
        let short = id.get(id.len().saturating_sub(6)..).unwrap_or(id);
        println!(
            "[{short}] {:>5}.{:03} s  {note}",
            at_ms / 1_000,
            at_ms % 1_000
        );
    }

    fn event(&self, _: &Event) {}

    fn messages(&self, _: &str, _: MessagesWaiting) {}

    fn record(&self, _: &CallRecord) {}

    fn warning(&self, text: &str) {
        eprintln!("warning: {text}");
    }
}
