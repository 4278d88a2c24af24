//! What an answer means: status, headers and body to actions, or to the reason why not.

use std::borrow::Cow;
use std::collections::BTreeMap;

use callroute_schema::tree::Node;
use callroute_schema::{Actions, Number};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::failure::{Failure, FailureClass};
use crate::net::connect::MAX_HEAD;
use crate::wire::request::Asks;

/// Most bytes of an answer's body.
pub(crate) const MAX_BODY: usize = 64 * 1024;
/// Most headers of an answer.
const MAX_HEADERS: usize = 64;

/// How the body is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    /// A phone number, or JSON by its first character.
    Text,
}

/// What a server's usable answer is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Reply {
    /// What to do with the call.
    Actions(Actions),
    /// What is known of the caller; `None`: nothing.
    Facts(Option<BTreeMap<String, String>>),
    /// A notice was taken.
    Taken,
}

/// Judges the answer to a notice, whose body says nothing.
pub(crate) fn judge_receipt(status: StatusCode, headers: &HeaderMap) -> Result<Reply, Failure> {
    judge_size(headers, |_, _| {})?;
    match status.is_success() {
        true => Ok(Reply::Taken),
        false => judge_status(status, headers, Asks::Nothing).map(|()| Reply::Taken),
    }
}

/// Judges status and headers: how to read the body, or why not to.
pub(crate) fn judge_head(
    status: StatusCode,
    headers: &HeaderMap,
    asks: Asks,
) -> Result<Format, Failure> {
    // Most answers have neither a coding nor an unusual type: one look at each header says so.
    let mut usual = true;
    judge_size(headers, |name, value| match *name {
        CONTENT_ENCODING => usual = false,
        CONTENT_TYPE => usual &= value == "application/json",
        _ => {}
    })?;
    judge_status(status, headers, asks)?;
    if usual {
        return Ok(Format::Json);
    }
    if let Some(found) = text(headers, &CONTENT_ENCODING) {
        return Err(Failure::new(
            FailureClass::BadContentType,
            format!("content-encoding `{found}` was not asked for; answer without compression"),
        ));
    }
    let Some(found) = text(headers, &CONTENT_TYPE) else {
        return Ok(Format::Json);
    };
    let essence = found.split(';').next().unwrap_or_default().trim();
    let is = |name: &str| essence.eq_ignore_ascii_case(name);
    let suffix = essence.rsplit('+').next().unwrap_or_default();
    if is("application/json") || is("text/json") || is("") {
        Ok(Format::Json)
    } else if is("text/plain") {
        Ok(Format::Text)
    } else if suffix.len() < essence.len() && suffix.eq_ignore_ascii_case("json") {
        Ok(Format::Json)
    } else {
        Err(Failure::new(
            FailureClass::BadContentType,
            format!("content-type `{found}`; answer with application/json"),
        ))
    }
}

/// hyper's own bounds are near these, but not exact. `each` is told of every header.
fn judge_size(
    headers: &HeaderMap,
    mut each: impl FnMut(&HeaderName, &HeaderValue),
) -> Result<(), Failure> {
    let too_large = |detail| Err(Failure::new(FailureClass::TooLarge, detail));
    let found = headers.len();
    if found > MAX_HEADERS {
        return too_large(format!(
            "the answer has {found} headers; at most {MAX_HEADERS} are accepted"
        ));
    }
    // With the colon, the blank and the line's end.
    let mut found = 0;
    for (name, value) in headers {
        found += name.as_str().len() + value.len() + 4;
        each(name, value);
    }
    if found > MAX_HEAD {
        return too_large(format!(
            "the answer has headers of {found} bytes; at most {MAX_HEAD} are accepted"
        ));
    }
    Ok(())
}

fn judge_status(status: StatusCode, headers: &HeaderMap, asks: Asks) -> Result<(), Failure> {
    let with = |class, header: HeaderName| {
        let detail = match text(headers, &header) {
            Some(value) => format!("status {status}, {header}: {value}"),
            None => format!("status {status}"),
        };
        Failure::new(class, detail)
    };
    match status.as_u16() {
        200 | 201 => Ok(()),
        100..200 => Err(Failure::new(
            FailureClass::Reset,
            format!("status {status}, which was not asked for; answer with 200"),
        )),
        200..300 => Err(Failure::new(
            FailureClass::Empty,
            match asks {
                Asks::Facts => format!(
                    "status {status} says nothing of the caller; answer with 200 and an object of texts, or with null"
                ),
                Asks::Actions | Asks::Nothing => {
                    format!("status {status} carries no action; answer with 200 and a body")
                }
            },
        )),
        300..400 => Err(with(FailureClass::Redirect, LOCATION)),
        429 => Err(with(FailureClass::Status429, RETRY_AFTER)),
        400..500 => Err(with(FailureClass::Status4xx, RETRY_AFTER)),
        // RFC 9110, section 15: an unknown class counts as 5xx.
        _ => Err(with(FailureClass::Status5xx, RETRY_AFTER)),
    }
}

/// Reads a whole body.
pub(crate) fn read(format: Format, body: &[u8]) -> Result<Actions, Failure> {
    // Some editors and servers put a byte order mark in front.
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let body = body.trim_ascii();
    match (format, body.first()) {
        (_, None) => Err(Failure::new(
            FailureClass::Empty,
            "the body is empty; answer with an action",
        )),
        (Format::Json, _) | (Format::Text, Some(b'{' | b'[')) => json(body),
        (Format::Text, Some(_)) => number(body),
    }
}

fn json(body: &[u8]) -> Result<Actions, Failure> {
    Actions::from_json(body).map_err(|error| {
        let class = match Node::from_json(body) {
            Ok(_) => FailureClass::BadSchema,
            Err(_) => FailureClass::BadJson,
        };
        Failure::new(class, error.to_string())
    })
}

fn number(body: &[u8]) -> Result<Actions, Failure> {
    let bad = |reason: &dyn std::fmt::Display| {
        Failure::new(
            FailureClass::BadSchema,
            format!("text/plain is read as a phone number: {reason}"),
        )
    };
    let text = std::str::from_utf8(body).map_err(|error| bad(&error))?;
    // A Number may be a feature code as well; as a whole answer that is more likely a mistake.
    if let Some(found) = text.chars().find(|c| matches!(c, '*' | '#')) {
        return Err(bad(&format_args!("{found:?} is not part of one")));
    }
    match Number::new(text) {
        Ok(number) => Ok(Actions::forward_to(number)),
        Err(error) => Err(bad(&error)),
    }
}

/// A header's value as text, lossy: it is compared and shown only.
fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<Cow<'a, str>> {
    let value = headers.get(name)?;
    Some(match value.to_str() {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(value.as_bytes()),
    })
}

#[cfg(test)]
mod tests;
