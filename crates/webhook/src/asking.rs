//! One ask under way: carries out the steps of its plan, and tells the plan what came of them.

#![cfg(feature = "client")]

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use callroute_schema::Event;

use crate::attempt::{Outcome, Start, Target};
use crate::book::{Trial, Use, pay};
use crate::client::Inner;
use crate::endpoint::{Endpoint, Endpoints};
use crate::failure::FailureClass;
use crate::held::Held;
use crate::plan::{Begun, Fault, How, Plan, Step};
use crate::progress::{Progress, Stopped};
use crate::report::{Flight, Report};
use crate::running::Running;
use crate::wire::request::{Asks, Question};

/// What a request says of the time that is left is not said again for less than this.
const STALE: Duration = Duration::from_millis(5);

/// One ask.
pub(crate) struct Asking<'a> {
    pub(crate) inner: &'a Inner,
    pub(crate) endpoints: &'a Endpoints,
    pub(crate) event: &'a Event,
    pub(crate) question: Held<'a, Question>,
    /// Of the first request.
    pub(crate) progress: Option<&'a Progress>,
    /// What the question in its present form tells of earlier URLs, and as of when.
    pub(crate) told: (Option<FailureClass>, Duration),
    /// For how long the answer may stand in for later ones.
    pub(crate) allowed: Option<Duration>,
    pub(crate) started: Instant,
    /// When what is being dealt with happened: a look at the clock costs as much as a header.
    pub(crate) now: Instant,
    /// The same, from the start.
    pub(crate) elapsed: Duration,
    pub(crate) plan: Plan,
    pub(crate) report: Report,
}

/// A request that is to go out.
pub(crate) struct Launch<'a> {
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) flight: Flight<'a>,
    pub(crate) question: Held<'a, Question>,
    pub(crate) start: Start,
    pub(crate) trial: Trial,
    pub(crate) begun: Begun,
}

impl<'a> Asking<'a> {
    /// A request to this URL; what to do instead, when it rests.
    pub(crate) fn begin(&mut self, url: usize, how: How) -> Result<Launch<'a>, Option<Step>> {
        let endpoints = self.endpoints;
        let Some(endpoint) = endpoints.urls.get(url) else {
            // The plan was made for these URLs.
            return Err(self.plan.on_failure(self.elapsed, url, Fault::Lasting));
        };
        let admission = match how {
            How::First => Use::First,
            How::Instead | How::Again => Use::Usual,
            How::Anyway => Use::Anyway,
        };
        let book = self.inner.book();
        let mut trial = match Trial::open(endpoint.record(book), admission, self.now) {
            Ok(trial) => trial,
            Err(left) => {
                self.report.skip(endpoint, left);
                return Err(self.plan.on_resting(self.elapsed, url));
            }
        };
        trial.hurry(self.plan.longest_hedge());
        let begun = Begun {
            hedge: trial.hedge(),
            doubt: trial.doubt(),
            probe: trial.is_probe(),
        };
        // Connections from before a rest, too, may be dead without having said so.
        let fresh = how != How::First;
        self.tell();
        let progress = match self.progress.take() {
            Some(first) => Held::Here(first),
            None => Held::Shared(Arc::new(Progress::new())),
        };
        let flight = self.report.begin(url, endpoint, progress, self.elapsed);
        Ok(Launch {
            endpoint,
            flight,
            question: self.question.clone(),
            start: Start {
                fresh,
                at: self.now,
            },
            trial,
            begun,
        })
    }

    /// Pays for a second use of this URL, if that can be paid.
    pub(crate) fn pay(&mut self, url: usize) -> Option<Step> {
        let endpoint = self.endpoints.urls.get(url);
        let paid = self.inner.second_uses
            && endpoint.is_some_and(|endpoint| pay(self.inner.book(), endpoint.key()));
        match paid {
            true => self.plan.on_paid(self.elapsed, url),
            false => self.plan.on_denied(self.elapsed),
        }
    }

    /// An attempt ended by itself.
    pub(crate) fn on_end(&mut self, flight: &Flight<'_>, outcome: Outcome) -> Option<Step> {
        let fault = outcome.fault();
        self.allowed = outcome.allowed();
        // Sums are less than differences of moments.
        let ended = flight.began.saturating_add(outcome.took);
        if ended > self.elapsed {
            (self.elapsed, self.now) = (ended, self.started + ended);
        }
        match self.report.end(flight, outcome.result, self.elapsed) {
            true => self.plan.on_answer(flight.url),
            false => self.plan.on_failure(self.elapsed, flight.url, fault),
        }
    }

    /// The timer that was due then went off.
    pub(crate) fn on_tick<F>(
        &mut self,
        due: Duration,
        running: &Running<'_, F, Flight<'_>, Outcome>,
    ) -> Option<Step>
    where
        F: Future<Output = Outcome> + Send,
    {
        self.look_up(Instant::now());
        let now = self.elapsed;
        let late = self.inner.book().on_wake(now.saturating_sub(due));
        let silent = running.keys().find(|flight| flight.progress.is_silent());
        self.plan
            .on_tick(now, late, silent.map(|flight| flight.url))
    }

    /// Sends a request that finds out whether a server is back. It runs on when another URL
    /// answers first: otherwise a server that is a little slower than the next would rest for
    /// ever.
    #[cold]
    #[inline(never)]
    pub(crate) fn probe<F>(
        &self,
        launch: Launch<'a>,
        running: &mut Running<'_, F, Flight<'a>, Outcome>,
    ) where
        F: Future<Output = Outcome> + Send,
    {
        let Launch {
            mut flight,
            question,
            start,
            trial,
            ..
        } = launch;
        let means = Arc::clone(&self.inner.means);
        let (endpoint, allow) = (launch.endpoint.clone(), self.endpoints.allow.clone());
        let secrets = self.endpoints.secrets.clone();
        // It may outlive the ask.
        let question = question.copy();
        let progress = Arc::new(Progress::new());
        let theirs = Arc::clone(&progress);
        flight.progress = Held::Shared(Arc::clone(&progress));
        let until = self.started + self.plan.deadline();
        let start = Start {
            fresh: true,
            ..start
        };
        let task = tokio::spawn(async move {
            let target = Target {
                endpoint: &endpoint,
                allow: &allow,
                secrets: &secrets,
            };
            let attempt = means.attempt(target, &question, start, &theirs, trial);
            timeout_at(until, attempt).await
        });
        let began = self.now;
        let ended = async move {
            match task.await {
                // It may have ended a while ago: what counts is when that is heard.
                Ok(Ok(mut outcome)) => {
                    outcome.took = began.elapsed();
                    outcome
                }
                // Time is up, or the runtime ends.
                Ok(Err(_)) | Err(_) => {
                    let took = began.elapsed();
                    Outcome::cut(progress.stopped(took, Stopped::Deadline), took)
                }
            }
        };
        running.push_other(flight, ended);
    }

    /// Later requests tell why earlier ones gave no answer, and how much time is left.
    fn tell(&mut self) {
        let so_far = self.report.so_far();
        let (told, since) = self.told;
        let news = so_far != told || self.elapsed.saturating_sub(since) >= STALE;
        // A notice stays as it is, wherever it goes.
        if news && self.question.asks() != Asks::Nothing {
            self.tell_anew(so_far);
        }
    }

    #[cold]
    fn tell_anew(&mut self, so_far: Option<FailureClass>) {
        let left = self.plan.deadline().saturating_sub(self.elapsed);
        let name = &self.endpoints.name;
        let question = self.question.after(self.event, name, so_far, left);
        self.question = Held::Shared(Arc::new(question));
        self.told = (so_far, self.elapsed);
    }

    fn look_up(&mut self, now: Instant) {
        self.now = now;
        self.elapsed = now.saturating_duration_since(self.started);
    }
}
