//! A process that tells events is killed in the middle of it, again and again.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use callroute_router::Observer;

use crate::server::{Server, any, event, start, until, webhook};

/// Calls whose events come in turns.
const CALLS: usize = 7;
/// Processes that are killed.
const ROUNDS: usize = 8;
/// Where the process that is killed has its outbox, its server, and which one it is.
const FOLDER: &str = "CALLROUTE_TEST_OUTBOX";
const ADDRESS: &str = "CALLROUTE_TEST_SERVER";
const ROUND: &str = "CALLROUTE_TEST_ROUND";

fn call(round: usize, n: usize) -> String {
    format!("round{round}call{}", n % CALLS)
}

/// The process that is killed: tells events without an end, and says how many are on the disk.
#[test]
#[ignore = "never ends; another test starts and kills it"]
fn tells_until_it_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else {
        return;
    };
    let address: SocketAddr = std::env::var(ADDRESS).unwrap().parse().unwrap();
    let round: usize = std::env::var(ROUND).unwrap().parse().unwrap();
    let callbacks = start(webhook(address, &folder));
    for n in 0_usize.. {
        callbacks.event(&event(&call(round, n), n / CALLS));
        if n % 20 == 19 {
            assert_eq!(callbacks.lost(), 0);
            println!("kept {}", callbacks.kept());
            std::thread::sleep(Duration::from_millis(2));
            // A disk that is slow just now is another test's matter.
            until("the disk keeps up", || callbacks.kept() + 2000 > n as u64);
        }
    }
}

/// Starts such a process, and kills it once so many events are on the disk; how many it said are.
fn killed(folder: &Path, address: SocketAddr, round: usize, enough: usize) -> usize {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "killed::tells_until_it_is_killed"])
        .args(["--ignored", "--nocapture", "--test-threads", "1"])
        .env(FOLDER, folder)
        .env(ADDRESS, address.to_string())
        .env(ROUND, round.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut kept = 0;
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        let Some((_, count)) = line.split_once("kept ") else {
            continue;
        };
        // A line that the kill cut off says less than was kept: that is no harm.
        kept = kept.max(count.parse().unwrap_or_default());
        if kept >= enough {
            // SIGKILL, where it stands; what it wrote by then is still read.
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(kept >= enough, "it ended by itself, with {kept}");
    kept
}

/// B38: whatever was on the disk when the process was killed is told after the next start, at
/// least once, under one id, a call's events in order; with a server that works and one that fails.
#[test]
fn what_was_kept_is_told_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let works = Arc::new(AtomicBool::new(true));
    let door = Arc::clone(&works);
    let server = Server::start(
        any(),
        Arc::new(move |_, _| {
            if door.load(Ordering::SeqCst) {
                204
            } else {
                503
            }
        }),
    );
    let mut kept = Vec::new();
    for round in 0..ROUNDS {
        works.store(round % 2 == 0, Ordering::SeqCst);
        let enough = 100 + 137 * round;
        kept.push(killed(folder.path(), server.address, round, enough));
    }
    works.store(true, Ordering::SeqCst);
    let last = start(webhook(server.address, folder.path()));
    last.event(&event("last", 0));
    until("the outbox is empty", || {
        let taken = server.taken();
        let is_told = |call: &str, number: &str| {
            let mut all = taken.iter().map(|(event, _)| event);
            all.any(|event| event.call_id.as_str() == call && event.attributes["n"] == number)
        };
        let told = |round: usize, n: usize| is_told(&call(round, n), &(n / CALLS).to_string());
        // The last of each call says that those before it are through.
        let through =
            |(round, kept): (usize, &usize)| (kept - CALLS..*kept).all(|n| told(round, n));
        is_told("last", "0") && kept.iter().enumerate().all(through)
    });
    drop(last);

    let taken = server.taken();
    let (mut ids, mut order) = (BTreeMap::new(), BTreeMap::<String, Vec<usize>>::new());
    for (event, id) in &taken {
        assert_eq!(event.event_id.as_ref(), Some(id));
        if ids.insert(id.clone(), ()).is_none() {
            let number = event.attributes["n"].parse().unwrap();
            let call = event.call_id.as_str().to_owned();
            order.entry(call).or_default().push(number);
        }
    }
    for (call, numbers) in &order {
        let expected: Vec<usize> = (0..numbers.len()).collect();
        assert_eq!(numbers, &expected, "{call}: each once, in order");
    }
    for (round, kept) in kept.iter().enumerate() {
        let told: usize = (0..CALLS).map(|n| order[&call(round, n)].len()).sum();
        assert!(told >= *kept, "round {round}: {told} of {kept}");
    }
    let kept: usize = kept.iter().sum();
    let (requests, told) = (taken.len(), ids.len());
    println!("{kept} were said to be kept, {told} were told, {requests} requests were taken");
}
