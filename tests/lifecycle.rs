//! The example router as a process: it is told to stop while calls go on, and started again.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use callroute_schema::Disposition;
use callroute_sip::phone::{AnswerMode, Phone, PhoneCall, PhoneConfig};
use callroute_store::{FolderMessages, MessageStore};
use tokio::net::UdpSocket;
use tokio::time::timeout;

use crate::common::Bench;
use crate::common::example::Example;
use crate::common::wait::{PATIENCE, until};

const ROUTES: &str = r#"
version: 1
default: { action: reject }
numbers:
  "+13146523057": { action: forward, destination: { type: number, number: "+16822306467" } }
  "+13146523058": { action: voicemail, message: message, silence_s: 30 }
"#;

/// The example router, and where it listens.
struct Router {
    example: Example,
    addr: SocketAddr,
}

impl Router {
    async fn start(bench: &Bench, addr: SocketAddr, drain_s: u64, contact: &str) -> Self {
        let folder = bench.path();
        std::fs::write(folder.join("routes.yaml"), ROUTES).unwrap();
        let args = [
            ("--listen", addr.to_string()),
            ("--drain", drain_s.to_string()),
            ("--contact", format!("+16822306467={contact}")),
            ("--data", folder.join("data").display().to_string()),
            ("--routes", folder.join("routes.yaml").display().to_string()),
        ];
        Self {
            example: Example::start("router", folder, &args, "listening on").await,
            addr,
        }
    }

    fn uri(&self, number: &str) -> String {
        format!("sip:{number}@{}", self.addr)
    }
}

async fn phone(bench: &Bench) -> Phone {
    let addr = SocketAddr::new(bench.ip.into(), bench.free_port());
    let config = PhoneConfig {
        answer: AnswerMode::After(Duration::ZERO),
        ..PhoneConfig::default()
    };
    Phone::bind(addr, config).await.unwrap()
}

async fn calls(phone: &Phone, uri: &str) -> PhoneCall {
    let call = phone.call(uri, "+14155550123").await.unwrap();
    call.wait_answered(PATIENCE).await.unwrap();
    call
}

/// What an INVITE of a stranger is answered.
async fn refused(bench: &Bench, router: SocketAddr) -> String {
    let socket = UdpSocket::bind((bench.ip, 0)).await.unwrap();
    let addr = socket.local_addr().unwrap();
    let filler = "x".repeat(400);
    let invite = format!(
        "INVITE sip:+13146523057@{router} SIP/2.0\r\nVia: SIP/2.0/UDP {addr};branch=z9hG4bKlate\r\n\
         From: <sip:ann@{addr}>;tag=1\r\nTo: <sip:+13146523057@{router}>\r\nCall-ID: late\r\n\
         CSeq: 1 INVITE\r\nContact: <sip:ann@{addr}>\r\nMax-Forwards: 70\r\nX-Filler: {filler}\r\n\
         Content-Length: 0\r\n\r\n"
    );
    socket.send_to(invite.as_bytes(), router).await.unwrap();
    let mut answer = [0; 4096];
    let length = timeout(PATIENCE, socket.recv(&mut answer))
        .await
        .unwrap()
        .unwrap();
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

/// SIGTERM: no new call, and those that go on have their time; with the last of them the process
/// is gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_router_that_stops_lets_calls_end() {
    let bench = Bench::new();
    let (caller, callee) = (phone(&bench).await, phone(&bench).await);
    let addr = SocketAddr::new(bench.ip.into(), bench.free_port());
    let contact = format!("sip:phone@{}", callee.local_addr());
    // Far more than all of this takes.
    let router = Router::start(&bench, addr, 300, &contact).await;
    let first = calls(&caller, &router.uri("+13146523057")).await;
    let second = calls(&caller, &router.uri("+13146523057")).await;
    stops(&router).await;

    let late = caller
        .call(&router.uri("+13146523057"), "+14155550123")
        .await
        .unwrap();
    let cause = late.wait_answered(PATIENCE).await.unwrap_err();
    assert_eq!(cause.sip_code, Some(503));
    let answer = refused(&bench, addr).await;
    assert!(answer.starts_with("SIP/2.0 503"), "{answer}");
    assert!(answer.contains("\r\nRetry-After: "), "{answer}");
    // Those that go on are undisturbed, also by the end of one of them.
    assert_eq!((first.record().ended, second.record().ended), (None, None));
    first.hangup();
    assert!(first.wait_ended(PATIENCE).await.is_some());
    until("one is over at the callee", || {
        callee.calls().iter().any(|call| call.ended.is_some())
    })
    .await;
    assert_eq!(second.record().ended, None);
    second.hangup();
    let said = router.example.has_ended_well().await;
    assert!(said.contains("stopping: 0 calls are hung up"), "{said}");
    assert!(callee.calls().iter().all(|call| call.ended.is_some()));
}

/// SIGTERM: whoever has not ended in time is hung up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_router_that_stops_hangs_up_at_last() {
    let bench = Bench::new();
    let (caller, callee) = (phone(&bench).await, phone(&bench).await);
    let addr = SocketAddr::new(bench.ip.into(), bench.free_port());
    let contact = format!("sip:phone@{}", callee.local_addr());
    let router = Router::start(&bench, addr, 1, &contact).await;
    let call = calls(&caller, &router.uri("+13146523057")).await;
    stops(&router).await;
    let ended = call.wait_ended(PATIENCE).await.expect("a BYE");
    assert_eq!(ended.disposition, Disposition::Answered);
    let said = router.example.has_ended_well().await;
    assert!(said.contains("stopping: 1 calls are hung up"), "{said}");
    assert!(callee.calls().iter().all(|call| call.ended.is_some()));
}

/// Tells it to stop, and waits until it says so.
async fn stops(router: &Router) {
    router.example.terminate();
    let says = || router.example.said().contains("no new calls");
    until("it says so", says).await;
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder).map(|files| files.map(|file| file.unwrap().path()));
    files.map_or_else(|_| Vec::new(), Iterator::collect)
}

/// A message that is being left while the router stops is kept, whole, and found after a restart;
/// one that was being left when the machine died is as long as it had become, and in its box as well
/// once the router is there again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_loses_no_message() {
    let bench = Bench::new();
    let caller = phone(&bench).await;
    let addr = SocketAddr::new(bench.ip.into(), bench.free_port());
    let data = bench.path().join("data");
    let boxes = data.join("voicemail/message");
    let recording = async |router: &Router| {
        let call = calls(&caller, &router.uri("+13146523058")).await;
        call.send_tone(700);
        // Two seconds of it on the disk, where it comes piece by piece.
        let long = |file: &PathBuf| file.metadata().is_ok_and(|file| file.len() > 32_000);
        until("the recording", || {
            let files = files(&boxes);
            let mut parts = files
                .iter()
                .filter(|file| file.extension().is_some_and(|e| e == "part"));
            parts.any(long)
        })
        .await;
        call
    };
    let router = Router::start(&bench, addr, 1, "sip:nobody@127.0.0.1").await;
    let call = recording(&router).await;
    router.example.terminate();
    call.wait_ended(PATIENCE).await.expect("a BYE");
    router.example.has_ended_well().await;
    let kept = |what: &str, many: usize| {
        let (messages, strange) = FolderMessages::open(&data.join("messages")).unwrap();
        assert!(strange.is_empty());
        let found = messages.list("message");
        assert_eq!(found.len(), many, "{what}");
        for message in &found {
            let pcm = callroute_audio::wav::read_file(Path::new(&message.url)).unwrap();
            assert!(pcm.duration_ms() > 1500, "{what}: {} ms", pcm.duration_ms());
            let told = message.duration_ms.abs_diff(pcm.duration_ms());
            assert!(told < 50, "{what}: {} ms told", message.duration_ms);
            let share = callroute_audio::level::tone_share(pcm.samples(), 700.0);
            assert!(share > 0.8, "{what}: {share}");
        }
    };
    kept("after SIGTERM", 1);

    let router = Router::start(&bench, addr, 1, "sip:nobody@127.0.0.1").await;
    let _call = recording(&router).await;
    router.example.kill();
    let whole = files(&boxes)
        .into_iter()
        .filter(|file| file.extension().is_some_and(|e| e == "wav"));
    assert_eq!(whole.count(), 1, "a half message");
    let router = Router::start(&bench, addr, 1, "sip:nobody@127.0.0.1").await;
    let entered = data.join("messages");
    // Not before it has its name: until then it is a part.
    let is_whole = |file: &PathBuf| file.extension().is_some_and(|e| e == "json");
    until("the message", || {
        files(&entered).iter().filter(|file| is_whole(file)).count() == 2
    })
    .await;
    kept("after a crash and a restart", 2);
    router.example.terminate();
    router.example.has_ended_well().await;
}
