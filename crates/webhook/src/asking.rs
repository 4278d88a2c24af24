//! One ask under way: carries out the steps of its plan, and tells the plan what came of them.

#![cfg(feature = "client")]

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use callroute_schema::Event;
use tokio::time::{Instant, Sleep, sleep_until, timeout_at};

use crate::attempt::{Errand, Outcome, Start, Target};
use crate::book::{Trial, Use, pay};
use crate::client::Inner;
use crate::endpoint::{Endpoints, MAX_DEADLINE};
use crate::failure::FailureClass;
use crate::held::Held;
use crate::plan::{Begun, Ending, Fault, How, Plan, Step};
use crate::progress::{Alarm, Progress, Stopped};
use crate::report::{AskReport, Flight, Report};
use crate::running::Running;
use crate::wire::request::{Asks, Question};

/// What a request says of the time that is left is not said again for less than this.
const STALE: Duration = Duration::from_millis(5);

/// One ask.
pub(crate) struct Asking<'a> {
    inner: &'a Inner,
    endpoints: &'a Endpoints,
    event: &'a Event,
    question: Held<'a, Question>,
    /// Of the first request.
    first: &'a Progress,
    /// When the first request wakes us, if it can.
    alarm: Option<Duration>,
    begun: bool,
    /// What the question in its present form tells of earlier URLs, and as of when.
    told: (Option<FailureClass>, Duration),
    /// For how long the answer may stand in for later ones.
    allowed: Option<Duration>,
    started: Instant,
    /// When what is being dealt with happened: a look at the clock costs as much as a header.
    now: Instant,
    /// The same, from the start.
    elapsed: Duration,
    plan: Plan,
    pub(crate) report: Report,
}

impl<'a> Asking<'a> {
    /// `since`, `now`: when the ask began, and the present. `progress`: of its first request.
    pub(crate) fn new(
        inner: &'a Inner,
        endpoints: &'a Endpoints,
        event: &'a Event,
        question: &'a Question,
        progress: &'a Progress,
        [since, now]: [Instant; 2],
    ) -> Self {
        // Most often there is nothing to be worked out.
        let elapsed = match since == now {
            true => Duration::ZERO,
            false => now.saturating_duration_since(since),
        };
        let (urls, deadline) = (endpoints.urls.len(), endpoints.deadline.min(MAX_DEADLINE));
        Self {
            inner,
            endpoints,
            event,
            question: Held::Here(question),
            first: progress,
            alarm: None,
            begun: false,
            told: (None, elapsed),
            allowed: None,
            started: since,
            now,
            elapsed,
            plan: Plan::new(urls, inner.pause(), deadline),
            report: Report::new(urls),
        }
    }

    /// Asks until there is an answer, or nobody is left to ask, or no time.
    pub(crate) async fn run(&mut self) -> Ending {
        let means = &self.inner.means;
        let (place, mut timer) = (pin!(None), pin!(None::<Sleep>));
        let mut running = Running::new(place);
        let mut step = self.plan.on_start(self.elapsed);
        let ending = loop {
            step = match step {
                Some(Step::Finish(ending)) => break ending,
                Some(Step::Ask { url, how }) => {
                    let attempt = |errand, trial| means.attempt(errand, trial);
                    self.begin(url, how, &mut running, attempt)
                }
                Some(Step::Pay { url }) => self.pay(url),
                None => {
                    let due = self.plan.next_wake();
                    poll_fn(|context| {
                        // An answer that is there when time is up still counts.
                        let ended = running
                            .poll_end(context, |flight, outcome| self.on_end(flight, outcome));
                        if ended.is_ready() {
                            return ended;
                        }
                        let wakes = self.alarm == Some(due);
                        let over = match self.first.alarm() {
                            Alarm::Set if wakes => false,
                            Alarm::Over if wakes => true,
                            _ => is_over(timer.as_mut(), self.started + due, context),
                        };
                        match over {
                            true => Poll::Ready(self.on_tick(due, &running)),
                            false => Poll::Pending,
                        }
                    })
                    .await
                }
            };
        };
        if !running.is_empty() {
            running.stop(|flight| self.report.stop(flight, ending, self.elapsed));
        }
        ending
    }

    /// What came of it.
    pub(crate) fn close(&mut self, ending: Ending) -> AskReport {
        let (inner, endpoints) = (self.inner, self.endpoints);
        let (elapsed, deadline) = (self.elapsed, self.plan.deadline());
        let asked = self.report.close(ending, endpoints, deadline, elapsed);
        if endpoints.last_good
            && let Ok(actions) = &asked.result
        {
            inner.keep(endpoints, self.event, actions, self.allowed);
        }
        asked
    }

    /// Sends a request to this URL, or finds out what to do instead when it rests.
    fn begin<'p, F>(
        &mut self,
        url: usize,
        how: How,
        running: &mut Running<'p, F, Flight<'a>, Outcome>,
        attempt: impl FnOnce(Errand<'a>, Trial) -> F,
    ) -> Option<Step>
    where
        F: Future<Output = Outcome> + Send + 'p,
    {
        let endpoints = self.endpoints;
        let Some(endpoint) = endpoints.urls.get(url) else {
            // The plan was made for these URLs.
            return self.plan.on_failure(self.elapsed, url, Fault::Lasting);
        };
        let admission = match how {
            How::First => Use::First,
            How::Instead | How::Anew | How::Again => Use::Usual,
            How::Anyway => Use::Anyway,
        };
        let book = self.inner.book();
        let trial = match Trial::open(endpoint.record(book), admission, self.now) {
            Ok(trial) => trial,
            Err(left) => {
                self.report.skip(endpoint, left);
                return self.plan.on_resting(self.elapsed, url);
            }
        };
        let begun = Begun {
            hedge: trial.hedge(),
            doubt: trial.doubt(),
            probe: trial.is_probe(),
        };
        self.tell();
        let step = self.plan.on_begun(self.elapsed, begun);
        let first = !std::mem::replace(&mut self.begun, true);
        let progress = match first {
            true => Held::Here(self.first),
            false => Held::Shared(Arc::new(Progress::new())),
        };
        self.alarm = (first && !begun.probe).then(|| self.plan.next_wake());
        let due = self.alarm.map(|due| self.started + due);
        let theirs = progress.clone();
        let flight = self.report.begin(url, endpoint, progress, self.elapsed);
        let errand = Errand {
            target: Target {
                webhook: &endpoints.name,
                endpoint,
                allow: &endpoints.allow,
                secrets: &endpoints.secrets,
            },
            question: self.question.clone(),
            progress: theirs,
            start: Start {
                // Connections from before a rest, too, may be dead without having said so.
                fresh: !matches!(how, How::First | How::Anew),
                at: self.now,
            },
            due,
        };
        match begun.probe {
            true => self.probe(flight, &errand, trial, running),
            false => running.push(flight, attempt(errand, trial)),
        }
        step
    }

    /// Pays for a second use of this URL, if that can be paid.
    fn pay(&mut self, url: usize) -> Option<Step> {
        let endpoint = self.endpoints.urls.get(url);
        let paid = self.inner.second_uses
            && endpoint.is_some_and(|endpoint| pay(self.inner.book(), endpoint.key()));
        match paid {
            true => self.plan.on_paid(self.elapsed, url),
            false => self.plan.on_denied(self.elapsed),
        }
    }

    /// An attempt ended by itself.
    fn on_end(&mut self, flight: &Flight<'_>, outcome: Outcome) -> Option<Step> {
        self.alarm = None;
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
    fn on_tick<F>(
        &mut self,
        due: Duration,
        running: &Running<'_, F, Flight<'_>, Outcome>,
    ) -> Option<Step>
    where
        F: Future<Output = Outcome> + Send,
    {
        self.alarm = None;
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
    fn probe<'p, F>(
        &self,
        mut flight: Flight<'a>,
        errand: &Errand<'_>,
        trial: Trial,
        running: &mut Running<'p, F, Flight<'a>, Outcome>,
    ) where
        F: Future<Output = Outcome> + Send + 'p,
    {
        let means = Arc::clone(&self.inner.means);
        let (endpoint, allow) = (errand.target.endpoint.clone(), self.endpoints.allow.clone());
        let (webhook, secrets) = (self.endpoints.name.clone(), self.endpoints.secrets.clone());
        // It may outlive the ask.
        let question = Arc::new(errand.question.copy());
        let progress = Arc::new(Progress::new());
        let (theirs, seen) = (Arc::clone(&progress), Arc::clone(&progress));
        flight.progress = Held::Shared(Arc::clone(&progress));
        let until = self.started + self.plan.deadline();
        let at = errand.start.at;
        let task = tokio::spawn(async move {
            let errand = Errand {
                target: Target {
                    webhook: &webhook,
                    endpoint: &endpoint,
                    allow: &allow,
                    secrets: &secrets,
                },
                question: Held::Shared(question),
                progress: Held::Shared(theirs),
                start: Start { fresh: true, at },
                due: None,
            };
            let mut attempt = pin!(means.attempt(errand, trial));
            let ended = timeout_at(until, attempt.as_mut()).await;
            if ended.is_err() {
                seen.give_up();
            }
            ended
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

/// Whether this time has come; else the context is woken then.
#[inline(never)]
fn is_over(mut timer: Pin<&mut Option<Sleep>>, until: Instant, context: &mut Context<'_>) -> bool {
    if timer.is_none() {
        timer.set(Some(sleep_until(until)));
    }
    let Some(mut timer) = timer.as_pin_mut() else {
        return false;
    };
    if timer.deadline() != until {
        timer.as_mut().reset(until);
    }
    timer.poll(context).is_ready()
}
