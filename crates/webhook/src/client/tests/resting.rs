//! Tests of what asks learn from each other: rests, probes, hedge delays, bounds.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use tokio::time::{sleep, timeout};

use super::{Client, VOICEMAIL, voicemail};
use crate::book::health::Health;
use crate::config::ClientConfig;
use crate::failure::FailureClass as Class;
use crate::testing::{Deed, Server, ask, client, event, json, refusing, webhook, with};
use crate::{AskReport, Endpoints};

/// Longer than the first rest may be.
const REST: Duration = Duration::from_millis(650);

pub(super) fn impatient(hedge_ms: u64) -> Client {
    Client::new(ClientConfig {
        hedge: Duration::from_millis(hedge_ms),
        second_uses: false,
        ..ClientConfig::default()
    })
}

fn classes(asked: &AskReport) -> Vec<Option<Class>> {
    let class = |attempt: &crate::Attempt| attempt.failure.as_ref().map(|failure| failure.class);
    asked.attempts.iter().map(class).collect()
}

/// A server that fails with 500 until it is told to answer, after so many milliseconds.
pub(super) async fn switched(wait_ms: u64) -> (Server, Arc<AtomicBool>) {
    let well = Arc::new(AtomicBool::new(false));
    let switch = Arc::clone(&well);
    let server = Server::start(move |_, _| match switch.load(Ordering::SeqCst) {
        true => vec![Deed::Wait(wait_ms), Deed::Write(json(VOICEMAIL))],
        false => vec![Deed::Write(with("500 Oh", "", ""))],
    })
    .await;
    (server, well)
}

pub(super) async fn five_failures(client: &Client, endpoints: &Endpoints) {
    for _ in 0..5 {
        ask(client, endpoints).await;
    }
    assert_eq!(client.health(&endpoints.urls[0]), Health::Resting);
}

/// Asks until the first URL rests. How many asks that takes is not told: slowness counts only
/// while this machine itself is not late.
async fn slow_failures(client: &Client, endpoints: &Endpoints) {
    for _ in 0..200 {
        ask(client, endpoints).await;
        if client.health(&endpoints.urls[0]) == Health::Resting {
            return;
        }
    }
    panic!("it never rests");
}

async fn until(client: &Client, endpoints: &Endpoints, health: Health) {
    let reached = async {
        while client.health(&endpoints.urls[0]) != health {
            sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(Duration::from_secs(20), reached).await.unwrap();
}

#[tokio::test]
async fn an_endpoint_that_keeps_failing_rests_and_is_left_alone() {
    let (first, _) = switched(0).await;
    let second = Server::answering(json(VOICEMAIL)).await;
    let (client, webhook) = (client(), webhook(&[first.url(), second.url()], 5000));
    five_failures(&client, &webhook).await;
    let asked = ask(&client, &webhook).await;
    assert_eq!(asked.result, Ok(voicemail()));
    assert_eq!(classes(&asked), [Some(Class::Resting), None]);
    assert_eq!((first.requests().len(), second.requests().len()), (5, 6));
}

#[tokio::test]
async fn when_all_rest_the_first_is_asked_nevertheless() {
    let (server, well) = switched(0).await;
    let (client, webhook) = (client(), webhook(&[server.url(), refusing().await], 5000));
    five_failures(&client, &webhook).await;
    let asked = ask(&client, &webhook).await;
    assert_eq!(asked.result.as_ref().unwrap_err().class, Class::Status5xx);
    let resting = Some(Class::Resting);
    assert_eq!(classes(&asked), [resting, resting, Some(Class::Status5xx)]);
    well.store(true, Ordering::SeqCst);
    assert_eq!(ask(&client, &webhook).await.result, Ok(voicemail()));
    assert_eq!(client.health(&webhook.urls[0]), Health::Healthy);
}

#[tokio::test]
async fn when_all_rest_the_deadline_is_half_a_second() {
    let server = Server::start(|_, _| vec![Deed::Silence]).await;
    let short = webhook(&[server.url()], 100);
    let client = impatient(20);
    slow_failures(&client, &short).await;
    let asked = ask(&client, &webhook(&[server.url()], 9000)).await;
    let failure = asked.result.unwrap_err();
    assert_eq!(failure.class, Class::TimeoutFirstByte);
    let bounds = Duration::from_millis(500)..Duration::from_secs(5);
    assert!(bounds.contains(&asked.elapsed), "{:?}", asked.elapsed);
}

#[tokio::test]
async fn a_probe_is_raced_and_runs_on_when_it_loses() {
    let (first, well) = switched(150).await;
    let second = Server::answering(json(VOICEMAIL)).await;
    let (client, webhook) = (client(), webhook(&[first.url(), second.url()], 5000));
    five_failures(&client, &webhook).await;
    well.store(true, Ordering::SeqCst);
    sleep(REST).await;
    let asked = ask(&client, &webhook).await;
    assert_eq!(asked.result, Ok(voicemail()));
    assert_eq!(classes(&asked)[1], None, "the second was faster");
    until(&client, &webhook, Health::Healthy).await;
    assert_eq!(first.requests().len(), 6, "one request was enough");
    client.settle().await;
    drop(client);
    first.until_open(0).await;
}

#[tokio::test]
async fn a_probe_that_fails_brings_a_longer_rest() {
    let (first, _) = switched(0).await;
    let second = Server::answering(json(VOICEMAIL)).await;
    let (client, webhook) = (client(), webhook(&[first.url(), second.url()], 5000));
    five_failures(&client, &webhook).await;
    sleep(REST).await;
    assert_eq!(ask(&client, &webhook).await.result, Ok(voicemail()));
    until(&client, &webhook, Health::Resting).await;
    assert_eq!(first.requests().len(), 6);
    sleep(REST).await;
    let asked = ask(&client, &webhook).await;
    assert_eq!(classes(&asked), [Some(Class::Resting), None]);
}

#[tokio::test]
async fn a_probe_that_is_never_answered_ends_with_its_deadline() {
    let silent = Arc::new(AtomicBool::new(false));
    let switch = Arc::clone(&silent);
    let first = Server::start(move |_, _| match switch.load(Ordering::SeqCst) {
        true => vec![Deed::Silence],
        false => vec![Deed::Close],
    })
    .await;
    let second = Server::answering(json(VOICEMAIL)).await;
    let (client, webhook) = (client(), webhook(&[first.url(), second.url()], 600));
    five_failures(&client, &webhook).await;
    silent.store(true, Ordering::SeqCst);
    sleep(REST).await;
    assert_eq!(ask(&client, &webhook).await.result, Ok(voicemail()));
    assert_eq!(client.health(&webhook.urls[0]), Health::Probing);
    until(&client, &webhook, Health::Resting).await;
    first.until_open(0).await;
}

#[tokio::test]
async fn a_slow_endpoint_that_is_always_overtaken_rests() {
    let first = Server::start(|_, _| vec![Deed::Silence]).await;
    let second = Server::answering(json(VOICEMAIL)).await;
    let (client, webhook) = (impatient(30), webhook(&[first.url(), second.url()], 9000));
    slow_failures(&client, &webhook).await;
    assert_eq!(client.health(&webhook.urls[1]), Health::Healthy);
    let before = first.requests().len();
    let asked = ask(&client, &webhook).await;
    assert_eq!(asked.result, Ok(voicemail()));
    assert_eq!(classes(&asked), [Some(Class::Resting), None]);
    assert_eq!(first.requests().len(), before);
}

#[tokio::test]
async fn a_server_may_ask_for_a_rest() {
    let second = Server::answering(json(VOICEMAIL)).await;
    for (status, header) in [
        ("429 Slow", "retry-after: 30\r\n"),
        ("503 Out", "retry-after: Sun, 06 Nov 1994 08:49:37 GMT\r\n"),
    ] {
        let first = Server::answering(with(status, header, "")).await;
        let client = Client::new(ClientConfig {
            clock: Some(Arc::new(|| UNIX_EPOCH + Duration::from_secs(784_111_740))),
            ..ClientConfig::default()
        });
        let webhook = webhook(&[first.url(), second.url()], 5000);
        assert_eq!(ask(&client, &webhook).await.result, Ok(voicemail()));
        assert_eq!(client.health(&webhook.urls[0]), Health::Resting, "{status}");
        assert_eq!(ask(&client, &webhook).await.result, Ok(voicemail()));
        assert_eq!(first.requests().len(), 1);
    }
}

#[tokio::test]
async fn answers_that_are_of_no_use_bring_no_rest() {
    for bytes in [with("404 No", "", ""), json("{}"), json("")] {
        let server = Server::answering(bytes).await;
        let (client, webhook) = (client(), webhook(&[server.url()], 5000));
        for _ in 0..25 {
            assert!(ask(&client, &webhook).await.result.is_err());
        }
        assert_eq!(client.health(&webhook.urls[0]), Health::Healthy);
        assert_eq!(server.requests().len(), 25);
    }
}

#[tokio::test]
async fn the_only_url_is_asked_a_second_time_on_a_new_connection() {
    let server = Server::start(|connection, request| match (connection, request) {
        (0, 1) => vec![Deed::Write(with("500 Oh", "", ""))],
        _ => vec![Deed::Write(json(VOICEMAIL))],
    })
    .await;
    let (client, webhook) = (
        Client::new(ClientConfig::default()),
        webhook(&[server.url()], 5000),
    );
    assert_eq!(ask(&client, &webhook).await.result, Ok(voicemail()));
    client.settle().await;
    let asked = ask(&client, &webhook).await;
    assert_eq!(asked.result, Ok(voicemail()));
    assert_eq!(classes(&asked), [Some(Class::Status5xx), None]);
    assert!(asked.attempts[0].reused && !asked.attempts[1].reused);
    assert_eq!(server.accepted(), 2);
}

#[tokio::test]
async fn what_will_not_change_is_not_asked_a_second_time() {
    for bytes in [with("404 No", "", ""), with("429 Slow", "", ""), json("{]")] {
        let server = Server::answering(bytes).await;
        let client = Client::new(ClientConfig::default());
        let asked = ask(&client, &webhook(&[server.url()], 5000)).await;
        assert!(asked.result.is_err());
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn second_uses_end_with_their_budget_and_with_health() {
    let server = Server::answering(with("500 Oh", "", "")).await;
    let (client, webhook) = (
        Client::new(ClientConfig::default()),
        webhook(&[server.url()], 5000),
    );
    let asks = 40;
    let mut set = tokio::task::JoinSet::new();
    for _ in 0..asks {
        let (client, webhook) = (client.clone(), webhook.clone());
        set.spawn(async move { client.ask(&webhook, &event()).await });
    }
    while let Some(asked) = set.join_next().await {
        assert_eq!(asked.unwrap().result.unwrap_err().class, Class::Status5xx);
    }
    let requests = server.requests().len();
    assert!(requests <= asks + asks / 5 + 10 + 10, "{requests}");
}

#[tokio::test]
async fn the_hedge_delay_is_learnt_from_answers() {
    let second = Server::answering(json(VOICEMAIL)).await;
    let slow = Arc::new(AtomicBool::new(false));
    let switch = Arc::clone(&slow);
    let first = Server::start(move |_, _| match switch.load(Ordering::SeqCst) {
        true => vec![Deed::Wait(2500), Deed::Write(json(VOICEMAIL))],
        false => vec![Deed::Write(json(VOICEMAIL))],
    })
    .await;
    let (client, webhook) = (
        impatient(5000),
        webhook(&[first.url(), second.url()], 10_000),
    );
    for _ in 0..20 {
        assert_eq!(ask(&client, &webhook).await.attempts.len(), 1);
    }
    slow.store(true, Ordering::SeqCst);
    let asked = ask(&client, &webhook).await;
    assert_eq!(classes(&asked), [Some(Class::TimeoutFirstByte), None]);
}

#[tokio::test]
async fn no_second_url_is_asked_while_our_own_runtime_is_late() {
    let first = Server::start(|_, _| vec![Deed::Wait(150), Deed::Write(json(VOICEMAIL))]).await;
    let second = Server::answering(json(VOICEMAIL)).await;
    let (client, webhook) = (impatient(100), webhook(&[first.url(), second.url()], 9000));
    let block = async {
        sleep(Duration::from_millis(50)).await;
        // The one thread of this runtime.
        std::thread::sleep(Duration::from_millis(200));
    };
    let (asked, ()) = tokio::join!(ask(&client, &webhook), block);
    assert_eq!(asked.result, Ok(voicemail()));
    assert_eq!((asked.attempts.len(), second.accepted()), (1, 0));
}

#[tokio::test]
async fn asks_beyond_the_bulkhead_fail_at_once_and_only_theirs() {
    let dead = Server::start(|_, _| vec![Deed::Silence]).await;
    let well = Server::answering(json(VOICEMAIL)).await;
    let client = Client::new(ClientConfig {
        max_in_flight: 2,
        max_in_flight_in_all: 3,
        ..ClientConfig::default()
    });
    let (ours, theirs) = (webhook(&[dead.url()], 9000), webhook(&[well.url()], 9000));
    let event = event();
    let held = [(); 2].map(|()| {
        let (client, ours, event) = (client.clone(), ours.clone(), event.clone());
        tokio::spawn(async move { client.ask(&ours, &event).await })
    });
    dead.until_open(2).await;
    let asked = ask(&client, &ours).await;
    assert!(asked.attempts.is_empty());
    assert_eq!(
        asked.result.unwrap_err().to_string(),
        "deadline: 2 asks of this webhook are under way: no time to wait for one to end; \
         webhook `sales` was not asked"
    );
    assert_eq!(ask(&client, &theirs).await.result, Ok(voicemail()));
    for task in held {
        task.abort();
        assert!(task.await.is_err());
    }
    dead.until_open(0).await;
    assert_eq!(client.ask(&theirs, &event).await.result, Ok(voicemail()));
    let again = timeout(Duration::from_millis(50), client.ask(&ours, &event)).await;
    assert!(again.is_err(), "there is room again");
}
