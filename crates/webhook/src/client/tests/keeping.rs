//! Tests of kept connections.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::{VOICEMAIL, voicemail};
use crate::client::Client;
use crate::config::ClientConfig;
use crate::failure::FailureClass as Class;
use crate::testing::{Deed, Server, ask, client, event, json, patient, webhook, with};

#[tokio::test]
async fn a_connection_is_used_again() {
    let server = Server::answering(json(VOICEMAIL)).await;
    let (client, webhook) = (client(), webhook(&[server.url()], 5000));
    for round in 0..10 {
        let asked = ask(&client.clone(), &webhook).await;
        assert_eq!(asked.result, Ok(voicemail()));
        assert_eq!(asked.attempts[0].reused, round > 0);
        client.settle().await;
    }
    assert_eq!((server.accepted(), server.requests().len()), (1, 10));
    drop(client);
    server.until_open(0).await;
}

#[tokio::test]
async fn a_connection_survives_a_failure_that_was_answered() {
    let server = Server::answering(with("500 Oh", "", &"x".repeat(10_000))).await;
    let (client, webhook) = (client(), webhook(&[server.url()], 5000));
    for _ in 0..3 {
        assert_eq!(
            ask(&client, &webhook).await.result.unwrap_err().class,
            Class::Status5xx
        );
        client.settle().await;
    }
    assert_eq!(server.accepted(), 1);
}

/// The first request of each connection is answered; what happens to the second is told.
async fn stale(second: Vec<Deed>) -> (crate::AskReport, usize) {
    let server = Server::start(move |connection, request| match (connection, request) {
        (0, 1) => second.clone(),
        _ => vec![Deed::Write(json(VOICEMAIL))],
    })
    .await;
    let (client, webhook) = (client(), webhook(&[server.url()], 600));
    assert_eq!(ask(&client, &webhook).await.result, Ok(voicemail()));
    client.settle().await;
    (ask(&client, &webhook).await, server.accepted())
}

#[tokio::test]
async fn a_kept_connection_that_breaks_is_replaced_for_free() {
    for deed in [Deed::Close, Deed::Reset] {
        let (asked, accepted) = stale(vec![deed.clone()]).await;
        assert_eq!(asked.result, Ok(voicemail()), "{deed:?}");
        assert_eq!((asked.attempts.len(), accepted), (2, 2), "{deed:?}");
        assert!(asked.attempts[0].reused && !asked.attempts[1].reused);
        assert_eq!(
            asked.attempts[0].failure.as_ref().unwrap().class,
            Class::Reset
        );
    }
}

#[tokio::test]
async fn a_kept_connection_that_breaks_within_an_answer_is_not_tried_again() {
    let half = Deed::Write(b"HTTP/1.1 20".to_vec());
    let (asked, accepted) = stale(vec![half, Deed::Close]).await;
    assert_eq!(asked.result.unwrap_err().class, Class::Reset);
    assert_eq!((asked.attempts.len(), accepted), (1, 1));
}

/// A middlebox that forgot the connection says nothing at all.
#[tokio::test]
async fn a_kept_connection_that_is_deaf_gets_another_beside_it() {
    let server = Server::start(|connection, request| match (connection, request) {
        (0, 1) => vec![Deed::Silence],
        _ => vec![Deed::Write(json(VOICEMAIL))],
    })
    .await;
    let client = Client::new(ClientConfig::default());
    let webhook = webhook(&[server.url()], 3000);
    assert_eq!(ask(&client, &webhook).await.result, Ok(voicemail()));
    client.settle().await;
    let asked = ask(&client, &webhook).await;
    assert_eq!(asked.result, Ok(voicemail()));
    let class = asked.attempts[0].failure.as_ref().unwrap().class;
    assert_eq!(class, Class::TimeoutFirstByte);
    assert!(asked.attempts[0].reused && !asked.attempts[1].reused);
}

#[tokio::test]
async fn a_new_connection_that_is_silent_gets_no_other_beside_it() {
    let server = Server::start(|_, _| vec![Deed::Silence]).await;
    let client = Client::new(ClientConfig::default());
    let asked = ask(&client, &webhook(&[server.url()], 400)).await;
    assert_eq!((asked.attempts.len(), server.accepted()), (1, 1));
}

#[tokio::test]
async fn a_kept_connection_that_the_server_closed_is_noticed() {
    let server = Server::start(|_, _| vec![Deed::Write(json(VOICEMAIL)), Deed::Close]).await;
    let (client, webhook) = (client(), webhook(&[server.url()], 5000));
    for _ in 0..3 {
        assert_eq!(ask(&client, &webhook).await.result, Ok(voicemail()));
        client.settle().await;
    }
    assert_eq!(server.accepted(), 3);
}

/// Nobody asks anything meanwhile.
#[tokio::test]
async fn a_kept_connection_that_the_server_closed_is_closed_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let (client, webhook) = (client(), webhook(&[url], 5000));
    let served = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut room = [0; 4096];
        assert!(stream.read(&mut room).await.unwrap() > 0);
        stream.write_all(&json(VOICEMAIL)).await.unwrap();
        stream
    };
    let (mut stream, asked) = tokio::join!(served, ask(&client, &webhook));
    assert_eq!(asked.result, Ok(voicemail()));
    stream.shutdown().await.unwrap();
    let mut room = [0; 1];
    let ended = timeout(Duration::from_secs(4), stream.read(&mut room)).await;
    assert_eq!(ended.expect("it stays open").unwrap(), 0);
}

#[test]
fn a_connection_of_a_runtime_that_ended_is_replaced() {
    let runtime = || {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(1).enable_all().build().unwrap()
    };
    let servers = runtime();
    let server = servers.block_on(Server::answering(json(VOICEMAIL)));
    let (client, webhook) = (client(), webhook(&[server.url()], 5000));
    for round in 1..=3 {
        let asked = runtime().block_on(ask(&client, &webhook));
        assert_eq!(asked.result, Ok(voicemail()));
        assert_eq!((asked.attempts.len(), server.accepted()), (1, round));
    }
}

#[tokio::test]
async fn a_forged_second_answer_is_never_taken_for_one() {
    let mut twice = json(VOICEMAIL);
    twice.extend(json(r#"{"action":"hangup"}"#));
    let server = Server::answering(twice).await;
    let (client, webhook) = (client(), webhook(&[server.url()], 5000));
    for _ in 0..3 {
        assert_eq!(ask(&client, &webhook).await.result, Ok(voicemail()));
        client.settle().await;
    }
}

#[tokio::test]
async fn a_kept_connection_is_not_lent_to_a_webhook_that_may_not_connect_to_it() {
    let server = Server::answering(json(VOICEMAIL)).await;
    let (client, ours) = (client(), webhook(&[server.url()], 5000));
    assert!(ask(&client, &ours).await.result.is_ok());
    client.settle().await;
    let mut theirs = ours.clone();
    theirs.allow.clear();
    assert_eq!(
        ask(&client, &theirs).await.result.unwrap_err().class,
        Class::RefusedAddress
    );
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn idle_connections_are_closed_in_time() {
    let server = Server::answering(json(VOICEMAIL)).await;
    let client = Client::new(ClientConfig {
        idle_for: Duration::from_millis(80),
        ..ClientConfig::default()
    });
    assert!(
        ask(&client, &webhook(&[server.url()], 5000))
            .await
            .result
            .is_ok()
    );
    server.until_open(0).await;
    assert!(
        ask(&client, &webhook(&[server.url()], 5000))
            .await
            .result
            .is_ok()
    );
    server.until_open(0).await;
    assert_eq!(server.accepted(), 2);
}

/// Asks many times at once.
async fn many(client: &Client, server: &Server, asks: usize) {
    let mut set = JoinSet::new();
    for _ in 0..asks {
        let (client, webhook) = (client.clone(), webhook(&[server.url()], 10_000));
        set.spawn(async move { client.ask(&webhook, &event()).await });
    }
    while let Some(asked) = set.join_next().await {
        assert_eq!(asked.unwrap().result, Ok(voicemail()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_asks_at_once_use_a_bounded_number_of_connections() {
    let server = Server::start(|_, _| vec![Deed::Wait(5), Deed::Write(json(VOICEMAIL))]).await;
    let client = Client::new(ClientConfig {
        max_idle: 32,
        second_uses: false,
        ..ClientConfig::default()
    });
    for _ in 0..5 {
        many(&client, &server, 50).await;
        client.settle().await;
        assert!(server.most_open() <= 50 + 32, "{}", server.most_open());
    }
    assert_eq!(server.requests().len(), 250);
    server.until_open_is(|open| open <= 32).await;
    assert!(
        server.accepted() <= 50 + 4 * 18,
        "kept ones are used: {}",
        server.accepted()
    );
    drop(client);
    server.until_open(0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asks_beyond_those_connecting_take_connections_that_come_free() {
    let server = Server::answering(json(VOICEMAIL)).await;
    let client = Client::new(ClientConfig {
        max_connecting: 1,
        max_idle: 4,
        ..ClientConfig::default()
    });
    many(&client, &server, 50).await;
    assert_eq!(server.requests().len(), 50);
    assert!(server.accepted() <= 50);
}

/// A runtime of one thread, whose crowd moves the connections.
#[tokio::test]
async fn those_of_many_that_are_cut_off_leave_nothing_to_the_others() {
    let server = Server::start(|connection, _| match connection % 2 {
        0 => vec![Deed::Write(b"HTTP/1.1 20".to_vec()), Deed::Silence],
        _ => vec![Deed::Write(json(VOICEMAIL))],
    })
    .await;
    for _ in 0..3 {
        let (client, webhook) = (patient(), webhook(&[server.url()], 10_000));
        let mut set = JoinSet::new();
        for _ in 0..40 {
            let (client, webhook) = (client.clone(), webhook.clone());
            set.spawn(async move { client.ask(&webhook, &event()).await });
        }
        // Half of the connections are good.
        for _ in 0..20 {
            let asked = set.join_next().await.unwrap().unwrap();
            assert_eq!(asked.result, Ok(voicemail()));
        }
        set.shutdown().await;
        server.until_open_is(|open| open <= 20).await;
        drop(client);
        server.until_open(0).await;
    }
}

#[test]
fn two_runtimes_of_one_thread_each_share_a_client() {
    let servers = Builder::new_multi_thread().enable_all().build().unwrap();
    let server = servers.block_on(Server::answering(json(VOICEMAIL)));
    let client = Client::new(ClientConfig::default());
    let runtime = || Builder::new_current_thread().enable_all().build().unwrap();
    for _ in 0..2 {
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let runtime = runtime();
                    for _ in 0..20 {
                        runtime.block_on(many(&client, &server, 40));
                    }
                });
            }
        });
    }
}

#[test]
fn the_time_is_kept_where_the_ask_is_and_not_where_its_connection_was_made() {
    let here = Builder::new_current_thread().enable_all().build().unwrap();
    let there = Builder::new_multi_thread().enable_all().build().unwrap();
    let server = there.block_on(Server::answering(json(VOICEMAIL)));
    let client = Client::new(ClientConfig::default());
    let webhook = webhook(&[server.url()], 2000);
    let asked = here.block_on(async {
        let asked = ask(&client, &webhook).await;
        client.settle().await;
        asked
    });
    assert_eq!(asked.result, Ok(voicemail()));
    // Nobody moves the first runtime's connection from here on: it is silent, and a new one is made
    // beside it in time.
    let asked = there.block_on(async {
        let asked = timeout(Duration::from_secs(20), ask(&client, &webhook)).await;
        asked.unwrap()
    });
    assert_eq!(asked.result, Ok(voicemail()));
    assert_eq!((asked.attempts.len(), server.accepted()), (2, 2));
}
