//! The headers of a request that are the same each time: made once for an endpoint, and copied.

use std::sync::{Arc, LazyLock};

use http::header::{
    ACCEPT, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderName, USER_AGENT,
};
use http::{HeaderMap, HeaderValue};

use crate::wire::signature::{WEBHOOK_ID, WEBHOOK_SIGNATURE, WEBHOOK_TIMESTAMP};
use crate::wire::trace::TRACEPARENT;

/// Version of the schema that the body is written in.
const SCHEMA_VERSION: HeaderValue = HeaderValue::from_static("1");
/// The header that carries it.
const SCHEMA: HeaderName = HeaderName::from_static("callroute-schema");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const ANSWERS: HeaderValue = HeaderValue::from_static("application/json, text/plain");
const AGENT: HeaderValue =
    HeaderValue::from_static(concat!("callroute/", env!("CARGO_PKG_VERSION")));
const KEEP_ALIVE: HeaderValue = HeaderValue::from_static("keep-alive");
/// Stands where each request has a value of its own: so it has its room from the beginning.
const OWN: HeaderValue = HeaderValue::from_static("0");

/// Headers of HTTP/1.1 alone, which stand first.
const OF_HTTP_1: usize = 2;

/// RFC 9113, section 8.2.2: no fields of the connection; the host is in the target.
static OF_HTTP_2: LazyLock<[HeaderMap; 2]> =
    LazyLock::new(|| [false, true].map(|signed| head(None, signed)));

/// The headers of one endpoint's requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Heads(Arc<[HeaderMap; 2]>);

impl Heads {
    pub(crate) fn new(host: &HeaderValue) -> Self {
        Self(Arc::new(
            [false, true].map(|signed| head(Some(host), signed)),
        ))
    }

    /// A copy, with the values of the request itself: `webhook-id`, `traceparent`, `content-length`
    /// and, where it is signed, `webhook-timestamp` and `webhook-signature`. hyper would put in the
    /// length as well, but a copy has no room for one more: all would be copied again.
    pub(crate) fn copy(
        &self,
        http2: bool,
        [id, trace, length]: [HeaderValue; 3],
        signature: Option<(HeaderValue, HeaderValue)>,
    ) -> HeaderMap {
        let [plain, with] = if http2 { &*OF_HTTP_2 } else { &*self.0 };
        let mut headers = if signature.is_some() { with } else { plain }.clone();
        // They stand in the order in which they were put in: a look-up of each would cost more.
        let before = if http2 { 0 } else { OF_HTTP_1 };
        let mut places = headers.values_mut().skip(before);
        let mut put = |value| {
            if let Some(place) = places.next() {
                *place = value;
            }
        };
        put(id);
        put(trace);
        put(length);
        if let Some((timestamp, signature)) = signature {
            put(timestamp);
            put(signature);
        }
        headers
    }
}

fn head(host: Option<&HeaderValue>, signed: bool) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Some(host) = host {
        headers.insert(HOST, host.clone());
        headers.insert(CONNECTION, KEEP_ALIVE);
    }
    headers.insert(WEBHOOK_ID, OWN);
    headers.insert(TRACEPARENT, OWN);
    headers.insert(CONTENT_LENGTH, OWN);
    if signed {
        headers.insert(WEBHOOK_TIMESTAMP, OWN);
        headers.insert(WEBHOOK_SIGNATURE, OWN);
    }
    headers.insert(CONTENT_TYPE, JSON);
    headers.insert(ACCEPT, ANSWERS);
    headers.insert(USER_AGENT, AGENT);
    headers.insert(SCHEMA, SCHEMA_VERSION);
    headers
}
