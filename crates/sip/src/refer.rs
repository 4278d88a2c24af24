//! Transfers, as headers and bodies speak of them: Refer-To (RFC 3515), Replaces (RFC 3891), and
//! the fragments of responses that tell what became of one (RFC 3420); pure.

use callroute_media::Referral;
use callroute_schema::{Cause, Disposition, Number, Party, SipUri, unescape};
use sipx_sip::headers::Address;
use sipx_sip::{HeaderName, Headers, Uri};

use crate::convert;
use crate::message::phrase;

/// Longest URI of a transfer, in bytes.
const MAX_URI: usize = 512;
/// The media type of the body that tells what became of a transfer.
pub(crate) const FRAGMENT_TYPE: &str = "message/sipfrag;version=2.0";

/// A dialog, as another message names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Replaces {
    pub(crate) call_id: String,
    /// The tag of whom the message is for.
    pub(crate) to_tag: String,
    pub(crate) from_tag: String,
    /// Only if it is not answered yet.
    pub(crate) early_only: bool,
}

impl Replaces {
    /// Reads the value of the header (RFC 3891, section 6.1).
    pub(crate) fn parse(value: &str) -> Option<Self> {
        let mut parts = value.split(';').map(str::trim);
        let call_id = parts.next().filter(|id| !id.is_empty())?.to_owned();
        let (mut to_tag, mut from_tag, mut early_only) = (None, None, false);
        for part in parts {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            match name.trim().to_ascii_lowercase().as_str() {
                "to-tag" => to_tag = Some(value.trim().to_owned()),
                "from-tag" => from_tag = Some(value.trim().to_owned()),
                "early-only" => early_only = true,
                _ => {}
            }
        }
        Some(Self {
            call_id,
            to_tag: to_tag?,
            from_tag: from_tag?,
            early_only,
        })
    }

    /// What an INVITE wants to take the place of: `Some(None)` when it does not say so readably.
    pub(crate) fn of(headers: &Headers) -> Option<Option<Self>> {
        let mut found = headers.get_all(&HeaderName::Replaces);
        let first = found.next()?;
        if found.next().is_some() {
            // More than one is an error (RFC 3891, section 3).
            return Some(None);
        }
        Some(
            std::str::from_utf8(&first.value())
                .ok()
                .and_then(Self::parse),
        )
    }

    /// One name for one dialog, however it was written.
    pub(crate) fn name(&self) -> String {
        let Self {
            call_id,
            to_tag,
            from_tag,
            ..
        } = self;
        format!("{call_id};to-tag={to_tag};from-tag={from_tag}")
    }
}

/// Whom a REFER wants a party to be connected with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) to: Party,
    pub(crate) replaces: Option<String>,
}

/// Why a REFER cannot be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoTarget {
    /// It names nobody, or more than one.
    Unclear,
    /// It asks for another request than INVITE, and we place calls.
    NoCall,
}

/// Reads Refer-To; `ours` tells whether a URI's host is our own, so that its user is a number or a
/// user of ours.
pub(crate) fn target(headers: &Headers, ours: impl Fn(&Uri) -> bool) -> Result<Target, NoTarget> {
    let mut found = headers.get_all(&HeaderName::ReferTo);
    let (Some(header), None) = (found.next(), found.next()) else {
        return Err(NoTarget::Unclear);
    };
    let address = Address::parse(&header.value(), "Refer-To").map_err(|_| NoTarget::Unclear)?;
    let uri = &address.uri;
    let method = uri.params().and_then(|params| params.value("method"));
    if method.is_some_and(|method| method != b"INVITE") {
        return Err(NoTarget::NoCall);
    }
    let replaces = match uri.headers().and_then(|headers| headers.value("Replaces")) {
        Some(value) => {
            let value = decoded(value).ok_or(NoTarget::Unclear)?;
            Some(Replaces::parse(&value).ok_or(NoTarget::Unclear)?.name())
        }
        None => None,
    };
    let user = (uri.tel_parts().is_some() || ours(uri)).then(|| convert::user(uri));
    let number = user.flatten().and_then(|user| {
        user.starts_with(|c: char| c.is_ascii_digit() || "+*#".contains(c))
            .then(|| Number::new(user).ok())?
    });
    let to = match number {
        Some(number) => Party::Number(number),
        None => {
            let text = String::from_utf8(uri.to_bytes().to_vec()).map_err(|_| NoTarget::Unclear)?;
            let text = text.split('?').next().unwrap_or_default();
            if text.len() > MAX_URI {
                return Err(NoTarget::Unclear);
            }
            Party::Sip(SipUri::new(text).map_err(|_| NoTarget::Unclear)?)
        }
    };
    Ok(Target { to, replaces })
}

/// Whether the sender of a REFER wants to hear nothing of it (RFC 4488).
pub(crate) fn is_silent(headers: &Headers) -> bool {
    headers
        .value(&HeaderName::ReferSub)
        .is_some_and(|value| value.trim_ascii().eq_ignore_ascii_case(b"false"))
}

/// The body that tells what became of a transfer.
pub(crate) fn fragment(outcome: Referral) -> String {
    let status = match outcome {
        Referral::Trying => 100,
        Referral::Done => 200,
        Referral::Refused(Disposition::Declined) => 603,
        Referral::Refused(why) => Cause::local(why).sip_status(),
        _ => 503,
    };
    format!("SIP/2.0 {status} {}\r\n", phrase(status))
}

/// The status that a fragment tells.
pub(crate) fn status(fragment: &[u8]) -> Option<u16> {
    let text = std::str::from_utf8(fragment.get(..64.min(fragment.len()))?).ok()?;
    let status = text.strip_prefix("SIP/2.0 ")?.get(..3)?.parse().ok()?;
    (100..700).contains(&status).then_some(status)
}

/// Text without its escapes (RFC 3986).
fn decoded(value: &[u8]) -> Option<String> {
    let text = String::from_utf8(unescape(value)?.into_owned()).ok()?;
    (!text.chars().any(char::is_control)).then_some(text)
}

#[cfg(test)]
mod tests;
