//! Tests of what says nothing about a server: other webhooks, callers who hang up, little time.

use std::time::Duration;

use tokio::time::timeout;

use super::resting::{five_failures, impatient, switched};
use crate::Endpoints;
use crate::book::health::Health;
use crate::testing::{Deed, Server, ask, client, webhook};

#[tokio::test]
async fn one_webhook_brings_no_rest_to_another_at_the_same_url() {
    let (server, _) = switched(0).await;
    let client = client();
    let victim = webhook(&[server.url()], 5000);
    let (allow, second) = (["127.0.0.0/8".to_owned()], Duration::from_secs(1));
    let other = Endpoints::new("other", &[server.url()], second, &allow).unwrap();
    let mut stranger = Endpoints::out_of_answer(&server.url(), second).unwrap();
    stranger.allow = victim.allow.clone();
    five_failures(&client, &other).await;
    five_failures(&client, &stranger).await;
    assert_eq!(client.health(&victim.urls[0]), Health::Healthy);
    let same = webhook(&[server.url()], 300);
    five_failures(&client, &victim).await;
    assert_eq!(client.health(&same.urls[0]), Health::Resting);
}

#[tokio::test]
async fn an_ask_with_little_time_says_nothing_about_a_server() {
    let server = Server::start(|_, _| vec![Deed::Silence]).await;
    let client = impatient(9000);
    let short = webhook(&[server.url()], 50);
    for _ in 0..10 {
        assert!(ask(&client, &short).await.result.is_err());
    }
    assert_eq!(client.health(&short.urls[0]), Health::Healthy);
}

#[tokio::test]
async fn what_is_known_of_one_path_or_client_says_nothing_of_another() {
    let (server, _) = switched(0).await;
    let (one, other) = (client(), client());
    let here = webhook(&[server.url()], 5000);
    let there = webhook(&[server.url().replace("hook", "hook2")], 5000);
    let query = webhook(&[server.url().replace("x=1", "x=2")], 5000);
    five_failures(&one, &here).await;
    assert_eq!(one.health(&query.urls[0]), Health::Resting);
    assert_eq!(one.health(&there.urls[0]), Health::Healthy);
    assert_eq!(other.health(&here.urls[0]), Health::Healthy);
}

#[tokio::test]
async fn callers_who_hang_up_bring_no_rest() {
    let server = Server::start(|_, _| vec![Deed::Silence]).await;
    let (client, webhook) = (impatient(10), webhook(&[server.url()], 9000));
    for _ in 0..20 {
        let hung_up = timeout(Duration::from_millis(25), ask(&client, &webhook)).await;
        assert!(hung_up.is_err());
    }
    assert_eq!(client.health(&webhook.urls[0]), Health::Healthy);
}
