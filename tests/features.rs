//! What callers and members meet beyond ringing and talking: a key to take the call, a whisper, an
//! operator, transfers, parking, recordings. Each over real SIP, with sound that is listened to.

use std::sync::Arc;
use std::time::Duration;

use callroute_audio::level::tone_share;
use callroute_audio::wav;
use callroute_schema::{Actions, Disposition};
use callroute_session::{FeatureCodes, Note, Settings};
use callroute_sip::phone::{AnswerMode, Phone, PhoneCall, PhoneConfig};

use crate::common::sound::{hears_prompt, hears_something, hears_tone};
use crate::common::wait::PATIENCE;
use crate::common::{Bench, Running, peer};

const CALLER: &str = "+14155550123";

const TABLE: &str = r#"
version: 1
default: { action: reject }
numbers:
  "+13146523051":
    action: forward
    destination:
      type: ring_group
      members: [{ to: "1001", confirm: { digit: 1, prompt: { play: menu } } }, { to: "1002", delay_s: 3 }]
      strategy: simultaneous
      whisper: { play: message }
  "+13146523052": { action: voicemail, message: message, operator: { action: forward, destination: { type: number, number: "1001" } } }
  "+13146523053": { action: forward, destination: { type: number, number: "1001" } }
  "+13146523054": { action: park, slot: "701" }
  "+13146523055": [{ action: record, consent: { play: message } }, { action: forward, destination: { type: number, number: "1001" } }]
  "+13146523057":
    action: forward
    destination: { type: ring_group, members: [{ to: "1001", headers: { Alert-Info: "<urn:alert:service:call-waiting>", X-Department: sales } }], strategy: simultaneous, caller_id: dialed }
"#;

/// Phones 1001 and 1002, a caller, and a router that they are known to.
struct Office {
    _bench: Bench,
    first: Phone,
    second: Phone,
    caller: Phone,
    router: Running,
    recordings: std::path::PathBuf,
}

impl Office {
    async fn open() -> Self {
        let bench = Bench::new();
        let phone = || Phone::bind((bench.ip, 0).into(), PhoneConfig::default());
        let [first, second, caller] = [phone().await, phone().await, phone().await].map(|made| {
            let phone = made.unwrap();
            phone.set_answer(AnswerMode::After(Duration::ZERO));
            phone
        });
        let uri = |phone: &Phone| format!("sip:phone@{}", phone.local_addr());
        let (to_first, to_second) = (uri(&first), uri(&second));
        let config = bench.config(&[("1001", &*to_first), ("1002", &*to_second)]);
        let settings = Settings {
            features: Some(FeatureCodes::default()),
            ..Settings::default()
        };
        let router = bench
            .router_made(TABLE, config, |config| config.settings = Arc::new(settings))
            .await;
        Self {
            first,
            second,
            caller,
            router,
            recordings: bench.recordings(),
            _bench: bench,
        }
    }

    async fn call(&self, number: &str) -> PhoneCall {
        let to = format!("sip:{number}@{}", self.router.addr);
        self.caller.call(&to, CALLER).await.unwrap()
    }

    /// The caller and the first phone talk.
    async fn talking(&self, number: &str) -> (PhoneCall, PhoneCall) {
        let call = self.call(number).await;
        let other = taken(&self.first).await;
        call.wait_answered(PATIENCE).await.unwrap();
        let bridged = |note: &Note| matches!(note, Note::Bridged { .. });
        self.router.noted("the two talking", bridged).await;
        (call, other)
    }

    /// Whoever talks asks the second phone by keys, and talks with it.
    async fn asked(&self, by: &PhoneCall) -> PhoneCall {
        by.press("*21002#").unwrap();
        let third = taken(&self.second).await;
        let talk = |note: &Note| matches!(note, Note::Reconnected { .. });
        self.router.noted("the two asking", talk).await;
        third
    }

    /// Waits until one hears the other's tone.
    async fn hears(&self, call: &PhoneCall, hz: u16) {
        hears_tone(call, hz, &self.router).await;
    }
}

async fn taken(phone: &Phone) -> PhoneCall {
    let call = tokio::time::timeout(PATIENCE, phone.next_call());
    let call = call.await.expect("a call").unwrap();
    call.wait_answered(PATIENCE).await.unwrap();
    call
}

/// A18, B21: whoever answers is asked for a key, and the caller is not answered before; the key
/// takes the call from the one that rings later, and the whisper is heard before the caller is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_takes_the_call_and_hears_what_it_is_about() {
    let office = Office::open().await;
    let call = office.call("+13146523051").await;
    let member = taken(&office.first).await;
    hears_prompt(&member, "menu", &office.router).await;
    assert!(!call.record().answered, "{}", office.router.seen.trace());
    member.press("1").unwrap();
    let confirmed = |note: &Note| matches!(note, Note::Confirmed { .. });
    office.router.noted("the key", confirmed).await;
    assert!(!call.record().answered, "the whisper is not over");
    hears_prompt(&member, "message", &office.router).await;
    call.wait_answered(PATIENCE).await.unwrap();
    call.send_tone(700);
    office.hears(&member, 700).await;
    assert!(office.second.calls().is_empty());
    member.hangup();
    call.wait_ended(PATIENCE).await.expect("the caller's end");
    office.router.settled(1).await;
}

/// B21: the wrong key, as a mobile's own voicemail presses none: the other one gets the caller.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_does_not_take_the_call() {
    let office = Office::open().await;
    let call = office.call("+13146523051").await;
    let machine = taken(&office.first).await;
    machine.press("5").unwrap();
    machine.wait_ended(PATIENCE).await.expect("its end");
    let person = taken(&office.second).await;
    call.wait_answered(PATIENCE).await.unwrap();
    call.send_tone(700);
    office.hears(&person, 700).await;
    call.hangup();
    person.wait_ended(PATIENCE).await.expect("the member's end");
    office.router.settled(1).await;
    let records = office.router.records();
    let attempts = &records[0].details.as_ref().unwrap().attempts;
    let ends: Vec<_> = attempts.iter().map(|one| one.disposition).collect();
    assert_eq!(ends, [Disposition::ConfirmFailed, Disposition::Answered]);
}

/// B13: zero in a voicemail box leads to a person, and nothing is kept of the message.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn zero_leads_from_a_box_to_somebody() {
    let office = Office::open().await;
    let call = office.call("+13146523052").await;
    call.wait_answered(PATIENCE).await.unwrap();
    let records = |note: &Note| matches!(note, Note::Recording { .. });
    office.router.noted("the recording", records).await;
    call.send_tone(700);
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    call.press("0").unwrap();
    let operator = taken(&office.first).await;
    // The tone ended with the key.
    call.send_tone(700);
    office.hears(&operator, 700).await;
    operator.hangup();
    call.wait_ended(PATIENCE).await.expect("the caller's end");
    office.router.settled(1).await;
    assert!(office.router.messages.list("message").is_empty());
    let files = std::fs::read_dir(office.recordings.join("message"));
    let files: Vec<_> = files.into_iter().flatten().flatten().collect();
    assert!(files.is_empty(), "{files:?}");
}

/// RFC 5589: talk with the third first while the caller hears music, then hang up: the two are
/// connected.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transfer_after_asking() {
    let office = Office::open().await;
    let (call, by) = office.talking("+13146523053").await;
    let third = office.asked(&by).await;
    third.send_tone(800);
    office.hears(&by, 800).await;
    call.forget_heard();
    assert!(call.wait_heard(Duration::from_millis(500), PATIENCE).await);
    let share = tone_share(&call.heard(), 800.0);
    assert!(share < 0.3, "the caller hears the two: {share}");
    by.hangup();
    office.hears(&call, 800).await;
    call.hangup();
    third.wait_ended(PATIENCE).await.expect("the third's end");
    office.router.settled(1).await;
}

/// All three of a transfer together: everybody hears both others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_by_a_key() {
    let office = Office::open().await;
    let (call, by) = office.talking("+13146523053").await;
    let third = office.asked(&by).await;
    by.press("*3").unwrap();
    let room = |note: &Note| matches!(note, Note::Meeting { .. });
    office.router.noted("the room", room).await;
    call.send_tone(500);
    by.send_tone(900);
    for _ in 0..5 {
        third.forget_heard();
        assert!(third.wait_heard(Duration::from_secs(1), PATIENCE).await);
        let shares = [500.0, 900.0].map(|hz| tone_share(&third.heard(), hz));
        if shares.iter().all(|share| *share > 0.25) {
            break;
        }
    }
    let shares = [500.0, 900.0].map(|hz| tone_share(&third.heard(), hz));
    let trace = office.router.seen.trace();
    assert!(
        shares.iter().all(|share| *share > 0.25),
        "{shares:?}; {trace}"
    );
    by.hangup();
    office.hears(&third, 500).await;
    call.hangup();
    third.wait_ended(PATIENCE).await.expect("the third's end");
    office.router.settled(1).await;
}

/// A parked caller waits in its slot with music, and meets whoever calls the slot.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_parked_caller_is_taken() {
    let office = Office::open().await;
    let (call, by) = office.talking("+13146523053").await;
    by.press("#72").unwrap();
    let parked = |note: &Note| matches!(note, Note::Parked { .. });
    office.router.noted("the slot", parked).await;
    by.wait_ended(PATIENCE)
        .await
        .expect("the end of who parked");
    assert!(office.router.control.parked().contains_key("701"));
    hears_something(&call, &office.router).await;
    let to = format!("sip:+13146523054@{}", office.router.addr);
    let taker = office.second.call(&to, "+14155550199").await.unwrap();
    taker.wait_answered(PATIENCE).await.unwrap();
    taker.send_tone(600);
    office.hears(&call, 600).await;
    call.send_tone(900);
    office.hears(&taker, 900).await;
    assert!(office.router.control.parked().is_empty());
    taker.hangup();
    call.wait_ended(PATIENCE).await.expect("the caller's end");
    office.router.settled(2).await;
}

/// Both hear that the call is recorded before they talk, and both are in the file.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_is_recorded_with_consent() {
    let office = Office::open().await;
    let call = office.call("+13146523055").await;
    call.wait_answered(PATIENCE).await.unwrap();
    let some = call.wait_heard(Duration::from_millis(200), PATIENCE).await;
    assert!(some, "nothing came; {}", office.router.seen.trace());
    assert!(
        office.first.calls().is_empty(),
        "it rings before the prompt is over"
    );
    let other = taken(&office.first).await;
    for side in [&call, &other] {
        hears_prompt(side, "message", &office.router).await;
    }
    both_are_in_the_file(&office, &call, &other).await;
}

/// The same in the middle of a conversation, asked for from outside: the two talk on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conversation_is_recorded_with_consent() {
    let office = Office::open().await;
    let (call, other) = office.talking("+13146523053").await;
    let id = office.router.seen.first_call().unwrap();
    let record = br#"{"action":"record","consent":{"play":"message"}}"#;
    let record = Actions::from_json(record).unwrap();
    office.router.control.push(&id, record).unwrap();
    for side in [&call, &other] {
        hears_prompt(side, "message", &office.router).await;
    }
    both_are_in_the_file(&office, &call, &other).await;
}

async fn both_are_in_the_file(office: &Office, call: &PhoneCall, other: &PhoneCall) {
    let records = |note: &Note| matches!(note, Note::RecordingCall { .. });
    office.router.noted("the recording", records).await;
    call.send_tone(600);
    other.send_tone(1_000);
    office.hears(call, 1_000).await;
    office.hears(other, 600).await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    other.hangup();
    call.wait_ended(PATIENCE).await.expect("the caller's end");
    office.router.settled(1).await;
    let records = office.router.records();
    let details = records[0].details.as_ref().unwrap();
    assert_eq!(details.recordings.len(), 1, "{details:?}");
    let file = office.recordings.join("calls");
    let file = file.join(format!("{}.wav", records[0].call_id));
    let pcm = wav::read_file(&file).unwrap();
    let last = pcm.samples().len().saturating_sub(16_000);
    let shares = [600.0, 1_000.0].map(|hz| tone_share(&pcm.samples()[last..], hz));
    assert!(shares.iter().all(|share| *share > 0.2), "{shares:?}");
}

/// A ring of its own, a header of the table's, the number that was dialed as the caller's, and the
/// count of routers that the call went through: as a phone that others wrote receives them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_sees_the_headers_of_the_table() {
    if !peer("sipp") {
        return;
    }
    let bench = Bench::new();
    let callee = bench.uas("uas_answer", &[]).await;
    let router = bench.router(TABLE, &[("1001", &*callee.uri())]).await;
    bench.uac(&router, "uac_bye", &[]).went_well(&router).await;
    let seen = callee.went_well(&router).await;
    router.settled(1).await;
    for line in [
        "Alert-Info: <urn:alert:service:call-waiting>",
        "X-Department: sales",
        "X-Callroute-Hops: 1",
    ] {
        assert!(seen.contains(line), "no {line:?} in\n{seen}");
    }
    let from = seen.lines().find(|line| line.starts_with("From:")).unwrap();
    assert!(from.contains("+13146523057"), "{from}");
}
