//! The example `redirect` as a process: a real switch asks it where calls go, and sends them there.

use std::net::SocketAddr;

use callroute_session::Note;
use callroute_sip::{Permit, Redirects};

use crate::common::example::Example;
use crate::common::sipp::How;
use crate::common::webhook::{RING_GROUP, Webhook};
use crate::common::{Bench, peer, until};

/// The example, asked at an address.
async fn start(bench: &Bench, routes: &str, more: &[(&str, String)]) -> (Example, SocketAddr) {
    let folder = bench.path();
    std::fs::write(folder.join("redirect.yaml"), routes).unwrap();
    let addr = SocketAddr::new(bench.ip.into(), bench.free_port());
    let mut args = vec![
        ("--listen", addr.to_string()),
        (
            "--routes",
            folder.join("redirect.yaml").display().to_string(),
        ),
        ("--switch", bench.ip.to_string()),
    ];
    args.extend_from_slice(more);
    let example = Example::start("redirect", folder, &args, "redirecting on").await;
    (example, addr)
}

/// What sipp, calling that number, is told: the final answer.
async fn told(bench: &Bench, redirect: SocketAddr, number: &str, status: &str) -> String {
    let how = How {
        variables: &[("status", status)],
        ..How::default()
    };
    let mut sipp = bench.uac_calling(redirect, number, "uac_refused", how);
    let (ended, said) = sipp.wait().await;
    assert!(ended.success(), "{number}: {said}\n{}", sipp.messages());
    sipp.messages()
}

fn contacts(messages: &str) -> Vec<&str> {
    let answer = messages.split("SIP/2.0 302").nth(1).unwrap_or_default();
    let lines = answer.lines().take_while(|line| !line.is_empty());
    lines
        .filter_map(|line| line.strip_prefix("Contact: "))
        .collect()
}

/// A15, A16, A32: redirect mode with all three sources: the file at once, a webhook beside it, and the fallback
/// of a webhook that nobody answers; what has to be answered is sent to who answers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_switch_is_told_where_its_calls_go() {
    if !peer("sipp") {
        return;
    }
    let bench = Bench::new();
    let webhook = Webhook::start(RING_GROUP).await;
    let dead = SocketAddr::new(bench.ip.into(), bench.free_port());
    let routes = format!(
        r#"
version: 1
default: {{ action: reject, cause: unallocated_number }}
webhooks:
  crm: {{ urls: ["http://{}/"], allow: [127.0.0.0/8] }}
  gone: {{ urls: ["http://{dead}/"], allow: [127.0.0.0/8], fallback: {{ action: busy }} }}
numbers:
  "+13146523057": {{ action: forward, destination: {{ type: number, number: "+16822306467" }} }}
  "+13146523058": {{ action: voicemail, message: general }}
  "+13146523059": {{ action: webhook, name: crm }}
  "+13146523060": {{ action: webhook, name: gone }}
  "+13146523061": {{ action: redirect, contacts: ["sip:desk@pbx.example", "+12125551234"] }}
"#,
        webhook.addr
    );
    let more = [
        ("--trunk", "sip:gw.example:5070".to_owned()),
        ("--contact", "+12125551234=sip:bob@192.0.2.8".to_owned()),
        ("--answering", "sip:router.example:5080".to_owned()),
    ];
    let (example, addr) = start(&bench, &routes, &more).await;

    let messages = told(&bench, addr, "+13146523057", "302").await;
    assert_eq!(
        contacts(&messages),
        ["<sip:+16822306467@gw.example:5070>;q=1.0"]
    );
    let messages = told(&bench, addr, "+13146523058", "302").await;
    let there = ["<sip:+13146523058@router.example:5080>;q=1.0"];
    assert_eq!(contacts(&messages), there);
    // The ring group that the webhook answers with has to be rung by somebody.
    let messages = told(&bench, addr, "+13146523059", "302").await;
    let there = ["<sip:+13146523059@router.example:5080>;q=1.0"];
    assert_eq!(contacts(&messages), there);
    assert_eq!(webhook.asked().len(), 1);
    assert_eq!(webhook.asked()[0].to.as_str(), "+13146523059");
    told(&bench, addr, "+13146523060", "486").await;
    let messages = told(&bench, addr, "+13146523061", "302").await;
    let two = ["<sip:desk@pbx.example>;q=1.0", "<sip:bob@192.0.2.8>;q=0.9"];
    assert_eq!(contacts(&messages), two);
    told(&bench, addr, "+13140000000", "404").await;

    // A saved change is followed by the next call.
    let busy = routes.replace(
        r#"{ action: voicemail, message: general }"#,
        "{ action: busy }",
    );
    assert_ne!(busy, routes);
    std::fs::write(bench.path().join("redirect.yaml"), busy).unwrap();
    until("it is read", || example.said().contains("routes reloaded")).await;
    told(&bench, addr, "+13146523058", "486").await;

    // One with which it would not start is not taken either.
    let lookup = "lookups: { crm: { sql: select 1 as x } }\nnumbers:";
    let (secret, sql) = (
        routes.replace("fallback:", "secret: { env: CALLROUTE_UNSET }, fallback:"),
        routes.replace("numbers:", lookup),
    );
    for (wrong, why) in [
        (
            secret,
            "redirect.yaml: webhook `gone`: the environment has no",
        ),
        (sql, "redirect.yaml: lookup `crm` is a query"),
    ] {
        std::fs::write(bench.path().join("redirect.yaml"), wrong).unwrap();
        until("it is refused", || example.said().contains(why)).await;
        told(&bench, addr, "+13146523058", "486").await;
    }
    assert_eq!(example.said().matches("routes reloaded").count(), 1);

    example.terminate();
    let said = example.has_ended_well().await;
    assert!(said.contains("(fallback, connect:"), "{said}");
}

/// Without a router that answers, a ring group's members are tried one after the other, agents are
/// where the file says, what is set is known, and what nobody can do takes its branch or the default.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_switch_alone_is_told_what_it_can_do_itself() {
    if !peer("sipp") {
        return;
    }
    let bench = Bench::new();
    let routes = r#"
version: 1
default: { action: reject, cause: unallocated_number }
agents:
  ann: { to: "sip:ann@192.0.2.7" }
  bob: { to: "+16822306467" }
targets:
  desk: { action: forward, destination: { type: sip, uri: "sip:desk@pbx.example" } }
numbers:
  "+13146523057":
    action: forward
    destination: { type: ring_group, members: [bob, ann, "sip:desk@pbx.example"] }
  "+13146523058": { action: voicemail, message: general }
  "+13146523059": { action: forward, destination: { type: agent, name: ann } }
  "+13146523060": { action: redirect, contacts: [ann, bob] }
  "+13146523061": { action: voicemail, message: general, on: { failed: desk } }
  "+13146523062":
    - { then: [{ action: set, attributes: { tier: gold } }, { action: continue }] }
    - { when: { attribute: { tier: gold } }, then: desk }
    - { then: { action: busy } }
"#;
    let trunk = [("--trunk", "sip:gw.example".to_owned())];
    let (_example, addr) = start(&bench, routes, &trunk).await;
    let messages = told(&bench, addr, "+13146523057", "302").await;
    let members = [
        "<sip:+16822306467@gw.example>;q=1.0",
        "<sip:ann@192.0.2.7>;q=0.9",
        "<sip:desk@pbx.example>;q=0.8",
    ];
    assert_eq!(contacts(&messages), members);
    told(&bench, addr, "+13146523058", "404").await;
    let messages = told(&bench, addr, "+13146523059", "302").await;
    assert_eq!(contacts(&messages), ["<sip:ann@192.0.2.7>;q=1.0"]);
    let messages = told(&bench, addr, "+13146523060", "302").await;
    let two = [
        "<sip:ann@192.0.2.7>;q=1.0",
        "<sip:+16822306467@gw.example>;q=0.9",
    ];
    assert_eq!(contacts(&messages), two);
    for number in ["+13146523061", "+13146523062"] {
        let messages = told(&bench, addr, number, "302").await;
        assert_eq!(
            contacts(&messages),
            ["<sip:desk@pbx.example>;q=1.0"],
            "{number}"
        );
    }
}

/// The whole way: a router asks the redirector as its trunk, is sent on, and the call is answered
/// where the routing file says.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_goes_where_the_redirector_says() {
    if !peer("sipp") {
        return;
    }
    let bench = Bench::new();
    let callee = bench.uas("uas_answer", &[]).await;
    let routes = r#"
version: 1
default: { action: reject }
numbers:
  "+16822306467": { action: forward, destination: { type: user, name: ann } }
"#;
    let ann = [("--contact", format!("ann={}", callee.uri()))];
    let (example, addr) = start(&bench, routes, &ann).await;
    let table = r#"
version: 1
default: { action: reject }
numbers:
  "+13146523057": { action: forward, destination: { type: number, number: "+16822306467" } }
"#;
    let mut config = bench.config(&[]);
    config.trunk = Some(format!("sip:{addr}"));
    config.redirects = Redirects::Follow(Permit::new(|_| true));
    let router = bench.router_with(table, config).await;
    bench.uac(&router, "uac_bye", &[]).went_well(&router).await;
    callee.went_well(&router).await;
    router.settled(1).await;
    assert!(router.seen.has(|note| matches!(note, Note::Bridged { .. })));
    let said = example.said();
    assert!(said.contains(": 302 sip:callee@"), "{said}");
}
