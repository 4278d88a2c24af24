//! Responses in the making.

use bytes::Bytes;
use sipx_sip::{BuildError, Header, HeaderName, Request, Response, ResponseBuilder, StatusCode};

use crate::message::{SDP_TYPE, has_to_tag};

/// Most Contacts of one 302.
const MAX_CONTACTS: usize = 16;
/// More than the rest of a request takes beside what is counted: its version, the line that tells its
/// length, and a blank one.
const MARGIN: usize = 64;

/// A response in the making: status and headers, later perhaps a body.
#[derive(Debug, Default)]
pub(crate) struct Reply {
    pub(super) status: u16,
    pub(super) tag: Option<String>,
    pub(super) headers: Vec<(HeaderName, Bytes)>,
    pub(super) body: Option<String>,
}

impl Reply {
    /// A response with this status.
    pub(crate) fn new(status: u16) -> Self {
        Self {
            status,
            ..Self::default()
        }
    }

    /// With our tag in To, unless the request has one there already.
    pub(crate) fn tag(mut self, tag: &str) -> Self {
        self.tag = Some(tag.to_owned());
        self
    }

    /// With a header.
    pub(crate) fn header(mut self, name: HeaderName, value: impl Into<Bytes>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// With a session description.
    pub(crate) fn sdp(self, body: String) -> Self {
        let mut reply = self.header(HeaderName::ContentType, SDP_TYPE);
        reply.body = Some(body);
        reply
    }

    /// The same with one Contact, and without what can be left out; `None` when it is that already.
    pub(crate) fn shorter(&self) -> Option<Self> {
        let mut contacts = 0;
        let headers = self.headers.iter().filter(|(name, _)| {
            contacts += usize::from(*name == HeaderName::Contact);
            *name != HeaderName::Accept && (*name != HeaderName::Contact || contacts == 1)
        });
        let headers: Vec<_> = headers.cloned().collect();
        (headers.len() < self.headers.len()).then(|| Self {
            status: self.status,
            tag: self.tag.clone(),
            headers,
            body: self.body.clone(),
        })
    }

    /// Whether it brings a description.
    pub(crate) fn has_body(&self) -> bool {
        self.body.is_some()
    }

    /// Whether it is a 2xx.
    pub(crate) fn is_success(&self) -> bool {
        self.status / 100 == 2
    }

    /// A 100 brings back by what time its request was sent (RFC 3261, section 8.2.6.1).
    fn timestamp(&self, request: &Request) -> Option<Vec<u8>> {
        let value = request.headers.value(&HeaderName::Timestamp)?;
        let fits = self.status == 100 && !value.iter().any(u8::is_ascii_control);
        fits.then(|| value.into_owned())
    }

    /// The response to this request.
    pub(crate) fn to(self, request: &Request) -> Result<Response, BuildError> {
        let status = StatusCode::new(self.status).ok_or(BuildError::NotAToken {
            field: "status code",
        })?;
        let mut builder = ResponseBuilder::to_request(request, status, phrase(self.status))?;
        if let Some(value) = self.timestamp(request) {
            builder = builder.header(HeaderName::Timestamp, value)?;
        }
        for (name, value) in self.headers {
            builder = builder.header(name, value)?;
        }
        if let Some(tag) = self.tag.filter(|_| !has_to_tag(&request.headers)) {
            let to = request.headers.value(&HeaderName::To).unwrap_or_default();
            let value = [to.as_ref(), b";tag=", tag.as_bytes()].concat();
            // A quoted name may hold NUL (RFC 4475, section 3.1.1.2), which is only written as it
            // was read.
            if value.iter().any(u8::is_ascii_control)
                && let Err(error) = Header::build(HeaderName::To, value.clone())
            {
                return tagged(builder.build(), &value).ok_or(error);
            }
            builder = builder.set_header(&HeaderName::To, value)?;
        }
        Ok(match self.body {
            Some(body) => builder.body(body).build(),
            None => builder.build(),
        })
    }
}

/// 302 to these URIs, the preferred first (RFC 3261, sections 8.3 and 20.10).
pub(crate) fn moved<'a>(contacts: impl Iterator<Item = &'a str>) -> Reply {
    contacts
        .take(MAX_CONTACTS)
        .enumerate()
        .fold(Reply::new(302), |reply, (at, uri)| {
            let value = match 10 - at.min(9) {
                10 => format!("<{uri}>;q=1.0"),
                q => format!("<{uri}>;q=0.{q}"),
            };
            reply.header(HeaderName::Contact, value)
        })
}

/// A response whose To is replaced by one that cannot be built, only read.
fn tagged(mut response: Response, to: &[u8]) -> Option<Response> {
    let line = [b"To: ".as_slice(), to, b"\r\n"].concat();
    response.headers.remove_all(&HeaderName::To);
    let bytes = sipx_sip::Message::Response(response).to_bytes();
    let end = bytes.windows(2).position(|pair| pair == b"\r\n")? + 2;
    let (start, rest) = bytes.split_at_checked(end)?;
    let whole = [start, &line, rest].concat();
    match sipx_sip::parse_datagram(whole.into(), &sipx_sip::Limits::datagram()) {
        Ok(sipx_sip::Message::Response(response)) => Some(response),
        _ => None,
    }
}

/// Whether a request is longer than that on the wire. Most are so much shorter that they need not
/// be written to know it.
pub(crate) fn is_longer(request: &Request, most: usize) -> bool {
    let headers = request.headers.iter();
    // A header may be written by another name than it was read by; none has one so much longer.
    let headers = headers
        .map(|header| header.name().canonical().len() + header.raw_value().len() + ": \r\n".len());
    let start = request.method.as_bytes().len() + request.uri.to_bytes().len() + MARGIN;
    let about = start + headers.sum::<usize>() + request.body().len();
    about > most && sipx_sip::Message::Request(request.clone()).to_bytes().len() > most
}

/// The reason phrase of a status (RFC 3261, section 21).
pub(crate) fn phrase(status: u16) -> &'static str {
    match status {
        100 => "Trying",
        180 => "Ringing",
        183 => "Session Progress",
        200 => "OK",
        202 => "Accepted",
        302 => "Moved Temporarily",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        415 => "Unsupported Media Type",
        416 => "Unsupported URI Scheme",
        420 => "Bad Extension",
        422 => "Session Interval Too Small",
        423 => "Interval Too Brief",
        480 => "Temporarily Unavailable",
        481 => "Call/Transaction Does Not Exist",
        482 => "Loop Detected",
        483 => "Too Many Hops",
        484 => "Address Incomplete",
        486 => "Busy Here",
        487 => "Request Terminated",
        488 => "Not Acceptable Here",
        489 => "Bad Event",
        491 => "Request Pending",
        500 => "Server Internal Error",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        505 => "Version Not Supported",
        600 => "Busy Everywhere",
        603 => "Decline",
        status if status < 200 => "Progress",
        status if status < 300 => "OK",
        status if status < 400 => "Redirection",
        status if status < 500 => "Request Failure",
        status if status < 600 => "Server Failure",
        _ => "Global Failure",
    }
}
