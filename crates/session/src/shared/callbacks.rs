//! Callers that left a queue and want to be called back.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::time::Duration;

use callroute_schema::{CallId, Caller, Direction, Event, Queue, QueueName, Timestamp};
use serde::{Deserialize, Serialize};

/// Most callbacks that are kept, due and later; beyond, the one that is due first is forgotten.
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

    /// The same for the same caller and the same queue.
    fn key(&self) -> Key {
        (self.queue.name.clone(), self.event.from.clone())
    }
}

/// A caller waits for one callback from a queue.
type Key = (QueueName, Caller);

/// The callbacks that are due, and those that are to be tried again later.
#[derive(Debug, Default)]
pub(super) struct Callbacks {
    due: VecDeque<Callback>,
    /// By when they are due, and in the order in which they came.
    later: BTreeMap<(Duration, u64), Callback>,
    /// How many of the same are among both.
    known: BTreeMap<Key, u32>,
    numbered: u64,
}

impl Callbacks {
    /// One more, unless the same caller waits for one from this queue already.
    pub(super) fn add(&mut self, callback: Callback) {
        if self.known.contains_key(&callback.key()) {
            return;
        }
        if self.due.len() >= MOST
            && let Some(oldest) = self.due.pop_front()
        {
            self.forget(&oldest);
        }
        self.know(&callback);
        self.due.push_back(callback);
    }

    /// It is to be tried again.
    pub(super) fn add_later(&mut self, at: Duration, callback: Callback) {
        if self.later.len() >= MOST
            && let Some((_, first)) = self.later.pop_first()
        {
            self.forget(&first);
        }
        self.know(&callback);
        self.numbered += 1;
        self.later.insert((at, self.numbered), callback);
    }

    pub(super) fn take(&mut self) -> Vec<Callback> {
        let due = std::mem::take(&mut self.due);
        for callback in &due {
            self.forget(callback);
        }
        due.into()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Callback> {
        self.due.iter().chain(self.later.values())
    }

    pub(super) fn are_due(&self) -> bool {
        !self.due.is_empty()
    }

    pub(super) fn next_wake(&self) -> Option<Duration> {
        self.later.keys().next().map(|(at, _)| *at)
    }

    pub(super) fn wake(&mut self, now: Duration) {
        while let Some(first) = self.later.first_entry()
            && first.key().0 <= now
        {
            self.due.push_back(first.remove());
        }
    }

    fn know(&mut self, callback: &Callback) {
        let count = self.known.entry(callback.key()).or_default();
        *count = count.saturating_add(1);
    }

    fn forget(&mut self, callback: &Callback) {
        let key = callback.key();
        if let Some(count) = self.known.get_mut(&key) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.known.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use callroute_schema::{CallId, Event, Queue, QueueName};

    use super::{Callback, Callbacks, Place};

    fn callback(from: &str) -> Callback {
        let event = format!(
            r#"{{"event":"incoming_call","from":"{from}","to":"100","timestamp":"2026-04-21T14:32:00Z","call_id":"c1"}}"#
        );
        Callback {
            queue: Box::new(Queue::named(QueueName::new("q").unwrap())),
            event: Box::new(Event::from_json(event.as_bytes()).unwrap()),
            place: Place {
                of: CallId::new("c1").unwrap(),
                arrival: 1,
                since_ms: 0,
            },
            tries: 0,
        }
    }

    #[test]
    fn a_caller_waits_for_one_callback() {
        let mut callbacks = Callbacks::default();
        callbacks.add(callback("1001"));
        callbacks.add(callback("1001"));
        callbacks.add(callback("1002"));
        assert_eq!(callbacks.take().len(), 2);
        assert!(!callbacks.are_due());
        // Who is to be tried again waits for it already.
        callbacks.add_later(Duration::from_secs(9), callback("1001"));
        callbacks.add_later(Duration::from_secs(5), callback("1003"));
        callbacks.add(callback("1001"));
        assert!(!callbacks.are_due());
        assert_eq!(callbacks.next_wake(), Some(Duration::from_secs(5)));
        callbacks.wake(Duration::from_secs(9));
        assert_eq!(callbacks.next_wake(), None);
        let from = |callback: &Callback| callback.event.from.as_str().to_owned();
        let taken: Vec<String> = callbacks.take().iter().map(from).collect();
        assert_eq!(taken, ["1003", "1001"]);
        callbacks.add(callback("1001"));
        assert!(callbacks.are_due());
    }
}
