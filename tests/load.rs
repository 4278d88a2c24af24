//! Many calls at once, with sipp on both sides; afterwards nothing is left of them. Linux only,
//! for it reads how much memory the process has.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's helpers may fail loudly"
)]

mod common;

use std::collections::HashSet;

use callroute_session::Note;

use common::sipp::{How, press};
use common::webhook::{RING_GROUP, Webhook};
use common::{Bench, Running, can_press_keys, peer};

/// Calls of a round.
const CALLS: u32 = 500;
const ROUNDS: usize = 6;
/// Rounds until the process has what it needs: ended UDP transactions are kept for 32 s (RFC 3261,
/// timer D), as long as two rounds take, and the store of records is full.
const WARM: usize = 2;
/// What the process may grow by in each of the rounds after that: 2 kB a call, where one in progress
/// has about 64 kB. What is lost is lost in every round, so that the least of them counts: memory
/// comes from the system in steps of some MB.
const GROWTH_KB: u64 = 1024;
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

/// The memory that the process has, in kB.
fn resident_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
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
    let mut resident = Vec::new();
    for _ in 0..ROUNDS {
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
        resident.push(resident_kb());
    }
    println!("kB of memory at the end of each round: {resident:?}");
    let steps = resident[WARM - 1..].windows(2);
    let growth = steps.map(|pair| pair[1].saturating_sub(pair[0])).min();
    assert!(
        growth < Some(GROWTH_KB),
        "grew by {growth:?} kB each: {resident:?}"
    );
}
