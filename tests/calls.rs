//! A call's course, with sipp on both sides: menu and webhook, who hangs up, hold, TCP.

use callroute_schema::EventKind;
use callroute_session::Note;

use crate::common::sipp::{How, press};
use crate::common::webhook::{RING_GROUP, Webhook};
use crate::common::{Bench, can_press_keys, peer};

/// Everybody who dials the mission's number is connected with one party.
pub(crate) const DIRECT: &str = r#"
version: 1
default: { action: reject, cause: congestion }
numbers:
  "+13146523057":
    - { name: sales, then: { action: forward, destination: { type: number, number: "+16822306467" } } }
"#;

/// The mission's menu: 1 asks a webhook.
pub(crate) fn menu(webhook: std::net::SocketAddr) -> String {
    format!(
        r#"
version: 1
default: {{ action: reject, cause: congestion }}
webhooks:
  sales:
    urls: ["http://{webhook}/webhook/sales"]
    allow: ["127.0.0.0/8"]
menus:
  main:
    prompt: {{ play: menu }}
    timeout_s: 10
    options:
      1: {{ action: webhook, name: sales }}
numbers:
  "+13146523057":
    - {{ name: office hours, then: {{ action: menu, name: main }} }}
"#
    )
}

/// A6, A11, A18, A20, B1, B2, B5, B11, B14 to B16, B41: one real call from the key to the agent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn press_one_asks_the_webhook_and_rings_the_group() {
    if !peer("sipp") || !can_press_keys() {
        return;
    }
    let bench = Bench::new();
    let webhook = Webhook::start(RING_GROUP).await;
    let sales = bench.uas("uas_answer", &[]).await;
    let other = bench.uas("uas_cancelled", &[]).await;
    let contacts = [
        ("+16822306467", &*sales.uri()),
        ("+12125551234", &*other.uri()),
    ];
    let router = bench.router(&menu(webhook.addr), &contacts).await;
    let caller = bench.uac(
        &router,
        "uac_bye",
        &[("press", &press("1")), ("talk_ms", "1500")],
    );

    caller.went_well(&router).await;
    sales.went_well(&router).await;
    other.went_well(&router).await;
    router.settled(1).await;

    let asked = webhook.asked();
    assert_eq!(asked.len(), 1, "one request for one call");
    let event = &asked[0];
    let digits = event.menu.as_ref().and_then(|menu| menu.digits.as_ref());
    assert_eq!(digits.map(ToString::to_string).as_deref(), Some("1"));
    assert_eq!(event.from.as_str(), "+14155550123");
    assert_eq!(event.to.as_str(), "+13146523057");
    let notes = router.seen.notes();
    let place = |wanted: fn(&Note) -> bool| {
        let found = notes.iter().position(wanted);
        found.unwrap_or_else(|| panic!("a note is missing; {}", router.seen.trace()))
    };
    let course = [
        place(|note| matches!(note, Note::Incoming { .. })),
        place(|note| matches!(note, Note::Decided { .. })),
        place(|note| matches!(note, Note::Menu { attempt: 1, .. })),
        place(|note| matches!(note, Note::Pressed { .. })),
        place(|note| matches!(note, Note::WebhookAnswered { .. })),
        place(|note| matches!(note, Note::Dialing { .. })),
        place(|note| matches!(note, Note::MemberAnswered { .. })),
        place(|note| matches!(note, Note::Bridged { .. })),
        place(|note| matches!(note, Note::CallerGone)),
    ];
    assert!(course.is_sorted(), "{course:?}; {}", router.seen.trace());
    assert_eq!(router.seen.events(EventKind::CallAnswered).len(), 1);
    assert_eq!(router.seen.events(EventKind::CallCompleted).len(), 1);
}

/// A19, A20: the webhook's server is not there, and the call is not lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_that_is_down_costs_no_call() {
    if !peer("sipp") || !can_press_keys() {
        return;
    }
    let bench = Bench::new();
    let nobody = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let general = bench.uas("uas_answer", &[]).await;
    let table = menu(nobody).replace(
        "action: reject, cause: congestion",
        r#"action: forward, destination: { type: number, number: "+16822306467" }"#,
    );
    let router = bench
        .router(&table, &[("+16822306467", &general.uri())])
        .await;
    let caller = bench.uac(
        &router,
        "uac_bye",
        &[("press", &press("1")), ("talk_ms", "1500")],
    );

    caller.went_well(&router).await;
    general.went_well(&router).await;
    router.settled(1).await;
    assert!(
        router
            .seen
            .has(|note| matches!(note, Note::WebhookFailed { .. }))
    );
    assert!(router.seen.has(|note| matches!(note, Note::Default { .. })));
    assert!(router.seen.has(|note| matches!(note, Note::Bridged { .. })));
}

/// B7, A34, A35: routing by file alone; the caller hangs up, and the callee gets the BYE.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_caller_hangs_up() {
    if !peer("sipp") {
        return;
    }
    let bench = Bench::new();
    let callee = bench.uas("uas_answer", &[]).await;
    let router = bench
        .router(DIRECT, &[("+16822306467", &callee.uri())])
        .await;
    bench.uac(&router, "uac_bye", &[]).went_well(&router).await;
    let seen = callee.went_well(&router).await;
    router.settled(1).await;
    assert!(
        seen.contains("+14155550123"),
        "the callee is not told who calls:\n{seen}"
    );
    assert!(
        router.seen.has(|note| matches!(note, Note::CallerGone)),
        "{}",
        router.seen.trace()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_callee_hangs_up() {
    if !peer("sipp") {
        return;
    }
    let bench = Bench::new();
    let callee = bench.uas("uas_hangs_up", &[]).await;
    let router = bench
        .router(DIRECT, &[("+16822306467", &callee.uri())])
        .await;
    bench
        .uac(&router, "uac_hears_bye", &[])
        .went_well(&router)
        .await;
    callee.went_well(&router).await;
    router.settled(1).await;
    assert!(router.seen.has(|note| matches!(note, Note::Bridged { .. })));
    assert!(
        !router.seen.has(|note| matches!(note, Note::CallerGone)),
        "{}",
        router.seen.trace()
    );
}

/// The caller gives up while it rings: 487 to the caller, CANCEL to the callee.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_caller_cancels() {
    if !peer("sipp") {
        return;
    }
    let bench = Bench::new();
    let callee = bench.uas("uas_cancelled", &[]).await;
    let router = bench
        .router(DIRECT, &[("+16822306467", &callee.uri())])
        .await;
    bench
        .uac(&router, "uac_cancel", &[])
        .went_well(&router)
        .await;
    let seen = callee.went_well(&router).await;
    router.settled(1).await;
    assert!(
        !seen.contains("cause=200"),
        "nobody answered elsewhere:\n{seen}"
    );
    assert!(
        router.seen.has(|note| matches!(note, Note::CallerGone)),
        "{}",
        router.seen.trace()
    );
    assert!(!router.seen.has(|note| matches!(note, Note::Bridged { .. })));
}

/// The same INVITE three times is one call (RFC 3261, section 17.2.1).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retransmitted_invite_is_one_call() {
    if !peer("sipp") {
        return;
    }
    let bench = Bench::new();
    let callee = bench.uas("uas_answer", &[]).await;
    let router = bench
        .router(DIRECT, &[("+16822306467", &callee.uri())])
        .await;
    let sent = bench
        .uac(&router, "uac_twice", &[])
        .went_well(&router)
        .await;
    let invited = callee.went_well(&router).await;
    router.settled(1).await;
    assert!(
        sent.matches("INVITE sip:").count() >= 3,
        "sipp sent the INVITE only once:\n{sent}"
    );
    assert_eq!(
        router
            .seen
            .count(|note| matches!(note, Note::Incoming { .. })),
        1
    );
    assert_eq!(
        router
            .seen
            .count(|note| matches!(note, Note::Dialing { .. })),
        1
    );
    assert_eq!(invited.matches("INVITE sip:").count(), 1, "{invited}");
}

/// The caller holds the call in the older way, by an address of zeros (RFC 3264, section 8.4), and
/// takes it back; then it goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hold_by_address_and_resume() {
    if !peer("sipp") {
        return;
    }
    let bench = Bench::new();
    let callee = bench.uas("uas_answer", &[]).await;
    let router = bench
        .router(DIRECT, &[("+16822306467", &callee.uri())])
        .await;
    let reinvite = "{{reinvite cseq=2 version=2 address=0.0.0.0}}";
    let caller = bench.uac(&router, "uac_hold", &[("hold", reinvite)]);
    caller.went_well(&router).await;
    callee.went_well(&router).await;
    router.settled(1).await;
    let held = |held| {
        router
            .seen
            .count(|note| matches!(note, Note::Hold { held: is, .. } if *is == held))
    };
    assert_eq!((held(true), held(false)), (1, 1), "{}", router.seen.trace());
}

/// The caller speaks SIP over TCP, the callee over UDP.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_over_tcp() {
    if !peer("sipp") {
        return;
    }
    let bench = Bench::new();
    let callee = bench.uas("uas_answer", &[]).await;
    let router = bench
        .router(DIRECT, &[("+16822306467", &callee.uri())])
        .await;
    let how = How {
        more: &["-t", "t1"],
        ..How::default()
    };
    let sent = bench
        .uac_with(router.addr, "uac_bye", how)
        .went_well(&router)
        .await;
    callee.went_well(&router).await;
    router.settled(1).await;
    assert!(sent.contains("SIP/2.0/TCP"), "{sent}");
    let event = &router.seen.events(EventKind::RoutingDecided)[0];
    let source = serde_json::to_value(event.source.as_ref().unwrap()).unwrap();
    assert_eq!(source["transport"], "tcp");
}

/// The callee speaks SIP over TCP only.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_callee_over_tcp() {
    if !peer("sipp") {
        return;
    }
    let bench = Bench::new();
    let how = How {
        more: &["-t", "t1"],
        ..How::default()
    };
    let callee = bench.uas_with("uas_answer", how).await;
    let uri = format!("{};transport=tcp", callee.uri());
    let router = bench.router(DIRECT, &[("+16822306467", &uri)]).await;
    bench.uac(&router, "uac_bye", &[]).went_well(&router).await;
    callee.went_well(&router).await;
    router.settled(1).await;
    assert!(router.seen.has(|note| matches!(note, Note::Bridged { .. })));
}
