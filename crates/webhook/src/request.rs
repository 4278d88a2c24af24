//! The request: one event as a POST.

use bytes::Bytes;
use callroute_schema::Event;
use http::header::{ACCEPT, CONNECTION, CONTENT_TYPE, HOST, HeaderName, USER_AGENT};
use http::{HeaderValue, Method, Request, Uri};
use http_body_util::Full;
use ulid::Ulid;

use crate::endpoint::Endpoint;

/// Version of the schema that the body is written in.
const SCHEMA_VERSION: HeaderValue = HeaderValue::from_static("1");
/// The header that carries it.
const SCHEMA: HeaderName = HeaderName::from_static("callroute-schema");
/// The header that carries the ask's own id, the same for each of its attempts, by which a
/// receiver knows an event that it was sent twice.
const WEBHOOK_ID: HeaderName = HeaderName::from_static("webhook-id");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const ANSWERS: HeaderValue = HeaderValue::from_static("application/json, text/plain");
const AGENT: HeaderValue =
    HeaderValue::from_static(concat!("callroute/", env!("CARGO_PKG_VERSION")));
const KEEP_ALIVE: HeaderValue = HeaderValue::from_static("keep-alive");

/// What all attempts of one ask have in common.
#[derive(Debug)]
pub(crate) struct Question {
    body: Bytes,
    id: HeaderValue,
}

impl Question {
    pub(crate) fn new(event: &Event, id: Ulid) -> Self {
        let mut text = [0_u8; ulid::ULID_LEN];
        Self {
            body: Bytes::from(event.to_json()),
            // 26 letters and digits: always a header.
            id: HeaderValue::from_str(id.array_to_str(&mut text))
                .unwrap_or(HeaderValue::from_static("0")),
        }
    }

    /// The request for one URL. Compression is never asked for: its bounds are hard to keep.
    pub(crate) fn request(&self, endpoint: &Endpoint) -> Request<Full<Bytes>> {
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
        request
    }
}
