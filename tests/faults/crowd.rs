//! Servers that fail now and then: what becomes of many calls, one after the other and beside
//! each other, with such a server alone and with a healthy second one.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use callroute_webhook::{
    AnswerSource, Client, ClientConfig, Decision, FailureClass as C, REPLAY_WINDOW, Route,
    SigningSecret, verify,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::judge::{Lateness, TURN, actions, event};
use crate::machine::{Wrong, none_is_lost, with_time};
use crate::place::{HANG_UP, Place};

const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const DEADLINE: Duration = Duration::from_millis(600);
const OK: StatusCode = StatusCode::OK;
const BROKEN: StatusCode = StatusCode::INTERNAL_SERVER_ERROR;

/// How a server treats its requests: the status and how long it takes, by the request's number,
/// how many are under way, and the request itself.
type Manner = Arc<dyn Fn(usize, usize, &HeaderMap, &[u8]) -> (StatusCode, Duration) + Send + Sync>;

struct Server {
    url: String,
    task: tokio::task::AbortHandle,
    requests: Arc<AtomicUsize>,
}

impl Server {
    async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.44.5.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let (requests, busy) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let count = Arc::clone(&requests);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                stream.set_nodelay(true).unwrap();
                let (manner, count, busy) = (manner.clone(), count.clone(), busy.clone());
                tokio::spawn(serve(stream, manner, count, busy));
            }
        });
        let task = task.abort_handle();
        Self {
            url,
            task,
            requests,
        }
    }

    async fn healthy() -> Self {
        Self::start(Arc::new(|_, _, _, _| (OK, Duration::ZERO))).await
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    mut stream: TcpStream,
    manner: Manner,
    count: Arc<AtomicUsize>,
    busy: Arc<AtomicUsize>,
) {
    while let Some((headers, body)) = read(&mut stream).await {
        let number = count.fetch_add(1, Ordering::SeqCst);
        let under_way = busy.fetch_add(1, Ordering::SeqCst);
        let (status, takes) = manner(number, under_way, &headers, &body);
        sleep(takes).await;
        busy.fetch_sub(1, Ordering::SeqCst);
        let json = "content-type: application/json\r\n";
        let reply = crate::place::reply(status.as_str(), json, HANG_UP);
        if stream.write_all(&reply).await.is_err() {
            return;
        }
    }
}

async fn read(stream: &mut TcpStream) -> Option<(HeaderMap, Vec<u8>)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let mut headers = HeaderMap::new();
    for line in String::from_utf8(head).unwrap().lines().skip(1) {
        if let Some((name, value)) = line.split_once(": ") {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            headers.append(name, HeaderValue::from_str(value).unwrap());
        }
    }
    let length = headers["content-length"].to_str().unwrap().parse().unwrap();
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some((headers, body))
}

fn route(urls: &[&str]) -> Route {
    let urls: Vec<String> = urls.iter().map(|url| (*url).to_owned()).collect();
    let mut webhook = Place::of(urls[0].clone()).webhook(&urls[1..], 600);
    webhook.secrets = vec![SigningSecret::new(SECRET).unwrap()];
    let fallback = actions(r#"{"action":"voicemail","message":"fallback"}"#);
    Route { webhook, fallback }
}

/// So many calls, a few milliseconds apart.
async fn calls(client: &Client, route: &Route, count: usize) -> Vec<Decision> {
    let mut tasks = JoinSet::new();
    for _ in 0..count {
        let (client, route) = (client.clone(), route.clone());
        tasks.spawn(async move { client.decide(&route, &event()).await });
        sleep(Duration::from_millis(3)).await;
    }
    tasks.join_all().await
}

fn defaults(decisions: &[Decision]) -> usize {
    decisions
        .iter()
        .filter(|one| one.source != AnswerSource::Webhook)
        .count()
}

/// Each manner: how many of 300 calls may take the default when the server is alone; fewer than
/// a client loses that asks each call's server once. `None` where the server has so little to give
/// that second requests hardly help: there no number tells a good client from a bad one.
fn manners() -> Vec<(&'static str, Option<usize>, Manner)> {
    let share = |percent: usize| move |n: usize| (n * 37) % 100 < percent;
    let fails = |bad: bool| if bad { BROKEN } else { OK };
    let quick = Duration::from_millis(1);
    let (third, bucket) = (share(30), Arc::new(AtomicU64::new(0)));
    // The bucket fills from the first request on.
    let began = OnceLock::new();
    vec![
        (
            "flapping",
            Some(140),
            Arc::new(move |n, _, _, _| (fails((n / 10) % 2 == 1), quick)),
        ),
        (
            "every other",
            Some(140),
            Arc::new(move |n, _, _, _| (fails(n % 2 == 1), quick)),
        ),
        (
            "30 % errors",
            Some(75),
            Arc::new(move |n, _, _, _| (fails(third(n)), quick)),
        ),
        (
            "a brown-out of 1 %",
            Some(2),
            Arc::new(move |n, _, _, _| (OK, if n % 100 == 7 { 2 * DEADLINE } else { quick })),
        ),
        (
            "a brown-out of 50 %",
            Some(147),
            Arc::new(move |n, _, _, _| (OK, if n % 2 == 1 { 2 * DEADLINE } else { quick })),
        ),
        (
            "congestion collapse",
            None,
            Arc::new(move |_, busy, _, _| {
                (
                    OK,
                    Duration::from_millis(20) * u32::try_from(busy * busy + 1).unwrap(),
                )
            }),
        ),
        (
            "a rate limit of 100 a second",
            None,
            Arc::new(move |_, _, _, _| {
                let began = began.get_or_init(std::time::Instant::now);
                let elapsed = u64::try_from(began.elapsed().as_millis() / 10).unwrap();
                let used = bucket.fetch_add(1, Ordering::SeqCst);
                if used < elapsed + 10 {
                    (OK, quick)
                } else {
                    bucket.fetch_sub(1, Ordering::SeqCst);
                    (StatusCode::TOO_MANY_REQUESTS, quick)
                }
            }),
        ),
    ]
}

/// A19, A6: alone, such a server loses no call; second requests stay within the budget (a fifth of
/// the first ones, 10 a second and the 10 saved up), and are worth what they cost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn alone() {
    let _turn = TURN.lock().await;
    for at in 0..manners().len() {
        // Made anew for each try: some of them count.
        let trial = || async move { is_worth_asking(manners().swap_remove(at)).await };
        with_time(manners()[at].0, trial).await;
    }
}

async fn is_worth_asking((_, most, manner): (&str, Option<usize>, Manner)) -> Result<(), Wrong> {
    let server = Server::start(manner).await;
    let client = Client::new(ClientConfig::default());
    let (began, lateness) = (std::time::Instant::now(), Lateness::watch());
    let decisions = calls(&client, &route(&[&server.url]), 300).await;
    let budget = 300 / 5 + 10 * (began.elapsed().as_secs() as usize + 1) + 10;
    let sent = server.requests.load(Ordering::SeqCst);
    if sent > 300 + budget {
        return Err(Wrong::Surely(format!("{sent} requests for 300 calls")));
    }
    let defaults = defaults(&decisions);
    println!("{defaults} of 300 calls take the default, {sent} requests");
    if most.is_some_and(|most| defaults > most) {
        return Err(Wrong::Late(format!("{defaults} defaults")));
    }
    let most = DEADLINE + Duration::from_millis(50) + lateness.worst();
    let latest = decisions.iter().map(|one| one.elapsed).max().unwrap();
    match latest <= most {
        true => Ok(()),
        false => Err(Wrong::Late(format!("{latest:?}, more than {most:?}"))),
    }
}

/// A19: with a healthy second endpoint, no call takes the default.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_healthy_second() {
    let _turn = TURN.lock().await;
    for (name, _, manner) in manners() {
        with_time(name, || async {
            let server = Server::start(manner.clone()).await;
            let healthy = Server::healthy().await;
            let client = Client::new(ClientConfig::default());
            let decisions = calls(&client, &route(&[&server.url, &healthy.url]), 300).await;
            none_is_lost(&decisions, DEADLINE)
        })
        .await;
    }
}

/// A server that restarts under load: with a healthy second one, no call takes the default.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_under_load() {
    let _turn = TURN.lock().await;
    use crate::served::Served;
    let healthy = Server::healthy().await;
    let mut server = Served::start("127.44.6.1", Duration::from_millis(2));
    let client = Client::new(ClientConfig::default());
    let route = route(&[&server.url(), &healthy.url]);
    let address = server.address.to_string();
    let asking = tokio::spawn({
        let (client, route) = (client.clone(), route.clone());
        async move { calls(&client, &route, 700).await }
    });
    sleep(Duration::from_millis(500)).await;
    server.kill();
    sleep(Duration::from_millis(700)).await;
    let server =
        tokio::task::spawn_blocking(move || Served::start_at(&address, Duration::from_millis(2)));
    let server = server.await.unwrap();
    let decisions = asking.await.unwrap();
    let lost = decisions
        .iter()
        .find(|one| one.source != AnswerSource::Webhook);
    assert!(lost.is_none(), "{lost:?}");
    // It is found to be back, and asked again.
    let until = std::time::Instant::now() + Duration::from_secs(20);
    while server.counts().await.1 == 0 {
        assert!(
            std::time::Instant::now() < until,
            "the server is never asked again"
        );
        client.decide(&route, &event()).await;
        sleep(Duration::from_millis(50)).await;
    }
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
}

/// Receivers that verify: one whose clock differs refuses, one that knows an id already refuses
/// the copy, one that remembers its answers gives the same again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn receivers_that_verify() {
    let check = |skew: u64| {
        move |headers: &HeaderMap, body: &[u8]| {
            let secret = [SigningSecret::new(SECRET).unwrap()];
            verify(&secret, headers, body, now() + skew, REPLAY_WINDOW).is_ok()
        }
    };
    let refused = (StatusCode::UNAUTHORIZED, Duration::ZERO);
    let skewed: Manner = Arc::new(move |_, _, headers, body| match check(600)(headers, body) {
        true => (OK, Duration::ZERO),
        false => refused,
    });
    let (skewed, healthy) = (Server::start(skewed).await, Server::healthy().await);
    let client = Client::new(ClientConfig::default());
    let alone = client.decide(&route(&[&skewed.url]), &event()).await;
    assert_eq!(alone.failure.unwrap().class, C::Status4xx);
    let both = client
        .decide(&route(&[&skewed.url, &healthy.url]), &event())
        .await;
    assert_eq!(both.source, AnswerSource::Webhook);

    // The first request of each id fails; whoever refuses copies then refuses the second.
    for (refuses, source) in [
        (true, AnswerSource::Fallback),
        (false, AnswerSource::Webhook),
    ] {
        let known = std::sync::Mutex::new(std::collections::BTreeSet::new());
        let manner: Manner = Arc::new(move |_, _, headers, body| {
            assert!(
                check(0)(headers, body),
                "each attempt has a fresh signature"
            );
            let id = headers["webhook-id"].to_str().unwrap().to_owned();
            match (known.lock().unwrap().insert(id), refuses) {
                (true, _) => (BROKEN, Duration::ZERO),
                (false, true) => (StatusCode::CONFLICT, Duration::ZERO),
                (false, false) => (OK, Duration::ZERO),
            }
        });
        let server = Server::start(manner).await;
        let client = Client::new(ClientConfig::default());
        let decision = client.decide(&route(&[&server.url]), &event()).await;
        assert_eq!(decision.source, source, "{:?}", decision.failure);
        assert_eq!(server.requests.load(Ordering::SeqCst), 2);
        let both = client
            .decide(&route(&[&server.url, &healthy.url]), &event())
            .await;
        assert_eq!(both.source, AnswerSource::Webhook);
    }
}
