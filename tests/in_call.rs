//! Calls that are told to do something else while they go on: pushed actions, queues and their
//! agents, transfers by feature codes; each over real SIP, with sound.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use callroute_router::PushError;
use callroute_rules::AnswerError;
use callroute_schema::{Actions, CallId, Disposition, EndedBy, Party};
use callroute_session::shared::AgentState;
use callroute_session::{FeatureCodes, Note, Settings};
use callroute_sip::phone::{AnswerMode, Phone, PhoneCall, PhoneConfig};

use crate::common::Bench;
use crate::common::sound::hears_tone;
use crate::common::wait::{PATIENCE, came_true};

const TABLE: &str = r#"
version: 1
default: { action: reject }
agents:
  ann: { to: "+12125551234" }
numbers:
  "+13146523057": { action: forward, destination: { type: number, number: "+16822306467" } }
  "+13146523058": { action: queue, name: helpdesk, members: [ann], wait_when_empty: true, max_wait_s: 60 }
"#;

async fn phone(bench: &Bench, answer: AnswerMode) -> (Phone, String) {
    let addr = SocketAddr::new(bench.ip.into(), bench.free_port());
    let config = PhoneConfig {
        answer,
        ..PhoneConfig::default()
    };
    let phone = Phone::bind(addr, config).await.unwrap();
    let uri = format!("sip:phone@{}", phone.local_addr());
    (phone, uri)
}

async fn taken(phone: &Phone) -> PhoneCall {
    tokio::time::timeout(PATIENCE, phone.next_call())
        .await
        .expect("a call")
        .unwrap()
}

/// A31, B38: a call that goes on is given something else to do; what makes no sense is refused,
/// and a call that is over cannot be told anything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_call_is_told_to_do_something_else() {
    let bench = Bench::new();
    let (callee, uri) = phone(&bench, AnswerMode::After(Duration::ZERO)).await;
    let (caller, _) = phone(&bench, AnswerMode::After(Duration::ZERO)).await;
    let router = bench.router(TABLE, &[("+16822306467", &uri)]).await;
    let to = format!("sip:+13146523057@{}", router.addr);
    let call = caller.call(&to, "+14155550123").await.unwrap();
    let other = taken(&callee).await;
    other.wait_answered(PATIENCE).await.unwrap();
    call.wait_answered(PATIENCE).await.unwrap();
    let id = router.seen.first_call().unwrap();
    // So that the two have talked for a moment.
    tokio::time::sleep(Duration::from_millis(200)).await;

    let unknown = Actions::from_json(br#""nobody""#).unwrap();
    let refused = router.control.push(&id, unknown);
    assert!(
        matches!(refused, Err(PushError::Refused(AnswerError::Unknown(_)))),
        "{refused:?}"
    );
    let play = br#"[{"action":"play","prompt":"goodbye"},{"action":"hangup"}]"#;
    let play = Actions::from_json(play).unwrap();
    let nowhere = CallId::new("nowhere").unwrap();
    let missing = router.control.push(&nowhere, play.clone());
    assert!(matches!(missing, Err(PushError::NoSuchCall { .. })));

    router.control.push(&id, play.clone()).unwrap();
    other.wait_ended(PATIENCE).await.expect("the callee's end");
    call.wait_ended(PATIENCE).await.expect("the caller's end");
    router.settled(1).await;
    assert!(router.seen.has(|note| matches!(note, Note::Pushed { .. })));
    let late = router.control.push(&id, play);
    assert!(
        matches!(late, Err(PushError::NoSuchCall { .. })),
        "{late:?}"
    );

    let records = router.records();
    let record = records[0].details.as_ref().unwrap();
    assert_eq!(record.disposition, Disposition::Answered);
    assert_eq!(record.ended_by, EndedBy::Router);
    assert_eq!(record.attempts.len(), 1);
    assert!(
        record.talk_ms > 0 && record.answered.is_some(),
        "{record:?}"
    );
}

/// A2, A4, A11: a caller waits while the agent is in a meeting, and is served when that is over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_serves_when_the_agent_has_time() {
    let bench = Bench::new();
    let (agent, uri) = phone(&bench, AnswerMode::After(Duration::ZERO)).await;
    let (caller, _) = phone(&bench, AnswerMode::After(Duration::ZERO)).await;
    let router = bench.router(TABLE, &[("+12125551234", &uri)]).await;
    let who = Party::new("ann").unwrap();
    router
        .control
        .set_agent(&who, AgentState::InMeeting)
        .unwrap();
    let to = format!("sip:+13146523058@{}", router.addr);
    let call = caller.call(&to, "+14155550123").await.unwrap();
    call.wait_answered(PATIENCE).await.unwrap();
    router
        .noted("the queue", |note| matches!(note, Note::Queued { .. }))
        .await;
    assert_eq!(router.control.queues().len(), 1);
    assert!(agent.calls().is_empty(), "the agent was disturbed");

    router
        .control
        .set_agent(&who, AgentState::Available)
        .unwrap();
    let served = taken(&agent).await;
    served.wait_answered(PATIENCE).await.unwrap();
    router
        .noted("the bridge", |note| matches!(note, Note::Bridged { .. }))
        .await;
    served.send_tone(600);
    hears_tone(&call, 600, &router).await;
    let busy = || router.control.agents().get("ann") == Some(&AgentState::Busy);
    assert!(came_true(PATIENCE, busy).await, "the agent is not busy");
    call.hangup();
    router.settled(1).await;
    assert!(router.control.queues().is_empty());
    let agents = router.control.agents();
    assert_eq!(
        agents.get("ann"),
        Some(&AgentState::Available),
        "{agents:?}"
    );
    let records = router.records();
    let queue = &records[0].details.as_ref().unwrap().queues[0];
    assert_eq!(queue.disposition, Disposition::Answered);
}

/// The called party presses a code and a number, and the caller talks with a third.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_send_the_caller_elsewhere() {
    let bench = Bench::new();
    let (first, first_uri) = phone(&bench, AnswerMode::After(Duration::ZERO)).await;
    let (second, second_uri) = phone(&bench, AnswerMode::After(Duration::ZERO)).await;
    let (caller, _) = phone(&bench, AnswerMode::After(Duration::ZERO)).await;
    let contacts = [("+16822306467", &*first_uri), ("1001", &*second_uri)];
    let settings = Settings {
        features: Some(FeatureCodes::default()),
        ..Settings::default()
    };
    let router = bench
        .router_made(TABLE, bench.config(&contacts), |config| {
            config.settings = Arc::new(settings);
        })
        .await;
    let to = format!("sip:+13146523057@{}", router.addr);
    let call = caller.call(&to, "+14155550123").await.unwrap();
    let by = taken(&first).await;
    by.wait_answered(PATIENCE).await.unwrap();
    call.wait_answered(PATIENCE).await.unwrap();
    router
        .noted("the bridge", |note| matches!(note, Note::Bridged { .. }))
        .await;
    by.press("#11001#").unwrap();
    let third = taken(&second).await;
    third.wait_answered(PATIENCE).await.unwrap();
    by.wait_ended(PATIENCE).await.expect("the first one's end");
    router
        .noted("the transfer", |note| {
            matches!(note, Note::Reconnected { .. })
        })
        .await;
    third.send_tone(800);
    hears_tone(&call, 800, &router).await;
    third.hangup();
    call.wait_ended(PATIENCE).await.expect("the caller's end");
    router.settled(1).await;
}
