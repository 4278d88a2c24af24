//! Why an attempt, or a whole ask, gave no usable answer.

#![cfg(feature = "client")]

use std::error::Error;
use std::fmt;
use std::io;

use serde::{Deserialize, Serialize};

/// Most characters of a detail: some of them come from the other side.
const MAX_DETAIL: usize = 400;

/// What kind of failure it was. The names on the wire are those of [`as_str`](Self::as_str).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FailureClass {
    /// The host's name could not be looked up.
    Dns,
    /// No connection came about.
    Connect,
    /// The TLS handshake failed, or the certificate is not to be trusted.
    Tls,
    /// Not one byte of an answer came in time.
    TimeoutFirstByte,
    /// An answer began, or several attempts ran, and none was complete in time.
    TimeoutTotal,
    /// The connection ended, or stopped being HTTP, before the answer was complete.
    Reset,
    /// A status of 400 to 499, without 429.
    #[serde(rename = "status_4xx")]
    Status4xx,
    /// The server asks for fewer requests (RFC 6585, section 4).
    #[serde(rename = "status_429")]
    Status429,
    /// A status of 500 and above.
    #[serde(rename = "status_5xx")]
    Status5xx,
    /// The server points elsewhere; redirects are never followed.
    Redirect,
    /// The answer is larger than any answer may be.
    TooLarge,
    /// The answer is neither JSON nor a phone number by its headers.
    BadContentType,
    /// The body is not JSON.
    BadJson,
    /// The body is JSON, but no list of actions.
    BadSchema,
    /// The server answered, but with nothing to do.
    Empty,
    /// The endpoint failed lately and rests.
    Resting,
    /// Nobody was asked: no time was left for it, or as many asks are under way as may be, and
    /// a call has no time to wait for one to end.
    Deadline,
    /// The address is not one of the public internet, and not allowed by name.
    RefusedAddress,
}

impl FailureClass {
    /// The class in snake case, as in events, logs and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::TimeoutFirstByte => "timeout_first_byte",
            Self::TimeoutTotal => "timeout_total",
            Self::Reset => "reset",
            Self::Status4xx => "status_4xx",
            Self::Status429 => "status_429",
            Self::Status5xx => "status_5xx",
            Self::Redirect => "redirect",
            Self::TooLarge => "too_large",
            Self::BadContentType => "bad_content_type",
            Self::BadJson => "bad_json",
            Self::BadSchema => "bad_schema",
            Self::Empty => "empty",
            Self::Resting => "resting",
            Self::Deadline => "deadline",
            Self::RefusedAddress => "refused_address",
        }
    }
}

impl fmt::Display for FailureClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why there is no usable answer: a class for machines, a detail for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What kind of failure it was.
    pub class: FailureClass,
    /// What was found and what would be right; one line, at most 400 characters.
    pub detail: String,
}

impl Failure {
    /// A failure with its detail, which is cut and cleaned of control characters: parts of it
    /// come from the other side, and it ends in logs.
    #[must_use]
    pub fn new(class: FailureClass, detail: impl AsRef<str>) -> Self {
        let mut clean = String::new();
        for (shown, c) in detail.as_ref().chars().enumerate() {
            if shown == MAX_DETAIL - 1 {
                clean.push('…');
                break;
            }
            clean.push(if c.is_control() { ' ' } else { c });
        }
        Self {
            class,
            detail: clean,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.class, self.detail)
    }
}

impl Error for Failure {}

/// A fault of the connection while a request was under way on it.
pub(crate) fn of_exchange(error: &hyper::Error) -> Failure {
    if error.is_parse() && error.to_string().contains("too large") {
        return Failure::new(
            FailureClass::TooLarge,
            "the head of the answer is larger than 32 KiB, or has more than 64 headers",
        );
    }
    let reason = chain(error);
    #[cfg(feature = "tls")]
    if is_of_tls(error) {
        // In TLS 1.3 a server refuses our certificate only after the handshake (RFC 8446, 4.6.2).
        return Failure::new(FailureClass::Tls, reason);
    }
    if error.is_parse() {
        return Failure::new(
            FailureClass::Reset,
            format!("the answer is not valid HTTP: {reason}"),
        );
    }
    Failure::new(FailureClass::Reset, reason)
}

/// Whether an HTTP/2 server never looked at the request (RFC 9113, sections 6.8 and 8.7), or its
/// connection was over before.
pub(crate) fn is_unprocessed(error: &hyper::Error) -> bool {
    match of_http2(error) {
        Some(error) => {
            error.is_io()
                || error.is_go_away()
                || error.reason() == Some(h2::Reason::REFUSED_STREAM)
        }
        None => error.is_canceled() || error.is_closed(),
    }
}

/// Whether the server refused this one stream, which it says of none that it looked at, and of
/// nothing else (RFC 9113, section 8.7): the connection is well.
pub(crate) fn is_refused(error: &hyper::Error) -> bool {
    of_http2(error).is_some_and(|error| {
        let reason = error.reason() == Some(h2::Reason::REFUSED_STREAM);
        error.is_remote() && error.is_reset() && reason
    })
}

fn of_http2(error: &hyper::Error) -> Option<&h2::Error> {
    let mut source = error.source();
    while let Some(found) = source {
        if let Some(error) = found.downcast_ref::<h2::Error>() {
            return Some(error);
        }
        source = found.source();
    }
    None
}

/// Whether TLS itself is at fault, such as an alert of the other side.
#[cfg(feature = "tls")]
fn is_of_tls(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(found) = next {
        let inner = found
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        if found.is::<rustls::Error>() || inner.is_some_and(|inner| inner.is::<rustls::Error>()) {
            return true;
        }
        next = found.source();
    }
    false
}

/// A fault while a TCP connection was made, or right after.
pub(crate) fn of_connect(error: &io::Error, target: impl fmt::Display) -> Failure {
    let class = match error.kind() {
        io::ErrorKind::ConnectionReset => FailureClass::Reset,
        _ => FailureClass::Connect,
    };
    Failure::new(class, format!("{target}: {error}"))
}

/// An error with its sources, outermost first, each said once.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        source = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Failure, FailureClass, MAX_DETAIL};

    #[test]
    fn the_wire_says_what_as_str_says() {
        use FailureClass as C;
        let all = [
            C::Dns,
            C::Connect,
            C::Tls,
            C::TimeoutFirstByte,
            C::TimeoutTotal,
            C::Reset,
            C::Status4xx,
            C::Status429,
            C::Status5xx,
            C::Redirect,
            C::TooLarge,
            C::BadContentType,
            C::BadJson,
            C::BadSchema,
            C::Empty,
            C::Resting,
            C::Deadline,
            C::RefusedAddress,
        ];
        for class in all {
            let wire = serde_json::to_string(&class).unwrap();
            assert_eq!(wire, format!("\"{}\"", class.as_str()));
            assert_eq!(serde_json::from_str::<C>(&wire).unwrap(), class);
        }
    }

    #[test]
    fn details_are_one_line_and_bounded() {
        let failure = Failure::new(FailureClass::TimeoutTotal, "no answer within 1500 ms");
        assert_eq!(
            failure.to_string(),
            "timeout_total: no answer within 1500 ms"
        );
        let failure = Failure::new(FailureClass::Redirect, "to x\r\nforged: line");
        assert_eq!(failure.detail, "to x  forged: line");
        let failure = Failure::new(FailureClass::BadJson, "é".repeat(10_000));
        assert_eq!(failure.detail.chars().count(), MAX_DETAIL);
        assert!(failure.detail.ends_with('…'));
    }
}
