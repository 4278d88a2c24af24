//! Tests of signed requests, as a receiver sees them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use callroute_schema::Event;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::{Client, VOICEMAIL, voicemail};
use crate::config::ClientConfig;
use crate::testing::{Server, ask, event, json, webhook, with};
use crate::wire::secret::SigningSecret;
use crate::wire::verify::{REPLAY_WINDOW, verify};

const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn taken_apart(request: &str) -> (HeaderMap, String) {
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let mut headers = HeaderMap::new();
    for line in head.lines().skip(1) {
        let (name, value) = line.split_once(": ").unwrap();
        headers.append(
            HeaderName::from_bytes(name.as_bytes()).unwrap(),
            HeaderValue::from_str(value).unwrap(),
        );
    }
    (headers, body.to_owned())
}

#[tokio::test]
async fn every_request_is_signed_with_each_secret() {
    let server = Server::answering(json(VOICEMAIL)).await;
    let mut webhook = webhook(&[server.url()], 5000);
    webhook.secrets = vec![
        SigningSecret::new("an-old-one").unwrap(),
        SigningSecret::new(KEY).unwrap(),
    ];
    let asked = ask(&Client::new(ClientConfig::default()), &webhook).await;
    assert_eq!(asked.result, Ok(voicemail()));
    let (headers, body) = taken_apart(&server.requests()[0]);
    assert_eq!(
        Event::from_json(body.as_bytes()).unwrap().call_id,
        event().call_id
    );
    let theirs = standardwebhooks::Webhook::new(KEY).unwrap();
    theirs.verify(body.as_bytes(), &headers).unwrap();
    let now = std::time::SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap();
    for secret in &webhook.secrets {
        let secret = std::slice::from_ref(secret);
        verify(
            secret,
            &headers,
            body.as_bytes(),
            now.as_secs(),
            REPLAY_WINDOW,
        )
        .unwrap();
    }
    assert!(!format!("{webhook:?}").contains("an-old-one"));
}

#[tokio::test]
async fn the_same_ask_keeps_its_id_and_gets_a_fresh_timestamp() {
    const START: u64 = 1_776_781_920;
    let first = Server::answering(with("500 Oh", "", "")).await;
    let second = Server::answering(json(VOICEMAIL)).await;
    let ticks = AtomicU64::new(START / 10);
    let client = Client::new(ClientConfig {
        clock: Some(Arc::new(move || {
            let seconds = ticks.fetch_add(1, Ordering::SeqCst) * 10;
            UNIX_EPOCH + Duration::from_secs(seconds)
        })),
        ..ClientConfig::default()
    });
    let mut webhook = webhook(&[first.url(), second.url()], 10_000);
    webhook.secrets = vec![SigningSecret::new(KEY).unwrap()];
    assert_eq!(ask(&client, &webhook).await.result, Ok(voicemail()));
    let seen = [&first, &second].map(|server| {
        let (headers, body) = taken_apart(&server.requests()[0]);
        let now = START + 60;
        let verified = verify(
            &webhook.secrets,
            &headers,
            body.as_bytes(),
            now,
            REPLAY_WINDOW,
        )
        .unwrap();
        (verified.id.to_owned(), verified.timestamp)
    });
    assert_eq!(seen[0].0, seen[1].0);
    assert!(seen[0].1 < seen[1].1, "{seen:?}");
    assert!(seen[0].0.len() == 26 && seen[0].0 != event().to_json());
}
