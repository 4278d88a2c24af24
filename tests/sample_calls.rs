//! Calls that go where the servers of `examples/servers` say, by what those know of time and place.

use std::process::Command;

use crate::common::peer;
use crate::routing::{Office, Refused, To, time};
use crate::servers::{Server, script};

const ANYBODY: &str = "+12125550177";

/// All calls ask this server.
fn table(server: &Server) -> String {
    format!(
        r#"
version: 1
default: {{ action: reject, cause: congestion }}
webhooks: {{ server: {{ urls: ["{}"], allow: ["127.0.0.0/8"], deadline_ms: 10000, fallback: refused }} }}
targets: {{ refused: {{ action: reject, cause: user_busy }} }}
numbers: {{ "*": {{ action: webhook, name: server }} }}
"#,
        server.url
    )
}

/// A25, B23: a server answers with who works at the time that the event has; a change of the roster
/// is seen by the very next call.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_roster_says_who_works_now() {
    if !peer("python3") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let roster = folder.path().join("roster.csv");
    let shifts = std::fs::read_to_string(script("roster.csv")).unwrap();
    std::fs::write(&roster, &shifts).unwrap();
    let mut command = Command::new("python3");
    command.arg(script("roster.py")).arg("0").arg(&roster);
    let server = Server::that_says_where(command, "");
    let mut office = Office::open(&table(&server)).await;
    for (at, who) in [
        // Tuesday in New York, at 10:32, 17:29, 17:30 and 23:32.
        ("2026-04-21T14:32:00Z", "+13145550101"),
        ("2026-04-21T21:29:00Z", "+13145550101"),
        ("2026-04-21T21:30:00Z", "+13145550102"),
        ("2026-04-22T03:32:00Z", "+13145550102"),
        // Saturday.
        ("2026-04-25T14:32:00Z", "+13145550103"),
    ] {
        office.clock.set(time(at));
        office.call(ANYBODY, "+13146523057", "", To(who)).await;
    }
    let changed = shifts.replace("+13145550103", "+13145550101");
    std::fs::write(&roster, changed).unwrap();
    office
        .call(ANYBODY, "+13146523057", "", To("+13145550101"))
        .await;
    // A roster that nobody can read: the webhook's default.
    std::fs::write(&roster, "days\nSat\n").unwrap();
    office.call(ANYBODY, "+13146523057", "", Refused(486)).await;
}

/// A26: a server looks the caller's area code up, and answers with the nearest branch.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_knows_the_nearest_branch() {
    if !peer("python3") {
        return;
    }
    let server = Server::talkative("python3", "branches.py");
    let mut office = Office::open(&table(&server)).await;
    for (from, branch) in [
        ("+13145550177", "+13125550100"),
        ("+12125550177", "+13125550100"),
        ("+14155550177", "+12135550100"),
        ("+35316799222", "+12025550100"),
    ] {
        office.call(from, "+13146523057", "", To(branch)).await;
    }
}
