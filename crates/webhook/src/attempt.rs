//! One attempt: a connection, one request, its answer.

#![cfg(feature = "client")]

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use tokio::time::Instant;

use crate::book::Trial;
use crate::book::health::Verdict;
use crate::endpoint::Endpoint;
use crate::failure::{Failure, FailureClass, is_unprocessed, of_exchange};
use crate::net::address::Network;
use crate::net::connect::{Connection, Dialer, Driver, Sender};
use crate::net::pool::lane::Lane;
use crate::net::pool::{Pool, Slot};
use crate::plan::Fault;
use crate::progress::{Phase, Progress};
use crate::wire::answer::{MAX_BODY, Reply, judge_head, judge_receipt, read};
use crate::wire::facts;
use crate::wire::last_good::allowed;
use crate::wire::request::{Asks, Question};
use crate::wire::retry_after::wish;
use crate::wire::secret::Secret;

/// What one URL did, for logs and reports; in the order they were started. A URL that was passed
/// over because it rests is among them, with the class `resting`.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// What the server said beside its answer.
    said: Said,
    /// From its beginning to its end.
    pub(crate) took: Duration,
}

/// What a server says beside its answer.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Said {
    /// The rest that it asked for.
    wish: Option<Duration>,
    /// For how long its answer may stand in for later ones.
    pub(crate) allowed: Option<Duration>,
    /// When the whole of its answer was there.
    ended: Option<Instant>,
}

impl Outcome {
    /// One that was cut off from outside.
    pub(crate) fn cut(failure: Failure, took: Duration) -> Self {
        Self {
            result: Err(failure),
            stale: false,
            said: Said::default(),
            took,
        }
    }

    /// For how long the answer may stand in for later ones.
    pub(crate) fn allowed(&self) -> Option<Duration> {
        self.said.allowed
    }

    /// What it says about the endpoint. One that answers is alive, whatever it says: its other
    /// answers may be of use, and it costs no time.
    fn verdict(&self) -> Verdict {
        use FailureClass as C;
        if self.stale {
            return Verdict::Nothing;
        }
        if let Some(wish) = self.said.wish {
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
            Err(C::Reset) if self.stale => Fault::Stale,
            Err(C::Dns | C::Connect | C::Reset | C::Status5xx) => Fault::Passing,
            _ => Fault::Lasting,
        }
    }
}

/// Who is asked, and on what terms.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target<'a> {
    pub(crate) endpoint: &'a Endpoint,
    /// What may be dialled beside the public internet.
    pub(crate) allow: &'a [Network],
    /// What requests are signed with.
    pub(crate) secrets: &'a [Secret],
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

impl Means {
    /// Asks one URL. Dropping the future ends the attempt and closes its connection.
    pub(crate) async fn attempt(
        self: &Arc<Self>,
        target: Target<'_>,
        question: &Question,
        start: Start,
        progress: &Progress,
        trial: Trial,
    ) -> Outcome {
        let Start { fresh, at } = start;
        let Target {
            endpoint, allow, ..
        } = target;
        let (mut stale, mut said) = (false, Said::default());
        let lane = endpoint.lane(&self.pool);
        let result = match self
            .connection(endpoint, &lane, allow, fresh, progress, at)
            .await
        {
            Ok(connection) => {
                let exchange = self.exchange(
                    connection, &lane, target, question, progress, &mut stale, &mut said,
                );
                exchange.await
            }
            Err(failure) => Err(failure),
        };
        let ended = said.ended.unwrap_or_else(Instant::now);
        let outcome = Outcome {
            result,
            stale,
            took: ended.saturating_duration_since(at),
            said,
        };
        let unreachable = outcome.is_unreachable();
        if let Some(knock) = trial
            .settle(outcome.verdict(), outcome.took)
            .filter(|_| unreachable)
        {
            self.knock_later(endpoint, allow, knock);
        }
        outcome
    }

    /// A connection, kept or new.
    pub(crate) async fn connection(
        self: &Arc<Self>,
        endpoint: &Endpoint,
        lane: &Arc<Lane>,
        allow: &[Network],
        fresh: bool,
        progress: &Progress,
        now: Instant,
    ) -> Result<Box<Connection>, Failure> {
        progress.enter(Phase::Turn);
        match self.pool.take(lane, allow, fresh, now).await {
            Slot::Kept(connection) => Ok(connection),
            Slot::Dial(_permit) => {
                // In a box, since most attempts need none of it.
                let dial = Box::pin(self.dialer.dial(endpoint, allow, progress));
                let connection = dial.await?;
                self.pool.share(lane, &connection);
                Ok(connection)
            }
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "two of them are what it tells beside its result"
    )]
    async fn exchange(
        &self,
        mut connection: Box<Connection>,
        lane: &Arc<Lane>,
        target: Target<'_>,
        question: &Question,
        progress: &Progress,
        stale: &mut bool,
        said: &mut Said,
    ) -> Result<Reply, Failure> {
        let shared = matches!(connection.sender, Sender::Many(_));
        let received = (!shared).then(|| connection.received.clone());
        progress.sent(connection.kept, received);
        let doubt = shared.then(|| Doubt::new(lane, &connection.driver));
        let clock = || self.clock.now();
        let Target {
            endpoint, secrets, ..
        } = target;
        let request = question.request(endpoint, secrets, clock, connection.sender.version());
        let response = match connection.sender.send(request).await {
            Ok(response) => response,
            Err(error) => {
                *stale = connection.kept && progress.bytes() == 0;
                *stale &= !shared || is_unprocessed(&error);
                return Err(of_exchange(&error));
            }
        };
        let (head, mut body) = response.into_parts();
        progress.answered(head.status.as_u16());
        if !head.status.is_success() {
            said.wish = wish(head.status, &head.headers, clock());
        }
        if question.asks() == Asks::Nothing {
            let receipt = judge_receipt(head.status, &head.headers);
            Doubt::settle(doubt);
            let now = *said.ended.insert(Instant::now());
            self.pool.give_back(lane, connection, Some(body), now);
            return receipt;
        }
        let format = match judge_head(head.status, &head.headers) {
            Ok(format) => format,
            Err(failure) => {
                Doubt::settle(doubt);
                let now = *said.ended.insert(Instant::now());
                self.pool.give_back(lane, connection, Some(body), now);
                return Err(failure);
            }
        };
        if question.keeps() {
            said.allowed = allowed(&head.headers);
        }
        let bytes = whole(&mut body).await?;
        Doubt::settle(doubt);
        let now = *said.ended.insert(Instant::now());
        self.pool.give_back(lane, connection, None, now);
        match question.asks() {
            Asks::Facts => facts::read(&bytes).map(Reply::Facts),
            Asks::Actions | Asks::Nothing => read(format, &bytes).map(Reply::Actions),
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

/// The whole body, within its bound.
async fn whole(body: &mut Incoming) -> Result<Bytes, Failure> {
    let too_large = |found: u64| {
        Failure::new(
            FailureClass::TooLarge,
            format!("the body has {found} bytes or more; an answer has at most {MAX_BODY}"),
        )
    };
    let announced = body.size_hint().lower();
    if announced > MAX_BODY as u64 {
        return Err(too_large(announced));
    }
    // Most bodies are one frame, which need not be copied.
    let mut first = Bytes::new();
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| of_exchange(&error))?;
        // Trailers say nothing to us.
        let Ok(data) = frame.into_data() else {
            continue;
        };
        let so_far = first.len().max(bytes.len());
        if data.len() > MAX_BODY - so_far {
            return Err(too_large((so_far + data.len()) as u64));
        }
        if so_far == 0 {
            first = data;
        } else {
            if bytes.is_empty() {
                bytes.extend_from_slice(&first);
            }
            bytes.extend_from_slice(&data);
        }
    }
    Ok(if bytes.is_empty() {
        first
    } else {
        bytes.into()
    })
}
