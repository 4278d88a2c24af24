//! What a router did, as its observer was told.

use std::sync::{Mutex, PoisonError};

use callroute_router::{MessagesWaiting, Observer};
use callroute_schema::{CallId, CallRecord, Event, EventKind};
use callroute_session::Note;

/// Keeps everything that a router says.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    notes: Vec<(CallId, Note)>,
    events: Vec<Event>,
    warnings: Vec<String>,
}

impl Seen {
    fn with<T>(&self, work: impl FnOnce(&mut Kept) -> T) -> T {
        work(&mut self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn notes(&self) -> Vec<Note> {
        self.with(|kept| kept.notes.iter().map(|(_, note)| note.clone()).collect())
    }

    /// The id of the call that began first.
    pub(crate) fn first_call(&self) -> Option<CallId> {
        self.with(|kept| kept.notes.first().map(|(id, _)| id.clone()))
    }

    pub(crate) fn has(&self, wanted: impl Fn(&Note) -> bool) -> bool {
        self.count(wanted) > 0
    }

    pub(crate) fn count(&self, wanted: impl Fn(&Note) -> bool) -> usize {
        self.with(|kept| kept.notes.iter().filter(|(_, note)| wanted(note)).count())
    }

    pub(crate) fn events(&self, kind: EventKind) -> Vec<Event> {
        self.with(|kept| {
            kept.events
                .iter()
                .filter(|event| event.kind == kind)
                .cloned()
                .collect()
        })
    }

    pub(crate) fn warnings(&self) -> Vec<String> {
        self.with(|kept| kept.warnings.clone())
    }

    /// Forgets the notes and events so far; for tests of many calls.
    pub(crate) fn clear(&self) {
        self.with(|kept| {
            kept.notes = Vec::new();
            kept.events = Vec::new();
        });
    }

    /// The notes as people read them, for messages of tests that fail.
    pub(crate) fn trace(&self) -> String {
        let lines = self.with(|kept| {
            let notes = kept.notes.iter().map(|(id, note)| format!("  {id} {note}"));
            let warnings = kept
                .warnings
                .iter()
                .map(|text| format!("  warning: {text}"));
            notes.chain(warnings).collect::<Vec<_>>()
        });
        format!("the router's trace:\n{}", lines.join("\n"))
    }
}

impl Observer for Seen {
    fn note(&self, call_id: &CallId, _: u64, note: &Note) {
        self.with(|kept| kept.notes.push((call_id.clone(), note.clone())));
    }

    fn event(&self, event: &Event) {
        self.with(|kept| kept.events.push(event.clone()));
    }

    fn messages(&self, _: &str, _: MessagesWaiting) {}

    fn record(&self, _: &CallRecord) {}

    fn warning(&self, text: &str) {
        // Benches have no text to speech, and tables that speak are told so.
        if text.contains("cannot speak text") {
            return;
        }
        self.with(|kept| kept.warnings.push(text.to_owned()));
    }
}
