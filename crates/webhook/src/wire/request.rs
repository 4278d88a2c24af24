//! The request: one event as a POST.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use callroute_schema::Event;
use http::{HeaderValue, Method, Request, Version};
use http_body_util::Full;
use ulid::Ulid;

use crate::endpoint::{Endpoint, Endpoints};
use crate::failure::FailureClass;
use crate::wire::secret::Secret;
use crate::wire::signature::sign;
use crate::wire::trace::Trace;

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
    /// Whether nothing is asked: the event is only told.
    notice: bool,
    /// Whether its answer may stand in for later ones, when the server allows that.
    keeps: bool,
}

impl Question {
    /// `deadline`: what the event says when it has none of its own.
    pub(crate) fn new(event: &Event, id: Ulid, endpoints: &Endpoints, deadline: Duration) -> Self {
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
            secrets: endpoints.secrets.clone(),
            trace: Trace::of(event),
            // The half of an id that is chance.
            spans: AtomicU64::new(u64::try_from(id.0 & u128::from(u64::MAX)).unwrap_or_default()),
            notice: false,
            keeps: endpoints.last_good,
        }
    }

    /// An event that is told, to whom it may concern; byte by byte as it is.
    pub(crate) fn notice(event: &Event, id: Ulid, endpoints: &Endpoints) -> Self {
        let mut question = Self::new(event, id, endpoints, Duration::ZERO);
        question.body = Bytes::from(event.to_json());
        (question.notice, question.keeps) = (true, false);
        question
    }

    pub(crate) fn is_notice(&self) -> bool {
        self.notice
    }

    pub(crate) fn keeps(&self) -> bool {
        self.keeps
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
            notice: self.notice,
            keeps: self.keeps,
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
        let http2 = version == Version::HTTP_2;
        let signature = self.signature(now);
        let mut headers = endpoint.heads().copy(http2, signature.is_some());
        let mut trace = self
            .trace
            .header(self.spans.fetch_add(1, Ordering::Relaxed));
        let (mut timestamp, mut signature) = signature.unzip();
        // One look at each is less than looking four of them up.
        for (name, value) in &mut headers {
            let own = match name.as_str() {
                "webhook-id" => Some(self.id.clone()),
                "traceparent" => trace.take(),
                "webhook-timestamp" => timestamp.take(),
                "webhook-signature" => signature.take(),
                _ => None,
            };
            if let Some(own) = own {
                *value = own;
            }
        }
        let mut request = Request::new(Full::new(self.body.clone()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = endpoint.target(http2).clone();
        *request.headers_mut() = headers;
        request
    }
}
