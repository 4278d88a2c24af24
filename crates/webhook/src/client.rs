//! The client: drives the failover plan with one timer, and reports what happened.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use callroute_schema::Event;
use tokio::time::{Instant, sleep_until};
use ulid::Ulid;

use crate::attempt::{Means, Outcome};
use crate::config::ClientConfig;
use crate::connect::Dialer;
use crate::endpoint::{Endpoints, MAX_DEADLINE};
use crate::plan::{Plan, Step};
use crate::pool::{Limits, Pool};
use crate::report::{Asked, Flight, Report};
use crate::request::Question;
use crate::running::Running;

/// Asks webhooks. Clones are cheap and share their connections.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    means: Means,
    ids: Option<Arc<dyn Fn() -> u128 + Send + Sync>>,
    hedge: Duration,
}

impl Client {
    /// A client without connections; they are made when they are needed, on the runtime of
    /// whoever asks.
    #[must_use]
    pub fn new(config: ClientConfig) -> Self {
        let limits = Limits {
            idle: config.max_idle,
            idle_for: config.idle_for,
            dials: config.max_dials.clamp(1, 4096),
        };
        let dialer = Dialer {
            #[cfg(feature = "tls")]
            tls: crate::tls::Tls::new(config.extra_roots),
        };
        Self {
            inner: Arc::new(Inner {
                means: Means {
                    pool: Arc::new(Pool::new(limits)),
                    dialer,
                },
                ids: config.ids,
                hedge: config.hedge,
            }),
        }
    }

    /// Asks a webhook what to do. Ends by the deadline, whatever the servers do; whatever they
    /// do is a value. Dropping the future stops all of it and closes the connections in use.
    ///
    /// Needs a tokio runtime with its timer and its IO switched on.
    pub async fn ask(&self, endpoints: &Endpoints, event: &Event) -> Asked {
        let started = Instant::now();
        let deadline = endpoints.deadline.min(MAX_DEADLINE);
        let question = Question::new(event, self.id());
        let mut plan = Plan::new(endpoints.urls.len(), self.inner.hedge, deadline);
        let mut report = Report::default();
        let mut running: Running<'_, Flight, Outcome> = Running::new();
        let mut timer = pin!(sleep_until(started + deadline));
        let mut step = plan.on_start(Duration::ZERO);
        let ending = loop {
            match step {
                Some(Step::Finish(ending)) => break ending,
                Some(Step::Ask { url, fresh }) => {
                    if let Some(endpoint) = endpoints.urls.get(url) {
                        let flight = report.begin(url, endpoint);
                        let progress = Arc::clone(&flight.progress);
                        let (means, allow) = (&self.inner.means, &endpoints.allow);
                        let question = &question;
                        running.push(flight, async move {
                            means
                                .attempt(endpoint, allow, question, fresh, &progress)
                                .await
                        });
                    }
                }
                None => {}
            }
            timer.as_mut().reset(started + plan.next_wake());
            step = tokio::select! {
                // An answer that is there when time is up still counts.
                biased;
                (flight, outcome) = running.next() => {
                    let url = flight.url;
                    match report.end(&flight, outcome.result) {
                        true => plan.on_answer(url),
                        false => plan.on_failure(started.elapsed(), url, outcome.stale),
                    }
                }
                () = timer.as_mut() => plan.on_tick(started.elapsed()),
            };
        };
        for flight in running.stop() {
            report.stop(&flight, ending);
        }
        report.close(ending, endpoints, deadline, started.elapsed())
    }

    /// Waits until used connections are back in the pool.
    #[cfg(test)]
    pub(crate) async fn settle(&self) {
        while self.inner.means.pool.is_settling() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    fn id(&self) -> Ulid {
        match &self.inner.ids {
            Some(ids) => Ulid(ids()),
            None => Ulid::new(),
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("means", &self.inner.means)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
