//! A callee that is elsewhere (302), with sipp on all sides: followed as far as the routing file's
//! `destinations` let it, and not at all where nobody has asked for that.

use std::sync::Arc;

use callroute_schema::{Disposition, EventKind};
use callroute_session::Note;
use callroute_sip::{Permit, Redirects};
use callroute_tables::TableHandle;

use crate::common::sipp::Sipp;
use crate::common::{Bench, peer};

/// Whoever dials the mission's number is connected with one party; `HOST` alone may be dialed, and
/// no premium numbers.
const TABLE: &str = r#"
version: 1
default: { action: reject, cause: congestion }
destinations: { allow: ["sip:*@HOST", "+1*"], deny: ["+1900*"] }
numbers:
  "+13146523057": { action: forward, destination: { type: number, number: "+16822306467" } }
"#;

/// What callers of a callee get that answers 302 with these Contacts.
async fn sent_to(follow: bool, contacts: impl FnOnce(&Sipp) -> String, ends: bool) -> Vec<String> {
    let bench = Bench::new();
    let there = bench.uas("uas_answer", &[]).await;
    let contacts = contacts(&there);
    let callee = bench.uas("uas_moved", &[("contacts", &contacts)]).await;
    let table = TABLE.replace("HOST", &bench.ip.to_string());
    let engine = callroute_rules::load("routes.yaml", &table, &(), &callroute_rules::ChronoTz);
    let policy = TableHandle::new(Arc::new(engine.unwrap()));
    let mut config = bench.config(&[("+16822306467", &callee.uri())]);
    if follow {
        let permit = Permit::new(move |uri| policy.current().permits(uri));
        config.redirects = Redirects::Follow(permit);
    }
    let router = bench.router_with(&table, config).await;
    let caller = match ends {
        true => bench.uac(&router, "uac_bye", &[]),
        false => bench.uac(&router, "uac_refused", &[("status", "503")]),
    };
    caller.went_well(&router).await;
    callee.went_well(&router).await;
    if ends {
        let heard = there.went_well(&router).await;
        // Who was called at first stays in To, and the detour is told.
        assert!(heard.contains("\nTo: <sip:callee@"), "{heard}");
        assert!(heard.contains(";reason=deflection;counter=1"), "{heard}");
    } else {
        assert_eq!(there.messages(), "", "nobody else was called");
    }
    router.settled(1).await;
    let results = router.seen.events(EventKind::AttemptResult);
    let [result] = &*results else {
        panic!("one attempt: {results:?}");
    };
    let attempt = result.attempt.as_ref().unwrap();
    match ends {
        true => assert_eq!(attempt.disposition, Some(Disposition::Answered)),
        // The status that came is kept.
        false => assert_eq!(
            (attempt.disposition, attempt.sip_code),
            (Some(Disposition::Failed), Some(302))
        ),
    }
    let notes = router.seen.notes();
    let sent = notes.into_iter().filter_map(|note| match note {
        Note::Diverted { to, .. } => Some(to),
        _ => None,
    });
    sent.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_callee_that_is_elsewhere_is_called_there_if_that_may_be_dialed() {
    if !peer("sipp") {
        return;
    }
    // The preferred one may not be dialed; what is left is called.
    let mut uri = String::new();
    let contacts = |there: &Sipp| {
        uri = there.uri();
        let premium = there.uri().replace("callee", "+19005550123");
        format!("<{uri}>;q=0.5, <sip:ann@elsewhere.example>, <{premium}>;q=0.9")
    };
    let sent = sent_to(true, contacts, true).await;
    assert_eq!(sent, [uri]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_callee_sends_nobody_where_the_file_does_not() {
    if !peer("sipp") {
        return;
    }
    let contacts = |there: &Sipp| format!("<{}>", there.uri().replace("callee", "+19005550123"));
    assert_eq!(sent_to(true, contacts, false).await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_callee_sends_nobody_anywhere_unless_that_is_asked_for() {
    if !peer("sipp") {
        return;
    }
    let contacts = |there: &Sipp| format!("<{}>", there.uri());
    assert_eq!(sent_to(false, contacts, false).await, [""; 0]);
}
