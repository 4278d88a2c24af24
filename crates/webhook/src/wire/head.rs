//! The headers of a request that are the same each time: made once for an endpoint, and copied.

use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use http::header::{
    ACCEPT, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderName, USER_AGENT,
};
use http::{HeaderMap, HeaderValue, Method, Request, Uri};
use http_body_util::Full;

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

/// The requests of one endpoint, but for what each has of its own.
#[derive(Debug, Clone)]
pub(crate) struct Heads(Arc<[Request<Full<Bytes>>; 2]>);

/// What tells one from another is told by the endpoint's URL.
impl PartialEq for Heads {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Heads {}

impl Heads {
    pub(crate) fn new(host: &HeaderValue, target: &Uri) -> Self {
        Self(Arc::new([false, true].map(|signed| {
            request(target.clone(), head(Some(host), signed))
        })))
    }

    /// A copy, in which [`places`] are to be filled. `http2`: the target as HTTP/2 wants it, where
    /// that is spoken.
    pub(crate) fn copy(&self, http2: Option<&Uri>, signed: bool) -> Request<Full<Bytes>> {
        let [plain, with] = &*self.0;
        match http2 {
            Some(whole) => of_http_2(whole, signed),
            None if signed => with.clone(),
            None => plain.clone(),
        }
    }
}

/// Where the values of the request itself belong: `webhook-id`, `traceparent`, `content-length`
/// and, where it is signed, `webhook-timestamp` and `webhook-signature`. hyper would put in the
/// length as well, but a copy has no room for one more: all would be copied again. They stand in
/// the order in which they were put in: a look-up of each would cost more.
pub(crate) fn places(
    request: &mut Request<Full<Bytes>>,
    http2: bool,
) -> impl Iterator<Item = &mut HeaderValue> {
    let before = if http2 { 0 } else { OF_HTTP_1 };
    request.headers_mut().values_mut().skip(before)
}

#[cold]
fn of_http_2(whole: &Uri, signed: bool) -> Request<Full<Bytes>> {
    let [plain, with] = &*OF_HTTP_2;
    let headers = if signed { with } else { plain };
    request(whole.clone(), headers.clone())
}

fn request(target: Uri, headers: HeaderMap) -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::default());
    *request.method_mut() = Method::POST;
    *request.uri_mut() = target;
    *request.headers_mut() = headers;
    request
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
