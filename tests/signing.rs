//! Requests to webhooks are signed, so that a server can tell them from forged ones.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use callroute_router::{Router, RouterConfig};
use callroute_rules::{ChronoTz, load};
use callroute_sip::phone::{Phone, PhoneConfig};
use callroute_sip::{Config, SipAdapter};
use callroute_tables::TableHandle;
use callroute_webhook::{Client, ClientConfig, REPLAY_WINDOW, SigningSecret, VerifyError, verify};

use crate::common::Bench;
use crate::common::webhook::Webhook;

const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const PATIENCE: Duration = Duration::from_secs(20);

fn table(webhook: std::net::SocketAddr, secret: &str) -> String {
    format!(
        r#"
version: 1
default: {{ action: reject, cause: congestion }}
webhooks:
  sales:
    urls: ["http://{webhook}/webhook/sales"]
    allow: ["127.0.0.0/8"]
    secret: {secret}
numbers:
  "+13146523057": {{ action: webhook, name: sales }}
"#
    )
}

fn router(adapter: SipAdapter, table: &str) -> Result<Router<SipAdapter>, String> {
    let engine = load("routes.yaml", table, &(), &ChronoTz).unwrap();
    let table = TableHandle::new(engine.into());
    let client = Client::new(ClientConfig::default());
    Router::new(adapter, RouterConfig::new(table, client)).map_err(|error| error.to_string())
}

/// A secret of the routing file signs each request, and another secret does not fit it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_signs_each_request() {
    let bench = Bench::new();
    let webhook = Webhook::start(r#"{"action":"reject","cause":"user_busy"}"#).await;
    let adapter = SipAdapter::bind(Config::new((bench.ip, 0).into()))
        .await
        .unwrap();
    let uri = format!("sip:+13146523057@{}", adapter.local_addr());
    let router = router(adapter, &table(webhook.addr, SECRET)).unwrap();
    let routing = tokio::spawn(router.run(std::future::pending()));

    let phone = Phone::bind((bench.ip, 0).into(), PhoneConfig::default())
        .await
        .unwrap();
    let call = phone.call(&uri, "+14155550123").await.unwrap();
    let cause = call.wait_answered(PATIENCE).await.unwrap_err();
    assert_eq!(cause.sip_code, Some(486), "the answer was carried out");
    routing.abort();

    let requests = webhook.requests();
    let [(headers, body)] = requests.as_slice() else {
        panic!("{} requests for one call", requests.len());
    };
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let secret = [SigningSecret::new(SECRET).unwrap()];
    verify(&secret, headers, body, now, REPLAY_WINDOW).unwrap();

    let other = SigningSecret::new("whsec_AAAAsBQIhrscChlQIMV+b5sSYspob7oD").unwrap();
    assert!(verify(&[other], headers, body, now, REPLAY_WINDOW).is_err());
    let forged = String::from_utf8_lossy(body).replace("+14155550123", "+19005550123");
    let refused: Result<_, VerifyError> =
        verify(&secret, headers, forged.as_bytes(), now, REPLAY_WINDOW);
    assert!(refused.is_err());
}

/// A secret that is not there is told when the router starts, not when a call comes.
#[tokio::test]
async fn a_missing_secret_is_told_at_once() {
    let bench = Bench::new();
    let adapter = SipAdapter::bind(Config::new((bench.ip, 0).into()))
        .await
        .unwrap();
    let table = table((bench.ip, 1).into(), "{ env: CALLROUTE_NO_SUCH_SECRET }");
    let error = router(adapter, &table).map(|_| ()).unwrap_err();
    assert_eq!(
        error,
        "webhook `sales`: the environment has no variable `CALLROUTE_NO_SUCH_SECRET` for a secret; set it"
    );
}
