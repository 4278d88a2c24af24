//! Many calls at once, with sipp on both sides; afterwards nothing is left of them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's helpers may fail loudly"
)]

mod common;

use std::alloc::System;
use std::collections::HashSet;

use callroute_session::Note;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

use common::sipp::{How, press};
use common::webhook::{RING_GROUP, Webhook};
use common::{Bench, Running, can_press_keys, peer};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Calls of a round.
const CALLS: u32 = 500;
/// Rounds until the process has what it needs: ended UDP transactions are kept for 32 s (RFC 3261,
/// timer D), as long as two rounds take, and the store of records is full.
const WARM: usize = 2;
/// Rounds in which it may not grow.
const MORE: usize = 4;
/// What these may leave: 1 kB a call, where one in progress has about 64 kB. Counted is what was
/// allocated and not freed: what the system says that a process has moves by MB.
const LEFT: usize = MORE * CALLS as usize * 1024;
/// So long sipp knows calls that are over: where it is late, it sends again what was answered, and
/// gets the answer twice.
const LATE: [&str; 2] = ["-deadcall_wait", "3000"];

fn table(webhook: std::net::SocketAddr) -> String {
    format!(
        r#"
version: 1
default: {{ action: reject, cause: congestion }}
webhooks:
  sales: {{ urls: ["http://{webhook}/"], deadline_ms: 10000, allow: ["127.0.0.0/8"] }}
menus:
  main:
    prompt: {{ play: menu }}
    timeout_s: 20
    options:
      1: {{ action: webhook, name: sales }}
numbers:
  "+13146523057":
    - {{ name: everybody, then: {{ action: menu, name: main }} }}
"#
    )
}

/// Bytes that are allocated and not freed.
fn held() -> usize {
    let stats = ALLOCATOR.stats();
    stats
        .bytes_allocated
        .saturating_sub(stats.bytes_deallocated)
}

/// One round: so many calls from the key to the agent, all at once. Gives the most that lived.
async fn round(bench: &Bench, router: &Running, addrs: (u16, u16)) -> usize {
    let many = How {
        calls: CALLS,
        more: &LATE,
        ..How::default()
    };
    let answers = bench.uas_at("uas_answer", addrs.0, many).await;
    let cancelled = bench.uas_at("uas_cancelled", addrs.1, many).await;
    let variables = [("press", &*press("1")), ("talk_ms", "5000")];
    let rate = ["-r", "50", "-l", "200", LATE[0], LATE[1]];
    let how = How {
        calls: CALLS,
        variables: &variables,
        more: &rate,
    };
    let mut callers = bench.uac_with(router.addr, "uac_bye", how);
    let mut most = 0;
    common::until("the callers are done", || {
        most = most.max(router.live());
        callers.has_ended()
    })
    .await;
    callers.went_well(router).await;
    answers.went_well(router).await;
    cancelled.went_well(router).await;
    most
}

/// B32: up to 200 calls at once, each by menu, webhook and ring group; none fails, nothing is left.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_calls_at_once_leave_nothing_behind() {
    if !peer("sipp") || !can_press_keys() {
        return;
    }
    let bench = Bench::new();
    let webhook = Webhook::start(RING_GROUP).await;
    let ports = (bench.free_port(), bench.free_port());
    let contacts = [("+16822306467", ports.0), ("+12125551234", ports.1)]
        .map(|(number, port)| (number, format!("sip:callee@{}:{port}", bench.ip)));
    let contacts = contacts
        .each_ref()
        .map(|(number, uri)| (*number, uri.as_str()));
    let router = bench.router(&table(webhook.addr), &contacts).await;
    let mut bytes = Vec::new();
    for _ in 0..WARM + MORE {
        let most = round(&bench, &router, ports).await;
        router.settled(CALLS as usize).await;
        let bridged = router
            .seen
            .count(|note| matches!(note, Note::Bridged { .. }));
        assert_eq!(bridged, CALLS as usize);
        assert!(most > 100, "at most {most} calls at once: no load");
        let asked = webhook.take();
        let calls: HashSet<_> = asked.iter().map(|event| &event.call_id).collect();
        assert_eq!(calls.len(), CALLS as usize, "each call is asked for");
        // On a machine that is late a connection may fail: few are asked for twice.
        let most = CALLS as usize * 6 / 5;
        assert!(asked.len() <= most, "{} requests", asked.len());
        router.seen.clear();
        bytes.push(held());
    }
    println!("bytes held at the end of each round: {bytes:?}");
    let (before, after) = (bytes[WARM - 1], bytes[WARM + MORE - 1]);
    assert!(after < before + LEFT, "grew by {MORE} rounds: {bytes:?}");
}
