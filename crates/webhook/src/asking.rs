//! One ask under way: carries out the steps of its plan, and tells the plan what came of them.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use callroute_schema::Event;

use crate::attempt::Outcome;
use crate::book::{Trial, Use, pay};
use crate::client::Inner;
use crate::endpoint::{Endpoint, Endpoints};
use crate::failure::FailureClass;
use crate::plan::{Begun, Fault, How, Plan, Step};
use crate::progress::Stopped;
use crate::report::{Flight, Report};
use crate::running::Running;
use crate::wire::request::{Asks, Question};

/// One ask.
pub(crate) struct Asking<'a> {
    pub(crate) inner: &'a Inner,
    pub(crate) endpoints: &'a Endpoints,
    pub(crate) event: &'a Event,
    pub(crate) question: Arc<Question>,
    /// What the question in its present form tells of earlier URLs.
    pub(crate) told: Option<FailureClass>,
    /// For how long the answer may stand in for later ones.
    pub(crate) allowed: Option<Duration>,
    pub(crate) started: Instant,
    pub(crate) plan: Plan,
    pub(crate) report: Report,
}

impl<'a> Asking<'a> {
    /// Sends a request to this URL, unless it rests.
    pub(crate) fn begin(
        &mut self,
        url: usize,
        how: How,
        running: &mut Running<'a, Flight, Outcome>,
    ) -> Option<Step> {
        let endpoints = self.endpoints;
        let Some(endpoint) = endpoints.urls.get(url) else {
            // The plan was made for these URLs.
            return self.plan.on_failure(self.elapsed(), url, Fault::Lasting);
        };
        let admission = match how {
            How::First | How::Instead | How::Again => Use::Usual,
            How::Anyway => Use::Anyway,
        };
        let mut trial = match Trial::begin(&self.inner.book, endpoint.key(), admission) {
            Ok(trial) => trial,
            Err(left) => {
                self.report.skip(endpoint, left);
                return self.plan.on_resting(self.elapsed(), url);
            }
        };
        if how == How::First {
            trial.is_first();
        }
        trial.hurry(self.plan.longest_hedge());
        let begun = Begun {
            hedge: trial.hedge(),
            doubt: trial.doubt(),
            probe: trial.is_probe(),
        };
        // Connections from before a rest, too, may be dead without having said so.
        let fresh = how != How::First;
        self.tell();
        let flight = self.report.begin(url, endpoint);
        if begun.probe {
            self.probe(endpoint, flight, trial, running);
        } else {
            let progress = Arc::clone(&flight.progress);
            let means = &self.inner.means;
            let question = Arc::clone(&self.question);
            running.push(flight, async move {
                means
                    .attempt(
                        endpoint,
                        &endpoints.allow,
                        &question,
                        fresh,
                        &progress,
                        trial,
                    )
                    .await
            });
        }
        self.plan.on_begun(self.elapsed(), begun)
    }

    /// Pays for a second use of this URL, if that can be paid.
    pub(crate) fn pay(&mut self, url: usize) -> Option<Step> {
        let endpoint = self.endpoints.urls.get(url);
        let paid = self.inner.second_uses
            && endpoint.is_some_and(|endpoint| pay(&self.inner.book, endpoint.key()));
        match paid {
            true => self.plan.on_paid(self.elapsed(), url),
            false => self.plan.on_denied(self.elapsed()),
        }
    }

    /// An attempt ended by itself.
    pub(crate) fn on_end(&mut self, flight: &Flight, outcome: Outcome) -> Option<Step> {
        let fault = outcome.fault();
        self.allowed = outcome.allowed();
        match self.report.end(flight, outcome.result) {
            true => self.plan.on_answer(flight.url),
            false => self.plan.on_failure(self.elapsed(), flight.url, fault),
        }
    }

    /// The timer that was due then went off.
    pub(crate) fn on_tick(
        &mut self,
        due: Duration,
        running: &Running<'a, Flight, Outcome>,
    ) -> Option<Step> {
        let now = self.elapsed();
        let late = self.inner.book.on_wake(now.saturating_sub(due));
        let silent = running.keys().find(|flight| flight.progress.is_silent());
        self.plan
            .on_tick(now, late, silent.map(|flight| flight.url))
    }

    /// Sends a request that finds out whether a server is back. It runs on when another URL
    /// answers first: otherwise a server that is a little slower than the next would rest for
    /// ever.
    fn probe(
        &self,
        endpoint: &Endpoint,
        flight: Flight,
        trial: Trial,
        running: &mut Running<'a, Flight, Outcome>,
    ) {
        let means = Arc::clone(&self.inner.means);
        let (endpoint, allow) = (endpoint.clone(), self.endpoints.allow.clone());
        let question = Arc::clone(&self.question);
        let progress = Arc::clone(&flight.progress);
        let until = self.started + self.plan.deadline();
        let task = tokio::spawn(async move {
            let attempt = means.attempt(&endpoint, &allow, &question, true, &progress, trial);
            timeout_at(until, attempt).await
        });
        let (progress, began) = (Arc::clone(&flight.progress), flight.started);
        running.push(flight, async move {
            match task.await {
                Ok(Ok(outcome)) => outcome,
                // Time is up, or the runtime ends.
                Ok(Err(_)) | Err(_) => {
                    Outcome::cut(progress.stopped(began.elapsed(), Stopped::Deadline))
                }
            }
        });
    }

    /// Later URLs are told why earlier ones gave no answer.
    fn tell(&mut self) {
        let so_far = self.report.so_far();
        // A notice stays as it is, wherever it goes.
        let news = so_far != self.told && self.question.asks() != Asks::Nothing;
        if let Some(failure) = so_far.filter(|_| news) {
            let left = self.plan.deadline().saturating_sub(self.elapsed());
            let name = &self.endpoints.name;
            let question = self.question.after(self.event, name, failure, left);
            self.question = Arc::new(question);
            self.told = so_far;
        }
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}
