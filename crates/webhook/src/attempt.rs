//! One attempt: a connection, one request, its answer.

#![cfg(feature = "client")]

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use callroute_schema::Network;
use http::Response;
use hyper::body::Incoming;
use tokio::time::Instant;

use crate::book::health::Verdict;
use crate::book::{Book, Knock, Trial};
use crate::endpoint::Endpoint;
use crate::failure::{Failure, FailureClass, is_refused, is_unprocessed, of_exchange};
use crate::held::Held;
use crate::net::body::whole;
use crate::net::connect::{Connection, Dialer, Driver, Sender};
use crate::net::link::Mover;
use crate::net::pool::lane::{Found, Lane};
use crate::net::pool::{Pool, Slot};
use crate::plan::Fault;
use crate::progress::{Phase, Progress};
use crate::wire::answer::{Format, Reply, judge_head, judge_receipt, read};
use crate::wire::facts;
use crate::wire::last_good::allowed;
use crate::wire::request::{Asks, Question};
use crate::wire::retry_after::wish;
use crate::wire::secret::SigningSecret;

/// Requests to one origin beyond which a single-threaded runtime moves their connections in turn: what
/// the processor has at hand for the one it need not fetch again for each.
const CROWD: usize = 8;
/// Requests to one origin beyond which each has a timer of its own: where each takes long, a
/// connection's would be set anew for each all the same, and lies in memory that is far.
const MANY: usize = 128;

/// What one URL did, for logs and reports; in the order they were started. A URL that was passed
/// over because it rests is among them, with the class `resting`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempt {
    /// The URL as configured.
    pub url: Arc<str>,
    /// The status that came, if one did.
    pub status: Option<u16>,
    /// Why it gave no usable answer; `None` for the one that did. One that was stopped because
    /// another URL answered first has a failure that says so.
    pub failure: Option<Failure>,
    /// From its own start to its end.
    pub elapsed: Duration,
    /// Whether the request went out on a connection that was used before.
    pub reused: bool,
}

/// How an attempt ended.
pub(crate) struct Outcome {
    pub(crate) result: Result<Reply, Failure>,
    /// A kept connection broke before the first byte of an answer: the server had closed it,
    /// and most likely never saw the request.
    stale: bool,
    /// The server refused this one request, and its connection is well.
    refused: bool,
    /// There was no room to look its host up, or to connect to it.
    crowded: bool,
    /// What the server said beside its answer; most often nothing.
    said: Option<Box<Said>>,
    /// From its beginning to its end.
    pub(crate) took: Duration,
}

/// What a server says beside its answer.
#[derive(Debug, Clone, Copy, Default)]
struct Said {
    /// The rest that it asked for.
    wish: Option<Duration>,
    /// For how long its answer may stand in for later ones.
    allowed: Option<Duration>,
}

impl Outcome {
    /// One that was cut off from outside.
    pub(crate) fn cut(failure: Failure, took: Duration) -> Self {
        Self {
            result: Err(failure),
            stale: false,
            refused: false,
            crowded: false,
            said: None,
            took,
        }
    }

    /// For how long the answer may stand in for later ones.
    pub(crate) fn allowed(&self) -> Option<Duration> {
        self.said.as_ref()?.allowed
    }

    /// What it says about the endpoint. One that answers is alive, whatever it says: its other
    /// answers may be of use, and it costs no time.
    fn verdict(&self) -> Verdict {
        use FailureClass as C;
        if self.stale || self.crowded {
            return Verdict::Nothing;
        }
        if let Some(wish) = self.said.as_ref().and_then(|said| said.wish) {
            return Verdict::Rest(wish);
        }
        match self.result.as_ref().map_err(|failure| failure.class) {
            Ok(_) => Verdict::Alive,
            Err(C::Dns | C::Connect | C::Tls | C::Reset) => Verdict::Failed,
            Err(C::TimeoutFirstByte | C::TimeoutTotal) => Verdict::Failed,
            Err(C::Status429 | C::Status5xx) => Verdict::Failed,
            Err(C::Status4xx | C::Redirect | C::TooLarge | C::Empty) => Verdict::Alive,
            Err(C::BadContentType | C::BadJson | C::BadSchema) => Verdict::Alive,
            Err(C::Resting | C::Deadline | C::RefusedAddress) => Verdict::Nothing,
        }
    }

    /// Whether no connection came about.
    fn is_unreachable(&self) -> bool {
        use FailureClass as C;
        let class = self.result.as_ref().map_err(|failure| failure.class);
        matches!(class, Err(C::Dns | C::Connect | C::Tls))
    }

    /// What it says about asking the same endpoint again.
    pub(crate) fn fault(&self) -> Fault {
        use FailureClass as C;
        match self.result.as_ref().map_err(|failure| failure.class) {
            Err(C::Reset) if self.stale && self.refused => Fault::Refused,
            Err(C::Reset) if self.stale => Fault::Stale,
            Err(C::Dns | C::Connect | C::Reset | C::Status5xx) => Fault::Passing,
            _ => Fault::Lasting,
        }
    }
}

/// What came back for a request.
enum Answer {
    /// A whole body, and how to read it.
    Whole(Format, Bytes),
    /// A body of no use.
    Broken(Failure),
    /// A body of no interest, which is not read yet; the result is known.
    Unread(Incoming),
}

/// Who is asked, and on what terms.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target<'a> {
    /// The webhook's name.
    pub(crate) webhook: &'a str,
    pub(crate) endpoint: &'a Endpoint,
    /// What may be connected to beside the public internet.
    pub(crate) allow: &'a [Network],
    /// What requests are signed with.
    pub(crate) secrets: &'a [SigningSecret],
}

/// How an attempt begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Start {
    /// On a new connection.
    pub(crate) fresh: bool,
    pub(crate) at: Instant,
}

/// What attempts are made with.
#[derive(Debug)]
pub(crate) struct Means {
    pub(crate) book: Arc<Book>,
    pub(crate) pool: Arc<Pool>,
    pub(crate) dialer: Dialer,
    pub(crate) clock: Clock,
    /// Whether servers are tried in the background.
    pub(crate) knock: bool,
}

/// The wall clock.
#[derive(Clone)]
pub(crate) struct Clock(pub(crate) Option<Arc<dyn Fn() -> SystemTime + Send + Sync>>);

impl Clock {
    fn now(&self) -> SystemTime {
        match &self.0 {
            Some(clock) => clock(),
            None => SystemTime::now(),
        }
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "given" } else { "system" })
    }
}

/// One attempt that is to be made.
pub(crate) struct Errand<'a> {
    pub(crate) target: Target<'a>,
    pub(crate) question: Held<'a, Question>,
    pub(crate) progress: Held<'a, Progress>,
    pub(crate) start: Start,
    /// When whoever waits for it wants to be woken, if its connection can do that.
    pub(crate) due: Option<Instant>,
}

impl Means {
    /// Asks one URL. Dropping the future ends the attempt and closes its connection; whether it
    /// was given up, its progress says.
    #[expect(
        clippy::manual_async_fn,
        reason = "a block uses in place what it holds, a function moves it first"
    )]
    pub(crate) fn attempt<'a>(
        self: &'a Arc<Self>,
        errand: Errand<'a>,
        mut trial: Trial,
    ) -> impl Future<Output = Outcome> + Send + 'a {
        async move {
            let progress = &*errand.progress;
            let stake = Stake {
                trial: &mut trial,
                progress,
            };
            let (target, start) = (&errand.target, &errand.start);
            let lane = target.endpoint.lane(&self.pool);
            progress.enter(Phase::Turn);
            let found = match start.fresh {
                true => Found::Nothing,
                false => lane.take(target.allow, start.at),
            };
            let mut outcome = Outcome {
                result: Ok(Reply::Taken),
                stale: false,
                refused: false,
                crowded: false,
                said: None,
                took: Duration::ZERO,
            };
            let connection = match found {
                Found::Ready(connection) => Ok(connection),
                // In a box, since most attempts need none of it.
                other => Box::pin(self.connection(target, &lane, *start, progress, other)).await,
            };
            let ended = match connection {
                Ok(connection) => {
                    self.exchange(&errand, &lane, connection, &mut outcome)
                        .await
                }
                Err(failure) => {
                    outcome.crowded = progress.is_before_dialing();
                    outcome.result = Err(failure);
                    Instant::now()
                }
            };
            outcome.took = ended.saturating_duration_since(errand.start.at);
            let rests = stake.trial.settle(outcome.verdict(), outcome.took);
            if let Some(knock) = rests {
                self.began_to_rest(&errand.target, &outcome, knock);
            }
            outcome
        }
    }

    /// One request and its answer; when that had come.
    async fn exchange(
        self: &Arc<Self>,
        errand: &Errand<'_>,
        lane: &Arc<Lane>,
        mut connection: Box<Connection>,
        outcome: &mut Outcome,
    ) -> Instant {
        let (question, progress) = (&*errand.question, &*errand.progress);
        let doubt = sent(&connection, lane, progress);
        let answer = {
            let request = question.request(
                errand.target.endpoint,
                errand.target.secrets,
                || self.clock.now(),
                connection.sender.version(),
            );
            match &mut connection.sender {
                Sender::One(link) => {
                    let (sender, motor) = link.parts();
                    // Pinned here, since each hand that it goes through would copy it.
                    let sent = pin!(sender.send_request(request));
                    let answer = pin!(self.answer(sent, question, progress, outcome));
                    let due = errand.due.filter(|_| Arc::strong_count(lane) <= MANY);
                    let is_crowd = Arc::strong_count(lane) > CROWD;
                    let mover = match is_crowd && motor.can_join(&self.pool.crowds) {
                        true => Mover::NewCrowd,
                        false => Mover::User,
                    };
                    motor.run_until(answer, due, progress, mover).await
                }
                Sender::Many(sender, _) => {
                    let sent = Box::pin(sender.send_request(request));
                    Box::pin(self.answer(sent, question, progress, outcome)).await
                }
            }
        };
        let ended = Instant::now();
        match answer {
            Ok(Answer::Whole(format, bytes)) => {
                Doubt::settle(doubt);
                self.pool.give_back(lane, connection, None, ended);
                outcome.result = reply(question, format, &bytes);
            }
            Ok(Answer::Broken(failure)) => outcome.result = Err(failure),
            Ok(Answer::Unread(rest)) => {
                Doubt::settle(doubt);
                self.pool.give_back(lane, connection, Some(rest), ended);
            }
            Err(error) => {
                outcome.stale = is_stale(&connection, progress, &error);
                outcome.refused = is_refused(&error);
                if outcome.refused {
                    Doubt::settle(doubt);
                }
                outcome.result = Err(of_exchange(&error));
            }
        }
        ended
    }

    /// What comes back for a request.
    async fn answer(
        &self,
        sent: impl Future<Output = hyper::Result<Response<Incoming>>>,
        question: &Question,
        progress: &Progress,
        outcome: &mut Outcome,
    ) -> hyper::Result<Answer> {
        let mut response = sent.await?;
        let Some(format) = self.judge(&response, question, progress, outcome) else {
            return Ok(Answer::Unread(response.into_body()));
        };
        Ok(match whole(response.body_mut()).await {
            Ok(bytes) => Answer::Whole(format, bytes),
            Err(failure) => Answer::Broken(failure),
        })
    }

    #[cold]
    fn began_to_rest(self: &Arc<Self>, target: &Target<'_>, outcome: &Outcome, knock: Knock) {
        if outcome.is_unreachable() {
            self.knock_later(target, knock);
        }
    }

    /// Judges an answer's head: how to read the body. `None`: it is of no interest, and the result
    /// is known.
    fn judge(
        &self,
        response: &Response<Incoming>,
        question: &Question,
        progress: &Progress,
        outcome: &mut Outcome,
    ) -> Option<Format> {
        let (status, headers) = (response.status(), response.headers());
        progress.answered(status.as_u16());
        if question.keeps() || !status.is_success() {
            outcome.said = Some(Box::new(Said {
                wish: wish(status, headers, self.clock.now()),
                allowed: allowed(headers).filter(|_| question.keeps()),
            }));
        }
        if question.asks() == Asks::Nothing {
            outcome.result = judge_receipt(status, headers);
            return None;
        }
        match judge_head(status, headers, question.asks()) {
            Ok(format) => Some(format),
            Err(failure) => {
                outcome.result = Err(failure);
                None
            }
        }
    }

    /// A connection, kept or new, where none was ready at once.
    pub(crate) async fn connection(
        self: &Arc<Self>,
        target: &Target<'_>,
        lane: &Arc<Lane>,
        start: Start,
        progress: &Progress,
        found: Found,
    ) -> Result<Box<Connection>, Failure> {
        let Start { fresh, at } = start;
        match self.pool.take(lane, target.allow, fresh, at, found).await {
            Slot::Kept(connection) => Ok(connection),
            Slot::Dial(_permit) => {
                let connection = self.dialer.dial(target, progress).await?;
                self.pool.share(lane, &connection);
                Ok(connection)
            }
        }
    }
}

/// A request goes out on this connection.
fn sent(connection: &Connection, lane: &Arc<Lane>, progress: &Progress) -> Option<Doubt> {
    let (received, doubt) = match &connection.sender {
        Sender::One(_) => (Some(connection.received.clone()), None),
        Sender::Many(_, driver) => (None, Some(Doubt::new(lane, driver))),
    };
    progress.sent(connection.kept, received);
    doubt
}

/// Whether a kept connection was over before the server looked at the request.
fn is_stale(connection: &Connection, progress: &Progress, error: &hyper::Error) -> bool {
    let shared = matches!(connection.sender, Sender::Many(..));
    connection.kept && progress.bytes() == 0 && (!shared || is_unprocessed(error))
}

/// What a whole body comes to.
fn reply(question: &Question, format: Format, bytes: &[u8]) -> Result<Reply, Failure> {
    match question.asks() {
        Asks::Facts => facts::read(bytes).map(Reply::Facts),
        Asks::Actions | Asks::Nothing => read(format, bytes).map(Reply::Actions),
    }
}

/// Tells the endpoint's record when the attempt is given up.
struct Stake<'a> {
    trial: &'a mut Trial,
    progress: &'a Progress,
}

impl Drop for Stake<'_> {
    fn drop(&mut self) {
        if self.progress.is_given_up() {
            self.trial.give_up();
        }
    }
}

/// A shared connection on which a request was given up, or failed, is not used by further ones.
struct Doubt {
    lane: Arc<Lane>,
    driver: Arc<Driver>,
    open: bool,
}

impl Doubt {
    fn new(lane: &Arc<Lane>, driver: &Arc<Driver>) -> Self {
        Self {
            lane: Arc::clone(lane),
            driver: Arc::clone(driver),
            open: true,
        }
    }

    fn settle(doubt: Option<Self>) {
        if let Some(mut doubt) = doubt {
            doubt.open = false;
        }
    }
}

impl Drop for Doubt {
    fn drop(&mut self) {
        if self.open {
            self.lane.retire(&self.driver);
        }
    }
}
