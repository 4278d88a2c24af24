//! Building responses, and reading the headers that more than one place asks for.

mod headers;
mod plain;
mod reply;

pub(crate) use self::headers::{
    answered_elsewhere, body_is_sdp, call_id, contact, from_tag, has_to_tag, hops, is_encoded,
    is_of_sips, is_plain_address, is_word, next_sequence, q850, qvalue, reason_text, sequence,
    set_sequence, tags, to_tag, unsupported,
};
pub(crate) use self::plain::put_line;
pub(crate) use self::reply::{Reply, is_longer, moved, phrase};

use std::sync::LazyLock;

use bytes::Bytes;
use callroute_media::HOPS;
use sipx_sip::HeaderName;

/// The same where there are no calls, only redirections.
pub(crate) const ALLOW_REDIRECTING: &str = "INVITE, ACK, CANCEL, OPTIONS";
/// The methods that are answered with something else than 405.
pub(crate) const ALLOW: &str =
    "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, PRACK, INFO, REFER, NOTIFY";
/// The extensions that we know.
pub(crate) const SUPPORTED: &str = "100rel, timer, replaces";
/// Counts how often a call was forwarded.
pub(crate) static HOPS_NAME: LazyLock<HeaderName> =
    LazyLock::new(|| HeaderName::parse(&Bytes::from_static(HOPS.as_bytes())));
/// The media type of session descriptions.
pub(crate) const SDP_TYPE: &str = "application/sdp";
