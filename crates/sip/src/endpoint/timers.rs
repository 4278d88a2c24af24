//! The timers of transactions: earliest first, cheap to take back; pure.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::hash::Hash;
use std::time::Duration;

/// Timers by key, on a clock that never jumps.
#[derive(Debug)]
pub(crate) struct Timers<K> {
    heap: BinaryHeap<Reverse<(Duration, u64)>>,
    /// What each number in the heap stands for; what was taken back is not here.
    armed: HashMap<u64, (K, sipx_sip::Timer)>,
    /// The numbers of each key; at most one for each timer.
    numbers: HashMap<K, Vec<(sipx_sip::Timer, u64)>>,
    next: u64,
}

impl<K: Clone + Eq + Hash> Timers<K> {
    /// Without any.
    pub(crate) fn new() -> Self {
        Self {
            heap: BinaryHeap::new(),
            armed: HashMap::new(),
            numbers: HashMap::new(),
            next: 0,
        }
    }

    /// Sets one, in place of the one that is set.
    pub(crate) fn set(&mut self, key: &K, timer: sipx_sip::Timer, at: Duration) {
        self.clear(key, timer);
        self.next = self.next.wrapping_add(1);
        self.heap.push(Reverse((at, self.next)));
        self.armed.insert(self.next, (key.clone(), timer));
        self.numbers
            .entry(key.clone())
            .or_default()
            .push((timer, self.next));
    }

    /// Takes one back.
    pub(crate) fn clear(&mut self, key: &K, timer: sipx_sip::Timer) {
        if let Some(numbers) = self.numbers.get_mut(key) {
            numbers.retain(|(set, number)| {
                let other = *set != timer;
                if !other {
                    self.armed.remove(number);
                }
                other
            });
            if numbers.is_empty() {
                self.numbers.remove(key);
            }
        }
        self.tidy();
    }

    /// Takes all of a key back.
    pub(crate) fn forget(&mut self, key: &K) {
        for (_, number) in self.numbers.remove(key).unwrap_or_default() {
            self.armed.remove(&number);
        }
        self.tidy();
    }

    /// When the next one fires.
    pub(crate) fn next(&mut self) -> Option<Duration> {
        while let Some(Reverse((at, number))) = self.heap.peek().copied() {
            if self.armed.contains_key(&number) {
                return Some(at);
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
        let Reverse((_, number)) = self.heap.pop()?;
        let (key, timer) = self.armed.remove(&number)?;
        if let Some(numbers) = self.numbers.get_mut(&key) {
            numbers.retain(|(_, set)| *set != number);
            if numbers.is_empty() {
                self.numbers.remove(&key);
            }
        }
        Some((key, timer))
    }

    /// The heap must not grow by what was taken back.
    fn tidy(&mut self) {
        if self.heap.len() > 64 && self.heap.len() > 2 * self.armed.len() {
            self.heap
                .retain(|Reverse((_, number))| self.armed.contains_key(number));
        }
    }
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
        timers.set(&1, Timer::A, at(500));
        timers.set(&2, Timer::A, at(100));
        timers.set(&1, Timer::B, at(300));
        timers.set(&2, Timer::A, at(200));
        timers.clear(&1, Timer::B);
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
                    0 => timers.set(&key, Timer::A, at(ms)),
                    1 => timers.clear(&key, Timer::A),
                    _ => timers.forget(&key),
                }
                prop_assert!(timers.heap.len() <= 65.max(2 * timers.armed.len() + 2));
            }
            while timers.due(at(1000)).is_some() {}
            prop_assert!(timers.armed.is_empty() && timers.numbers.is_empty());
        }
    }
}
