//! What a call's webhooks do and fail to do, as everybody else is told: the next webhook, the
//! events, the trace.

use std::net::SocketAddr;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use callroute_control::{LinesSink, Sink, StatusCallbacks};
use callroute_router::{Lookups, Router, RouterConfig, Silent, Way};
use callroute_rules::{ChronoTz, Facts, load};
use callroute_schema::{Event, EventKind};
use callroute_session::Note;
use callroute_sip::phone::{Phone, PhoneConfig};
use callroute_sip::{Config, SipAdapter};
use callroute_tables::TableHandle;
use callroute_webhook::{Client, ClientConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::common::Bench;
use crate::common::counted::Counted;
use crate::common::webhook::Webhook;

const PATIENCE: Duration = Duration::from_secs(20);

/// Calls a router with this table: the SIP status that the caller gets, and the events told.
async fn call(table: &str) -> (Option<u16>, Vec<Event>) {
    let bench = Bench::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.jsonl");
    let sinks = vec![Sink::Lines(LinesSink::new(path.clone()))];
    let callbacks =
        StatusCallbacks::start(sinks, &ClientConfig::default(), Arc::new(Silent)).unwrap();
    let callbacks = Arc::new(callbacks);
    let adapter = SipAdapter::bind(Config::new((bench.ip, 0).into()))
        .await
        .unwrap();
    let uri = format!("sip:+13146523057@{}", adapter.local_addr());
    let engine = load("routes.yaml", table, &(), &ChronoTz).unwrap();
    let client = Client::new(ClientConfig::default());
    let mut config = RouterConfig::new(TableHandle::new(engine.into()), client);
    config.observer = callbacks.clone();
    let routing = tokio::spawn(
        Router::new(adapter, config)
            .unwrap()
            .run(std::future::pending()),
    );
    let phone = Phone::bind((bench.ip, 0).into(), PhoneConfig::default())
        .await
        .unwrap();
    let call = phone.call(&uri, "+14155550123").await.unwrap();
    let cause = call.wait_answered(PATIENCE).await.unwrap_err();
    routing.abort();
    let flushed = callbacks.clone();
    assert!(
        tokio::task::spawn_blocking(move || flushed.flush(PATIENCE))
            .await
            .unwrap()
    );
    let text = std::fs::read_to_string(path).unwrap();
    let events = text
        .lines()
        .map(|line| Event::from_json(line.as_bytes()).unwrap())
        .collect();
    (cause.sip_code, events)
}

/// Each failure that was told: the webhook and its class.
fn failures(events: &[Event]) -> Vec<(String, String)> {
    let failed = |event: &&Event| event.kind == EventKind::WebhookFailed;
    let text = |event: &Event, name: &str| event.attributes[name].clone();
    let of = |event: &Event| (text(event, "webhook"), text(event, "failure"));
    events.iter().filter(failed).map(of).collect()
}

/// A19, A22, B38: a webhook that fails is named with its class in the event `webhook_failed`, which
/// status callbacks tell, and to the webhook that is asked in its place.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_is_told_to_everybody_concerned() {
    let dead = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let backup = Webhook::start(r#"{"action":"reject","cause":"user_busy"}"#).await;
    let (status, events) = call(&format!(
        r#"
version: 1
default: {{ action: reject, cause: congestion }}
webhooks:
  sales: {{ urls: ["http://{dead}/"], allow: ["127.0.0.0/8"], fallback: {{ action: webhook, name: backup }} }}
  backup: {{ urls: ["http://{}/"], allow: ["127.0.0.0/8"] }}
numbers:
  "+13146523057": {{ action: webhook, name: sales }}
"#,
        backup.addr
    ))
    .await;
    assert_eq!(status, Some(486), "the backup's answer");
    assert_eq!(
        failures(&events),
        [("sales".to_owned(), "connect".to_owned())]
    );
    let asked = backup.asked();
    assert_eq!(asked[0].attributes["webhook"], "sales");
    assert_eq!(asked[0].attributes["failure"], "connect");
    assert!(asked[0].deadline_ms.is_some());
    assert!(
        events.iter().all(|event| event.event_id.is_some()),
        "each can be known again"
    );
}

/// A web server that answers once, lets that answer stand in for later ones, and is gone.
async fn answers_once() -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        drop(listener);
        let mut asked = Vec::new();
        while !asked.ends_with(b"}") {
            stream.read_buf(&mut asked).await.unwrap();
        }
        let body = r#"{"action":"reject","cause":"declined"}"#;
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\
             cache-control: stale-if-error=600\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(answer.as_bytes()).await.unwrap();
    });
    addr
}

/// A8, A19: a last good answer that stands in is no answer: the trace, the events and `Way` say that
/// the server failed, and how.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_last_good_answer_hides_no_failure() {
    let addr = answers_once().await;
    let table = format!(
        r#"
version: 1
default: {{ action: reject, cause: congestion }}
webhooks:
  w: {{ urls: ["http://{addr}/"], allow: ["127.0.0.0/8"], last_good: true }}
numbers:
  "+13146523057": {{ action: webhook, name: w }}
"#
    );
    let bench = Bench::new();
    let client = Client::new(ClientConfig::default());
    let router = bench.router_made(&table, bench.config(&[]), |config| {
        config.webhooks = client.clone();
    });
    let router = router.await;
    let phone = Phone::bind((bench.ip, 0).into(), PhoneConfig::default());
    let phone = phone.await.unwrap();
    let uri = format!("sip:+13146523057@{}", router.addr);
    for (calls, failed) in [
        (1, vec![]),
        (2, vec![("w".to_owned(), "connect".to_owned())]),
    ] {
        let call = phone.call(&uri, "+14155550123").await.unwrap();
        let cause = call.wait_answered(PATIENCE).await.unwrap_err();
        assert_eq!(cause.sip_code, Some(603), "what the server said");
        router.settled(calls).await;
        assert_eq!(
            failures(&router.seen.events(EventKind::WebhookFailed)),
            failed
        );
        let answered = |note: &Note| matches!(note, Note::WebhookAnswered { .. });
        assert_eq!(router.seen.count(answered), 1, "{}", router.seen.trace());
    }
    assert!(
        router.seen.has(|note| {
            note.to_string() == "the last good answer of webhook w stands in: reject"
        })
    );
    let engine = Arc::new(load("routes.yaml", &table, &(), &ChronoTz).unwrap());
    let event = br#"{"event":"incoming_call","from":"+14155550123","to":"+13146523057","timestamp":"2026-04-21T14:32:00Z","call_id":"c1"}"#;
    let event = Event::from_json(event).unwrap();
    let way = Way::new(client, Lookups::default());
    let routed = way.of(&engine, event, Facts::default()).await;
    assert_eq!(routed.source.as_str(), "last_good");
    assert_eq!(routed.failure.unwrap().class.as_str(), "connect");
}

/// A web server whose answers dial a number that costs.
async fn fraud() -> Webhook {
    Webhook::start(
        r#"{"action":"forward","destination":{"type":"number","number":"+19005550123"}}"#,
    )
    .await
}

/// A table that asks a web server, and allows no such number.
fn careful(webhook: &str, addr: SocketAddr) -> String {
    format!(
        r#"
version: 1
default: {{ action: reject, cause: congestion }}
destinations: {{ allow: ["+1*"], deny: ["+1900*"] }}
webhooks:
  {webhook}: {{ urls: ["http://{addr}/"], allow: ["127.0.0.0/8"] }}
numbers:
  "+13146523057": {{ action: webhook, name: {webhook} }}
"#
    )
}

/// Toll fraud: an answer that dials what `destinations` does not allow is none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_dials_only_what_the_table_allows() {
    let fraud = fraud().await;
    let (status, events) = call(&careful("sales", fraud.addr)).await;
    assert_eq!(status, Some(503), "the default");
    assert_eq!(
        failures(&events),
        [("sales".to_owned(), "bad_schema".to_owned())]
    );
}

/// A19, B38: the counter of `webhook_failed` names the webhook and the class of its failure; also an
/// answer that only the table refuses is counted, and no URL becomes a label.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failures_are_counted_by_webhook_and_class() {
    let counted = Counted::of_process();
    let dead = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let fraud = fraud().await;
    let there = format!(r#"{{"action":"webhook","url":"http://{dead}/elsewhere"}}"#);
    let elsewhere = Webhook::start(there.leak()).await;
    let count = |webhook: &str, failure: &str| {
        counted.count(&format!(
            "callroute_webhook_failed_total webhook={webhook} failure={failure}"
        ))
    };
    for (name, url, [webhook, class]) in [
        ("counted_dead", dead, ["counted_dead", "connect"]),
        ("counted_fraud", fraud.addr, ["counted_fraud", "bad_schema"]),
        (
            "counted_elsewhere",
            elsewhere.addr,
            ["url", "refused_address"],
        ),
    ] {
        let before = count(webhook, class);
        let (status, events) = call(&careful(name, url)).await;
        assert_eq!(status, Some(503), "{name}: the default");
        let told = (webhook.to_owned(), class.to_owned());
        assert_eq!(failures(&events), [told], "{name}: no URL is told");
        assert_eq!(count(webhook, class), before + 1, "{name}");
    }
}
