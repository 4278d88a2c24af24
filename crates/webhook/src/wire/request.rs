//! The request: one event as a POST.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use callroute_schema::Event;
use http::header::{ACCEPT, CONNECTION, CONTENT_TYPE, HOST, HeaderName, USER_AGENT};
use http::{HeaderValue, Method, Request, Uri, Version};
use http_body_util::Full;
use ulid::Ulid;

use crate::endpoint::Endpoint;
use crate::failure::FailureClass;
use crate::wire::secret::Secret;
use crate::wire::signature::{WEBHOOK_ID, WEBHOOK_SIGNATURE, WEBHOOK_TIMESTAMP, sign};
use crate::wire::trace::{TRACEPARENT, Trace};

/// Version of the schema that the body is written in.
const SCHEMA_VERSION: HeaderValue = HeaderValue::from_static("1");
/// The header that carries it.
const SCHEMA: HeaderName = HeaderName::from_static("callroute-schema");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const ANSWERS: HeaderValue = HeaderValue::from_static("application/json, text/plain");
const AGENT: HeaderValue =
    HeaderValue::from_static(concat!("callroute/", env!("CARGO_PKG_VERSION")));
const KEEP_ALIVE: HeaderValue = HeaderValue::from_static("keep-alive");
/// The attribute by which a later URL is told why an earlier one gave no answer.
const FAILURE: &str = "failure";
/// The attribute that says which webhook that was.
const WEBHOOK: &str = "webhook";

/// What all attempts of one ask have in common.
#[derive(Debug)]
pub(crate) struct Question {
    body: Bytes,
    /// The ask's own id, by which a receiver knows an event that it was sent twice.
    id: HeaderValue,
    secrets: Vec<Secret>,
    trace: Trace,
    /// Tells the attempts' spans apart.
    spans: AtomicU64,
    asks: Asks,
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
    /// `deadline`: what the event says when it has none of its own.
    pub(crate) fn new(event: &Event, id: Ulid, secrets: &[Secret], deadline: Duration) -> Self {
        let mut text = [0_u8; ulid::ULID_LEN];
        let mut body = event.to_json();
        if event.deadline_ms.is_none() && body.pop().is_some() {
            // Its place is the last, in the contract's order.
            body.push_str(",\"deadline_ms\":");
            body.push_str(&deadline.as_millis().to_string());
            body.push('}');
        }
        Self {
            body: Bytes::from(body),
            // 26 letters and digits: always a header.
            id: HeaderValue::from_str(id.array_to_str(&mut text))
                .unwrap_or(HeaderValue::from_static("0")),
            secrets: secrets.to_vec(),
            trace: Trace::of(event),
            // The half of an id that is chance.
            spans: AtomicU64::new(u64::try_from(id.0 & u128::from(u64::MAX)).unwrap_or_default()),
            asks: Asks::Actions,
        }
    }

    /// An event that is told, to whom it may concern; byte by byte as it is.
    pub(crate) fn notice(event: &Event, id: Ulid, secrets: &[Secret]) -> Self {
        let mut question = Self::new(event, id, secrets, Duration::ZERO);
        question.body = Bytes::from(event.to_json());
        question.asks = Asks::Nothing;
        question
    }

    /// The same question, asking for what is known of the caller.
    pub(crate) fn for_facts(mut self) -> Self {
        self.asks = Asks::Facts;
        self
    }

    pub(crate) fn asks(&self) -> Asks {
        self.asks
    }

    /// The same question for a later URL, which is told what happened so far and how much time
    /// is left. Its id stays: it is the same event.
    pub(crate) fn after(
        &self,
        event: &Event,
        webhook: &str,
        failure: FailureClass,
        left: Duration,
    ) -> Self {
        let mut event = event.clone();
        let attributes = &mut event.attributes;
        attributes.insert(FAILURE.to_owned(), failure.as_str().to_owned());
        attributes.insert(WEBHOOK.to_owned(), webhook.to_owned());
        event.deadline_ms = Some(u64::try_from(left.as_millis()).unwrap_or(u64::MAX));
        Self {
            body: Bytes::from(event.to_json()),
            id: self.id.clone(),
            secrets: self.secrets.clone(),
            trace: self.trace,
            asks: self.asks,
            spans: AtomicU64::new(self.spans.load(Ordering::Relaxed).wrapping_add(16)),
        }
    }

    /// The values of `webhook-timestamp` and `webhook-signature`; none without a secret.
    fn signature(&self, now: impl Fn() -> SystemTime) -> Option<(HeaderValue, HeaderValue)> {
        if self.secrets.is_empty() {
            return None;
        }
        let since = now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let timestamp = since.as_secs();
        let id = self.id.to_str().ok()?;
        let signature = sign(&self.secrets, id, timestamp, &self.body);
        // Letters, digits and a few signs: always a header.
        Some((timestamp.into(), signature.try_into().ok()?))
    }

    /// The request for one URL, sent at this time. Compression is never asked for: its bounds
    /// are hard to keep.
    pub(crate) fn request(
        &self,
        endpoint: &Endpoint,
        now: impl Fn() -> SystemTime,
        version: Version,
    ) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(self.body.clone()));
        *request.method_mut() = Method::POST;
        let headers = request.headers_mut();
        headers.reserve(10);
        if version == Version::HTTP_2 {
            // RFC 9113, section 8.2.2: no fields of the connection; the host is in the target.
            *request.uri_mut() = endpoint.whole().clone();
        } else {
            headers.insert(HOST, endpoint.host().clone());
            headers.insert(CONNECTION, KEEP_ALIVE);
            *request.uri_mut() = Uri::from(endpoint.target().clone());
        }
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, JSON);
        headers.insert(ACCEPT, ANSWERS);
        headers.insert(USER_AGENT, AGENT);
        headers.insert(SCHEMA, SCHEMA_VERSION);
        headers.insert(WEBHOOK_ID, self.id.clone());
        if let Some(trace) = self
            .trace
            .header(self.spans.fetch_add(1, Ordering::Relaxed))
        {
            headers.insert(TRACEPARENT, trace);
        }
        if let Some((timestamp, signature)) = self.signature(now) {
            headers.insert(WEBHOOK_TIMESTAMP, timestamp);
            headers.insert(WEBHOOK_SIGNATURE, signature);
        }
        request
    }
}
