//! Prints each step of each call, a line each.

use std::sync::Arc;

use callroute_router::Observer;
use callroute_rules::Engine;
use callroute_schema::{CallId, Event};
use callroute_session::Note;
use callroute_tables::LoadError;

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

    fn warning(&self, text: &str) {
        eprintln!("warning: {text}");
    }
}

/// Says what came of a changed routing file. A faulty one changes nothing.
pub(crate) fn reloaded(reload: Result<Arc<Engine>, LoadError>) {
    match reload {
        Ok(engine) => println!("routes reloaded: {}", engine.fingerprint()),
        Err(error) => eprintln!("the routes stay as they were:\n{error}"),
    }
}
