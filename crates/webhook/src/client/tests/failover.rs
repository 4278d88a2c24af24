//! Tests of the second URL.

use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::time::timeout;

use super::{Client, VOICEMAIL, voicemail};
use crate::failure::FailureClass as Class;
use crate::testing::{Deed, Server, ask, client, event, json, patient, refusing, webhook, with};

const HANGUP: &str = r#"{"action":"hangup"}"#;

/// Asks a first URL that does this, and a second that answers.
async fn second_after(client: &Client, first: Server) -> Vec<crate::Attempt> {
    let second = Server::answering(json(VOICEMAIL)).await;
    let asked = ask(client, &webhook(&[first.url(), second.url()], 10_000)).await;
    assert_eq!(asked.result, Ok(voicemail()));
    assert_eq!(second.requests().len(), 1);
    assert_eq!(asked.attempts.len(), 2);
    assert_eq!(asked.attempts[1].failure, None);
    first.until_open(0).await;
    asked.attempts
}

#[tokio::test]
async fn the_second_url_is_asked_when_the_first_fails() {
    let failing = [
        (
            with("500 Oh", "connection: close\r\n", ""),
            Class::Status5xx,
        ),
        (
            with("404 No", "connection: close\r\n", ""),
            Class::Status4xx,
        ),
        (b"garbage\r\n\r\n".to_vec(), Class::Reset),
        (
            with("200 OK", "connection: close\r\n", "{]"),
            Class::BadJson,
        ),
    ];
    for (bytes, class) in failing {
        let first = Server::start(move |_, _| vec![Deed::Write(bytes.clone()), Deed::Close]).await;
        let attempts = second_after(&patient(), first).await;
        assert_eq!(attempts[0].failure.as_ref().unwrap().class, class);
    }
}

#[tokio::test]
async fn the_second_url_is_asked_when_the_first_refuses() {
    let second = Server::answering(json(VOICEMAIL)).await;
    let asked = ask(
        &client(),
        &webhook(&[refusing().await, second.url()], 10_000),
    )
    .await;
    assert_eq!(asked.result, Ok(voicemail()));
    assert_eq!(
        asked.attempts[0].failure.as_ref().unwrap().class,
        Class::Connect
    );
}

#[tokio::test]
async fn a_silent_first_url_is_overtaken_and_its_connection_closed() {
    let first = Server::start(|_, _| vec![Deed::Silence]).await;
    let attempts = second_after(&client(), first).await;
    let failure = attempts[0].failure.as_ref().unwrap();
    assert_eq!(failure.class, Class::TimeoutFirstByte);
    assert!(
        failure.detail.ends_with("when another url answered"),
        "{failure}"
    );
    assert!(attempts[0].elapsed >= attempts[1].elapsed);
}

#[tokio::test]
async fn a_quick_first_url_is_asked_alone() {
    let first = Server::answering(json(VOICEMAIL)).await;
    let second = Server::answering(json(HANGUP)).await;
    let asked = ask(&patient(), &webhook(&[first.url(), second.url()], 10_000)).await;
    assert_eq!(asked.result, Ok(voicemail()));
    assert_eq!((asked.attempts.len(), second.accepted()), (1, 0));
}

#[tokio::test]
async fn a_slow_first_url_is_not_given_up_and_may_win() {
    let first = Server::start(|_, _| vec![Deed::Wait(900), Deed::Write(json(VOICEMAIL))]).await;
    let second = Server::start(|_, _| vec![Deed::Silence]).await;
    let asked = ask(&client(), &webhook(&[first.url(), second.url()], 10_000)).await;
    assert_eq!(asked.result, Ok(voicemail()));
    assert_eq!(asked.attempts[0].failure, None);
    assert!(asked.attempts[1].failure.is_some());
    second.until_open(0).await;
}

#[tokio::test]
async fn when_all_fail_the_last_failure_is_told() {
    let first = Server::answering(with("500 Oh", "", "")).await;
    let second = Server::answering(json("{}")).await;
    let asked = ask(&patient(), &webhook(&[first.url(), second.url()], 10_000)).await;
    assert_eq!(asked.result.unwrap_err().class, Class::BadSchema);
    let classes: Vec<Class> = asked
        .attempts
        .iter()
        .map(|attempt| attempt.failure.as_ref().unwrap().class)
        .collect();
    assert_eq!(classes, [Class::Status5xx, Class::BadSchema]);
}

#[tokio::test]
async fn when_both_are_silent_the_deadline_ends_it_and_both_connections() {
    let first = Server::start(|_, _| vec![Deed::Silence]).await;
    let second = Server::start(|_, _| vec![Deed::Silence]).await;
    let asked = ask(&client(), &webhook(&[first.url(), second.url()], 300)).await;
    assert_eq!(asked.result.unwrap_err().class, Class::TimeoutTotal);
    assert_eq!(asked.attempts.len(), 2);
    assert_eq!(
        asked.attempts[1].failure.as_ref().unwrap().class,
        Class::TimeoutFirstByte
    );
    first.until_open(0).await;
    second.until_open(0).await;
}

#[tokio::test]
async fn both_urls_get_the_same_id() {
    let first = Server::answering(with("500 Oh", "", "")).await;
    let second = Server::answering(json(VOICEMAIL)).await;
    ask(&patient(), &webhook(&[first.url(), second.url()], 10_000)).await;
    let id = |server: &Server| {
        let request = server.requests().remove(0);
        request
            .lines()
            .find(|line| line.starts_with("webhook-id: "))
            .map(str::to_owned)
            .unwrap()
    };
    assert_eq!(id(&first), id(&second));
}

#[tokio::test]
async fn an_ask_that_is_dropped_leaves_nothing_behind() {
    let server = Server::start(|_, _| vec![Deed::Silence]).await;
    let (client, webhook, event) = (client(), webhook(&[server.url()], 10_000), event());
    let dropped = timeout(Duration::from_millis(100), client.ask(&webhook, &event)).await;
    assert!(dropped.is_err());
    server.until_open(0).await;
}

/// A request that is stuck half-way is given up with its attempt, not finished behind its back.
#[tokio::test]
async fn a_server_that_does_not_read_holds_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let mut large = event();
    let size = 24 * 1024 * 1024;
    large.attributes.insert("note".to_owned(), "x".repeat(size));
    let (client, webhook) = (client(), webhook(&[url], 2000));
    let ask = client.ask(&webhook, &large);
    let (asked, accepted) = tokio::join!(ask, listener.accept());
    assert_eq!(asked.result.unwrap_err().class, Class::TimeoutFirstByte);
    let (mut stream, _) = accepted.unwrap();
    let mut received = Vec::new();
    // The end may be a FIN or an RST.
    let _ = timeout(Duration::from_secs(20), stream.read_to_end(&mut received))
        .await
        .unwrap();
    assert!(received.len() < size, "all of it was sent");
}

/// Whatever the first URL does, at whatever stage of its health: the second one answers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_healthy_second_url_no_ask_fails() {
    let first = Server::start(|connection, request| match (connection + request) % 7 {
        0 => vec![Deed::Close],
        1 => vec![Deed::Reset],
        2 => vec![Deed::Write(with("500 Oh", "", ""))],
        3 => vec![Deed::Write(with("503 Out", "retry-after: 1\r\n", ""))],
        4 => vec![Deed::Silence],
        5 => vec![Deed::Write(b"HTTP/1.1 20".to_vec()), Deed::Close],
        _ => vec![Deed::Write(json(VOICEMAIL))],
    })
    .await;
    let second = Server::answering(json(VOICEMAIL)).await;
    let client = Client::new(crate::ClientConfig::default());
    let webhook = webhook(&[first.url(), second.url()], 10_000);
    for _ in 0..20 {
        let mut set = tokio::task::JoinSet::new();
        for _ in 0..20 {
            let (client, webhook) = (client.clone(), webhook.clone());
            set.spawn(async move { client.ask(&webhook, &event()).await });
        }
        while let Some(asked) = set.join_next().await {
            let asked = asked.unwrap();
            assert_eq!(asked.result, Ok(voicemail()), "{:?}", asked.attempts);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(first.requests().len() < 200, "it rested at times");
}
