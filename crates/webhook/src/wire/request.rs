//! The request: one event as a POST.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use callroute_schema::Event;
use http::{HeaderValue, Request, Version};
use http_body_util::Full;
use ulid::Ulid;

use crate::endpoint::{Endpoint, Endpoints};
use crate::failure::FailureClass;
use crate::wire::head::places;
use crate::wire::secret::SigningSecret;
use crate::wire::signature::sign_text;
use crate::wire::trace::Trace;

/// The attribute by which a later URL is told why an earlier one gave no answer.
const FAILURE: &str = "failure";
/// The attribute that says which webhook that was.
const WEBHOOK: &str = "webhook";
/// Bytes that most events need, with what stands behind them.
const ROOM: usize = 384;

/// What all attempts of one ask have in common.
#[derive(Debug)]
pub(crate) struct Question {
    /// The body; behind it the ask's own id, by which a receiver knows an event that it was sent
    /// twice, and `traceparent` of the first attempt: one piece of memory for all three.
    text: Bytes,
    body_ends: usize,
    id_ends: usize,
    trace: Trace,
    /// The span of the first attempt.
    span: u64,
    /// Attempts so far, whose spans follow on each other.
    attempts: AtomicU64,
    asks: Asks,
    /// Whether its answer may stand in for later ones, when the server allows that.
    keeps: bool,
}

/// What a question asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asks {
    /// What to do with the call.
    Actions,
    /// What is known of the caller.
    Facts,
    /// Nothing: the event is only told.
    Nothing,
}

impl Question {
    /// `left`: how long the answer is waited for; the event says it, unless it says less.
    pub(crate) fn new(event: &Event, id: Ulid, endpoints: &Endpoints, left: Duration) -> Self {
        Self::with_body(event, body(event, left), id, endpoints)
    }

    fn with_body(event: &Event, body: Vec<u8>, id: Ulid, endpoints: &Endpoints) -> Self {
        let mut text = [0_u8; ulid::ULID_LEN];
        // The half of an id that is chance.
        let span = u64::try_from(id.0 & u128::from(u64::MAX)).unwrap_or_default();
        let id = id.array_to_str(&mut text).as_bytes();
        Self::of_parts(body, id, Trace::of(event), span).asking(Asks::Actions, endpoints.last_good)
    }

    fn of_parts(mut text: Vec<u8>, id: &[u8], trace: Trace, span: u64) -> Self {
        let body_ends = text.len();
        text.extend_from_slice(id);
        let id_ends = text.len();
        trace.write(span, &mut text);
        Self {
            text: Bytes::from(text),
            body_ends,
            id_ends,
            trace,
            span,
            attempts: AtomicU64::new(0),
            asks: Asks::Nothing,
            keeps: false,
        }
    }

    fn asking(mut self, asks: Asks, keeps: bool) -> Self {
        (self.asks, self.keeps) = (asks, keeps);
        self
    }

    /// An event that is told, to whom it may concern; byte by byte as it is.
    pub(crate) fn notice(event: &Event, id: Ulid, endpoints: &Endpoints) -> Self {
        Self::with_body(event, written(event), id, endpoints).asking(Asks::Nothing, false)
    }

    /// The same question, asking for what is known of the caller.
    pub(crate) fn for_facts(self) -> Self {
        self.asking(Asks::Facts, false)
    }

    pub(crate) fn asks(&self) -> Asks {
        self.asks
    }

    pub(crate) fn keeps(&self) -> bool {
        self.keeps
    }

    /// The same question for a later request, which tells how much time is left, and what
    /// happened so far if something did. Its id stays: it is the same event.
    pub(crate) fn after(
        &self,
        event: &Event,
        webhook: &str,
        failure: Option<FailureClass>,
        left: Duration,
    ) -> Self {
        let body = match failure {
            None => body(event, left),
            Some(failure) => {
                let mut event = event.clone();
                let attributes = &mut event.attributes;
                attributes.insert(FAILURE.to_owned(), failure.as_str().to_owned());
                attributes.insert(WEBHOOK.to_owned(), webhook.to_owned());
                body(&event, left)
            }
        };
        self.with(body)
    }

    /// The same once more; the spans of its attempts are its own.
    pub(crate) fn copy(&self) -> Self {
        self.with(self.body().to_vec())
    }

    fn with(&self, body: Vec<u8>) -> Self {
        let id = self.part(self.body_ends, self.id_ends);
        let span = self.span.wrapping_add(16);
        Self::of_parts(body, &id, self.trace, span).asking(self.asks, self.keeps)
    }

    fn body(&self) -> Bytes {
        self.part(0, self.body_ends)
    }

    fn part(&self, from: usize, to: usize) -> Bytes {
        self.text.slice(from..to)
    }

    /// `traceparent` of the next attempt.
    fn next_trace(&self) -> HeaderValue {
        match self.attempts.fetch_add(1, Ordering::Relaxed) {
            0 => header(self.part(self.id_ends, self.text.len())),
            before => self.trace.header(self.span.wrapping_add(before)),
        }
    }

    /// The request for one URL, sent at this time. Compression is never asked for: its bounds
    /// are hard to keep.
    pub(crate) fn request(
        &self,
        endpoint: &Endpoint,
        secrets: &[SigningSecret],
        now: impl Fn() -> SystemTime,
        version: Version,
    ) -> Request<Full<Bytes>> {
        let http2 = version == Version::HTTP_2;
        let (body, id) = (self.body(), header(self.part(self.body_ends, self.id_ends)));
        let signature = signature(secrets, now, &id, &body);
        let whole = http2.then(|| endpoint.whole());
        let mut request = endpoint.heads().copy(whole, signature.is_some());
        let length = HeaderValue::from(body.len());
        *request.body_mut() = Full::new(body);
        {
            let mut places = places(&mut request, http2);
            let mut put = |value| {
                if let Some(place) = places.next() {
                    *place = value;
                }
            };
            put(id);
            put(self.next_trace());
            put(length);
            if let Some((timestamp, signature)) = signature {
                put(timestamp);
                put(signature);
            }
        }
        request
    }
}

/// The values of `webhook-timestamp` and `webhook-signature`; none without a secret.
fn signature(
    secrets: &[SigningSecret],
    now: impl Fn() -> SystemTime,
    id: &HeaderValue,
    body: &[u8],
) -> Option<(HeaderValue, HeaderValue)> {
    if secrets.is_empty() {
        return None;
    }
    let since = now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let timestamp = HeaderValue::from(since.as_secs());
    let (id, time) = (id.to_str().ok()?, timestamp.to_str().ok()?);
    let signature = sign_text(secrets, id, time, body);
    // Letters, digits and a few signs: always a header.
    Some((timestamp, signature.try_into().ok()?))
}

/// An event as JSON, with room for more.
fn written(event: &Event) -> Vec<u8> {
    let mut body = Vec::with_capacity(ROOM);
    event.write_json(&mut body);
    body
}

/// An event as JSON that says how long its answer is waited for, in whole milliseconds begun.
fn body(event: &Event, left: Duration) -> Vec<u8> {
    let left = u64::try_from(left.as_micros().div_ceil(1000)).unwrap_or(u64::MAX);
    match event.deadline_ms {
        Some(own) if own <= left => return written(event),
        Some(_) => {
            let mut event = event.clone();
            event.deadline_ms = Some(left);
            return written(&event);
        }
        None => {}
    }
    // Its place is the last, in the contract's order.
    let mut body = written(event);
    body.pop();
    body.extend_from_slice(b",\"deadline_ms\":");
    body.extend_from_slice(left.to_string().as_bytes());
    body.push(b'}');
    body
}

/// A header's value out of letters, digits and hyphens, which always are one; it is not copied.
fn header(text: Bytes) -> HeaderValue {
    HeaderValue::from_maybe_shared(text).unwrap_or(HeaderValue::from_static("0"))
}
