//! A small bounded store of finished sounds: what was not used for longest goes first.

use crate::pcm::{Pcm, RATE};
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

/// The most sounds kept.
const MAX_ENTRIES: usize = 512;
/// The most samples kept, over all sounds: half an hour in both bands (86 MB), if there is so much.
const MAX_SAMPLES: usize = 30 * 60 * 3 * RATE as usize;

#[derive(Debug)]
struct Entry {
    pcm: Arc<Pcm>,
    /// When it was used last, in uses of the cache.
    used: u64,
}

/// Sounds by key. A sound that alone exceeds the bound is not kept at all.
#[derive(Debug)]
pub(crate) struct Cache<K> {
    entries: HashMap<K, Entry>,
    samples: usize,
    uses: u64,
}

impl<K: Eq + Hash + Clone> Cache<K> {
    pub(crate) fn new() -> Self {
        Self {
            entries: HashMap::new(),
            samples: 0,
            uses: 0,
        }
    }

    pub(crate) fn get(&mut self, key: &K) -> Option<Arc<Pcm>> {
        self.uses += 1;
        let entry = self.entries.get_mut(key)?;
        entry.used = self.uses;
        Some(Arc::clone(&entry.pcm))
    }

    pub(crate) fn put(&mut self, key: K, pcm: Arc<Pcm>) {
        let size = pcm.size();
        if size > MAX_SAMPLES {
            return;
        }
        self.uses += 1;
        self.samples += size;
        if let Some(old) = self.entries.insert(
            key,
            Entry {
                pcm,
                used: self.uses,
            },
        ) {
            self.samples -= old.pcm.size();
        }
        // A walk over at most 513 entries, and only after a sound was read or rendered.
        while self.entries.len() > MAX_ENTRIES || self.samples > MAX_SAMPLES {
            let oldest = self
                .entries
                .iter()
                .min_by_key(|(_, entry)| entry.used)
                .map(|(key, _)| key.clone());
            let Some(gone) = oldest.and_then(|key| self.entries.remove(&key)) else {
                return;
            };
            self.samples -= gone.pcm.size();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sound(samples: usize) -> Arc<Pcm> {
        Arc::new(Pcm::new(vec![0; samples]))
    }

    #[test]
    fn the_least_used_goes_first() {
        let mut cache = Cache::new();
        for n in 0..MAX_ENTRIES {
            cache.put(n, sound(1));
        }
        assert!(cache.get(&0).is_some());
        cache.put(MAX_ENTRIES, sound(1));
        assert!(cache.get(&0).is_some());
        assert!(cache.get(&1).is_none());
        assert!(cache.get(&2).is_some());
    }

    #[test]
    fn the_sum_of_samples_is_bounded_and_exact() {
        let mut cache = Cache::new();
        for n in 0..10 {
            cache.put(n, sound(MAX_SAMPLES / 4));
        }
        assert_eq!(cache.entries.len(), 4);
        cache.put(9, sound(1));
        assert_eq!(cache.samples, MAX_SAMPLES / 4 * 3 + 1);
        cache.put(99, sound(MAX_SAMPLES + 1));
        assert!(cache.get(&99).is_none());
        assert!(cache.get(&9).is_some());
    }
}
