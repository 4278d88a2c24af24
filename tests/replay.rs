//! What a router writes down of a real call, replayed by the command.

use std::path::PathBuf;
use std::process::Command;

use callroute_router::{Journals, RouterConfig};
use callroute_session::Note;
use callroute_sip::phone::{AnswerMode, Phone, PhoneConfig};

use crate::calls::menu;
use crate::common::Bench;
use crate::common::example::callroute;
use crate::common::wait::until;
use crate::common::webhook::{RING_GROUP, Webhook};

/// B39: the journal of a call with a menu, a webhook and a ring group has every step in it: replayed,
/// the session says again, word for word, what it said while the call went on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_call_is_replayed() {
    let bench = Bench::new();
    let phone = || Phone::bind((bench.ip, 0).into(), PhoneConfig::default());
    let [caller, sales, other] = [phone().await, phone().await, phone().await].map(Result::unwrap);
    sales.set_answer(AnswerMode::After(std::time::Duration::ZERO));
    other.set_answer(AnswerMode::Ring);
    let uri = |phone: &Phone| format!("sip:phone@{}", phone.local_addr());
    let uris = [uri(&sales), uri(&other)];
    let contacts = [("+16822306467", &*uris[0]), ("+12125551234", &*uris[1])];
    let webhook = Webhook::start(RING_GROUP).await;
    let journals = bench.path().join("journals");
    let make = |config: &mut RouterConfig| {
        let observer = config.observer.clone();
        config.journals = Some(Journals::start(&journals, observer).unwrap());
    };
    let table = menu(webhook.addr);
    let router = bench.router_made(&table, bench.config(&contacts), make);
    let router = router.await;
    let to = format!("sip:+13146523057@{}", router.addr);
    let call = caller.call(&to, "+14155550123").await.unwrap();
    let menu = |note: &Note| matches!(note, Note::Menu { .. });
    router.noted("the menu", menu).await;
    call.press("1").unwrap();
    let bridged = |note: &Note| matches!(note, Note::Bridged { .. });
    router.noted("the conversation", bridged).await;
    call.hangup();
    router.settled(1).await;

    let id = router.seen.first_call().unwrap();
    let file: PathBuf = journals.join(format!("{id}.jsonl"));
    let mut replayed = String::new();
    // It is written beside the call, and may be a moment behind it.
    until("the journal is whole", || {
        let ran = Command::new(callroute()).arg("replay").arg(&file).output();
        let ran = ran.unwrap();
        replayed = String::from_utf8_lossy(&ran.stdout).into_owned();
        ran.status.success() && replayed.contains("call over after")
    })
    .await;
    let mut rest = &*replayed;
    for note in router.seen.notes() {
        let line = format!(" {note}\n");
        let found = rest.split_once(&*line);
        rest = found
            .unwrap_or_else(|| panic!("no {line:?} in\n{rest}\n{}", router.seen.trace()))
            .1;
    }
}
