//! The request: one event as a POST.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use callroute_schema::Event;
use http::header::{ACCEPT, CONNECTION, CONTENT_TYPE, HOST, HeaderName, USER_AGENT};
use http::{HeaderValue, Method, Request, Uri};
use http_body_util::Full;
use ulid::Ulid;

use crate::endpoint::Endpoint;
use crate::secret::Secret;
use crate::signature::{WEBHOOK_ID, WEBHOOK_SIGNATURE, WEBHOOK_TIMESTAMP, sign};

/// Version of the schema that the body is written in.
const SCHEMA_VERSION: HeaderValue = HeaderValue::from_static("1");
/// The header that carries it.
const SCHEMA: HeaderName = HeaderName::from_static("callroute-schema");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const ANSWERS: HeaderValue = HeaderValue::from_static("application/json, text/plain");
const AGENT: HeaderValue =
    HeaderValue::from_static(concat!("callroute/", env!("CARGO_PKG_VERSION")));
const KEEP_ALIVE: HeaderValue = HeaderValue::from_static("keep-alive");

/// What all attempts of one ask have in common.
#[derive(Debug)]
pub(crate) struct Question {
    body: Bytes,
    /// The ask's own id, by which a receiver knows an event that it was sent twice.
    id: HeaderValue,
    secrets: Vec<Secret>,
}

impl Question {
    pub(crate) fn new(event: &Event, id: Ulid, secrets: &[Secret]) -> Self {
        let mut text = [0_u8; ulid::ULID_LEN];
        Self {
            body: Bytes::from(event.to_json()),
            // 26 letters and digits: always a header.
            id: HeaderValue::from_str(id.array_to_str(&mut text))
                .unwrap_or(HeaderValue::from_static("0")),
            secrets: secrets.to_vec(),
        }
    }

    /// The values of `webhook-timestamp` and `webhook-signature`; none without a secret.
    fn signature(&self, now: SystemTime) -> Option<(HeaderValue, HeaderValue)> {
        if self.secrets.is_empty() {
            return None;
        }
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let timestamp = since.as_secs();
        let id = self.id.to_str().ok()?;
        let signature = sign(&self.secrets, id, timestamp, &self.body);
        // Letters, digits and a few signs: always a header.
        Some((timestamp.into(), signature.try_into().ok()?))
    }

    /// The request for one URL, sent at this time. Compression is never asked for: its bounds
    /// are hard to keep.
    pub(crate) fn request(&self, endpoint: &Endpoint, now: SystemTime) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(self.body.clone()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = Uri::from(endpoint.target().clone());
        let headers = request.headers_mut();
        headers.insert(HOST, endpoint.host().clone());
        headers.insert(CONTENT_TYPE, JSON);
        headers.insert(ACCEPT, ANSWERS);
        headers.insert(USER_AGENT, AGENT);
        headers.insert(CONNECTION, KEEP_ALIVE);
        headers.insert(SCHEMA, SCHEMA_VERSION);
        headers.insert(WEBHOOK_ID, self.id.clone());
        if let Some((timestamp, signature)) = self.signature(now) {
            headers.insert(WEBHOOK_TIMESTAMP, timestamp);
            headers.insert(WEBHOOK_SIGNATURE, signature);
        }
        request
    }
}
