//! What the tests of this crate route with: a line without phones, and somebody who watches.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use callroute_media::{Adapter, Capabilities, Command, Incoming, Line, Notice};
use callroute_rules::{ChronoTz, load};
use callroute_schema::{CallId, CallRecord, Cause, Event};
use callroute_session::{Message, Note};
use callroute_store::MessagesWaiting;
use callroute_tables::TableHandle;
use callroute_webhook::{Client, ClientConfig};

use crate::config::RouterConfig;
use crate::observer::Observer;

/// A line on which nobody does anything but hang up when told to.
#[derive(Debug, Default)]
pub(crate) struct Quiet {
    arrived: VecDeque<Notice>,
    waker: Option<Waker>,
}

impl Line for Quiet {
    fn perform(&mut self, command: Command) {
        let notice = match command {
            Command::Answer { leg } => Notice::LegAnswered { leg },
            Command::Hangup { leg, .. } => {
                let cause = Cause::normal();
                Notice::LegEnded { leg, cause }
            }
            _ => return,
        };
        self.arrived.push_back(notice);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    fn poll_notice(&mut self, cx: &mut Context<'_>) -> Poll<Option<Notice>> {
        self.waker = Some(cx.waker().clone());
        match self.arrived.pop_front() {
            Some(notice) => Poll::Ready(Some(notice)),
            None => Poll::Pending,
        }
    }
}

/// An adapter to which nobody comes.
#[derive(Debug)]
pub(crate) struct Deserted;

impl Adapter for Deserted {
    type Line = Quiet;

    fn capabilities(&self) -> Capabilities {
        Capabilities::basic("deserted")
    }

    fn poll_call(&mut self, _: &mut Context<'_>) -> Poll<Option<Incoming<Quiet>>> {
        Poll::Pending
    }
}

/// Keeps what it is told.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    trace: Mutex<Vec<String>>,
    warnings: Mutex<Vec<String>>,
}

impl Seen {
    pub(crate) fn trace(&self) -> Vec<String> {
        self.trace.lock().unwrap().clone()
    }

    pub(crate) fn warnings(&self) -> Vec<String> {
        self.warnings.lock().unwrap().clone()
    }
}

impl Observer for Seen {
    fn note(&self, _: &CallId, _: u64, note: &Note) {
        self.trace.lock().unwrap().push(note.to_string());
    }
    fn event(&self, _: &Event) {}
    fn messages(&self, _: &str, _: MessagesWaiting) {}
    fn record(&self, _: &CallRecord) {}
    fn warning(&self, text: &str) {
        self.warnings.lock().unwrap().push(text.to_owned());
    }
}

/// A router's configuration with this table, watched.
pub(crate) fn config(table: &str) -> (RouterConfig, Arc<Seen>) {
    let engine = load("routes.yaml", table, &(), &ChronoTz).unwrap();
    let client = Client::new(ClientConfig::default());
    let mut config = RouterConfig::new(TableHandle::new(engine.into()), client);
    let seen = Arc::new(Seen::default());
    config.observer = seen.clone();
    (config, seen)
}

/// A call that comes in.
pub(crate) fn event(call_id: &str, to: &str) -> Event {
    let json = format!(
        r#"{{"event":"incoming_call","from":"+14155550123","to":"{to}","timestamp":"2026-04-21T14:32:00Z","call_id":"{call_id}"}}"#
    );
    Event::from_json(json.as_bytes()).unwrap()
}

/// A message that the caller of this event left in the mailbox `sales`.
pub(crate) fn message(event: &Event, url: &str) -> Message {
    Message {
        mailbox: "sales".to_owned(),
        call_id: event.call_id.clone(),
        from: event.from.clone(),
        from_name: None,
        to: event.to.to_string(),
        received: event.timestamp,
        url: url.to_owned(),
        duration_ms: 1_000,
        reason: "nobody answered".to_owned(),
        mail: vec!["ann@example.com".to_owned()],
        webhook: None,
    }
}
