//! What came of an ask: the result, and the report on each attempt.

#![cfg(feature = "client")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use callroute_schema::Actions;

use crate::attempt::Attempt;
use crate::endpoint::{Endpoint, Endpoints};
use crate::failure::{Failure, FailureClass};
use crate::held::Held;
use crate::plan::Ending;
use crate::progress::{Progress, Stopped};
use crate::wire::answer::Reply;

/// What stands in the place of actions when a notice was taken.
const TAKEN: &str = "the notice was taken; nothing was asked";

/// What came of an ask.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct AskReport {
    /// What to do with the call, or why nobody said: then the fallback is due.
    pub result: Result<Actions, Failure>,
    /// What each URL did, in the order they were started.
    pub attempts: Vec<Attempt>,
    /// Why nobody answered, though there is a result: the last good answer stands in, because
    /// the webhook and its receiver allow that.
    pub stood_in: Option<Failure>,
    /// How long it took.
    pub elapsed: Duration,
}

impl AskReport {
    /// An ask that did not begin.
    #[cold]
    pub(crate) fn refused(failure: Failure, elapsed: Duration) -> Self {
        Self {
            result: Err(failure),
            attempts: Vec::new(),
            stood_in: None,
            elapsed,
        }
    }
}

/// What is known of a caller, by name; `None`: nothing.
pub(crate) type Facts = Option<BTreeMap<String, String>>;

/// What came of a lookup.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct LookupReport {
    /// What is known, by name; `None`: the server knows nothing of this caller. Or why nobody
    /// said.
    pub result: Result<Option<BTreeMap<String, String>>, Failure>,
    /// What each URL did, in the order they were started.
    pub attempts: Vec<Attempt>,
    /// How long it took.
    pub elapsed: Duration,
}

/// What came of a notice.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotifyReport {
    /// Whether a server took it: status 200 to 299.
    pub result: Result<(), Failure>,
    /// What each URL did, in the order they were started.
    pub attempts: Vec<Attempt>,
    /// How long it took.
    pub elapsed: Duration,
}

impl From<AskReport> for NotifyReport {
    /// The report on an ask that asked for nothing.
    fn from(asked: AskReport) -> Self {
        let taken = asked
            .attempts
            .iter()
            .any(|attempt| attempt.failure.is_none());
        let result = match (taken, asked.result) {
            (true, _) | (_, Ok(_)) => Ok(()),
            (false, Err(failure)) => Err(failure),
        };
        Self {
            result,
            attempts: asked.attempts,
            elapsed: asked.elapsed,
        }
    }
}

/// An attempt under way.
pub(crate) struct Flight<'a> {
    pub(crate) url: usize,
    /// Its place in the report.
    place: usize,
    /// When it began, counted from the start of the ask.
    pub(crate) began: Duration,
    pub(crate) progress: Held<'a, Progress>,
}

/// The report of an ask while it is written.
pub(crate) struct Report {
    attempts: Vec<Attempt>,
    answer: Option<Reply>,
    last: Option<Failure>,
    /// The class of what happened last, be it that a URL rests.
    so_far: Option<FailureClass>,
}

impl Report {
    /// With room for one attempt at each of so many URLs.
    pub(crate) fn new(urls: usize) -> Self {
        Self {
            attempts: Vec::with_capacity(urls),
            answer: None,
            last: None,
            so_far: None,
        }
    }

    /// All times count from the start of the ask.
    pub(crate) fn begin<'a>(
        &mut self,
        url: usize,
        endpoint: &Endpoint,
        progress: Held<'a, Progress>,
        now: Duration,
    ) -> Flight<'a> {
        let place = self.attempts.len();
        self.attempts.push(Attempt {
            url: Arc::clone(endpoint.shared_url()),
            status: None,
            failure: None,
            elapsed: Duration::ZERO,
            reused: false,
        });
        Flight {
            url,
            place,
            began: now,
            progress,
        }
    }

    /// A URL was not asked, since it rests for so long; zero while another ask probes it.
    pub(crate) fn skip(&mut self, endpoint: &Endpoint, left: Duration) {
        let detail = match left.as_millis() {
            0 => "it failed lately, and another call is finding out whether it is back".to_owned(),
            ms => format!("it failed lately or asked for a rest, and rests for another {ms} ms"),
        };
        self.so_far = Some(FailureClass::Resting);
        self.attempts.push(Attempt {
            url: Arc::clone(endpoint.shared_url()),
            status: None,
            failure: Some(Failure::new(FailureClass::Resting, detail)),
            elapsed: Duration::ZERO,
            reused: false,
        });
    }

    /// An attempt ended by itself; whether it gave an answer.
    pub(crate) fn end(
        &mut self,
        flight: &Flight<'_>,
        result: Result<Reply, Failure>,
        now: Duration,
    ) -> bool {
        match result {
            Ok(reply) => {
                self.write(flight, None, now);
                self.answer = Some(reply);
                true
            }
            Err(failure) => {
                self.so_far = Some(failure.class);
                self.write(flight, Some(failure.clone()), now);
                self.last = Some(failure);
                false
            }
        }
    }

    /// Why the URLs asked so far gave no answer, if one failed.
    pub(crate) fn so_far(&self) -> Option<FailureClass> {
        self.so_far
    }

    /// An attempt was stopped with the ask.
    pub(crate) fn stop(&mut self, flight: &Flight<'_>, ending: Ending, now: Duration) {
        let why = match ending {
            Ending::Answer { .. } => Stopped::Overtaken,
            Ending::AllFailed | Ending::Deadline => Stopped::Deadline,
        };
        flight.progress.give_up();
        let elapsed = now.saturating_sub(flight.began);
        let failure = flight.progress.stopped(elapsed, why);
        self.write(flight, Some(failure), now);
    }

    fn write(&mut self, flight: &Flight<'_>, failure: Option<Failure>, now: Duration) {
        if let Some(attempt) = self.attempts.get_mut(flight.place) {
            (attempt.status, attempt.reused) = flight.progress.said();
            attempt.elapsed = now.saturating_sub(flight.began);
            attempt.failure = failure;
        }
    }

    /// What was missing, when only one request went out.
    fn only(&self) -> Option<Failure> {
        let skipped = |failure: &&Failure| failure.class == FailureClass::Resting;
        let mut sent = self.attempts.iter().filter_map(|one| one.failure.as_ref());
        let mut sent = sent.by_ref().filter(|failure| !skipped(failure));
        let first = sent.next()?;
        sent.next().is_none().then(|| first.clone())
    }

    /// What was found by asking for it; the rest is in [`AskReport`].
    pub(crate) fn take_facts(&mut self) -> Option<Facts> {
        match self.answer.take() {
            Some(Reply::Facts(facts)) => Some(facts),
            other => {
                self.answer = other;
                None
            }
        }
    }

    pub(crate) fn close(
        &mut self,
        ending: Ending,
        endpoints: &Endpoints,
        deadline: Duration,
        elapsed: Duration,
    ) -> AskReport {
        let result = match self.answer.take() {
            Some(Reply::Actions(actions)) => Ok(actions),
            other => Err(self.failure(ending, other.is_some(), endpoints, deadline)),
        };
        AskReport {
            result,
            attempts: std::mem::take(&mut self.attempts),
            stood_in: None,
            elapsed,
        }
    }

    /// Why there are no actions. `answered`: none were asked for.
    #[cold]
    #[inline(never)]
    fn failure(
        &mut self,
        ending: Ending,
        answered: bool,
        endpoints: &Endpoints,
        deadline: Duration,
    ) -> Failure {
        let name = &endpoints.name;
        let ms = deadline.as_millis();
        if answered {
            return Failure::new(FailureClass::Empty, TAKEN);
        }
        match (ending, self.last.take()) {
            (Ending::Deadline, _) if self.attempts.is_empty() => Failure::new(
                FailureClass::Deadline,
                format!("webhook `{name}` has a deadline of {ms} ms: no time to ask"),
            ),
            (Ending::Deadline, _) => self.only().unwrap_or_else(|| {
                let detail = format!("no answer within {ms} ms");
                Failure::new(FailureClass::TimeoutTotal, detail)
            }),
            (_, Some(last)) => last,
            (_, None) => Failure::new(
                FailureClass::Connect,
                format!("webhook `{name}` has no url to ask"),
            ),
        }
    }
}
