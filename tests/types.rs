//! The contract in other languages: the types are generated anew and compared, the sample servers
//! are checked against them, and answer the real router.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use callroute_schema::Actions;
use callroute_session::Note;
use callroute_sip::phone::{Phone, PhoneConfig};

use crate::common::peer::installed;
use crate::common::sound::hears_something;
use crate::common::wait::PATIENCE;
use crate::common::{Bench, peer};
use crate::servers::{Server, script};

pub(crate) fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap().to_owned()
}

/// The pinned tools, where `crates/schema/generate.py install` put them. Where they are not, the
/// test says so and is skipped, or fails when `CALLROUTE_REQUIRE_PEERS` is set.
pub(crate) fn tools() -> Option<PathBuf> {
    installed(
        "CALLROUTE_TOOLS",
        root().join("target/tools"),
        "python3 crates/schema/generate.py install",
    )
}

fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr]
        .map(|text| String::from_utf8_lossy(text))
        .concat()
}

fn succeeds(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", said(&output));
    output
}

/// B19: TypeScript's and Python's types are what the pinned generators make of the schemas.
#[test]
fn the_types_are_those_of_the_schemas() {
    if tools().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let schema = root().join("crates/schema");
    succeeds(
        Command::new("python3")
            .arg(schema.join("generate.py"))
            .arg(folder.path()),
    );
    for file in ["typescript/callroute.d.ts", "python/callroute.py"] {
        let made = std::fs::read_to_string(folder.path().join(file)).unwrap();
        let found = std::fs::read_to_string(schema.join(file)).unwrap();
        assert!(
            made == found,
            "crates/schema/{file} is not what the schemas give; run crates/schema/generate.py"
        );
    }
}

/// A copy of a sample server, with a word of it misspelled.
fn misspelled(folder: &Path, name: &str) -> PathBuf {
    let text = std::fs::read_to_string(script(name)).unwrap();
    let wrong = text.replace("simultaneous", "simultanous");
    assert_ne!(wrong, text, "{name}");
    let schema = root().join("crates/schema");
    let wrong = wrong.replace("../../crates/schema", schema.to_str().unwrap());
    let path = folder.join(name);
    std::fs::write(&path, wrong).unwrap();
    path
}

/// B19: `tsc` accepts the Node server, and sees a strategy that there is not.
#[test]
fn the_node_server_keeps_to_the_types() {
    let Some(tools) = tools() else {
        return;
    };
    let modules = tools.join("node/node_modules");
    let tsc = |server: &Path| {
        let mut command = Command::new(modules.join(".bin/tsc"));
        command.args(["--noEmit", "--allowJs", "--checkJs", "--strict"]);
        command.args(["--module", "nodenext", "--target", "es2022"]);
        command.args(["--types", "node", "--typeRoots"]);
        command.arg(modules.join("@types")).arg(server);
        command
    };
    succeeds(&mut tsc(&script("webhook.mjs")));
    let folder = tempfile::tempdir().unwrap();
    let output = tsc(&misspelled(folder.path(), "webhook.mjs"))
        .output()
        .unwrap();
    assert!(said(&output).contains("simultanous"), "{}", said(&output));
    assert!(!output.status.success());
}

/// B19: mypy accepts the Python servers and the types, and sees a strategy that there is not.
#[test]
fn the_python_servers_keep_to_the_types() {
    let Some(tools) = tools() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let types = root().join("crates/schema/python");
    let mypy = |server: &Path| {
        let mut command = Command::new(tools.join("python/bin/mypy"));
        command.args(["--strict", "--cache-dir"]).arg(folder.path());
        command.env("MYPYPATH", &types).arg(server);
        command
    };
    for server in ["webhook.py", "roster.py", "branches.py"] {
        succeeds(&mut mypy(&script(server)));
    }
    let output = mypy(&misspelled(folder.path(), "webhook.py"))
        .output()
        .unwrap();
    let wrong = "webhook.py:21: error: Incompatible types";
    assert!(said(&output).contains(wrong), "{}", said(&output));
    assert!(!output.status.success());
}

/// B19: the types need nothing but Python's standard library.
#[test]
fn the_python_types_can_be_imported() {
    if peer("python3") {
        let mut command = Command::new("python3");
        command.args(["-I", "-B", "-c"]);
        command.arg("import runpy, sys; runpy.run_path(sys.argv[1])");
        succeeds(command.arg(root().join("crates/schema/python/callroute.py")));
    }
}

/// B19: PHP's helper has the schema's words and fields, and what it builds is read.
#[test]
fn the_php_helper_builds_every_action() {
    if !peer("php") {
        return;
    }
    let folder = root().join("crates/schema/php");
    for file in [
        folder.join("Callroute.php"),
        folder.join("test.php"),
        script("webhook.php"),
    ] {
        succeeds(Command::new("php").arg("-l").arg(file));
    }
    let mut command = Command::new("php");
    command.args(["-d", "error_reporting=-1", "-d", "display_errors=stderr"]);
    let output = succeeds(command.arg(folder.join("test.php")));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let answers = String::from_utf8(output.stdout).unwrap();
    assert!(answers.lines().count() >= 26, "{answers}");
    for answer in answers.lines() {
        let read = Actions::from_json(answer.as_bytes());
        let read = read.unwrap_or_else(|error| panic!("{error}: {answer}"));
        let (read, answer): (serde_json::Value, serde_json::Value) = (
            serde_json::from_str(&read.to_json()).unwrap(),
            serde_json::from_str(answer).unwrap(),
        );
        assert_eq!(read, answer);
    }
}

fn table(url: &str) -> String {
    format!(
        r#"
version: 1
default: {{ action: reject, cause: congestion }}
webhooks:
  sales: {{ urls: ["{url}"], deadline_ms: 10000, allow: ["127.0.0.0/8"] }}
menus:
  main:
    prompt: {{ play: menu }}
    timeout_s: 20
    options: {{ 1: {{ action: webhook, name: sales }} }}
numbers:
  "+13146523057": {{ action: menu, name: main }}
"#
    )
}

/// One real call: the caller presses 1, the router asks the server, and the group that it answers
/// with rings, until one of the two answers.
async fn routes_a_call(server: &Server) {
    let bench = Bench::new();
    let phone = async || {
        let addr = SocketAddr::new(bench.ip.into(), bench.free_port());
        Phone::bind(addr, PhoneConfig::default()).await.unwrap()
    };
    let (caller, sales, other) = (phone().await, phone().await, phone().await);
    let contacts = [&sales, &other].map(|phone| format!("sip:phone@{}", phone.local_addr()));
    let contacts = [
        ("+16822306467", contacts[0].as_str()),
        ("+12125551234", contacts[1].as_str()),
    ];
    other.set_answer(callroute_sip::phone::AnswerMode::Ring);
    sales.set_answer(callroute_sip::phone::AnswerMode::Ring);
    let router = bench.router(&table(&server.url), &contacts).await;
    let uri = format!("sip:+13146523057@{}", router.addr);
    let call = caller.call(&uri, "+14155550123").await.unwrap();
    let answered = call.wait_answered(PATIENCE).await;
    assert!(answered.is_ok(), "{answered:?}; {}", router.seen.trace());
    // A key is heard once the menu plays.
    hears_something(&call, &router).await;
    call.press("1").unwrap();
    let mut rings = Vec::new();
    for phone in [&sales, &other] {
        let ring = tokio::time::timeout(PATIENCE, phone.next_call()).await;
        let ring = ring.unwrap_or_else(|_| panic!("nobody rings; {}", router.seen.trace()));
        rings.push(ring.unwrap());
    }
    rings[0].answer();
    rings[0].wait_answered(PATIENCE).await.unwrap();
    router
        .noted("the bridge", |note| matches!(note, Note::Bridged { .. }))
        .await;
    call.hangup();
    router.settled(1).await;
    assert!(rings[1].wait_ended(PATIENCE).await.is_some());
    let answered = |note: &Note| matches!(note, Note::WebhookAnswered { .. });
    assert_eq!(router.seen.count(answered), 1, "{}", router.seen.trace());
    assert_eq!(rings[0].record().from, "+14155550123");
    assert!(!rings[1].record().answered);
}

/// A10, A11, B16: Python's sample answers the real router.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn python_routes_a_real_call() {
    if peer("python3") {
        routes_a_call(&Server::talkative("python3", "webhook.py")).await;
    }
}

/// A10, A11, B16: Node's sample answers the real router.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn node_routes_a_real_call() {
    if peer("node") {
        routes_a_call(&Server::talkative("node", "webhook.mjs")).await;
    }
}

/// A10, A11, B16: PHP's sample answers the real router.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn php_routes_a_real_call() {
    if peer("php") {
        routes_a_call(&Server::php().await).await;
    }
}
