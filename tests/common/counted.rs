//! What the facade `metrics` is told in this process.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use metrics::{
    Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
    set_global_recorder,
};

/// Counters by name and labels; all tests of a process share them.
#[derive(Clone, Default)]
pub(crate) struct Counted(Arc<Mutex<BTreeMap<String, Arc<AtomicU64>>>>);

static OF_PROCESS: LazyLock<Counted> = LazyLock::new(|| {
    let counted = Counted::default();
    set_global_recorder(counted.clone()).expect("nobody else records");
    counted
});

impl Counted {
    /// What this process counts from the first call on.
    pub(crate) fn of_process() -> Self {
        OF_PROCESS.clone()
    }

    /// A counter's count; it is named as in `name label=value label=value`.
    pub(crate) fn count(&self, name: &str) -> u64 {
        let cells = self.0.lock().unwrap();
        let cell = cells.get(name);
        cell.map_or(0, |cell| cell.load(Ordering::SeqCst))
    }
}

impl Recorder for Counted {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        let mut name = key.name().to_owned();
        for label in key.labels() {
            name.push_str(&format!(" {}={}", label.key(), label.value()));
        }
        let mut cells = self.0.lock().unwrap();
        Counter::from_arc(Arc::clone(cells.entry(name).or_default()))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}
