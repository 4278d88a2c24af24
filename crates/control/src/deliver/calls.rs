//! Whose event is told next: calls in turn, each one's events in order.
//!
//! Of an event only its place in the outbox is kept, and of a call a number made from its id: so
//! calls at which a server fails for days cost a few bytes each, and hold up no others.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};

use tokio::time::Instant;

use crate::outbox::Place;

/// A call, by a number made from its id. Two with the same number would wait for each other, and
/// nobody can choose ids to that end: the numbers are others in each process.
pub(super) type Key = u64;

/// The calls whose events are to be told.
#[derive(Debug, Default)]
pub(super) struct Calls {
    keys: RandomState,
    calls: HashMap<Key, Call>,
    /// Those whose first event may be told now, and was not tried yet.
    ready: VecDeque<Key>,
    /// Those whose first event was tried, and when it is tried again.
    later: BTreeSet<(Instant, Key)>,
}

#[derive(Debug, Default)]
struct Call {
    places: VecDeque<Place>,
    /// How often the first of them failed.
    failures: u32,
}

impl Calls {
    /// Adds a call's next event.
    pub(super) fn add(&mut self, call: &str, place: Place) {
        let key = self.keys.hash_one(call);
        let call = self.calls.entry(key).or_default();
        call.places.push_back(place);
        if call.places.len() == 1 {
            self.ready.push_back(key);
        }
    }

    /// How many calls wait for their first try.
    pub(super) fn untried(&self) -> usize {
        self.ready.len()
    }

    /// When a call that failed is to be tried again, the soonest.
    pub(super) fn due(&self) -> Option<Instant> {
        self.later.first().map(|(due, _)| *due)
    }

    /// A call that failed and is due.
    pub(super) fn again(&mut self, now: Instant) -> Option<(Key, Place)> {
        let first = self.later.first().filter(|(due, _)| *due <= now).copied()?;
        self.later.remove(&first);
        self.first(first.1)
    }

    /// A call that was not tried yet.
    pub(super) fn fresh(&mut self) -> Option<(Key, Place)> {
        let key = self.ready.pop_front()?;
        self.first(key)
    }

    fn first(&self, key: Key) -> Option<(Key, Place)> {
        let place = self.calls.get(&key)?.places.front()?;
        Some((key, *place))
    }

    /// How often the first event of a call failed.
    pub(super) fn failures(&self, key: Key) -> u32 {
        self.calls.get(&key).map_or(0, |call| call.failures)
    }

    /// The first event of a call failed once more, and is told again then.
    pub(super) fn failed(&mut self, key: Key, due: Instant) {
        if let Some(call) = self.calls.get_mut(&key) {
            call.failures = call.failures.saturating_add(1);
        }
        self.put_off(key, due);
    }

    /// The first event of a call could not be told now, which is not its server's fault.
    pub(super) fn put_off(&mut self, key: Key, due: Instant) {
        self.later.insert((due, key));
    }

    /// The first event of a call is over, and the next one's turn comes.
    pub(super) fn over(&mut self, key: Key) {
        let Some(call) = self.calls.get_mut(&key) else {
            return;
        };
        call.failures = 0;
        call.places.pop_front();
        if call.places.is_empty() {
            self.calls.remove(&key);
        } else {
            self.ready.push_back(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Calls, Instant};
    use crate::outbox::Place;

    fn place(seq: u64) -> Place {
        Place { share: 1, seq }
    }

    #[test]
    fn calls_take_turns_and_each_is_told_in_order() {
        let mut calls = Calls::default();
        for (call, seq) in [("a", 1), ("a", 2), ("b", 3)] {
            calls.add(call, place(seq));
        }
        let (a, first) = calls.fresh().unwrap();
        assert_eq!((first, calls.untried()), (place(1), 1));
        let (b, other) = calls.fresh().unwrap();
        assert_eq!((other, calls.fresh()), (place(3), None));
        calls.add("a", place(4));
        calls.over(a);
        assert_eq!(calls.fresh(), Some((a, place(2))));
        calls.over(b);
        calls.over(a);
        assert_eq!(calls.fresh(), Some((a, place(4))));
        calls.over(a);
        assert!(calls.calls.is_empty());
    }

    #[test]
    fn one_that_failed_waits_alone() {
        let mut calls = Calls::default();
        let now = Instant::now();
        let soon = now + Duration::from_secs(1);
        for (call, seq) in [("a", 1), ("b", 2)] {
            calls.add(call, place(seq));
        }
        let (a, _) = calls.fresh().unwrap();
        calls.failed(a, soon);
        assert_eq!((calls.failures(a), calls.due()), (1, Some(soon)));
        calls.add("a", place(3));
        assert_eq!(calls.again(now), None);
        assert_eq!(calls.fresh().map(|(_, place)| place), Some(place(2)));
        assert_eq!(calls.fresh(), None);
        assert_eq!(calls.again(soon), Some((a, place(1))));
        assert_eq!(calls.due(), None, "until it fails again");
        calls.over(a);
        assert_eq!((calls.failures(a), calls.fresh()), (0, Some((a, place(3)))));
    }
}
