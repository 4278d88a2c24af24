//! What becomes of a call under a fault, held against what should.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use callroute_schema::{Actions, Event};
use callroute_webhook::{AnswerSource, Client, Decision, Route};

use crate::deeds::Deed::{Again, Read, Write};
use crate::place::{Fault, HANG_UP, Place, json};

/// What the deadline may be overrun by.
const GRACE: Duration = Duration::from_millis(50);
/// Faults that are tried beside each other.
const BESIDE: usize = 8;
/// The healthy second endpoint's answer.
const SECOND: &str = r#"{"action":"voicemail","message":"second"}"#;
const FALLBACK: &str = r#"{"action":"voicemail","message":"fallback"}"#;

pub(crate) fn event() -> Event {
    Event::from_json(
        br#"{"event":"incoming_call","from":"+14155550123","to":"+13146523057","timestamp":"2026-04-21T14:32:00Z","call_id":"abc123xyz"}"#,
    )
    .unwrap()
}

pub(crate) fn actions(text: &str) -> Actions {
    Actions::from_json(text.as_bytes()).unwrap()
}

/// How late this machine itself is: a thread that sleeps and looks how long that took. What it
/// finds is no fault of the client. No task of the runtime: the client could hold that up itself,
/// and excuse itself by it.
pub(crate) struct Lateness {
    worst: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
}

const NAP: Duration = Duration::from_millis(5);

/// Tests of many calls at once do not run beside each other: each wants the whole machine.
pub(crate) static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

impl Lateness {
    pub(crate) fn watch() -> Self {
        let lateness = Self {
            worst: Arc::default(),
            over: Arc::default(),
        };
        let (worst, over) = (Arc::clone(&lateness.worst), Arc::clone(&lateness.over));
        std::thread::spawn(move || {
            while !over.load(Ordering::Relaxed) {
                let began = Instant::now();
                std::thread::sleep(NAP);
                let late = began.elapsed().saturating_sub(NAP);
                worst.fetch_max(u64::try_from(late.as_millis()).unwrap(), Ordering::Relaxed);
            }
        });
        lateness
    }

    pub(crate) fn worst(&self) -> Duration {
        Duration::from_millis(self.worst.load(Ordering::Relaxed))
    }
}

impl Drop for Lateness {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

/// Tries each fault; all that went wrong is told at once.
pub(crate) async fn each<F>(faults: Vec<Fault>, judge: impl Fn(Fault) -> F + Copy + Send + 'static)
where
    F: Future<Output = Result<(), String>> + Send + 'static,
{
    let turns = Arc::new(tokio::sync::Semaphore::new(BESIDE));
    let mut tasks = tokio::task::JoinSet::new();
    for fault in faults {
        let turns = Arc::clone(&turns);
        tasks.spawn(async move {
            let _turn = turns.acquire_owned().await.unwrap();
            let name = fault.name.clone();
            judge(fault)
                .await
                .map_err(|wrong| format!("{name}: {wrong}"))
        });
    }
    let wrong: Vec<String> = tasks
        .join_all()
        .await
        .into_iter()
        .filter_map(Result::err)
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

async fn decide(fault: &Fault, place: &Place, others: &[String]) -> Result<Decision, String> {
    let client = Client::new(place.config());
    let fallback = actions(FALLBACK);
    if fault.warm {
        let route = Route {
            webhook: place.webhook(&[], 5000),
            fallback: fallback.clone(),
        };
        let warm = client.decide(&route, &event()).await;
        if warm.source != AnswerSource::Webhook {
            return Err(format!("could not be warmed: {:?}", warm.failure));
        }
        // Until the connection is back in the pool, and the server has ended it.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let route = Route {
        webhook: place.webhook(others, fault.deadline_ms),
        fallback,
    };
    let lateness = Lateness::watch();
    let began = Instant::now();
    let decision = client.decide(&route, &event()).await;
    let took = began.elapsed();
    let most = Duration::from_millis(fault.deadline_ms) + GRACE + lateness.worst();
    if took > most {
        return Err(format!("took {took:?}, which is more than {most:?}"));
    }
    Ok(decision)
}

pub(crate) async fn alone(fault: Fault) -> Result<(), String> {
    let place = fault.place().await;
    let decision = decide(&fault, &place, &[]).await?;
    let class = decision.failure.as_ref().map(|failure| failure.class);
    let taken = match fault.expect {
        Ok(()) => (AnswerSource::Webhook, actions(HANG_UP)),
        Err(_) => (AnswerSource::Fallback, actions(FALLBACK)),
    };
    if !fault.is_of(class) {
        let (expected, found) = (fault.expect, decision.failure);
        return Err(format!("{expected:?} expected, found {found:?}"));
    }
    if (decision.source, decision.actions) != taken {
        return Err(format!(
            "{:?} expected, found {:?}",
            taken.0, decision.source
        ));
    }
    Ok(())
}

pub(crate) async fn with_a_healthy_second(fault: Fault) -> Result<(), String> {
    let place = fault.place().await;
    let deeds = vec![Read, Write(json(SECOND)), Again];
    let healthy =
        crate::deeds::Server::start([127, 44, 1, 1], Arc::new(move |_| deeds.clone()), None).await;
    let url = format!("http://{}/", healthy.address);
    let decision = decide(&fault, &place, &[url]).await?;
    if decision.source != AnswerSource::Webhook {
        return Err(format!("the default was taken: {:?}", decision.failure));
    }
    let first_is_good = fault.expect.is_ok();
    let answers = [actions(SECOND), actions(HANG_UP)];
    let allowed = &answers[..if first_is_good { 2 } else { 1 }];
    if !allowed.contains(&decision.actions) {
        return Err(format!(
            "an answer that is not good was taken: {:?}",
            decision.actions
        ));
    }
    if fault.alone_suffices && (healthy.requests() > 0 || decision.actions != actions(HANG_UP)) {
        return Err("a second server was asked in vain".to_owned());
    }
    if let Err(class) = fault.expect {
        let attempt = decision.attempts.first().ok_or("no attempt is reported")?;
        let found = attempt.failure.as_ref().map(|failure| failure.class);
        // One that is slow may be overtaken before it is seen to be of another class.
        if !fault.is_of(found) {
            return Err(format!(
                "{class} expected of the first, found {:?}",
                attempt.failure
            ));
        }
    }
    Ok(())
}
