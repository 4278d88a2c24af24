//! Callers that left a queue and want to be called back.

use std::fmt;
use std::time::Duration;

use callroute_schema::{CallId, Direction, Event, Queue, Timestamp};
use serde::{Deserialize, Serialize};

/// Most callbacks that are kept; beyond, the oldest is forgotten.
const MOST: usize = 10_000;

/// Where in its queue a caller waits, also after it has hung up: nobody overtakes it meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The call in which it came.
    pub of: CallId,
    /// Counts the arrivals of a hub.
    pub arrival: u64,
    /// Since when it waits, in milliseconds on the hub's clock.
    pub since_ms: u64,
}

/// A caller that left a queue and wants to be called back.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Callback {
    /// The queue, with its members.
    pub queue: Box<Queue>,
    /// The call in which it was asked for, as it was then.
    pub event: Box<Event>,
    /// The caller's place.
    pub place: Place,
    /// How often it was tried.
    pub tries: u32,
}

/// Who is called back is left out.
impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callback")
            .field("queue", &self.queue.name)
            .field("place", &self.place)
            .field("tries", &self.tries)
            .finish_non_exhaustive()
    }
}

impl Callback {
    /// The event of the call that calls back: from and to are those of the first call, and the
    /// attributes `callback_of` and `callback_try` say which that was, and which try this is.
    #[must_use]
    pub fn event(&self, call_id: CallId, now: Timestamp) -> Event {
        let first = &self.event;
        let mut event = Event::incoming_call(call_id, first.from.clone(), first.to.clone(), now);
        event.direction = Some(Direction::Outbound);
        event.from_name.clone_from(&first.from_name);
        event.attributes.clone_from(&first.attributes);
        let attributes = &mut event.attributes;
        attributes.insert("callback_of".to_owned(), first.call_id.to_string());
        attributes.insert(
            "callback_try".to_owned(),
            self.tries.saturating_add(1).to_string(),
        );
        event
    }

    /// Whether it is of the same caller, for the same queue.
    fn is_like(&self, other: &Self) -> bool {
        self.queue.name == other.queue.name && self.event.from == other.event.from
    }
}

/// The callbacks that are due, and those that are to be tried again later.
#[derive(Debug, Default)]
pub(super) struct Callbacks {
    due: Vec<Callback>,
    later: Vec<(Duration, Callback)>,
}

impl Callbacks {
    /// One more, unless the same caller waits for one from this queue already.
    pub(super) fn add(&mut self, callback: Callback) {
        let later = self.later.iter().map(|(_, callback)| callback);
        if !self
            .due
            .iter()
            .chain(later)
            .any(|one| one.is_like(&callback))
        {
            if self.due.len() >= MOST {
                self.due.remove(0);
            }
            self.due.push(callback);
        }
    }

    /// It is to be tried again.
    pub(super) fn add_later(&mut self, at: Duration, callback: Callback) {
        if self.later.len() >= MOST {
            self.later.remove(0);
        }
        self.later.push((at, callback));
    }

    pub(super) fn take(&mut self) -> Vec<Callback> {
        std::mem::take(&mut self.due)
    }

    pub(super) fn are_due(&self) -> bool {
        !self.due.is_empty()
    }

    pub(super) fn next_wake(&self) -> Option<Duration> {
        self.later.iter().map(|(at, _)| *at).min()
    }

    pub(super) fn wake(&mut self, now: Duration) {
        let due = self.later.extract_if(.., |(at, _)| *at <= now);
        self.due.extend(due.map(|(_, callback)| callback));
    }
}
