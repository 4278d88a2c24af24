//! Waiting by looking again, within generous bounds.

use std::time::Duration;

use tokio::time::Instant;

/// Longest wait for anything that has to come; far more than any of it takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(75);

/// Waits until something holds; fails loudly when it does not come true.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    assert!(
        came_true(PATIENCE, &mut holds).await,
        "waited {PATIENCE:?} in vain: {what}"
    );
}

/// Whether something holds before the time is up.
pub(crate) async fn came_true(within: Duration, mut holds: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + within;
    loop {
        if holds() {
            return true;
        }
        if Instant::now() >= end {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
