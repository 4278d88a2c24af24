//! The timers of transactions: earliest first, cheap to take back; pure.

use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, HashMap};
use std::hash::Hash;
use std::time::Duration;

/// Timers by key, on a clock that never jumps.
#[derive(Debug)]
pub(crate) struct Timers<K> {
    heap: BinaryHeap<Reverse<Entry<K>>>,
    /// What is set for each key, at most one for each timer, and its number in the heap; what was
    /// taken back is not here.
    set: HashMap<K, Vec<(sipx_sip::Timer, u64)>>,
    /// How many are set.
    armed: usize,
    next: u64,
}

/// A timer that was set, and perhaps taken back since.
#[derive(Debug, Clone, Copy)]
struct Entry<K> {
    at: Duration,
    number: u64,
    key: K,
    timer: sipx_sip::Timer,
}

impl<K> Entry<K> {
    fn order(&self) -> (Duration, u64) {
        (self.at, self.number)
    }
}

impl<K> PartialEq for Entry<K> {
    fn eq(&self, other: &Self) -> bool {
        self.order() == other.order()
    }
}

impl<K> Eq for Entry<K> {}

impl<K> PartialOrd for Entry<K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<K> Ord for Entry<K> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.order().cmp(&other.order())
    }
}

impl<K: Copy + Eq + Hash> Timers<K> {
    /// Without any.
    pub(crate) fn new() -> Self {
        Self {
            heap: BinaryHeap::new(),
            set: HashMap::new(),
            armed: 0,
            next: 0,
        }
    }

    /// Sets one, in place of the one that is set.
    pub(crate) fn set(&mut self, key: K, timer: sipx_sip::Timer, at: Duration) {
        self.next = self.next.wrapping_add(1);
        let number = self.next;
        let set = self.set.entry(key).or_default();
        match set.iter_mut().find(|(known, _)| *known == timer) {
            Some((_, known)) => *known = number,
            None => {
                set.push((timer, number));
                self.armed += 1;
            }
        }
        self.heap.push(Reverse(Entry {
            at,
            number,
            key,
            timer,
        }));
        self.tidy();
    }

    /// Takes one back.
    pub(crate) fn clear(&mut self, key: K, timer: sipx_sip::Timer) {
        if let Some(set) = self.set.get_mut(&key) {
            let before = set.len();
            set.retain(|(known, _)| *known != timer);
            self.armed -= before - set.len();
            if set.is_empty() {
                self.set.remove(&key);
            }
        }
        self.tidy();
    }

    /// Takes all of a key back.
    pub(crate) fn forget(&mut self, key: K) {
        if let Some(set) = self.set.remove(&key) {
            self.armed -= set.len();
        }
        self.tidy();
    }

    /// When the next one fires.
    pub(crate) fn next(&mut self) -> Option<Duration> {
        while let Some(Reverse(entry)) = self.heap.peek() {
            if is_set(&self.set, entry) {
                return Some(entry.at);
            }
            self.heap.pop();
        }
        None
    }

    /// Takes one that is due.
    pub(crate) fn due(&mut self, now: Duration) -> Option<(K, sipx_sip::Timer)> {
        if self.next()? > now {
            return None;
        }
        let Reverse(Entry { key, timer, .. }) = self.heap.pop()?;
        self.clear(key, timer);
        Some((key, timer))
    }

    /// The heap must not grow by what was taken back.
    fn tidy(&mut self) {
        if self.heap.len() > 64 && self.heap.len() > 2 * self.armed {
            let set = &self.set;
            self.heap.retain(|Reverse(entry)| is_set(set, entry));
        }
    }
}

fn is_set<K: Eq + Hash>(set: &HashMap<K, Vec<(sipx_sip::Timer, u64)>>, entry: &Entry<K>) -> bool {
    set.get(&entry.key)
        .is_some_and(|set| set.contains(&(entry.timer, entry.number)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;
    use sipx_sip::Timer;

    use super::Timers;

    fn at(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn they_fire_in_order_and_what_was_taken_back_does_not() {
        let mut timers = Timers::new();
        timers.set(1, Timer::A, at(500));
        timers.set(2, Timer::A, at(100));
        timers.set(1, Timer::B, at(300));
        timers.set(2, Timer::A, at(200));
        timers.clear(1, Timer::B);
        assert_eq!(timers.next(), Some(at(200)));
        assert_eq!(timers.due(at(150)), None);
        assert_eq!(timers.due(at(600)), Some((2, Timer::A)));
        assert_eq!(timers.due(at(600)), Some((1, Timer::A)));
        assert_eq!(timers.due(at(600)), None);
    }

    proptest! {
        /// Nothing is left behind, whatever is set and taken back.
        #[test]
        fn nothing_is_left(steps in proptest::collection::vec((0u8..3, 0u8..9, 0u64..99), 0..400)) {
            let mut timers = Timers::new();
            for (what, key, ms) in steps {
                match what {
                    0 => timers.set(key, Timer::A, at(ms)),
                    1 => timers.clear(key, Timer::A),
                    _ => timers.forget(key),
                }
                prop_assert!(timers.heap.len() <= 65.max(2 * timers.armed + 2));
            }
            while timers.due(at(1000)).is_some() {}
            prop_assert!(timers.armed == 0 && timers.set.is_empty());
        }
    }
}
