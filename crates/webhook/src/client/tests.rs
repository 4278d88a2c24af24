//! Tests of whole asks against a real server: what one answer, or none, comes to.

mod apart;
mod context;
mod failover;
mod guard;
mod keeping;
mod refused;
mod resting;
#[cfg(feature = "verify")]
mod signing;

use std::sync::Arc;
use std::time::Duration;

use callroute_schema::{Actions, Number};

use super::Client;
use crate::config::ClientConfig;
use crate::failure::FailureClass as Class;
use crate::testing::{Deed, Server, ask, client, event, json, refusing, webhook, with};

pub(super) const VOICEMAIL: &str = r#"{"action":"voicemail","message":"sales"}"#;

pub(super) fn voicemail() -> Actions {
    Actions::from_json(VOICEMAIL.as_bytes()).unwrap()
}

/// The class of what one server's answer comes to.
async fn class_of(bytes: impl Into<Vec<u8>>) -> Class {
    let server = Server::answering(bytes).await;
    let asked = ask(&client(), &webhook(&[server.url()], 5000)).await;
    assert_eq!(asked.attempts.len(), 1);
    let failure = asked.result.unwrap_err();
    assert_eq!(asked.attempts[0].failure.as_ref(), Some(&failure));
    failure.class
}

#[tokio::test]
async fn an_answer_is_read_and_the_request_is_as_documented() {
    let server = Server::answering(json(VOICEMAIL)).await;
    let config = ClientConfig {
        ids: Some(Arc::new(|| 1)),
        ..ClientConfig::default()
    };
    let asked = ask(&Client::new(config), &webhook(&[server.url()], 5000)).await;
    assert_eq!(asked.result, Ok(voicemail()));
    let attempt = &asked.attempts[0];
    assert_eq!(
        (attempt.status, &attempt.failure, attempt.reused),
        (Some(200), &None, false)
    );
    assert_eq!(*attempt.url, *server.url());

    let request = server.requests().remove(0);
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let asked_for = event().to_json().replace('}', ",\"deadline_ms\":5000}");
    assert_eq!(body, asked_for);
    let mut lines: Vec<String> = head.split("\r\n").map(str::to_lowercase).collect();
    assert_eq!(lines.remove(0), "post /hook?x=1 http/1.1");
    lines.sort();
    let mut expected = [
        "accept: application/json, text/plain".to_owned(),
        "callroute-schema: 1".to_owned(),
        "connection: keep-alive".to_owned(),
        format!("content-length: {}", body.len()),
        "content-type: application/json".to_owned(),
        format!("host: {}", server.address),
        concat!("user-agent: callroute/", env!("CARGO_PKG_VERSION")).to_owned(),
        // The call's trace, made of its id, and the ask's first span.
        "traceparent: 00-ebdc2e8b3e0618678b3ab3c6745250f0-0000000000000001-01".to_owned(),
        "webhook-id: 00000000000000000000000001".to_owned(),
    ];
    expected.sort();
    assert_eq!(lines, expected);
}

#[tokio::test]
async fn each_ask_has_an_id_of_its_own() {
    let server = Server::answering(json(VOICEMAIL)).await;
    let (client, webhook) = (client(), webhook(&[server.url()], 5000));
    ask(&client, &webhook).await;
    ask(&client, &webhook).await;
    let ids: Vec<String> = server
        .requests()
        .iter()
        .filter_map(|request| {
            request
                .lines()
                .find(|line| line.starts_with("webhook-id: "))
                .map(str::to_owned)
        })
        .collect();
    assert_eq!(ids.len(), 2);
    assert_ne!(ids[0], ids[1]);
}

#[tokio::test]
async fn chunked_and_unbounded_answers_are_read() {
    let (start, rest) = VOICEMAIL.split_at(5);
    let chunked = format!(
        "HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{}\r\n{:x}\r\n{}\r\n0\r\n\r\n",
        start,
        rest.len(),
        rest
    );
    let server = Server::answering(chunked).await;
    assert_eq!(
        ask(&client(), &webhook(&[server.url()], 5000)).await.result,
        Ok(voicemail())
    );
    let until_close = format!("HTTP/1.0 200 OK\r\n\r\n{VOICEMAIL}").into_bytes();
    let server =
        Server::start(move |_, _| vec![Deed::Write(until_close.clone()), Deed::Close]).await;
    assert_eq!(
        ask(&client(), &webhook(&[server.url()], 5000)).await.result,
        Ok(voicemail())
    );
}

#[tokio::test]
async fn a_phone_number_in_plain_text_is_forwarded_to() {
    let server = Server::answering(with(
        "200 OK",
        "content-type: text/plain\r\n",
        "+14155550199\n",
    ))
    .await;
    let asked = ask(&client(), &webhook(&[server.url()], 5000)).await;
    assert_eq!(
        asked.result,
        Ok(Actions::forward_to(Number::new("+14155550199").unwrap()))
    );
}

#[tokio::test]
async fn what_is_no_answer_has_a_class() {
    assert_eq!(
        class_of(with("500 Oh", "", "sorry")).await,
        Class::Status5xx
    );
    assert_eq!(class_of(with("404 No", "", "")).await, Class::Status4xx);
    assert_eq!(
        class_of(with("429 Slow", "retry-after: 3600\r\n", "")).await,
        Class::Status429
    );
    assert_eq!(
        class_of("HTTP/1.1 204 No Content\r\n\r\n").await,
        Class::Empty
    );
    assert_eq!(class_of(json("")).await, Class::Empty);
    let html = with("200 OK", "content-type: text/html\r\n", "<html>");
    assert_eq!(class_of(html).await, Class::BadContentType);
    let gzip = with("200 OK", "content-encoding: gzip\r\n", "\u{1f}...");
    assert_eq!(class_of(gzip).await, Class::BadContentType);
    assert_eq!(class_of(json("{\"action\":")).await, Class::BadJson);
    assert_eq!(
        class_of(json(r#"{"action":"teleport"}"#)).await,
        Class::BadSchema
    );
    assert_eq!(class_of("SSH-2.0-OpenSSH_9.9\r\n").await, Class::Reset);
    let two = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello";
    assert_eq!(class_of(two).await, Class::Reset);
    assert_eq!(
        class_of("HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n").await,
        Class::Reset
    );
    let chunks = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n";
    assert_eq!(class_of(chunks).await, Class::Reset);
}

#[tokio::test]
async fn the_path_of_a_fault_is_in_the_detail() {
    let server = Server::answering(json(r#"[{"action":"voicemail","mesage":"x"}]"#)).await;
    let failure = ask(&client(), &webhook(&[server.url()], 5000))
        .await
        .result
        .unwrap_err();
    assert_eq!(failure.class, Class::BadSchema);
    assert!(
        failure
            .detail
            .starts_with("$[0].mesage: unknown field `mesage`"),
        "{failure}"
    );
}

#[tokio::test]
async fn answers_are_bounded() {
    let announced = "HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n";
    assert_eq!(class_of(announced).await, Class::TooLarge);
    let padded = format!("{VOICEMAIL}{}", " ".repeat(70_000));
    assert_eq!(class_of(json(&padded)).await, Class::TooLarge);
    let just = format!("{VOICEMAIL}{}", " ".repeat(64 * 1024 - VOICEMAIL.len()));
    let server = Server::answering(json(&just)).await;
    assert!(
        ask(&client(), &webhook(&[server.url()], 5000))
            .await
            .result
            .is_ok()
    );
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let chunks = format!("400\r\n{}\r\n", " ".repeat(1024)).repeat(100);
    let endless = Server::start(move |_, _| {
        let begin = format!("{head}{chunks}").into_bytes();
        vec![Deed::Write(begin), Deed::Silence]
    })
    .await;
    let asked = ask(&client(), &webhook(&[endless.url()], 10_000)).await;
    assert_eq!(asked.result.unwrap_err().class, Class::TooLarge);
    endless.until_open(0).await;
    let flood = format!("HTTP/1.1 200 OK\r\nx: {}\r\n", "y".repeat(100_000));
    assert_eq!(class_of(flood).await, Class::TooLarge);
}

#[tokio::test]
async fn heads_are_bounded() {
    let answer = |headers: usize, size: usize| {
        // Besides the one for the length.
        let header = format!("x: {}\r\n", "y".repeat(size));
        with("200 OK", &header.repeat(headers - 1), VOICEMAIL)
    };
    for (headers, size) in [(65, 1), (99, 1), (101, 1), (5000, 1), (3, 17_000)] {
        let class = class_of(answer(headers, size)).await;
        assert_eq!(class, Class::TooLarge, "{headers} {size}");
    }
    for (headers, size) in [(64, 1), (64, 500), (2, 32_000)] {
        let server = Server::answering(answer(headers, size)).await;
        let asked = ask(&client(), &webhook(&[server.url()], 5000)).await;
        assert_eq!(asked.result, Ok(voicemail()), "{headers} {size}");
    }
}

#[tokio::test]
async fn redirects_are_never_followed() {
    let elsewhere = Server::answering(json(VOICEMAIL)).await;
    for status in ["301 Moved", "302 Found", "303 See", "307 Temp", "308 Perm"] {
        let location = format!("location: {}\r\n", elsewhere.url());
        assert_eq!(class_of(with(status, &location, "")).await, Class::Redirect);
    }
    assert_eq!(elsewhere.accepted(), 0);
}

#[tokio::test]
async fn addresses_that_are_not_allowed_are_not_connected_to() {
    let server = Server::answering(json(VOICEMAIL)).await;
    let port = server.address.port();
    for host in [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
        "2130706433",
        "0x7f.1",
    ] {
        let mut webhook = webhook(&[format!("http://{host}:{port}/")], 5000);
        webhook.allow.clear();
        let failure = ask(&client(), &webhook).await.result.unwrap_err();
        assert_eq!(failure.class, Class::RefusedAddress, "{host}: {failure}");
    }
    assert_eq!(server.accepted(), 0);
}

#[tokio::test]
async fn faults_of_connections_have_their_classes() {
    let asked = ask(&client(), &webhook(&[refusing().await], 5000)).await;
    assert_eq!(asked.result.unwrap_err().class, Class::Connect);
    assert_eq!(asked.attempts[0].status, None);
    let dns = webhook(&["http://no-such-host.invalid/".to_owned()], 10_000);
    let class = ask(&client(), &dns).await.result.unwrap_err().class;
    // Without any network, the lookup may take longer than the deadline.
    assert!(matches!(class, Class::Dns | Class::TimeoutTotal), "{class}");
    let cut = |deeds: Vec<Deed>| Server::start(move |_, _| deeds.clone());
    let part = Deed::Write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"act".to_vec());
    let half_head = Deed::Write(b"HTTP/1.1 20".to_vec());
    let cases = [
        vec![Deed::Close],
        vec![Deed::Reset],
        vec![half_head.clone(), Deed::Close],
        vec![half_head, Deed::Wait(20), Deed::Reset],
        vec![part.clone(), Deed::Close],
        vec![part, Deed::Wait(20), Deed::Reset],
    ];
    for deeds in cases {
        let server = cut(deeds.clone()).await;
        let asked = ask(&client(), &webhook(&[server.url()], 5000)).await;
        assert_eq!(asked.result.unwrap_err().class, Class::Reset, "{deeds:?}");
        assert_eq!(
            server.accepted(),
            1,
            "a new connection is not tried twice: {deeds:?}"
        );
    }
}

#[tokio::test]
async fn only_the_deadline_ends_what_does_not_end() {
    let drip = Deed::Write(b"HTTP/1.1 200 OK\r\ncontent-length: 60000\r\n\r\n".to_vec());
    let cases = [
        (vec![Deed::Silence], Class::TimeoutFirstByte),
        (vec![drip.clone(), Deed::Silence], Class::TimeoutTotal),
        (vec![drip, Deed::Forever(" ", 5)], Class::TimeoutTotal),
        (vec![Deed::Forever("H", 10_000)], Class::TimeoutTotal),
        (
            vec![Deed::Forever("HTTP/1.1 100 Continue\r\n\r\n", 1)],
            Class::TimeoutTotal,
        ),
        (
            vec![Deed::Forever(
                "HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n",
                0,
            )],
            Class::TimeoutTotal,
        ),
    ];
    for (deeds, expected) in cases {
        let script = deeds.clone();
        let server = Server::start(move |_, _| script.clone()).await;
        let asked = ask(&client(), &webhook(&[server.url()], 300)).await;
        let failure = asked.result.unwrap_err();
        assert_eq!(failure.class, expected, "{deeds:?}: {failure}");
        assert!(asked.elapsed >= Duration::from_millis(300));
        let attempt = asked.attempts[0].failure.as_ref().unwrap();
        assert_eq!(attempt.class, expected, "{deeds:?}: {attempt}");
    }
}

#[tokio::test]
async fn a_webhook_without_urls_or_time_fails_as_a_value() {
    let mut none = webhook(&[refusing().await], 5000);
    none.urls.clear();
    assert_eq!(
        ask(&client(), &none).await.result.unwrap_err().class,
        Class::Connect
    );
    let mut late = webhook(&[refusing().await], 5000);
    late.deadline = Duration::ZERO;
    let asked = ask(&client(), &late).await;
    assert_eq!(asked.result.unwrap_err().class, Class::Deadline);
    assert!(asked.attempts.is_empty());
    late.deadline = Duration::MAX;
    assert_eq!(
        ask(&client(), &late).await.result.unwrap_err().class,
        Class::Connect
    );
}
