//! A softphone that others wrote (baresip) calls, and is called; both sides are heard.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use callroute_audio::level::{rms, tone_share};
use callroute_router::{Journals, RouterConfig};
use callroute_session::{Note, Settings};
use callroute_sip::phone::{Phone, PhoneConfig};

use serde_json::Value;

use crate::calls::DIRECT;
use crate::common::baresip::Baresip;
use crate::common::sound::hears_tone;
use crate::common::wait::{PATIENCE, until};
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
    hears_tone(&call, SOFTPHONE_HZ, &router).await;
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
    hears_tone(&call, SOFTPHONE_HZ, &router).await;
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
    hears_tone(&call, SOFTPHONE_HZ, &router).await;
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
    hears_tone(&call, PHONE_HZ, &router).await;
    taken.hangup();
    call.wait_ended(PATIENCE).await.expect("the caller's end");
    router.settled(1).await;
    softphone.quit().await;
}

/// The dialog of whom the first call has called, as its journal has it.
fn dialog(journals: &Path) -> Option<String> {
    fn find(value: &Value) -> Option<String> {
        if value["leg"] == 1
            && let Some(dialog) = value["dialog"].as_str()
        {
            return Some(dialog.to_owned());
        }
        match value {
            Value::Object(map) => map.values().find_map(find),
            Value::Array(list) => list.iter().find_map(find),
            _ => None,
        }
    }
    let mut files: Vec<_> = std::fs::read_dir(journals).ok()?.flatten().collect();
    // Call ids are in the order of time.
    files.sort_by_key(|file| file.file_name());
    let text = std::fs::read_to_string(files.first()?.path()).ok()?;
    let lines = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    lines.filter_map(|line: Value| find(&line)).next()
}

/// RFC 3891, RFC 5589, section 7.1: a softphone talks with two, brings them together, and is gone.
/// baresip 1.0 has no command of that name: its transfer is given the Replaces by hand.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn baresip_brings_two_together() {
    if !peer("baresip") {
        return;
    }
    let bench = Bench::new();
    let (caller, _) = phone(&bench).await;
    let (third, third_uri) = phone(&bench).await;
    let mut softphone = Baresip::start(&bench, SOFTPHONE_HZ).await;
    let contact = format!("sip:+14155550123@{}", softphone.addr);
    let contacts = [("+16822306467", &*contact), ("+12025550177", &*third_uri)];
    let table = format!(
        "{DIRECT}  \"+12025550177\":\n    - {{ then: {{ action: forward, destination: \
         {{ type: number, number: \"+12025550177\" }} }} }}\n"
    );
    let journals = bench.path().join("journals");
    let sip = bench.config(&contacts);
    let make = |config: &mut RouterConfig| {
        let silent = config.observer.clone();
        config.journals = Some(Journals::start(&journals, silent).unwrap());
        // It is a caller itself when it asks.
        config.settings = Arc::new(Settings {
            caller_transfers: true,
            ..Settings::default()
        });
    };
    let router = bench.router_made(&table, sip, make).await;
    let call = caller
        .call(&format!("sip:+13146523057@{}", router.addr), "+12025550100")
        .await
        .unwrap();
    call.wait_answered(PATIENCE).await.unwrap();
    let to = format!("sip:+12025550177@{}", router.addr);
    softphone.command("dial", &to).await;
    let taken = tokio::time::timeout(PATIENCE, third.next_call()).await;
    let taken = taken.unwrap_or_else(|_| panic!("{}\n{}", router.seen.trace(), softphone.said()));
    let taken = taken.unwrap();
    taken.wait_answered(PATIENCE).await.unwrap();
    taken.send_tone(PHONE_HZ);
    // Its first dialog, as we would be asked for it.
    let mut named = None;
    until("the first dialog is in its journal", || {
        named = dialog(&journals);
        named.is_some()
    })
    .await;
    let replaces = named.unwrap().replace(';', "%3B").replace('=', "%3D");
    let refer_to = format!("<sip:+14155550123@{}?Replaces={replaces}>", router.addr);
    // Each of its two calls is connected, so that what follows is the transfer's.
    let seen = |wanted: fn(&Note) -> bool| router.seen.count(wanted);
    until("two conversations", || {
        seen(|note| matches!(note, Note::Bridged { .. })) == 2
    })
    .await;
    softphone.command("transfer", &refer_to).await;
    until("the two together", || {
        seen(|note| matches!(note, Note::Meeting { .. })) == 2
    })
    .await;
    // The two hear each other, and not the softphone.
    call.send_tone(900);
    for (party, hz) in [(&call, PHONE_HZ), (&taken, 900)] {
        hears_tone(party, hz, &router).await;
    }
    call.hangup();
    taken.wait_ended(PATIENCE).await.expect("the third's end");
    router.settled(2).await;
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
