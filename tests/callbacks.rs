//! A caller of a queue is called back, over SIP.

use std::time::Duration;

use callroute_schema::{Disposition, Party};
use callroute_session::Note;
use callroute_session::shared::AgentState;
use callroute_sip::phone::{AnswerMode, Phone, PhoneConfig};

use crate::common::Bench;

const PATIENCE: Duration = Duration::from_secs(20);
const CALLER: &str = "+14155550123";
const TABLE: &str = r#"
version: 1
default: { action: reject, cause: congestion }
agents: { ann: { to: "1001" } }
numbers:
  "*": { action: queue, name: desk, members: [ann], callback: 9, whisper: { play: message } }
"#;

async fn phone(bench: &Bench, answer: AnswerMode) -> Phone {
    let phone = Phone::bind((bench.ip, 0).into(), PhoneConfig::default());
    let phone = phone.await.unwrap();
    phone.set_answer(answer);
    phone
}

/// A11: the caller presses the key and hangs up; when the member has time it is rung, then the
/// caller is, from the number that it had dialed, and the two talk.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_is_called_back_when_a_member_has_time() {
    let bench = Bench::new();
    let at_once = AnswerMode::After(Duration::ZERO);
    let ann = phone(&bench, at_once).await;
    let caller = phone(&bench, at_once).await;
    let uri = |phone: &Phone| format!("sip:phone@{}", phone.local_addr());
    let (to_ann, to_caller) = (uri(&ann), uri(&caller));
    let contacts = [("1001", &*to_ann), (CALLER, &*to_caller)];
    let router = bench.router(TABLE, &contacts).await;
    let who = Party::new("ann").unwrap();
    router.control.set_agent(&who, AgentState::Paused).unwrap();

    let to = format!("sip:+13146523057@{}", router.addr);
    let call = caller.call(&to, CALLER).await.unwrap();
    call.wait_answered(PATIENCE).await.unwrap();
    let queued = |note: &Note| matches!(note, Note::Queued { .. });
    router.noted("the queue", queued).await;
    call.press("9").unwrap();
    // It hears that it will be called back, and is hung up on.
    assert!(call.wait_ended(PATIENCE).await.is_some());
    let waits = |note: &Note| matches!(note, Note::CallingBack { n: 1, .. });
    router.noted("the callback", waits).await;
    assert!(ann.calls().is_empty() && caller.calls().is_empty());

    router
        .control
        .set_agent(&who, AgentState::Available)
        .unwrap();
    let at_ann = tokio::time::timeout(PATIENCE, ann.next_call());
    let at_ann = at_ann.await.unwrap().unwrap();
    let back = tokio::time::timeout(PATIENCE, caller.next_call());
    let back = back.await.unwrap().unwrap();
    let bridged = |note: &Note| matches!(note, Note::Bridged { .. });
    router.noted("the two talking", bridged).await;
    assert!(
        back.record().from.contains("+13146523057"),
        "{:?}",
        back.record()
    );
    back.hangup();
    assert!(at_ann.wait_ended(PATIENCE).await.is_some());
    router.settled(2).await;
    let records = router.records();
    let record = records[0].details.as_ref().unwrap();
    assert_eq!(record.disposition, Disposition::Answered);
    assert_eq!(
        record.attributes["callback_of"],
        records[1].call_id.to_string()
    );
    let members: Vec<_> = record.attempts.iter().map(|one| &*one.member).collect();
    assert_eq!(members, ["ann", CALLER]);
}
