//! How many of a thing live: counted up when one is made, down when it is dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many live.
#[derive(Debug, Default)]
pub(crate) struct Gauge(AtomicUsize);

/// One that lives.
#[derive(Debug)]
pub(crate) struct Count(Arc<Gauge>);

impl Gauge {
    /// One more, until the guard is dropped.
    pub(crate) fn count(self: &Arc<Self>) -> Count {
        self.0.fetch_add(1, Ordering::Relaxed);
        Count(Arc::clone(self))
    }

    /// One more where there are fewer than so many, until the guard is dropped.
    pub(crate) fn count_below(self: &Arc<Self>, most: usize) -> Option<Count> {
        let more = |now: usize| (now < most).then(|| now.saturating_add(1));
        let counted = (self.0).fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        counted.ok().map(|_| Count(Arc::clone(self)))
    }

    /// How many there are now.
    pub(crate) fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Drop for Count {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Gauge;

    #[test]
    fn one_more_is_counted_only_where_there_is_room() {
        let gauge = Arc::new(Gauge::default());
        let (first, second) = (gauge.count_below(1), gauge.count_below(1));
        assert!(first.is_some() && second.is_none());
        drop((first, second));
        assert_eq!(gauge.get(), 0);
        assert!(gauge.count_below(1).is_some() && gauge.count_below(0).is_none());
    }
}
