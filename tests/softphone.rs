//! A softphone that others wrote (baresip) calls, and is called; both sides are heard.

use std::net::SocketAddr;
use std::time::Duration;

use callroute_audio::level::{rms, tone_share};
use callroute_session::Note;
use callroute_sip::phone::{Phone, PhoneCall, PhoneConfig};

use crate::calls::DIRECT;
use crate::common::baresip::Baresip;
use crate::common::wait::PATIENCE;
use crate::common::{Bench, peer};

/// What baresip says all the time, and what our phone does.
const SOFTPHONE_HZ: u16 = 1_000;
const PHONE_HZ: u16 = 500;

const MENU: &str = r#"
version: 1
default: { action: reject }
menus:
  main:
    prompt: { play: general }
    timeout_s: 20
    options:
      1: { action: forward, destination: { type: number, number: "+16822306467" } }
numbers:
  "+13146523057":
    - { name: everybody, then: { action: menu, name: main } }
"#;

async fn phone(bench: &Bench) -> (Phone, String) {
    let addr = SocketAddr::new(bench.ip.into(), bench.free_port());
    let phone = Phone::bind(addr, PhoneConfig::default()).await.unwrap();
    let uri = format!("sip:phone@{}", phone.local_addr());
    (phone, uri)
}

/// Waits until our phone has heard a second of the softphone.
async fn hears_the_softphone(call: &PhoneCall, trace: &str) {
    call.forget_heard();
    assert!(
        call.wait_heard(Duration::from_secs(1), PATIENCE).await,
        "nothing came; {trace}"
    );
    let share = tone_share(&call.heard(), f32::from(SOFTPHONE_HZ));
    assert!(
        share > 0.8,
        "baresip's tone has a share of {share}; {trace}"
    );
}

/// A18, B1, B7: a softphone calls, hears the menu, presses 1, and talks with whom it is given.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn baresip_calls_and_presses_a_key() {
    if !peer("baresip") {
        return;
    }
    let bench = Bench::new();
    let (phone, uri) = phone(&bench).await;
    let router = bench.router(MENU, &[("+16822306467", &uri)]).await;
    let mut softphone = Baresip::start(&bench, SOFTPHONE_HZ).await;
    softphone
        .command("dial", &format!("sip:+13146523057@{}", router.addr))
        .await;
    router
        .noted("the menu", |note| matches!(note, Note::Menu { .. }))
        .await;
    // Time to hear something of the menu.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    softphone.command("sndcode", "1").await;
    let call = tokio::time::timeout(PATIENCE, phone.next_call())
        .await
        .expect("a call")
        .unwrap();
    call.wait_answered(PATIENCE).await.unwrap();
    call.send_tone(PHONE_HZ);
    hears_the_softphone(&call, &router.seen.trace()).await;
    tokio::time::sleep(Duration::from_millis(1_000)).await;
    call.hangup();
    router.settled(1).await;
    softphone.quit().await;

    assert_eq!(call.record().from, "+14155550123");
    assert_eq!(
        router
            .seen
            .count(|note| matches!(note, Note::Pressed { .. })),
        1
    );
    let heard = softphone.heard();
    let menu = &heard.samples()[..8_000];
    assert!(rms(menu) > 300.0, "the menu is silent: level {}", rms(menu));
    let share = tone_share(heard.samples(), f32::from(PHONE_HZ));
    assert!(
        share > 0.2,
        "our tone has a share of {share} in what baresip heard"
    );
}

/// B7, B35: a softphone is called and answers by itself; both hear each other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn baresip_is_called() {
    if !peer("baresip") {
        return;
    }
    let bench = Bench::new();
    let (phone, _) = phone(&bench).await;
    let mut softphone = Baresip::start(&bench, SOFTPHONE_HZ).await;
    let contact = format!("sip:+14155550123@{}", softphone.addr);
    let router = bench.router(DIRECT, &[("+16822306467", &contact)]).await;
    let call = phone
        .call(&format!("sip:+13146523057@{}", router.addr), "+12025550100")
        .await
        .unwrap();
    let answered = call.wait_answered(PATIENCE).await;
    assert!(
        answered.is_ok(),
        "{answered:?}; {}\n{}",
        router.seen.trace(),
        softphone.said()
    );
    call.send_tone(PHONE_HZ);
    hears_the_softphone(&call, &router.seen.trace()).await;
    tokio::time::sleep(Duration::from_millis(1_000)).await;
    call.hangup();
    router.settled(1).await;
    softphone.quit().await;

    let heard = softphone.heard();
    let share = tone_share(heard.samples(), f32::from(PHONE_HZ));
    assert!(
        share > 0.5,
        "our tone has a share of {share} in what baresip heard"
    );
}

/// RFC 3515: a softphone that was called transfers its caller to somebody else, and is gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn baresip_transfers_its_caller() {
    if !peer("baresip") {
        return;
    }
    let bench = Bench::new();
    let (caller, _) = phone(&bench).await;
    let (third, third_uri) = phone(&bench).await;
    let mut softphone = Baresip::start(&bench, SOFTPHONE_HZ).await;
    let contact = format!("sip:+14155550123@{}", softphone.addr);
    let contacts = [("+16822306467", &*contact), ("1001", &*third_uri)];
    let router = bench.router(DIRECT, &contacts).await;
    let call = caller
        .call(&format!("sip:+13146523057@{}", router.addr), "+12025550100")
        .await
        .unwrap();
    call.wait_answered(PATIENCE).await.unwrap();
    hears_the_softphone(&call, &router.seen.trace()).await;
    let to = format!("sip:1001@{}", router.addr);
    softphone.command("transfer", &to).await;
    let taken = tokio::time::timeout(PATIENCE, third.next_call()).await;
    let taken = taken.unwrap_or_else(|_| panic!("{}\n{}", router.seen.trace(), softphone.said()));
    let taken = taken.unwrap();
    taken.wait_answered(PATIENCE).await.unwrap();
    router
        .noted("the transfer", |note| {
            matches!(note, Note::Reconnected { .. })
        })
        .await;
    taken.send_tone(PHONE_HZ);
    tokio::time::sleep(Duration::from_millis(300)).await;
    call.forget_heard();
    assert!(call.wait_heard(Duration::from_secs(1), PATIENCE).await);
    let share = tone_share(&call.heard(), f32::from(PHONE_HZ));
    assert!(share > 0.8, "{share}; {}", router.seen.trace());
    taken.hangup();
    call.wait_ended(PATIENCE).await.expect("the caller's end");
    router.settled(1).await;
    softphone.quit().await;
}

/// A11: three calls meet in a conference; each hears the two others, and not himself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_callers_meet_in_a_conference() {
    let bench = Bench::new();
    let table = r#"
version: 1
default: { action: conference, name: team }
"#;
    let router = bench.router(table, &[]).await;
    let (phone, _) = phone(&bench).await;
    let to = format!("sip:+13146523057@{}", router.addr);
    let tones = [500, 900, 1400];
    let mut calls = Vec::new();
    for hz in tones {
        let call = phone.call(&to, "+12025550100").await.unwrap();
        call.wait_answered(PATIENCE).await.unwrap();
        call.send_tone(hz);
        calls.push(call);
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    for (own, call) in calls.iter().enumerate() {
        call.forget_heard();
        assert!(call.wait_heard(Duration::from_secs(1), PATIENCE).await);
        let heard = call.heard();
        for (at, hz) in tones.into_iter().enumerate() {
            let share = tone_share(&heard, f32::from(hz));
            let well = if at == own { share < 0.05 } else { share > 0.3 };
            assert!(well, "{own} hears {at}: {share}; {}", router.seen.trace());
        }
    }
    for call in &calls {
        call.hangup();
    }
    router.settled(3).await;
}
