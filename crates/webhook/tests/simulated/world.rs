//! A simulated network with web servers, a client, and troubles that come and go.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use callroute_schema::{Actions, Event};
use callroute_webhook::{
    Client, ClientConfig, Connector, Decision, Endpoints, Pending, Route, Stream,
};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

const ANSWER: &[u8] = br#"{"action":"hangup"}"#;
const PORT: u16 = 80;

/// A millisecond is the simulation's tick: nothing is finer.
pub(crate) const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// The simulated network.
#[derive(Debug)]
struct Simulated;

impl Connector for Simulated {
    fn lookup(&self, host: &str, port: u16) -> Pending<Vec<SocketAddr>> {
        let found = SocketAddr::new(turmoil::lookup(host), port);
        Box::pin(async move { Ok(vec![found]) })
    }

    fn connect(&self, address: SocketAddr) -> Pending<Box<dyn Stream>> {
        Box::pin(async move {
            let stream = turmoil::net::TcpStream::connect(address).await?;
            Ok(Box::new(stream) as Box<dyn Stream>)
        })
    }
}

/// What befalls a server, or the way to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Messages are lost, both ways.
    Partition,
    /// Messages to it arrive, and nothing comes back.
    OneWay,
    /// Messages wait.
    Hold,
    /// It dies, and what it knew.
    Crash,
    /// It answers after so many milliseconds.
    Slow(u64),
    /// It answers with this status.
    Status(u16),
    /// So many of a hundred requests get status 500.
    Share(usize),
}

/// One trouble of one server, from when to when, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spell {
    pub(crate) server: usize,
    pub(crate) from: u64,
    pub(crate) until: u64,
    pub(crate) trouble: Trouble,
}

/// What is simulated.
#[derive(Debug, Clone)]
pub(crate) struct Plot {
    pub(crate) seed: u64,
    pub(crate) servers: usize,
    pub(crate) calls: usize,
    /// Between calls.
    pub(crate) apart: Duration,
    pub(crate) deadline: Duration,
    pub(crate) spells: Vec<Spell>,
}

/// One call's end.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) call: usize,
    pub(crate) began: Duration,
    pub(crate) took: Duration,
    pub(crate) decision: Decision,
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Story {
    pub(crate) told: Vec<Told>,
    /// Requests that each server read.
    pub(crate) requests: Vec<usize>,
    /// Everything that was seen, in order.
    pub(crate) trace: Vec<String>,
}

#[derive(Debug, Default)]
struct Manner {
    slow: u64,
    status: u16,
    share: usize,
}

type Shared<T> = Arc<Mutex<T>>;

impl Plot {
    /// Plays it to its end.
    pub(crate) fn play(&self) -> Story {
        let story: Shared<Story> = Shared::default();
        story.lock().unwrap().requests = vec![0; self.servers];
        let manners: Shared<Vec<Manner>> = Shared::default();
        let mut sim = turmoil::Builder::new()
            .rng_seed(self.seed)
            .epoch(UNIX_EPOCH + Duration::from_secs(1_776_781_920))
            .tick_duration(ms(1))
            .min_message_latency(ms(1))
            .max_message_latency(ms(4))
            .simulation_duration(Duration::from_secs(600))
            .build();
        for server in 0..self.servers {
            manners.lock().unwrap().push(Manner::default());
            let (story, manners) = (Arc::clone(&story), Arc::clone(&manners));
            sim.host(name(server), move || {
                serve(server, Arc::clone(&story), Arc::clone(&manners))
            });
        }
        let (plot, seen) = (self.clone(), Arc::clone(&story));
        sim.client("caller", async move {
            plot.call_all(&seen).await;
            Ok(())
        });
        let mut at = 0;
        loop {
            for spell in &self.spells {
                let server = name(spell.server);
                let mut change = |begins| change(&mut sim, &server, spell, begins, &manners);
                if spell.from == at {
                    story.lock().unwrap().trace.push(format!("{at} {spell:?}"));
                    change(true);
                } else if spell.until == at {
                    change(false);
                }
            }
            if sim.step().unwrap() {
                break;
            }
            at += 1;
        }
        drop(sim);
        Arc::into_inner(story).unwrap().into_inner().unwrap()
    }

    async fn call_all(&self, story: &Shared<Story>) {
        let ids = std::sync::atomic::AtomicU64::new(1);
        let client = Client::new(ClientConfig {
            seed: Some(self.seed),
            ids: Some(Arc::new(move || {
                ids.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
                    .into()
            })),
            transport: Arc::new(Simulated),
            ..ClientConfig::default()
        });
        let urls: Vec<String> = (0..self.servers)
            .map(|server| format!("http://{}:{PORT}/hook", name(server)))
            .collect();
        let allow = ["192.168.0.0/16".to_owned()];
        let route = Arc::new(Route {
            webhook: Endpoints::new("sales", &urls, self.deadline, &allow).unwrap(),
            fallback: Actions::from_json(br#"{"action":"voicemail","message":"x"}"#).unwrap(),
        });
        let start = Instant::now();
        let mut tasks = JoinSet::new();
        for call in 0..self.calls {
            let (client, route, story) = (client.clone(), Arc::clone(&route), Arc::clone(story));
            let at = start + self.apart * u32::try_from(call).unwrap();
            tasks.spawn(async move {
                sleep_until(at).await;
                let began = Instant::now();
                let decision = client.decide(&route, &event()).await;
                let (began, took) = (began - start, began.elapsed());
                let mut story = story.lock().unwrap();
                story.trace.push(format!(
                    "{} call {call}: {decision:?}",
                    (began + took).as_millis()
                ));
                story.told.push(Told {
                    call,
                    began,
                    took,
                    decision,
                });
            });
        }
        while let Some(ended) = tasks.join_next().await {
            ended.unwrap();
        }
    }
}

fn name(server: usize) -> String {
    format!("server{server}")
}

fn event() -> Event {
    Event::from_json(
        br#"{"event":"incoming_call","from":"+14155550123","to":"+13146523057","timestamp":"2026-04-21T14:32:00Z","call_id":"abc123xyz"}"#,
    )
    .unwrap()
}

fn change(
    sim: &mut turmoil::Sim<'_>,
    server: &str,
    spell: &Spell,
    begins: bool,
    manners: &Shared<Vec<Manner>>,
) {
    let mut manners = manners.lock().unwrap();
    let manner = &mut manners[spell.server];
    match (spell.trouble, begins) {
        (Trouble::Partition, true) => sim.partition("caller", server),
        (Trouble::OneWay, true) => sim.partition_oneway(server, "caller"),
        (Trouble::Partition | Trouble::OneWay, false) => sim.repair("caller", server),
        (Trouble::Hold, true) => sim.hold("caller", server),
        (Trouble::Hold, false) => sim.release("caller", server),
        (Trouble::Crash, true) => sim.crash(server),
        (Trouble::Crash, false) => sim.bounce(server),
        (Trouble::Slow(ms), begins) => manner.slow = if begins { ms } else { 0 },
        (Trouble::Share(share), begins) => manner.share = if begins { share } else { 0 },
        (Trouble::Status(status), begins) => manner.status = if begins { status } else { 0 },
    }
}

async fn serve(
    server: usize,
    story: Shared<Story>,
    manners: Shared<Vec<Manner>>,
) -> turmoil::Result {
    let any = SocketAddr::from((Ipv4Addr::UNSPECIFIED, PORT));
    let listener = turmoil::net::TcpListener::bind(any).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        let (story, manners) = (Arc::clone(&story), Arc::clone(&manners));
        let service = service_fn(move |request| {
            reply(request, server, Arc::clone(&story), Arc::clone(&manners))
        });
        tokio::spawn(
            hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service),
        );
    }
}

async fn reply(
    request: Request<Incoming>,
    server: usize,
    story: Shared<Story>,
    manners: Shared<Vec<Manner>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    // A body that breaks off comes from a client that gave up.
    let whole = body.collect().await.is_ok();
    let (slow, status) = {
        let manners = manners.lock().unwrap();
        let (manner, number) = (&manners[server], story.lock().unwrap().requests[server]);
        let broken = (number * 37) % 100 < manner.share;
        (manner.slow, if broken { 500 } else { manner.status })
    };
    {
        let mut story = story.lock().unwrap();
        story.requests[server] += 1;
        let at = turmoil::sim_elapsed().unwrap_or_default().as_millis();
        let id = head.headers["webhook-id"].to_str().unwrap();
        story
            .trace
            .push(format!("{at} server {server} reads {id}: whole {whole}"));
    }
    sleep(ms(slow + 2)).await;
    let mut response = Response::new(Full::new(Bytes::from_static(ANSWER)));
    if status > 0 {
        *response.status_mut() = status.try_into().unwrap();
    }
    Ok(response)
}
