//! The fault server: everything that a webhook's server can do wrong, and what becomes of the call.
//!
//! For each fault, with this server alone and with a healthy second one: the action taken, its
//! failure class, and the time. Never later than the deadline plus 50 ms; with a healthy second
//! endpoint never the default.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test's helpers may fail loudly"
)]

mod body;
mod crowd;
mod deeds;
mod dns;
mod http2;
mod http2_faults;
mod judge;
mod load;
mod machine;
#[path = "../common/peer.rs"]
#[allow(dead_code, reason = "the other test programs use more of it")]
mod peer;
mod place;
mod served;
mod tls;
mod wire;

use judge::{alone, with_a_healthy_second};
use place::Fault;

fn all() -> Vec<Fault> {
    [
        wire::faults(),
        body::faults(),
        tls::faults(),
        dns::faults(),
        http2_faults::faults(),
    ]
    .concat()
}

/// Each fault has a name of its own, and there are at least 60.
#[test]
fn the_faults_are_many() {
    let mut names: Vec<String> = all().into_iter().map(|fault| fault.name).collect();
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count);
    assert!(count >= 60, "{count}");
}

/// A19: whatever its server does, a call has an action in time: the server's where that is usable,
/// else the fallback, with the failure's class.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_alone() {
    judge::each(all(), alone).await;
}

/// A19: with a healthy second endpoint, no call takes the default.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_healthy_second_endpoint() {
    judge::each(all(), with_a_healthy_second).await;
}
