//! The client: drives the failover plan with one timer, and reports what happened.

#![cfg(feature = "client")]

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use callroute_schema::{Actions, Event};
use tokio::time::Instant;
use ulid::Ulid;

use crate::asking::Asking;
use crate::attempt::{Clock, Means};
use crate::book::Book;
use crate::book::health::Health;
use crate::bulkhead::{Bounds, Bulkhead, Full, Place};
use crate::config::ClientConfig;
use crate::decision::{Decision, Route};
use crate::endpoint::{Endpoint, Endpoints, MAX_DEADLINE};
use crate::measure::Measure;
use crate::net::connect::Dialer;
use crate::net::lookup::Lookups;
use crate::net::pool::{Limits, Pool};
use crate::progress::Progress;
use crate::report::{AskReport, Facts, LookupReport, NotifyReport};
use crate::wire::last_good::LastGood;
use crate::wire::request::Question;

/// Asks webhooks. Clones are cheap and share their connections.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

/// What the asks of a client share.
pub(crate) struct Inner {
    pub(crate) means: Arc<Means>,
    pub(crate) second_uses: bool,
    bulkhead: Arc<Bulkhead>,
    last_good: LastGood,
    ids: Option<Arc<dyn Fn() -> u128 + Send + Sync>>,
}

impl Client {
    /// A client without connections; they are made when they are needed, on the runtime of
    /// whoever asks.
    #[must_use]
    pub fn new(config: ClientConfig) -> Self {
        let limits = Limits {
            idle: config.max_idle,
            idle_for: config.idle_for,
            connecting: config.max_connecting.clamp(1, 4096),
        };
        let dialer = Dialer {
            transport: config.transport,
            lookups: Lookups::default(),
            #[cfg(feature = "tls")]
            tls: crate::net::tls::Tls::new(config.extra_roots),
        };
        Self {
            inner: Arc::new(Inner {
                means: Arc::new(Means {
                    book: Arc::new(Book::new(config.hedge, config.seed)),
                    pool: Arc::new(Pool::new(limits)),
                    dialer,
                    clock: Clock(config.clock),
                    knock: config.knock,
                }),
                bulkhead: Arc::new(Bulkhead::new(Bounds {
                    one: config.max_in_flight,
                    all: config.max_in_flight_in_all,
                })),
                last_good: LastGood::default(),
                ids: config.ids,
                second_uses: config.second_uses,
            }),
        }
    }

    /// Asks a webhook what to do. Ends by the deadline, whatever the servers do; whatever they
    /// do is a value. Dropping the future stops all of it and closes the connections in use; only
    /// a request that finds out whether a resting server is back runs on, until the deadline. An
    /// ask that is dropped says nothing about its servers.
    ///
    /// Needs a tokio runtime with its timer and its IO switched on.
    pub fn ask<'a>(
        &'a self,
        endpoints: &'a Endpoints,
        event: &'a Event,
    ) -> impl Future<Output = AskReport> + Send + 'a {
        self.ask_at(endpoints, event, None)
    }

    /// Asks as [`ask`](Self::ask) does; the deadline counts from `since`, when the call came in
    /// or the key was pressed, and so does the time that the report states.
    pub fn ask_since<'a>(
        &'a self,
        endpoints: &'a Endpoints,
        event: &'a Event,
        since: Instant,
    ) -> impl Future<Output = AskReport> + Send + 'a {
        self.ask_at(endpoints, event, Some(since))
    }

    async fn ask_at(
        &self,
        endpoints: &Endpoints,
        event: &Event,
        since: Option<Instant>,
    ) -> AskReport {
        let now = Instant::now();
        let since = since.unwrap_or(now);
        let measure = Measure::begin(&endpoints.name);
        let question = |left| Question::new(event, self.id(), endpoints, left);
        let drive = self.drive(endpoints, event, [since, now], question, None);
        let mut asked = drive.await;
        if endpoints.last_good {
            self.stand_in(endpoints, event, &mut asked);
        }
        measure.end(&asked);
        asked
    }

    /// Puts a question, made for the time that is left, unless too many asks are under way.
    /// `since`, `now`: when the ask began, and the present. `facts`: where those go, if it asks for
    /// some.
    #[expect(
        clippy::manual_async_fn,
        reason = "a block uses in place what it holds, a function moves it first"
    )]
    fn drive<'a>(
        &'a self,
        endpoints: &'a Endpoints,
        event: &'a Event,
        [since, now]: [Instant; 2],
        question: impl FnOnce(Duration) -> Question + Send + 'a,
        facts: Option<&'a mut Option<Facts>>,
    ) -> impl Future<Output = AskReport> + Send + 'a {
        async move {
            let _place = match self.enter(endpoints) {
                Ok(place) => place,
                Err(full) => {
                    let failure = full.failure(&endpoints.name);
                    return AskReport::refused(failure, since.elapsed());
                }
            };
            let deadline = endpoints.deadline.min(MAX_DEADLINE);
            let question = question(deadline.saturating_sub(now.saturating_duration_since(since)));
            let (progress, times) = (Progress::new(), [since, now]);
            let mut asking =
                Asking::new(&self.inner, endpoints, event, &question, &progress, times);
            let ending = asking.run().await;
            if let Some(facts) = facts {
                *facts = asking.report.take_facts();
            }
            asking.close(ending)
        }
    }

    /// Asks, and takes the route's fallback when nobody gives a usable answer: there always is
    /// something to do with the call, in time.
    pub async fn decide(&self, route: &Route, event: &Event) -> Decision {
        Decision::of(route, self.ask(&route.webhook, event).await)
    }

    /// Decides as [`decide`](Self::decide) does; the deadline counts from `since`, as in
    /// [`ask_since`](Self::ask_since).
    pub async fn decide_since(&self, route: &Route, event: &Event, since: Instant) -> Decision {
        Decision::of(route, self.ask_since(&route.webhook, event, since).await)
    }

    /// Tells a webhook what happened; nothing is asked, and any status of 200 to 299 is a receipt.
    /// The same deadline, failover and signature as for asks. `id` is the notice's own, the same
    /// however often it is told, so that its receiver knows it again.
    pub async fn notify(&self, endpoints: &Endpoints, event: &Event, id: u128) -> NotifyReport {
        let question = |_| Question::notice(event, Ulid(id), endpoints);
        let times = [Instant::now(); 2];
        let drive = self.drive(endpoints, event, times, question, None);
        drive.await.into()
    }

    /// Asks a webhook what it knows of a caller: it answers with a JSON object of texts, or with
    /// `{}` or `null` where it knows nothing. The same deadline, failover and signature as for
    /// asks; the event's attribute `lookup` says the name of what is looked up.
    pub async fn look_up(&self, endpoints: &Endpoints, event: &Event, name: &str) -> LookupReport {
        let times = [Instant::now(); 2];
        let mut event = event.clone();
        let attributes = &mut event.attributes;
        attributes.insert("lookup".to_owned(), name.to_owned());
        let question = |left| Question::new(&event, self.id(), endpoints, left).for_facts();
        let mut facts = None;
        let drive = self.drive(endpoints, &event, times, question, Some(&mut facts));
        let asked = drive.await;
        LookupReport {
            result: match (facts, asked.result) {
                (Some(facts), _) => Ok(facts),
                (None, Err(failure)) => Err(failure),
                // Nobody asked for actions, so that nobody gave any.
                (None, Ok(_)) => Ok(None),
            },
            attempts: asked.attempts,
            elapsed: asked.elapsed,
        }
    }

    /// The last good answer in place of none, for a webhook that wants that.
    #[cold]
    fn stand_in(&self, endpoints: &Endpoints, event: &Event, asked: &mut AskReport) {
        let Err(failure) = &asked.result else {
            return;
        };
        let (kept, now) = (&self.inner.last_good, self.inner.book().now());
        if let Some(actions) = kept.find(endpoints, event, failure.class, now) {
            let failure = std::mem::replace(&mut asked.result, Ok(actions));
            asked.stood_in = failure.err();
        }
    }

    /// How a URL stands with its webhook, as far as this client knows; one that was never asked is
    /// healthy.
    #[must_use]
    pub fn health(&self, endpoint: &Endpoint) -> Health {
        self.inner.book().health(endpoint.key())
    }

    fn enter(&self, endpoints: &Endpoints) -> Result<Option<Place>, Full> {
        let first = endpoints.urls.first();
        let enter = |first: &Endpoint| self.inner.bulkhead.enter(&endpoints.name, first);
        first.map(enter).transpose()
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

impl Inner {
    pub(crate) fn book(&self) -> &Arc<Book> {
        &self.means.book
    }

    /// Keeps an answer that may stand in for later ones.
    #[cold]
    pub(crate) fn keep(
        &self,
        endpoints: &Endpoints,
        event: &Event,
        actions: &Actions,
        allowed: Option<Duration>,
    ) {
        let now = self.book().now();
        self.last_good.keep(endpoints, event, actions, allowed, now);
    }

    /// Between a failure and the second use of the same URL: enough for a passing fault to pass,
    /// and not the same for all calls.
    pub(crate) fn pause(&self) -> Duration {
        Duration::from_millis(50 + self.book().chance() % 100)
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
